"""Where a domain's visits come from: from near, from the untrusted, or towards known spam.

All in linear PageRank: visits with what dangling domains get thrown away, so that a domain's
visits are a sum over where they set out from. A power iteration that sends dangling mass where
a visitor restarts finds the same scores times a constant, which `linear` takes out.
"""

from __future__ import annotations

import numpy as np

from pipeline.graph.blocks import Integers, Scores, distinct
from pipeline.graph.blocks import per_weight as weights_of
from pipeline.graph.links import Graph
from pipeline.graph.ranks import pagerank, percentile, rank_of, trust
from pipeline.graph.step import received

DAMPING = 0.85
FINE = 1e-12  # of visits that differences are taken of
GOOD_SHARE = 0.85  # of the web, as the source of spam mass guesses it
MASS_FLOOR = 10.0  # the source's, in visits of a domain that nobody links to


def anti_trust(graph: Graph, spam: Integers) -> Scores:
    """How much of what a domain links to, near or far, is known spam.

    spam: ids, at least one; repeats count once.
    Returns float64[n], summing to 1: trust walked backwards along the links, in proportion to
    their weights; exactly 0 where no path leads to known spam.
    Raises DidNotConverge, and ValueError on no id or one out of range.
    Source: Krishnan and Raj 2006, "Web spam detection with Anti-TrustRank".
    """
    return trust(graph.turned(), spam, damping=DAMPING)


def spam_mass(
    graph: Graph,
    seeds: Integers,
    *,
    good_share: float = GOOD_SHARE,
    floor: float = MASS_FLOOR,
    visits: Scores | None = None,
) -> Scores:
    """The share of a domain's PageRank that does not come from the good part of the web.

    seeds: ids of a good core, which stands for the whole good part. good_share: how much of the
    web that is. floor: PageRank below this many times that of a domain nobody links to says
    nothing of it, and its mass is nan. visits: `pagerank` with DAMPING, where that is known.
    Returns float64[n], at most 1: near 1 where hardly anything comes from the core; below 0
    where the core gives more than the guess (the core itself, and what it praises).
    Raises DidNotConverge, and ValueError on no seed, or a share outside (0, 1].
    Source: Gyöngyi et al. 2006, "Link spam detection based on mass estimation", section 3.
    """
    if not 0 < good_share <= 1:
        raise ValueError(f"good_share is {good_share}: a share above 0, at most 1, is needed")
    core = distinct(graph, seeds)
    visits = linear(graph, pagerank(graph, damping=DAMPING) if visits is None else visits)
    good = good_share * linear(graph, trust(graph, core, damping=DAMPING))
    mass = 1.0 - good / visits
    mass[visits * graph.n < floor * (1 - DAMPING)] = np.nan
    return mass


def truncated_pagerank_ratio(
    graph: Graph, *, links: int = 2, visits: Scores | None = None
) -> Scores:
    """The share of a domain's PageRank that set out from more than this many links away.

    visits: `pagerank` with DAMPING to a tolerance of 1e-12, where that is known.
    Returns float64[n], from 0 to 1: near 0 where visits come from next door, as in a farm; 0
    where nobody links. 1 can't be reached: a domain's own visits set out from itself.
    Raises DidNotConverge, and ValueError where links is negative.
    Source: Becchetti et al. 2006, "Using rank propagation and probabilistic counting for
    link-based spam detection", section 4; there the truncated score has another constant.
    """
    if links < 0:
        raise ValueError(f"links is {links}: it can't be negative")
    if graph.n == 0:
        return np.empty(0)
    if visits is None:
        visits = pagerank(graph, damping=DAMPING, tolerance=FINE)
    visits = linear(graph, visits)
    per_weight = weights_of(graph)
    term = np.full(graph.n, (1 - DAMPING) / graph.n)
    near = term.copy()
    for _ in range(links):
        term = DAMPING * received(graph, term * per_weight, weighted=True)
        near += term
    return np.clip(1.0 - near / visits, 0.0, 1.0)


def trust_minus_pagerank(trusted: Scores, visits: Scores) -> Scores:
    """How much better a domain stands by trust than by visits, in percentile points.

    trusted, visits: float64[n] from `trust` (or a mean of them) and `pagerank`; nan is unknown.
    Returns float64[n], from -100 (visited by all, trusted by none) to 100; nan where either is
    unknown or fewer than two are known.
    """
    known = ~np.isnan(trusted) & ~np.isnan(visits)
    by_trust, by_visits = (percentile(*rank_of(each, known)) for each in (trusted, visits))
    difference: Scores = by_trust - by_visits
    return difference


def linear(graph: Graph, scores: Scores) -> Scores:
    """Of scores whose dangling mass restarts: those where it is lost. Both damped by DAMPING."""
    dangling = float(scores[graph.out_degree == 0].sum())
    linear: Scores = scores * ((1 - DAMPING) / (1 - DAMPING + DAMPING * dangling))
    return linear
