"""ClickHouse's type names: `Array(LowCardinality(String))` as a tree."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.errors import StoreRefused

_TOKEN = re.compile(r"\s*('(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[\w.+-]+|[(),=])")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class Type(NamedTuple):
    """`label`: its name as an element of a tuple. `names`: an enum's."""

    name: str
    arguments: tuple[Type, ...] = ()
    label: str = ""
    names: dict[str, int] = {}  # noqa: RUF012 - never changed


def parse(text: str) -> Type:
    """Raises StoreRefused where it is no type's name."""
    tokens = _tokens(text)
    try:
        found, place = _type(tokens, 0)
    except (IndexError, ValueError):
        place = -1
    if place != len(tokens):
        raise StoreRefused(f"can't read the type {text!r}")
    return found


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    text = text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise StoreRefused(f"can't read the type {text!r}")
        found.append(match[1])
        place = match.end()
    return found


def _type(tokens: list[str], place: int) -> tuple[Type, int]:
    """The type that begins at `place`, and where it ends."""
    label = ""
    following = tokens[place + 1] if place + 1 < len(tokens) else ")"
    if following not in ("(", ")", ",", "="):
        label, place = _text(tokens[place]), place + 1
    name = _text(tokens[place])
    place += 1
    if tokens[place : place + 1] != ["("]:
        return Type(name, (), label), place
    place += 1
    if name.startswith("Enum"):
        names, place = _names(tokens, place)
        return Type(name, (), label, names), place
    arguments = []
    while tokens[place] != ")":
        argument, place = _type(tokens, place)
        arguments.append(argument)
        place += tokens[place] == ","
    return Type(name, tuple(arguments), label), place + 1


def _names(tokens: list[str], place: int) -> tuple[dict[str, int], int]:
    names = {}
    while tokens[place] != ")":
        names[_text(tokens[place])] = int(tokens[place + 2])
        place += 3
        place += tokens[place] == ","
    return names, place + 1


def _text(token: str) -> str:
    return _ESCAPE.sub(r"\1", token[1:-1]) if token[0] in "'`" else token
