"""One consumer in this process, over any log and store, and what the tables are held against."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from consumers.loop import Loop
from consumers.pages import PageRows
from pipeline.index.lifecycle import Lifecycle
from pipeline.log import CONSUME, DEAD_PAGES, PAGES, Log
from pipeline.log.deadletter import DeadLetters
from pipeline.page import Page
from pipeline.settings import ConsumeSettings, RevisitSettings
from pipeline.store import Store
from tests.consumers.truth import dead_letters, differences, expected, found, readable
from tests.support.faults import Clock
from tests.support.waiting import PATIENCE_S


def consumer(
    log: Log, store: Store, *, limit: int = 1000, poll_records: int = 7, clock: Clock | None = None
) -> Loop:
    return Loop(
        log.reader(CONSUME, [PAGES]),
        store,
        PageRows(RevisitSettings()),
        DeadLetters(log, DEAD_PAGES, limit=limit),
        ConsumeSettings(flush_age_s=0, poll_records=poll_records),
        background=ThreadPoolExecutor(1),
        wall=clock or time.time,
    )


def consume(loop: Loop, log: Log) -> None:
    """All that is there, then it leaves."""
    until = time.monotonic() + PATIENCE_S
    while any(count for (group, _), count in log.lag().items() if group == CONSUME):
        assert time.monotonic() < until, f"still behind: {log.lag()}"
        for _ in range(10):
            loop.turn()
    loop.stop()
    loop.run()


def hold_against_the_truth(log: Log, store: Store, job: Lifecycle | None = None) -> list[Page]:
    """The tables and the dead letters; the pages that could be read."""
    pages, poison = readable(log.read_all(PAGES))
    assert {letter[:3] for letter in dead_letters(log)} == {letter[:3] for letter in poison}
    (job or Lifecycle(store, 60)).run()
    said = differences(expected(pages), found(store))
    assert said == [], "\n".join(said)
    return pages
