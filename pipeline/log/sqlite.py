"""The log, embedded: one SQLite file, several processes at once.

A record's key in the one B-tree is partition << 40 | offset, so that reading a partition is a
range scan. WAL with synchronous=FULL: a record is acknowledged after the fsync. Groups have members
with a heartbeat; a commit is fenced by the ownership of its partition, so that a member that lost
it can't move it. SQLite is local by nature: a member whose process is gone is dropped at once.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import msgspec

from pipeline.errors import LogBusy, LogDamaged, LogError, LogFull, NotOwner, OffsetLost
from pipeline.log import PLAN, TOPICS, Committed, Headers, Message, Partition, Place, Record
from pipeline.page import MAX_RECORD
from pipeline.processes import is_alive

FILE = "log.sqlite"  # in a data directory
PARTITIONS = 4  # enough for the workers of one machine
_SHIFT = 40  # offsets up to 10^12 a partition
_MAX_BYTES = 32 << 20  # of one poll
_BUSY_S = 30.0  # until another process has to have let go of the file
_AGAIN_S = 0.005
_AT_ONCE = 32  # records of a whole topic that are in memory

_SCHEMA = """
CREATE TABLE IF NOT EXISTS partitions (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, number INTEGER NOT NULL,
    start INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL DEFAULT 0, UNIQUE (topic, number));
CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY, timestamp_ms INTEGER NOT NULL, key BLOB, value BLOB, headers BLOB);
CREATE TABLE IF NOT EXISTS commits (
    member_group TEXT, partition INTEGER, offset INTEGER NOT NULL, metadata TEXT NOT NULL,
    PRIMARY KEY (member_group, partition)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS members (
    member_group TEXT, member TEXT, instance TEXT NOT NULL, pid INTEGER NOT NULL,
    topics TEXT NOT NULL, heartbeat REAL NOT NULL,
    PRIMARY KEY (member_group, member)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS owners (
    member_group TEXT, partition INTEGER, member TEXT NOT NULL,
    PRIMARY KEY (member_group, partition)) WITHOUT ROWID;
"""


class SqliteLog:
    """See `Log`. `clock`: seconds since 1970.

    heartbeat_s: how often a member says that it lives and looks who else does, as it polls.
    readonly: of a log that is there; nothing is made or changed, and only questions are answered.
    """

    def __init__(
        self,
        path: Path,
        *,
        partitions: int = PARTITIONS,
        topics: Collection[str] = TOPICS,
        clock: Callable[[], float] = time.time,
        session_timeout_s: float = 30.0,
        heartbeat_s: float = 0.5,
        readonly: bool = False,
    ) -> None:
        self.path, self.clock = path, clock
        self.record_bytes = MAX_RECORD
        self.session_timeout_s, self.heartbeat_s = session_timeout_s, heartbeat_s
        self._lock = threading.Lock()
        self._arrived = threading.Condition()
        with reading(path):
            _refuse_truncated(path)
        self._connection = connect(path, readonly=readonly)
        if not readonly:
            self._make(topics, partitions)
        with reading(path):
            rows = self._connection.execute("SELECT id, topic, number FROM partitions").fetchall()
        self.ids = {Partition(topic, number): row for row, topic, number in rows}
        self._sizes: dict[str, int] = {}
        for partition in self.ids:
            self._sizes[partition.topic] = self._sizes.get(partition.topic, 0) + 1

    def _make(self, topics: Collection[str], partitions: int) -> None:
        with transaction(self._connection, self.path) as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.executemany(
                "INSERT OR IGNORE INTO partitions (topic, number) VALUES (?, ?)",
                [(topic, number) for topic in topics for number in range(partitions)],
            )

    @property
    def in_flight(self) -> int:
        return 0  # who appends waits for the disk

    def append(self, topic: str, messages: Sequence[Message]) -> Future[list[int]]:
        done: Future[list[int]] = Future()
        try:
            done.set_result(self._append(topic, messages))
        except LogError as error:
            done.set_exception(error)
        return done

    def _append(self, topic: str, messages: Sequence[Message]) -> list[int]:
        size = self._sizes[topic]
        numbers = [zlib.crc32(message.key) % size for message in messages]
        offsets: list[int] = []
        now = int(self.clock() * 1000)
        with self._lock, transaction(self._connection, self.path) as connection:
            following = dict(
                connection.execute("SELECT number, next FROM partitions WHERE topic = ?", (topic,))
            )
            rows = []
            for number, message in zip(numbers, messages, strict=True):
                offset = following[number]
                following[number] = offset + 1
                offsets.append(offset)
                row = self.ids[Partition(topic, number)] << _SHIFT | offset
                headers = msgspec.msgpack.encode(message.headers) if message.headers else None
                rows.append((row, now, message.key, message.value, headers))
            connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?)", rows)
            connection.executemany(
                "UPDATE partitions SET next = ? WHERE topic = ? AND number = ?",
                [(offset, topic, number) for number, offset in following.items()],
            )
        with self._arrived:
            self._arrived.notify_all()
        return offsets

    def reader(self, group: str, topics: Collection[str], *, member: str = "") -> SqliteReader:
        return SqliteReader(self, group, topics, member or f"{os.getpid()}-{uuid.uuid4().hex[:8]}")

    def follow(self, topic: str) -> SqliteFollower:
        # None in a log that is only read, and was made before there was this topic.
        return SqliteFollower(self, [p for p in self.ids if p.topic == topic])

    def lag(self, group: str = "") -> dict[tuple[str, Partition], int]:
        with self._lock, reading(self.path):
            rows = self._connection.execute(
                "SELECT c.member_group, p.topic, p.number, p.next - c.offset "
                "FROM commits c JOIN partitions p ON p.id = c.partition"
            ).fetchall()
        return {
            (member_of, Partition(topic, number)): behind
            for member_of, topic, number, behind in rows
            if group in ("", member_of)
        }

    def places(self, group: str, topics: Collection[str]) -> dict[Partition, Place]:
        with self._lock, reading(self.path):
            rows = self._connection.execute(
                "SELECT topic, number, start, next, offset, metadata FROM partitions "
                "LEFT JOIN commits ON partition = id AND member_group = ?",
                (group,),
            ).fetchall()
        return {
            Partition(topic, number): Place(
                start, end, None if offset is None else Committed(offset, metadata)
            )
            for topic, number, start, end, offset, metadata in rows
            if topic in topics
        }

    def count(self, topic: str) -> int:
        with self._lock, reading(self.path):
            (count,) = self._connection.execute(
                "SELECT coalesce(sum(next - start), 0) FROM partitions WHERE topic = ?", (topic,)
            ).fetchone()
        return int(count)

    def read_all(self, topic: str) -> Iterator[Record]:
        with self._lock, reading(self.path):
            ends = self._connection.execute(  # what comes while it is read is not there now
                "SELECT id, number, next FROM partitions WHERE topic = ? ORDER BY number", (topic,)
            ).fetchall()
        for row, number, end in ends:
            at = row << _SHIFT
            while found := self.some(at, row << _SHIFT | end):
                at = found[-1][0] + 1
                yield from (_record(Partition(topic, number), values) for values in found)

    def some(self, at: int, end: int) -> list[tuple[int, int, bytes, bytes, bytes | None]]:
        """The next few: a record may have a megabyte."""
        with self._lock, reading(self.path):
            return self._connection.execute(
                "SELECT * FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
                (at, end, _AT_ONCE),
            ).fetchall()

    def trim(self, topic: str, *, older_than_ms: int, limit: int = 10_000) -> int:
        """Deletes what is older and was consumed by every group that reads it; how many.

        At most `limit` records a partition at a time, so that nobody waits long.
        """
        deleted = 0
        for partition, row in self.ids.items():
            if partition.topic != topic:
                continue
            with self._lock, transaction(self._connection, self.path) as connection:
                (low,) = connection.execute(
                    "SELECT min(offset) FROM commits WHERE partition = ?", (row,)
                ).fetchone()
                if low is None:
                    continue
                (last,) = connection.execute(
                    "SELECT max(id) FROM (SELECT id FROM records WHERE id >= ? AND id < ? "
                    "AND timestamp_ms < ? ORDER BY id LIMIT ?)",
                    (row << _SHIFT, row << _SHIFT | low, older_than_ms, limit),
                ).fetchone()
                if last is None:
                    continue
                deleted += connection.execute(
                    "DELETE FROM records WHERE id >= ? AND id <= ?", (row << _SHIFT, last)
                ).rowcount
                start = (last & ((1 << _SHIFT) - 1)) + 1
                connection.execute("UPDATE partitions SET start = ? WHERE id = ?", (start, row))
        return deleted

    def wait(self, timeout_s: float) -> None:
        """Until something of this process was appended, or a moment, for others' sake."""
        with self._arrived:
            self._arrived.wait(min(timeout_s, 0.05))

    def close(self) -> None:
        with self._lock:
            self._connection.close()


class SqliteFollower:
    """See `Follower`. A look costs a range scan that finds nothing: some 20 µs a partition."""

    def __init__(self, log: SqliteLog, partitions: Sequence[Partition]) -> None:
        self.log = log
        self._at = {partition: log.ids[partition] << _SHIFT for partition in partitions}
        self._closed = threading.Event()

    def poll(self, *, timeout_s: float) -> list[Record]:
        found = self._read()
        if found or self._closed.wait(timeout_s):
            return found
        return self._read()

    def _read(self) -> list[Record]:
        records: list[Record] = []
        for partition, at in self._at.items():
            end = (self.log.ids[partition] + 1) << _SHIFT
            while found := self.log.some(at, end):
                at = found[-1][0] + 1
                records += (_record(partition, values) for values in found)
            self._at[partition] = at
        return records

    def close(self) -> None:
        self._closed.set()


class SqliteReader:
    """See `Reader`."""

    def __init__(self, log: SqliteLog, group: str, topics: Collection[str], member: str) -> None:
        self.log, self.group, self.member = log, group, member
        self.topics = frozenset(topics)
        self.instance = uuid.uuid4().hex
        self._connection = connect(log.path)
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._revoked: set[Partition] = set()
        self._turn = 0
        self._next_heartbeat = 0.0
        try:
            self._heartbeat(takeover=True)
        except LogError:
            self._connection.close()
            raise

    def poll(self, *, timeout_s: float, max_records: int = 500) -> list[Record]:
        deadline = time.monotonic() + timeout_s
        while True:
            if time.monotonic() >= self._next_heartbeat:
                self._heartbeat()
            records = self._read(max_records)
            left = deadline - time.monotonic()
            if records or left <= 0:
                return records
            self.log.wait(left)

    def _read(self, limit: int) -> list[Record]:
        ready = sorted(self._positions.keys() - self._paused)
        records: list[Record] = []
        size = 0
        self._turn += 1
        for i in range(len(ready)):
            partition = ready[(self._turn + i) % len(ready)]
            row = self.log.ids[partition]
            with reading(self.log.path):
                found = self._connection.execute(
                    "SELECT * FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
                    (row << _SHIFT | self._positions[partition], (row + 1) << _SHIFT,
                     limit - len(records)),
                )  # fmt: skip
                for values in found:
                    record = _record(partition, values)
                    records.append(record)
                    self._positions[partition] = record.offset + 1
                    size += len(record.value or b"")
                    if size > _MAX_BYTES:
                        return records
            if len(records) >= limit:
                break
        return records

    def _heartbeat(self, *, takeover: bool = False) -> None:
        """Says that this member lives, drops those that don't, and takes or gives partitions."""
        now = self.log.clock()
        self._next_heartbeat = time.monotonic() + self.log.heartbeat_s
        with transaction(self._connection, self.log.path) as connection:
            mine = connection.execute(
                "SELECT instance FROM members WHERE member_group = ? AND member = ?",
                (self.group, self.member),
            ).fetchone()
            if not takeover and mine is not None and mine[0] != self.instance:
                self._lose(self._positions.keys())
                return
            connection.execute(
                "INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?, ?, ?)",
                (self.group, self.member, self.instance, os.getpid(),
                 " ".join(sorted(self.topics)), now),
            )  # fmt: skip
            alive = self._drop_dead(connection, now)
            wanted = self._share(alive)
            owners = dict(
                connection.execute(
                    "SELECT partition, member FROM owners WHERE member_group = ?", (self.group,)
                )
            )
            self._hand_over(connection, wanted, owners, set(alive))

    def _drop_dead(self, connection: sqlite3.Connection, now: float) -> dict[str, set[str]]:
        """The topics of each member that lives."""
        alive: dict[str, set[str]] = {}
        rows = connection.execute(
            "SELECT member, pid, topics, heartbeat FROM members WHERE member_group = ?",
            (self.group,),
        ).fetchall()
        for member, pid, topics, heartbeat in rows:
            if member == self.member or (
                now - heartbeat < self.log.session_timeout_s and is_alive(pid)
            ):
                alive[member] = set(topics.split())
            else:
                key = (self.group, member)
                connection.execute("DELETE FROM members WHERE member_group = ? AND member = ?", key)
                connection.execute("DELETE FROM owners WHERE member_group = ? AND member = ?", key)
        return alive

    def _share(self, alive: dict[str, set[str]]) -> set[Partition]:
        share: set[Partition] = set()
        for topic in self.topics:
            members = sorted(member for member, topics in alive.items() if topic in topics)
            partitions = sorted(p for p in self.log.ids if p.topic == topic)
            share.update(partitions[members.index(self.member) :: len(members)])
        return share

    def _hand_over(
        self,
        connection: sqlite3.Connection,
        wanted: set[Partition],
        owners: dict[int, str],
        alive: set[str],
    ) -> None:
        held = {p for p in self._positions if owners.get(self.log.ids[p]) == self.member}
        self._lose(self._positions.keys() - (held & wanted))
        for partition, row in self.log.ids.items():
            if partition.topic not in self.topics:
                continue
            owner = owners.get(row)
            if partition not in wanted and owner == self.member:
                connection.execute(
                    "DELETE FROM owners WHERE member_group = ? AND partition = ?",
                    (self.group, row),
                )
            elif (
                partition in wanted
                and partition not in self._positions
                and (owner is None or owner == self.member or owner not in alive)
            ):
                connection.execute(
                    "INSERT OR REPLACE INTO owners VALUES (?, ?, ?)", (self.group, row, self.member)
                )
                self._positions[partition] = self._start(connection, partition, row)

    def _start(self, connection: sqlite3.Connection, partition: Partition, row: int) -> int:
        (start,) = connection.execute(
            "SELECT start FROM partitions WHERE id = ?", (row,)
        ).fetchone()
        found = connection.execute(
            "SELECT offset FROM commits WHERE member_group = ? AND partition = ?",
            (self.group, row),
        ).fetchone()
        if found is None:
            # Noted at once: from here on, the group has a place that retention must respect; but
            # planners read nothing.
            if self.group != PLAN:
                connection.execute(
                    "INSERT INTO commits VALUES (?, ?, ?, '')", (self.group, row, start)
                )
            return int(start)
        if found[0] < start:
            raise OffsetLost(partition.topic, partition.number, found[0], start)
        return int(found[0])

    def _lose(self, partitions: Collection[Partition]) -> None:
        for partition in list(partitions):
            self._positions.pop(partition, None)
            self._paused.discard(partition)
            self._revoked.add(partition)

    def revoked(self) -> set[Partition]:
        revoked, self._revoked = self._revoked, set()
        return revoked

    def assigned(self) -> set[Partition]:
        return set(self._positions)

    def committed(self, partition: Partition) -> Committed | None:
        with reading(self.log.path):
            row = self._connection.execute(
                "SELECT offset, metadata FROM commits WHERE member_group = ? AND partition = ?",
                (self.group, self.log.ids[partition]),
            ).fetchone()
        return None if row is None else Committed(*row)

    def commit(self, offsets: Mapping[Partition, Committed]) -> None:
        with transaction(self._connection, self.log.path) as connection:
            for partition, committed in offsets.items():
                row = self.log.ids[partition]
                owner = connection.execute(
                    "SELECT 1 FROM owners o JOIN members m USING (member_group, member) "
                    "WHERE member_group = ? AND partition = ? AND member = ? AND instance = ?",
                    (self.group, row, self.member, self.instance),
                ).fetchone()
                if owner is None or partition not in self._positions:
                    raise NotOwner(partition.topic, partition.number)
                connection.execute(
                    "INSERT OR REPLACE INTO commits VALUES (?, ?, ?, ?)",
                    (self.group, row, committed.offset, committed.metadata),
                )

    def pause(self, partitions: Collection[Partition]) -> None:
        self._paused.update(partitions)

    def resume(self, partitions: Collection[Partition]) -> None:
        self._paused.difference_update(partitions)

    def end_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        with reading(self.log.path):
            rows = dict(self._connection.execute("SELECT id, next FROM partitions"))
        return {partition: rows[self.log.ids[partition]] for partition in partitions}

    def close(self) -> None:
        with transaction(self._connection, self.log.path) as connection:
            key = (self.group, self.member, self.instance)
            gone = connection.execute(
                "DELETE FROM members WHERE member_group = ? AND member = ? AND instance = ?", key
            ).rowcount
            if gone:
                connection.execute(
                    "DELETE FROM owners WHERE member_group = ? AND member = ?", key[:2]
                )
        self._positions.clear()
        self._connection.close()


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """A connection for one thread at a time. Raises LogBusy, LogDamaged, LogFull."""
    with reading(path):
        if readonly:
            # Who reads beside the write-ahead log leaves it there: without one nobody writes.
            open_now = path.with_name(path.name + "-wal").exists()
            where = f"{path.absolute().as_uri()}?{'mode=ro' if open_now else 'immutable=1'}"
            return sqlite3.connect(where, timeout=_BUSY_S, uri=True, check_same_thread=False)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # as the store makes it
        connection = sqlite3.connect(
            path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
        try:
            _write_ahead(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA cache_size = -16000")
        except sqlite3.Error:
            connection.close()
            raise
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """SQLite doesn't wait as it does elsewhere where another process makes the same file."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_S)


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """All of it or nothing, on disk when it ends."""
    with reading(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            raise LogDamaged(str(path), str(error)) from error
        if name.startswith("SQLITE_FULL") or "disk is full" in str(error):
            raise LogFull(str(path)) from error
        if isinstance(error, sqlite3.ProgrammingError):
            raise
        if name.startswith("SQLITE_BUSY"):
            raise LogBusy(
                f"the log {path} can't be used: another process has kept it for {_BUSY_S:.0f} s "
                f"({error})"
            ) from error
        if name.startswith("SQLITE_IOERR"):  # a quota and a limit of file sizes come as this
            raise LogError(
                f"the log {path} can't be read or written ({error}: {name}); look at its disk, "
                "quotas and limits, then run this again"
            ) from error
        raise LogError(f"the log {path} can't be used: {error}") from error
    except OSError as error:
        raise LogError(f"the log {path} can't be used: {error.strerror}") from error


def _refuse_truncated(path: Path) -> None:
    """SQLite notices a missing end only when it reads there; we say so at once."""
    size = _size(path)
    if not size or _size(path.with_name(path.name + "-wal")):
        return
    with path.open("rb") as file:
        head = file.read(100)
    size = _size(path)
    page = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    if size < 100 or size < pages * (65_536 if page == 1 else page):
        raise LogDamaged(str(path), "its end is missing")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _record(partition: Partition, row: tuple[int, int, bytes, bytes, bytes | None]) -> Record:
    number, timestamp_ms, key, value, packed = row
    headers: Headers = ()
    if packed:
        headers = tuple((name, data) for name, data in msgspec.msgpack.decode(packed))
    return Record(partition, number & ((1 << _SHIFT) - 1), timestamp_ms, key, value, headers)
