"""Links from where they are kept to a graph, a range of domains at a time.

The links are read over and over, as batches, and never stand in memory all at once: each time
those of a range of domains are taken, sorted and merged, and put behind the rows before. The more
room there is for a range, the fewer times they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.csr import DomainGraph, Ids, Offsets, Weights, stable_order
from pipeline.graph.packed import PackedGraph, Packing

ROOM = 1 << 25  # links of a range: 1.6 GB while they are sorted


class Batch(NamedTuple):
    """Links by domain id, distinct pairs or not. weights: finite and above 0; None: all alike."""

    sources: Ids
    targets: Ids
    weights: Weights | None


class Rows(NamedTuple):
    """Of a range of domains: offsets int64[rows + 1] from 0 on, ids ascending in each row."""

    offsets: Offsets
    ids: Ids
    weights: Weights | None


Batches = Callable[[], Iterable[Batch]]


def gathered(
    n: int,
    batches: Batches,
    *,
    names: Any = None,
    packed: bool = False,
    group: Ids | None = None,
    distinct: bool = False,
    room: int = ROOM,
) -> DomainGraph | PackedGraph:
    """The graph of these links, the same as `from_edges` makes of them.

    batches: reads them from the beginning, each time in the same order. group: int32[n], whose
    links each domain's count as (the first of its owner's domains, say); itself if None. Links
    within a group are dropped, parallel ones are merged, their weights added up in order.
    distinct: no pair of different domains comes twice, which saves packing two readings.
    room: links that a range may have; a domain with more is a range of its own.
    """
    if packed:
        return _packed(n, batches, names, group, room, distinct and group is None)
    out = _plain(n, batches, group, room)
    graph = DomainGraph(n, names, *out)
    vars(graph)["_transpose"] = _plain(n, batches, group, room, turned=True)
    return graph


def _plain(n: int, batches: Batches, group: Ids | None, room: int, turned: bool = False) -> Rows:
    """Every row, in arrays of about the right size from the beginning."""
    degree = _degrees(n, batches, group, turned)
    offsets, ids = np.zeros(n + 1, np.int64), np.empty(degree.sum(), np.int32)
    weights: Weights | None = None
    row = end = 0
    for rows in _ranges(degree, batches, group, room, turned):
        size = len(rows.ids)
        count = len(rows.offsets) - 1
        offsets[row + 1 : row + count + 1] = end + rows.offsets[1:]
        ids[end : end + size] = rows.ids
        if rows.weights is not None:
            weights = np.empty(len(ids)) if weights is None else weights
            weights[end : end + size] = rows.weights
        row, end = row + count, end + size
    return Rows(offsets, ids[:end], None if weights is None else weights[:end])


def _packed(
    n: int, batches: Batches, names: Any, group: Ids | None, room: int, distinct: bool
) -> PackedGraph:
    values = _values(n, batches, group, room, distinct)
    both = []
    for turned in (False, True):
        packing = Packing(n, values)
        degree = _degrees(n, batches, group, turned)
        for rows in _ranges(degree, batches, group, room, turned):
            packing.add(rows.offsets, rows.ids.view(np.uint32), rows.weights)
        both.append(packing.links())
    return PackedGraph(n, names, *both)


def _values(
    n: int, batches: Batches, group: Ids | None, room: int, distinct: bool
) -> Weights | None:
    """Every weight that there is, ascending, as parallel links are merged."""
    found: Weights | None = None
    for weights in _all_weights(n, batches, group, room, distinct):
        if weights is not None:
            found = np.unique(weights if found is None else np.append(found, np.unique(weights)))
    return found


def _all_weights(
    n: int, batches: Batches, group: Ids | None, room: int, distinct: bool
) -> Iterator[Weights | None]:
    if distinct:
        yield from (batch.weights for batch in batches())
        return
    degree = _degrees(n, batches, group, False)
    yield from (rows.weights for rows in _ranges(degree, batches, group, room, False))


def _degrees(n: int, batches: Batches, group: Ids | None, turned: bool) -> Offsets:
    degree = np.zeros(n, np.int64)
    for sources, targets, _ in batches():
        _count(*_ends(sources, targets, group, turned), degree)
    return degree


def _ends(sources: Ids, targets: Ids, group: Ids | None, turned: bool) -> tuple[Ids, Ids]:
    ends = (sources, targets) if group is None else (group[sources], group[targets])
    return (ends[1], ends[0]) if turned else ends


def _ranges(
    degree: Offsets, batches: Batches, group: Ids | None, room: int, turned: bool
) -> Iterator[Rows]:
    ends = np.cumsum(degree)
    first = 0
    while first < len(degree):
        before = int(ends[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + room, side="right")))
        yield _rows(first, last, int(ends[last - 1]) - before, batches, group, turned)
        first = last


def _rows(
    first: int, last: int, size: int, batches: Batches, group: Ids | None, turned: bool
) -> Rows:
    """The rows from `first` to before `last`, which `size` links lead from or to."""
    keys, others = np.empty(size, np.int32), np.empty(size, np.int32)
    weights: Weights | None = None
    end = 0
    for batch in batches():
        ends = _ends(batch.sources, batch.targets, group, turned)
        if batch.weights is not None and weights is None:
            weights = np.empty(size)
        given = (np.empty(0), np.empty(0)) if weights is None else (batch.weights, weights)
        end = _take(*ends, given[0], first, last, keys, others, given[1], end)
    return _sorted(last - first, keys, others, weights)


def _sorted(rows: int, keys: Ids, others: Ids, weights: Weights | None) -> Rows:
    """By key, then by the other end; parallel links are merged in the order given."""
    order = np.lexsort((others, keys)) if len(keys) < rows else _by_both(rows, keys, others)
    keys, others = keys[order], others[order]
    differs = np.ones(len(keys), np.bool_)
    differs[1:] = (keys[1:] != keys[:-1]) | (others[1:] != others[:-1])
    offsets = np.zeros(rows + 1, np.int64)
    if differs.all():
        np.cumsum(np.bincount(keys, minlength=rows), out=offsets[1:])
        return Rows(offsets, others, None if weights is None else weights[order])
    starts = np.flatnonzero(differs)
    np.cumsum(np.bincount(keys[starts], minlength=rows), out=offsets[1:])
    merged = None if weights is None else np.add.reduceat(weights[order], starts)
    return Rows(offsets, others[starts], merged)


def _by_both(rows: int, keys: Ids, others: Ids) -> Offsets:
    most = int(others.max()) + 1 if len(others) else 0
    by_other = stable_order(others, most)[1]
    order: Offsets = by_other[stable_order(keys[by_other], rows)[1]]
    return order


@numba.njit(cache=True, nogil=True)
def _count(keys: Ids, others: Ids, degree: Offsets) -> None:
    for i in range(keys.size):
        if keys[i] != others[i]:
            degree[keys[i]] += 1


@numba.njit(cache=True, nogil=True)
def _take(
    keys: Ids, others: Ids, weights: npt.NDArray[Any], first: int, last: int,
    found_keys: Ids, found_others: Ids, found_weights: Weights, end: int,
) -> int:  # fmt: skip
    """Puts the links of the range behind those found before; keys count from its first."""
    for i in range(keys.size):
        if first <= keys[i] < last and keys[i] != others[i]:
            found_keys[end] = keys[i] - first
            found_others[end] = others[i]
            if found_weights.size > 0:
                found_weights[end] = weights[i]
            end += 1
    return end
