"""A spider over a real log: what it settles and when, and that a killed one loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest

from demo.serve import Answer, Asked, LoopbackWeb
from pipeline.errors import LogBusy, LogFull, NotOwner
from pipeline.frontier.request import Wanted, encode
from pipeline.log import (
    CRAWL,
    DEAD_REQUESTS,
    PAGES,
    REQUESTS,
    Committed,
    Message,
    Partition,
    Record,
)
from pipeline.log.sqlite import SqliteLog
from pipeline.page import Page, Request, decode
from pipeline.settings import CrawlSettings
from pipeline.url import Url, canonical, suffix_list_version
from spiders.crawl import Crawl, _Item
from spiders.patience import FAILURES
from spiders.publish import Publisher
from tests.support.command import at, start
from tests.support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.xdist_group("spiders")

LATER = int(time.time() * 1000) + 3_600_000


def request(url: str, *, deadline: int = LATER) -> Message:
    domain = canonical(url).domain
    return Message(domain.encode(), encode(Wanted(url=url, deadline=deadline)))


def respond(asked: Asked) -> Answer:
    if asked.path == "/robots.txt":
        return Answer(404)
    return Answer(200, b"<title>t</title><p>page", [("Content-Type", "text/html")])


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    (tmp_path / "data").mkdir()
    found = SqliteLog(tmp_path / "data" / "log.sqlite")
    yield found
    found.close()


def pages(log: SqliteLog) -> list[Page]:
    return [decode(record.value) for record in log.read_all(PAGES)]


def behind(log: SqliteLog) -> int:
    """Requests that no spider has committed."""
    lag = [count for (group, _), count in log.lag().items() if group == CRAWL]
    return sum(lag) if lag else log.count(REQUESTS)


def crawled(
    log: SqliteLog, web: LoopbackWeb, *flags: object, environment: dict[str, str] | None = None
) -> str:
    """One worker until all requests are settled; what it said."""
    arguments = ["worker", "crawl", *at(web), *flags]
    with start(*arguments, data=log.path.parent, environment=environment) as worker:
        until(lambda: behind(log) == 0, log.lag, worker)
        worker.send_signal(signal.SIGTERM)
        _, err = worker.communicate(timeout=PATIENCE_S)
    assert worker.returncode == 0, err
    return err


# --- settling, on one event loop, with a log that can be made to wait and to fail ---


class SlowLog:
    """Acknowledges when it is told to."""

    record_bytes = 1 << 20

    def __init__(self) -> None:
        self.futures: list[Future[list[int]]] = []
        self.appended = threading.Event()

    def append(self, topic: str, messages: Sequence[Message]) -> Future[list[int]]:
        future: Future[list[int]] = Future()
        self.futures.append(future)
        self.appended.set()
        return future


class NoNetwork:
    async def asks_first(self, url: Url) -> float:
        return 0.0

    async def visit(self, url: Url, wanted: Wanted, goes_on: object) -> Page:
        return Page(
            suffix_list=suffix_list_version(), url=url.url, host=url.host, path=url.path,
            domain=url.domain, fetched_at=1, outcome="ok", status=200, request=wanted.carried,
        )  # fmt: skip


def one_request(crawl: Crawl, visitor: NoNetwork) -> tuple[str, _Item]:
    """Taken, and due."""
    partition = Partition(REQUESTS, 0)
    crawl.offsets.start(partition, None)
    crawl.offsets.take(partition, 0)
    crawl.visitor = cast(Any, visitor)
    crawl.publisher = Publisher(crawl.log)
    crawl._wake = asyncio.Event()
    wanted = Wanted(url="http://a.example/", deadline=LATER, carried=Request())
    crawl.scheduler.add("a.example", _Item(partition, 0, canonical(wanted.url), wanted))
    found = crawl.scheduler.pop(0.0)
    assert found is not None
    return found


async def one_visit(
    crawl: Crawl, log: SlowLog, acknowledge: Callable[[Future[list[int]]], None]
) -> list[bool]:
    """Is the request settled before the log's word, and after?"""
    found = one_request(crawl, NoNetwork())
    publishing = asyncio.create_task(crawl.publisher.run())
    visit = asyncio.create_task(crawl._visit(*found))
    await asyncio.to_thread(log.appended.wait)
    before = bool(crawl.offsets.commits())
    acknowledge(log.futures[0])
    await visit
    publishing.cancel()
    return [before, bool(crawl.offsets.commits())]


class Hanging(NoNetwork):
    async def visit(self, url: Url, wanted: Wanted, goes_on: object) -> Page:
        await asyncio.sleep(3600)
        return await super().visit(url, wanted, goes_on)


