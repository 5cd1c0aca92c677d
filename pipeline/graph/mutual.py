"""Links that are answered: who links back, and how alike a domain's in- and out-links are."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.csr import DomainGraph, Ids, Offsets
from pipeline.graph.ranks import Scores, _blocks
from pipeline.graph.threads import at_most


def mutual_links(graph: DomainGraph) -> Offsets:
    """int64[n]: how many domains each one links to and is linked from.

    Time: one pass over the edges of both directions.
    """
    blocks, counts = _blocks(graph), np.empty(graph.n, dtype=np.int64)
    with at_most(len(blocks) - 1):
        _count(
            blocks, graph.out_offsets, graph.out_targets, graph.in_offsets, graph.in_sources, counts
        )
    return counts


def reciprocity(graph: DomainGraph) -> Scores:
    """The share of a domain's links that are answered by a link back.

    Returns float64[n], 0 to 1; nan where a domain links to nobody.
    Source: Becchetti et al. 2006, "Link-based characterization and detection of web spam".
    """
    return _share(mutual_links(graph), graph.out_degree)


def overlap(graph: DomainGraph) -> Scores:
    """How alike those who link to a domain and those it links to are: both over either (Jaccard).

    Returns float64[n], 0 to 1: 1 where every link is answered, either way; nan without links.
    """
    mutual = mutual_links(graph)
    return _share(mutual, graph.out_degree + graph.in_degree - mutual)


def mutual_graph(graph: DomainGraph) -> DomainGraph:
    """The links that are answered, alone: each stands in both directions, weighing the same."""
    kept = np.empty(graph.m, dtype=np.bool_)
    blocks = _blocks(graph)
    with at_most(len(blocks) - 1):
        _mark(
            blocks, graph.out_offsets, graph.out_targets, graph.in_offsets, graph.in_sources, kept
        )
    offsets = np.append(0, np.cumsum(kept))[graph.out_offsets]
    targets = graph.out_targets[kept]
    other = DomainGraph(graph.n, graph.names, offsets, targets, None)
    vars(other)["_transpose"] = (offsets, targets, None)  # symmetric: its own transpose
    return other


def _share(part: Offsets, whole: Offsets) -> Scores:
    share = np.full(len(part), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


@numba.njit(parallel=True, cache=True, nogil=True)
def _count(
    blocks: Offsets, out_offsets: Offsets, out_targets: Ids,
    in_offsets: Offsets, in_sources: Ids, counts: Offsets,
) -> None:  # fmt: skip
    """Both lists ascend, so one walk along the two finds what they share."""
    for block in numba.prange(blocks.size - 1):
        for u in range(blocks[block], blocks[block + 1]):
            i, j, found = out_offsets[u], in_offsets[u], 0
            while i < out_offsets[u + 1] and j < in_offsets[u + 1]:
                to, by = out_targets[i], in_sources[j]
                found += to == by
                i += to <= by
                j += by <= to
            counts[u] = found


@numba.njit(parallel=True, cache=True, nogil=True)
def _mark(
    blocks: Offsets, out_offsets: Offsets, out_targets: Ids,
    in_offsets: Offsets, in_sources: Ids, kept: npt.NDArray[np.bool_],
) -> None:  # fmt: skip
    """kept: bool[m], by out-edge."""
    for block in numba.prange(blocks.size - 1):
        for u in range(blocks[block], blocks[block + 1]):
            j = in_offsets[u]
            for i in range(out_offsets[u], out_offsets[u + 1]):
                while j < in_offsets[u + 1] and in_sources[j] < out_targets[i]:
                    j += 1
                kept[i] = j < in_offsets[u + 1] and in_sources[j] == out_targets[i]
