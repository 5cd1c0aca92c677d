"""HyperBall's speed beside a plain kernel, and its error beside exact searches and sampled ones.

python -m tests.benchmarks.bench_hyperball [SCALE]. Speed: an R-MAT graph of 2^22 ids, random ones,
in one direction; at log2m 8, in rounds in which nearly every ball grows. Error: authority in the
UK host graph of 1996 (or a drawn one), trust being that of the 50 hosts with most links.
"""

from __future__ import annotations

import statistics
import sys
import time

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Scores
from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.hyperball import Balls, weighted_harmonic_estimate
from pipeline.graph.mixing import mix
from pipeline.graph.ranks import rank_of, trust, weighted_harmonic
from pipeline.graph.registers import of_members
from pipeline.graph.sampled import weighted_harmonic_sampled
from tests.benchmarks.measure import Row, peak_mb, row, seconds
from tests.pipeline.graph.corpus import CNR, in_corpus, power_law, uk_1996

LOG2M, SCALE, DRAWS_PER_ID = 8, 22, 20
FULL = range(2, 5)  # rounds: the first compiles, later ones have less to do
SALTS = range(5)

Ids = npt.NDArray[np.int32]


def run(scale: int = SCALE) -> list[Row]:
    """Rows of name, value, unit, note; some minutes, and 6 GB at scale 22 while it is built."""
    return [*speed_rows(rmat(scale)), *error_rows()]


def rmat(scale: int) -> DomainGraph:
    """2^scale ids in random order; Chakrabarti et al. 2004, with the usual .57, .19, .19, .05."""
    sources, targets = _drawn(scale, DRAWS_PER_ID << scale)
    places = np.random.default_rng(1).permutation(1 << scale).astype(np.int32)
    return from_edges(places[sources], places[targets], n=1 << scale)


def speed_rows(graph: DomainGraph) -> list[Row]:
    rows = of_members(graph.n, LOG2M, 0, np.ones(graph.n, dtype=np.bool_))
    balls, plain = Balls(graph, rows.copy(), LOG2M), (rows, np.empty_like(rows))
    ours, cpu, theirs = [], [], []
    balls.round(1.0)
    for _ in FULL:
        started = time.process_time()
        ours.append(seconds(lambda: balls.round(1.0)))
        cpu.append(time.process_time() - started)
    grown = int(balls.grown.sum())
    for _ in range(2):  # the first compiles
        theirs.append(seconds(lambda: _plain(graph.in_offsets, graph.in_sources, *plain)))
    linked = int(np.count_nonzero(graph.in_degree + graph.out_degree))
    terms = f"R-MAT, {linked} of {graph.n} linked, m={graph.m}, log2m {LOG2M}"
    terms += f", {numba.get_num_threads()} threads"
    without = f"{terms}; without estimates, flags, prefetch or vectors"
    both = "building the graph, and both kernels' balls"
    million = graph.m / 1e6
    return [
        row("hyperball: full rounds", million / statistics.median(ours), "M edges/s", terms),
        row("hyperball: a second of one core", million / statistics.median(cpu), "M edges", terms),
        row("hyperball: grown in the last of them", grown, "domains", terms),
        row("hyperball: plain kernel", million / theirs[1], "M edges/s", without),
        row("hyperball: peak memory", peak_mb(), "MB", both),
    ]


def error_rows() -> list[Row]:
    graph = uk_1996() if in_corpus(CNR).exists() else power_law(20_000, 80_000)
    weight = trust(graph, np.argsort(-graph.in_degree, kind="stable")[:50])
    exact, _ = weighted_harmonic(graph, weight)
    sources = int(np.count_nonzero(weight))
    note = f"n={graph.n}; mean of {len(SALTS)} salts"
    rows = [
        row("wH: exact", 1000 * seconds(lambda: weighted_harmonic(graph, weight)), "ms",
            f"n={graph.n}, {sources} sources")
    ]  # fmt: skip
    for log2m in (6, 8, 10):
        found = [weighted_harmonic_estimate(graph, weight, log2m=log2m, salt=s) for s in SALTS]
        took = seconds(lambda log2m=log2m: weighted_harmonic_estimate(graph, weight, log2m=log2m))  # type: ignore[misc]
        rows += _errors(f"wH: HyperBall at log2m {log2m}", found, exact, took, note)
    for drawn in (64, 256, 1024, 4096):
        found = [weighted_harmonic_sampled(graph, weight, drawn, salt=s) for s in SALTS]
        took = seconds(lambda drawn=drawn: weighted_harmonic_sampled(graph, weight, drawn))  # type: ignore[misc]
        rows += _errors(f"wH: searches from {drawn}", found, exact, took, note)
    return rows


def _errors(what: str, found: list[Scores], exact: Scores, took: float, note: str) -> list[Row]:
    reached = exact > 0
    off = np.array([scores[reached] / exact[reached] - 1 for scores in found])
    right = rank_of(exact[reached])[0]
    ranks = [np.corrcoef(rank_of(scores[reached])[0], right)[0, 1] for scores in found]
    rms = 100 * float(np.sqrt(np.square(off).mean()))
    note = f"{1000 * took:.0f} ms; rank correlation {min(ranks):.5f} at worst; {note}"
    return [row(f"{what}: error", rms, "%", note)]


@numba.njit(parallel=True)
def _drawn(scale: int, count: int) -> tuple[Ids, Ids]:
    sources, targets = np.zeros(count, np.int32), np.zeros(count, np.int32)
    for i in numba.prange(count):
        u = t = 0
        for level in range(scale):
            bits = mix(np.uint64(i * 64 + level), np.uint64(7))
            chance = (bits >> np.uint64(11)) * 2.0**-53
            lower, right = chance >= 0.76, 0.57 <= chance < 0.76 or chance >= 0.95
            u, t = 2 * u + lower, 2 * t + right
        sources[i], targets[i] = u, t
    return sources, targets


@numba.njit(parallel=True)
def _plain(
    offsets: npt.NDArray[np.int64],
    sources: Ids,
    now: npt.NDArray[np.uint8],
    then: npt.NDArray[np.uint8],
) -> None:
    """A round as one would write it down: a loop over domains, links and registers."""
    m = 1 << LOG2M
    for t in numba.prange(offsets.size - 1):
        for k in range(m):
            then[t * m + k] = now[t * m + k]
        for j in range(offsets[t], offsets[t + 1]):
            for k in range(m):
                then[t * m + k] = max(then[t * m + k], now[sources[j] * m + k])


if __name__ == "__main__":
    for figure in run(int(sys.argv[1]) if len(sys.argv) > 1 else SCALE):
        print("{name:<42} {value:>12.2f} {unit:<10} {note}".format(**figure))
