"""A directory that is there whole or not at all: written beside its place, then renamed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import BacklinksError, UsageError

_PIECE = 1 << 20


@contextmanager
def aside(directory: Path, *, replace: bool) -> Iterator[Path]:
    """Where to write. What a run that died left there is taken away first.

    Raises UsageError where the directory is there and is not to be replaced, BacklinksError where
    nothing can be written.
    """
    if directory.exists() and not replace:
        raise UsageError(f"{directory} is there already; name another, or add --replace")
    part = directory.with_name(directory.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            yield part
            _put_in_place(part, directory)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise BacklinksError(f"can't write {directory}: {error.strerror or error}") from error


def _put_in_place(part: Path, directory: Path) -> None:
    for file in part.iterdir():
        _sync(file)
    _sync(part)
    old = directory.with_name(directory.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
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
