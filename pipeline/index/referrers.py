"""Referring domains, one row a pair of domains: kept by the lifecycle job, and after an erasure."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

from pipeline.index.uses import keep_uses
from pipeline.store import Store, Value, rows, sql
from pipeline.store.marks import mark_of, move

# Counted up with what a row is made of: a store whose rows are of before has all made anew, once.
JOB = "referrers 4"
RANKED = "authority"  # the snapshot that rows have it of
RANKING = 1  # instead of one, while it changes
LOOKED = "lifecycle"  # the job that it follows
SLICE = 1_000_000  # links that are rolled up at once: a gigabyte of memory
_QUIET = 4  # times as long as it took, before it is done again: at most a fifth of all time
_AT_ONCE_S = 5.0  # what takes no longer waits for nothing
_NEVER = (1 << 64) - 1


def roll_up(
    store: Store,
    written: int,
    *,
    since: int = 0,
    to: int = 0,
    led: int = _NEVER,
    domains: Collection[str] = (),
    erased: bool = False,
    whole: bool = False,
) -> None:
    """Referring domains anew: of pages that arrived since then and up to then, and of `domains`.

    written: ms since 1970, greater than of any row before. led: least version of the ways that are
    others now (ways.py). erased: something was erased, which may have led to anybody: of all that
    are linked by ways. Where the table is empty, and with `whole`, of all links.
    """
    which: dict[str, Value] = {
        "from": since, "to": to, "led": led, "domains": sorted(domains), "erased": erased,
        "whole": whole or not _kept(store),
    }  # fmt: skip
    due = rows(store.query(sql("pipeline/index/referrers_due"), which))[0]
    which |= {"whole": bool(due["whole"]), "written": written}
    if not which["whole"]:
        store.execute(sql("pipeline/index/referrers_pairs"), which)
        due = rows(store.query(sql("pipeline/index/referrers_slices"), {"written": written}))[0]
    found_slices = slices(due["links"], due["targets"])
    for after, until in found_slices:
        each = {**which, "after": after, "until": until}
        store.execute(sql("pipeline/index/referrers"), each)
    store.execute(sql("pipeline/index/referrers_unled"), which)
    keep_uses(store, which, found_slices)
    if to:
        span = {"from": since, "to": to, "written": written}
        store.execute(sql("pipeline/index/referrers_unnamed"), span)


def _kept(store: Store) -> int:
    """Rows that there are."""
    return int(rows(store.query(sql("pipeline/index/pairs_kept")))[0]["pairs"])


def slices(links: int, targets: Sequence[str], each: int = 0) -> list[tuple[str, str]]:
    """Targets after a name up to another ('' is no bound), of about so many links each, or SLICE.

    targets: a sample of them, in order. What one target has is never cut, however much it is.
    """
    many = -(-links // (each or SLICE))
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
        self._was_made = False  # all of it, as far as this process knows

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
        if not self._is_due() or (started < self._next_s and not at_once):
            return False
        before = mark_of(self.store, JOB)
        since, to = self._waits or (0, mark_of(self.store, LOOKED).mark)
        whole = before.version == 0
        roll_up(self.store, written, since=since, to=to, led=before.version, whole=whole)
        self._was_made = True
        move(self.store, JOB, to, written)
        self._waits = None
        self.took_s = self.timer() - started
        self._next_s = started + self.took_s * (1 + _QUIET) if self.took_s > _AT_ONCE_S else 0.0
        return True

    def _is_due(self) -> bool:
        """Something came in, or the store has rows that an older program made."""
        if self._waits is None and not self._was_made:
            self._was_made = mark_of(self.store, JOB).version > 0 or not _kept(self.store)
        return self._waits is not None or not self._was_made
