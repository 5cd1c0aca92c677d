"""Where each domain's visits come from, and how much known spam it links to."""

from __future__ import annotations

from pipeline.graph.suspicion import (
    DAMPING,
    anti_trust,
    spam_mass,
    truncated_pagerank_ratio,
    trust_minus_pagerank,
)
from pipeline.quality.scored import BEFORE, Floats, Measure, Part, Scored, nullable

_UNSEEDED = "there are no trusted seeds"


def _visits(scored: Scored) -> Floats | None:
    """PageRank, where it is the one that the measures of suspicion are defined by."""
    return scored.floats("pagerank") if scored.settings.damping == DAMPING else None


def _add_origins(scored: Scored) -> None:
    visits = _visits(scored)
    mass = gap = None
    if len(scored.seeds):
        mass = spam_mass(scored.graph, scored.seeds, visits=visits)
        gap = trust_minus_pagerank(scored.floats("trust"), scored.floats("pagerank"))
    scored.columns["spam_mass"] = nullable(mass, scored.graph.n)
    scored.columns["trust_gap"] = nullable(gap, scored.graph.n)
    far = truncated_pagerank_ratio(scored.graph, visits=visits)
    scored.columns["truncated_pagerank"] = nullable(far)


def _add_anti_trust(scored: Scored) -> None:
    found = anti_trust(scored.graph, scored.spam) if len(scored.spam) else None
    scored.columns["anti_trust"] = nullable(found, scored.graph.n)


PARTS = (
    Part(
        "where visits come from",
        (
            Measure(
                "spam_mass",
                "share",
                "of its PageRank that does not come from the trusted part of the web; below 0 "
                "where more comes from there than the guess of 85% has it",
                "there are no trusted seeds, or its PageRank is too low to say",
                True,
            ),
            Measure(
                "truncated_pagerank",
                "share",
                "of its PageRank that sets out from more than two links away",
                BEFORE,
                True,
            ),
            Measure(
                "trust_gap",
                "percentile points",
                "how much better it stands by trust than by PageRank",
                _UNSEEDED,
                True,
            ),
        ),
        _add_origins,
    ),
    Part(
        "known spam",
        (
            Measure(
                "anti_trust",
                "share",
                "how much of what it links to, near or far, is known spam; all of them sum to 1",
                "no known spam is in the graph (`score.spam`)",
                True,
            ),
        ),
        _add_anti_trust,
    ),
)
