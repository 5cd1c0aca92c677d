"""The incremental job that tells when links were lost: compares each changed page's visits."""

from __future__ import annotations

import time
from collections.abc import Callable

import pyarrow as pa

from pipeline.store import Store, rows, sql

_JOB = "lifecycle"
# An insert may end so much later than its rows' arrival mark: these are looked at again.
_OVERLAP_MS = 60_000


class Lifecycle:
    """`confirm_s`: until a page that lost a link is visited again. `clock`: seconds since 1970.

    One at a time; running twice changes nothing.
    """

    def __init__(
        self,
        store: Store,
        confirm_s: int,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store, self.confirm_s, self.clock = store, confirm_s, clock

    def run(self) -> int:
        """Looks at the pages that arrived since the last run; how many arrivals."""
        mark = self._mark()
        found = rows(
            self.store.query(
                "SELECT max(arrived) AS latest, count() AS pages FROM arrivals "
                "WHERE arrived > {mark:UInt64}",
                {"mark": mark},
            )
        )[0]
        if not found["pages"]:
            return 0
        span = {"from": max(0, mark - _OVERLAP_MS), "to": found["latest"]}
        self.store.execute(sql("pipeline/index/lifecycle"), span)
        wanted = int(self.clock()) + 1 + self.confirm_s  # after this very second
        self.store.execute(sql("pipeline/index/suspects"), {**span, "wanted": wanted})
        self._move(found["latest"])
        return int(found["pages"])

    def _mark(self) -> int:
        found = self.store.query(
            "SELECT max(mark) AS mark FROM marks WHERE job = {job:String}", {"job": _JOB}
        )
        return int(rows(found)[0]["mark"])

    def _move(self, mark: int) -> None:
        self.store.insert(
            "marks",
            pa.table(
                {
                    "job": [_JOB],
                    "version": pa.array([mark], pa.uint64()),
                    "mark": pa.array([mark], pa.uint64()),
                }
            ),
        )
