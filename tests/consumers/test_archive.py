"""The archiver: when it writes, what it survives; and an index rebuilt from what it kept."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from consumers.archive import Archiver, archiver
from consumers.loop import Loop
from consumers.pages import PageRows
from pipeline.archive.read import describe, import_pages, open_archive, records
from pipeline.archive.storage import Storage
from pipeline.errors import ArchiveBusy, ArchiveRefused, BadSetting, NotOwner
from pipeline.index.lifecycle import Lifecycle
from pipeline.log import ARCHIVE as GROUP
from pipeline.log import DEAD_PAGES, PAGES, Committed, Message, Partition
from pipeline.log.deadletter import DeadLetters
from pipeline.log.sqlite import SqliteLog, SqliteReader
from pipeline.settings import ArchiveSettings, ConsumeSettings, RevisitSettings, Settings
from pipeline.store import Store
from pipeline.store.chdb import ChdbStore
from tests.consumers.keeper import Keeper
from tests.consumers.world import World
from tests.pipeline.archive.files import new, places
from tests.support.faults import Clock
from tests.support.records import DAY, START, TODAY

SCHEDULES = 60


class Failing(Storage):
    """A real one; `errors` says what the next puts raise, `before` is called first."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.prepare()
        self.errors: list[Exception] = []
        self.always: Exception | None = None
        self.asked: list[str] = []
        self.before: Callable[[], object] = lambda: None

    def put(self, name: str, content: bytes) -> None:
        self.asked.append(name)
        self.before()
        if self.always is not None:
            raise self.always
        if self.errors:
            raise self.errors.pop(0)
        super().put(name, content)


class Bench:
    """One archiver over a real log of one partition."""

    def __init__(self, directory: Path, **settings: float) -> None:
        self.where = places(directory)[1]
        self.clock = Clock(START / 1000)
        self.log = SqliteLog(
            directory / "log.sqlite", partitions=1, clock=self.clock, heartbeat_s=0
        )
        self.partition = Partition(PAGES, 0)
        self.reader = self.log.reader(GROUP, [PAGES], member="one")
        self.storage = Failing(self.where)
        self.loop = Archiver(
            self.reader,
            self.storage,
            ArchiveSettings(**settings),  # type: ignore[arg-type]
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def send(self, *values: bytes) -> None:
        self.log.append(PAGES, [Message(b"s.org", value) for value in values]).result()

    @property
    def kept(self) -> list[bytes]:
        return [record.value for record in records(open_archive(self.where))]

    @property
    def parts(self) -> int:
        return sum(kept.files for kept in describe(self.where).kept)

    @property
    def committed(self) -> int:
        with contextlib.closing(self.log.reader("another", [PAGES])) as reader:
            rows = reader._connection.execute(
                "SELECT offset FROM commits WHERE member_group = ?", (GROUP,)
            ).fetchone()
        return int(rows[0])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, part_age_s=10, part_bytes=1 << 20, retry_s=1, longest_retry_s=4)
    yield made
    made.log.close()
    made.reader._connection.close()


def test_an_offset_is_committed_once_its_file_is_in_place(bench: Bench) -> None:
    bench.send(b"{}", b"\xff")
    bench.loop.turn(timeout_s=0)
    bench.clock.now += 10
    seen: list[int] = []
    bench.storage.before = lambda: seen.append(bench.committed)
    bench.loop.turn(timeout_s=0)
    assert seen == [0, 0], "before the file and before its index"
    assert bench.kept == [b"{}", b"\xff"]
    assert bench.committed == 2
    assert (bench.loop.records, bench.loop.files) == (2, 1)


def test_a_part_waits_until_it_is_old(bench: Bench) -> None:
    bench.send(b"{}")
    bench.loop.turn(timeout_s=0)
    bench.clock.now += 9
    bench.send(b"[]")
    bench.loop.turn(timeout_s=0)
    assert (bench.kept, bench.committed) == ([], 0)
    bench.clock.now += 1
    bench.loop.turn(timeout_s=0)
    assert (bench.kept, bench.committed, bench.parts) == ([b"{}", b"[]"], 2, 1)


