"""What operators ask to be done once: all URLs of a site wanted again, or all forgotten."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from pipeline.control import ONCE, Control, Controls, registered
from pipeline.store import Store, Value, rows, sql
from pipeline.store.marks import mark_of, move

logger = logging.getLogger(__name__)


_AGAIN_S = 600.0  # until a purge is issued again that outlasted what we wait for a statement


class Once:
    """Of one planner at a time, though two would do no harm. `clock`: seconds since 1970."""

    def __init__(
        self, store: Store, controls: Controls, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.store, self.controls, self.clock = store, controls, clock
        self._version = 0
        self._issued: dict[str, tuple[int, float]] = {}  # by job: of what was said when, and when

    def run(self) -> int:
        """What was asked and is not done yet; how many. Raises StoreError: the rest is left."""
        version = self.controls.version
        if version == self._version:
            return 0
        asked = [control for verb in ONCE for control in self.controls.once(verb)]
        now = [control for control in asked if not self._goes_on(control)]
        done = sum(self._do(control) for control in now)
        if len(now) == len(asked):
            self._version = version
        return done

    def _goes_on(self, control: Control) -> bool:
        """May the store work on it still, though we waited no longer? One that refused it is asked
        as seldom."""
        of, at = self._issued.get(_job(control), (-1, 0.0))
        return of == control.at and 0 <= self.clock() - at < _AGAIN_S

    def _do(self, control: Control) -> bool:
        job = _job(control)
        done = mark_of(self.store, job)
        # A mark of later than now is of before the clock was moved back: it says nothing of this.
        if done.mark == control.at or control.at < done.mark <= self.clock() * 1000:
            return False
        domain = registered(control.name)
        host = "" if control.name == domain else control.name
        where: dict[str, Value] = {"domain": domain, "host": host}
        if control.verb == "requeue":
            # A fetch in the second in which it was asked for came before it.
            where["wanted"] = control.at // 1000 + 1
        else:
            self._issued[job] = (control.at, self.clock())
        self.store.execute(sql(f"pipeline/frontier/{control.verb}"), where)
        self._issued.pop(job, None)
        move(self.store, job, control.at, max(int(self.clock() * 1000), done.version + 1))
        logger.info("done: %s, as %s asked", job, control.who or "somebody")
        return True


def done_once(store: Store) -> dict[str, int]:
    """By verb and name, as "purge example.org": the time of what was said and is done. Of any name
    that has a mark."""
    found: dict[str, int] = {}
    for verb in ONCE:
        marks = rows(store.query(sql("pipeline/index/erasures"), {"job": f"{verb} "}))
        found |= {f"{verb} {row['name']}": int(row["mark"]) for row in marks}
    return found


def _job(control: Control) -> str:
    return f"{control.verb} {control.name}"
