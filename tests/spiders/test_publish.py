"""A page is published when the log has it, however often it has to be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, cast

import pytest

from pipeline.errors import LogBusy, LogFull, LogRefused
from pipeline.log import PAGES, Message
from pipeline.page import decode
from spiders import publish
from spiders.publish import BATCH, Publisher
from tests.support.records import START, Link, page


class Log:
    """Takes what it is given, but for `errors`: some when it is asked, some in the answer."""

    record_bytes = 1 << 20

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.taken: list[list[Message]] = []

    def append(self, topic: str, messages: Sequence[Message]) -> Future[list[int]]:
        assert topic == PAGES
        answer: Future[list[int]] = Future()
        if not self.errors:
            self.taken.append(list(messages))
            answer.set_result(list(range(len(messages))))
        elif len(self.errors) % 2:
            raise self.errors.pop(0)
        else:
            answer.set_exception(self.errors.pop(0))
        return answer


def published(log: Log, count: int = 1) -> list[BaseException | None]:
    """What became of so many pages, published side by side."""

    async def work() -> list[BaseException | None]:
        publisher = Publisher(cast(Any, log))
        running = asyncio.create_task(publisher.run())
        pages = [page(f"https://s{i}.org/", START, [Link("https://t.org/")]) for i in range(count)]
        ends = await asyncio.gather(*map(publisher.publish, pages), return_exceptions=True)
        running.cancel()
        return ends

    return asyncio.run(work())


def test_pages_travel_together_keyed_by_domain() -> None:
    log = Log()
    assert published(log, BATCH + 1) == [None] * (BATCH + 1)
    assert [len(messages) for messages in log.taken] == [BATCH, 1]
    sent = [message for messages in log.taken for message in messages]
    assert [message.key.decode() for message in sent] == [f"s{i}.org" for i in range(BATCH + 1)]


def test_a_log_that_is_away_is_asked_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "RETRY_S", (0.001, 0.004))
    log = Log(*[LogBusy("no broker answers")] * 6)
    assert published(log, 3) == [None] * 3
    assert [len(messages) for messages in log.taken] == [3]


@pytest.mark.parametrize("error", [LogRefused("no such topic"), LogFull("log.sqlite")])
def test_what_no_next_try_mends_is_told_to_each_page(error: Exception) -> None:
    assert published(Log(error), 3) == [error] * 3


def test_a_page_over_the_limit_travels_in_parts() -> None:
    log = Log()
    log.record_bytes = 2_000
    many = page("https://s.org/", START, [Link(f"https://t{i}.org/") for i in range(50)])

    async def work() -> None:
        publisher = Publisher(cast(Any, log))
        running = asyncio.create_task(publisher.run())
        await publisher.publish(many)
        running.cancel()

    asyncio.run(work())
    (messages,) = log.taken
    parts = [decode(message.value) for message in messages]
    assert len(parts) > 1
    assert [part.part for part in parts] == list(range(1, len(parts) + 1))
    assert [t for part in parts for t in part.external.target] == many.external.target


def test_a_page_that_can_not_be_cut_small_enough_names_the_setting() -> None:
    log = Log()
    log.record_bytes = 100
    (error,) = published(log)
    assert isinstance(error, LogRefused)
    assert "kafka.record_bytes" in str(error)
