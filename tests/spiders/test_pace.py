"""A host that is slow or overloaded is left alone for longer, and not for ever."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.page import Page, Request
from spiders import pace as subject
from spiders.pace import LONGEST_S, Pace, retry_after_s
from tests.support.records import START, page

NOW = START / 1000


def answer(
    status: int, *, latency_ms: int = 0, delay_s: float = 0.0, host: str = "a.example"
) -> Page:
    request = Request(latency_ms=latency_ms, delay_s=delay_s)
    return page(f"http://{host}/", START, outcome="error", status=status, request=request)


@pytest.mark.parametrize("status", [429, 503])
def test_overload_doubles_the_delay_and_success_halves_it_again(status: int) -> None:
    pace = Pace()
    up = [pace.after(answer(status), 1.0) for _ in range(4)]
    down = [pace.after(answer(200), 1.0) for _ in range(5)]
    assert up == [2.0, 4.0, 8.0, 16.0]
    assert down == [8.0, 4.0, 2.0, 1.0, 1.0]


def test_an_overloaded_host_has_a_delay_even_where_none_is_wanted() -> None:
    pace = Pace()
    assert pace.after(answer(200, latency_ms=900), 0.0) == 0.0
    assert pace.after(answer(429), 0.0) == 2.0
    assert pace.after(answer(200), 0.0) == 0.0


def test_a_slow_host_rests_as_long_as_it_worked() -> None:
    assert Pace().after(answer(200, latency_ms=4_000), 1.0) == 4.0


def test_what_the_host_asks_for_is_the_least() -> None:
    pace = Pace()
    assert pace.after(answer(200, delay_s=10.0), 1.0) == 10.0
    assert pace.after(answer(503, delay_s=120.0), 1.0) == 120.0


def test_no_delay_grows_beyond_the_longest() -> None:
    pace = Pace()
    delays = [pace.after(answer(503, latency_ms=30_000), 30.0) for _ in range(40)]
    assert max(delays) == LONGEST_S
    assert all(earlier <= later for earlier, later in pairwise(delays))


def test_only_hosts_in_trouble_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "REMEMBERED", 100)
    pace = Pace()
    for number in range(1_000):
        pace.after(answer(200, host=f"good{number}.example"), 1.0)
        pace.after(answer(503, host=f"bad{number}.example"), 1.0)
    assert len(pace._strikes) == 100
    assert pace.after(answer(503, host="bad999.example"), 1.0) == 4.0, "the latest are kept"
    assert pace.after(answer(503, host="bad0.example"), 1.0) == 2.0


def test_retry_after_in_seconds_or_as_a_date() -> None:
    at = format_datetime(datetime.fromtimestamp(NOW + 90, UTC), usegmt=True)
    assert retry_after_s("120", lambda: NOW) == 120.0
    assert retry_after_s(" 7 ", lambda: NOW) == 7.0
    assert retry_after_s(at, lambda: NOW) == pytest.approx(90, abs=1)


@pytest.mark.parametrize(
    "header",
    ["", "-5", "1.5", "soon", "Thu, 99 Xyz 2023 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
     "١٢", "1" * 5 + "x", "\x00", "Mon, 01 Jan 99999 00:00:00 GMT"],
)  # fmt: skip
def test_a_retry_after_that_says_nothing_asks_for_nothing(header: str) -> None:
    assert retry_after_s(header, lambda: NOW) == 0.0


@given(st.one_of(st.text(max_size=60), st.integers(0, 10**40).map(str)))
def test_no_retry_after_is_longer_than_the_longest(header: str) -> None:
    found = retry_after_s(header)
    assert math.isfinite(found)
    assert 0 <= found <= LONGEST_S
