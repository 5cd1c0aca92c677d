"""Trust-weighted harmonic centrality from a sample of searches, when there is no time for all."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Integers, Scores, weights_of_domains
from pipeline.graph.distances import add_up
from pipeline.graph.links import Graph
from pipeline.graph.mixing import mixed


def weighted_harmonic_sampled(
    graph: Graph,
    weight: npt.NDArray[Any],
    sources: int,
    *,
    salt: int = 0,
    hangs_on: npt.NDArray[np.int32] | None = None,
) -> Scores:
    """An estimate of `weighted_harmonic` from this many searches, right on average.

    weight: float64[n], not negative. sources: at least 1. Who links to nobody is near to nobody,
    and is not searched from. Of the others those whose weight is more than a search's share are all
    searched from, and count as they are; of the rest each is drawn with a chance in proportion to
    its weight, and counts as a share of what they weigh. So it is exact where no more domains than
    `sources` have weight and link.
    hangs_on: as in `weighted_harmonic`.
    Returns float64[n]; exactly 0 where no weight leads, and where none that was drawn leads.
    Raises ValueError on weights of another length, negative or not finite, or sources < 1.
    Source: Horvitz and Thompson 1952 for the estimate; Madow 1949 for the systematic draw: in
    the order of ids, so that neighbours by name are drawn in proportion too.
    """
    weight = weights_of_domains(graph.n, weight)
    if sources < 1:
        raise ValueError(f"sources is {sources}: at least 1 is needed")
    chosen, counts = drawn(telling(graph, weight), sources, salt)
    return add_up(graph, chosen, counts, hangs_on) if chosen.size else np.zeros(graph.n)


def telling(graph: Graph, weight: Scores) -> Scores:
    """float64[n]: the weight of those that link to others, 0 for those that don't."""
    return np.where(graph.out_degree > 0, weight, 0.0)


def drawn(weight: Scores, sources: int, salt: int) -> tuple[Integers, Scores]:
    """Distinct ids, ascending, and what each counts: the sum is that of the weights."""
    positive = np.flatnonzero(weight)
    if len(positive) <= sources:
        return positive, weight[positive]
    certain = _certain(weight, sources)
    light = np.setdiff1d(positive, certain, assume_unique=True)
    draws = sources - len(certain)
    ends = np.cumsum(weight[light])
    share = ends[-1] / draws
    start = (float(mixed(np.array([0]), salt)[0] >> np.uint64(12)) + 0.5) * 2.0**-52
    marks = (np.arange(draws) + start) * share
    found = light[np.minimum(np.searchsorted(ends, marks), len(light) - 1)]
    picked, times = np.unique(found, return_counts=True)  # twice only by rounding at a mark
    chosen = np.append(certain, picked)
    counts = np.append(weight[certain], times * share)
    order = np.argsort(chosen)
    return chosen[order], counts[order]


def _certain(weight: Scores, sources: int) -> Integers:
    """Those at least as heavy as a search's share of the rest, the heaviest first."""
    heaviest = np.argsort(-weight, kind="stable")[:sources]
    rest = weight.sum() - np.append(0, np.cumsum(weight[heaviest])[:-1])
    share = rest / (sources - np.arange(len(heaviest)))
    light = np.flatnonzero(weight[heaviest] < share)
    return heaviest[: light[0]] if light.size else heaviest[: sources - 1]
