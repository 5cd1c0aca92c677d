"""Scores in the manner of two that are sold, from what their makers say in public.

Neither is theirs: what they leave unsaid is filled in plainly, and here they stand for the kind.
"""

from __future__ import annotations

import numpy as np

from pipeline.graph.blocks import Scores
from pipeline.graph.csr import DomainGraph
from pipeline.graph.step import received

ROUNDS = 10


def ahrefs_like(graph: DomainGraph) -> Scores:
    """float64[n], 0 to 100: domains that link, each worth its own rating over how many it links to.

    Said of Domain Rating: it counts unique linking domains, by their own rating and by how many
    domains each of them links to, and is drawn on a logarithmic scale. Unsaid, and ours: that
    the scale is drawn in every one of ten rounds, from a rating of 0, and 1 is added to a rating.
    """
    out = np.maximum(graph.out_degree, 1)
    rating = np.zeros(graph.n)
    for _ in range(ROUNDS):
        rating = _on_a_scale(received(graph, (rating + 1) / out))
    return rating


def majestic_like(trusted: Scores, visits: Scores) -> Scores:
    """float64[n], 0 to 100: the geometric mean of a flow of trust and one of links.

    trusted, visits: from `trust` and `pagerank`. Said of Trust Flow and Citation Flow: trust
    flows from reviewed sites along links, citations from all; both from 0 to 100. Unsaid, and
    ours: that they flow as in those two, drawn on logarithmic scales in units of a mean domain's,
    and that one number is made of the two (buyers of links look at both).
    """
    n = len(visits)
    return np.sqrt(_on_a_scale(trusted * n) * _on_a_scale(visits * n))


def _on_a_scale(raw: Scores) -> Scores:
    top = float(raw.max(initial=0.0))
    return 100 * np.log1p(raw) / np.log1p(top) if top > 0 else np.zeros(len(raw))
