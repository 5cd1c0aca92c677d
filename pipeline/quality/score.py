"""Score: the links that live to a domain graph, its measures, and a snapshot with its manifest.

A snapshot is written to the side and swapped in whole: a run that stops half-way leaves nothing
in it, and a rerun over the same links replaces its snapshot by the same. What a run that was killed
had done is kept beside the index, and the next run over the same links goes on from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.graph.gathered import gathered
from pipeline.graph.packed import PackedGraph
from pipeline.quality import (
    anchored,
    confidence,
    counted,
    homes,
    linked,
    named,
    needs,
    owned,
    portfolio,
    presence,
    ranked,
    relevant,
    risk,
    shaped,
    suspected,
    worth,
    written,
)
from pipeline.quality.formula import load
from pipeline.quality.page_authority import page_authority, waiting_rows
from pipeline.quality.page_scores import drop_pages_before, write_pages
from pipeline.quality.scored import Columns, Part, Progress, Scored, ids_of, known, run
from pipeline.quality.steps import Steps, steps_of
from pipeline.quality.taken import build as build  # of edges at hand; for tests and benchmarks
from pipeline.quality.taken import counting, take, taken
from pipeline.settings import ScoreSettings, weights_by_place
from pipeline.store import Store, rows, sql
from pipeline.url import suffix_list_version

FORMULA = 4  # goes up when a score may come out otherwise on the same links

# Each reads what those before it made.
PARTS: tuple[Part, ...] = (
    *ranked.PARTS,
    *shaped.PARTS,
    *suspected.PARTS,
    counted.PART,
    presence.PART,
    linked.PART,
    anchored.PART,
    owned.PART,
    named.PART,
    relevant.PART,
    homes.PART,
    risk.PART,
    worth.PART,
    portfolio.PART,
    confidence.PART,
)


class Snapshot(NamedTuple):
    snapshot: int
    domains: int
    edges: int
    manifest: dict[str, Any]


def score(
    store: Store,
    settings: ScoreSettings,
    *,
    seeds: Sequence[str] = (),
    spam: Sequence[str] = (),
    as_of: int | None = None,
    progress: Progress = lambda step: None,
    beside: Path | None = None,
) -> Snapshot | None:
    """Writes the snapshot of what the store holds now; None where it holds no page.

    as_of: ms since 1970; what was first seen or found lost later has no part in it. By default the
    arrival of the last page, so that what arrives while it is scored is left to the next one.
    beside: where steps are kept that are done, for a run after this one was killed; None: nowhere.
    Raises BadFormula and TooLarge before anything is begun, ScoreBusy, StoreFull, and what the
    store raises.
    """
    rules = load(settings.formula, risk.KNOWN).sha256  # its file may say something else later
    as_of = as_of or int(rows(store.query("SELECT max(arrived) AS at FROM arrivals"))[0]["at"])
    if not as_of:
        return None
    told = rows(store.query(sql("pipeline/quality/size")))[0]
    needs.chosen(needs.Size(told["domains"], told["edges"]), settings)
    with steps_of(beside, _went_in(store, as_of, settings, rules, seeds, spam)) as steps:
        scored = _begun(store, as_of, settings, seeds, spam, steps, progress)
        for number, part in enumerate(PARTS, 1):
            progress(f"{part.says} ({number} of {len(PARTS)})")
            _done(part, scored, steps)
        return _written(scored, seeds, spam, steps)


def _changed(file: str) -> list[int]:
    """What tells that a file is another now: when it was written, ns since 1970, and bytes."""
    if not file or not Path(file).exists():
        return []
    told = Path(file).stat()
    return [told.st_mtime_ns, told.st_size]


def _went_in(
    store: Store,
    as_of: int,
    settings: ScoreSettings,
    rules: str,
    seeds: Sequence[str],
    spam: Sequence[str],
) -> dict[str, Any]:
    """All that what a step makes depends on; how much memory it may take is none of it.

    rules: digest of the formula's file.
    """
    state = rows(store.query(sql("pipeline/quality/went_in")))[0]
    ours = settings.model_dump(mode="json", exclude={"memory_mb", "beside", "seeds", "spam"})
    return {
        "snapshot": as_of,
        "state": {name: int(value) for name, value in state.items()},
        "settings": ours,
        "seeds": digest(seeds),
        "spam": digest(spam),
        "formula": [FORMULA, version("backlink-index"), suffix_list_version()],
        "rules": rules,
        "geoip": _changed(settings.geoip),
        "parts": [part.says for part in PARTS],
    }


def _begun(
    store: Store, as_of: int, settings: ScoreSettings, seeds: Sequence[str], spam: Sequence[str],
    steps: Steps, progress: Progress,
) -> Scored:  # fmt: skip
    """The graph that is ranked: edges that weigh something, and every domain known."""
    progress("reading links")
    size = steps.once("reading links", lambda: take(store, settings, as_of, steps))
    need = needs.chosen(needs.Size(size["domains"], size["edges"]), settings)
    names, edges, pages = taken(steps, size["edges"])
    progress("building the graph")
    with steps.timed("building the graph"):
        graph = gathered(
            len(names), lambda: counting(edges), names=names, packed=need.packed, distinct=True
        )
    scored = Scored(
        store, as_of, settings, ids_of(graph, seeds), graph, edges, pages, progress,
        spam=ids_of(graph, spam),
    )  # fmt: skip
    scored.manifest["memory"] = {"estimated_mb": need.mb, "most": need.most[0]}
    return scored


def _done(part: Part, scored: Scored, steps: Steps) -> None:
    """Runs the part, or takes what a run before left of it; either way from its file."""

    def act() -> Mapping[str, Any]:
        before = dict(scored.columns), dict(scored.edge_columns), dict(scored.manifest)
        run(part, scored)
        made = _new(scored.columns, before[0]), _new(scored.edge_columns, before[1])
        steps.keep(part.says, made[0])
        steps.keep(f"{part.says} edges", made[1])
        return _new(scored.manifest, before[2])

    scored.manifest |= steps.once(part.says, act)
    scored.columns |= steps.kept(part.says)
    scored.edge_columns |= steps.kept(f"{part.says} edges")


def _new(after: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    return {n: told for n, told in after.items() if n not in before or before[n] is not told}


def _written(scored: Scored, seeds: Sequence[str], spam: Sequence[str], steps: Steps) -> Snapshot:
    store, as_of = scored.store, scored.snapshot
    of_pages = page_authority(scored, steps)
    scored.progress("writing the snapshot")
    with steps.timed("writing the snapshot"):
        edges = scored.edges
        for name, column in scored.edge_columns.items():
            edges = edges.append_column(name, column)
        written.swap_in(store, "domain_edges", edges, as_of)
        written.swap_in(store, "domain_quality", _quality(scored), as_of)
        written.write_strength(store, as_of)
        waiting = waiting_rows(scored, steps, of_pages) if of_pages else ()
        write_pages(store, as_of, seeded=len(scored.seeds) > 0, authority=waiting)
    manifest = _manifest(scored, seeds, spam, steps)
    snapshot = Snapshot(as_of, scored.graph.n, scored.graph.m, manifest)
    written.rank_referrers(store, as_of, lambda: written.register(store, *snapshot))
    written.drop_strength_before(store, as_of)
    drop_pages_before(store, as_of)
    return snapshot


def _quality(scored: Scored) -> pa.Table:
    n = scored.graph.n
    first: Columns = {
        "domain": scored.graph.names,
        "domains": pa.array(np.full(n, n), pa.uint64()),
        "damping": pa.array(np.full(n, scored.settings.damping)),
    }
    return pa.table(first | scored.columns)


def _manifest(
    scored: Scored, seeds: Sequence[str], spam: Sequence[str], steps: Steps
) -> dict[str, Any]:
    settings = scored.settings
    return {
        "formula": FORMULA,
        "program": version("backlink-index"),
        "suffix_list": suffix_list_version(),
        "edge_filter": {
            "kinds": ["a", "area", "img-link", "redirect"],
            "rel": "any" if settings.nofollow else "followed: no nofollow, ugc, sponsored",
            "states": ["live", "unverified"],
            "weight": "log2(1 + sum over links of the weight of their place)",
            "weights": weights_by_place(settings.weights),
        },
        "damping": settings.damping,
        "seeds": len(seeds),
        "seeds_in_graph": len(scored.seeds),
        "seeds_sha256": digest(seeds),
        "spam": len(spam),
        "spam_in_graph": len(scored.spam),
        "spam_sha256": digest(spam),
        "domains": scored.graph.n,
        "edges": scored.graph.m,
        "links": "packed" if isinstance(scored.graph, PackedGraph) else "plain",
        "known": {k: v for part in PARTS for k, v in known(scored, part.measures).items()},
        "measures": _measures(),
        "steps": [step.told() for step in steps.done],
        **scored.manifest,
    }


def digest(names: Sequence[str]) -> str | None:
    """Of a list of domains; None of none."""
    return hashlib.sha256("\n".join(names).encode()).hexdigest() if names else None


def _measures() -> list[dict[str, str]]:
    """What each figure of domain_quality is: SQL tells its units and meanings from here."""
    return [
        {"measure": m.name, "unit": m.unit, "meaning": m.meaning, "unknown": m.unknown}
        for part in PARTS
        for m in part.measures
    ]
