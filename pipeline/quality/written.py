"""A snapshot into the store: to the side, a piece at a time, and swapped in whole."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.errors import BacklinksError
from pipeline.index.referrers import RANKED, RANKING
from pipeline.store import Store, rows, sql
from pipeline.store.marks import mark_of, move

AT_ONCE = 1 << 20  # rows of an insert
_SEEN_S, _LOOK_S = 30.0, 0.5  # until another replica has what was written


def swap_in(store: Store, table: str, new: pa.Table, snapshot: int) -> None:
    """The partition of this snapshot, replaced whole by what was written beside it.

    new: the table's columns but `snapshot`; names may be dictionary-coded.
    """
    beside = f"{table}_next"
    store.execute(f"ALTER TABLE {beside} DROP PARTITION {snapshot:d}")  # left by a run that died
    if not new.num_rows:  # no link between domains: there is no partition to put in its place
        store.execute(f"ALTER TABLE {table} DROP PARTITION {snapshot:d}")
        return
    for first in range(0, new.num_rows, AT_ONCE):
        store.insert(beside, _piece(new.slice(first, AT_ONCE), snapshot))
    _demand_ours(store, beside, snapshot, new.num_rows)
    store.execute(f"ALTER TABLE {table} REPLACE PARTITION {snapshot:d} FROM {beside}")
    store.execute(f"ALTER TABLE {beside} DROP PARTITION {snapshot:d}")


def _demand_ours(store: Store, beside: str, snapshot: int, written: int) -> None:
    """Raises BacklinksError where there are other rows beside than were written there: two scores
    of one store, of which none must get in with rows of both."""
    asked = f"SELECT count() AS rows FROM {beside} WHERE snapshot = {{snapshot:UInt64}}"
    deadline = time.monotonic() + _SEEN_S
    while True:
        found = int(rows(store.query(asked, {"snapshot": snapshot}))[0]["rows"])
        if found >= written or time.monotonic() > deadline:
            break
        time.sleep(_LOOK_S)
    if found != written:
        raise BacklinksError(
            f"{found:,} rows stand in {beside} where {written:,} were written: another process "
            "scores in the same store; run it again once that one has ended"
        )


def _piece(some: pa.Table, snapshot: int) -> pa.Table:
    columns = {"snapshot": pa.array(np.full(some.num_rows, snapshot), pa.uint64())}
    for name in some.column_names:
        column = some[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        columns[name] = column.cast(pa.string()) if column.type == pa.large_string() else column
    return pa.table(columns)


def write_strength(store: Store, snapshot: int) -> None:
    """What planning goes by, swapped in like the rest; made in the store, as large as links."""
    store.execute(f"ALTER TABLE page_strength_next DROP PARTITION {snapshot:d}")
    store.execute(sql("pipeline/quality/strength"), {"snapshot": snapshot})
    if not rows(store.query(sql("pipeline/quality/strength_made")))[0]["rows"]:
        store.execute(f"ALTER TABLE page_strength DROP PARTITION {snapshot:d}")
        return
    store.execute(
        f"ALTER TABLE page_strength REPLACE PARTITION {snapshot:d} FROM page_strength_next"
    )
    store.execute(f"ALTER TABLE page_strength_next DROP PARTITION {snapshot:d}")


def drop_strength_before(store: Store, snapshot: int) -> None:
    """Nobody asks for that of an older snapshot; a plan under way goes on without it."""
    for row in rows(store.query(sql("pipeline/quality/strength_kept"))):
        if row["snapshot"] < snapshot:
            store.execute(f"ALTER TABLE page_strength DROP PARTITION {row['snapshot']:d}")


def rank_referrers(store: Store, snapshot: int, enter: Callable[[], None]) -> None:
    """Referring domains by the new authority, and the snapshot, which `enter` enters. Who pages
    through them meanwhile is told so (index/paging.py); stopped in between, a rerun mends it.
    """
    began = max(int(time.time() * 1000), mark_of(store, RANKED).version + 1)
    move(store, RANKED, RANKING, began)
    store.execute(sql("pipeline/quality/referrers"), {"snapshot": snapshot})
    enter()
    # The lifecycle job may have made rows anew meanwhile, with what was the newest until now.
    store.execute(sql("pipeline/quality/referrers"), {"snapshot": snapshot})
    move(store, RANKED, snapshot, began + 1)


def register(
    store: Store, snapshot: int, domains: int, edges: int, manifest: Mapping[str, Any]
) -> None:
    """The last of all: with this row the snapshot is there."""
    store.insert(
        "snapshots",
        pa.table(
            {
                "snapshot": pa.array([snapshot], pa.uint64()),
                "written": pa.array([int(time.time() * 1000)], pa.uint64()),
                "domains": pa.array([domains], pa.uint64()),
                "edges": pa.array([edges], pa.uint64()),
                "manifest": [json.dumps(manifest)],
            }
        ),
    )
