"""Referring domains, one row a pair of domains: kept by the lifecycle job, and after an erasure."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

from pipeline.index.uses import keep_uses
from pipeline.store import Store, Value, rows, sql
from pipeline.store.marks import mark_of, move

JOB = "referrers"
SLICE = 1_000_000  # links that are rolled up at once: a gigabyte of memory
_QUIET = 4  # times as long as it took, before it is done again: at most a fifth of all time
_AT_ONCE_S = 5.0  # what takes no longer waits for nothing


def roll_up(
    store: Store,
    written: int,
    *,
    since: int = 0,
    to: int = 0,
    domains: Collection[str] = (),
    whole: bool = False,
) -> None:
    """Referring domains anew: of pages that arrived since then and up to then, and of `domains`.

    written: ms since 1970, greater than of any row before. Where the table is empty, and with
    `whole`, of all links.
    """
    found = rows(store.query(sql("pipeline/index/pairs_kept")))[0]["pairs"]
    which: dict[str, Value] = {
        "from": since, "to": to, "domains": sorted(domains), "whole": whole or int(found) == 0,
    }  # fmt: skip
    due = rows(store.query(sql("pipeline/index/referrers_due"), which))[0]
    which |= {"whole": bool(due["whole"]), "written": written}
    found_slices = slices(due["links"], due["targets"])
    for after, until in found_slices:
        store.execute(sql("pipeline/index/referrers"), {**which, "after": after, "until": until})
    keep_uses(store, which, found_slices)
    if to:
        span = {"from": since, "to": to, "written": written}
        store.execute(sql("pipeline/index/referrers_unnamed"), span)


def slices(links: int, targets: Sequence[str]) -> list[tuple[str, str]]:
    """Targets after a name up to another ('' is no bound), of about SLICE links each.

    targets: a sample of them, in order. What one target has is never cut, however much it is.
    """
    many = -(-links // SLICE)
    bounds = sorted({targets[len(targets) * i // many] for i in range(1, many)})
    return list(zip(["", *bounds], [*bounds, ""], strict=True))


class RollUp:
    """Keeps referring domains in step with what arrived, as often as it is cheap.

    A pair's links lie anywhere in the index, so that a few pages can cost as much as all: where it
    took long, what came in since waits for four times as long. `timer`: seconds.

    took_s: of the last turn, 0 where it was none.
    """

    def __init__(self, store: Store, timer: Callable[[], float] = time.monotonic) -> None:
        self.store, self.timer = store, timer
        self.took_s = 0.0
        self._next_s = 0.0
        self._waits: tuple[int, int] | None = None  # arrivals after, up to

    def run(self, since: int, to: int, written: int) -> bool:
        """Of what arrived after `since` up to `to`, and of what still waits; whether it is done.

        written: as in roll_up.
        """
        before = self._waits or (mark_of(self.store, JOB).mark, 0)
        self._waits = (min(before[0], since), max(before[1], to))
        return self.catch_up(written)

    def catch_up(self, written: int, *, at_once: bool = False) -> bool:
        """Of what still waits, where it is time, or `at_once`."""
        started = self.timer()
        self.took_s = 0.0
        if self._waits is None or (started < self._next_s and not at_once):
            return False
        since, to = self._waits
        never = mark_of(self.store, JOB).mark == 0
        roll_up(self.store, written, since=since, to=to, whole=never)
        move(self.store, JOB, to, written)
        self._waits = None
        self.took_s = self.timer() - started
        self._next_s = started + self.took_s * (1 + _QUIET) if self.took_s > _AT_ONCE_S else 0.0
        return True
