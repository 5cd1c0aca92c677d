"""What those who link to a domain are like, leaving out whom a list names: menus are no farms.

The pages of a site, and the members of a club, link to one place and to each other and have few
other links, just as a farm does. But somebody lists them: one who is linked from elsewhere and
names several of them. Whoever plants a farm pays for every honest link into it, and nobody honest
lists its members. A referrer of t is a domain that links to t; all are shares of t's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Offsets, Scores, blocks_of
from pipeline.graph.csr import Ids
from pipeline.graph.links import Graph
from pipeline.graph.referrers import BESIDE, FELLOWS, FEW, LOOKED_AT, NARROW, SUPPORT, WORST, holds
from pipeline.graph.threads import at_most

KNOT = 8  # referrers that link to one of them, for it to be tied in whole
SEEN = 32  # links into a referrer that are looked at, evenly over their names
HOLDERS = 32  # links into one who may be a list that are looked at
NAMED = 64  # links out of it
MARKED = 1 << 10  # referrers; of one with more, marking them for one question takes longer

Points = npt.NDArray[np.int64]
Marks = npt.NDArray[np.uint64]  # a bit for each domain: who links to the one that is looked at


@dataclass(frozen=True, eq=False)
class Unlisted:
    """float64[n] each, 0 to 1; nan where fewer than three domains link. As in `Referrers`, but a
    referrer counts 0 where it is listed.

    Listed: most of those who link to it from elsewhere (neither the domain nor a referrer of it)
    are linked from elsewhere themselves and link to another referrer too; or the domain, which
    links to it, is all that does, as to a page of its own.
    """

    undivided: Scores
    shells: Scores
    ring: Scores
    knot: Scores


def unlisted_of(graph: Graph) -> Unlisted:
    """Time: up to 200,000 steps a domain, some 10,000 on most webs. Memory: 32 bytes a domain, and
    a bit for each thread."""
    blocks, shares = blocks_of(graph.in_links), np.full((4, graph.n), np.nan)
    marked = _none_marked(graph.n)
    with at_most(len(blocks) - 1):
        _share(
            blocks, graph.in_offsets, graph.in_sources, graph.out_offsets, graph.out_targets,
            marked, shares,
        )  # fmt: skip
    return Unlisted(*shares)


def _none_marked(n: int) -> Marks:
    """uint64[threads, n // 64 + 1]: left as it is by who takes a row of it."""
    return np.zeros((numba.get_num_threads(), n // 64 + 1), np.uint64)


def serves_of(graph: Graph, points: Points, least: int, suspect: int) -> tuple[Scores, Scores]:
    """How suspect the domain is that each one serves: that it links to, while hardly anyone from
    elsewhere links to it, no list names it and the domain does not link back.

    points: int64[n], what speaks against each by who links to it; those below `least` are none.
    suspect: points from which who links to both is looked at.
    Returns (serves, same), float64[n] each, the most over those it links to. serves: the points,
    times 1 where at most one from elsewhere links to it, 1/k where k do, and 16 over its links
    where it has more and no other referrer links to it. same: of those who link to it or to the
    suspect, the share of who link to both, times the same. nan where it links to nobody, and of
    `same` where fewer than two link to it.
    Time: some 1,000 steps a domain that links to a suspect; of those the first 16 count.
    """
    if points.shape != (graph.n,):
        raise ValueError(f"points of {graph.n} domains are needed")
    blocks, served = blocks_of(graph.out_links), np.full((2, graph.n), np.nan)
    marked = _none_marked(graph.n)
    with at_most(len(blocks) - 1):
        _serve(
            blocks, graph.in_offsets, graph.in_sources, graph.out_offsets, graph.out_targets,
            points, least, suspect, marked, served,
        )  # fmt: skip
    serves, same = served
    return serves, same


@numba.njit(cache=True, nogil=True)
def _mark(marks: Marks, ids: Ids, first: int, last: int, on: bool) -> None:
    for j in range(first, last):
        bit = np.uint64(1) << (np.uint64(ids[j]) & np.uint64(63))
        word = ids[j] >> 6
        marks[word] = marks[word] | bit if on else np.uint64(0)


@numba.njit(cache=True, nogil=True)
def _links_in(marks: Marks, in_offsets: Offsets, in_sources: Ids, t: int, x: int) -> bool:
    """Does x link to t. Of one that many questions are about, its referrers are marked: a search
    for each took twice as long."""
    if marks.size:
        found = bool(marks[x >> 6] >> (np.uint64(x) & np.uint64(63)) & np.uint64(1))
    else:
        found = holds(in_sources, in_offsets[t], in_offsets[t + 1], x)
    return found


@numba.njit(cache=True, nogil=True)
def _is_list(
    marks: Marks, in_offsets: Offsets, in_sources: Ids, out_offsets: Offsets, out_targets: Ids,
    t: int, u: int, w: int,
) -> bool:  # fmt: skip
    """Is w, which links to u, linked from elsewhere; and does it link to another referrer of t."""
    held = False
    for j in range(in_offsets[w], min(in_offsets[w + 1], in_offsets[w] + HOLDERS)):
        x = in_sources[j]
        if x != t and x != u and not _links_in(marks, in_offsets, in_sources, t, x):
            held = True
            break
    if not held:
        return False
    links = out_offsets[w + 1] - out_offsets[w]  # that to u at least
    looked = min(links, NAMED)
    # The place of link i is i * links // looked, without a division for each.
    step, left, over, place = links // looked, links % looked, 0, out_offsets[w]
    for _ in range(looked):
        x = out_targets[place]
        if x != u and _links_in(marks, in_offsets, in_sources, t, x):
            return True
        place, over = place + step, over + left
        if over >= looked:
            place, over = place + 1, over - looked
    return False


@numba.njit(cache=True, nogil=True)
def _weigh(
    marks: Marks, in_offsets: Offsets, in_sources: Ids, out_offsets: Offsets, out_targets: Ids,
    t: int, u: int,
) -> tuple[bool, float, float]:  # fmt: skip
    """Of u, which links to t: is it listed; how much of a shell it is; and how many other referrers
    of t link to it."""
    inside, found = 0, 0
    first, links = in_offsets[u], in_offsets[u + 1] - in_offsets[u]
    looked = min(links, SEEN)
    for j in range(looked):
        w = in_sources[first + j * links // looked]
        if w == t:
            continue
        if _links_in(marks, in_offsets, in_sources, t, w):
            inside += 1
        else:
            found += 1
    lists, others = 0, found
    for j in range(looked if found else 0):
        w = in_sources[first + j * links // looked]
        if w == t or _links_in(marks, in_offsets, in_sources, t, w):
            continue
        lists += _is_list(marks, in_offsets, in_sources, out_offsets, out_targets, t, u, w)
        others -= 1
        if 2 * lists >= found or 2 * (lists + others) < found:
            break  # the others can't change what most of them are
    times = links / max(1, looked)
    answered = holds(out_targets, out_offsets[t], out_offsets[t + 1], u)
    listed = 2 * lists >= found if found else answered and not inside
    if listed or answered or found * times > SUPPORT:
        return listed, 0.0, inside * times
    out = out_offsets[u + 1] - out_offsets[u]
    narrow = 1.0 if inside else min(1.0, NARROW / out)
    return False, narrow / max(1.0, found * times), inside * times


@numba.njit(parallel=True, cache=True, nogil=True)
def _share(
    blocks: Offsets, in_offsets: Offsets, in_sources: Ids, out_offsets: Offsets, out_targets: Ids,
    marked: Marks, shares: Scores,
) -> None:  # fmt: skip
    """shares: float64[4, n]: undivided, shells, ring, knot."""
    for block in numba.prange(blocks.size - 1):
        marks = marked[numba.get_thread_id()]
        for t in range(blocks[block], blocks[block + 1]):
            first, links = in_offsets[t], in_offsets[t + 1] - in_offsets[t]
            if links < FEW:
                continue
            _mark(marks, in_sources, first, first + links, True)
            looked = min(links, LOOKED_AT)
            undivided = shells = ring = knot = 0.0
            for i in range(looked):
                u = in_sources[first + i * links // looked]
                listed, shell, inside = _weigh(
                    marks, in_offsets, in_sources, out_offsets, out_targets, t, u
                )
                if not listed:
                    undivided += 1.0 / (out_offsets[u + 1] - out_offsets[u])
                    shells += shell
                    ring += shell * min(1.0, inside)
                    knot += shell * min(1.0, inside / KNOT)
            _mark(marks, in_sources, first, first + links, False)
            whole = looked + BESIDE
            shares[0, t] = undivided / looked
            shares[1, t], shares[2, t], shares[3, t] = shells / whole, ring / whole, knot / whole


@numba.njit(cache=True, nogil=True)
def _alike(offsets: Offsets, sources: Ids, u: int, t: int) -> float:
    """Of those who link to u or to t, the share of who link to both, but for u itself."""
    first, links = offsets[u], offsets[u + 1] - offsets[u]
    looked, both = min(links, LOOKED_AT), 0
    for i in range(looked):
        both += holds(sources, offsets[t], offsets[t + 1], sources[first + i * links // looked])
    others = offsets[t + 1] - offsets[t] - 1  # beside u
    shared = min(both * links / looked, float(others))
    share: float = shared / (links + others - shared)
    return share


@numba.njit(parallel=True, cache=True, nogil=True)
def _serve(
    blocks: Offsets, in_offsets: Offsets, in_sources: Ids, out_offsets: Offsets, out_targets: Ids,
    points: Points, least: int, suspect: int, marked: Marks, served: Scores,
) -> None:  # fmt: skip
    """served: float64[2, n]: serves, same."""
    for block in numba.prange(blocks.size - 1):
        marks = marked[numba.get_thread_id()]
        for u in range(blocks[block], blocks[block + 1]):
            if out_offsets[u] == out_offsets[u + 1]:
                continue
            several = in_offsets[u + 1] - in_offsets[u] >= FELLOWS
            most, same, looked = 0.0, 0.0, 0
            for j in range(out_offsets[u], out_offsets[u + 1]):
                t = out_targets[j]
                if points[t] < least:
                    continue
                first, last = in_offsets[t], in_offsets[t + 1]
                some = marks[: marks.size if last - first <= MARKED else 0]
                if some.size:
                    _mark(marks, in_sources, first, last, True)
                shell = _weigh(some, in_offsets, in_sources, out_offsets, out_targets, t, u)[1]
                if some.size:
                    _mark(marks, in_sources, first, last, False)
                most = max(most, shell * points[t])
                if several and shell > 0 and points[t] >= suspect:
                    same = max(same, shell * _alike(in_offsets, in_sources, u, t))
                looked += 1
                if looked == WORST:
                    break
            served[0, u] = most
            if several:
                served[1, u] = same
