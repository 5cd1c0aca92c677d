"""Which domains have one owner: two marks of it must agree, and links must join them.

Sharing a network alone is shared hosting, a template alone is a theme, a name alone is chance:
two of them, and links to each other or to the same others, are an owner. Sites on platforms are
never grouped: there everybody shares addresses and templates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.components import strong_components
from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.linksets import Batches, met_again, shared, signatures
from pipeline.graph.mixing import mixed
from pipeline.quality.scored import Ids, Ids32

Keys = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]
Bits = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

NETWORK, TEMPLATE, NAME, TEXTS, LINKS, JOINED = 1, 2, 4, 8, 16, 32
MOST = {NETWORK: 256, TEMPLATE: 1_000, NAME: 50, TEXTS: 20}  # domains; a mark of more is none
ALIKE = 0.5  # Jaccard of two sets of links that are no longer chance
NOTHING = np.uint64(0)  # a signature of no set
NEEDED = ((3, 2), (2, 3), (1, 5))  # links in common, and domains that have them in one place


class Marks(NamedTuple):
    """Keys by mark, int32[n, k] each: equal keys are a mark, of any two columns; -1 is none. They
    are numbers from 0 on, few of which nobody has.

    own: for each domain those that it links to of its own accord, and that few others link to.
    """

    network: Keys
    template: Keys
    name: Keys
    texts: Keys
    own: DomainGraph


class Owners(NamedTuple):
    """group: int32[n], the smallest id of those of one owner; its own where it stands alone.
    size: int32[n]. marks: uint8[n], what each shares with others of its group."""

    group: Ids32
    size: Ids32
    marks: Bits


def rare(keys: Keys, most: int, eligible: Flags) -> Keys:
    """Keys that two domains have at least and `most` at most; -1 for others."""
    kept = np.where(eligible[:, None], keys, np.int32(-1))
    sizes = np.bincount(kept[kept >= 0], minlength=1)
    good = (sizes >= 2) & (sizes <= most)
    kept[(kept < 0) | ~good[kept]] = -1
    return kept


def owners(marks: Marks, links: Batches, eligible: Flags) -> Owners:
    """links: sources and targets of some at a time, that may join two domains of an owner.

    Time: passes over the edges, and sorts of the domains. Memory: 130 bytes a domain.
    """
    n = len(eligible)
    kept = {
        NETWORK: rare(marks.network, MOST[NETWORK], eligible),
        TEMPLATE: rare(marks.template, MOST[TEMPLATE], eligible),
        NAME: rare(marks.name, MOST[NAME], eligible),
        TEXTS: rare(marks.texts, MOST[TEXTS], eligible),
    }
    one, other, bits = _pairs(kept, marks.own, links, eligible)
    whole = from_edges(np.append(one, other), np.append(other, one), n=n)
    parts = strong_components(whole)
    told = np.zeros(n, np.uint8)
    for end in (one, other):
        np.bitwise_or.at(told, end, bits)
    return Owners(parts.of, parts.size, told)


Found = tuple[Ids32, Ids32, Bits]


def _pairs(kept: dict[int, Keys], own: DomainGraph, links: Batches, eligible: Flags) -> Found:
    sets = signatures(own)
    sets[~eligible] = NOTHING
    found = [*_linked(kept, sets, own, links), *_alike(kept, sets, own)]
    one, other, bits = (np.concatenate(column) for column in zip(*found, strict=True))
    return one, other, bits


def _linked(
    kept: dict[int, Keys], sets: Hashes, own: DomainGraph, links: Batches
) -> Iterator[Found]:
    """Pairs of which one links to the other and two marks agree."""
    several = own.out_degree >= 2
    yield np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.uint8)
    for one, other in links():
        bits = np.zeros(len(one), np.uint8)
        for mark, keys in kept.items():
            bits |= np.where(_agree(keys, one, other), mark, 0).astype(np.uint8)
        first = sets[one, 0]
        same = (first == sets[other, 0]) & (first != NOTHING) & several[one]
        bits |= np.where(same, LINKS, 0).astype(np.uint8)
        two = np.bitwise_count(bits) >= 2
        yield one[two], other[two], bits[two] | np.uint8(JOINED)


def _agree(keys: Keys, one: Ids32, other: Ids32) -> Flags:
    found = np.zeros(len(one), bool)
    for i in range(keys.shape[1]):
        for j in range(keys.shape[1]):
            found |= (keys[one, i] == keys[other, j]) & (keys[one, i] >= 0)
    return found


def _alike(kept: dict[int, Keys], sets: Hashes, own: DomainGraph) -> Iterator[Found]:
    """Pairs that link to the same others, and of which another mark agrees."""
    for mark, keys in kept.items():
        for band in sets.T:
            yield _in_runs(band, keys, mark, own)


def _in_runs(bands: Hashes, marked: Keys, mark: int, own: DomainGraph) -> Found:
    """Each domain with the first of its run, and with the one before it: those with the same keys
    whose links are as alike as it takes in a run of that size."""
    at, column = _repeated(bands, marked)
    band, key = bands[at], marked[at, column]
    order = np.lexsort((at, key, band))
    ids, band, key = at[order].astype(np.int32), band[order], key[order]
    new = np.ones(len(ids), bool)
    new[1:] = (band[1:] != band[:-1]) | (key[1:] != key[:-1])
    run = np.cumsum(new) - 1
    first, size = ids[new][run], np.bincount(run, minlength=1)[run]
    before = np.concatenate([ids[:1], ids[:-1]])
    one = np.concatenate([ids[~new], ids[~new]])
    other = np.concatenate([first[~new], before[~new]])
    many = np.concatenate([size[~new], size[~new]])
    good = enough(own, one, other, many)
    one, other = one[good], other[good]
    return one, other, np.full(len(one), mark | LINKS, np.uint8)


def _repeated(bands: Hashes, marked: Keys) -> tuple[Ids, Ids]:
    """Rows and columns of the keys that, with their band, come more than once: few do, and only
    these are sorted. By chance some others are among them, which does no harm."""
    at, column = np.nonzero((bands[:, None] != NOTHING) & (marked >= 0))
    slot = (mixed(marked[at, column], 1) ^ bands[at]) >> np.uint64(64 - _slots(len(at)))
    again = met_again(slot, 1 << _slots(len(at)))
    return at[again], column[again]


def _slots(keys: int) -> int:
    """Their logarithm: four a key at least, so that a quarter of the others at most are left."""
    return int(keys).bit_length() + 2


def enough(own: DomainGraph, one: Ids32, other: Ids32, many: Ids) -> Flags:
    """bool[k]: pairs that have half of their links in common, and so many that in a place where
    `many` domains have them it is no chance."""
    both, share = shared(own, one, other)
    found = np.zeros(len(one), bool)
    for links, domains in NEEDED:
        found |= (both >= links) & (many >= domains)
    return found & (share >= ALIKE)


def told(found: Owners, networks: pa.Array, labels: pa.Array) -> pa.Array:
    """list<string>[n]: the marks in words, none for a domain that stands alone.

    networks, labels: string[n], of each domain.
    """
    grouped = np.flatnonzero(found.size > 1)
    at = pa.array(grouped)
    words = {
        NETWORK: pc.binary_join_element_wise("network", networks.take(at), " "),
        TEMPLATE: "the same sitewide links",
        NAME: pc.binary_join_element_wise("name", labels.take(at), " "),
        TEXTS: "the same texts",
        LINKS: "links to the same domains",
        JOINED: "links to each other",
    }
    phrases = pa.concat_arrays(
        [pa.array([w] * len(grouped), pa.string()) if isinstance(w, str) else w.cast(pa.string())
         for w in words.values()]
    )  # fmt: skip
    has = (found.marks[grouped, None] & np.array(list(words), np.uint8)) != 0
    row, kind = np.nonzero(has)
    counts = np.zeros(len(found.group), np.int64)
    counts[grouped] = has.sum(axis=1)
    offsets = np.append(0, np.cumsum(counts)).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, phrases.take(pa.array(kind * len(grouped) + row)))
