"""Score: the links that live to a domain graph, its ranks, and a snapshot with its manifest.

A snapshot is written to the side and swapped in whole: a run that stops half-way leaves nothing,
and a rerun over the same data replaces its snapshot by the same.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import UsageError
from pipeline.graph.csr import DomainGraph, from_names
from pipeline.graph.ranks import authority, harmonic, pagerank, rank_of, trust, weighted_harmonic
from pipeline.settings import ScoreSettings
from pipeline.store import Store, rows, sql
from pipeline.url import Refused, canonical, suffix_list_version

FORMULA = 1  # goes up when a score may come out otherwise on the same links
EXACT_HARMONIC = 20_000  # domains; above, from a sample of as many
SAMPLE_SEED = 1

Floats = npt.NDArray[np.float64]
Progress = Callable[[str], None]


class Snapshot(NamedTuple):
    snapshot: int
    domains: int
    edges: int
    manifest: dict[str, Any]


class Ranks(NamedTuple):
    """float64[n] each; None where there are no seeds."""

    pagerank: Floats
    harmonic: Floats
    trust: Floats | None
    trusted_harmonic: Floats | None
    covered: float
    seeds_found: int
    sampled: int


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
    """Writes the snapshot of what the store holds now; None where it holds no page."""
    as_of = int(rows(store.query("SELECT max(arrived) AS at FROM arrivals"))[0]["at"])
    if not as_of:
        return None
    progress("reading links")
    parameters = {"snapshot": as_of, "nofollow": settings.nofollow}
    edges = store.query(sql("pipeline/quality/edges"), parameters)
    targets = store.query(sql("pipeline/quality/targets"))
    pages = store.query(sql("pipeline/quality/pages"))
    progress("building the graph")
    graph = build(edges, pages)
    ranks = rank(graph, settings, seeds, progress)
    quality = _quality(graph, ranks, edges, targets, pages, as_of, settings.damping)
    manifest = _manifest(settings, seeds, ranks, graph)
    progress("writing the snapshot")
    _swap_in(store, "domain_edges", edges, as_of)
    _swap_in(store, "domain_quality", quality, as_of)
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
        return from_names(empty, empty, also=_column(pages, "domain"))
    counted = edges.filter(pc.greater(edges["weight"], 0.0))
    also = pa.concat_arrays(
        [
            pa.array(_column(edges, "source_domain"), pa.string()),
            pa.array(_column(edges, "target_domain"), pa.string()),
            pa.array(_column(pages, "domain"), pa.string()),
        ]
    )
    return from_names(
        _column(counted, "source_domain"),
        _column(counted, "target_domain"),
        _column(counted, "weight"),
        also=also,
    )


def rank(
    graph: DomainGraph, settings: ScoreSettings, seeds: Sequence[str], progress: Progress
) -> Ranks:
    """Every rank of the graph; trust and authority only with seeds that are in it."""
    progress("PageRank")
    visits = pagerank(graph, damping=settings.damping)
    progress("harmonic centrality")
    sample = None
    if graph.n > EXACT_HARMONIC:
        generator = np.random.default_rng(SAMPLE_SEED)
        sample = np.sort(generator.choice(graph.n, EXACT_HARMONIC, replace=False))
    near = harmonic(graph, sources=sample)
    sampled = 0 if sample is None else len(sample)
    known = _ids(graph, seeds)
    if not len(known):
        return Ranks(visits, near, None, None, 0.0, 0, sampled)
    progress("trust and authority")
    trusted = trust(graph, known, damping=settings.damping)
    weighted, covered = weighted_harmonic(graph, trusted, max_sources=settings.sources)
    return Ranks(visits, near, trusted, weighted, covered, len(known), sampled)


def _column(table: pa.Table, name: str) -> pa.Array:
    if not table.num_rows:
        return pa.array([], pa.string())
    return table[name].combine_chunks()


def _ids(graph: DomainGraph, domains: Sequence[str]) -> npt.NDArray[np.int64]:
    if not domains or not graph.n:
        return np.empty(0, np.int64)
    found = pc.index_in(pa.array(list(domains), graph.names.type), graph.names)
    ids: npt.NDArray[np.int64] = found.drop_null().to_numpy(zero_copy_only=False).astype(np.int64)
    return ids


def _quality(
    graph: DomainGraph,
    ranks: Ranks,
    edges: pa.Table,
    targets: pa.Table,
    pages: pa.Table,
    snapshot: int,
    damping: float,
) -> pa.Table:
    n = graph.n
    names = graph.names.cast(pa.string())
    referring = _joined(names, targets, "referring_domains")
    trusted_rank, trusted_n = _rank(ranks.trusted_harmonic, n)
    columns: dict[str, Any] = {
        "snapshot": pa.array(np.full(n, snapshot), pa.uint64()),
        "domain": names,
        "domains": pa.array(np.full(n, n), pa.uint64()),
        "authority": _nullable(authority(trusted_rank, trusted_n)),
        "trusted_harmonic": _nullable(ranks.trusted_harmonic, n),
        "trusted_harmonic_rank": _nullable(trusted_rank),
        "trust": _nullable(ranks.trust, n),
        "trust_rank": _nullable(_rank(ranks.trust, n)[0]),
        "damping": np.full(n, damping),
        "pagerank": ranks.pagerank,
        "pagerank_rank": rank_of(ranks.pagerank)[0],
        "harmonic": ranks.harmonic,
        "harmonic_rank": rank_of(ranks.harmonic)[0],
        "referring_domains": pa.array(referring, pa.uint32()),
        "referring_domains_rank": rank_of(referring.astype(np.float64))[0],
        "referring_pages": pa.array(_joined(names, targets, "referring_pages"), pa.uint32()),
        "links": pa.array(_joined(names, targets, "links"), pa.uint32()),
        "follow_share": _looked_up(names, targets, "follow_share", pa.float64()),
        "out_domains": pa.array(_out_domains(names, edges), pa.uint32()),
        "reciprocal": pa.array(_reciprocal(names, edges), pa.uint32()),
        "pages": pa.array(_joined(names, pages, "pages"), pa.uint32()),
        "top_anchors": pc.coalesce(
            _looked_up(names, targets, "top_anchors", pa.list_(pa.string())),
            pa.scalar([], pa.list_(pa.string())),
        ),
    }
    return pa.table(columns)


def _rank(scores: Floats | None, n: int) -> tuple[Floats, int]:
    return rank_of(np.full(n, np.nan) if scores is None else scores)


def _nullable(values: Floats | None, n: int = 0) -> pa.Array:
    if values is None:
        return pa.nulls(n, pa.float64())
    return pa.array(values, pa.float64(), from_pandas=True)


def _looked_up(names: pa.Array, table: pa.Table, column: str, kind: pa.DataType) -> pa.Array:
    """The column's values by domain, null where the table has no such domain."""
    if not table.num_rows:
        return pa.nulls(len(names), kind)
    places = pc.index_in(names, _column(table, "domain").cast(pa.string()))
    return _column(table, column).take(places).cast(kind)


