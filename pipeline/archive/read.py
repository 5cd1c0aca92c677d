"""An archive read back: what it has, its records once each, and they into a log again."""

from __future__ import annotations

import datetime
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import msgspec
import zstandard

from pipeline.archive.envelope import record_of
from pipeline.archive.layout import DATA, TOPIC, Part, is_index, read_index
from pipeline.archive.storage import Storage
from pipeline.control import Controls
from pipeline.errors import DamagedPart, PoisonRecord
from pipeline.log import PAGES, Log, Message, Record
from pipeline.page import FUTURE_MS, decode, encode
from pipeline.suppressed import kept

_CHUNK = 1 << 20
_BATCH = 1_000  # records appended at once
_BATCH_BYTES = 4 << 20
_IN_FLIGHT = 8  # batches appended and not yet acknowledged


@dataclass
class Imported:
    """What an import has done so far."""

    records: int = 0
    files: int = 0
    bytes: int = 0  # of files read
    repeated: int = 0  # left out: written twice, around a crash
    future: int = 0  # left out: dated after their log took them, so that no index has them
    suppressed: int = 0  # left out: an operator has them forgotten
    day: str = ""  # just now
    damaged: list[DamagedPart] = field(default_factory=list)


class Kept(NamedTuple):
    """What an archive has of one day and partition."""

    day: str
    partition: int
    files: int
    records: int  # each counted as often as it was written
    bytes: int
    plain_bytes: int
    first: int
    last: int


class Contents(NamedTuple):
    """`gaps`: partition, first and last offset that no file has, between the first and last kept.
    `unfinished`: files without an index, as a crash leaves them; another has their records."""

    kept: list[Kept]
    gaps: list[tuple[int, int, int]]
    unfinished: int
    damaged: list[DamagedPart]


def open_archive(source: str) -> Storage:
    """Raises NoArchive, ArchiveBusy, ArchiveRefused."""
    storage = Storage(source)
    storage.check()
    return storage


def describe(
    source: str, *, since: datetime.date | None = None, until: datetime.date | None = None
) -> Contents:
    """What an archive has, from its indexes alone. Days are UTC and both count.

    A gap is where the archive was not running for longer than the log's retention, or where files
    were deleted. A log made anew starts at offset 0 again, which may hide one.
    """
    storage = open_archive(source)
    contents = Contents([], [], 0, [])
    ranges: dict[int, list[tuple[int, int]]] = {}
    unfinished = 0
    for day in _days(storage, since, until):
        names = storage.names(day)
        parts = _parts(storage, names, contents.damaged)
        indexed = {name.removesuffix(".json") for name in names if is_index(name)}
        unfinished += sum(
            name.endswith(DATA) and name.removesuffix(DATA) not in indexed for name in names
        )
        for partition, found in groupby(parts, lambda part: part.partition):
            group = list(found)
            ranges.setdefault(partition, []).extend(run for part in group for run in part.offsets)
            contents.kept.append(_kept(day, partition, group))
    for partition, runs in sorted(ranges.items()):
        contents.gaps.extend((partition, *gap) for gap in _between(runs))
    return contents._replace(unfinished=unfinished)


def _kept(day: str, partition: int, parts: list[Part]) -> Kept:
    return Kept(
        day,
        partition,
        len(parts),
        sum(part.records for part in parts),
        sum(part.bytes for part in parts),
        sum(part.plain_bytes for part in parts),
        min(part.first for part in parts),
        max(part.last for part in parts),
    )


