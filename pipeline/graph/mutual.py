"""Links that are answered: who links back, and how alike a domain's in- and out-links are."""

from __future__ import annotations

import numba
import numpy as np

from pipeline.graph.blocks import Offsets, Scores, blocks_of, share_of
from pipeline.graph.csr import DomainGraph, Ids
from pipeline.graph.links import Graph, Links, following, start
from pipeline.graph.threads import at_most

ONE = np.uint64(1)
NOWHERE, NOBODY = np.empty(0, np.int64), np.empty(0, np.int32)


def mutual_links(graph: Graph) -> Offsets:
    """int64[n]: how many domains each one links to and is linked from.

    Time: one pass over the edges of both directions.
    """
    blocks, counts = blocks_of(graph.out_links), np.empty(graph.n, dtype=np.int64)
    with at_most(len(blocks) - 1):
        _meet(blocks, graph.out_links, graph.in_links, counts, NOWHERE, NOBODY)
    return counts


def reciprocity(graph: Graph) -> Scores:
    """The share of a domain's links that are answered by a link back.

    Returns float64[n], 0 to 1; nan where a domain links to nobody.
    Source: Becchetti et al. 2006, "Link-based characterization and detection of web spam".
    """
    return share_of(mutual_links(graph), graph.out_degree)


def overlap(graph: Graph) -> Scores:
    """How alike those who link to a domain and those it links to are: both over either (Jaccard).

    Returns float64[n], 0 to 1: 1 where every link is answered, either way; nan without links.
    """
    mutual = mutual_links(graph)
    return share_of(mutual, graph.out_degree + graph.in_degree - mutual)


def mutual_graph(graph: Graph) -> DomainGraph:
    """The links that are answered, alone: each stands in both directions, weighing the same."""
    counts = mutual_links(graph)
    offsets = np.append(0, np.cumsum(counts))
    targets = np.empty(offsets[-1], dtype=np.int32)
    blocks = blocks_of(graph.out_links)
    with at_most(len(blocks) - 1):
        _meet(blocks, graph.out_links, graph.in_links, counts, offsets, targets)
    other = DomainGraph(graph.n, graph.names, offsets, targets, None)
    vars(other)["_transpose"] = (offsets, targets, None)  # symmetric: its own transpose
    return other


@numba.njit(parallel=True, cache=True, nogil=True)
def _meet(
    blocks: Offsets, out_links: Links, in_links: Links,
    counts: Offsets, offsets: Offsets, targets: Ids,
) -> None:  # fmt: skip
    """Both lists ascend, so one walk along the two finds what they share.

    targets: what is found, from offsets[u] on; found alone is counted where there are none.
    """
    for block in numba.prange(blocks.size - 1):
        for u in range(blocks[block], blocks[block + 1]):
            found = 0
            i, j = out_links.offsets[u], in_links.offsets[u]
            out_end, in_end = out_links.offsets[u + 1], in_links.offsets[u + 1]
            out_place, to = start(out_links, u)
            in_place, by = start(in_links, u)
            if i < out_end and j < in_end:
                to, out_place = following(out_links, i, out_place, to)
                by, in_place = following(in_links, j, in_place, by)
            while i < out_end and j < in_end:
                if to == by:
                    if offsets.size > 0:
                        targets[offsets[u] + found] = to
                    found += 1
                forward, back = to <= by, by <= to
                if forward:
                    i += ONE
                    if i < out_end:
                        to, out_place = following(out_links, i, out_place, to)
                if back:
                    j += ONE
                    if j < in_end:
                        by, in_place = following(in_links, j, in_place, by)
            counts[u] = found
