"""A LinkWeb in a store, as a consumer and the lifecycle job would have left it, and its truth."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from pipeline.index.lifecycle import Lifecycle
from pipeline.store import Store
from tests.support.dice import Ints
from tests.support.linkvisits import Arrivals, once_more
from tests.support.linkweb import LIVE, LinkWeb

BATCH = 4_000  # pages of an insert: with 60 internal links, what `consume.flush_rows` comes to
CONFIRM_S = 3 * 86_400
_AUTHORITY = 200  # a stream of dice
SNAPSHOT = 1


@dataclass
class Spent:
    """Seconds of each of some works, and of how much. `links`: with what came twice."""

    links: int = 0
    pages: int = 0
    inserts: list[float] = field(default_factory=list)
    jobs: list[float] = field(default_factory=list)
    rolled: float = 0.0  # of the jobs, the roll-up of referring domains


class LinkStore:
    """`store`: migrated and empty. `every_s`: between two runs of the lifecycle job."""

    def __init__(self, store: Store, web: LinkWeb, *, every_s: float = 30.0) -> None:
        self.store, self.web, self.every_s = store, web, every_s
        self.job = Lifecycle(store, CONFIRM_S)
        self.again = 0  # pages that were visited once more

    def load(self, told: Callable[[int], None] = lambda done: None) -> Spent:
        """All visits; `told` how many inserts are done."""
        arrivals, spent = Arrivals(self.web, BATCH), Spent()
        following = time.monotonic() + self.every_s
        for done, insert in enumerate(arrivals):
            self.insert(arrivals.columns(insert, _now_ms()), spent)
            told(done + 1)
            if time.monotonic() >= following:
                self.run_job(spent)
                following = time.monotonic() + self.every_s
        self.run_job(spent, at_once=True)
        return spent

    def insert(self, columns: pa.Table, spent: Spent) -> None:
        started = time.perf_counter()
        self.store.insert("page_records", columns)
        spent.inserts.append(time.perf_counter() - started)
        spent.pages += columns.num_rows
        spent.links += sum(len(chunk.values) for chunk in columns["targets"].chunks)

    def run_job(self, spent: Spent, *, at_once: bool = False) -> None:
        """The lifecycle job; `at_once`: the roll-up after it waits for nothing."""
        started = time.perf_counter()
        self.job.run()
        spent.rolled += self.job.referrers.took_s
        if at_once:
            self.job.referrers.catch_up(_now_ms(), at_once=True)
            spent.rolled += self.job.referrers.took_s
        spent.jobs.append(time.perf_counter() - started)

    def visit_again(self, pages: int) -> Spent:
        """So many more pages are visited once more; the job did not look at them yet."""
        spent = Spent()
        end = min(self.again + pages, self.web.pages)
        while self.again < end:
            count = min(BATCH, end - self.again)
            self.insert(once_more(self.web, self.again, count, _now_ms()), spent)
            self.again += count
        return spent

    def score(self) -> None:
        """A snapshot with an authority for each domain, as `score` would leave one."""
        domain = np.arange(self.web.domains)
        authority = 100.0 * (1 - self.web.dice.uniform(_AUTHORITY, domain) ** 0.2)
        column = pa.array([SNAPSHOT], pa.uint64())
        rows = {
            "snapshot": pa.repeat(column[0], len(domain)),
            "domain": self.web.names,
            "authority": authority,
            "trusted_harmonic_rank": pa.array(np.argsort(np.argsort(-authority)) + 1.0),
        }
        self.store.insert("domain_quality", pa.table(rows))
        self.store.insert("snapshots", pa.table({"snapshot": column, "written": column}))

    def truth(self) -> Ints:
        """How many links each domain has: a row a domain, its live, lost and unverified ones."""
        found = np.zeros((self.web.domains, 3), np.int64)
        for first in range(0, self.web.pages, 50_000):
            for begin, end, again in self._ranges(first, min(first + 50_000, self.web.pages)):
                pages = self.web.some(begin, end - begin)
                links = self.web.links(pages, once_more=again)
                np.add.at(found, (links.target, links.state), 1)
        return found

    def _ranges(self, first: int, end: int) -> list[tuple[int, int, bool]]:
        middle = min(max(first, self.again), end)
        return [r for r in ((first, middle, True), (middle, end, False)) if r[0] < r[1]]


def with_about(truth: Ints, links: int, count: int) -> list[int]:
    """The `count` domains whose number of live links is the nearest to `links`."""
    nearest = np.argsort(np.abs(truth[:, LIVE] - links), kind="stable")
    return [int(domain) for domain in nearest[:count]]


def _now_ms() -> int:
    return int(time.time() * 1000)
