"""The records of one archive file, each with its offset; what is damaged is told and passed over.

FastWARC reads; it stops at the first thing that is no record. Here the next one is looked for: in a
compressed file a gzip member that begins with a record's first line, in a plain one that line.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import BinaryIO, NamedTuple

from fastwarc.warc import ArchiveIterator, HeaderMap, WarcHeader, WarcRecord, WarcRecordType

MAX_BLOCK = 8 << 20  # bytes of a block that are looked at; an HTML page of more is cut anyway
MAX_HEAD = 32 << 10  # bytes of a record's own headers
MAX_RECORD = 4 << 30  # bytes; what says that it is longer is passed over unread
# An archive of pages becomes 4 to 20 times as much. A bomb becomes 1,000 times as much: past the
# first gigabyte a file that grows so is read no further.
MAX_RATIO = 200
MAX_FALSE = 20_000  # what looks like a record's beginning and is none, one after the other

_PIECE = 16 << 10
_LARGEST_PIECE = 1 << 20
_FIRST_LINE = re.compile(rb"WARC/(?:0\.1[78]|1\.\d)\r?\n")
_PLAIN = re.compile(rb"\nWARC/(?:0\.1[78]|1\.\d)\r?\n")
_GZIP = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")
_OVERLAP = 32  # of two pieces: a beginning may lie across
_DIGITS = 15  # of a length; one of more may be read as anything
# FastWARC's own names of headers and types are looked up ten times as fast as text.
_KINDS = {
    int(getattr(WarcRecordType, name)): name
    for name in (
        "warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion",
        "continuation",
    )
}  # fmt: skip


class Record(NamedTuple):
    """`headers`: the record's own. `block`: b"" where it was not wanted, MAX_BLOCK at most.

    `cut`: there is more of it in the file.
    """

    offset: int
    kind: str  # response, metadata, ...
    headers: HeaderMap
    block: bytes = b""
    cut: bool = False

    def header(self, name: WarcHeader) -> str:
        return self.headers.get(name) or ""


class Unreadable(Exception):
    """The storage under a file failed; it is not the file that is wrong."""


class _Watched:
    """The file as FastWARC reads it; what its storage raised is remembered."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            return self.file.read(size)
        except Exception as error:
            self.error = error
            raise

    def tell(self) -> int:
        return self.file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def close(self) -> None:
        """Whoever opened the file closes it."""


Damaged = Callable[[int, str], None]  # offset, and what is wrong there


