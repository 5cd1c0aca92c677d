"""One step along every link at once, and the same graph with its links turned round."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.csr import DomainGraph, Offsets, Weights
from pipeline.graph.ranks import Scores, _blocks
from pipeline.graph.threads import at_most


def received(graph: DomainGraph, gift: Scores, *, weighted: bool = False) -> Scores:
    """What every domain gets when each one gives its gift along each of its links.

    gift: float64[n]. weighted: gifts are multiplied by the weight of the link.
    Returns float64[n]: the sum over links u to t of gift[u], by one thread in the order of u.
    """
    weights = graph.in_weights if weighted else None
    blocks, sums = _blocks(graph), np.empty(graph.n)
    with at_most(len(blocks) - 1):
        _receive(
            blocks, graph.in_offsets.view(np.uint64), graph.in_sources.view(np.uint32),
            np.empty(0) if weights is None else weights, gift, sums,
        )  # fmt: skip
    return sums


def turned(graph: DomainGraph) -> DomainGraph:
    """The graph in which t links to u wherever u links to t here; no edge is copied."""
    other = DomainGraph(graph.n, graph.names, graph.in_offsets, graph.in_sources, graph.in_weights)
    # Turned twice it is the first again: known, and not to be sorted a second time.
    vars(other)["_transpose"] = (graph.out_offsets, graph.out_targets, graph.out_weights)
    return other


@numba.njit(parallel=True, cache=True, nogil=True)
def _receive(
    blocks: Offsets,
    in_offsets: npt.NDArray[np.uint64],
    in_sources: npt.NDArray[np.uint32],
    in_weights: Weights,
    gift: Scores,
    sums: Scores,
) -> None:
    for block in numba.prange(blocks.size - 1):
        for t in range(blocks[block], blocks[block + 1]):
            total = 0.0
            if in_weights.size == 0:
                for j in range(in_offsets[t], in_offsets[t + 1]):
                    total += gift[in_sources[j]]
            else:
                for j in range(in_offsets[t], in_offsets[t + 1]):
                    total += gift[in_sources[j]] * in_weights[j]
            sums[t] = total
