"""HyperBall: how many domains, or how much weight, there is within 1, 2, 3 ... links of each.

The harmonic centralities of graphs too large for exact searches, in a few rounds over the edges:
a domain's ball of radius r is the union of those of radius r - 1 of who links to it, and the
balls are HyperLogLog registers. Same bits whatever the number of threads: a round reads what
the round before it left, and the larger of two registers has no order.

Source: Boldi and Vigna 2013, "In-core computation of geometric centralities with HyperBall".
Theirs: only what changed is looked at again. Ours: what is exact is not estimated, so that the
first ring (who links directly, most of a score's reasons) has no error.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Scores, blocks_of, weights_of_domains
from pipeline.graph.links import Graph, Links, Starts, ask_ahead, following, start
from pipeline.graph.registers import (
    LARGEST,
    SMALLEST,
    WHOLE,
    Registers,
    corrections,
    estimate,
    of_members,
    of_weights,
    per_estimate,
)
from pipeline.graph.step import received
from pipeline.graph.threads import at_most
from pipeline.graph.wide import LINE, WIDTH, copy_over, differ, keep_larger

BLOCK = 1 << 15  # edges and domains a thread takes at a time
AHEAD = np.uint64(12)  # edges: rows are asked for this long before they are read
ROUNDS = 1000  # no ball of a web grows for longer; a chain of domains is cut there

Flags = npt.NDArray[np.uint8]


def harmonic_estimate(graph: Graph, *, log2m: int = 8, salt: int = 0) -> Scores:
    """An estimate of `harmonic`: the sum over u other than t of 1 / d(u, t).

    log2m: 2^log2m registers, bytes, a domain, from 5 to 16. The relative standard error is
    below 1.04 / sqrt(2^log2m) (6.5% at 8, 3.3% at 10), and 0 where only direct links count.
    salt: another one errs otherwise; the mean over k of them errs sqrt(k) times less.
    Returns float64[n]. Memory: 2^(log2m + 1) + 34 bytes a domain.
    Raises ValueError where log2m is out of range.
    """
    refuse_size(log2m)
    rows = of_members(graph.n, log2m, salt, np.ones(graph.n, dtype=np.bool_))
    far = Balls(graph, rows, log2m).harmonic() * per_estimate(log2m)
    score: Scores = graph.in_degree + far
    return score


def weighted_harmonic_estimate(
    graph: Graph, weight: npt.NDArray[Any], *, log2m: int = 8, salt: int = 0
) -> Scores:
    """An estimate of `weighted_harmonic` from all whose weight is above 0.

    weight: float64[n], not negative. log2m, salt, memory and error as in `harmonic_estimate`;
    weights below 2^-34 of the whole are as nothing.
    Returns float64[n]; exactly 0 where no weight leads.
    Raises ValueError on weights of another length, negative or not finite.
    """
    refuse_size(log2m)
    weight = weights_of_domains(graph.n, weight)
    rows = of_weights(weight, log2m, salt)
    far = Balls(graph, rows, log2m).harmonic() * _weight_per_estimate(weight, log2m)
    score: Scores = received(graph, weight) + far
    return score


def refuse_size(log2m: int) -> None:
    """Raises ValueError where rows can't have 2^log2m registers."""
    if not SMALLEST <= log2m <= LARGEST:
        raise ValueError(f"log2m is {log2m}: from {SMALLEST} to {LARGEST} is possible")


def _weight_per_estimate(weight: Scores, log2m: int) -> float:
    """A register got WHOLE members of the whole weight, so an estimate counts 2^log2m * WHOLE."""
    return per_estimate(log2m) * float(weight.sum()) / (WHOLE * (1 << log2m))


class Balls:
    """The balls around all domains, a round at a time."""

    def __init__(self, graph: Graph, rows: Registers, log2m: int) -> None:
        self.log2m = log2m
        self.links = graph.in_links
        self.blocks = blocks_of(self.links, BLOCK).astype(np.uint64)
        self.pieces = len(self.blocks) - 1
        self.zeros_add = corrections(log2m)
        self.now, self.then = rows, np.empty_like(rows)
        self.size, self.sums = np.zeros(graph.n), np.zeros(graph.n)
        # Who grew in the round before: at first all, and `then` holds nothing yet.
        self.grown, self.growing = (np.ones(graph.n, dtype=np.uint8) for _ in range(2))
        with at_most(self.pieces):
            _measure(self.blocks, self.now, self.size, self.log2m, self.zeros_add)

    def round(self, share: float) -> bool:
        """Balls of a radius larger by one; adds share * growth to the sums; whether any grew."""
        with at_most(self.pieces):
            _grow(
                self.blocks, self.links, self.now, self.then, self.grown, self.growing,
                self.size, self.sums, share, self.log2m, self.zeros_add,
            )  # fmt: skip
        self.now, self.then = self.then, self.now
        self.grown, self.growing = self.growing, self.grown
        return bool(self.grown.any())

    def harmonic(self) -> Scores:
        """float64[n]: growth from a radius of 2 on over the radius, in units of estimates."""
        radius = 1
        while self.round(0.0 if radius == 1 else 1.0 / radius) and radius < ROUNDS:
            radius += 1
        return self.sums


@numba.njit(parallel=True, cache=True, nogil=True)
def _measure(blocks: Starts, rows: Registers, size: Scores, log2m: int, zeros_add: Scores) -> None:
    for block in numba.prange(blocks.size - 1):
        for t in range(blocks[block], blocks[block + 1]):
            size[t] = estimate(rows, t << np.uint64(log2m), log2m, zeros_add)


@numba.njit(parallel=True, cache=True, nogil=True)
def _grow(
    blocks: Starts, links: Links,
    now: Registers, then: Registers, grown: Flags, growing: Flags,
    size: Scores, sums: Scores, share: float, log2m: int, zeros_add: Scores,
) -> None:  # fmt: skip
    """One round. then: the balls of the round before the last, where nothing has grown since.

    Works in `then` alone, which no other thread reads.
    """
    shift, width = np.uint64(log2m), 1 << log2m
    for block in numba.prange(blocks.size - 1):
        for t in range(blocks[block], blocks[block + 1]):
            row, touched = t << shift, False
            if grown[t]:
                _copy(then, now, row, width)
            place, u = start(links, t)
            for j in range(links.offsets[t], links.offsets[t + np.uint64(1)]):
                ask_ahead(links, j + AHEAD, now, shift, width, LINE)
                u, place = following(links, j, place, u)
                if grown[u]:
                    touched = True
                    source = np.uint64(u) << shift
                    for k in range(0, width, WIDTH):
                        keep_larger(then, row + np.uint64(k), now, source + np.uint64(k))
            growing[t] = touched and _differ(then, now, row, width)
            if growing[t]:
                before = size[t]
                size[t] = estimate(then, row, log2m, zeros_add)
                sums[t] += share * (size[t] - before)


@numba.njit(cache=True, nogil=True)
def _copy(to: Registers, rows: Registers, row: np.uint64, width: int) -> None:
    for k in range(0, width, WIDTH):
        copy_over(to, row + np.uint64(k), rows, row + np.uint64(k))


@numba.njit(cache=True, nogil=True)
def _differ(these: Registers, those: Registers, row: np.uint64, width: int) -> bool:
    for k in range(0, width, WIDTH):
        if differ(these, row + np.uint64(k), those, row + np.uint64(k)):
            return True
    return False