def test_a_part_waits_until_it_is_large(bench: Bench) -> None:
    bench.send(*[b"a" * 100_000] * 9)
    bench.loop.turn(timeout_s=0)
    assert bench.parts == 0
    bench.send(*[b"a" * 100_000] * 2)
    bench.loop.turn(timeout_s=0)
    assert (bench.parts, bench.committed) == (1, 11)


def test_memory_is_bounded_over_partitions(tmp_path: Path) -> None:
    """What does not compress, in parts that are each still small enough."""
    import random

    dice = random.Random(1)
    log = SqliteLog(tmp_path / "log.sqlite", partitions=8)
    where = places(tmp_path)[1]
    settings = ArchiveSettings(part_bytes=1 << 20, part_age_s=1e9)
    loop = Archiver(log.reader(GROUP, [PAGES]), new(where), settings)
    largest = 0
    for _ in range(40):
        sent = [Message(b"%d" % i, dice.randbytes(10_000)) for i in range(32)]
        log.append(PAGES, sent).result()
        loop.turn(timeout_s=0)
        largest = max(largest, loop._held_bytes())
    assert (1 << 19) < largest <= 1 << 20
    loop.stop()
    loop.run()
    assert sum(kept.records for kept in describe(where).kept) == 40 * 32
    log.close()


def test_wrong_clocks_do_not_open_ever_more_files(bench: Bench) -> None:
    for day in range(40):
        bench.clock.now = START / 1000 + (day * 7 % 40) * DAY / 1000
        bench.send(b"{}")
    bench.clock.now = START / 1000
    bench.loop.settings = ArchiveSettings(part_age_s=1e9)
    bench.loop._poll_and_take(timeout_s=0, limit=3)
    assert bench.parts == 0
    while bench.loop.turn(timeout_s=0):
        pass
    assert len(bench.loop.open) == 0
    assert sorted(bench.kept) == [b"{}"] * 40


def test_stopping_writes_what_is_open(bench: Bench) -> None:
    bench.send(b"{}")
    bench.loop.turn(timeout_s=0)
    bench.loop.stop()
    bench.loop.run()
    assert (bench.kept, bench.committed) == ([b"{}"], 1)


def test_a_storage_that_is_away_is_tried_again_ever_more_slowly(bench: Bench) -> None:
    bench.send(b"{}")
    bench.loop.turn(timeout_s=0)
    bench.clock.now += 10
    times: list[float] = []
    bench.storage.before = lambda: times.append(bench.clock.now)
    bench.storage.errors = [ArchiveBusy("away")] * 5
    bench.loop.turn(timeout_s=0)
    waits = [after - before for before, after in pairwise(times[:6])]
    for wait, expected in zip(waits, [1, 2, 4, 4, 4], strict=True):
        assert 0.7 * expected <= wait <= 1.3 * expected + 0.21
    assert (bench.kept, bench.committed, bench.loop.retries) == ([b"{}"], 1, 5)
    bench.send(b"[]")
    bench.loop.turn(timeout_s=0)
    bench.loop.flush()
    assert bench.kept == [b"{}", b"[]"], "nothing stays paused"


def test_a_worker_that_waits_stays_in_its_group_and_takes_no_more(bench: Bench) -> None:
    bench.loop.settings = ArchiveSettings(retry_s=20, part_age_s=0)
    bench.send(b"{}")
    bench.storage.errors = [ArchiveBusy("away")] * 3
    bench.storage.before = lambda: bench.send(b"[]")
    bench.loop.turn(timeout_s=0)
    other = bench.log.reader(GROUP, [PAGES], member="other")
    assert other.assigned() == set(), "it is alive"
    other.close()
    assert (bench.kept, bench.committed) == ([b"{}"], 1)


def test_what_was_lost_while_waiting_is_not_written(bench: Bench) -> None:
    bench.send(b"{}")
    bench.loop.turn(timeout_s=0)
    bench.clock.now += 10
    others: list[SqliteReader] = []

    def take_over() -> None:
        bench.storage.before = lambda: None
        bench.clock.now += 31
        others.append(bench.log.reader(GROUP, [PAGES], member="other"))

    bench.storage.before = take_over
    bench.storage.errors = [ArchiveBusy("away")]
    bench.loop.turn(timeout_s=0)
    assert (bench.kept, bench.committed, bench.loop.open) == ([], 0, {})
    others[0].close()