def test_a_visit_that_outlasts_the_time_to_stop_in_is_ended_unsettled() -> None:
    async def stopped() -> tuple[Crawl, asyncio.Task[None]]:
        crawl = Crawl(cast(Any, SlowLog()), CrawlSettings(timeout_s=0.1))
        found = one_request(crawl, Hanging())
        visit = asyncio.create_task(crawl._visit(*found))
        crawl.in_flight += 1
        await crawl._end({visit})
        return crawl, visit

    crawl, visit = asyncio.run(stopped())
    assert visit.cancelled()
    assert crawl.in_flight == 0
    assert not crawl.offsets.commits()


class Mistaken(NoNetwork):
    async def visit(self, url: Url, wanted: Wanted, goes_on: object) -> Page:
        raise ValueError(url.url)


def test_a_mistake_of_ours_in_a_visit_stops_the_worker_unsettled() -> None:
    async def visited() -> Crawl:
        crawl = Crawl(cast(Any, SlowLog()), CrawlSettings())
        await crawl._visit(*one_request(crawl, Mistaken()))
        return crawl

    crawl = asyncio.run(visited())
    assert isinstance(crawl._error, ValueError)
    assert not crawl.offsets.commits()


class BusyReader:
    """Has one request, and can't say at first where its partition stands."""

    def __init__(self) -> None:
        self.waits = [Record(Partition(REQUESTS, 0), 5, 1, b"", request("http://a.example/").value)]
        self.refusals = 2

    def poll(self, *, timeout_s: float, max_records: int = 500) -> list[Record]:
        found, self.waits = self.waits, []
        return found

    def revoked(self) -> set[Partition]:
        return set()

    def assigned(self) -> set[Partition]:
        return {Partition(REQUESTS, 0)}

    def committed(self, partition: Partition) -> Committed:
        if self.refusals:
            self.refusals -= 1
            raise LogBusy("no coordinator")
        return Committed(5)


def test_a_log_that_is_busy_as_a_partition_comes_costs_no_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("spiders.crawl.BUSY_S", 0.0)

    async def fill() -> Crawl:
        crawl = Crawl(cast(Any, SlowLog()), CrawlSettings())
        crawl._wake = asyncio.Event()
        reader = cast(Any, BusyReader())
        for _ in range(3):
            with contextlib.suppress(LogBusy):
                await crawl._fill(reader)
        return crawl

    crawl = asyncio.run(fill())
    assert len(crawl.scheduler) == 1
    assert crawl.retries == 2


class RebalancingReader:
    """Takes no commit at first, though the partition stays with this worker."""

    def __init__(self) -> None:
        self.refusals = 2  # all at once, and then one by one
        self.commits: list[Mapping[Partition, Committed]] = []

    def commit(self, offsets: Mapping[Partition, Committed]) -> None:
        self.refusals -= 1
        if self.refusals >= 0:
            raise NotOwner(REQUESTS, 0)
        self.commits.append(offsets)


def test_a_commit_that_a_rebalance_refuses_is_made_later() -> None:
    crawl, reader = Crawl(cast(Any, SlowLog()), CrawlSettings()), RebalancingReader()
    partition = Partition(REQUESTS, 0)
    crawl.offsets.start(partition, Committed(0))
    crawl.offsets.take(partition, 0)
    crawl.offsets.settle(partition, 0)

    async def commit() -> None:
        await crawl._commit(cast(Any, reader))

    asyncio.run(commit())
    assert reader.commits == []
    asyncio.run(commit())
    assert reader.commits == [{partition: Committed(1)}]


def test_a_request_is_settled_only_when_the_log_has_its_page() -> None:
    log = SlowLog()
    crawl = Crawl(cast(Any, log), CrawlSettings())
    settled = asyncio.run(one_visit(crawl, log, lambda future: future.set_result([0])))
    assert settled == [False, True]
    assert crawl.counts["pages"] == 1


def test_a_page_that_the_log_does_not_take_leaves_its_request_open() -> None:
    log = SlowLog()
    crawl = Crawl(cast(Any, log), CrawlSettings())
    full = LogFull("log.sqlite")
    settled = asyncio.run(one_visit(crawl, log, lambda future: future.set_exception(full)))
    assert settled == [False, False]
    assert crawl._error is full
    assert crawl.counts["pages"] == 0


# --- workers as processes, over a web on loopback ---


def test_every_request_becomes_one_page_record(log: SqliteLog) -> None:
    urls = [f"{scheme}://h{i}.example/{i}" for i in range(10) for scheme in ("http", "https")]
    log.append(REQUESTS, [request(url) for url in urls]).result()
    with LoopbackWeb(respond) as web:
        said = crawled(log, web, "--delay", 0)
    assert said == "20 pages\n"
    assert sorted(page.url for page in pages(log)) == sorted(urls)


