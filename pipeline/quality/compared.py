"""Two formulas on one snapshot: how alike they rank, and who moves for which reason."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.csr import DomainGraph, from_names
from pipeline.graph.ranks import rank_of
from pipeline.quality.formula import Formula
from pipeline.quality.marks import FLAGGED
from pipeline.quality.risk import OWN, Rated, known_of, rated
from pipeline.quality.scored import Floats, as_floats, column_of
from pipeline.store import Store, sql

_MOVES = pa.schema(
    [
        ("domain", pa.string()),
        ("risk_before", pa.float64()),
        ("risk_after", pa.float64()),
        ("points_before", pa.int64()),
        ("points_after", pa.int64()),
        ("why", pa.string()),
    ]
)


class Comparison(NamedTuple):
    """correlation: Spearman's, over domains with a risk by both; None where one of them says the
    same of all. moves: domain, risk and points by each, and why; who moves most first."""

    domains: int
    correlation: float | None
    flagged_before: int
    flagged_after: int
    moved: int
    moves: pa.Table


def compare(store: Store, before: Formula, after: Formula, *, limit: int = 100) -> Comparison:
    """Runs both on the newest snapshot and writes nothing; no domain where there is no snapshot.

    limit: moves that are told. Reads the snapshot's domains and edges, and keeps them in memory.
    """
    quality = store.query(sql("pipeline/quality/rated"))
    edges = store.query(sql("pipeline/quality/ranked_edges"))
    names = column_of(quality, "domain").cast(pa.string())
    source, target = (column_of(edges, end) for end in ("source_domain", "target_domain"))
    weight = column_of(edges, "weight") if edges.num_rows else None
    graph = from_names(source, target, weight, also=names)
    place = pc.index_in(graph.names.cast(pa.string()), names)
    columns = {
        name: column_of(quality, name).take(place)
        for name in quality.column_names
        if quality.num_rows and name != "domain"
    }
    return compared(graph, _values(columns, graph), before, after, limit)


def compared(
    graph: DomainGraph, values: dict[str, Floats], before: Formula, after: Formula, limit: int
) -> Comparison:
    """As `compare`. values: by measure, in the graph's order."""
    one, other = rated(before, values, graph), rated(after, values, graph)
    both = ~np.isnan(one.risk) & ~np.isnan(other.risk)
    change = np.abs(other.total - one.total)
    order = np.argsort(-change, kind="stable")
    first = order[: min(limit, np.count_nonzero(change))]
    return Comparison(
        graph.n,
        _alike(one.total[both].astype(np.float64), other.total[both].astype(np.float64)),
        int(np.count_nonzero(one.risk >= FLAGGED)),
        int(np.count_nonzero(other.risk >= FLAGGED)),
        int(np.count_nonzero(change)),
        _moves(graph, one, other, first.tolist()),
    )


def _values(columns: dict[str, pa.Array], graph: DomainGraph) -> dict[str, Floats]:
    own = {name: as_floats(columns[name]) for name in OWN if name in columns}
    return known_of(columns, graph) | own


def _alike(one: Floats, other: Floats) -> float | None:
    ranks = rank_of(one)[0], rank_of(other)[0]
    if len(one) < 2 or any(np.ptp(each) == 0 for each in ranks):
        return None
    return float(np.corrcoef(*ranks)[0, 1])


def _moves(graph: DomainGraph, one: Rated, other: Rated, ids: list[int]) -> pa.Table:
    rows = [
        {
            "domain": graph.names[i].as_py(),
            "risk_before": _told(one.risk[i]),
            "risk_after": _told(other.risk[i]),
            "points_before": int(one.total[i]),
            "points_after": int(other.total[i]),
            "why": _why(one, other, i),
        }
        for i in ids
    ]
    return pa.Table.from_pylist(rows, _MOVES)


def _told(risk: float) -> float | None:
    return None if np.isnan(risk) else float(risk)


def _why(one: Rated, other: Rated, i: int) -> str:
    """The measures that give other points, the largest change first."""
    changes = {}
    for name in sorted(one.points.keys() | other.points.keys()):
        before, after = (int(each.points[name][i]) if name in each.points else 0
                         for each in (one, other))  # fmt: skip
        if before != after:
            changes[name] = after - before
    ordered = sorted(changes.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
    return ", ".join(f"{name} {change:+d}" for name, change in ordered)
