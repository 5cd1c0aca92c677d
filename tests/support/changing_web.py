"""A web whose pages change their external links at rates of their own, visited by different plans.

Changes come by a Poisson process; a visit sees one where there was any since the last visit. The
mix of rates is about what is known of pages (Cho and Garcia-Molina 2000, section 3): some
change daily, more of them hardly ever.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.frontier.due import next_visit
from pipeline.settings import RevisitSettings
from tests.support.records import START, page

DAY = 86_400
_RATES = (1.0, 1 / 7, 1 / 30, 1 / 120, 1 / 1000)  # changes a day
_SHARES = (0.1, 0.15, 0.2, 0.25, 0.3)

Floats = npt.NDArray[np.float64]


class Seen(NamedTuple):
    visits: int
    changes: int  # visits that saw one


def rates(pages: int, seed: int) -> Floats:
    """float64[pages], changes a day."""
    dice = np.random.default_rng(seed)
    spread = dice.lognormal(0.0, 0.5, pages)
    chosen: Floats = dice.choice(np.array(_RATES), pages, p=_SHARES) * spread
    return chosen


def adaptive(web: Floats, days: int, seed: int, policy: RevisitSettings) -> Seen:
    """By the planner's own rule, each page when it is due."""
    dice = np.random.default_rng(seed)
    one = page("https://s.org/", START, ["https://t.org/"])
    start = START // 1000
    due = [(start + int(dice.integers(policy.first_s)), number, 0) for number in range(len(web))]
    heapq.heapify(due)
    last = np.full(len(web), start)
    visits = changes = 0
    while due and due[0][0] < start + days * DAY:
        at, number, interval_s = heapq.heappop(due)
        changed = dice.random() < -np.expm1(-web[number] * (at - last[number]) / DAY)
        last[number] = at
        visits += 1
        changes += changed
        carried = msgspec.structs.replace(
            one.request, interval_s=interval_s, digest="another" if changed else one.digest
        )
        visited = msgspec.structs.replace(one, fetched_at=at * 1000, request=carried)
        following = next_visit(visited, policy)
        heapq.heappush(due, (following.due_s, number, following.interval_s))
    return Seen(visits, int(changes))


def fixed(web: Floats, days: int, visits: int) -> float:
    """Changes that so many visits may expect to see, at one interval for all pages."""
    interval = days * len(web) / visits
    return float((-np.expm1(-web * interval)).sum() * days / interval)


def best(web: Floats, days: int, visits: int) -> float:
    """The most that so many visits may expect to see, by whoever knows each page's rate.

    With f visits a day a page shows f * (1 - exp(-rate / f)) changes a day. That is concave in f,
    so the best split has one slope everywhere: it is searched for by halving, twice.
    """
    budget = visits / days
    low, high = 0.0, 1.0  # of the slope
    for _ in range(60):
        slope = (low + high) / 2
        if _frequencies(web, slope).sum() > budget:
            low = slope
        else:
            high = slope
    often = np.maximum(_frequencies(web, high), 1e-12)
    return float((often * -np.expm1(-web / often)).sum() * days)


def _frequencies(web: Floats, slope: float) -> Floats:
    """Visits a day of each page, where one more would show `slope` changes more."""
    low, high = np.full(len(web), 1e-9), np.full(len(web), 1e4)
    for _ in range(60):
        middle = np.sqrt(low * high)
        x = web / middle
        steep = 1 - np.exp(-x) * (1 + x) > slope
        low, high = np.where(steep, middle, low), np.where(steep, high, middle)
    found: Floats = low
    return found
