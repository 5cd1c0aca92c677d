"""What operators say, in the store too: the table `controls`, for SQL."""

from __future__ import annotations

import pyarrow as pa

from pipeline.control import Control, Controls
from pipeline.store import Store, rows, sql


class Mirror:
    """Brings the table to what was heard. Two of these at once write the same."""

    def __init__(self, store: Store, controls: Controls) -> None:
        self.store, self.controls = store, controls
        self._there: dict[tuple[str, str], Control] | None = None
        self._version = 0

    def write(self) -> int:
        """What differs; how many. Costs nothing where nothing was heard. Raises StoreError."""
        version = self.controls.version
        if version == self._version:
            return 0
        there = self._stored() if self._there is None else self._there
        new = [_after(there.get(said[:2]), said) for said in self.controls.said()]
        new = [control for control in new if there.get(control[:2]) != control]
        if new:
            self.store.insert("controls", _table(new))
        self._there = {**there, **{control[:2]: control for control in new}}
        self._version = version
        return len(new)

    def _stored(self) -> dict[tuple[str, str], Control]:
        found = [Control(**row) for row in rows(self.store.query(sql("pipeline/controls")))]
        return {control[:2]: control for control in found}


def _after(there: Control | None, said: Control) -> Control:
    """What the table must have. The log's order counts and its clock may have been moved back, so
    what was said last is given the greatest time of its name."""
    if there is None or said.at > there.at:
        return said
    return there if said._replace(at=there.at) == there else said._replace(at=there.at + 1)


def _table(controls: list[Control]) -> pa.Table:
    return pa.table(
        {
            "verb": [control.verb for control in controls],
            "name": [control.name for control in controls],
            "value": pa.array([control.value for control in controls], pa.float64()),
            "at": pa.array([control.at for control in controls], pa.uint64()),
            "note": [control.note for control in controls],
            "who": [control.who for control in controls],
        }
    )
