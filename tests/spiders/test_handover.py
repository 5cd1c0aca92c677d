"""A partition comes and goes: what a spider may fetch then, and what it must leave alone.

Over a reader that says what a test wants it to have heard. That the rules hold together is shown
over a real Kafka, in tests/integration/test_handover.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from pipeline.frontier.request import Wanted, encode
from pipeline.log import REQUESTS, Committed, Partition, Record
from pipeline.page import Page, Request
from pipeline.settings import CrawlSettings
from pipeline.url import canonical
from spiders.crawl import SILENT_S, Crawl
from spiders.fetch import Fetched
from spiders.patience import BACK_OFF_S, FAILURES
from spiders.publish import Publisher
from spiders.visit import Visitor

P0, P1 = Partition(REQUESTS, 0), Partition(REQUESTS, 1)
LATER = int(time.time() * 1000) + 3_600_000


class Told:
    """A reader that has heard what it was told; its commits are not looked at."""

    def __init__(self, *partitions: Partition) -> None:
        self.owned = set(partitions)
        self.gone: set[Partition] = set()
        self.waits: list[Record] = []
        self.next: dict[Partition, int] = {}

    def gets(self, host: str, partition: Partition = P0, **wanted: Any) -> None:
        offset = self.next.get(partition, 0)
        self.next[partition] = offset + 1
        value = encode(Wanted(**{"url": f"http://{host}/{offset}", "deadline": LATER, **wanted}))
        self.waits.append(Record(partition, offset, 1, b"", value))

    def loses(self, partition: Partition) -> None:
        self.owned -= {partition}
        self.gone |= {partition}

    def poll(self, *, timeout_s: float, max_records: int = 500) -> list[Record]:
        found, self.waits = self.waits, []
        return found

    def revoked(self) -> set[Partition]:
        gone, self.gone = self.gone, set()
        return gone

    def assigned(self) -> set[Partition]:
        return set(self.owned)

    def committed(self, partition: Partition) -> Committed:
        return Committed(0)


class Web:
    """Answers at once, and writes down what it was asked for. robots.txt is never there."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.then: dict[str, Callable[[], None]] = {}  # done after an answer
        self.failed, self.redirects = "", False

    async def fetch(self, url: str, headers: dict[str, str], *, any_type: bool = False) -> Fetched:
        self.asked.append(url)
        self.then.get(url, lambda: None)()
        if url.endswith("/robots.txt"):
            return Fetched(404, {}, b"", "", 1)
        if self.failed:
            return Fetched(0, {}, b"", "", 1, failed=self.failed, outcome="timeout")
        if self.redirects and url.startswith("http:"):
            return Fetched(301, {"location": url.replace("http", "https", 1)}, b"", "", 1)
        return Fetched(200, {"content-type": "text/html"}, b"<p>page", "", 1)


def spider(reader: Told, web: Web, **settings: Any) -> Crawl:
    """As `Crawl.run` makes it, but for the engine and the log."""
    crawl = Crawl(cast(Any, None), CrawlSettings(**{"delay_s": 0, **settings}))
    crawl.visitor = Visitor(cast(Any, web), crawl.settings)
    crawl.publisher = cast(Publisher, Taking())
    crawl._reader = cast(Any, reader)
    crawl._wake = asyncio.Event()
    return crawl


class Taking:
    def __init__(self) -> None:
        self.pages: list[Page] = []

    async def publish(self, page: Page) -> None:
        self.pages.append(page)


async def fill(crawl: Crawl) -> None:
    await crawl._fill(cast(Any, crawl._reader))


async def visit(crawl: Crawl, now: float) -> None:
    """Whatever is due, one after another."""
    while (found := crawl.scheduler.pop(now)) is not None:
        crawl.in_flight += 1
        await crawl._visit(*found)
    assert crawl._error is None