class Records:
    """Of a file that can be sought in; from `start` on, where a record begins.

    wanted: of which records the block is read. damaged: told of each place that is no record.
    Iterating raises Unreadable. Time is linear in the file; memory: one block.
    """

    def __init__(
        self,
        file: BinaryIO,
        wanted: Callable[[str, HeaderMap], bool],
        damaged: Damaged,
        *,
        start: int = 0,
    ) -> None:
        self.file, self.wanted, self.damaged, self.start = _Watched(file), wanted, damaged, start
        self.found = 0
        self._grown = 0  # bytes of all records so far
        self._false = 0
        self._member = _gzipped(self._head(0))

    def __iter__(self) -> Iterator[Record]:
        at: int | None = self.start
        while at is not None:
            at = yield from self._from(at)

    def _from(self, at: int) -> Generator[Record, None, int | None]:
        """Records up to the next damage; where to go on then, None at the end."""
        self._seek(at)
        last, before, length = -1, at, 0
        try:
            for found in ArchiveIterator(self.file, parse_http=False, max_header_len=MAX_HEAD):
                if found.stream_pos != last:
                    last, before = found.stream_pos, max(at, last)
                length = found.content_length
                record, why = self._read(found, last)
                if record is None:
                    self.damaged(last, why)
                    return self._next(last + 1)
                self._false = 0
                self.found += 1
                yield record
                if self._bursts(last):
                    self.damaged(last, "it becomes too much; the rest of the file is not read")
                    return None
        except OSError as error:  # FastWARC's own; UnicodeDecodeError is none of it
            self._raise_for_storage(error)
            if last >= 0:
                return self._after(last, length)
            self.damaged(at, _said(error))
            return self._next(at + 1)
        except Exception as error:
            self._raise_for_storage(error)
            raise
        return self._unsaid(max(at, last), before)

    def _unsaid(self, at: int, before: int) -> int | None:
        """Where to go on at what FastWARC takes for the end: within a damaged gzip member it may
        end without a word, whatever comes after.

        at: of the last record, and before: of the last that lay elsewhere, since FastWARC places a
        member's later records at its end. That member is unpacked once more.
        """
        size = self.file.seek(0, 2)
        at = at if at < size else before
        if not self._member or not _gzipped(self._head(at)):
            return None
        end = self._member_end(at)
        if end is None:
            self.damaged(at, "it ends too early")
            return self._next(at + 1)
        if end >= size or self._begins(end):
            return end if end < size else None
        if _gzipped(self._head(end)):
            self.damaged(end, "it is no record")
        return self._next(end + 1)

    def _read(self, found: WarcRecord, at: int) -> tuple[Record | None, str]:
        """The record, or what is wrong with it."""
        headers = found.headers
        length, said = found.content_length, headers.get(WarcHeader.CONTENT_LENGTH)
        if said is None or not said.isdecimal():
            return None, "it has no length"
        if length > MAX_RECORD or len(said) > _DIGITS:
            return None, "it says that it is longer than 4 GB"
        self._grown += length
        kind = _KINDS.get(int(found.record_type), "unknown")
        if not self.wanted(kind, headers):
            return Record(at, kind, headers), ""
        try:
            block = found.reader.read(min(length, MAX_BLOCK))
        except OSError as error:
            self._raise_for_storage(error)
            return None, _said(error)
        if len(block) < min(length, MAX_BLOCK):
            return None, "it ends too early"
        return Record(at, kind, headers, block, length > MAX_BLOCK), ""

    def _bursts(self, offset: int) -> bool:
        return self._grown > (1 << 30) + MAX_RATIO * offset

    def _after(self, last: int, length: int) -> int | None:
        """Where to go on where what follows a whole record is none."""
        end = self._member_end(last) if self._member else self._end(last, length)
        if end is None:
            self.damaged(last, "what follows it in its gzip member is no record")
            return self._next(last + 1)
        if self._member and self._begins(end):
            return end  # what is wrong with it is met there
        self.damaged(end, "it is no record")
        return self._next(end)

    def _member_end(self, at: int) -> int | None:
        """Of a gzip member; None where it is damaged."""
        stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._seek(at)
        try:
            while not stream.eof:
                data = stream.unconsumed_tail or self._read_piece(_PIECE)
                if not data:
                    return None
                at += len(data)
                stream.decompress(data, _LARGEST_PIECE)
                at -= len(stream.unconsumed_tail)
        except zlib.error:
            return None
        return at - len(stream.unused_data)

    def _end(self, at: int, length: int) -> int:
        """Of a plain record's block: what stands within it may look like a record."""
        self._seek(at)
        return at + max(0, self._read_piece(MAX_HEAD).find(b"\r\n\r\n")) + 4 + length

    def _next(self, at: int) -> int | None:
        """Where the next record begins."""
        return self._search(at, self._begins)

    def _search(self, at: int, is_one: Callable[[int], bool]) -> int | None:
        pattern, skip = (_GZIP, 0) if self._member else (_PLAIN, 1)
        piece = _PIECE
        while True:
            self._seek(at)
            data = self._read_piece(piece)
            for match in pattern.finditer(data):
                if is_one(at + match.start() + skip):
                    return at + match.start() + skip
                self._false += 1
                if self._false > MAX_FALSE:
                    self.damaged(at + match.start(), "the rest of the file is no archive")
                    return None
            if len(data) < piece:
                return None
            at += len(data) - _OVERLAP
            piece = min(2 * piece, _LARGEST_PIECE)

    def _begins(self, at: int) -> bool:
        head = self._head(at)
        if _gzipped(head):
            try:
                head = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(head, 64)
            except zlib.error:
                return False
        return _FIRST_LINE.match(head) is not None

    def _head(self, at: int) -> bytes:
        self._seek(at)
        return self._read_piece(1024)

    def _seek(self, at: int) -> None:
        self.file.seek(at)

    def _read_piece(self, size: int) -> bytes:
        """All of it that there is."""
        parts: list[bytes] = []
        while size > 0:
            try:
                part = self.file.read(size)
            except Exception as error:
                raise Unreadable(str(error) or type(error).__name__) from error
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _raise_for_storage(self, error: Exception) -> None:
        if self.file.error is not None:
            raise Unreadable(str(self.file.error) or type(self.file.error).__name__) from error


def _gzipped(head: bytes) -> bool:
    return head.startswith(b"\x1f\x8b")


def _said(error: OSError) -> str:
    return str(error).strip().rstrip(".").lower() or "it can't be read"
