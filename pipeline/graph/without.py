"""What if a link were gone: a domain's trust-weighted harmonic centrality without one of its links.

Where the whole graph is at hand it is taken again without the link: trust, which flows elsewhere
then, and distances. Of a part of the graph it lies between two bounds, with the trust of others as
it is. Distances to a domain change through its own links alone, so a search backwards from it tells
all of them; and what hangs on it hangs on it still.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Integers, Mask, Offsets, Scores, weights_of_domains
from pipeline.graph.csr import DomainGraph, Ids, from_edges
from pipeline.graph.dominators import dominators
from pipeline.graph.ranks import weighted_harmonic
from pipeline.graph.trusted import mean_trust, seed_distance

UNREACHED = -1
NOBODY = -1
GONE = 1e15  # links: so far that it counts as nothing

Distances = npt.NDArray[np.int32]


class Bounds(NamedTuple):
    """float64[k] each: what the centrality is at least and at most without each link."""

    low: Scores
    high: Scores


class Part(NamedTuple):
    """What is read of a graph that is too large to be read whole, around one of its domains.

    graph: all links into domains nearer than `depth` links to the target, and besides, of some
    domains all those into what is `depth` links away.
    weight: float64[n], trust. own: float64[n], the centralities of the domains themselves, as the
    target's is taken; 0 where no trust leads, infinite where it is not known.
    centrality: of the target in the whole graph. damping: of trust.
    """

    graph: DomainGraph
    target: int
    depth: int
    weight: Scores
    own: Scores
    centrality: float
    damping: float


def without_link(graph: DomainGraph, source: int, target: int) -> DomainGraph:
    """The graph less one link, which may be none of its own. Copies the links."""
    row = slice(graph.out_offsets[source], graph.out_offsets[source + 1])
    gone = graph.out_offsets[source] + np.flatnonzero(graph.out_targets[row] == target)
    offsets = graph.out_offsets.copy()
    offsets[source + 1 :] -= len(gone)
    weights = graph.out_weights
    left = None if weights is None else np.delete(weights, gone)
    return DomainGraph(graph.n, graph.names, offsets, np.delete(graph.out_targets, gone), left)


def hanging_on(graph: DomainGraph, seeds: Integers, target: int) -> Mask:
    """bool[n]: to whom no path from the seeds leads but through the target."""
    on = dominators(graph, seeds)
    below = np.flatnonzero(on >= 0)
    tree = from_edges(on[below], below, n=graph.n)
    return seed_distance(tree, np.array([target])) > 0


def centrality_again(
    graph: DomainGraph,
    seeds: Integers,
    source: int,
    target: int,
    hanging: Mask,
    *,
    damping: float,
    draws: int,
) -> float:
    """The target's centrality in the graph less the source's link to it, its trust taken anew.

    hanging: as `hanging_on` tells of the target. Time: two walks, and a search.
    """
    left = without_link(graph, source, target)
    weight = mean_trust(left, seeds, damping=damping, draws=draws)
    found = _distances(graph.in_offsets, graph.in_sources, target, source)
    return float(_shares(np.where(hanging, 0.0, weight), found).sum())


def centralities_again(
    graph: DomainGraph, seeds: Integers, source: int, target: int, *, damping: float, draws: int
) -> Scores:
    """float64[n]: those of all domains in the graph less the source's link to the target."""
    left = without_link(graph, source, target)
    weight = mean_trust(left, seeds, damping=damping, draws=draws)
    return weighted_harmonic(left, weight, hangs_on=dominators(left, seeds))[0]


def between(part: Part, sources: npt.NDArray[Any]) -> Bounds:
    """Of a part of the graph: the target's centrality without the link of each source, which has an
    id in it or -1. Trust stays as it is.

    What was read is known but for ways round that were not, which are longer than all that were
    read whole. What lies further is known by its sum alone. It moves only where the domain at the
    brink moved that it comes by; no further than that; and no more of it comes by a domain than
    that domain's own centrality has, and the trust of those who hang on it: damping / (1 - damping)
    of its own at most, since that is what a walk from it spends on those it alone leads to.
    Time: a search a source.
    """
    weight = weights_of_domains(part.graph.n, part.weight)
    offsets, sources_of = part.graph.in_offsets, part.graph.in_sources
    whole = _distances(offsets, sources_of, part.target, NOBODY)
    before = _shares(weight, whole)
    hanging = weight[part.target] * _spent(part.damping)
    low, high = np.empty(len(sources)), np.empty(len(sources))
    for place, source in enumerate(sources):
        less = _distances(offsets, sources_of, part.target, int(source))
        most = before - _at_most(weight, whole, less, part.depth)
        read = before - _shares(weight, less)
        further = max(part.centrality - float(before.sum()), 0.0) + hanging
        lost = float(read.sum()) + _lost_further(part, whole, less, further)
        low[place] = max(part.centrality - lost, 0.0)
        high[place] = part.centrality - max(float(most.sum()) - hanging, 0.0)
    return Bounds(low, high)


def _spent(damping: float) -> float:
    return damping / (1 - damping)


def _at_most(weight: Scores, whole: Distances, less: Distances, depth: int) -> Scores:
    """What is read counts no more than by the shortest way that was not: of what is nearer than
    the brink or at it, it leads by something at the brink; of what is beyond, by one more."""
    round_about = np.where(whole <= depth, depth + 1, depth + 2)
    doubtful = (whole > 0) & ((less == UNREACHED) | (less > round_about))
    return np.where(doubtful, weight / round_about, _shares(weight, less))


def _lost_further(part: Part, whole: Distances, less: Distances, further: float) -> float:
    """At most, of the sum over all that was not read."""
    depth = part.depth
    brink = np.flatnonzero((whole == depth) & (part.weight > 0))
    by = np.where(less[brink] == UNREACHED, GONE, less[brink] - depth)
    moved, by = brink[by > 0], by[by > 0]
    if not len(moved):
        return 0.0
    stays = (depth + 1) / (depth + 1 + by.max())
    behind = part.own[moved] + part.weight[moved] * _spent(part.damping)
    # What counts 1 / k at the brink did 1 / (k + depth), and does 1 / (k + depth + by): of all k
    # this one loses most.
    k = np.sqrt(depth * (depth + by))
    share = k * (1 / (k + depth) - 1 / (k + depth + by))
    return float(min(further * (1 - stays), (behind * share).sum()))


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