def test_what_waits_of_a_revoked_partition_is_dropped_at_once_and_the_rest_stays() -> None:
    reader, web = Told(P0, P1), Web()
    for number in range(50):
        reader.gets(f"h{number}.example", P0)
    reader.gets("stays.example", P1)

    async def lose() -> Crawl:
        crawl = spider(reader, web)
        await fill(crawl)
        assert len(crawl.scheduler) == 51
        reader.loses(P0)
        await fill(crawl)
        return crawl

    crawl = asyncio.run(lose())
    assert len(crawl.scheduler) == 1
    assert crawl.counts["revoked"] == 50
    assert not crawl.offsets.knows(P0)


def test_no_visit_begins_once_the_reader_has_heard_that_the_partition_is_lost() -> None:
    """Its poll may go on for seconds, until the rebalance is over and another owner has begun."""
    reader, web = Told(P0), Web()
    reader.gets("a.example")

    async def lose() -> Crawl:
        crawl = spider(reader, web)
        await fill(crawl)
        reader.loses(P0)
        await visit(crawl, time.monotonic() + 1)
        return crawl

    crawl = asyncio.run(lose())
    assert web.asked == []
    assert crawl.counts["revoked"] == 1
    assert not crawl.offsets.commits()


@pytest.mark.parametrize("redirect", [False, True])
def test_a_partition_lost_after_robots_txt_leaves_the_page_to_its_new_owner(redirect: bool) -> None:
    reader, web = Told(P0), Web()
    web.redirects = redirect  # to https, which has a robots.txt of its own
    web.then = {f"http{'s' * redirect}://a.example/robots.txt": lambda: reader.loses(P0)}
    reader.gets("a.example")

    async def lose() -> Crawl:
        crawl = spider(reader, web)
        await fill(crawl)
        for later in (1, 2, 3):
            await visit(crawl, time.monotonic() + later)
        return crawl

    crawl = asyncio.run(lose())
    assert web.asked[-1] == next(iter(web.then)), "and nothing after it"
    assert len(web.asked) == (3 if redirect else 1)
    assert cast(Taking, crawl.publisher).pages == []
    assert not crawl.offsets.commits()


def test_the_delay_after_robots_txt_takes_no_room_from_other_hosts() -> None:
    reader, web = Told(P0), Web()
    for host in ("a", "b", "c"):
        reader.gets(f"{host}.example")

    async def crawled() -> Crawl:
        crawl = spider(reader, web, delay_s=40)
        crawl.offsets.start(P0, None)
        crawl._assigned_at[P0] = time.monotonic() - 60  # the quarantine is over
        await fill(crawl)
        await visit(crawl, time.monotonic() + 1)
        assert len(crawl.scheduler) == 3
        assert crawl.in_flight == 0
        await visit(crawl, time.monotonic() + 41)
        return crawl

    crawl = asyncio.run(crawled())
    hosts = ["a", "b", "c"]
    assert web.asked[:3] == [f"http://{host}.example/robots.txt" for host in hosts]
    assert web.asked[3:] == [f"http://{host}.example/{number}" for number, host in enumerate(hosts)]
    assert crawl.offsets.commits() == {P0: Committed(3)}


def test_a_page_that_was_asked_for_is_published_but_no_more_committed() -> None:
    reader = Told(P0)
    reader.gets("a.example")

    class Losing(Web):
        async def fetch(self, url: str, *args: Any, **more: Any) -> Fetched:
            answer = await super().fetch(url, *args, **more)
            if not url.endswith("/robots.txt"):
                reader.loses(P0)
                await fill(crawls[0])
            return answer

    crawls: list[Crawl] = []

    async def lose() -> None:
        crawls.append(spider(reader, Losing()))
        await fill(crawls[0])
        await visit(crawls[0], time.monotonic() + 1)

    asyncio.run(lose())
    assert len(cast(Taking, crawls[0].publisher).pages) == 1
    assert not crawls[0].offsets.commits()


