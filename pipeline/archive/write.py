"""Records on their way into files: compressed as they come, apart by partition and day."""

from __future__ import annotations

import hashlib

import zstandard

from pipeline.archive.envelope import line_of
from pipeline.archive.layout import Part, day_of, file_name, write_index
from pipeline.archive.storage import Storage
from pipeline.log import Record

_DAYS = 3  # more days at once than midnight brings: clocks are wrong, and memory is bounded


class OpenPart:
    """Records of one partition since its last commit. Becomes one file a day."""

    def __init__(self, partition: int, level: int, started: float) -> None:
        self.partition, self.level, self.started = partition, level, started
        self.next = 0  # offset to commit
        self.plain_bytes = self.records = 0
        self._days: dict[str, _Day] = {}
        self._sealed: list[tuple[Part, bytes]] | None = None

    def add(self, record: Record) -> None:
        """In the order of the log."""
        if self._sealed is not None:
            raise RuntimeError("a part that is being written takes no more records")
        day = day_of(record.timestamp_ms)
        if day not in self._days:
            self._days[day] = _Day(self.level)
        self.plain_bytes += self._days[day].add(record)
        self.records += 1
        self.next = record.offset + 1

    @property
    def held_bytes(self) -> int:
        """Of memory, compressed, without the compressors' own."""
        return sum(day.held_bytes for day in self._days.values())

    @property
    def crowded(self) -> bool:
        return len(self._days) > _DAYS

    def write(self, storage: Storage) -> list[Part]:
        """Puts its files in place, each before its index. May be tried again as a whole."""
        if self._sealed is None:
            days = sorted(self._days.items())
            self._sealed = [found.seal(day, self.partition) for day, found in days]
        for part, content in self._sealed:
            if not storage.has(part.index):  # else the very same is there, and stays as it is
                storage.put(part.file, content)
                storage.put(part.index, write_index(part))
        return [part for part, _ in self._sealed]


class _Day:
    def __init__(self, level: int) -> None:
        # Not shared: a compressor has one stream at a time. 4 MB of memory at level 3, 15 at 9.
        # Its checksum lets zstd itself tell a damaged file.
        compressor = zstandard.ZstdCompressor(level=level, write_checksum=True)
        self._stream = compressor.compressobj()
        self._compressed: list[bytes] = []
        self._lines = hashlib.blake2b(digest_size=4)
        self._offsets: list[tuple[int, int]] = []
        self._timestamps: tuple[int, int] | None = None
        self._plain_bytes = self._records = 0
        self.held_bytes = 0

    def add(self, record: Record) -> int:
        line = line_of(record) + b"\n"
        self._lines.update(line)
        self._keep(self._stream.compress(line))
        self._plain_bytes += len(line)
        self._records += 1
        offset, at = record.offset, record.timestamp_ms
        if self._offsets and self._offsets[-1][1] == offset - 1:
            self._offsets[-1] = (self._offsets[-1][0], offset)
        else:
            self._offsets.append((offset, offset))
        low, high = self._timestamps or (at, at)
        self._timestamps = min(low, at), max(high, at)
        return len(line)

    def seal(self, day: str, partition: int) -> tuple[Part, bytes]:
        self._keep(self._stream.flush())
        content = b"".join(self._compressed)
        first, last = self._offsets[0][0], self._offsets[-1][1]
        low, high = self._timestamps or (0, 0)
        part = Part(
            file=file_name(day, partition, first, last, self._lines.hexdigest()),
            partition=partition,
            day=day,
            offsets=self._offsets,
            records=self._records,
            bytes=len(content),
            plain_bytes=self._plain_bytes,
            min_timestamp_ms=low,
            max_timestamp_ms=high,
            sha256=hashlib.sha256(content).hexdigest(),
        )
        return part, content

    def _keep(self, compressed: bytes) -> None:
        if compressed:
            self._compressed.append(compressed)
            self.held_bytes += len(compressed)