def _between(runs: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What lies between runs of offsets, and in none."""
    runs = sorted(runs)
    reached = runs[0][0]
    for first, last in runs:
        if first > reached:
            yield reached, first - 1
        reached = max(reached, last + 1)


def records(
    storage: Storage,
    *,
    since: datetime.date | None = None,
    until: datetime.date | None = None,
    done: Imported | None = None,
) -> Iterator[Record]:
    """Every record once, of a partition in the order of its log within a day.

    What is damaged is left out whole and named in `done`. Memory: one file, and 100 bytes for each
    record of files whose offsets overlap.
    """
    done = Imported() if done is None else done
    for day in _days(storage, since, until):
        done.day = day
        parts = _parts(storage, storage.names(day), done.damaged)
        for _, found in groupby(parts, lambda part: part.partition):
            for group in _overlapping(found):
                yield from _once(storage, group, done)


def _days(
    storage: Storage, since: datetime.date | None, until: datetime.date | None
) -> Iterator[str]:
    first, last = since or datetime.date.min, until or datetime.date.max
    return (day for day in storage.days(TOPIC) if first.isoformat() <= day <= last.isoformat())


def _parts(storage: Storage, names: list[str], damaged: list[DamagedPart]) -> list[Part]:
    """The parts of a day by partition and offset."""
    parts = []
    for name, text in storage.get_many([name for name in names if is_index(name)]):
        try:
            parts.append(read_index(name, text or b""))
        except DamagedPart as error:
            damaged.append(error)
    return sorted(parts, key=lambda part: (part.partition, part.first, part.last, part.file))


def _overlapping(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Parts, in groups that no offset is in two of. `parts`: by their first offset."""
    group: list[Part] = []
    reached = -1
    for part in parts:
        if group and part.first > reached:
            yield group
            group = []
        group.append(part)
        reached = max(reached, part.last)
    if group:
        yield group


def _once(storage: Storage, group: list[Part], done: Imported) -> Iterator[Record]:
    """By the lines' digests: a log made anew gives the same offset to other records."""
    seen: set[bytes] = set()
    for part in group:
        try:
            content = _verified(storage, part)
            done.files += 1
            done.bytes += part.bytes
            for line in _lines(content):
                if len(group) > 1:
                    digest = hashlib.blake2b(line, digest_size=12).digest()
                    if digest in seen:
                        done.repeated += 1
                        continue
                    seen.add(digest)
                yield record_of(line, PAGES)
        except DamagedPart as error:
            done.damaged.append(error)
        except (zstandard.ZstdError, ValueError) as error:
            done.damaged.append(DamagedPart(part.file, str(error)))


def _verified(storage: Storage, part: Part) -> bytes:
    content = storage.get(part.file)
    if content is None:
        raise DamagedPart(part.file, "it is missing")
    if len(content) != part.bytes:
        raise DamagedPart(part.file, f"{len(content):,} bytes instead of {part.bytes:,}")
    if hashlib.sha256(content).hexdigest() != part.sha256:
        raise DamagedPart(part.file, "its content is not what was written")
    return content


def _lines(content: bytes) -> Iterator[bytes]:
    rest = b""
    with zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True) as stream:
        while chunk := stream.read(_CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines


# --- into a log again ---


class _Fetched(msgspec.Struct):
    fetched_at: int


_fetched = msgspec.json.Decoder(_Fetched)


def import_pages(
    source: str,
    log: Log,
    *,
    since: datetime.date | None = None,
    until: datetime.date | None = None,
    progress: Callable[[Imported], None] | None = None,
    done: Imported | None = None,
    controls: Controls | None = None,
) -> Imported:
    """Publishes what an archive has to the log's `pages`; durable when it returns.

    May be stopped and run again: rows are functions of their records, so that a record imported
    twice changes nothing. `progress` is told after each batch; `done` is filled as it goes, and
    returned. What `controls` suppress, page or link, is left out; damaged files are left out and
    named there. Raises NoArchive, ArchiveBusy, ArchiveRefused, LogError.
    """
    storage = open_archive(source)
    done = Imported() if done is None else done
    flying: deque[Future[list[int]]] = deque()
    found = records(storage, since=since, until=until, done=done)
    for batch in _batches(found, done, Controls() if controls is None else controls):
        flying.append(log.append(PAGES, batch))
        if len(flying) >= _IN_FLIGHT:
            done.records += len(flying.popleft().result())
        if progress is not None:
            progress(done)
    for last in flying:
        done.records += len(last.result())
    return done


def _batches(
    found: Iterable[Record], done: Imported, controls: Controls
) -> Iterator[list[Message]]:
    batch: list[Message] = []
    size = 0
    for record in found:
        if _from_the_future(record):
            done.future += 1
            continue
        value = _unsuppressed(record.value or b"", controls)
        if value is None:
            done.suppressed += 1
            continue
        # Neither null is possible in a message; to a consumer, null and empty are alike.
        headers = tuple((name, data or b"") for name, data in record.headers)
        batch.append(Message(record.key or b"", value, headers))
        size += len(batch[-1].value)
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _unsuppressed(value: bytes, controls: Controls) -> bytes | None:
    """The record, without suppressed links where it has some; None where its page is suppressed."""
    if not controls.suppresses:
        return value
    try:
        page = decode(value)
    except PoisonRecord:
        return value  # for the consumer to name
    left = kept(page, controls).page
    if left is None:
        return None
    return value if left is page else encode(left)


def _from_the_future(record: Record) -> bool:
    """The consumer refused it then, and could not tell now: the import's timestamp is later."""
    try:
        fetched_at = _fetched.decode(record.value or b"").fetched_at
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False  # poison for another reason, for the consumer to name
    return fetched_at > record.timestamp_ms + FUTURE_MS
