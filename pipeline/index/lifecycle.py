"""The incremental job that tells when links were lost: compares each changed page's visits."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from pipeline.errors import StoreBusy, StoreError, StoreRefused
from pipeline.index.referrers import LOOKED, RollUp
from pipeline.index.ways import Among, keep_ways
from pipeline.metrics import LIFECYCLE, LIFECYCLE_PAGES, LIFECYCLE_WAITING, Sample
from pipeline.settings import Settings
from pipeline.store import Parameters, Store, rows, sql
from pipeline.store.marks import Mark, mark_of, move

logger = logging.getLogger(__name__)

_BESIDE_S = 1.0
_WAITING_S = 10.0  # between two looks at how long pages have waited
_INSERTS = 100_000  # that are asked for at once
_EVER = (1 << 64) - 1  # ms
_PAGES = 100_000  # a gigabyte of memory


class Lifecycle:
    """`confirm_s`: until a page that lost a link is visited again. `clock`: seconds since 1970.

    `late_s`: an insert may end so much later than its rows' arrival mark, which is set before it:
    the longest that the store may take, and how far the clocks of consumers differ.
    `at_once`: pages that are looked at in one statement.

    One at a time; running twice changes nothing.
    """

    def __init__(
        self,
        store: Store,
        confirm_s: int,
        *,
        late_s: float = 60.0,
        clock: Callable[[], float] = time.time,
        at_once: int = _PAGES,
    ) -> None:
        self.store, self.confirm_s, self.clock = store, confirm_s, clock
        self.at_once = at_once
        self.late_ms = int(late_s * 1000)
        self.referrers = RollUp(store)
        self._looked_at = -1  # arrivals there were
        self._known: dict[int, int] = {}  # pages that were looked at, by when they arrived
        self.runs, self.took_s, self.pages = 0, 0.0, 0
        self._oldest_ms = 0  # arrival of a page that was not looked at; 0: none

    def samples(self) -> Iterator[Sample]:
        """What runs came to, and how long a page has waited, as far as that is known."""
        yield Sample(LIFECYCLE, self.took_s, times=self.runs)
        yield Sample(LIFECYCLE_PAGES, self.pages)
        waiting_s = self.clock() - self._oldest_ms / 1000 if self._oldest_ms else 0.0
        yield Sample(LIFECYCLE_WAITING, max(0.0, waiting_s))

    def look_for_waiting(self) -> None:
        """Raises StoreError."""
        mark = mark_of(self.store, LOOKED).mark
        found = self._one(sql("pipeline/index/oldest"), {"mark": mark})
        self._oldest_ms = int(found["oldest"])

    def run(self) -> int:
        """Looks at the pages that arrived since the last run, or late; how many arrivals."""
        began = time.monotonic()
        arrivals = int(self._one("SELECT count() AS arrivals FROM arrivals")["arrivals"])
        if arrivals == self._looked_at:
            self.referrers.catch_up(int(self.clock() * 1000))
            return 0
        mark, version = mark_of(self.store, LOOKED)
        since = max(0, mark - self.late_ms)
        if self.clock() * 1000 < since:
            # The clock was moved back: who knows since when. Once, all of it is looked at.
            logger.warning("the clock was moved back: the lifecycle job looks at all arrivals")
            since, self._known = 0, {}
        unseen = self._unseen(since)
        pages = sum(unseen.values())
        if unseen:
            at = self._look(unseen, version + 1)
            self._note(at, pages, time.monotonic() - began)
            self.referrers.run(min(unseen) - 1, max(unseen), at.version + 1)
        else:
            self.referrers.catch_up(int(self.clock() * 1000))
        self._looked_at = arrivals
        return pages

    def finish(self) -> None:
        """Looks at all there is, and leaves nothing waiting."""
        self.run()
        self.referrers.catch_up(int(self.clock() * 1000), at_once=True)

    def _unseen(self, since: int) -> dict[int, int]:
        """Pages by when they arrived, in order, from the first on that wasn't looked at yet.

        `since`: a minute before the last look, in case that an insert ended late.
        """
        there = self._arrived(Among(since, _EVER))
        unseen = [arrived for arrived, pages in there.items() if self._known.get(arrived) != pages]
        self._known = there
        first = min(unseen, default=max(there, default=0) + 1)
        return {arrived: pages for arrived, pages in there.items() if arrived >= first}

    def _arrived(self, among: Among) -> dict[int, int]:
        """Pages by when they arrived, in order."""
        there: dict[int, int] = {}
        while True:
            rest = among._replace(since=max(there, default=among.since))
            asked = {**rest.parameters, "limit": _INSERTS}
            found = rows(self.store.query(sql("pipeline/index/arrived"), asked))
            if not found:
                return there
            there |= {int(row["arrived"]): int(row["pages"]) for row in found}

    def _pieces(self, unseen: dict[int, int]) -> Iterator[Among]:
        """Some `at_once` pages each, of domains side by side: what is read of each domain is read
        once, however many pages came in. A domain with more of them is read once for each piece.
        """
        whole = Among(min(unseen) - 1, max(unseen))
        if sum(unseen.values()) <= self.at_once:
            yield whole
            return
        given: Parameters = {"from": whole.since, "to": whole.to, "most": self.at_once}
        cuts = rows(self.store.query(sql("pipeline/index/arrived_domains"), given))
        ends = ["", *(cut["until"] for cut in cuts[:-1]), ""]
        for cut, (after, until) in zip(cuts, pairwise(ends), strict=True):
            piece = whole._replace(after=after, until=until)
            if cut["pages"] <= 2 * self.at_once:
                yield piece
            else:
                for since, to in spans(self._arrived(piece), self.at_once):
                    yield piece._replace(since=since, to=to)

    def _note(self, at: Mark, pages: int, took_s: float) -> None:
        """How far it came, and what that took: in the store for the next run and for `status`."""
        move(self.store, LOOKED, *at, took_ms=int(took_s * 1000), pages=pages)
        self.runs, self.took_s, self.pages = self.runs + 1, self.took_s + took_s, self.pages + pages
        self._oldest_ms = 0

    def _look(self, unseen: dict[int, int], version: int) -> Mark:
        latest, now_ms = max(unseen), int(self.clock() * 1000)
        wanted = now_ms // 1000 + 1 + self.confirm_s  # after this very second
        try:
            for number, piece in enumerate(self._pieces(unseen)):
                at = max(now_ms, version) + number
                run: Parameters = {"run": at}
                self.store.execute(sql("pipeline/index/changed"), {**piece.parameters, **run})
                self.store.execute(sql("pipeline/index/lifecycle"), run)
                self.store.execute(sql("pipeline/index/suspects"), {**run, "wanted": wanted})
                keep_ways(self.store, at, piece)
        except BaseException:
            self._known = {}  # all of it again
            raise
        # Where a clock was ahead, what arrives once it is right must not be passed over.
        return Mark(min(latest, now_ms), at)

    def _one(self, question: str, parameters: Parameters | None = None) -> dict[str, Any]:
        return rows(self.store.query(question, parameters))[0]


def spans(arrived: dict[int, int], most: int) -> list[tuple[int, int]]:
    """After when and up to when, in order, `most` pages each or what arrived at one moment."""
    found: list[tuple[int, int]] = []
    pages = most
    for at, count in arrived.items():
        if pages + count > most:
            found.append((found[-1][1] if found else at - 1, at))
            pages = 0
        found[-1] = (found[-1][0], at)
        pages += count
    return found


def job_of(store: Store, settings: Settings) -> Lifecycle:
    """On a server, an insert that was given up here may still end there, and clocks differ."""
    late_s = 60.0 + (2 * settings.store.timeout_s if settings.store.hosts else 0)
    return Lifecycle(store, settings.revisit.confirm_s, late_s=late_s)


class LifecycleThread(threading.Thread):
    """The lifecycle job at its interval and once more at the end, where it is `ours` to do.

    `beside`: what else is whose it is, a second after it is asked for; never while the job runs.
    """

    def __init__(
        self,
        lifecycle: Lifecycle,
        interval_s: float,
        ours: Callable[[], bool] = lambda: True,
        beside: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(name="lifecycle", daemon=True)
        self.lifecycle, self.interval_s, self.ours = lifecycle, interval_s, ours
        self.beside = beside
        self._stopping = threading.Event()
        self._refused_until = 0.0

    def run(self) -> None:
        following = time.monotonic() + self.interval_s
        looking = time.monotonic() + _WAITING_S
        while not self._stopping.wait(min(self.interval_s, _BESIDE_S)):
            try:
                if self.ours():
                    self._do_beside()
                    if time.monotonic() >= looking:
                        looking = time.monotonic() + _WAITING_S
                        self.lifecycle.look_for_waiting()
                    if time.monotonic() >= following:
                        self.lifecycle.run()
            except StoreBusy as error:
                logger.warning("the lifecycle job waits for its next turn: %s", error)
                self._stopping.wait(self.interval_s)
            except Exception as error:  # outermost: its end would go unseen
                said = "the lifecycle job failed and is tried again at its next turn: %s"
                logger.error(said, error, exc_info=not isinstance(error, StoreError))
                self._stopping.wait(self.interval_s)
            if time.monotonic() >= following:
                following = time.monotonic() + self.interval_s

    def samples(self) -> Iterator[Sample]:
        """Of the one whose it is to do alone."""
        if self.ours():
            yield from self.lifecycle.samples()

    def _do_beside(self) -> None:
        """Where the store refuses it, the lifecycle job goes on."""
        if time.monotonic() < self._refused_until:
            return
        try:
            self.beside()
        except StoreRefused as error:
            self._refused_until = time.monotonic() + self.interval_s
            logger.error(
                "what operators say is not mirrored, or what they suppress not erased: grant the "
                "role erase what docs/cluster.md lists (%s)",
                error,
            )

    def stop(self) -> None:
        self._stopping.set()
        self.join()
        try:
            self.lifecycle.finish()
        except StoreBusy as error:
            logger.warning("the lifecycle job is left to its next turn: %s", error)
