"""How far a job is: a number that outlives its process."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from pipeline.store import Store, rows, sql


class Mark(NamedTuple):
    """`version`: ms since 1970 of when it was set, about. Both 0 where it never was."""

    mark: int
    version: int


def mark_of(store: Store, job: str) -> Mark:
    found = rows(store.query(sql("pipeline/store/mark"), {"job": job}))[0]
    return Mark(int(found["mark"]), int(found["newest"]))


def move(store: Store, job: str, mark: int, version: int) -> None:
    store.insert(
        "marks",
        pa.table(
            {
                "job": [job],
                "version": pa.array([version], pa.uint64()),
                "mark": pa.array([mark], pa.uint64()),
            }
        ),
    )