def _joined(names: pa.Array, table: pa.Table, column: str) -> npt.NDArray[np.int64]:
    found = pc.fill_null(_looked_up(names, table, column, pa.int64()), 0)
    counts: npt.NDArray[np.int64] = found.to_numpy(zero_copy_only=False)
    return counts


def _out_domains(names: pa.Array, edges: pa.Table) -> npt.NDArray[np.int64]:
    """How many domains each one has live links to, followed or not."""
    if not edges.num_rows:
        return np.zeros(len(names), np.int64)
    sources = pc.index_in(_column(edges, "source_domain").cast(pa.string()), names)
    return np.bincount(sources.to_numpy(zero_copy_only=False), minlength=len(names))


def _reciprocal(names: pa.Array, edges: pa.Table) -> npt.NDArray[np.int64]:
    """How many of its referring domains each one links back to."""
    if not edges.num_rows:
        return np.zeros(len(names), np.int64)
    n = len(names)
    sources = pc.index_in(_column(edges, "source_domain").cast(pa.string()), names)
    targets = pc.index_in(_column(edges, "target_domain").cast(pa.string()), names)
    source = sources.to_numpy(zero_copy_only=False).astype(np.int64)
    target = targets.to_numpy(zero_copy_only=False).astype(np.int64)
    mutual = np.isin(source * n + target, target * n + source)
    return np.bincount(target[mutual], minlength=n)


def _manifest(
    settings: ScoreSettings, seeds: Sequence[str], ranks: Ranks, graph: DomainGraph
) -> dict[str, Any]:
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
        "seeds_in_graph": ranks.seeds_found,
        "seeds_sha256": hashlib.sha256(listed).hexdigest() if seeds else None,
        "authority": "trust-weighted harmonic centrality" if ranks.trust is not None else None,
        "trust_searched_from": round(ranks.covered, 6),
        "harmonic_sources": ranks.sampled or "all",
        "domains": graph.n,
        "edges": graph.m,
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
