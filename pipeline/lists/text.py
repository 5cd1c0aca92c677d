"""A list's bytes as lines of text: unpacked, decoded, each of a bounded length."""

from __future__ import annotations

import codecs
import gzip
import io
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

import fsspec

from pipeline.cause import cause_of
from pipeline.errors import UsageError
from pipeline.url import without_login

MAX_LINE = 1 << 16  # characters; a link's row has some hundred
MOST_BLANK, BLANK_EACH = 1_000_000, 10  # blank lines at most, and more for each that is not
WINDOWS = "cp1252"
_HEAD = 1 << 16  # bytes that are looked at for the encoding
_BOMB_BYTES = 100 << 20  # unpacked, from where on a file may not have grown too much
_BOMB_RATIO = 200  # CSV packs to a tenth, rarely to a fiftieth
_TABLES = (".csv", ".tsv", ".txt", ".tab")


class Opened(NamedTuple):
    """`changed_ms`: when the file was written, ms since 1970; now where that is not known."""

    file: IO[bytes]
    changed_ms: int


def opened(where: str) -> Opened:
    """A file, '-' for stdin, or whatever fsspec knows by URL. Raises UsageError."""
    now = int(time.time() * 1000)
    try:
        if where == "-":
            return Opened(cast(IO[bytes], sys.stdin.buffer), now)
        if "://" in where:
            return Opened(cast(IO[bytes], fsspec.open(where, "rb").open()), now)
        return Opened(open(where, "rb"), int(Path(where).stat().st_mtime * 1000))
    except (OSError, ValueError, ImportError) as error:
        raise UsageError(f"can't read {shown(where)}: {cause_of(error)}") from error


def shown(where: str) -> str:
    """Its name for a message, without a password."""
    return "stdin" if where == "-" else without_login(where)


def lines(file: IO[bytes], name: str, *, otherwise: str = WINDOWS) -> Iterator[str | None]:
    """Each line without its ending, NULs left out; None for one that is too long.

    otherwise: what all is taken for that is neither UTF-16 nor UTF-8; where that is "utf-8", what
    is none spoils its own line alone.
    Raises UsageError where it can't be unpacked or unpacks without end, or is blank without end.
    """
    blank = MOST_BLANK  # may follow
    try:
        text = _decoded(_Bounded(_unpacked(file, name), file, name), otherwise)
        while line := text.readline(MAX_LINE):
            blank += -1 if line.isspace() else BLANK_EACH
            if blank < 0:
                raise UsageError(f"{name} has more than {MOST_BLANK:,} blank lines; leave them out")
            if line.endswith("\n") or len(line) < MAX_LINE:
                yield line.removesuffix("\n").replace("\0", "")
                continue
            while len(line) == MAX_LINE and not line.endswith("\n"):
                line = text.readline(MAX_LINE)
            yield None
    except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as error:
        raise UsageError(f"{name} can't be unpacked: {error}") from error
    except OSError as error:
        raise UsageError(f"can't read {name}: {cause_of(error)}") from error


def _unpacked(file: IO[bytes], name: str) -> IO[bytes]:
    buffered = file if hasattr(file, "peek") else io.BufferedReader(cast(io.RawIOBase, file))
    start = cast(io.BufferedReader, buffered).peek(4)[:4]
    if start.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(buffered))
    return _from_zip(buffered, name) if start == b"PK\x03\x04" else buffered


def _from_zip(file: IO[bytes], name: str) -> IO[bytes]:
    """The one table in it."""
    if not file.seekable():
        raise UsageError(f"{name} is a zip file, which can't be read from a pipe; unpack it first")
    archive = zipfile.ZipFile(file)
    found = [each for each in archive.namelist() if each.lower().endswith(_TABLES)]
    if len(found) != 1:
        raise UsageError(f"{name} holds {len(found)} lists; unpack it and name one of them")
    return archive.open(found[0])


class _Bounded(io.RawIOBase):
    """What a file unpacks to, as long as that stays in proportion."""

    def __init__(self, unpacked: IO[bytes], packed: IO[bytes], name: str) -> None:
        self._unpacked, self._packed, self._name = unpacked, packed, name
        self._is_packed = unpacked is not packed and not isinstance(unpacked, io.BufferedReader)
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        found = self._unpacked.read(len(buffer))
        buffer[: len(found)] = found
        self._size += len(found)
        bomb = self._is_packed and self._size > _BOMB_BYTES
        if bomb and self._size > _BOMB_RATIO * max(1, self._packed.tell()):
            raise UsageError(f"{self._name} unpacks to more than {_BOMB_RATIO} times its size")
        return len(found)


def _decoded(raw: io.RawIOBase, otherwise: str) -> io.TextIOWrapper:
    buffered = io.BufferedReader(raw, _HEAD)
    encoding = encoding_of(buffered.peek(_HEAD), otherwise)
    return io.TextIOWrapper(buffered, encoding, errors="replace", newline=None)


def encoding_of(head: bytes, otherwise: str) -> str:
    """By its byte order mark; without one by its zeros, UTF-8, or else `otherwise`."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head:
        odd, even = head[1::2].count(0), head[0::2].count(0)
        if max(odd, even) > len(head) // 5:
            return "utf-16-le" if odd > even else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return otherwise
    return "utf-8"