def test_a_commit_that_a_rebalance_refuses_is_made_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.send(b"{}")
    bench.loop.turn(timeout_s=0)
    bench.clock.now += 10
    commit = bench.reader.commit

    def refuse(offsets: Mapping[Partition, Committed]) -> None:
        monkeypatch.setattr(bench.reader, "commit", commit)
        raise NotOwner(PAGES, 0)

    monkeypatch.setattr(bench.reader, "commit", refuse)
    bench.loop.turn(timeout_s=0)
    assert (bench.kept, bench.committed, bench.parts) == ([b"{}"], 1, 1)


def test_who_wrote_too_late_does_not_commit(bench: Bench) -> None:
    bench.send(b"{}")
    bench.loop.turn(timeout_s=0)
    bench.clock.now += 10
    others: list[SqliteReader] = []

    def take_over() -> None:
        bench.storage.before = lambda: None
        bench.clock.now += 31
        others.append(bench.log.reader(GROUP, [PAGES], member="other"))

    bench.storage.before = take_over
    bench.loop.turn(timeout_s=0)
    assert (bench.kept, bench.committed, bench.loop.open) == ([b"{}"], 0, {})
    others[0].close()


def test_records_of_a_partition_lost_in_the_poll_are_not_taken(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.send(b"{}")
    monkeypatch.setattr(bench.reader, "assigned", set)
    assert bench.loop.turn(timeout_s=0) == 0
    assert bench.loop.open == {}


def test_without_permission_the_worker_stops(bench: Bench) -> None:
    bench.send(b"{}")
    bench.loop.turn(timeout_s=0)
    bench.clock.now += 10
    bench.storage.always = ArchiveRefused("no permission")
    with pytest.raises(ArchiveRefused):
        bench.loop.run()
    assert bench.committed == 0


def test_stopping_while_the_storage_is_away_takes_its_time_and_no_more(bench: Bench) -> None:
    bench.send(b"{}")
    bench.loop.turn(timeout_s=0)
    started = bench.clock.now
    bench.storage.always = ArchiveBusy("away")
    bench.loop.stop()
    bench.loop.run()
    assert 14 <= bench.clock.now - started <= 21.1
    assert 5 <= len(bench.storage.asked) <= 12, "tried again, and not without rest"
    assert bench.committed == 0


def test_a_new_group_starts_at_the_earliest_record(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    log.append(PAGES, [Message(b"%d" % i, b"{}") for i in range(9)]).result()
    settings = Settings(archive=ArchiveSettings(to=str(tmp_path / "kept")))
    loop = archiver(log, settings)
    loop.turn(timeout_s=0)
    loop.stop()
    loop.run()
    assert sum(kept.records for kept in describe(settings.archive.to).kept) == 9
    log.close()


def test_without_a_place_it_does_not_begin(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    with pytest.raises(BadSetting, match="--to"):
        archiver(log, Settings())
    log.close()


# --- schedules ---


@pytest.mark.parametrize("block", range(2))
def test_any_schedule_keeps_every_record_once(tmp_path: Path, block: int) -> None:
    for number in range(block * SCHEDULES // 2, (block + 1) * SCHEDULES // 2):
        keeper = Keeper(number, tmp_path / f"{number}.sqlite", places(tmp_path)[1])
        keeper.run()
        assert keeper.wrongs == [], f"schedule {number}"


class CommitsFirst(Archiver):
    def _write(self, partition: Partition) -> None:
        if partition in self.open:
            self._commit(partition, self.open[partition].next)
        super()._write(partition)


class IgnoresRevocation(Archiver):
    def _poll_and_take(self, *, timeout_s: float, limit: int) -> int:
        before = dict(self.open)
        taken = super()._poll_and_take(timeout_s=timeout_s, limit=limit)
        self.open = before | self.open
        return taken


class OneTooFar(Archiver):
    def _commit(self, partition: Partition, following: int) -> None:
        super()._commit(partition, following + 1)


class CommitsWhatIsAway(Archiver):
    def _write(self, partition: Partition) -> None:
        part = self.open.pop(partition, None)
        if part is not None:
            with contextlib.suppress(ArchiveBusy):
                part.write(self.storage)
            self._commit(partition, part.next)


class TakesWhatIsNotIts(Archiver):
    """Forgets before the poll instead of after it."""

    def _poll_and_take(self, *, timeout_s: float, limit: int) -> int:
        for partition in self.reader.revoked():
            self.open.pop(partition, None)
        records = self.reader.poll(timeout_s=timeout_s, max_records=limit)
        for record in records:
            self._take(record)
        return len(records)


@pytest.mark.parametrize(
    "mistake",
    [CommitsFirst, IgnoresRevocation, OneTooFar, CommitsWhatIsAway, TakesWhatIsNotIts],
)
def test_the_schedules_find_each_mistake(tmp_path: Path, mistake: type[Archiver]) -> None:
    for number in range(SCHEDULES):
        keeper = Keeper(number, tmp_path / f"{number}.sqlite", places(tmp_path)[1], mistake)
        keeper.run()
        if keeper.wrongs:
            return
    pytest.fail(f"{SCHEDULES} schedules found nothing wrong")


# --- rebuilt ---

# What is no function of records: leases, wishes, and when a URL was found by whom first.
TABLES = {
    "links": "SELECT * FROM links FINAL ORDER BY ALL",
    "link_context": "SELECT * FROM link_context FINAL ORDER BY ALL",
    "page_links": "SELECT * FROM page_links FINAL ORDER BY ALL",
    "pages": "SELECT * REPLACE (finalizeAggregation(visit) AS visit, finalizeAggregation(content) "
    "AS content, finalizeAggregation(validators) AS validators) FROM pages FINAL ORDER BY ALL",
    "frontier": "SELECT * EXCEPT (leased, wanted, discovered) FROM frontier FINAL ORDER BY ALL",
}  # fmt: skip


def test_an_index_rebuilt_from_nothing_is_the_same(
    store: ChdbStore, shared_store: ChdbStore, tmp_path: Path
) -> None:
    clock = Clock(TODAY / 1000)
    world = World(1, store, tmp_path / "world.sqlite", clock, rate=0)
    for number in range(2, 30):
        world.number = number
        world.waiting += world._records(12)
    log = SqliteLog(tmp_path / "log.sqlite", partitions=3, clock=clock)
    where = places(tmp_path)[0]
    settings = ArchiveSettings(part_bytes=20_000, part_age_s=1e9)
    keeper = Archiver(log.reader(GROUP, [PAGES]), new(where), settings, clock=clock)
    for start in range(0, len(world.waiting), 50):
        log.append(PAGES, world.waiting[start : start + 50]).result()
        clock.now += 3_600
        keeper.turn(timeout_s=0)
    keeper.stop()
    keeper.run()
    letters = consume(log, store, clock)

    clock.now += 200 * DAY / 1000  # by now, what came from the future would pass
    again = SqliteLog(tmp_path / "again.sqlite", partitions=2, clock=clock)
    done = import_pages(where, again)
    assert done.damaged == []
    assert done.future > 0
    assert done.records + done.future == len(world.waiting)
    consume(again, shared_store, clock)
    for name, question in TABLES.items():
        first, second = store.query(question), shared_store.query(question)
        assert first.num_rows > 20, name
        assert first.equals(second), name
    assert letters > 0

    import_pages(where, again)
    consume(again, shared_store, clock)
    for name, question in TABLES.items():
        assert store.query(question).equals(shared_store.query(question)), f"{name}, twice"
    for used in (world.log, log, again):
        used.close()


def consume(log: SqliteLog, store: Store, clock: Clock) -> int:
    """All of the log's pages into the store; how many dead letters there were."""
    dead = DeadLetters(log, DEAD_PAGES, limit=10_000)
    loop = Loop(
        log.reader("consume", [PAGES]), store, PageRows(RevisitSettings()), dead,
        ConsumeSettings(flush_rows=500), clock=clock, wall=clock, sleep=clock.sleep,
    )  # fmt: skip
    while loop.turn(timeout_s=0):
        pass
    loop.flush()
    loop.reader.close()
    Lifecycle(store, 60, clock=clock).run()
    return sum(dead.counts.values())
