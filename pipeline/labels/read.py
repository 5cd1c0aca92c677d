"""A CSV of labels: `domain` and `label`, and if they are there `note`, `who` and `at`."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from pipeline.errors import UsageError
from pipeline.index.target import domain_of
from pipeline.labels import MOST_NOTE, MOST_WHO, TAKEN_BACK, WORDS, Label
from pipeline.lists.rows import DELIMITERS, Row, Rows
from pipeline.lists.text import lines, opened, shown

_NEEDED, _MORE = ("domain", "label"), ("note", "who", "at")
_AHEAD_MS = 300_000  # that another machine's clock may be ahead; later ones would win for ever
_GUARD = ("'=", "'+", "'-", "'@")  # how our own CSV keeps spreadsheets from running a text


def read(where: str, who: str, now_ms: int) -> Iterator[Label]:
    """The labels of a file; '-' is stdin. Of now and of `who` where the file does not say.

    An empty label takes back what was said. Raises UsageError with the line.
    """
    name = shown(where)
    with opened(where).file as file:
        text = lines(file, name)
        head = next(text, None) or ""
        delimiter = max(DELIMITERS, key=head.count) if any(map(head.count, DELIMITERS)) else ","
        titles = [title.strip().strip('"').lower() for title in head.split(delimiter)]
        _demand_titles(titles, name)
        for row in Rows(text, delimiter):
            cells = dict(zip(titles, map(_plain, row.cells), strict=False))
            yield _label(cells, f"{name}, line {row.line + 1}", row, who, now_ms)


def word_of(text: str, where: str) -> str:
    """A label's word, or that it is taken back. Raises UsageError."""
    word = text.strip().lower()
    if word != TAKEN_BACK and word not in WORDS:
        raise UsageError(f"{where}: {text[:40]!r} is no label; give {', '.join(WORDS)}, or nothing")
    return word


def _demand_titles(titles: list[str], name: str) -> None:
    lacking = [title for title in _NEEDED if title not in titles]
    if lacking:
        raise UsageError(
            f"{name} has no column {' and no column '.join(lacking)}; its first line must name its "
            f"columns: {','.join((*_NEEDED, *_MORE))}"
        )


def _label(cells: dict[str, str], where: str, row: Row, who: str, now_ms: int) -> Label:
    if not cells.get("domain", ""):
        raise UsageError(f"{where}: there is no domain in {','.join(row.cells)[:80]!r}")
    try:
        domain = domain_of(cells["domain"])
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    return Label(
        domain,
        word_of(cells.get("label", ""), where),
        cells.get("note", "")[:MOST_NOTE],
        (cells.get("who", "") or who)[:MOST_WHO],
        _moment(cells.get("at", ""), where, now_ms),
    )


def _moment(text: str, where: str, now_ms: int) -> int:
    """ms since 1970; 0 where it is not said."""
    if not text:
        return 0
    try:
        at = datetime.datetime.fromisoformat(text)
        ms = round((at if at.tzinfo else at.replace(tzinfo=datetime.UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{where}: {text[:40]!r} is no time; give one like 2026-03-31T09:30:00+00:00"
        ) from None
    if not 0 < ms <= now_ms + _AHEAD_MS:
        raise UsageError(f"{where}: {text[:40]!r} is not in the past; correct the time")
    return ms


def _plain(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text.startswith(_GUARD) else text
