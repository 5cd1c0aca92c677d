"""Where domains are served from, and how much of what links to a domain comes from one place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.quality.scored import Ids32, Scored, column_of, looked_up
from pipeline.store import sql

Counts = npt.NDArray[np.int64]
AT_ONCE = 1 << 20  # edges: what is worked out beside the columns stays small


class Networks(NamedTuple):
    """of: int32[n], the network of each domain, -1 where it is not known. names: of each."""

    of: Ids32
    names: pa.Array


def networks(scored: Scored) -> Networks:
    """The /24 of each domain's pages, /48 of IPv6."""
    found = scored.store.query(sql("pipeline/quality/networks"))
    told = looked_up(scored.names, found, "network", pa.string()).dictionary_encode()
    return Networks(codes(told.indices), told.dictionary)


def codes(indices: pa.Array) -> Ids32:
    """A dictionary's indices, -1 where there is none."""
    found: Ids32 = pc.fill_null(indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    return found


class Concentration(NamedTuple):
    """Of the referring domains of each domain. groups: int64[n], how many different groups they
    are in. top: int64[n], how many are in the largest of them."""

    groups: Counts
    top: Counts


def concentration(source: Ids32, target: Ids32, group: Ids32, n: int) -> Concentration:
    """source, target: of edges that are together where they have one target.

    group: int32[n], of each domain; one below 0 is in none, and has no part.
    Time: sorts the edges. Memory: 40 bytes an edge of a million at a time, and 16 a domain.
    """
    groups, top = np.zeros(n, np.int64), np.zeros(n, np.int64)
    first = 0
    while first < len(target):
        last = min(len(target), first + AT_ONCE) - 1
        rest = target[last:]
        more = np.flatnonzero(rest != rest[0])
        end = last + (int(more[0]) if len(more) else len(rest))
        _count(source[first:end], target[first:end], group, groups, top)
        first = end
    return Concentration(groups, top)


def tallied(source: Ids32, target: Ids32, n: int, flags: npt.NDArray[np.bool_]) -> Counts:
    """int64[n]: how many of those that link to each domain have the flag, bool[n]."""
    found = np.zeros(n, np.int64)
    for first in range(0, len(target), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        np.add.at(found, target[some][flags[source[some]]], 1)
    return found


def _count(source: Ids32, target: Ids32, group: Ids32, groups: Counts, top: Counts) -> None:
    known = group[source] >= 0
    width = max(1, int(group.max(initial=-1)) + 1)
    keys = target[known].astype(np.int64) * width + group[source[known]]
    keys.sort()
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    sizes = np.diff(first, append=len(keys))
    of = keys[first] // width
    np.maximum.at(top, of, sizes)
    np.add.at(groups, of, 1)


def platform_sites(scored: Scored, listed: list[str]) -> npt.NDArray[np.bool_]:
    """bool[n]: domains on a platform, where everybody has the same address and templates, and
    platforms themselves. listed: platforms known beforehand."""
    found = scored.store.query(sql("pipeline/quality/platforms"))
    suffixes = column_of(found, "suffix").cast(pa.string())
    owners = column_of(found, "owner").cast(pa.string()) if found.num_rows else suffixes
    known = pa.concat_arrays([suffixes, owners, pa.array(listed, pa.string())])
    above = pc.replace_substring_regex(scored.names, r"^[^.]*\.", "")
    either = pc.or_(pc.is_in(scored.names, known), pc.is_in(above, known))
    flags: npt.NDArray[np.bool_] = either.to_numpy(zero_copy_only=False)
    return flags
