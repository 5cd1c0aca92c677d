"""Views that take parameters: each from one file, made anew whenever its file has changed.

They hold nothing, so they need no numbered migrations: `schema/views/NAME.sql` is the question,
and what people ask as `SELECT * FROM name(...)` is the very text that commands ask. What a view was
made from stands in its own comment in the store. A file says its version, to be counted up with
each change: so that an older program leaves a newer program's view alone, and works beside it.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib import resources
from typing import NamedTuple

from pipeline.store import Store, rows, sql

_VERSION = re.compile(r"^-- Version: (\d+)$", re.MULTILINE)
_PARAMETER = re.compile(r"\{(\w+):([^}]+)\}")
_CALL = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)\(")
_NOTED = re.compile(r"\(version (\d+), ([0-9a-f]{16})\)\Z")


class View(NamedTuple):
    """`meaning`, `cost`: what its first comment says. `checksum`: of its text."""

    name: str
    version: int
    checksum: str
    meaning: str
    cost: str
    text: str

    @property
    def parameters(self) -> dict[str, str]:
        """Types by name."""
        return dict(_PARAMETER.findall(self.text))


def views() -> list[View]:
    """All that this code knows, by name."""
    folder = resources.files("pipeline.store").joinpath("schema").joinpath("views")
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted(_view(file.name.removesuffix(".sql"), file.read_text()) for file in files)


def make_views(store: Store, on: str = "") -> list[View]:
    """Makes those that are missing or older than this code's; what was made now.

    on: ` ON CLUSTER name`, where all of its nodes are to have them.
    """
    new = lacking(store)
    for view in new:
        store.execute(statement(view, on))
    return new


def lacking(store: Store) -> list[View]:
    """Those that the store has not, or has of an older file. A newer one is left to its program."""
    made = {
        row["name"]: _noted(row["comment"])
        for row in rows(store.query(sql("pipeline/store/views")))
    }
    return [view for view in views() if _is_older(made.get(view.name), view)]


def statement(view: View, on: str = "") -> str:
    """What makes a view. What it was made from is noted with it, in one step."""
    told = f"{view.meaning} (version {view.version}, {view.checksum})"
    quoted = told.replace("\\", "\\\\").replace("'", "\\'")
    return f"CREATE OR REPLACE VIEW {view.name}{on} AS\n{view.text.strip()}\nCOMMENT '{quoted}'"


@cache
def spelled(statement: str, instead: tuple[tuple[str, str], ...] = ()) -> str:
    """One of our statements with the text of each view that takes parameters in its place.

    It answers the same. The engine analyses such a view once to learn its columns and once more to
    read it, and so do the views within: written out, each is analysed once.
    instead: names of views, each with a text that takes the place of its own; within that text the
    name is the view's again.
    """
    known = {view.name: view.text for view in views()} | dict(instead)
    place = 0
    while (call := _CALL.search(statement, place)) is not None:
        place = call.start(1)
        text = known.get(call[1])
        if text is None:  # a function, or a view that a migration made
            place = call.end()
            continue
        given, end = _arguments(statement, call.end())
        within = tuple(each for each in instead if each[0] != call[1])
        before = f"{statement[:place]}(\n{spelled(_filled(text, given), within)}\n)"
        statement, place = before + statement[end:], len(before)
    return statement


def _filled(text: str, given: dict[str, str]) -> str:
    """Less the comment it begins with, with what is given for its parameters; others stay."""
    version = _VERSION.search(text)
    body = text[version.end() if version else 0 :].strip()
    return _PARAMETER.sub(lambda found: given.get(found[1], found[0]), body)


def _arguments(statement: str, start: int) -> tuple[dict[str, str], int]:
    """What stands between the brackets of a call, by name, and where they end."""
    depth, quoted, first, parts = 1, False, start, []
    for at in range(start, len(statement)):
        letter = statement[at]
        quoted ^= letter == "'"
        if quoted:
            continue
        depth += (letter in "({[") - (letter in ")}]")
        if depth == 0 or (depth == 1 and letter == ","):
            parts.append(statement[first:at].partition(" = "))
            first = at + 1
        if depth == 0:
            return {name.strip(): value.strip() for name, _, value in parts}, first
    raise ValueError(f"a call has no end: {statement[start:][:80]!r}")


def _view(name: str, text: str) -> View:
    version = _VERSION.search(text)
    if version is None:
        raise ValueError(f"{name}.sql needs a line `-- Version: 1`")
    comment = text[: version.start()].strip()
    meaning, _, cost = comment.partition("\n-- Cost: ")
    checksum = hashlib.sha256(text.encode()).hexdigest()[:16]
    return View(name, int(version[1]), checksum, _line(meaning), _line(cost), text)


def _line(comment: str) -> str:
    return " ".join(line.lstrip("- ") for line in comment.splitlines())


def _noted(comment: str) -> tuple[int, str]:
    match = _NOTED.search(comment)
    return (int(match[1]), match[2]) if match else (0, "")


def _is_older(made: tuple[int, str] | None, view: View) -> bool:
    if made is None or made[0] < view.version:
        return True
    return made[0] == view.version and made[1] != view.checksum
