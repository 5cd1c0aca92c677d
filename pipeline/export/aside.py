"""A directory that is there whole or not at all: written beside its place, then renamed."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import BacklinksError, UsageError
from pipeline.processes import is_alive

_PIECE = 1 << 20
_LEFT = re.compile(r"\.(\d+)\.(part|old)")


@contextmanager
def aside(directory: Path, *, replace: bool) -> Iterator[Path]:
    """Where to write: in a name of this process's own. What one left that died is taken away first.

    Raises UsageError where the directory is there and is not to be replaced, BacklinksError where
    nothing can be written.
    """
    directory = Path(os.path.abspath(directory))
    if not directory.name:
        raise UsageError(f"{directory} can't be replaced; name a directory in it")
    _clear(directory)
    if directory.exists() and not replace:
        raise UsageError(f"{directory} is there already; name another, or add --replace")
    part = own(directory, "part")
    try:
        part.mkdir(parents=True)
        try:
            yield part
            _put_in_place(part, directory)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise BacklinksError(f"can't write {directory}: {error.strerror or error}") from error


def own(path: Path, what: str) -> Path:
    """A hidden name beside it that no other process writes to."""
    return path.with_name(f".{path.name}.{os.getpid()}.{what}")


def _clear(directory: Path) -> None:
    """What processes left that died; where one had taken it out of its place, it comes back."""
    for left in directory.parent.glob(f".{glob.escape(directory.name)}.*"):
        found = _LEFT.fullmatch(left.name.removeprefix(f".{directory.name}"))
        if found is None or is_alive(int(found[1])):
            continue
        if found[2] == "old" and not directory.exists():
            left.rename(directory)
        else:
            shutil.rmtree(left, ignore_errors=True)


def _put_in_place(part: Path, directory: Path) -> None:
    for file in part.iterdir():
        _sync(file)
    _sync(part)
    old = own(directory, "old")
    if directory.exists():
        directory.rename(old)
    part.rename(directory)
    _sync(directory.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sha256(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as source:
        while piece := source.read(_PIECE):
            found.update(piece)
    return found.hexdigest()
