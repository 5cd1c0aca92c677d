"""What a score in the making has done, kept beside the index: killed, it goes on from there.

A directory of files, named by a digest of all that went in: links, settings, seeds. Each step
leaves its arrays and, last of all, a line that says that it is whole. Arrays are mapped from their
files and not held: the machine may drop them from memory and read them again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.errors import ScoreBusy, StoreFull
from pipeline.quality.memory import peak_mb, reset_peak
from pipeline.settings import Settings

LOCK = "lock"
_OURS = re.compile(r"score-[0-9a-f]{16}")  # directories of steps


def beside_of(settings: Settings) -> Path | None:
    """Where a score of this machine keeps what it has done; None: nowhere, since an index on a
    server has no directory here."""
    if settings.score.beside:
        return Path(settings.score.beside)
    return None if settings.store.hosts else settings.data / "score"


class Step(NamedTuple):
    """What the manifest tells of a step."""

    step: str
    seconds: float
    peak_mb: int  # resident memory at its highest while it ran, of the whole process

    def told(self) -> dict[str, Any]:
        return {"step": self.step, "seconds": round(self.seconds, 1), "peak_mb": self.peak_mb}


class Steps:
    """The steps of one score. Made by `steps_of`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.done: list[Step] = []

    def once(self, name: str, act: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """What `act` told, JSON's values; of a run before where it was whole then."""
        file = self.directory / f"{name_of(name)}.json"
        if file.exists():
            told: dict[str, Any] = json.loads(file.read_text())
            self.done.append(Step(**told["step"]))
            return dict(told["told"])
        with self.timed(name):
            made = dict(act())
            self._on_disk()
        told = {"step": self.done[-1]._asdict(), "told": made}
        write_whole(file, json.dumps(told).encode())
        return made

    def _on_disk(self) -> None:
        """What steps keep beside what they tell: before it is told that one is done."""
        for file in self.directory.iterdir():
            if file.suffix not in (".json", ".new"):
                with file.open("rb") as kept:
                    os.fsync(kept.fileno())

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """A step that is quicker made again than kept."""
        reset_peak()
        started = time.perf_counter()
        yield
        self.done.append(Step(name, time.perf_counter() - started, peak_mb()))

    def keep(self, name: str, columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """The columns, kept in a file and mapped from it."""
        if not columns:
            return {}
        file = self.directory / f"{name_of(name)}.arrow"
        table = pa.table(dict(columns))
        with (
            _room(file),
            pa.OSFile(str(file), "wb") as sink,
            pa.ipc.new_file(sink, table.schema) as writer,
        ):
            writer.write_table(table)
        return self.kept(name)

    def kept(self, name: str) -> dict[str, pa.Array]:
        """The columns that `keep` was given, each in one piece; empty where it was given none."""
        file = self.directory / f"{name_of(name)}.arrow"
        if not file.exists():
            return {}
        table = pa.ipc.open_file(pa.memory_map(str(file))).read_all()
        return {c: _whole(table[c]) for c in table.column_names}


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


@contextmanager
def steps_of(beside: Path | None, went_in: Mapping[str, Any]) -> Iterator[Steps]:
    """A directory for what is made of `went_in`, which a run before may have left; gone at the end.

    beside: where; a place that lives as long as this process if None. Left there where it is not
    brought to an end. What is left of other links or settings is removed.
    Raises ScoreBusy where another process scores there, StoreFull where nothing can be written.
    """
    key = hashlib.sha256(json.dumps(went_in, sort_keys=True).encode()).hexdigest()[:16]
    if beside is None:
        with tempfile.TemporaryDirectory(prefix="backlinks-score-") as place:
            yield Steps(Path(place))
        return
    with _room(beside):
        beside.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(beside):
        ours = beside / f"score-{key}"
        with _room(beside):
            for other in beside.iterdir():
                if _OURS.fullmatch(other.name) and other != ours:  # all else is somebody else's
                    shutil.rmtree(other)
            ours.mkdir(exist_ok=True)
        yield Steps(ours)
        shutil.rmtree(ours)


@contextmanager
def _alone(beside: Path) -> Iterator[None]:
    with (beside / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ScoreBusy(str(beside)) from None
        yield


def write_whole(file: Path, content: bytes) -> None:
    """All of it or nothing, whatever happens meanwhile."""
    beside = file.with_suffix(".new")
    with _room(file):
        with beside.open("wb") as sink:
            sink.write(content)
            sink.flush()
            os.fsync(sink.fileno())
        os.replace(beside, file)


@contextmanager
def _room(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreFull(
            f"can't write {where}: {error.strerror or error}; free some room, or name another "
            "directory in score.beside"
        ) from error


def name_of(step: str) -> str:
    """A step's name as a file's."""
    return "".join(letter if letter.isalnum() else "-" for letter in step)
