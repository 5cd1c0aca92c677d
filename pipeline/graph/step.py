"""One step along every link at once."""

from __future__ import annotations

import numpy as np

from pipeline.graph.blocks import Scores, blocks_of, receive
from pipeline.graph.links import Graph, Packed
from pipeline.graph.threads import at_most


def received(graph: Graph, gift: Scores, *, weighted: bool = False) -> Scores:
    """What every domain gets when each one gives its gift along each of its links.

    gift: float64[n]. weighted: gifts are multiplied by the weight of the link.
    Returns float64[n]: the sum over links u to t of gift[u], by one thread in the order of u.
    """
    links = graph.in_links
    weigh = len(links.codes if isinstance(links, Packed) else links.weights) > 0
    blocks, sums = blocks_of(links), np.empty(graph.n)
    with at_most(len(blocks) - 1):
        receive(blocks, links, weighted and weigh, gift, sums)
    return sums
