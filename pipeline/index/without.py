"""What if a link were gone: where a domain would rank without its strongest links, one at a time.

Authority has no reasons that add up: this is what stands in their place. The answer is exact where
the snapshot's links fit the bound, and else lies between two ranks. The trust of others is taken as
it is.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.csr import from_edges
from pipeline.graph.without import Bounds, without_each
from pipeline.index.question import Question
from pipeline.store import Parameters, Store

EDGES = 2_000_000  # read for one answer: some seconds and 500 MB
LINKS = 5  # of the strongest, unless told


class Without(NamedTuple):
    """rank: as the snapshot has it. best, worst: what it would be; alike where that is exact.
    authority: 0 to 100 at the worst; NULL where fewer than two domains are ranked."""

    source_domain: str
    rank: float
    best: float
    worst: float
    n: int
    authority: float | None

    @property
    def is_exact(self) -> bool:
        return self.best == self.worst


def strongest(store: Store, snapshot: int, domain: str, limit: int) -> list[dict[str, Any]]:
    """Of the referring domains in a snapshot: by what their links are worth to the domain."""
    under: Parameters = {"snapshot": snapshot, "domain": domain, "limit": limit}
    return Question("strongest_edges", under).rows(store)


def without(
    store: Store,
    row: dict[str, Any],
    sources: list[str],
    *,
    n: int | None = None,
    edges: int = EDGES,
) -> list[Without]:
    """For each source that links to the domain of this row of domain_quality.

    n: of how many domains authority is known. edges: how many are read at most, but for those to
    the domain itself. Nothing where authority is unknown.
    """
    if row["trusted_harmonic"] is None or not sources:
        return []
    found = _bounds(store, row, sources, edges)
    under = {"snapshot": row["snapshot"], "domain": row["domain"]}
    centralities = [float(value) for value in (*found.high, *found.low)]
    (places,) = Question("place_of", {**under, "centralities": centralities}).rows(store)
    ranks = places["ranks"] or [1.0] * len(centralities)
    n = n or row["domains"]
    return [
        Without(source, row["trusted_harmonic_rank"], best, worst, n, _authority(worst, n))
        for source, best, worst in zip(
            sources, ranks[: len(sources)], ranks[len(sources) :], strict=True
        )
    ]


def _bounds(store: Store, row: dict[str, Any], sources: list[str], most: int) -> Bounds:
    under = {"snapshot": row["snapshot"], "domain": row["domain"]}
    (count,) = Question("near_count", under).rows(store)
    depth = _depth(count, most)
    near = _table(store, "near_edges", under | {"depth": depth})
    trusts = _table(store, "near_trust", under | {"depth": depth})
    names = pc.unique(pa.concat_arrays([near[0], near[1], trusts[0], pa.array([row["domain"]])]))
    ends = [_ids(names, column) for column in near]
    graph = from_edges(ends[0], ends[1], n=len(names))
    weight = np.zeros(len(names))
    weight[_ids(names, trusts[0])] = trusts[1].cast(pa.float64()).to_numpy(zero_copy_only=False)
    target = int(_ids(names, pa.array([row["domain"]]))[0])
    linking = pc.fill_null(pc.index_in(pa.array(sources), names), -1).to_numpy()
    return without_each(
        graph, target, linking, weight, centrality=row["trusted_harmonic"], depth=depth or None
    )


def _depth(count: dict[str, int], most: int) -> int:
    """How far back all links are read; 0 where all of the snapshot's are."""
    if count["every"] <= most:
        return 0
    counts = [count["one"], count["two"], count["three"]]
    return max(1, sum(each <= most for each in counts))


def _table(store: Store, name: str, parameters: dict[str, Any]) -> list[pa.Array]:
    """An answer's columns, of which the first is of strings."""
    batches = list(Question(name, parameters).stream(store))
    if not batches:
        return [pa.array([], pa.string()), pa.array([], pa.string())]
    table = pa.Table.from_batches(batches)
    return [_in_one(column) for column in table.columns]


def _in_one(column: pa.ChunkedArray) -> pa.Array:
    if pa.types.is_floating(column.type):
        return column.combine_chunks()
    return column.cast(pa.string()).combine_chunks()


def _ids(names: pa.Array, column: pa.Array) -> Any:
    return pc.index_in(column, names).to_numpy(zero_copy_only=False).astype(np.int64)


def _authority(rank: float, n: int) -> float | None:
    return max(0.0, 100 * (1 - math.log(rank) / math.log(n))) if n > 1 else None
