"""Archives for tests: records, places to keep them, and storage that fails on demand."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from pathlib import Path

import fsspec

from pipeline.archive.layout import DATA
from pipeline.archive.storage import Storage
from pipeline.archive.write import OpenPart
from pipeline.errors import ArchiveBusy
from pipeline.log import PAGES, Partition, Record
from tests.support.faults import Crash
from tests.support.records import START

_numbers = itertools.count()


def places(directory: Path) -> list[str]:
    """A directory and an object store, both new."""
    return [str(directory / f"kept-{next(_numbers)}"), f"memory://kept-{next(_numbers)}"]


def new(where: str) -> Storage:
    storage = Storage(where)
    storage.prepare()
    return storage


def record(
    offset: int, value: bytes | None = None, *, at: int = START, partition: int = 0
) -> Record:
    whole = b'{"n":%d}' % offset if value is None else value
    return Record(Partition(PAGES, partition), offset, at, b"s.org", whole, (("a", b"\xff"),))


def keep(storage: Storage, records: Iterable[Record], *, level: int = 3) -> list[str]:
    """As one part of one partition; its files."""
    found = list(records)
    part = OpenPart(found[0].partition.number, level, 0.0)
    for one in found:
        part.add(one)
    return [file.file for file in part.write(storage)]


class FaultyStorage(Storage):
    """Puts that fail: before, after, or with half of a file in place, as where none is atomic."""

    def __init__(self, where: str, dice: random.Random, rate: float) -> None:
        super().__init__(where)
        self.dice, self.rate = dice, rate
        self.busy = 0  # so many puts more are refused

    def put(self, name: str, content: bytes) -> None:
        if self.busy:
            self.busy -= 1
            raise ArchiveBusy("away")
        if self.dice.random() >= self.rate:
            super().put(name, content)
            return
        fault = self.dice.randrange(5)
        if fault == 0 and name.endswith(DATA):
            self._put(name, content[: self.dice.randrange(len(content))])
        elif fault in (1, 2):
            super().put(name, content)
        self.busy = self.dice.randrange(4)
        raise self.dice.choice([ArchiveBusy("reset"), ArchiveBusy("reset"), Crash()])


def tear(where: str, file: str, content: bytes) -> None:
    """Puts other content under the name of a file."""
    files, root = fsspec.core.url_to_fs(where)
    files.makedirs(f"{root}/{file}".rpartition("/")[0], exist_ok=True)
    files.pipe_file(f"{root}/{file}", content)


def content(where: str, file: str) -> bytes:
    files, root = fsspec.core.url_to_fs(where)
    return bytes(files.cat_file(f"{root}/{file}"))


def all_files(where: str) -> list[str]:
    files, root = fsspec.core.url_to_fs(where)
    return sorted(path.removeprefix(root + "/") for path in files.find(root))
