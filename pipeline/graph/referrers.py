"""What those who link to a domain are like: shells, a ring, partners in trade, or strangers.

A referrer of t is a domain that links to t. All are shares of t's own referrers, so that a domain
which is new elsewhere moves none of them. Of many referrers a fixed number is looked at, evenly
over their names: the time a domain takes is bounded however many link to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from pipeline.graph.blocks import Mask, Offsets, Scores, blocks_of
from pipeline.graph.csr import Ids
from pipeline.graph.hashed import hashed
from pipeline.graph.links import Graph
from pipeline.graph.mixing import Hashes, mixed
from pipeline.graph.threads import at_most

FEW = 3  # referrers; of fewer a share says nothing
MANY = 5  # referrers, for what they have in common: of fewer it is often nothing
BESIDE = 2  # referrers that nothing speaks of, counted beside: of few, a share says little
FELLOWS = 2  # referrers, for whether they link where it links
WORST = 16  # of the domains that one links to
LOOKED_AT = 64  # referrers of each domain
STEPS = 512  # links into a referrer that are looked at
SUPPORT = 8  # links from elsewhere that make a referrer stand by itself
NARROW = 16  # links out; a referrer with more is no shell whole
COMPARED = 32  # referrers of each domain, for what they have in common
SKETCH = 16  # of a domain's links either way, those of the smallest hash
SLOTS = 1 << 13  # more than twice 2 * COMPARED * (SKETCH + 1)


@dataclass(frozen=True, eq=False)
class Referrers:
    """float64[n] each, 0 to 1; nan where fewer than three domains link, of `strangers` five.

    undivided: the mean, over referrers, of the part of its links that this one is: 1 where all
    link to nothing else.
    shells: how many referrers are held up by hardly anyone from elsewhere and link to few. A
    referrer counts 1 where at most one domain links to it that is neither the domain nor another
    of its referrers, 1/k where k do; not where the domain links back; and less where it links to
    more than 16, unless other referrers link to it: a directory is no shell for being unlinked.
    ring: how many referrers are linked by others of them, held up by hardly anyone from elsewhere
    (counted the same), and not linked back. An honest site's friends link each other as well, but
    others link to them, or it answers.
    traded: how many referrers the domain links back to that no other referrer links to: partners
    who have nothing but the trade.
    strangers: how many referrers have nothing in common with any other: no link between them, no
    domain that both link to but this one, none that links to both.
    apart: the same from three referrers on, with two beside who have.
    """

    undivided: Scores
    shells: Scores
    ring: Scores
    traded: Scores
    strangers: Scores
    apart: Scores


def referrers_of(graph: Graph) -> Referrers:
    """Time: some 1,000 steps a domain. Memory: 168 bytes a domain.

    Sketches go by the hash of a name, of an id where there are no names, so that they are the
    same in a graph with more domains.
    """
    blocks = blocks_of(graph.out_links)
    into = graph.in_offsets, graph.in_sources
    out = graph.out_offsets, graph.out_targets
    shape = np.full((4, graph.n), np.nan)
    with at_most(len(blocks) - 1):
        _shape(blocks, *into, *out, shape)
    undivided, shells, ring, traded = shape
    apart = _strangers(hashes_of(graph), blocks, into, out)
    strangers = np.where(graph.in_degree < MANY, np.nan, apart)
    looked = np.minimum(graph.in_degree, COMPARED)
    return Referrers(
        undivided, shells, ring, traded, strangers, apart * (looked / (looked + BESIDE))
    )


def fellows_of(graph: Graph, suspect: Mask) -> tuple[Scores, Scores]:
    """How many of a domain's referrers link to a suspect which it links to itself, and how alike
    its referrers are to those of one such suspect.

    suspect: bool[n]. Members of a network link each other, and what the network is for.
    Returns (fellows, same), float64[n] each, 0 to 1: the share of its referrers; and the largest
    share, of those who link to it or to the suspect, of those who link to both. nan where fewer
    than two domains link to it, or it links to nobody.
    Time: some 1,000 steps a domain that links to a suspect; of those the first 16 count.
    """
    if suspect.shape != (graph.n,):
        raise ValueError(f"a mask of {graph.n} domains is needed")
    blocks, shares = blocks_of(graph.out_links), np.full((2, graph.n), np.nan)
    with at_most(len(blocks) - 1):
        _meet(
            blocks, graph.in_offsets, graph.in_sources, graph.out_offsets, graph.out_targets,
            suspect, shares,
        )  # fmt: skip
    fellows, same = shares
    return fellows, same


def _strangers(
    hashes: Hashes, blocks: Offsets, into: tuple[Offsets, Ids], out: tuple[Offsets, Ids]
) -> Scores:
    """As `Referrers` has them, but from three referrers on."""
    share = np.full(len(hashes), np.nan)
    with at_most(len(blocks) - 1):
        linked, linking = _sketched(blocks, *out, hashes), _sketched(blocks, *into, hashes)
        _compare(blocks, *into, linked, linking, share)
    return share


def hashes_of(graph: Graph) -> Hashes:
    """uint64[n]: one for each name, whatever else is in the graph; of ids where there are none."""
    if graph.names is None or not graph.n:
        return mixed(np.arange(graph.n), 0)
    return mixed(hashed(graph.names), 0)


@numba.njit(cache=True, nogil=True)
def holds(ids: Ids, first: int, last: int, wanted: int) -> bool:
    """Is it among ids[first:last], which ascend?"""
    end = last
    while first < last:
        middle = (first + last) >> 1
        if ids[middle] < wanted:
            first = middle + 1
        else:
            last = middle
    return first < end and ids[first] == wanted


@numba.njit(cache=True, nogil=True)
def _held_up(offsets: Offsets, sources: Ids, t: int, u: int) -> tuple[bool, int]:
    """Does another referrer of t link to u; and how many do that are neither such nor t.

    Counts no further than SUPPORT, nor than the first STEPS links.
    """
    inside, elsewhere = False, 0
    for j in range(offsets[u], min(offsets[u + 1], offsets[u] + STEPS)):
        if sources[j] == t:
            continue
        if holds(sources, offsets[t], offsets[t + 1], sources[j]):
            inside = True
        else:
            elsewhere += 1
            if elsewhere == SUPPORT and inside:
                break
            if elsewhere > SUPPORT:
                break
    return inside, elsewhere


@numba.njit(parallel=True, cache=True, nogil=True)
def _shape(
    blocks: Offsets, in_offsets: Offsets, in_sources: Ids, out_offsets: Offsets, out_targets: Ids,
    shape: Scores,
) -> None:  # fmt: skip
    """shape: float64[4, n]: undivided, shells, ring, traded."""
    for block in numba.prange(blocks.size - 1):
        for t in range(blocks[block], blocks[block + 1]):
            first, links = in_offsets[t], in_offsets[t + 1] - in_offsets[t]
            if links < FEW:
                continue
            looked = min(links, LOOKED_AT)
            undivided = shells = ring = traded = 0.0
            for i in range(looked):
                u = in_sources[first + i * links // looked]
                out = out_offsets[u + 1] - out_offsets[u]
                inside, elsewhere = _held_up(in_offsets, in_sources, t, u)
                answered = holds(out_targets, out_offsets[t], out_offsets[t + 1], u)
                alone = 0.0 if elsewhere > SUPPORT else 1.0 / max(1, elsewhere)
                undivided += 1.0 / out
                traded += answered and not inside
                if not answered:
                    shells += alone if inside else alone * min(1.0, NARROW / out)
                    ring += alone * inside
            shape[0, t], shape[1, t] = undivided / looked, shells / looked
            shape[2, t], shape[3, t] = ring / looked, traded / looked


@numba.njit(parallel=True, cache=True, nogil=True)
def _meet(
    blocks: Offsets, in_offsets: Offsets, in_sources: Ids, out_offsets: Offsets, out_targets: Ids,
    suspect: Mask, shares: Scores,
) -> None:  # fmt: skip
    """shares: float64[2, n]: fellows, same."""
    for block in numba.prange(blocks.size - 1):
        suspects, both = np.empty(WORST, np.int32), np.empty(WORST, np.float64)
        for t in range(blocks[block], blocks[block + 1]):
            first, links = in_offsets[t], in_offsets[t + 1] - in_offsets[t]
            if links < FELLOWS or out_offsets[t] == out_offsets[t + 1]:
                continue
            found, fellows, same = 0, 0, 0.0
            for j in range(out_offsets[t], out_offsets[t + 1]):
                if suspect[out_targets[j]] and found < WORST:
                    suspects[found], both[found] = out_targets[j], 0
                    found += 1
            looked = min(links, LOOKED_AT)
            for i in range(looked if found else 0):
                u = in_sources[first + i * links // looked]
                is_fellow = False
                for k in range(found):
                    if holds(out_targets, out_offsets[u], out_offsets[u + 1], suspects[k]):
                        both[k] += 1
                        is_fellow = True
                fellows += is_fellow
            for k in range(found):
                others = in_offsets[suspects[k] + 1] - in_offsets[suspects[k]] - 1  # beside t
                shared = min(both[k] * links / looked, float(others))
                either = links + others - shared
                same = max(same, shared / either if either > 0 else 0.0)
            shares[0, t], shares[1, t] = fellows / looked, same


@numba.njit(parallel=True, cache=True, nogil=True)
def _sketched(blocks: Offsets, offsets: Offsets, links: Ids, hashes: Hashes) -> Ids:
    """int32[n, SKETCH]: of each one's links those of the smallest hash, -1 beyond the last.

    Two domains with many links in common have the same among them.
    """
    sketch = np.full((offsets.size - 1, SKETCH), -1, np.int32)
    for block in numba.prange(blocks.size - 1):
        for u in range(blocks[block], blocks[block + 1]):
            held = 0
            for j in range(offsets[u], offsets[u + 1]):
                h = hashes[links[j]]
                if held < SKETCH:
                    i = held
                    held += 1
                elif h < hashes[sketch[u, SKETCH - 1]]:
                    i = SKETCH - 1
                else:
                    continue
                while i > 0 and hashes[sketch[u, i - 1]] > h:
                    sketch[u, i] = sketch[u, i - 1]
                    i -= 1
                sketch[u, i] = links[j]
    return sketch


@numba.njit(parallel=True, cache=True, nogil=True)
def _compare(
    blocks: Offsets, offsets: Offsets, sources: Ids, linked: Ids, linking: Ids, share: Scores
) -> None:
    """Puts what is in the sketches of t's referrers into slots; who meets another's is known."""
    for block in numba.prange(blocks.size - 1):
        slots, owner = np.full(SLOTS, -1, np.int64), np.empty(SLOTS, np.int32)
        used = np.empty(2 * COMPARED * (SKETCH + 1), np.int32)
        known = np.empty(COMPARED, np.bool_)
        for t in range(blocks[block], blocks[block + 1]):
            first, links = offsets[t], offsets[t + 1] - offsets[t]
            if links < FEW:
                continue
            looked, size = min(links, COMPARED), 0
            known[:] = False
            for i in range(looked):
                u = sources[first + i * links // looked]
                for way in range(2):
                    for k in range(SKETCH + 1):
                        other = u  # itself, for a link between two referrers
                        if k < SKETCH:
                            other = linked[u, k] if way == 0 else linking[u, k]
                        if other < 0 or other == t:
                            continue
                        held = np.int64(other) * 2 + way
                        slot = (held * 0x9E3779B1 >> 7) & (SLOTS - 1)
                        while slots[slot] != -1 and slots[slot] != held:
                            slot = (slot + 1) & (SLOTS - 1)
                        if slots[slot] == -1:
                            slots[slot], owner[slot] = held, i
                            used[size] = slot
                            size += 1
                        elif owner[slot] != i:
                            known[owner[slot]] = known[i] = True
            for i in range(size):
                slots[used[i]] = -1
            share[t] = 1.0 - known[:looked].sum() / looked
