"""Score: the links that live to a domain graph, its ranks, and a snapshot with its manifest.

A snapshot is written to the side and swapped in whole: a run that stops half-way leaves nothing,
and a rerun over the same data replaces its snapshot by the same.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import UsageError
from pipeline.graph.csr import DomainGraph, from_names
from pipeline.quality import counted, ranked, risk
from pipeline.quality.formula import load
from pipeline.quality.scored import Columns, Part, Progress, Scored, column_of, ids_of, known, run
from pipeline.settings import ScoreSettings
from pipeline.store import Store, rows, sql
from pipeline.url import Refused, canonical, suffix_list_version

FORMULA = 1  # goes up when a score may come out otherwise on the same links

# Each reads what those before it made.
PARTS: tuple[Part, ...] = (ranked.PART, counted.PART, risk.PART)


class Snapshot(NamedTuple):
    snapshot: int
    domains: int
    edges: int
    manifest: dict[str, Any]


def read_seeds(file: Path) -> list[str]:
    """Registered domains, one a line; '#' begins a comment. Raises UsageError with the line."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read the trusted seeds {file}: {error}") from error
    found = []
    for number, line in enumerate(lines, 1):
        name = line.partition("#")[0].strip()
        if name:
            try:
                url = canonical(name if "://" in name else f"http://{name}/")
            except Refused as refusal:
                raise UsageError(
                    f"{file}, line {number}: {name[:100]!r} is no domain ({refusal.reason})"
                ) from None
            found.append(url.domain)
    return sorted(set(found))


def score(
    store: Store,
    settings: ScoreSettings,
    *,
    seeds: Sequence[str] = (),
    progress: Progress = lambda step: None,
) -> Snapshot | None:
    """Writes the snapshot of what the store holds now; None where it holds no page.

    Raises BadFormula before it reads anything.
    """
    load(settings.formula, risk.KNOWN)
    as_of = int(rows(store.query("SELECT max(arrived) AS at FROM arrivals"))[0]["at"])
    if not as_of:
        return None
    progress("reading links")
    parameters = {"snapshot": as_of, "nofollow": settings.nofollow}
    edges = store.query(sql("pipeline/quality/edges"), parameters)
    pages = store.query(sql("pipeline/quality/pages"))
    progress("building the graph")
    graph = build(edges, pages)
    scored = Scored(store, as_of, settings, ids_of(graph, seeds), graph, edges, pages, progress)
    for part in PARTS:
        run(part, scored)
    manifest = _manifest(settings, seeds, scored)
    progress("writing the snapshot")
    _swap_in(store, "domain_edges", _edges(scored), as_of)
    _swap_in(store, "domain_quality", _quality(scored), as_of)
    _write_strength(store, as_of)
    store.execute(sql("pipeline/quality/referrers"), {"snapshot": as_of})
    snapshot = Snapshot(as_of, graph.n, graph.m, manifest)
    _register(store, snapshot)
    _drop_strength_before(store, as_of)
    return snapshot


def build(edges: pa.Table, pages: pa.Table) -> DomainGraph:
    """The graph that is ranked: edges that weigh something, and every domain known."""
    if not edges.num_rows:
        empty = pa.array([], pa.string())
        return from_names(empty, empty, also=column_of(pages, "domain"))
    counted = edges.filter(pc.greater(edges["weight"], 0.0))
    also = pa.concat_arrays(
        [
            pa.array(column_of(edges, "source_domain"), pa.string()),
            pa.array(column_of(edges, "target_domain"), pa.string()),
            pa.array(column_of(pages, "domain"), pa.string()),
        ]
    )
    return from_names(
        column_of(counted, "source_domain"),
        column_of(counted, "target_domain"),
        column_of(counted, "weight"),
        also=also,
    )


def _quality(scored: Scored) -> pa.Table:
    n = scored.graph.n
    first: Columns = {
        "snapshot": pa.array(np.full(n, scored.snapshot), pa.uint64()),
        "domain": scored.names,
        "domains": pa.array(np.full(n, n), pa.uint64()),
        "damping": pa.array(np.full(n, scored.settings.damping)),
    }
    return pa.table(first | scored.columns)


def _edges(scored: Scored) -> pa.Table:
    edges = scored.edges
    for name, column in scored.edge_columns.items():
        edges = edges.append_column(name, column)
    return edges


def _manifest(settings: ScoreSettings, seeds: Sequence[str], scored: Scored) -> dict[str, Any]:
    listed = "\n".join(seeds).encode()
    return {
        "formula": FORMULA,
        "program": version("backlink-index"),
        "suffix_list": suffix_list_version(),
        "edge_filter": {
            "kinds": ["a", "area", "img-link", "redirect"],
            "rel": "any" if settings.nofollow else "followed: no nofollow, ugc, sponsored",
            "states": ["live", "unverified"],
            "weight": "log2(1 + sum over links of main 1, aside .5, header .4, nav .4, "
            "comment .3, footer .2)",
        },
        "damping": settings.damping,
        "seeds": len(seeds),
        "seeds_in_graph": len(scored.seeds),
        "seeds_sha256": hashlib.sha256(listed).hexdigest() if seeds else None,
        "domains": scored.graph.n,
        "edges": scored.graph.m,
        "known": {k: v for part in PARTS for k, v in known(scored, part.measures).items()},
        **scored.manifest,
    }


def _swap_in(store: Store, table: str, new: pa.Table, snapshot: int) -> None:
    """The partition of this snapshot, replaced whole by what was written beside it."""
    beside = f"{table}_next"
    store.execute(f"ALTER TABLE {beside} DROP PARTITION {snapshot:d}")  # left by a run that died
    if not new.num_rows:  # no link between domains: there is no partition to put in its place
        store.execute(f"ALTER TABLE {table} DROP PARTITION {snapshot:d}")
        return
    store.insert(beside, new)
    store.execute(f"ALTER TABLE {table} REPLACE PARTITION {snapshot:d} FROM {beside}")
    store.execute(f"ALTER TABLE {beside} DROP PARTITION {snapshot:d}")


def _write_strength(store: Store, snapshot: int) -> None:
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


def _drop_strength_before(store: Store, snapshot: int) -> None:
    """Nobody asks for that of an older snapshot; a plan under way goes on without it."""
    for row in rows(store.query(sql("pipeline/quality/strength_kept"))):
        if row["snapshot"] < snapshot:
            store.execute(f"ALTER TABLE page_strength DROP PARTITION {row['snapshot']:d}")


def _register(store: Store, snapshot: Snapshot) -> None:
    store.insert(
        "snapshots",
        pa.table(
            {
                "snapshot": pa.array([snapshot.snapshot], pa.uint64()),
                "written": pa.array([int(time.time() * 1000)], pa.uint64()),
                "domains": pa.array([snapshot.domains], pa.uint64()),
                "edges": pa.array([snapshot.edges], pa.uint64()),
                "manifest": [json.dumps(snapshot.manifest)],
            }
        ),
    )
