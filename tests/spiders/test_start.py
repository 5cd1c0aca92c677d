"""A spider whose log is away as it starts."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from pipeline.errors import LogBusy
from pipeline.settings import CrawlSettings
from spiders.crawl import Crawl
from tests.spiders.test_crawl import SlowLog


class AwayLog(SlowLog):
    """No broker answers, so often; after that the group takes us in."""

    refusals = 2

    def reader(self, group: str, topics: list[str], *, member: str) -> str:
        self.refusals -= 1
        if self.refusals >= 0:
            raise LogBusy("no brokers")
        return "reader"


def test_a_spider_waits_for_a_log_that_is_away_as_it_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("spiders.crawl.BUSY_S", 0.0)
    crawl = Crawl(cast(Any, AwayLog()), CrawlSettings())
    assert cast(Any, asyncio.run(crawl._joined())) == "reader"
    assert crawl.retries == 2


def test_a_spider_that_is_stopped_waits_for_no_log() -> None:
    crawl = Crawl(cast(Any, AwayLog()), CrawlSettings())
    crawl.stop()
    asyncio.run(crawl._work(cast(Any, None)))
    assert (crawl.retries, crawl._error) == (0, None)
