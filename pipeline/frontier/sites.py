"""The job that tells what sites' pages came to, and how many each may have: the table `sites`.

A pure function of the pages, made anew for the domains of which some came in; running it twice
changes nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pyarrow as pa

from pipeline.frontier.budget import Yield, budget, merit, owner_budget, owner_of
from pipeline.frontier.slices import BUCKETS
from pipeline.settings import PlanSettings
from pipeline.store import Store, rows, sql
from pipeline.store.marks import mark_of, move

_JOB = "sites"
_BUDGETS = "budgets"  # the mark is a digest of what they were made with
_FORMULA = 2  # of budget.py; another number has all budgets made anew
_AT_ONCE_JUDGED = 100_000  # sites of one question, where nothing but their rows is read
_LATE_MS = 60_000  # an insert may end so much later than its rows' arrival mark
_AT_ONCE = 500  # domains of one question
_LARGE = 20_000  # pages; a site of more is looked at as rarely as its pages' reading lasts long
_PAGE_S = 0.005  # so that a large site costs as if 200 of its pages were read each second


class Sites:
    """`clock`: seconds since 1970."""

    def __init__(
        self, store: Store, settings: PlanSettings, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.store, self.settings, self.clock = store, settings, clock
        # Of large sites: when to look again, and which had arrivals since. A restart forgets it:
        # then such a site is looked at with its next arrival.
        self._not_before: dict[str, float] = {}
        self._put_off: set[str] = set()

    def run(self) -> int:
        """Looks at the domains with arrivals since the last run, or late; how many it looked at."""
        self._keep_to_settings()
        at = mark_of(self.store, _JOB)
        since = max(0, at.mark - _LATE_MS)
        found = rows(self.store.query(sql("pipeline/frontier/arrived"), {"from": since}))
        now = self.clock()
        domains = {row["domain"] for row in found} | self._put_off
        self._put_off = {name for name in domains if self._not_before.get(name, 0.0) > now}
        looked_at = sorted(domains - self._put_off)
        for some in _batches(looked_at):
            self._look(some, now)
        if found:
            latest = min(max(row["latest"] for row in found), int(now * 1000))
            move(self.store, _JOB, latest, max(int(now * 1000), at.version + 1))
        return len(looked_at)

    def _keep_to_settings(self) -> None:
        """Budgets that were made with other settings are made anew, of what is known of each site.

        A row is one ms newer than the one that it replaces, so that none made meanwhile is lost.
        """
        at, made_with = mark_of(self.store, _BUDGETS), _digest(self.settings)
        if at.version and at.mark == made_with:
            return
        known = int(rows(self.store.query(sql("pipeline/frontier/sites_known")))[0]["sites"])
        for slice_ in _equal_slices(1 + known // _AT_ONCE_JUDGED) if known else ():
            found = rows(self.store.query(sql("pipeline/frontier/judged"), {"buckets": slice_}))
            made = [site(row, row["judged_at"] + 1, self.settings) for row in found]
            if made:
                self.store.insert("sites", pa.Table.from_pylist(made, schema=_SCHEMA))
        move(self.store, _BUDGETS, made_with, max(int(self.clock() * 1000), at.version + 1))

    def _look(self, domains: list[str], now: float) -> None:
        found = rows(self.store.query(sql("pipeline/frontier/sites"), {"domains": domains}))
        for row in found:
            if row["pages"] > _LARGE:
                self._not_before[row["domain"]] = now + _PAGE_S * row["pages"]
        if found:
            made = [site(row, int(now * 1000), self.settings) for row in found]
            self.store.insert("sites", pa.Table.from_pylist(made, schema=_SCHEMA))


def site(row: dict[str, Any], at_ms: int, settings: PlanSettings) -> dict[str, Any]:
    """A row of `sites` of one of sites.sql or judged.sql."""
    found = Yield(
        **{
            name: row[name]
            for name in ("pages", "complete", "texts", "linking", "out_domains", "authority")
        },
        seeded=bool(row["seeded"]),
    )
    return {
        **row,
        "owner": owner_of(row["domain"]),
        "at": at_ms,
        "merit": merit(found),
        "budget": budget(found, row["domain"], settings),
    }


def spent_owners(store: Store, settings: PlanSettings) -> list[str]:
    """ICANN domains whose sites together have all the pages that they may have."""
    found = rows(store.query(sql("pipeline/frontier/spent")))
    return sorted(r["owner"] for r in found if r["pages"] >= owner_budget(r["owner"], settings))


_SCHEMA = pa.schema(
    [
        ("bucket", pa.uint16()), ("domain", pa.string()), ("owner", pa.string()),
        ("at", pa.uint64()), ("pages", pa.uint32()), ("complete", pa.uint32()),
        ("texts", pa.uint32()), ("linking", pa.uint32()), ("out_domains", pa.uint32()),
        ("authority", pa.float64()), ("merit", pa.float64()), ("budget", pa.uint32()),
    ]
)  # fmt: skip


def _digest(settings: PlanSettings) -> int:
    used = (_FORMULA, settings.site_pages, settings.least_site_pages, settings.most_site_pages)
    return int.from_bytes(hashlib.blake2b(repr(used).encode(), digest_size=8).digest())


def _equal_slices(count: int) -> Iterator[list[int]]:
    size = max(1, BUCKETS // count)
    for first in range(0, BUCKETS, size):
        yield list(range(first, min(first + size, BUCKETS)))


def _batches(names: list[str]) -> Iterator[list[str]]:
    left = iter(names)
    while some := list(islice(left, _AT_ONCE)):
        yield some
