"""When a page is due again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.frontier.due import Next, next_visit
from pipeline.page import OUTCOMES, Outcome, Page, Request
from pipeline.settings import RevisitSettings
from tests.support.changing_web import adaptive, best, fixed, rates
from tests.support.records import START, page

POLICY = RevisitSettings()
NOW = START // 1000
HOUR, DAY = 3_600, 86_400


def visited(
    outcome: Outcome = "ok", *, interval_s: int = 0, changed: bool = False, attempt: int = 0,
    **more: Any,
) -> Page:  # fmt: skip
    one = page("https://s.org/", START, ["https://t.org/"], outcome=outcome, **more)
    carried = Request(
        interval_s=interval_s, attempt=attempt, digest="another" if changed else one.digest
    )
    return page(
        "https://s.org/", START, ["https://t.org/"], outcome=outcome, request=carried, **more
    )


@pytest.mark.parametrize(
    ("one", "after_s", "interval_s"),
    [
        (visited(), 7 * DAY, 7 * DAY),
        (visited(interval_s=8 * DAY), 12 * DAY, 12 * DAY),
        (visited(interval_s=8 * DAY, changed=True), 4 * DAY, 4 * DAY),
        (visited("not_modified", interval_s=8 * DAY, changed=True), 12 * DAY, 12 * DAY),
        (visited("redirect", interval_s=8 * DAY, changed=True), 4 * DAY, 4 * DAY),
        (visited(interval_s=80 * DAY), 90 * DAY, 90 * DAY),
        (visited(interval_s=HOUR, changed=True), HOUR, HOUR),
        (visited("robots", interval_s=8 * DAY, changed=True), 8 * DAY, 8 * DAY),
        (visited("robots", incomplete="robots.txt", attempt=3), 7 * DAY, 7 * DAY),
        (visited("refused", interval_s=8 * DAY, changed=True), 8 * DAY, 8 * DAY),
        (visited(interval_s=8 * DAY, changed=True, complete=False, incomplete="consent"),
         8 * DAY, 8 * DAY),
        (visited(interval_s=8 * DAY, complete=False, incomplete="parked"), 12 * DAY, 12 * DAY),
        (visited("gone", interval_s=8 * DAY), 14 * DAY, 8 * DAY),
    ],
)  # fmt: skip
def test_the_next_visit_follows_from_this_one(one: Page, after_s: int, interval_s: int) -> None:
    assert next_visit(one, POLICY) == Next(NOW + after_s, interval_s, 0)


@pytest.mark.parametrize("outcome", ["error", "timeout", "blocked"])
def test_failures_wait_ever_longer_and_leave_the_interval(outcome: Outcome) -> None:
    waits = []
    for attempt in range(7):
        found = next_visit(visited(outcome, interval_s=8 * DAY, attempt=attempt), POLICY)
        assert (found.interval_s, found.failures) == (8 * DAY, attempt + 1)
        waits.append(found.due_s - NOW)
    assert waits == [HOUR, 4 * HOUR, 16 * HOUR, 64 * HOUR, 256 * HOUR, 1024 * HOUR, 90 * DAY]


@pytest.mark.parametrize("why", ["challenge", "cut"])
def test_a_challenge_or_a_cut_is_a_failure(why: str) -> None:
    found = next_visit(visited(complete=False, incomplete=why, attempt=1), POLICY)
    assert found == Next(NOW + 4 * HOUR, 0, 2)


@pytest.mark.parametrize("why", ["status 503", "status 429", "timeout", "connection", "dns", "tls"])
def test_a_robots_txt_that_can_not_be_had_is_a_failure(why: str) -> None:
    for attempt, wait in enumerate([HOUR, 4 * HOUR, 16 * HOUR]):
        one = visited(
            "robots", interval_s=8 * DAY, attempt=attempt, incomplete=f"robots.txt: {why}"
        )
        assert next_visit(one, POLICY) == Next(NOW + wait, 8 * DAY, attempt + 1)


@pytest.mark.parametrize("why", ["too many wildcards", "private", "port", "size", "headers"])
def test_a_robots_txt_that_is_refused_is_none(why: str) -> None:
    one = visited("robots", interval_s=8 * DAY, changed=True, incomplete=f"robots.txt: {why}")
    assert next_visit(one, POLICY) == Next(NOW + 8 * DAY, 8 * DAY, 0)


def test_a_visit_that_succeeds_ends_the_failures() -> None:
    assert next_visit(visited(attempt=5), POLICY).failures == 0


_policies = st.builds(
    RevisitSettings,
    first_s=st.integers(0, 400 * DAY),
    shortest_s=st.integers(0, 10 * DAY),
    longest_s=st.integers(10 * DAY, 400 * DAY),
    failed_s=st.integers(0, 10 * DAY),
    gone_s=st.integers(0, 400 * DAY),
)
_visits = st.builds(
    visited,
    st.sampled_from(OUTCOMES),
    interval_s=st.integers(0, 2**32 - 1),
    changed=st.booleans(),
    attempt=st.integers(0, 65_535),
    complete=st.booleans(),
    incomplete=st.sampled_from(
        ["", "challenge", "cut", "consent", "robots.txt", "robots.txt: tls"]
    ),
)


@given(_visits, _policies)
def test_it_is_pure_and_within_its_bounds(one: Page, policy: RevisitSettings) -> None:
    found = next_visit(one, policy)
    assert found == next_visit(one, policy)
    wait = found.due_s - NOW
    assert 0 <= wait <= max(policy.longest_s, policy.gone_s)
    assert found.due_s < 2**32
    assert 0 <= found.interval_s < 2**32
    assert 0 <= found.failures <= 12
    if not found.failures and one.outcome != "gone":
        assert policy.shortest_s <= found.interval_s == wait <= policy.longest_s


@pytest.mark.parametrize("seed", [1, 2])
def test_a_changing_web_is_seen_to_change_more_than_at_any_fixed_interval(seed: int) -> None:
    """A simulation of half a year at equal visits, beside whoever knows each page's rate."""
    web = rates(1_000, seed)
    seen = adaptive(web, 180, seed, POLICY)
    assert seen.changes >= 1.5 * fixed(web, 180, seen.visits)
    assert 0.8 * best(web, 180, seen.visits) <= seen.changes
    assert seen.changes <= 1.02 * best(web, 180, seen.visits), "chance alone is above the best"


def test_the_best_split_of_visits_is_better_than_any_nearby() -> None:
    web = np.array([0.01, 0.1, 1.0, 5.0])
    found = best(web, 100, 200)
    dice = np.random.default_rng(3)
    for _ in range(2_000):
        often = dice.dirichlet(np.ones(4)) * 2.0
        assert (often * -np.expm1(-web / often)).sum() * 100 <= found * (1 + 1e-6)
    assert fixed(web, 100, 200) < found
