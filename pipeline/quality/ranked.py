"""Where each domain stands in the graph: PageRank, harmonic centrality, trust and authority."""

from __future__ import annotations

import numpy as np

from pipeline.graph.dominators import dominators
from pipeline.graph.ranks import authority, harmonic, pagerank, rank_of, trust, weighted_harmonic
from pipeline.quality.scored import Floats, Measure, Part, Scored, nullable

EXACT_HARMONIC = 20_000  # domains; above, from a sample of as many
SAMPLE_SEED = 1

_UNSEEDED = "there are no trusted seeds"


def _add(scored: Scored) -> None:
    scored.columns["pagerank"] = nullable(pagerank(scored.graph, damping=scored.settings.damping))
    scored.progress("harmonic centrality")
    scored.columns["harmonic"] = nullable(_harmonic(scored))
    trusted = weighted = None
    scored.manifest["authority"] = (
        "trust-weighted harmonic centrality" if len(scored.seeds) else None
    )
    if len(scored.seeds):
        scored.progress("trust and authority")
        trusted = trust(scored.graph, scored.seeds, damping=scored.settings.damping)
        weighted = _authority(scored, trusted)
    scored.columns["trust"] = nullable(trusted, scored.graph.n)
    scored.columns["trusted_harmonic"] = nullable(weighted, scored.graph.n)
    ranks, n = rank_of(scored.floats("trusted_harmonic"))
    scored.columns["authority"] = nullable(authority(ranks, n))


def _harmonic(scored: Scored) -> Floats:
    n, sample = scored.graph.n, None
    if n > EXACT_HARMONIC:
        generator = np.random.default_rng(SAMPLE_SEED)
        sample = np.sort(generator.choice(n, EXACT_HARMONIC, replace=False))
    scored.manifest["harmonic_sources"] = "all" if sample is None else len(sample)
    return harmonic(scored.graph, sources=sample)


def _authority(scored: Scored, trusted: Floats) -> Floats:
    found, covered = weighted_harmonic(
        scored.graph,
        trusted,
        max_sources=scored.settings.sources,
        hangs_on=dominators(scored.graph, scored.seeds),
    )
    scored.manifest["trust_searched_from"] = round(covered, 6)
    return found


PART = Part(
    "PageRank",
    (
        Measure("pagerank", "share", "PageRank; all of them sum to 1", "never", ranked=True),
        Measure("harmonic", "domains", "harmonic centrality", "never", ranked=True),
        Measure("trust", "share", "personalised PageRank from the seeds", _UNSEEDED, ranked=True),
        Measure(
            "trusted_harmonic",
            "share",
            "trust-weighted harmonic centrality",
            _UNSEEDED,
            ranked=True,
        ),
        Measure("authority", "points", "100 * (1 - ln rank / ln N) by trusted_harmonic", _UNSEEDED),
    ),
    _add,
)
