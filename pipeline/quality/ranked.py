"""Where each domain stands in the graph: PageRank, harmonic centrality, trust and authority."""

from __future__ import annotations

import numpy as np

from pipeline.graph.dominators import dominators
from pipeline.graph.hyperball import harmonic_estimate
from pipeline.graph.ranks import authority, harmonic, pagerank, rank_of
from pipeline.graph.sampled import telling, weighted_harmonic_sampled
from pipeline.graph.suspicion import DAMPING, FINE
from pipeline.graph.trusted import UNREACHED, redrawn_trust, seed_distance
from pipeline.quality.scored import Floats, Measure, Part, Scored, counts, nullable

EXACT_HARMONIC = 20_000  # domains; above, nearness is estimated
DRAWS = 16  # of halves of the seeds
COARSE = 1e-9  # of PageRank; at a high damping a finer one takes more sweeps than there may be

_UNSEEDED = "there are no trusted seeds"


def _add_pagerank(scored: Scored) -> None:
    """Fine enough for suspicion to take differences of, where it is by its damping."""
    damping = scored.settings.damping
    tolerance = FINE if damping == DAMPING else COARSE
    scored.columns["pagerank"] = nullable(
        pagerank(scored.graph, damping=damping, tolerance=tolerance)
    )


def _add_harmonic(scored: Scored) -> None:
    exact = scored.graph.n <= EXACT_HARMONIC
    log2m = scored.settings.registers
    found = harmonic(scored.graph) if exact else harmonic_estimate(scored.graph, log2m=log2m)
    scored.columns["harmonic"] = nullable(found)
    scored.manifest["harmonic"] = "exact" if exact else f"HyperBall of 2^{log2m} registers"


def _add_trust(scored: Scored) -> None:
    n, spread, distance = scored.graph.n, None, np.full(scored.graph.n, UNREACHED)
    mean = None
    if len(scored.seeds):
        damping = scored.settings.damping
        drawn = redrawn_trust(scored.graph, scored.seeds, draws=DRAWS, damping=damping)
        mean, spread = drawn.mean, drawn.spread
        distance = seed_distance(scored.graph, scored.seeds)
    scored.columns["trust"] = nullable(mean, n)
    scored.columns["trust_spread"] = nullable(spread, n)
    scored.columns["seed_distance"] = counts(distance, distance != UNREACHED)
    scored.manifest["trust_draws"] = DRAWS if len(scored.seeds) > 1 else len(scored.seeds)


def _add_authority(scored: Scored) -> None:
    found = _authority(scored) if len(scored.seeds) else None
    scored.columns["trusted_harmonic"] = nullable(found, scored.graph.n)
    ranks, n = rank_of(scored.floats("trusted_harmonic"))
    scored.columns["authority"] = nullable(authority(ranks, n))
    scored.manifest["authority"] = (
        "trust-weighted harmonic centrality" if len(scored.seeds) else None
    )


def _authority(scored: Scored) -> Floats:
    """From all whose trust is above 0 and who link, or from a sample of them by trust."""
    trust, sources = scored.floats("trust"), searches(scored)
    scored.manifest["authority_searches"] = sources or "all"
    hangs_on = dominators(scored.graph, scored.seeds)
    every = max(scored.graph.n, 1)
    return weighted_harmonic_sampled(scored.graph, trust, sources or every, hangs_on=hangs_on)


def searches(scored: Scored) -> int | None:
    """How many domains authority is searched from, drawn by trust; None: all that link with any."""
    trusted = np.count_nonzero(telling(scored.graph, scored.floats("trust")))
    most = scored.settings.sources
    return most if scored.graph.n > EXACT_HARMONIC and trusted > most else None


PARTS = (
    Part(
        "PageRank",
        (Measure("pagerank", "share", "PageRank; all of them sum to 1", "never", ranked=True),),
        _add_pagerank,
    ),
    Part(
        "harmonic centrality",
        (Measure("harmonic", "domains", "harmonic centrality", "never", ranked=True),),
        _add_harmonic,
    ),
    Part(
        "trust",
        (
            Measure(
                "trust",
                "share",
                "personalised PageRank from the seeds, the mean over redrawn halves of them",
                _UNSEEDED,
                ranked=True,
            ),
            Measure(
                "trust_spread",
                "share",
                "standard deviation of trust over the redrawn halves",
                "there are fewer than two trusted seeds",
            ),
            Measure(
                "seed_distance",
                "links",
                "fewest links from a trusted seed",
                "there are no trusted seeds, or no path leads from one",
            ),
        ),
        _add_trust,
    ),
    Part(
        "authority",
        (
            Measure(
                "trusted_harmonic",
                "share",
                "trust-weighted harmonic centrality",
                _UNSEEDED,
                ranked=True,
            ),
            Measure(
                "authority", "points", "100 * (1 - ln rank / ln N) by trusted_harmonic", _UNSEEDED
            ),
        ),
        _add_authority,
    ),
)
