"""The rules of the hand-over, each broken in turn, in a small copy of the simulation."""

from __future__ import annotations

from functools import cache

import pytest

from pipeline.settings import CrawlSettings
from tests.benchmarks import bench_handover
from tests.benchmarks.bench_handover import Counted, Rules, World, perfect


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"HOSTS": 3_000, "RATE": 12.5, "CONCURRENCY": 32, "HORIZON_S": 650.0}
    for name, size in sizes.items():
        monkeypatch.setattr(bench_handover, name, size)


@cache
def crawled(rules: Rules) -> tuple[float, Counted]:
    """Pages beside the perfect dispatcher's, and all that was counted."""
    found = World(rules).run()
    return found.pages / perfect(), found


def test_all_together_keep_spiders_busy_and_hosts_in_peace() -> None:
    share, found = crawled(Rules())
    assert share >= 0.95
    assert found.early == 0
    assert found.twice <= 50
    assert found.in_hand <= 100 * bench_handover.RATE


@pytest.mark.parametrize(
    "rules",
    [
        Rules(cap="none"),
        Rules(interleave=False, window_s=10),
        Rules(counts="watermark"),
        Rules(bitmap=False),
        Rules(lease_s=-120),
    ],
)
def test_each_is_needed_for_it(rules: Rules) -> None:
    assert crawled(rules)[0] < crawled(Rules())[0] - 0.05


def test_without_quarantine_a_host_is_asked_by_two_within_its_delay() -> None:
    assert crawled(Rules(quarantine=False))[1].early > 0


def test_a_shorter_lease_and_watermarks_alone_have_pages_fetched_twice() -> None:
    usual = crawled(Rules())[1].twice
    assert crawled(Rules(lease_s=-120))[1].twice > 5 * usual
    assert crawled(Rules(bitmap=False))[1].twice > 5 * usual


def test_a_window_is_100_s_of_100_requests_a_second_and_no_more_is_lost_with_a_spider() -> None:
    assert CrawlSettings().window == 100 * 100