@pytest.mark.parametrize("killed_at", [3, 25])
def test_a_killed_worker_loses_nothing_and_another_finishes(log: SqliteLog, killed_at: int) -> None:
    urls = [f"http://h{i}.example/{page}" for page in range(5) for i in range(12)]
    log.append(REQUESTS, [request(url) for url in urls]).result()
    reached = threading.Event()
    seen = 0

    def counting(asked: Asked) -> Answer:
        nonlocal seen
        seen += asked.path != "/robots.txt"
        if seen >= killed_at:
            reached.set()
        return respond(asked)

    with LoopbackWeb(counting) as web:
        arguments = ["worker", "crawl", *at(web), "--delay", "0.05"]
        with start(*arguments, data=log.path.parent) as worker:
            assert reached.wait(PATIENCE_S)
            worker.kill()
            worker.communicate(timeout=PATIENCE_S)
        assert worker.returncode == -signal.SIGKILL
        assert behind(log) > 0
        crawled(log, web, "--delay", 0)
        asked = Counter(
            f"{line.scheme}://{line.host}{line.path}"
            for line in web.log
            if line.path != "/robots.txt"
        )
    assert {page.url for page in pages(log)} == set(urls)
    # Fetched again: what was in flight, and what was settled since the last commit, a second ago.
    assert max(asked.values()) <= 2


def test_two_workers_share_the_requests_and_fetch_none_twice(log: SqliteLog) -> None:
    urls = [f"http://h{i}.example/{page}" for page in range(4) for i in range(16)]
    with LoopbackWeb(respond) as web:
        arguments = ["worker", "crawl", *at(web), "--delay", 0]
        data = log.path.parent
        with start(*arguments, data=data) as first, start(*arguments, data=data) as second:
            until(lambda: owners(log) == 2, log.lag, first)
            log.append(REQUESTS, [request(url) for url in urls]).result()
            until(lambda: behind(log) == 0 and len(pages(log)) >= len(urls))
            for worker in (first, second):
                worker.send_signal(signal.SIGTERM)
            shares = [
                int(worker.communicate(timeout=PATIENCE_S)[1].split()[0])
                for worker in (first, second)
            ]
    assert sum(shares) == len(urls)
    assert min(shares) > 0
    assert sorted(page.url for page in pages(log)) == sorted(urls)


def owners(log: SqliteLog) -> int:
    with sqlite3.connect(log.path) as connection:
        (count,) = connection.execute(
            "SELECT count(DISTINCT member) FROM owners WHERE member_group = ?", (CRAWL,)
        ).fetchone()
    connection.close()
    return int(count)


def test_a_host_gets_one_request_at_a_time_with_the_delay_between(log: SqliteLog) -> None:
    hosts = ["a.example", "b.example"]
    urls = [f"http://{host}/{page}" for page in range(4) for host in hosts]
    log.append(REQUESTS, [request(url) for url in urls]).result()
    with LoopbackWeb(respond) as web:
        crawled(log, web, "--delay", "0.3")
        times: dict[str, list[float]] = defaultdict(list)
        for line in web.log:
            times[line.host].append(line.at)
    for host in hosts:
        gaps = [later - earlier for earlier, later in pairwise(times[host])]
        assert len(gaps) == 4  # robots.txt and four pages
        assert min(gaps) >= 0.3


def test_a_crawl_delay_of_robots_txt_is_kept(log: SqliteLog) -> None:
    def slow_please(asked: Asked) -> Answer:
        if asked.path == "/robots.txt":
            return Answer(200, b"User-agent: *\nCrawl-delay: 0.4", [("Content-Type", "text/plain")])
        return respond(asked)

    log.append(REQUESTS, [request(f"http://a.example/{page}") for page in range(3)]).result()
    with LoopbackWeb(slow_please) as web:
        crawled(log, web, "--delay", 0)
        times = [line.at for line in web.log]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.4


def test_an_overloaded_host_is_left_alone_for_as_long_as_it_asks(log: SqliteLog) -> None:
    def overloaded(asked: Asked) -> Answer:
        if asked.path == "/0":
            return Answer(429, b"later", [("Retry-After", "3"), ("Content-Type", "text/html")])
        return respond(asked)

    urls = [f"http://{host}.example/{page}" for page in range(2) for host in "ab"]
    log.append(REQUESTS, [request(url) for url in urls]).result()
    with LoopbackWeb(overloaded) as web:
        crawled(log, web, "--delay", 0)
        times = {(line.host, line.path): line.at for line in web.log}
    for host in ("a.example", "b.example"):
        assert times[host, "/1"] - times[host, "/0"] >= 3
    blocked = [page for page in pages(log) if page.outcome == "blocked"]
    assert [page.request.delay_s for page in blocked] == [3.0, 3.0]


