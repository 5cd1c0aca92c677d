"""One worker: when it writes, how it waits and how it stops."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from pipeline import metrics
from pipeline.errors import PAGE_FAULTS, LogBusy, NotOwner, StoreBusy, StoreRefused
from pipeline.log import PAGES, Committed, Partition
from pipeline.log.sqlite import SqliteReader
from tests.consumers.worker import NOW, MakeWorker, Worker
from tests.pipeline.said import said
from tests.support.faults import Later
from tests.support.records import START, Link, message, page
from tests.support.waiting import PATIENCE_S, until


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


def test_a_batch_of_few_rows_with_long_urls_is_large_too(new_worker: MakeWorker) -> None:
    worker = new_worker(flush_rows=10, flush_age_s=1000)
    worker.send("a" * 1_900)
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == []
    long = [Link(f"https://t.org/{number}{'x' * 1_900}") for number in range(5)]
    worker.log.append(PAGES, [message(page("https://s.org/b", START, long))]).result()
    worker.loop.turn(timeout_s=0)
    assert [len(paths) for paths in worker.store.paths] == [2]


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

    def sleep(seconds: float) -> None:
        sizes.append(worker.loop.held)
        worker.clock.sleep(seconds)

    worker.loop.sleep = sleep
    worker.store.errors = [StoreBusy("parts")] * 5
    worker.loop._poll_and_take(timeout_s=0, limit=5)
    worker.loop.flush()
    assert set(sizes) == {5}
    assert len(worker.store.paths[0]) == 5
    assert worker.loop.retries == 5
    assert worker.committed == 5


def test_a_busy_store_is_tried_again_ever_more_slowly(new_worker: MakeWorker) -> None:
    worker = new_worker(retry_s=1, longest_retry_s=4)
    worker.send("a")
    times: list[float] = []
    worker.store.before = lambda: times.append(worker.clock.now)
    worker.store.errors = [StoreBusy("parts")] * 5
    worker.loop.turn(timeout_s=0)
    waits = [after - before for before, after in pairwise(times)]
    for wait, expected in zip(waits, [1, 2, 4, 4, 4], strict=True):
        assert 0.7 * expected <= wait <= 1.3 * expected + 0.21
    assert worker.committed == 1
    worker.send("b")
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == [["/a"], ["/b"]], "nothing stays paused"


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
    worker.loop.turn(timeout_s=0)
    assert worker.committed == 0
    assert not worker.loop.batch
    others[0].close()


def test_a_commit_that_a_rebalance_refuses_is_made_later_without_writing_again(
    new_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = new_worker()
    worker.send("a")
    refusals = 4  # of two turns, each of which tries all at once and then one by one
    commit = worker.reader.commit

    def refuse(offsets: Mapping[Partition, Committed]) -> None:
        nonlocal refusals
        refusals -= 1
        if refusals >= 0:
            raise NotOwner(PAGES, 0)
        commit(offsets)

    monkeypatch.setattr(worker.reader, "commit", refuse)
    for committed in (0, 0, 1):
        worker.loop.turn(timeout_s=0)
        assert worker.committed == committed
    assert worker.store.paths == [["/a"]]
    assert not worker.loop.batch


def slow() -> Later:
    """Inserts end when they are waited for."""
    dice = random.Random()
    dice.random = lambda: 1.0  # type: ignore[method-assign]
    return Later(dice)


def test_the_next_batch_is_filled_while_one_is_written(new_worker: MakeWorker) -> None:
    worker = new_worker(background=slow(), flush_rows=2, flush_age_s=1000, poll_records=2)
    worker.send("a", "b", "c", "d", "e")
    worker.loop.turn(timeout_s=0)
    assert (worker.store.paths, worker.committed, worker.loop.held) == ([], 0, 2)
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == [["/a", "/b"]], "one at a time"
    assert (worker.committed, worker.loop.held) == (2, 2)
    worker.loop.turn(timeout_s=0)
    assert worker.loop.held == 3
    worker.loop.flush()
    assert worker.store.paths == [["/a", "/b"], ["/c", "/d"], ["/e"]]
    assert (worker.committed, worker.loop.held, worker.loop.pages) == (5, 0, 5)


def test_what_failed_is_written_again_with_what_came_meanwhile(new_worker: MakeWorker) -> None:
    worker = new_worker(background=slow(), flush_rows=2, flush_age_s=1000, poll_records=2)
    worker.send("a", "b", "c", "d")
    worker.store.errors = [StoreBusy("parts")]
    worker.loop.turn(timeout_s=0)
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == [["/a", "/b", "/c", "/d"]]
    assert (worker.committed, worker.loop.held, worker.loop.batch.weight) == (4, 0, 0)


def test_what_is_lost_while_it_is_written_is_not_committed(new_worker: MakeWorker) -> None:
    worker = new_worker(background=slow(), flush_rows=2, flush_age_s=1000)
    worker.send("a", "b")
    worker.loop.turn(timeout_s=0)
    worker.clock.now += 31
    other = worker.log.reader("g", [PAGES], member="other")
    worker.loop.turn(timeout_s=0)
    assert worker.loop.held == 0
    worker.loop.flush()
    assert worker.committed == 0
    other.close()


def test_a_refusal_in_the_background_stops_the_worker(new_worker: MakeWorker) -> None:
    worker = new_worker(background=slow(), flush_rows=1)
    worker.send("a")
    worker.store.always = StoreRefused("no such column")
    worker.loop.turn(timeout_s=0)
    with pytest.raises(StoreRefused):
        worker.loop.flush()
    assert worker.committed == 0


def test_a_log_that_is_busy_at_the_commit_costs_no_insert(
    new_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = new_worker()
    worker.send("a")
    commit = worker.reader.commit
    errors: list[Exception] = [LogBusy("no coordinator"), NotOwner(PAGES, 0), LogBusy("gone")]

    def fail(offsets: Mapping[Partition, Committed]) -> None:
        if errors:
            raise errors.pop(0)
        commit(offsets)

    monkeypatch.setattr(worker.reader, "commit", fail)
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == [["/a"]]
    assert (worker.committed, worker.loop.retries) == (1, 2)


def test_a_clock_that_is_moved_back_prolongs_no_wait(new_worker: MakeWorker) -> None:
    worker = new_worker(flush_age_s=5, retry_s=1)
    worker.send("a")
    worker.loop.turn(timeout_s=0)
    worker.wall.now -= 3600
    worker.clock.now += 5
    worker.store.errors = [StoreBusy("parts")]
    started = worker.clock.now
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == [["/a"]]
    assert worker.clock.now - started < 2


def test_what_was_given_up_for_want_of_time_is_not_written_without_what_it_found(
    new_worker: MakeWorker,
) -> None:
    worker = new_worker(stop_s=0)
    inner = ["https://s.org/x"]
    worker.log.append(PAGES, [message(page("https://s.org/a", START, inner=inner))]).result()
    worker.store.errors = [StoreBusy("parts")]
    worker.loop._poll_and_take(timeout_s=0, limit=10)
    worker.loop.stop()
    worker.loop.flush()
    assert (worker.store.asked, worker.committed) == (1, 0), "its time was over"
    worker.loop.flush()
    assert worker.store.tables[0].column("found").to_pylist() == [inner]


def test_metrics_are_read_while_the_loop_works(new_worker: MakeWorker) -> None:
    worker = new_worker(background=slow(), flush_rows=2, flush_age_s=1000, poll_records=3)
    worker.send("a", "b", "c")
    worker.loop.turn(timeout_s=0)
    waiting = {sample.metric: sample.value for sample in worker.loop.samples()}
    assert waiting[metrics.BATCH_WAITING] == 3


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
    worker = new_worker(stop_s=20, retry_s=1)
    worker.send("a")
    worker.store.errors = [StoreBusy("parts")] * 7
    sleep = worker.loop.sleep
    stopped = NOW + 25  # in a pause of 16 s

    def interrupted(seconds: float) -> None:
        sleep(seconds)
        if worker.clock.now > stopped:
            worker.loop.stop()

    worker.loop.sleep = interrupted
    worker.loop.turn(timeout_s=0)
    assert worker.committed == 1
    assert worker.clock.now - stopped < 8


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


def test_who_waits_for_a_slow_insert_is_not_stuck(
    new_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.loop._TURN_S", 0.01)
    ends = threading.Event()
    with ThreadPoolExecutor(1) as background:
        worker = new_worker(background=background)
        worker.send("a")
        worker.store.before = lambda: assert_in_time(ends)
        worker.loop.turn(timeout_s=0)
        worker.loop.turned_at = 0.0
        seen = {0.0}

        def turned_again() -> bool:
            seen.add(worker.loop.turned_at)
            return len(seen) > 3

        flushing = threading.Thread(target=worker.loop.flush)
        flushing.start()
        try:
            until(turned_again, "it is waited for, and nothing says so")
        finally:
            ends.set()
            flushing.join()
    assert worker.committed == 1


def assert_in_time(event: threading.Event) -> None:
    assert event.wait(PATIENCE_S)


def test_every_reason_is_told_before_it_is_seen(new_worker: MakeWorker) -> None:
    """Else a first burst would be no growth to who watches."""
    worker = new_worker()
    assert dead_letters(worker) == dict.fromkeys(PAGE_FAULTS, 0)
    worker.send_raw(b"{")
    worker.loop.turn(timeout_s=0)
    assert dead_letters(worker) == dict.fromkeys(PAGE_FAULTS, 0) | {"json": 1}


def dead_letters(worker: Worker) -> dict[str, float]:
    samples = worker.loop.samples()
    return {s.labels[0]: s.value for s in samples if s.metric is metrics.DEAD_LETTERS}


def test_what_is_suppressed_is_not_written_though_it_was_taken_before(
    new_worker: MakeWorker,
) -> None:
    """Nor waited for: its offset is committed as any other."""
    worker = new_worker(flush_age_s=10)
    worker.send("kept", "gone", links=2)
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == []
    worker.loop.controls.take([said(1, "suppress", "s.org/gone")])
    worker.loop.flush()
    assert worker.store.paths == [["/kept"]]
    assert worker.committed == 2
    counts = {s.labels: s.value for s in worker.loop.samples() if s.metric == metrics.SUPPRESSED}
    assert counts == {("page",): 1, ("link",): 0}


def test_a_batch_of_which_nothing_is_left_is_committed(new_worker: MakeWorker) -> None:
    worker = new_worker()
    worker.loop.controls.take([said(1, "suppress", "s.org")])
    worker.send("gone", links=2)
    worker.loop.turn(timeout_s=0)
    assert (worker.store.paths, worker.committed) == ([], 1)
