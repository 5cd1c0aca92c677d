"""What if a link were gone: a domain's trust-weighted harmonic centrality without one of its links.

Distances to a domain change through its own links alone, so a search backwards from it tells all.
Trust is taken as it is: that less of it would flow along the link too is not counted.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Offsets, Scores, weights_of_domains
from pipeline.graph.csr import DomainGraph, Ids

UNREACHED = -1
NOBODY = -1

Distances = npt.NDArray[np.int32]


class Bounds(NamedTuple):
    """float64[k] each: what the centrality is at least and at most without each link."""

    low: Scores
    high: Scores


def without_each(
    graph: DomainGraph,
    target: int,
    sources: npt.NDArray[Any],
    weight: npt.NDArray[Any],
    *,
    centrality: float | None = None,
    depth: int | None = None,
) -> Bounds:
    """The sum over u of weight[u] / d(u, target) without the link of each source, one at a time.

    graph: all of it, or where `depth` is given all links into domains nearer than that to the
    target. weight: float64[n]. centrality: of the target in the whole graph, by whatever measure of
    the same kind; None to take it from this graph. Without `depth` both bounds are one, and in
    proportion to `centrality`.
    With it, what lies further is known by its sum alone: it stays as it is at most, and at least
    moves away as far as the worst of what is `depth` links away, through which all of it leads.
    Time: a search a source.
    """
    weight = weights_of_domains(graph.n, weight)
    whole = _distances(graph.in_offsets, graph.in_sources, target, NOBODY)
    found = float(_shares(weight, whole).sum())
    known = found if centrality is None else centrality
    low, high = np.empty(len(sources)), np.empty(len(sources))
    for place, source in enumerate(sources):
        less = _distances(graph.in_offsets, graph.in_sources, target, int(source))
        if depth is None:
            left = float(_shares(weight, less).sum())
            low[place] = high[place] = known * left / found if found > 0 else known
        else:
            low[place], high[place] = _bounds(weight, whole, less, known - found, depth)
    return Bounds(low, high)


def _bounds(
    weight: Scores, whole: Distances, less: Distances, further: float, depth: int
) -> tuple[float, float]:
    """further: the sum over all that is more than `depth` links away, with the link."""
    shares = _shares(weight, less)
    # Ways through links that were not read may be shorter, but none than depth + 1.
    doubtful = (whole > 0) & ((less == UNREACHED) | (less > depth + 1))
    most = np.where(doubtful, weight / (depth + 1), shares)
    further = max(further, 0.0)
    brink = less[whole == depth]
    if brink.size == 0 or (brink == UNREACHED).any():
        stays = 0.0
    else:
        moved = int(brink.max()) - depth
        stays = (depth + 1) / (depth + 1 + moved)
    return float(shares.sum()) + further * stays, float(most.sum()) + further


def _shares(weight: Scores, distance: Distances) -> Scores:
    """weight / distance, 0 at the target itself and where nothing leads."""
    found: Scores = np.divide(weight, distance, out=np.zeros(len(weight)), where=distance > 0)
    return found


@numba.njit(cache=True, nogil=True)
def _distances(offsets: Offsets, sources: Ids, target: int, gone: int) -> Distances:
    """int32[n]: the fewest links to the target, without the link of `gone` to it."""
    distance = np.full(offsets.size - 1, UNREACHED, np.int32)
    queue = np.empty(offsets.size - 1, np.int32)
    distance[target] = 0
    queue[0] = target
    size, done = 1, 0
    while done < size:
        at = queue[done]
        done += 1
        for j in range(offsets[at], offsets[at + 1]):
            source = sources[j]
            if distance[source] == UNREACHED and not (at == target and source == gone):
                distance[source] = distance[at] + 1
                queue[size] = source
                size += 1
    return distance
