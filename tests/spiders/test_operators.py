"""What operators say, in a spider: it pauses, leaves alone what is barred, keeps longer delays."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import pytest

from pipeline.control import Controls
from pipeline.log import Partition
from pipeline.settings import CrawlSettings
from spiders.crawl import Crawl
from spiders.fetch import Fetched
from spiders.hold import Held
from spiders.patience import BACK_OFF_S
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


class Counted:
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def fetch(self, url: str, headers: dict[str, str], *, any_type: bool = False) -> Fetched:
        self.asked.append(url)
        return Fetched(200, {}, b"", "", 1)


def test_a_visit_in_the_middle_of_which_all_is_paused_waits_with_its_next_request() -> None:
    async def held() -> list[str]:
        heard, under = Controls(), Counted()
        fetcher = Held(cast(Any, under), lambda: heard.paused, lambda: False)
        await fetcher.fetch("robots", {}, any_type=True)
        heard.take([said(1, "pause", "")])
        page = asyncio.create_task(fetcher.fetch("page", {}))
        await asyncio.sleep(0.3)
        assert under.asked == ["robots"]
        heard.take([said(2, "pause", "", 0)])
        assert (await page).status == 200
        return under.asked

    assert asyncio.run(held()) == ["robots", "page"]


def test_a_paused_visit_is_given_up_when_the_spider_stops() -> None:
    async def stopped() -> None:
        await Held(cast(Any, Counted()), lambda: True, lambda: True).fetch("page", {})

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stopped())
