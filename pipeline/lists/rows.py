"""Lines as rows of cells: quotes, and quotes that never end."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

DELIMITERS = "\t,;|"
_WHOLE_LINE = "\x1f"  # stands in no list
_MOST_LINES = 100  # of one row: cells hold line breaks, and some quotes never end
_MOST_TEXT = 1 << 15  # characters of one row before its last line; a field may have 131,072


class Row(NamedTuple):
    """`line`: where it begins, from 1."""

    line: int
    cells: list[str]


class Rows:
    """Rows of lines. `too_long`: lines that were left out."""

    def __init__(self, lines: Iterable[str | None], delimiter: str) -> None:
        self._lines, self._delimiter = enumerate(lines, 1), delimiter or _WHOLE_LINE
        self._ahead: deque[tuple[int, str]] = deque()
        self.too_long = 0

    def __iter__(self) -> Iterator[Row]:
        while self.has_more():
            if not self._ahead[0][1].strip():
                # A reader for each would take minutes over a file of nothing but line breaks.
                self._ahead.popleft()
                continue
            taken = _Taken(self)
            cells = next(csv.reader(taken, delimiter=self._delimiter), [])
            first, line = taken.lines[0]
            if taken.is_short:
                # A quote that doesn't end: the line stands for itself, and so do those after it.
                # They have no quote, or it would have ended there: they are read twice at most.
                self._ahead.extendleft(reversed(taken.lines[1:]))
                cells = line.split(self._delimiter)
            if any(cell.strip() for cell in cells):
                yield Row(first, cells)

    def has_more(self) -> bool:
        while not self._ahead:
            number, line = next(self._lines, (0, ""))
            if not number:
                return False
            if line is None:
                self.too_long += 1
            else:
                self._ahead.append((number, line))
        return True

    def take(self) -> tuple[int, str]:
        return self._ahead.popleft()


class _Taken:
    """The lines that one row asks for. `is_short`: it asked for more than there may be."""

    def __init__(self, rows: Rows) -> None:
        self._rows, self.lines, self._size = rows, list[tuple[int, str]](), 0
        self.is_short = False

    def __iter__(self) -> _Taken:
        return self

    def __next__(self) -> str:
        enough = len(self.lines) >= _MOST_LINES or self._size > _MOST_TEXT
        if self.lines and (enough or not self._rows.has_more()):
            self.is_short = True
            raise StopIteration
        number, line = self._rows.take()
        self.lines.append((number, line))
        self._size += len(line) + 1
        return line + "\n"
