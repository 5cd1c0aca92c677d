"""Drawn graphs in which all is honest, to hold spam risk against: no bin was set on them.

Three kinds, each without what the others have: power laws without communities (R-MAT), communities
with menus whose members all link each other (a stochastic block model), and communities that grew
one domain after the other (Barabási and Albert).
"""

from __future__ import annotations

import random

import igraph
import numpy as np
import numpy.typing as npt

from pipeline.graph.csr import DomainGraph, from_edges
from tests.benchmarks.bench_hyperball import rmat

Ids = npt.NDArray[np.int64]
MENU = 40  # the largest


def drawn(scale: int = 15) -> dict[str, DomainGraph]:
    """By what they are, of 2^scale ids each."""
    return {"R-MAT": rmat(scale), "menus": menus(1 << scale), "grown": grown(1 << scale)}


def menus(n: int, seed: int = 1) -> DomainGraph:
    """Communities of 10 to 300. Four links of each within and one beyond, to popular ones more; a
    first domain that links to all; and in every other, a menu of 5 to 40 who all link each other,
    which the community's others link to at random, and other communities in proportion to it."""
    rng = np.random.default_rng(seed)
    sizes = np.floor(10 * (1 - rng.random(n // 10)) ** -0.7).astype(np.int64).clip(10, 300)
    ends = np.cumsum(sizes)
    ends = np.append(ends[ends < n], n)
    starts = np.append(0, ends[:-1])
    of = np.repeat(np.arange(len(ends)), ends - starts)
    everyone = np.arange(n)
    low, width = starts[of], (ends - starts)[of]
    within = [low + np.floor(width * rng.random(n) ** 2).astype(np.int64) for _ in range(4)]
    beyond = np.floor(n * rng.random(n) ** 3).astype(np.int64)
    sources = [np.tile(everyone, 5), low]
    targets = [np.concatenate([*within, rng.permutation(n)[beyond]]), everyone]
    for start, end in zip(starts[::2], ends[::2], strict=True):
        menu = start + np.arange(min(rng.integers(5, MENU + 1), end - start))
        one, other = np.meshgrid(menu, menu)
        sources += [one.ravel(), rng.integers(0, n, len(menu))]
        targets += [other.ravel(), menu]
    return from_edges(np.concatenate(sources), np.concatenate(targets), n=n)


def grown(n: int, seed: int = 1, size: int = 400) -> DomainGraph:
    """Communities of `size` that grew one by one, three links each, and one link in ten beyond."""
    rng = np.random.default_rng(seed)
    igraph.set_random_number_generator(random.Random(seed))
    sources, targets = [], []
    for start in range(0, n, size):
        edges = igraph.Graph.Barabasi(min(size, n - start), m=3, directed=True).get_edgelist()
        ends = np.array(edges, np.int64).reshape(-1, 2) + start
        sources.append(ends[:, 0])
        targets.append(ends[:, 1])
    far = rng.integers(0, n, (2, n * 3 // 10))
    return from_edges(np.concatenate([*sources, far[0]]), np.concatenate([*targets, far[1]]), n=n)
