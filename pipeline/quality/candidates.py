"""Candidates for trusted seeds, for a person to accept, each with the marks that speak for it.

Inverse PageRank alone, as TrustRank's authors propose it, is captured by whoever links to much of
the web: fake directories had 96% of its top 200 in a trial. So it is one mark of many. Marks that
nobody can give himself go before the others: authority by the seeds there are, a place in a web
graph, your own lists and labels. Of as many, the order is by what costs most to forge: the networks
that link, counting only domains that others link to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from pipeline.index.snapshots import Snapshot, quality_of
from pipeline.platforms import platforms
from pipeline.quality.verdict import verdict
from pipeline.store import Parameters, Store, rows, sql
from pipeline.url import domains

NETWORKS, ENDINGS, LANGUAGES, PAGES = 10, 3, 2, 10  # from which on a mark is given
GRAPH = 1_000_000  # of the places in an imported web graph, the last that is one
MOST_LISTED = 100_000  # names of the files that a person gives
_SPARE = 4  # times as many are asked for: some are flagged, or no domain of one owner

_SAID: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "networks": lambda row: f"linked from {row['networks']:,} networks",
    "vouched": lambda row: f"{row['vouched_networks']:,} of domains that others link to",
    "endings": lambda row: f"from {row['endings']:,} endings",
    "languages": lambda row: f"in {row['languages']:,} languages",
    "age": lambda row: f"known for {row['days_known']:,} days",
    "pages": lambda row: f"{row['pages']:,} pages fetched",
    "one-way": lambda row: f"links back to {row['reciprocal']:,} of {row['referring_domains']:,}",
    "reach": lambda row: f"inverse PageRank {row['inverse_pagerank_rank']:,.0f}",
    "authority": lambda row: f"authority rank {row['trusted_harmonic_rank']:,.0f} by your seeds",
    "graph": lambda row: f"rank {row['graph_rank']:,} in a web graph",
    "listed": lambda row: "in your files",
    "ok": lambda row: "labelled ok",
}
MARKS = tuple(_SAID)


class SeedCandidate(NamedTuple):
    """`marks`: of MARKS, those that speak for it; `told`: the same with their figures."""

    domain: str
    marks: tuple[str, ...]
    told: tuple[str, ...]


def suggest(
    store: Store, snapshot: Snapshot, limit: int, *, listed: Collection[str] = ()
) -> list[SeedCandidate]:
    """Those for which most speaks, the surest first; none that its figures or people call bad.

    listed: domains of files that the person trusts, which is a mark of its own.
    """
    asked: Parameters = {
        "snapshot": snapshot.snapshot, "limit": limit * _SPARE, "listed": sorted(listed),
        "networks": NETWORKS, "endings": ENDINGS, "languages": LANGUAGES, "pages": PAGES,
        "graph": GRAPH,
    }  # fmt: skip
    found = rows(store.query(sql("pipeline/quality/seed_marks"), asked))
    scored = quality_of(store, snapshot.snapshot, {row["domain"] for row in found})
    return list(islice(_fit(found, scored), limit))


def _fit(
    found: list[dict[str, Any]], scored: Mapping[str, Mapping[str, Any]]
) -> Iterator[SeedCandidate]:
    for row in found:
        name = row["domain"]
        shared = domains(name).is_suffix or name in platforms()
        if not shared and not verdict(scored.get(name), None).flagged:
            marks = tuple(row["marks"])
            yield SeedCandidate(name, marks, tuple(_SAID[mark](row) for mark in marks))
