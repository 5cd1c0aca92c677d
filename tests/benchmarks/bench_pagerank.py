"""PageRank and harmonic centrality beside networkit and igraph, in one run on one graph.

python -m tests.benchmarks.bench_pagerank [SCALE]. Ratios above 1 mean that we are faster. All start
from a graph already loaded; networkit's and igraph's time is that of the call alone, ours has the
time of placing what is read most side by side. Turns alternate, and a ratio is the median over the
pairs. R-MAT of 2^SCALE random ids: 22 takes some minutes, and 10 GB.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numba
import numpy as np

from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.gathered import Batch, gathered
from pipeline.graph.hot import hot, unplaced
from pipeline.graph.packed import PackedGraph
from pipeline.graph.ranks import Sweeps, harmonic, pagerank
from pipeline.graph.threads import at_most
from tests.benchmarks.bench_hyperball import SCALE, rmat
from tests.benchmarks.measure import Row, Work, pairs, row, seconds
from tests.pipeline.graph.corpus import CNR, cnr_2000, in_corpus, power_law, sources_of

TURNS = 7
TURNS_OF_HARMONIC = 3
TURNS_OF_RMAT = 3
DAMPING = 0.85


def run(scale: int = SCALE) -> list[Row]:
    """Rows of name, value, unit, note; some minutes on two idle cores."""
    real = in_corpus(CNR).exists()
    graph = cnr_2000() if real else power_law(300_000, 3_200_000)
    where = f"{'cnr-2000' if real else 'drawn'}, n={graph.n}, m={graph.m}"
    rows = [*_pagerank_rows(graph, where), *_memory_rows(graph, where), *_harmonic_rows()]
    return [*rows, *packed_rows(graph, where), *rmat_rows(rmat(scale))]


def rmat_rows(graph: DomainGraph) -> list[Row]:
    """On random ids, of which a web's graph may have no better order."""
    theirs = networkit_pagerank(graph)
    linked = int(np.count_nonzero(graph.in_degree + graph.out_degree))
    where = f"R-MAT, {linked} of {graph.n} linked, m={graph.m}"
    placing = seconds(lambda: hot(graph))
    pagerank(graph, tolerance=0.1)  # compiles or loads the kernels
    sweep = Sweeps(graph, np.full(graph.n, 1 / graph.n), DAMPING)
    took = statistics.median(seconds(sweep) for _ in range(5))
    terms = f"{where}; both L1 1e-9, {numba.get_num_threads()} threads"
    return [
        row("pagerank: placing, in sweeps", placing / took, "sweeps", f"{where}; once a graph"),
        row("pagerank: a sweep", graph.m / 1e6 / took, "M edges/s", where),
        *packed_rows(graph, where),
        *_beside("pagerank", "networkit", lambda: pagerank(graph), theirs, TURNS_OF_RMAT, terms),
    ]


def packed_rows(graph: DomainGraph, where: str) -> list[Row]:
    """What packed links save, and what a sweep over them takes more."""
    batch = Batch(sources_of(graph).astype(np.int32), graph.out_targets, graph.out_weights)
    small = gathered(graph.n, lambda: [batch], packed=True, distinct=True)
    assert isinstance(small, PackedGraph)
    links = (small.in_links, small.out_links)
    size = sum(len(each.gaps) for each in links) / (2 * graph.m)
    start = np.full(graph.n, 1 / graph.n)
    by_packed, by_placed = Sweeps(small, start, DAMPING), Sweeps(graph, start, DAMPING)
    with patch("pipeline.graph.ranks.hot", unplaced):
        by_plain = Sweeps(graph, start, DAMPING)
    by_plain(), by_packed(), by_placed()  # compiles or loads the kernels
    note = f"{where}; plain ones take 4"
    return [
        row("packed links: bytes a link", size, "bytes", note),
        row("packed links: a sweep, in plain ones", pairs(by_plain, by_packed, 5)[2], "x", where),
        row("packed links: a sweep, in plain ones whose most read stand side by side",
            pairs(by_placed, by_packed, 5)[2], "x", where),
    ]  # fmt: skip


def networkit_pagerank(graph: DomainGraph) -> Work:
    """To the same norm and tolerance, dangling mass spread evenly, on as many threads as ours."""
    import networkit

    networkit.setNumberOfThreads(numba.get_num_threads())
    peer = _in_networkit(graph)
    spread = networkit.centrality.SinkHandling.DistributeSinks

    def call() -> Any:
        ranks = networkit.centrality.PageRank(peer, DAMPING, 1e-9, False, spread)
        ranks.norm = networkit.centrality.Norm.L1_NORM
        return ranks.run()

    return call


