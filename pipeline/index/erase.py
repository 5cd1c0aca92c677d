"""Erasure: what is suppressed is deleted, wherever the store has it, until none comes any more.

Nothing new is written of it from the moment on that consumers hear of it (pipeline/suppressed.py);
what was on its way by then comes after the deletion, so that it is looked for again: after five
minutes, and then each time as long again as it is suppressed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from pipeline.control import Control, Controls
from pipeline.index.erased import DELETIONS, MENTIONS, parameters
from pipeline.index.referrers import JOB as ROLLED
from pipeline.index.referrers import roll_up
from pipeline.store import Parameters, Store, rows, sql
from pipeline.store.marks import Mark, mark_of, move
from pipeline.url import domains

logger = logging.getLogger(__name__)

JOB = "erase"
AGAIN_S = 300.0
_AT_ONCE = 200  # names of one statement


class Found(NamedTuple):
    """`what`: a table, or a table and its columns where other pages' rows name what is meant."""

    what: str
    rows: int


def count(store: Store, names: Collection[str]) -> Iterator[Found]:
    """Rows of each table that an erasure would delete or change, unmerged. Reads the columns that
    name pages whole, of every table. Raises StoreError."""
    given = parameters(names)
    for table, where in DELETIONS.items():
        yield Found(table, _count(store, table, where, given))
    for mention in MENTIONS:
        what = f"{mention.table}.{mention.columns[0]}"
        stays = f"({mention.where}) AND NOT ({DELETIONS[mention.table]})"
        yield Found(what, _count(store, mention.table, stays, given))


def _count(store: Store, table: str, where: str, given: Parameters) -> int:
    found = rows(store.query(f"SELECT count() AS found FROM {table} WHERE {where}", given))
    return int(found[0]["found"])


def erase(store: Store, names: Collection[str]) -> int:
    """Deletes all of it, and waits until it is; how many rows. Raises StoreError.

    A reader may see some of it gone before the rest. Stopped in the middle it can be run again.
    """
    given, done, led = parameters(names), 0, False
    for table, where in DELETIONS.items():
        found = _count(store, table, where, given)
        if found:
            _mutate(store, f"ALTER TABLE {table} DELETE WHERE {where}", given)
        done += found
        led = led or (found > 0 and table in ("leads", "indirect_links"))
    for table, _, where, update in MENTIONS:
        found = _count(store, table, where, given)
        if found:
            _mutate(store, f"ALTER TABLE {table} UPDATE {update} WHERE {where}", given)
        done += found
    _roll_up_rest(store, names, led)
    return done


def _roll_up_rest(store: Store, names: Collection[str], led: bool) -> None:
    """Of a host or a page the domain's other pages stay: what they come to is counted anew.
    led: what was erased led from others to others."""
    parts = {domains(name.partition("/")[0]).registered for name in names} - set(names)
    # Greater than what the job wrote, whatever the clock says.
    written = max(int(time.time() * 1000), mark_of(store, ROLLED).version + 1)
    if parts or led:
        roll_up(store, written, domains=parts, erased=led)
    if parts:
        # The rows before tell of what is gone until they are merged with these.
        _mutate(
            store, sql("pipeline/index/uses_before"), {"domains": sorted(parts), "written": written}
        )


def _mutate(store: Store, statement: str, given: Parameters) -> None:
    store.execute(f"{statement} SETTINGS mutations_sync = 2", given)


class Erasure:
    """What is suppressed and is to be looked for now. `clock`: seconds since 1970."""

    def __init__(
        self, store: Store, controls: Controls, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.store, self.controls, self.clock = store, controls, clock
        self._version = 0
        self._next_s = 0.0

    def run(self) -> int:
        """How many rows were deleted or changed. Costs nothing where nothing is to be looked for.

        Raises StoreError: what is not done is done in the next turn.
        """
        version = self.controls.version
        if version == self._version and self.clock() < self._next_s:
            return 0
        erased, next_s = 0, float("inf")
        suppressed, due = suppressions(self.controls), []
        marks = erasures(self.store) if suppressed else {}
        for control in suppressed:
            at = _due_s(control, marks.get(control.name))
            if at <= self.clock():
                due.append(control)
            else:
                next_s = min(next_s, at)
        for first in range(0, len(due), _AT_ONCE):
            erased += self._erase(due[first : first + _AT_ONCE], marks)
        self._version, self._next_s = version, min(next_s, self.clock() + AGAIN_S)
        return erased

    def _erase(self, due: list[Control], marks: dict[str, Mark]) -> int:
        erased = erase(self.store, [control.name for control in due])
        now = int(self.clock() * 1000)
        for control in due:
            before = marks.get(control.name, Mark(0, 0)).version
            move(self.store, f"{JOB} {control.name}", control.at, max(now, before + 1))
        if erased:
            logger.info("erased: %d rows of %d names", erased, len(due))
        return erased


def suppressions(controls: Controls) -> list[Control]:
    return [c for c in controls.said() if c.verb == "suppress" and not c.is_lifted]


def erasures(store: Store) -> dict[str, Mark]:
    """By name: what was said when, of what was last erased, and when that was."""
    found = rows(store.query(sql("pipeline/index/erasures"), {"job": JOB + " "}))
    return {row["name"]: Mark(int(row["mark"]), int(row["newest"])) for row in found}


def _due_s(control: Control, mark: Mark | None) -> float:
    """When to look for it: at once, after five minutes, and then at twice that, and so on."""
    if mark is None or mark.mark != control.at:  # which is less where a clock was moved back
        return 0.0
    return mark.version / 1000 + max(AGAIN_S, (mark.version - control.at) / 1000)
