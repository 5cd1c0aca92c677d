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


def move(store: Store, job: str, mark: int, version: int, **beside: int) -> None:
    """beside: what else is kept of this turn of the job, each as a mark of its own, `JOB NAME`."""
    marks = {job: mark, **{f"{job} {name}": number for name, number in beside.items()}}
    store.insert(
        "marks",
        pa.table(
            {
                "job": list(marks),
                "version": pa.array([version] * len(marks), pa.uint64()),
                "mark": pa.array(list(marks.values()), pa.uint64()),
            }
        ),
    )
