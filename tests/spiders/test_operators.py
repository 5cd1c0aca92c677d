"""What operators say, in a spider: it pauses, leaves alone what is barred, keeps longer delays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import pytest
from msgspec.structs import replace

from pipeline.control import Controls
from pipeline.frontier.request import encode
from pipeline.log import Partition, Record
from pipeline.settings import CrawlSettings
from spiders.crawl import Crawl, _Item
from spiders.fetch import Fetched
from spiders.hold import Held
from spiders.patience import BACK_OFF_S
from spiders.visit import Visitor
from tests.pipeline.said import controls, said
from tests.spiders.test_crawl import NoNetwork, SlowLog, one_request


async def visited(heard: Controls) -> Crawl:
    log = SlowLog()
    crawl = Crawl(cast(Any, log), CrawlSettings(delay_s=0.5), controls=heard)
    found = one_request(crawl, NoNetwork())
    publishing = asyncio.create_task(crawl.publisher.run())
    visit = asyncio.create_task(crawl._visit(*found))
    while not (visit.done() or log.futures):
        await asyncio.sleep(0.01)
    for future in log.futures:
        future.set_result([0])
    await visit
    publishing.cancel()
    return crawl


@pytest.mark.parametrize(("verb", "name"), [("block", "a.example"), ("suppress", "a.example")])
def test_a_request_to_what_is_barred_is_settled_unfetched_and_counted(verb: str, name: str) -> None:
    crawl = asyncio.run(visited(controls(said(1, verb, name))))
    assert (crawl.counts["barred"], crawl.counts["pages"]) == (1, 0)
    assert crawl.offsets.commits()[Partition("requests", 0)].offset == 1
    assert crawl.scheduler.next_due() is None
    left = {s.labels: s.value for s in crawl.samples() if s.metric.name.endswith("_left")}
    assert left["barred",] == 1


def test_what_is_said_of_another_host_changes_nothing() -> None:
    crawl = asyncio.run(visited(controls(said(1, "block", "b.example"))))
    assert (crawl.counts["barred"], crawl.counts["pages"]) == (0, 1)


@pytest.mark.parametrize(("asked_s", "kept_s"), [(0.1, 0.5), (7, 7), (BACK_OFF_S + 1, 61)])
def test_a_delay_is_kept_where_it_is_longer_than_the_spider_s_own(
    asked_s: float, kept_s: float
) -> None:
    before = time.monotonic()
    crawl = asyncio.run(visited(controls(said(1, "delay", "a.example", asked_s))))
    wait = crawl.scheduler._hosts["a.example"].next_at - before
    assert kept_s <= wait < kept_s + 5


class Web:
    """No robots.txt; http leads to https. `meanwhile` is called as the first page is asked for."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.asked: list[str] = []
        self.meanwhile = meanwhile

    async def fetch(self, url: str, headers: dict[str, str], *, any_type: bool = False) -> Fetched:
        self.asked.append(url)
        if url.endswith("/robots.txt"):
            return Fetched(404, {}, b"", "", 1)
        if url.startswith("https:"):
            return Fetched(200, {"content-type": "text/html"}, b"<p>page", "", 1)
        self.meanwhile()
        return Fetched(301, {"location": f"https{url[4:]}"}, b"", "", 1)


def over(web: Web, heard: Controls, **settings: Any) -> tuple[Crawl, tuple[str, _Item]]:
    """A spider over that web, and its one request."""
    crawl = Crawl(cast(Any, SlowLog()), CrawlSettings(**settings), controls=heard)
    found = one_request(crawl, NoNetwork())
    crawl.visitor = Visitor(Held(cast(Any, web), lambda: heard.paused), crawl.settings)
    return crawl, found


ASKED = ["http://a.example/robots.txt", "http://a.example/"]


def test_a_visit_in_the_middle_of_which_all_is_paused_is_made_later_from_the_start() -> None:
    async def visits() -> None:
        heard = Controls()
        web = Web(lambda: heard.take([said(1, "pause", "")]))
        crawl, (host, item) = over(web, heard, delay_s=0)
        await crawl._visit(host, item)
        assert web.asked == ASKED, "nothing leaves after the word"
        assert (crawl.offsets.commits(), crawl._error) == ({}, None)
        assert not crawl._may_begin()
        heard.take([said(2, "block", host), said(3, "pause", "", 0)])
        again = crawl.scheduler.pop(time.monotonic())
        assert again == (host, item)
        await crawl._visit(*again)
        assert (web.asked, crawl.counts["barred"]) == (ASKED, 1)
        assert crawl.offsets.commits()[item.partition].offset == 1

    asyncio.run(visits())


