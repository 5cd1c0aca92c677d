"""What operators ask to be done once: all URLs of a site wanted again, or all forgotten."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from pipeline.control import ONCE, Control, Controls, registered
from pipeline.store import Store, Value, sql
from pipeline.store.marks import mark_of, move

logger = logging.getLogger(__name__)


class Once:
    """Of one planner at a time, though two would do no harm. `clock`: seconds since 1970."""

    def __init__(
        self, store: Store, controls: Controls, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.store, self.controls, self.clock = store, controls, clock
        self._version = 0

    def run(self) -> int:
        """What was asked and is not done yet; how many. Raises StoreError: the rest is left."""
        version = self.controls.version
        if version == self._version:
            return 0
        done = sum(self._do(control) for verb in ONCE for control in self.controls.once(verb))
        self._version = version
        return done

    def _do(self, control: Control) -> bool:
        job = f"{control.verb} {control.name}"
        done = mark_of(self.store, job)
        if done.mark >= control.at:
            return False
        domain = registered(control.name)
        host = "" if control.name == domain else control.name
        where: dict[str, Value] = {"domain": domain, "host": host}
        if control.verb == "requeue":
            # A fetch in the second in which it was asked for came before it.
            where["wanted"] = control.at // 1000 + 1
        self.store.execute(sql(f"pipeline/frontier/{control.verb}"), where)
        move(self.store, job, control.at, max(int(self.clock() * 1000), done.version + 1))
        logger.info("done: %s, as %s asked", job, control.who or "somebody")
        return True