def test_a_host_that_asks_for_a_long_rest_holds_no_request_up(log: SqliteLog) -> None:
    def resting(asked: Asked) -> Answer:
        if asked.host == "rests.example" and asked.path != "/robots.txt":
            return Answer(503, b"", [("Retry-After", "3000")])
        return respond(asked)

    rests = [request(f"http://rests.example/{i}") for i in range(20)]
    log.append(REQUESTS, [*rests, *(request(f"http://a.example/{i}") for i in range(3))]).result()
    with LoopbackWeb(resting) as web:
        crawled(log, web, "--delay", 0)
    found = Counter(page.host for page in pages(log))
    assert found == {"rests.example": 1, "a.example": 3}, "the rest is left to a later plan"


@pytest.mark.parametrize("bound", [2, 100])
def test_hosts_of_one_domain_are_asked_so_many_at_once(log: SqliteLog, bound: int) -> None:
    lasts_s = 0.5
    times: list[float] = []

    def slow(asked: Asked) -> Answer:
        if asked.path == "/robots.txt":
            return Answer(404)
        times.append(time.monotonic())
        return Answer(200, b"<p>page", [("Content-Type", "text/html")], delay_s=lasts_s)

    log.append(REQUESTS, [request(f"http://h{i}.owner.example/") for i in range(8)]).result()
    with LoopbackWeb(slow) as web:
        crawled(
            log, web, "--delay", 0, environment={"BACKLINKS_CRAWL__OWNER_CONCURRENCY": str(bound)}
        )
    most = max(sum(at <= t < at + 0.9 * lasts_s for t in times) for at in times)
    assert len(times) == 8
    assert 2 <= most <= bound
    assert (most > 2) == (bound > 2)


def test_a_request_past_its_deadline_is_settled_and_not_fetched(log: SqliteLog) -> None:
    late = [request(f"http://a.example/late{i}", deadline=1) for i in range(3)]
    log.append(REQUESTS, [*late, request("http://a.example/in-time")]).result()
    with LoopbackWeb(respond) as web:
        crawled(log, web, "--delay", 0)
        assert [line.path for line in web.log] == ["/robots.txt", "/in-time"]
    assert [page.path for page in pages(log)] == ["/in-time"]


def test_a_host_that_fails_is_left_alone_and_holds_nobody_up(log: SqliteLog) -> None:
    dead = [request(f"http://dead.example/{i}") for i in range(20)]
    log.append(REQUESTS, [*dead, *(request(f"http://a.example/{i}") for i in range(5))]).result()

    def mostly(asked: Asked) -> Answer:
        if asked.host == "dead.example" and asked.path != "/robots.txt":
            return Answer(200, b"late", [("Content-Type", "text/html")], delay_s=60)
        return respond(asked)

    with LoopbackWeb(mostly) as web:
        crawled(log, web, "--delay", 0, "--timeout", "0.5")
    found = Counter((page.host, page.outcome) for page in pages(log))
    assert found["dead.example", "timeout"] == FAILURES  # the rest is left to a later plan
    assert found["a.example", "ok"] == 5


def test_a_request_that_can_not_be_read_is_passed_over(log: SqliteLog) -> None:
    poison = [b"", b"{", b"[]", b'{"url": 1}', b"\xff\xfe", b'{"url":"http://a.example/"}',
              encode(Wanted(url="mailto:nobody@a.example", deadline=LATER))]  # fmt: skip
    messages = [Message(b"a.example", value) for value in poison]
    log.append(REQUESTS, [*messages, request("http://a.example/good"), *messages]).result()
    with LoopbackWeb(respond) as web:
        said = crawled(log, web, "--delay", 0)
    assert [page.path for page in pages(log)] == ["/good"]
    assert said.count("is no request") == 2 * len(poison)
    letters = list(log.read_all(DEAD_REQUESTS))
    assert Counter(letter.value for letter in letters) == Counter(2 * poison)
    assert {dict(letter.headers)["topic"] for letter in letters} == {b"requests"}
    assert "Traceback" not in said


def test_a_window_smaller_than_the_log_is_filled_again(log: SqliteLog) -> None:
    urls = [f"http://h{i % 7}.example/{i}" for i in range(60)]
    log.append(REQUESTS, [request(url) for url in urls]).result()
    with LoopbackWeb(respond) as web:
        crawled(log, web, "--delay", 0, environment={"BACKLINKS_CRAWL__WINDOW": "5"})
    assert sorted(page.url for page in pages(log)) == sorted(urls)
