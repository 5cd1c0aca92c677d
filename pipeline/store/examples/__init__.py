"""A question to each table and view, with its cost: docs/schema.md shows it, a test asks it."""

from __future__ import annotations

import re
from importlib import resources
from typing import NamedTuple


class Example(NamedTuple):
    """`asks`: in words. `cost`: what is read, and by what it is less."""

    asks: str
    cost: str
    sql: str


def examples() -> dict[str, Example]:
    """By table or view. Raises ValueError where a file does not say what it asks and costs."""
    files = resources.files(__name__).iterdir()
    return {
        file.name.removesuffix(".sql"): read(file.name, file.read_text())
        for file in sorted(files, key=lambda file: file.name)
        if file.name.endswith(".sql")
    }


def read(name: str, text: str) -> Example:
    match = re.match(r"((?:--[^\n]*\n)+)(.+)", text, re.DOTALL)
    said = " ".join(line.lstrip("- ") for line in match[1].splitlines()) if match else ""
    asks, _, cost = said.partition(" Cost: ")
    if match is None or "?" not in asks or not cost:
        raise ValueError(f"{name} must begin with `-- A question? Cost: what it reads.`")
    return Example(asks, cost[0].upper() + cost[1:], match[2].strip())