def igraph_pagerank(graph: DomainGraph) -> Work:
    """PRPACK: one thread, and a tolerance of 1e-10 that can't be set."""
    peer = _in_igraph(graph)
    return lambda: peer.pagerank(damping=DAMPING)


def _in_networkit(graph: DomainGraph) -> Any:
    import networkit

    ends = sources_of(graph).astype(np.uint64), graph.out_targets.astype(np.uint64)
    return networkit.GraphFromCoo((np.ones(graph.m), ends), n=graph.n, directed=True)


def _in_igraph(graph: DomainGraph) -> Any:
    import igraph

    edges = np.column_stack([sources_of(graph), graph.out_targets])
    return igraph.Graph(n=graph.n, edges=edges, directed=True)


def _pagerank_rows(graph: DomainGraph, where: str) -> list[Row]:
    by_networkit, by_igraph = networkit_pagerank(graph), igraph_pagerank(graph)
    scores = pagerank(graph)  # compiles or loads the kernels
    off = np.abs(scores - np.array(by_networkit().scores())).max()
    terms = f"{where}; both L1 1e-9, {numba.get_num_threads()} threads; scores within {off:.0e}"
    rows = _beside("pagerank", "networkit", lambda: pagerank(graph), by_networkit, TURNS, terms)
    off = np.abs(scores - np.array(by_igraph())).max()
    finer = partial(pagerank, graph, tolerance=1e-10)
    for threads in sorted({1, numba.get_num_threads()}):
        terms = f"{where}; both 1e-10, threads: ours {threads}, igraph 1; scores within {off:.0e}"
        with at_most(threads):
            rows += _beside("pagerank", "igraph", finer, by_igraph, TURNS, terms)
    return rows


def _harmonic_rows() -> list[Row]:
    """A graph of a size that the exact measure is for; the peers search once a domain."""
    import networkit

    graph = power_law(5_000, 25_000)
    turned = _in_networkit(from_edges(graph.out_targets, sources_of(graph), n=graph.n))
    peer = _in_igraph(graph)
    harmonic(graph)  # compiles or loads the kernels
    terms = f"drawn, n={graph.n}, m={graph.m}; exact, {numba.get_num_threads()} threads (igraph: 1)"
    theirs = {
        "networkit": lambda: networkit.centrality.HarmonicCloseness(turned, False).run(),
        "igraph": lambda: peer.harmonic_centrality(mode="in", normalized=False),
    }
    rows = []
    for who, call in theirs.items():
        rows += _beside("harmonic", who, lambda: harmonic(graph), call, TURNS_OF_HARMONIC, terms)
    return rows


def _beside(what: str, who: str, ours: Work, theirs: Work, turns: int, terms: str) -> list[Row]:
    mine, other, ratio = pairs(ours, theirs, turns)
    return [
        row(f"{what}: ours", 1000 * statistics.median(mine), "ms", terms),
        row(f"{what}: {who}", 1000 * statistics.median(other), "ms", terms),
        row(f"{what}: {who} / ours", ratio, "x", f"{terms}; median of {turns} pairs in turn"),
    ]


def _memory_rows(graph: DomainGraph, where: str) -> list[Row]:
    """Each in a process of its own, from the same file of edges, loading included."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        edges = Path(folder) / "edges.npy"
        np.save(edges, np.stack([sources_of(graph).astype(np.int32), graph.out_targets]))
        for who in ("nothing", "ours", "networkit", "igraph"):
            command = [sys.executable, "-m", "tests.benchmarks.bench_pagerank", who, str(edges)]
            peak = float(subprocess.run(command, check=True, capture_output=True).stdout)
            note = "interpreter and our imports alone" if who == "nothing" else where
            rows.append(row(f"pagerank: peak RSS, {who}", peak, "MB", note))
    return rows


def _print_peak(who: str, edges: str) -> None:
    engines: dict[str, Callable[[DomainGraph], Work]] = {
        "ours": lambda graph: lambda: pagerank(graph),
        "networkit": networkit_pagerank,
        "igraph": igraph_pagerank,
    }
    if who in engines:
        ends = np.load(edges)
        engines[who](from_edges(ends[0], ends[1]))()
    # Not getrusage: a child begins with its parent's figure there.
    status = Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _print_peak(*sys.argv[1:])
    else:
        for figure in run(*(int(argument) for argument in sys.argv[1:])):
            print("{name:<30} {value:>10.2f} {unit:<3} {note}".format(**figure))
