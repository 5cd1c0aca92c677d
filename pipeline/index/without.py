"""What if a link were gone: where a domain would rank without its strongest links, one at a time.

Authority has no reasons that add up: this is what stands in their place. In a small snapshot all
domains are scored again without the link. In a larger one the domain itself is, and ranks among the
others as they are. In one that is too large to be read the answer lies between two ranks.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.csr import DomainGraph, from_names
from pipeline.graph.ranks import rank_of
from pipeline.graph.without import (
    Part,
    between,
    centralities_again,
    centrality_again,
    hanging_on,
)
from pipeline.index.question import Question
from pipeline.quality.ranked import DRAWS, EXACT_HARMONIC
from pipeline.quality.scored import Floats
from pipeline.store import Parameters, Store

EDGES = 2_000_000  # read for one answer: some seconds and 500 MB
ALL = 200_000  # edges, up to which everybody is scored again
HEAVIEST = 5_000  # domains by trust, whose ways are looked at where not all are
LINKS = 5  # of the strongest, unless told


class Without(NamedTuple):
    """rank: as the snapshot has it. best, worst: what it would be; alike but where `scored` is
    "between". authority: 0 to 100 at the worst; NULL where fewer than two domains are ranked.
    scored: "all" domains again; "itself", among the others as they are; or "between" two ranks, by
    a part of the links and with all trust as it is."""

    source_domain: str
    rank: float
    best: float
    worst: float
    n: int
    authority: float | None
    scored: str


class _Around(NamedTuple):
    """What was read. depth: as `Part`; 0 where it is the whole graph. Arrays of n."""

    graph: DomainGraph
    depth: int
    target: int
    trust: Floats
    seeds: Any  # ids
    own: Floats


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
    all_again: int = ALL,
) -> list[Without]:
    """For each source that links to the domain of this row of domain_quality.

    n: of how many domains authority is known. edges: how many are read at most, but for those to
    the domain itself. all_again: up to how many everybody is scored again. Nothing where authority
    is unknown, and where the snapshot is from before it told which domains are seeds.
    """
    if row["trusted_harmonic"] is None or not sources:
        return []
    around = _around(store, row, edges)
    if not around.depth and not len(around.seeds):
        return []
    linking = pc.fill_null(pc.index_in(pa.array(sources), around.graph.names.cast(pa.string())), -1)
    ids = linking.to_numpy(zero_copy_only=False)
    if not around.depth and around.graph.m <= all_again and row["domains"] <= EXACT_HARMONIC:
        ranks = [_rank_again(around, row, source) for source in ids]
        found, how = list(zip(ranks, ranks, strict=True)), "all"
    else:
        low, high = _bounds(around, row, ids)
        found = _places(store, row, low, high)
        how = "between" if around.depth else "itself"
    n = n or row["domains"]
    return [
        Without(source, row["trusted_harmonic_rank"], best, worst, n, _authority(worst, n), how)
        for source, (best, worst) in zip(sources, found, strict=True)
    ]


def _rank_again(around: _Around, row: dict[str, Any], source: int) -> float:
    """Among all, of whom those that are not in the graph have nothing."""
    if source < 0:
        return float(row["trusted_harmonic_rank"])
    found = centralities_again(
        around.graph, around.seeds, source, around.target, damping=row["damping"], draws=DRAWS
    )
    rest = np.zeros(max(0, row["domains"] - around.graph.n))
    return float(rank_of(np.append(found, rest))[0][around.target])


def _bounds(around: _Around, row: dict[str, Any], ids: Any) -> tuple[Floats, Floats]:
    """What its centrality is at least and at most without each: the same where all was read."""
    known, damping = float(row["trusted_harmonic"]), float(row["damping"])
    if around.depth:
        part = Part(
            around.graph, around.target, around.depth, around.trust, around.own, known, damping
        )
        return between(part, ids)
    hanging = hanging_on(around.graph, around.seeds, around.target)
    # -1 links nowhere, so that nothing is gone. The snapshot's own may be estimated: in proportion.
    whole, *left = (
        centrality_again(
            around.graph, around.seeds, source, around.target, hanging,
            damping=damping, draws=DRAWS,
        )
        for source in (-1, *ids)
    )  # fmt: skip
    again = np.array([known * each / whole if whole > 0 else known for each in left])
    return again, again


def _places(
    store: Store, row: dict[str, Any], low: Floats, high: Floats
) -> list[tuple[float, float]]:
    """The best and the worst rank of each among the others of the snapshot."""
    under = {"snapshot": row["snapshot"], "domain": row["domain"]}
    centralities = [float(value) for value in (*high, *low)]
    (places,) = Question("place_of", {**under, "centralities": centralities}).rows(store)
    ranks = places["ranks"] or [1.0] * len(centralities)
    return list(zip(ranks[: len(low)], ranks[len(low) :], strict=True))


def _around(store: Store, row: dict[str, Any], most: int) -> _Around:
    under: Parameters = {"snapshot": row["snapshot"], "domain": row["domain"]}
    (count,) = Question("near_count", under).rows(store)
    depth = _depth(count, most)
    asked: Parameters = {**under, "depth": depth, "sources": HEAVIEST, "most": most}
    near = _table(store, "near_edges", asked, 2)
    told = _table(store, "near_trust", asked, 1)
    also = pa.concat_arrays([told[0], pa.array([row["domain"]])])
    graph = from_names(near[0], near[1], near[2] if len(near[2]) else None, also=also)
    names = graph.names.cast(pa.string())
    trust, is_seed, own = (np.zeros(graph.n) for _ in range(3))
    at = _ids(names, told[0])
    trust[at], is_seed[at], own[at] = (column.to_numpy(zero_copy_only=False) for column in told[1:])
    target = int(_ids(names, pa.array([row["domain"]]))[0])
    return _Around(graph, depth, target, trust, np.flatnonzero(is_seed), own)


def _depth(count: dict[str, int], most: int) -> int:
    """How far back all links are read; 0 where all of the snapshot's are."""
    if count["every"] <= most:
        return 0
    counts = [count["one"], count["two"], count["three"]]
    return max(1, sum(each <= most for each in counts))


def _table(store: Store, name: str, parameters: Parameters, strings: int) -> list[pa.Array]:
    """An answer's columns, of which the first are of strings and the others of floats."""
    question = Question(name, parameters)
    batches = list(question.stream(store))
    if not batches:
        return [pa.array([], pa.string())] * strings + [pa.array([], pa.float64())] * 3
    table = pa.Table.from_batches(batches)
    return [
        column.cast(pa.string() if place < strings else pa.float64()).combine_chunks()
        for place, column in enumerate(table.columns)
    ]


def _ids(names: pa.Array, column: pa.Array) -> Any:
    return pc.index_in(column, names).to_numpy(zero_copy_only=False).astype(np.int64)


def _authority(rank: float, n: int) -> float | None:
    return max(0.0, 100 * (1 - math.log(rank) / math.log(n))) if n > 1 else None
