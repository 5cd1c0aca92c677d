"""What a snapshot has of many domains, in the order in which they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import UsageError
from pipeline.index.target import domain_of
from pipeline.labels import Label
from pipeline.labels.kept import now
from pipeline.store import Parameters, Store, sql

# A question reads as good as the whole snapshot once it is for some thousands of domains that lie
# anywhere in it, so that fewer and larger ones are cheaper: 50,000 rows are some 30 MB.
AT_ONCE = 50_000
_MOST_TEXT = 2_000_000  # characters of one question; another process takes 4 MB of it

_SAID = [
    ("label", pa.string()),
    ("label_who", pa.string()),
    ("label_at", pa.timestamp("ms", "UTC")),
]


class Asked(NamedTuple):
    """`domain`: None where the line names none."""

    line: str
    domain: str | None


class Measured:
    """`schema`: what was asked, the columns of a snapshot's rows, and what people say."""

    def __init__(self, store: Store, snapshot: int) -> None:
        self.store, self.snapshot = store, snapshot
        row = store.query(sql("pipeline/index/queries/any_quality"), {"snapshot": snapshot})
        if not row.num_rows:
            raise UsageError(f"snapshot {snapshot} has no domain; crawl some and score again")
        self._columns = [f for f in row.schema if f.name not in ("snapshot", "domain")]
        fields = [pa.field(f.name, f.type) for f in self._columns]
        first = [pa.field("asked", pa.string()), pa.field("domain", pa.string())]
        self.schema = pa.schema([*first, pa.field("snapshot", pa.uint64()), *fields, *_SAID])
        self.asked = self.known = 0

    def batches(self, lines: Iterable[str]) -> Iterator[pa.RecordBatch]:
        """A row a line, in order; NULL for whatever is not known of it."""
        waiting = map(asked, lines)
        while some := list(_some(waiting)):
            yield self._answer(some)

    def _answer(self, some: list[Asked]) -> pa.RecordBatch:
        names = pa.array([each.domain for each in some], pa.string())
        distinct = sorted({each.domain for each in some if each.domain is not None})
        asking: Parameters = {"snapshot": self.snapshot, "domains": distinct}
        found = self.store.query(sql("pipeline/index/queries/quality_of"), asking)
        columns = {
            "asked": pa.array([each.line for each in some], pa.string()),
            "domain": names,
            "snapshot": pa.array([self.snapshot] * len(some), pa.uint64()),
            **self._looked_up(names, found),
            **_labels(some, now(self.store, distinct)),
        }
        self.asked += len(some)
        return pa.RecordBatch.from_pydict(columns, self.schema)

    def _looked_up(self, names: pa.Array, found: pa.Table) -> dict[str, pa.Array]:
        if not found.num_rows:
            return {f.name: pa.nulls(len(names), f.type) for f in self._columns}
        known = found["domain"].combine_chunks().cast(pa.string())
        places = pc.index_in(names, known, skip_nulls=True)
        self.known += len(places) - places.null_count
        return {
            f.name: found[f.name].combine_chunks().take(places).cast(f.type) for f in self._columns
        }


def asked(line: str) -> Asked:
    """The registered domain that a line names, of a host or a URL too."""
    text = line.strip()
    try:
        return Asked(text, domain_of(text))
    except UsageError:
        return Asked(text, None)


def _some(waiting: Iterator[Asked]) -> Iterator[Asked]:
    size = 0
    for each in islice(waiting, AT_ONCE):
        yield each
        size += len(each.domain or "") + 3
        if size > _MOST_TEXT:
            return


def _labels(some: list[Asked], said: dict[str, Label]) -> dict[str, pa.Array]:
    found = [said.get(each.domain or "") for each in some]
    return {
        "label": pa.array([label and label.label for label in found], pa.string()),
        "label_who": pa.array([label and label.who for label in found], pa.string()),
        "label_at": pa.array(
            [label and label.at for label in found], pa.int64()
        ).cast(pa.timestamp("ms", "UTC")),
    }  # fmt: skip
