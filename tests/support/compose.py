"""deploy/compose.yaml as what it would start: commands and variables, without containers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
_VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::?([-?])([^}]*))?\}")


class Service(NamedTuple):
    """`ours`: it runs the program's own image, with `command` after `backlinks`."""

    name: str
    ours: bool
    command: list[str]
    environment: dict[str, str]
    told: dict[str, Any]  # all that stands under its name, merged

    def waits_for(self) -> dict[str, str]:
        return {name: how["condition"] for name, how in self.told.get("depends_on", {}).items()}


def compose(given: dict[str, str]) -> dict[str, Any]:
    """The file with `given` for its variables. Raises KeyError for one that must be given."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = _filled_within(YAML(typ="safe", pure=True).load(text), given)
    return found


def _filled_within(node: Any, given: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _filled_within(value, given) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled_within(value, given) for value in node]
    return filled(node, given) if isinstance(node, str) else node


def services(given: dict[str, str]) -> dict[str, Service]:
    return {
        name: Service(
            name,
            ours="build" in told,
            command=[str(word) for word in told.get("command", [])],
            environment={key: str(value) for key, value in told.get("environment", {}).items()},
            told=told,
        )
        for name, told in compose(given)["services"].items()
    }


def filled(text: str, given: dict[str, str]) -> str:
    """As compose does it: ${NAME:-default}, ${NAME:?needed}, and $$ for a dollar."""

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        if match[1] in given:
            return given[match[1]]
        if match[2] != "-":
            raise KeyError(match[1])
        return match[3]

    return _VARIABLE.sub(value, text)