def test_what_a_pause_put_off_waits_for_the_host_s_delay() -> None:
    async def wait_s() -> float:
        crawl, (host, item) = over(
            Web(), controls(said(1, "pause", ""), said(2, "delay", "a.example", 7))
        )
        before = time.monotonic()
        await crawl._visit(host, item)
        due = crawl.scheduler.next_due()
        assert due is not None
        return due - before

    assert 7 <= asyncio.run(wait_s()) < 12


async def in_the_middle(*said_then: Record, **settings: Any) -> tuple[Web, Crawl, float]:
    """A visit in the middle of which that is said; seconds between its pages."""
    heard = Controls()
    web = Web(lambda: heard.take(said_then))
    crawl, found = over(web, heard, **settings)
    await crawl.visitor.robots.rules("http", "a.example")
    publishing = asyncio.create_task(crawl.publisher.run())
    visit = asyncio.create_task(crawl._visit(*found))
    log = cast(SlowLog, crawl.log)
    began = time.monotonic()
    while not (visit.done() or log.futures):
        await asyncio.sleep(0.01)
    visit.cancel()
    publishing.cancel()
    return web, crawl, time.monotonic() - began


def test_a_delay_is_kept_within_a_visit_too() -> None:
    web, _, took_s = asyncio.run(in_the_middle(said(1, "delay", "a.example", 0.3), delay_s=0.05))
    assert web.asked[-1] == "https://a.example/"
    assert took_s >= 0.3 + 0.3, "before robots.txt of https, and before the page"


@pytest.mark.parametrize("verb", ["block", "suppress"])
def test_a_visit_to_what_is_barred_meanwhile_ends_there(verb: str) -> None:
    web, crawl, _ = asyncio.run(in_the_middle(said(1, verb, "a.example"), delay_s=0))
    assert (web.asked, len(crawl.scheduler)) == (ASKED, 1)


def test_a_delay_that_outlasts_a_request_s_deadline_is_not_slept_through() -> None:
    web, crawl, took_s = asyncio.run(
        in_the_middle(said(1, "delay", "a.example", 80_000), delay_s=0)
    )
    assert (web.asked, len(crawl.scheduler)) == (ASKED, 1)
    assert took_s < 600


def test_what_is_put_back_for_long_holds_no_other_request_of_its_host_up() -> None:
    async def put_back() -> tuple[Crawl, _Item]:
        crawl, (host, item) = over(Web(), Controls())
        crawl.offsets.take(item.partition, 1)
        crawl.scheduler.add(host, item._replace(offset=1))
        crawl._put_back(host, item, BACK_OFF_S + 1)
        return crawl, item

    crawl, item = asyncio.run(put_back())
    assert crawl.counts["deferred"] == 1
    assert crawl.scheduler.take_out(lambda _: True) == [item]


@pytest.mark.parametrize(("asked_s", "deferred"), [(7, 0), (BACK_OFF_S + 1, 1)])
def test_a_delay_is_kept_by_who_takes_a_host_over(asked_s: float, deferred: int) -> None:
    async def taken() -> Crawl:
        crawl, (_, item) = over(Web(), controls(said(1, "delay", "a.example", asked_s)))
        crawl._assigned_at[item.partition] = time.monotonic()
        made = encode(replace(item.wanted, url="http://www.a.example/"))
        crawl._take(Record(item.partition, 1, 1, b"", made))
        return crawl

    crawl = asyncio.run(taken())
    assert crawl.counts["deferred"] == deferred
    if not deferred:
        assert crawl.scheduler.pop(time.monotonic() + asked_s - 6) is None
        assert crawl.scheduler.pop(time.monotonic() + asked_s) is not None


@pytest.mark.parametrize("full", [False, True])
def test_a_spider_that_may_begin_nothing_looks_ten_times_a_second(full: bool) -> None:
    """A host that is due, and may not be asked, would be looked at a thousand times."""

    async def turns() -> int:
        crawl, (host, item) = over(
            Web(), controls(said(1, "pause", "", 0 if full else 1)), concurrency=1
        )
        crawl.scheduler.put_back(host, item)
        crawl.scheduler.done(host, 0.0)
        crawl.in_flight = int(full)
        feeding = asyncio.create_task(asyncio.sleep(60))
        looks, clear = 0, crawl._wake.clear

        def looked() -> None:
            nonlocal looks
            looks += 1
            clear()

        crawl._wake.clear = looked  # type: ignore[method-assign]
        with suppress(TimeoutError):
            await asyncio.wait_for(crawl._dispatch(set(), feeding), 0.35)
        feeding.cancel()
        return looks

    assert asyncio.run(turns()) <= 4
