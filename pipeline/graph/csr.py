"""The domain graph: compressed sparse rows, by source, and by target on demand.

Memory: 12 bytes an edge (20 with weights) and 8 a domain, twice that once the transpose is
built; building takes a further 24 to 40 bytes an edge for its duration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.links import Plain
from pipeline.url import reversed_host

Ids = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]
Integers = npt.NDArray[np.integer[Any]]

MAX_DOMAINS = 2**31 - 1  # ids are int32


@dataclass(frozen=True, eq=False)
class DomainGraph:
    """n domains and m edges between different domains, each ordered pair at most once.

    out_offsets: int64[n+1]; the edges of u are out_offsets[u] to out_offsets[u+1].
    out_targets: int32[m], ascending within a source.
    out_weights: float64[m], finite and above 0; None where every edge weighs the same.
    names: Arrow strings[n], by id; None for a graph without names.
    """

    n: int
    names: Any  # pyarrow is untyped here: pa.Array | None
    out_offsets: Offsets
    out_targets: Ids
    out_weights: Weights | None

    @property
    def m(self) -> int:
        """How many edges there are, parallel ones merged."""
        return len(self.out_targets)

    @property
    def out_degree(self) -> Offsets:
        """int64[n]: how many other domains each one links to."""
        return np.diff(self.out_offsets)

    @property
    def in_degree(self) -> Offsets:
        """int64[n]: how many other domains link to each one."""
        return np.diff(self.in_offsets)

    @property
    def in_offsets(self) -> Offsets:
        """int64[n+1], as `out_offsets` of the transpose."""
        return self._transpose[0]

    @property
    def in_sources(self) -> Ids:
        """int32[m]: who links to t, ascending within a target."""
        return self._transpose[1]

    @property
    def in_weights(self) -> Weights | None:
        """float64[m] beside `in_sources`; None where every edge weighs the same."""
        return self._transpose[2]

    @property
    def out_links(self) -> Plain:
        """The links of each domain, for kernels."""
        return _plain(self.out_offsets, self.out_targets, self.out_weights)

    @property
    def in_links(self) -> Plain:
        """The links to each domain, for kernels."""
        return _plain(*self._transpose)

    def turned(self) -> DomainGraph:
        """The graph in which t links to u wherever u links to t here; no edge is copied."""
        other = DomainGraph(self.n, self.names, *self._transpose)
        # Turned twice it is the first again: known, and not to be sorted a second time.
        vars(other)["_transpose"] = (self.out_offsets, self.out_targets, self.out_weights)
        return other

    @cached_property
    def _transpose(self) -> tuple[Offsets, Ids, Weights | None]:
        offsets, order = stable_order(self.out_targets, self.n)
        sources = np.repeat(np.arange(self.n, dtype=np.int32), self.out_degree)[order]
        weights = None if self.out_weights is None else self.out_weights[order]
        return offsets, sources, weights


def from_edges(
    sources: Integers,
    targets: Integers,
    weights: npt.NDArray[Any] | None = None,
    n: int | None = None,
    names: Sequence[str] | pa.Array | None = None,
) -> DomainGraph:
    """The graph of these edges, in any order, by domain id.

    sources, targets: integers[k], ids from 0 to n-1. weights: numbers[k], finite and above 0.
    n: how many domains; by default as many as there are names, or else the largest id + 1.
    Edges from a domain to itself are dropped; the weights of parallel edges are added up, in
    the order given; without weights a parallel edge says nothing new.
    Raises ValueError where lengths differ, an id is out of range or a weight is not above 0.
    """
    count = _domain_count(sources, targets, n, names)
    if weights is not None:
        weights = np.asarray(weights, dtype=np.float64)  # Arrow's too, its nulls as nan
        if weights.shape != sources.shape or not bool(np.all((weights > 0) & np.isfinite(weights))):
            raise ValueError("weights must be finite and above 0, one for each edge")
    other = sources != targets
    source, target = sources[other].astype(np.int32), targets[other].astype(np.int32)
    by_target = stable_order(target, count)[1]
    order = by_target[stable_order(source[by_target], count)[1]]
    source, target = source[order], target[order]
    first = np.flatnonzero(_differs_from_previous(source, target))
    merged = None
    if weights is not None:
        merged = np.add.reduceat(weights[other][order], first) if first.size else np.empty(0)
    offsets = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(source[first], minlength=count), out=offsets[1:])
    strings = None if names is None else pa.array(names, type=pa.large_string())
    return DomainGraph(count, strings, offsets, target[first], merged)


def from_names(
    source_names: pa.Array | pa.ChunkedArray,
    target_names: pa.Array | pa.ChunkedArray,
    weights: npt.NDArray[Any] | pa.Array | pa.ChunkedArray | None = None,
    *,
    also: pa.Array | pa.ChunkedArray | None = None,
) -> DomainGraph:
    """The graph of these edges, by domain name; `also` are domains that may have no edge.

    source_names, target_names, also: Arrow strings (plain, large or dictionary), no nulls.
    Ids follow the order of the reversed names (`org.example` before `org.example.www`), by
    code point. No Python object is made per edge; one is per distinct name, for reversing it.
    Raises ValueError on a null or on columns of different lengths.
    """
    columns = [source_names, target_names] if also is None else [source_names, target_names, also]
    if len(source_names) != len(target_names):
        raise ValueError(f"{len(source_names)} sources but {len(target_names)} targets")
    if any(column.null_count for column in columns):
        raise ValueError("a domain name is null: leave such edges out")
    chunks = [chunk for column in columns for chunk in _string_chunks(column)]
    coded = pa.chunked_array(chunks, type=pa.large_string()).dictionary_encode().combine_chunks()
    names, new_ids = _in_reversed_order(coded.dictionary)
    ids = new_ids[coded.indices.to_numpy(zero_copy_only=False)]
    k = len(source_names)
    return from_edges(ids[:k], ids[k : 2 * k], weights, names=names)


def _string_chunks(column: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    text = column.cast(pa.large_string())
    return list(text.chunks) if isinstance(text, pa.ChunkedArray) else [text]


def _in_reversed_order(unique: pa.Array) -> tuple[pa.Array, Ids]:
    """The names sorted by their reversed form, and the new id of each old one."""
    backwards = pa.array([reversed_host(name) for name in unique.to_pylist()], pa.large_string())
    order = pc.sort_indices(backwards).to_numpy()
    new_ids = np.empty(len(order), dtype=np.int32)
    new_ids[order] = np.arange(len(order), dtype=np.int32)
    return unique.take(order), new_ids


def _domain_count(
    sources: Integers, targets: Integers, n: int | None, names: Sequence[str] | pa.Array | None
) -> int:
    """n, given or found, once every id has been checked against it."""
    if sources.ndim != 1 or sources.shape != targets.shape:
        raise ValueError("sources and targets must be two rows of ids of the same length")
    if sources.dtype.kind not in "iu" or targets.dtype.kind not in "iu":
        raise ValueError(f"ids must be integers, not {sources.dtype} and {targets.dtype}")
    largest = max(int(sources.max()), int(targets.max())) if sources.size else -1
    if n is None:
        n = largest + 1 if names is None else len(names)
    if not largest < n <= MAX_DOMAINS:
        raise ValueError(f"id {largest} does not fit into {n} domains (at most {MAX_DOMAINS})")
    if sources.size and min(int(sources.min()), int(targets.min())) < 0:
        raise ValueError("ids must not be negative")
    if names is not None and len(names) != n:
        raise ValueError(f"{len(names)} names for {n} domains")
    return n


def _plain(offsets: Offsets, ids: Ids, weights: Weights | None) -> Plain:
    none = np.empty(0) if weights is None else weights
    return Plain(offsets.view(np.uint64), ids.view(np.uint32), none)


def _differs_from_previous(source: Ids, target: Ids) -> npt.NDArray[np.bool_]:
    differs = np.ones(source.size, dtype=np.bool_)
    differs[1:] = (source[1:] != source[:-1]) | (target[1:] != target[:-1])
    return differs


@numba.njit(cache=True, nogil=True)
def stable_order(keys: Ids, n: int) -> tuple[Offsets, Offsets]:
    """Counting sort of keys below n: where each key's run starts, and who stands where."""
    offsets = np.zeros(n + 1, np.int64)
    for key in keys:
        offsets[key + 1] += 1
    for i in range(n):
        offsets[i + 1] += offsets[i]
    following = offsets[:-1].copy()
    order = np.empty(keys.size, np.int64)
    for i in range(keys.size):
        key = keys[i]
        order[following[key]] = i
        following[key] += 1
    return offsets, order
