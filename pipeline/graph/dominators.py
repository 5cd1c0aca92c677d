"""Whom a domain's trust hangs on: the domains that every path from the seeds to it leads through.

A farm that nobody honest links to but its own target hangs on that target whole, whatever its size
and shape. So a score that leaves out, for each domain, what hangs on it, can't be raised by links
to one's own.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Integers, Offsets, distinct
from pipeline.graph.csr import Ids
from pipeline.graph.links import Graph

NONE = -1


def dominators(graph: Graph, seeds: Integers) -> Ids:
    """int32[n]: the last domain before each one that all paths from the seeds lead through.

    seeds: ids, at least one. -1 where there is no such domain: seeds, domains that several ways
    lead to from the seeds, and those that none leads to. Following it from a domain meets all
    domains that this one hangs on.
    Time: a pass over the edges in either direction, times a logarithm at worst. Memory: 45 bytes
    a domain.
    Raises ValueError on no seed or an id out of range.
    Source: Lengauer and Tarjan 1979, "A fast algorithm for finding dominators in a flowgraph", the
    simple version, without recursion; a root before the seeds.
    """
    chosen = np.zeros(graph.n, np.bool_)
    chosen[distinct(graph, seeds)] = True
    order, number, parent = _searched(graph.out_offsets, graph.out_targets, chosen)
    found: Ids = _dominate(graph.in_offsets, graph.in_sources, chosen, order, number, parent)
    return found


@numba.njit(cache=True, nogil=True)
def _searched(
    offsets: Offsets, targets: Ids, chosen: npt.NDArray[np.bool_]
) -> tuple[Ids, Ids, Ids]:
    """Depth first from a root that links to the seeds: who came when (the root first, as n), when
    each came (-1: never), and from whom."""
    n = offsets.size - 1
    order, number = np.empty(n + 1, np.int32), np.full(n + 1, NONE, np.int32)
    parent, path = np.full(n + 1, NONE, np.int32), np.empty(n + 1, np.int32)
    following = offsets[:-1].copy()  # the next edge to look at
    order[0], number[n], came = n, 0, 1
    for seed in range(n):
        if not chosen[seed] or number[seed] != NONE:
            continue
        order[came], number[seed], parent[seed] = seed, came, n
        came += 1
        path[0], depth = seed, 1
        while depth > 0:
            u = path[depth - 1]
            if following[u] == offsets[u + 1]:
                depth -= 1
                continue
            t = targets[following[u]]
            following[u] += 1
            if number[t] == NONE:
                order[came], number[t], parent[t] = t, came, u
                came += 1
                path[depth] = t
                depth += 1
    return order[:came], number, parent


@numba.njit(cache=True, nogil=True)
def _dominate(
    offsets: Offsets, sources: Ids, chosen: npt.NDArray[np.bool_],
    order: Ids, number: Ids, parent: Ids,
) -> Ids:  # fmt: skip
    """One piece, as its steps share all of the state. semi: of each, the number of its
    semidominator. label: whose of those between it and its ancestor is least. The buckets of a
    domain are a list by `first` and `more`.
    """
    n = offsets.size - 1
    semi, label = number.copy(), np.arange(n + 1).astype(np.int32)
    ancestor, found = np.full(n + 1, NONE, np.int32), np.full(n + 1, NONE, np.int32)
    first, more = np.full(n + 1, NONE, np.int32), np.full(n + 1, NONE, np.int32)
    path = np.empty(n + 1, np.int32)
    for i in range(order.size - 1, 0, -1):
        w = order[i]
        for j in range(offsets[w], offsets[w + 1] + chosen[w]):
            v = sources[j] if j < offsets[w + 1] else n  # the root links to seeds
            if number[v] != NONE:
                least = _least(v, ancestor, label, semi, path)
                semi[w] = min(semi[w], semi[least])
        holder = order[semi[w]]
        more[w], first[holder] = first[holder], w
        above = parent[w]
        ancestor[w] = above
        v = first[above]
        while v != NONE:
            least = _least(v, ancestor, label, semi, path)
            found[v] = least if semi[least] < semi[v] else above
            v = more[v]
        first[above] = NONE
    for i in range(1, order.size):
        w = order[i]
        if found[w] != order[semi[w]]:
            found[w] = found[found[w]]
    for w in range(n):
        if found[w] == n:
            found[w] = NONE
    return found[:n]


@numba.njit(cache=True, nogil=True)
def _least(v: int, ancestor: Ids, label: Ids, semi: Ids, path: Ids) -> int:
    """Of the domains from v up to below the root of its tree, whose semidominator is least; the
    way up is made short for those who come after."""
    if ancestor[v] == NONE:
        return v
    size, u = 0, v
    while ancestor[ancestor[u]] != NONE:
        path[size] = u
        size += 1
        u = ancestor[u]
    for i in range(size - 1, -1, -1):
        u = path[i]
        above = ancestor[u]
        if semi[label[above]] < semi[label[u]]:
            label[u] = label[above]
        ancestor[u] = ancestor[above]
    found: int = label[v]
    return found