def test_a_partition_that_comes_back_is_begun_anew_and_its_old_requests_are_gone() -> None:
    reader, web = Told(P0), Web()
    reader.gets("a.example")

    async def lose_and_regain() -> Crawl:
        crawl = spider(reader, web)
        await fill(crawl)
        reader.loses(P0)
        reader.owned = {P0}
        reader.next = {}
        reader.gets("a.example")
        await fill(crawl)
        await visit(crawl, time.monotonic() + 1)
        return crawl

    crawl = asyncio.run(lose_and_regain())
    assert web.asked == ["http://a.example/robots.txt", "http://a.example/0"]
    assert crawl.offsets.commits() == {P0: Committed(1)}


def test_who_has_not_heard_from_the_group_for_long_begins_no_visit() -> None:
    """A frozen machine, a partitioned network: its partitions may be another's."""
    reader, web = Told(P0), Web()
    reader.gets("a.example")

    async def dispatch() -> tuple[int, int]:
        crawl = spider(reader, web)
        await fill(crawl)
        crawl._heard_at -= SILENT_S
        feeding = asyncio.create_task(asyncio.Event().wait())
        dispatching = asyncio.create_task(crawl._dispatch(set(), cast(Any, feeding)))
        await asyncio.sleep(0.05)
        silent = len(web.asked)
        await fill(crawl)
        while not crawl.counts["pages"]:
            await asyncio.sleep(0.01)
        crawl.stop()
        await dispatching
        feeding.cancel()
        return silent, len(web.asked)

    assert asyncio.run(dispatch()) == (0, 2)


@pytest.mark.parametrize(
    ("delay_s", "carried", "least_s"),
    [
        (1.0, Request(), 1.0),
        (1.0, Request(delay_s=20.0), 20.0),
        (1.0, Request(latency_ms=4_000), 8.0),  # it may still answer, and then rests as long
        (1.0, Request(delay_s=5.0, latency_ms=2_000), 7.0),
        (1.0, Request(delay_s=3_000.0), BACK_OFF_S),
        (0.0, Request(), 0.0),
    ],
)
def test_on_assignment_a_host_is_left_alone_for_its_own_delay(
    delay_s: float, carried: Request, least_s: float
) -> None:
    reader = Told(P0)
    reader.gets("a.example", carried=carried)

    async def due() -> float:
        crawl = spider(reader, Web(), delay_s=delay_s)
        before = time.monotonic()
        await fill(crawl)
        at = crawl.scheduler.next_due()
        assert at is not None
        assert before <= crawl._assigned_at[P0] <= time.monotonic()
        return at - crawl._assigned_at[P0]

    assert asyncio.run(due()) == pytest.approx(least_s)


def test_requests_that_come_for_a_host_in_its_rest_are_left_to_a_later_plan_too() -> None:
    """Else they would wait in the window, and with them the offsets that may be committed."""
    reader, web = Told(P0), Web()
    web.failed = "timeout"
    for _ in range(FAILURES + 4):
        reader.gets("fails.example")

    async def fail() -> Crawl:
        crawl = spider(reader, web)
        await fill(crawl)
        await visit(crawl, time.monotonic() + 1)
        assert crawl.counts["deferred"] == 4
        reader.gets("fails.example")
        reader.gets("a.example")
        await fill(crawl)
        return crawl

    crawl = asyncio.run(fail())
    assert crawl.counts["deferred"] == 5
    assert len(crawl.scheduler) == 1
    assert crawl.offsets.commits()[P0].offset == FAILURES + 5, "all but that of a.example"


def test_a_request_past_its_deadline_is_settled_though_its_host_is_not_due() -> None:
    reader, web = Told(P0), Web()
    for _ in range(3):
        reader.gets("a.example", deadline=int(time.time() * 1000) + 40)
    reader.gets("a.example")

    async def wait() -> Crawl:
        crawl = spider(reader, web, delay_s=50)
        await fill(crawl)
        await asyncio.sleep(0.05)
        crawl._sweep()
        return crawl

    crawl = asyncio.run(wait())
    assert web.asked == []
    assert crawl.counts["skipped"] == 3
    assert crawl.offsets.commits() == {P0: Committed(3)}
    found = crawl.scheduler.pop(time.monotonic() + 51)
    assert found is not None
    assert found[1].url == canonical("http://a.example/3")
