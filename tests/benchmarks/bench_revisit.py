"""Changes of links that the plan's visits see in a simulated web, beside other plans of as many."""

from __future__ import annotations

import statistics

from pipeline.settings import RevisitSettings
from tests.benchmarks.measure import Row, row
from tests.support.changing_web import adaptive, best, fixed, rates

PAGES = 5_000
DAYS = 365
SEEDS = range(5)


def run() -> list[Row]:
    """No time is measured: the simulation comes to the same on every machine."""
    over_fixed, of_best = [], []
    for seed in SEEDS:
        web = rates(PAGES, seed)
        seen = adaptive(web, DAYS, seed, RevisitSettings())
        over_fixed.append(seen.changes / fixed(web, DAYS, seen.visits))
        of_best.append(seen.changes / best(web, DAYS, seen.visits))
    note = f"{PAGES:,} pages, {DAYS} days, median of {len(SEEDS)} webs, equal visits"
    return [
        row("revisit: changes seen / at one fixed interval", statistics.median(over_fixed), "x",
            note + "; target 1.5"),
        row("revisit: share of what is best with the rates known", statistics.median(of_best), "x",
            note),
    ]  # fmt: skip
