"""Links of a list by page, however many: sorted in parts on disk, put together as they are read."""

from __future__ import annotations

import heapq
import marshal
import tempfile
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import IO

from pipeline.errors import BacklinksError, UsageError
from pipeline.lists.read import Listed

_AT_ONCE = 50_000  # links in memory, some 50 MB
_MOST_FILES = 400  # open at once; with _AT_ONCE, 20 million links
_BLOCK = 500  # links that are written and read together


class Sorted:
    """The links, each once, in the order of their pages. To be closed: it has temporary files."""

    def __init__(self, links: Iterable[Listed]) -> None:
        self._files: list[IO[bytes]] = []
        self._last: list[Listed] = []
        given = iter(links)
        try:
            while part := list(islice(given, _AT_ONCE)):
                part.sort()
                self._last = part
                following = next(given, None)
                if following is None and not self._files:
                    return  # all of them are in memory
                self._write(part)
                self._last = []
                if following is None:
                    return
                given = _before(following, given)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[Listed]:
        runs = [_read(file) for file in self._files]
        for link, _ in groupby(heapq.merge(*runs) if runs else self._last):
            yield link

    def __enter__(self) -> Sorted:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for file in self._files:
            file.close()

    def _write(self, part: list[Listed]) -> None:
        if len(self._files) >= _MOST_FILES:
            most = _MOST_FILES * _AT_ONCE
            raise UsageError(f"these are more than {most:,} links; give the lists one by one")
        try:
            file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this
            self._files.append(file)
            for start in range(0, len(part), _BLOCK):
                marshal.dump([tuple(link) for link in part[start : start + _BLOCK]], file)
            file.flush()
        except OSError as error:
            raise BacklinksError(
                f"so many links are sorted in {tempfile.gettempdir()}, which can't be written "
                f"({error.strerror}); make room, or name another directory by TMPDIR"
            ) from error


def _before(first: Listed, others: Iterator[Listed]) -> Iterator[Listed]:
    yield first
    yield from others


def _read(file: IO[bytes]) -> Iterator[Listed]:
    """Only one at a time may read it."""
    file.seek(0)
    while True:
        try:
            block = marshal.load(file)
        except EOFError:
            return
        yield from (Listed(*link) for link in block)


def batches(links: Iterable[Listed], size: int) -> Iterator[list[Listed]]:
    given = iter(links)
    while part := list(islice(given, size)):
        yield part
