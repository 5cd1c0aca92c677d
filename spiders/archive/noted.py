"""How far each archive file was imported, durably: a small file of JSON for each, by its name.

A note is written once the log has acknowledged all that it tells of, so that an import that was
killed goes on where the note is; what it had sent since comes twice, and has its effect once.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from pipeline.errors import BacklinksError
from spiders.archive.counts import Counts

DIRECTORY = "imports"
FORMAT = 1  # goes up when a newer import may read other records in the same bytes


class Note(msgspec.Struct):
    """`begins`: digest of the file's first bytes. `offset`: where the next record begins.

    `next`: what tells that record from others. `done`: records before it.
    """

    source: str
    begins: str
    size: int
    offset: int = 0
    next: str = ""
    done: int = 0
    ended: bool = False
    references: bool = False  # in a WAT's URLs
    counts: Counts = msgspec.field(default_factory=Counts)
    format: int = FORMAT


class Notes:
    """Of one log, in a data directory. `only`: the domains of --to; each set is its own import."""

    def __init__(self, data: Path, log: str, only: frozenset[str]) -> None:
        self.directory = data / DIRECTORY
        self._same = "\n".join([log, *sorted(only)])

    def read(self, source: str) -> Note | None:
        """None where there is none of this format, or it can't be read: then it begins anew."""
        try:
            note = msgspec.json.decode(self._path(source).read_bytes(), type=Note)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return note if note.source == source and note.format == FORMAT else None

    def write(self, note: Note) -> None:
        """Durable when it returns. Raises BacklinksError where it can't be written."""
        path = self._path(note.source)
        beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(beside, "wb") as file:
                file.write(msgspec.json.encode(note))
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        except OSError as error:
            raise BacklinksError(
                f"can't note in {path} how far the import came: {error.strerror}; "
                "make room or give this user the right to write there, and run it again"
            ) from error

    def _path(self, source: str) -> Path:
        whole = f"{source}\n{self._same}".encode("utf-8", "surrogateescape")
        name = hashlib.blake2b(whole, digest_size=16).hexdigest()
        return self.directory / name[:2] / f"{name}.json"


def begins_with(head: bytes) -> str:
    """What tells whether a file of the same name and size is the same. head: its first bytes."""
    return hashlib.blake2b(head, digest_size=16).hexdigest()
