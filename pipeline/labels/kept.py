"""Labels in the store: what is said is added, and nothing is overwritten."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import pyarrow as pa

from pipeline.labels import TAKEN_BACK, Label
from pipeline.store import Store, rows, sql

AT_ONCE = 10_000  # labels of one insert: some megabytes
_NOTHING = Label("", TAKEN_BACK, "", "", 0)


class Written(NamedTuple):
    """`unchanged`: said before in the same words, and so not again."""

    written: int
    unchanged: int


def write(store: Store, said: Iterable[Label], now_ms: int) -> Written:
    """Adds what is new, some at a time. Raises StoreError.

    A label without a time (0) is of now, and after what was said of its domain before, whatever
    clocks say.
    """
    written = unchanged = 0
    waiting = iter(said)
    while some := list(islice(waiting, AT_ONCE)):
        new = list(_new(some, newest(store, {label.domain for label in some}), now_ms))
        if new:
            store.insert("labels", _table(new))
        written += len(new)
        unchanged += len(some) - len(new)
    return Written(written, unchanged)


def newest(store: Store, domains: Collection[str]) -> dict[str, Label]:
    """What was last said of each, taken back or not."""
    found = store.query(sql("pipeline/labels/newest"), {"domains": sorted(domains)})
    return {
        row["domain"]: Label(
            row["domain"], row["label"], row["note"], row["who"], int(row["newest"])
        )
        for row in rows(found)
    }


def now(store: Store, domains: Collection[str]) -> dict[str, Label]:
    """The labels that count, by domain."""
    found = newest(store, domains) if domains else {}
    return {name: label for name, label in found.items() if label.label != TAKEN_BACK}


def _new(some: list[Label], known: dict[str, Label], now_ms: int) -> Iterator[Label]:
    for label in some:
        last = known.get(label.domain, _NOTHING)
        if label.at == 0:
            if (last.label, last.note) == (label.label, label.note):
                continue
            label = label._replace(at=max(now_ms, last.at + 1))
        elif label == last:
            continue
        if label.at >= last.at:
            known[label.domain] = label
        yield label


def _table(labels: list[Label]) -> pa.Table:
    columns = dict(zip(Label._fields, zip(*labels, strict=True), strict=True))
    kinds = {name: pa.uint64() if name == "at" else pa.string() for name in Label._fields}
    return pa.table({name: pa.array(columns[name], kinds[name]) for name in Label._fields})
