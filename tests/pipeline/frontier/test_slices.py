"""Slices: how many, whose, and that planners together plan each URL once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.frontier.plan import Planner
from pipeline.frontier.request import decode
from pipeline.frontier.slices import BUCKETS, SLICE, Share, slices
from pipeline.log import PLAN, REQUESTS, Message
from pipeline.log.sqlite import SqliteLog
from pipeline.settings import PlanSettings
from pipeline.url import canonical
from tests.support.faults import Clock
from tests.support.stores import AnyStore

ALL = list(range(BUCKETS))
NOW = 1_700_000_000


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def log(tmp_path: Path, clock: Clock) -> Iterator[SqliteLog]:
    opened = SqliteLog(tmp_path / "log.sqlite", clock=clock, heartbeat_s=0, partitions=4)
    yield opened
    opened.close()


@given(
    st.sets(st.integers(0, 127)).map(lambda eights: [b for b in ALL if b // 8 in eights]),
    st.integers(0, 10**9),
    st.integers(0, BUCKETS - 1),
)  # fmt: skip
def test_slices_hold_every_bucket_once_and_few_urls(mine: list[int], known: int, at: int) -> None:
    found = list(slices(mine, known, at))
    assert sorted(bucket for slice_ in found for bucket in slice_) == mine
    for slice_ in found:
        assert len(slice_) == 1 or known * len(slice_) / BUCKETS <= SLICE


def test_few_urls_are_one_slice_and_a_hundred_million_a_thousand() -> None:
    assert list(slices(ALL, SLICE)) == [ALL]
    assert len(list(slices(ALL, 20_000_000))) == 256
    assert len(list(slices(ALL, 100_000_000))) == 1024


def test_the_next_plan_goes_on_with_the_next_slice() -> None:
    first, *_ = slices(ALL, 20_000_000, 512)
    assert first == [512, 513, 514, 515]


def test_planners_share_every_bucket_and_one_that_leaves_gives_its_own_to_the_others(
    log: SqliteLog, clock: Clock
) -> None:
    log.append(REQUESTS, [Message(b"k", b"v")] * 8).result()
    one = Share(log, "1")
    assert one.buckets() == ALL
    two = Share(log, "2")
    assert two.buckets() == [], "nothing is taken before it is given"
    halves = [one.buckets(), two.buckets()]
    assert sorted(halves[0] + halves[1]) == ALL
    assert min(map(len, halves)) == BUCKETS // 2
    clock.now += 31
    assert two.buckets() == ALL, "of one that died, once its session is over"
    one.close()
    two.close()
    assert log.lag(PLAN) == {}, "they read nothing, so that they are never behind"
    assert log.trim(REQUESTS, older_than_ms=(NOW + 99) * 1000) == 0, "and no group has read it"
    crawl = log.reader("crawl", [REQUESTS])
    assert len(crawl.poll(timeout_s=0)) == 8
    crawl.close()


@pytest.mark.embedded
def test_two_planners_plan_each_url_once_and_at_worst_twice_in_a_rebalance(
    store: AnyStore, log: SqliteLog, clock: Clock
) -> None:
    urls = {f"https://a{i}.org/" for i in range(60)}
    reader = log.reader("crawl", [REQUESTS])

    def planner(member: str) -> Planner:
        settings = PlanSettings(scope="open", deadline_s=60)
        return Planner(store, log, settings, 0.0, share=Share(log, member), clock=clock)

    def planned() -> list[str]:
        return sorted(decode(record.value).url for record in reader.poll(timeout_s=0))

    one, two = planner("1"), planner("2")
    one.share.poll()  # type: ignore[union-attr]
    one.seed(canonical(url) for url in urls)
    counts = [one.plan(1_000), two.plan(1_000)]
    assert min(counts) > 10
    assert planned() == sorted(urls)
    # Two has one's slices too, whose leases it sees; one, that was thought dead, doesn't know yet.
    clock.now += 61 + 120
    two.share.poll()  # type: ignore[union-attr]
    two.share.poll()  # type: ignore[union-attr]
    assert two.plan(1_000) == 60
    planned()
    clock.now += 1
    assert one.plan(1_000) == 0, "what is leased is left"
    for each in (one, two):
        each.share.close()  # type: ignore[union-attr]
    reader.close()
