"""One worker: what it takes, when it writes, how it waits and how it stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from consumers.deadletter import DeadLetters
from consumers.loop import Loop
from consumers.pages import PageRows
from pipeline.errors import LogFull, PoisonRecord, StoreBusy, StoreRefused, TooManyDeadLetters
from pipeline.log import DEAD_PAGES, PAGES, Committed, Message, Partition, Record
from pipeline.log.sqlite import SqliteLog, SqliteReader
from pipeline.page import MAX_RECORD, Request, encode
from pipeline.settings import ConsumeSettings, RevisitSettings
from tests.support.faults import Clock
from tests.support.records import START, Link, message, page

NOW = START / 1000 + 60


class Inserts:
    """A store that keeps what was inserted; `refuse` says what the next inserts raise."""

    def __init__(self) -> None:
        self.tables: list[pa.Table] = []
        self.errors: list[Exception] = []
        self.always: Exception | None = None
        self.asked = 0
        self.before: Callable[[], None] = lambda: None

    def insert(self, table: str, rows: pa.Table) -> None:
        assert table == "page_records"
        self.asked += 1
        self.before()
        if self.always is not None:
            raise self.always
        if self.errors:
            raise self.errors.pop(0)
        self.tables.append(rows)

    @property
    def paths(self) -> list[list[str]]:
        return [table.column("path").to_pylist() for table in self.tables]


class Worker:
    def __init__(self, path: Path, **settings: float) -> None:
        self.clock = Clock(NOW)
        self.log = SqliteLog(path, partitions=1, clock=self.clock, heartbeat_s=0)
        self.store = Inserts()
        self.partition = Partition(PAGES, 0)
        self.settings = ConsumeSettings(**{"flush_age_s": 0, **settings})  # type: ignore[arg-type]
        self.dead = DeadLetters(self.log, DEAD_PAGES, limit=self.settings.dead_letters)
        self.reader = self.log.reader("g", [PAGES], member="run")
        self.rows = PageRows(RevisitSettings())
        self.loop = Loop(
            self.reader,
            self.store,  # type: ignore[arg-type]
            self.rows,
            self.dead,
            self.settings,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def send(self, *paths: str, links: int = 0) -> None:
        found = [Link(f"https://t{i}.org/") for i in range(links)]
        pages = [page(f"https://s.org/{path}", START, found) for path in paths]
        self.log.append(PAGES, [message(one) for one in pages]).result()

    def send_raw(self, *values: bytes) -> None:
        headers = (("trace", b"\x00\xff"),)
        self.log.append(PAGES, [Message(b"s.org", value, headers) for value in values]).result()

    @property
    def committed(self) -> int:
        log = SqliteLog(self.log.path, partitions=1)
        reader = log.reader("g2", [PAGES])
        found = reader._connection.execute("SELECT offset FROM commits WHERE member_group = 'g'")
        offset = int(found.fetchone()[0])
        reader.close()
        log.close()
        return offset


@pytest.fixture
def new_worker(tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    made: list[Worker] = []

    def make(**settings: float) -> Worker:
        made.append(Worker(tmp_path / f"{len(made)}.sqlite", **settings))
        return made[-1]

    yield make
    for worker in made:
        worker.log.close()
        worker.reader._connection.close()


MakeWorker = Callable[..., Worker]


def test_a_turn_writes_and_then_commits(new_worker: MakeWorker) -> None:
    worker = new_worker()
    worker.send("a", "b")
    seen: list[int] = []
    worker.store.before = lambda: seen.append(worker.committed)
    assert worker.loop.turn(timeout_s=0) == 2
    assert worker.store.paths == [["/a", "/b"]]
    assert seen == [0], "nothing is committed before its rows are durable"
    assert worker.committed == 2
    assert (worker.loop.pages, worker.loop.links) == (2, 0)


def test_a_batch_waits_until_it_is_large_or_old(new_worker: MakeWorker) -> None:
    worker = new_worker(flush_rows=3, flush_age_s=10)
    worker.send("a")
    worker.loop.turn(timeout_s=0)
    worker.clock.now += 9
    worker.loop.turn(timeout_s=0)
    assert (worker.store.paths, worker.committed) == ([], 0)
    worker.clock.now += 1
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == [["/a"]]
    worker.send("b", "c", "d")
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == [["/a"], ["/b", "/c", "/d"]]
    assert worker.committed == 4


def test_links_count_as_rows(new_worker: MakeWorker) -> None:
    worker = new_worker(flush_rows=10, flush_age_s=1000)
    worker.send("a", links=12)
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == [["/a"]]


def test_a_batch_is_bounded_by_its_rows_and_one_poll(new_worker: MakeWorker) -> None:
    worker = new_worker(flush_rows=20, flush_age_s=1000, poll_records=4)
    worker.send(*map(str, range(200)), links=2)
    largest = 0
    while worker.loop.turn(timeout_s=0):
        largest = max(largest, worker.loop.batch.weight)
    worker.loop.flush()
    assert largest < 20
    assert max(map(len, worker.store.paths)) <= 8
    assert sum(map(len, worker.store.paths)) == 200


def test_a_busy_store_does_not_let_the_batch_grow(new_worker: MakeWorker) -> None:
    worker = new_worker(flush_rows=5)
    worker.send(*map(str, range(100)))
    sizes: list[int] = []
    worker.store.before = lambda: sizes.append(len(worker.loop.batch))
    worker.store.errors = [StoreBusy("parts")] * 5
    worker.settings = worker.loop.settings
    worker.loop._poll_and_take(timeout_s=0, limit=5)
    worker.loop.flush()
    assert sizes == [5] * 6
    assert worker.loop.retries == 5
    assert worker.committed == 5


def test_a_busy_store_is_tried_again_ever_more_slowly(new_worker: MakeWorker) -> None:
    worker = new_worker(retry_s=1, longest_retry_s=4)
    worker.send("a")
    times: list[float] = []
    worker.store.before = lambda: times.append(worker.clock.now)
    worker.store.errors = [StoreBusy("parts")] * 5
    worker.loop.turn(timeout_s=0)
    waits = [after - before for before, after in zip(times, times[1:], strict=False)]
    for wait, expected in zip(waits, [1, 2, 4, 4, 4], strict=True):
        assert 0.7 * expected <= wait <= 1.3 * expected + 0.21
    assert worker.committed == 1
    assert worker.reader.poll(timeout_s=0) == []


def test_a_worker_that_waits_stays_in_its_group(new_worker: MakeWorker) -> None:
    worker = new_worker(retry_s=20)
    worker.send("a")
    worker.store.errors = [StoreBusy("parts")] * 3
    worker.loop.turn(timeout_s=0)
    other = worker.log.reader("g", [PAGES], member="other")
    assert other.assigned() == set(), "it is alive"
    other.close()
    assert worker.committed == 1


def test_partitions_lost_while_waiting_are_not_written(new_worker: MakeWorker) -> None:
    worker = new_worker()
    worker.send("a")
    others: list[SqliteReader] = []

    def take_over() -> None:
        worker.store.before = lambda: None
        worker.clock.now += 31
        others.append(worker.log.reader("g", [PAGES], member="other"))

    worker.store.before = take_over
    worker.store.errors = [StoreBusy("parts")]
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == []
    assert len(worker.loop.batch) == 0
    assert worker.loop.batch.started is None
    assert worker.committed == 0
    others[0].close()


def test_a_commit_for_a_lost_partition_is_left_out(new_worker: MakeWorker) -> None:
    worker = new_worker()
    worker.send("a")
    others: list[SqliteReader] = []

    def take_over() -> None:
        worker.clock.now += 31
        others.append(worker.log.reader("g", [PAGES], member="other"))

    worker.store.before = take_over
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == [["/a"]], "written, and written again by whoever has it now"
    assert worker.committed == 0
    assert not worker.loop.batch
    others[0].close()


def test_a_refusing_store_stops_the_worker(new_worker: MakeWorker) -> None:
    worker = new_worker()
    worker.send("a")
    worker.store.always = StoreRefused("no such column")
    with pytest.raises(StoreRefused):
        worker.loop.run()
    assert worker.committed == 0


def test_stopping_finishes_the_turn(new_worker: MakeWorker) -> None:
    worker = new_worker(flush_age_s=1000)
    worker.send("a", "b")
    worker.loop.turn(timeout_s=0)
    worker.loop.stop()
    worker.loop.run()
    assert worker.store.paths == [["/a", "/b"]]
    assert worker.committed == 2


def test_stopping_uses_its_time_while_the_store_is_busy_and_no_more(
    new_worker: MakeWorker,
) -> None:
    worker = new_worker(stop_s=20, retry_s=1, longest_retry_s=4)
    worker.send("a")
    worker.store.always = StoreBusy("parts")
    worker.loop._poll_and_take(timeout_s=0, limit=10)
    worker.loop.stop()
    worker.loop.run()
    assert 14 <= worker.clock.now - NOW <= 21
    assert 5 <= worker.store.asked <= 12, "tried again, and not without rest"
    assert worker.committed == 0


def test_told_to_stop_while_it_waits_it_tries_at_once(new_worker: MakeWorker) -> None:
    worker = new_worker(stop_s=20, retry_s=30)
    worker.send("a")
    worker.store.errors = [StoreBusy("parts")]
    sleep = worker.loop.sleep

    def interrupted(seconds: float) -> None:
        sleep(seconds)
        if worker.clock.now > NOW + 2:
            worker.loop.stop()

    worker.loop.sleep = interrupted
    worker.loop.turn(timeout_s=0)
    assert worker.committed == 1
    assert worker.clock.now - NOW < 3


POISON = {
    "empty": b"",
    "json": b'{"v": 1, "url": ',
    "encoding": b"\xff\xfe{}",
    "type": b'{"v": 1}',
    "version": b'{"v": 99}',
    "suffix_list": encode(page("https://s.org/", START)).replace(b'"suffix_list":"', b'"suffix_list":"x'),
    "arrays": encode(page("https://s.org/", START, part=2)),
    "future": encode(page("https://s.org/", START + 60_000 + 5 * 60_000 + 1)),
    "huge": b"{" + b" " * MAX_RECORD + b"}",
}  # fmt: skip


@pytest.mark.parametrize(("reason", "value"), POISON.items(), ids=POISON)
def test_what_can_never_decode_is_kept_whole(
    new_worker: MakeWorker, reason: str, value: bytes
) -> None:
    worker = new_worker()
    worker.send("a")
    worker.send_raw(value)
    worker.send("b")
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == [["/a", "/b"]]
    assert worker.committed == 3
    (letter,) = worker.log.read_all(DEAD_PAGES)
    headers = dict(letter.headers)
    assert (letter.key, letter.value) == (b"s.org", value)
    assert headers["reason"].decode() == reason
    place = (headers["topic"], headers["partition"], headers["offset"])
    assert place == (b"pages", b"0", b"1")
    assert headers["timestamp_ms"].decode() == str(int(NOW * 1000))
    assert headers["trace"] == b"\x00\xff", "its own headers are kept"
    assert worker.dead.counts == {reason: 1}


def test_a_page_of_almost_five_minutes_ahead_is_no_dead_letter(new_worker: MakeWorker) -> None:
    worker = new_worker()
    worker.log.append(PAGES, [message(page("https://s.org/", START + 60_000 + 5 * 60_000))])
    worker.loop.turn(timeout_s=0)
    assert len(worker.store.paths) == 1
    assert list(worker.log.read_all(DEAD_PAGES)) == []


def test_a_record_without_a_value_is_poison() -> None:
    record = Record(Partition(PAGES, 0), 0, 0, b"", None)  # type: ignore[arg-type]
    with pytest.raises(PoisonRecord, match="null"):
        PageRows(RevisitSettings()).decode(record)


def test_an_offset_counts_only_once_its_dead_letter_is_acknowledged(
    new_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = new_worker()
    worker.send("a")
    worker.send_raw(b"{")

    def full(topic: str, messages: object) -> list[int]:
        raise LogFull("log.sqlite")

    monkeypatch.setattr(worker.log, "_append", full)
    with pytest.raises(LogFull):
        worker.loop.run()
    assert worker.committed == 0


def test_dead_letters_alone_are_committed_too(new_worker: MakeWorker) -> None:
    worker = new_worker()
    worker.send_raw(b"{", b"}")
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == []
    assert worker.committed == 2


def test_too_many_dead_letters_in_a_row_stop_the_worker(new_worker: MakeWorker) -> None:
    worker = new_worker(dead_letters=3)
    worker.send_raw(b"{", b"{")
    worker.send("a")
    worker.send_raw(b"{", b"{")
    worker.loop.turn(timeout_s=0)
    assert worker.committed == 5, "a good one between ends the row"
    worker.send_raw(b"{", b"[")
    with pytest.raises(TooManyDeadLetters, match="3 records in a row") as raised:
        worker.loop.run()
    assert "pages[0]@5" in str(raised.value)
    assert worker.committed == 5


def test_urls_found_again_are_not_written_again_unless_nearer(new_worker: MakeWorker) -> None:
    rows = new_worker().rows
    inner = ["https://s.org/x", "https://s.org/y"]

    far, near = (
        page("https://s.org/", START, inner=inner, request=Request(hops=hops)) for hops in (3, 1)
    )
    asked = [rows.columns([one], 0).column("found").to_pylist()[0] for one in (far, far, near, far)]
    assert asked == [inner, [], inner, []]
    rows.forget()
    assert rows.columns([far], 0).column("found").to_pylist() == [inner]


def test_links_that_are_not_to_be_followed_are_not_found(new_worker: MakeWorker) -> None:
    rows = new_worker().rows
    links = [
        Link("https://a.org/"),
        Link("https://b.org/", rel=1),
        Link("https://c.org/", rel=2),
        Link("https://d.org/", kind="iframe"),
        Link("https://e.org/", kind="redirect"),
        Link("https://f.org/", kind="form"),
    ]
    found = rows.columns([page("https://s.org/", START, links)], 0).to_pylist()[0]
    assert found["found"] == ["https://a.org/", "https://c.org/", "https://e.org/"]
    assert found["found_domains"] == ["a.org", "c.org", "e.org"]
    assert found["found_hops"] == [1, 1, 1]
    assert found["targets"] == [link.target for link in links], "but recorded they are"
    for more in ({"nofollow": True}, {"source": "warc"}, {"source": "list"}):
        assert (
            rows.columns([page("https://s.org/", START, links, **more)], 0).to_pylist()[0]["found"]
            == []
        )


def test_a_stale_batch_starts_anew_when_everything_was_lost(new_worker: MakeWorker) -> None:
    worker = new_worker(flush_age_s=5)
    worker.send("a")
    worker.loop.turn(timeout_s=0)
    worker.loop.batch.forget([worker.partition])
    worker.clock.now += 100
    worker.send("b")
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == [], "its age counts from its first record"
    assert worker.loop.batch.offsets() == {worker.partition: Committed(2)}
