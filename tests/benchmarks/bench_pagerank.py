"""PageRank and harmonic centrality beside networkit and igraph, in one run on one graph.

python -m tests.benchmarks.bench_pagerank. Ratios above 1 mean that we are faster. All start from
a graph already loaded; networkit's and igraph's time is that of the call alone. The turns
alternate, and a ratio is the median of the ratios of neighbours in time.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.ranks import harmonic, pagerank
from tests.pipeline.graph.corpus import CNR, cnr_2000, in_corpus, power_law, sources_of

TURNS = 7
TURNS_OF_HARMONIC = 3
DAMPING = 0.85
Row = dict[str, Any]


def run() -> list[Row]:
    """Rows of name, value, unit, note; about a minute, half of it networkit's harmonic."""
    real = in_corpus(CNR).exists()
    graph = cnr_2000() if real else power_law(300_000, 3_200_000)
    where = f"{'cnr-2000' if real else 'drawn'}, n={graph.n}, m={graph.m}"
    return [*_pagerank_rows(graph, where), *_memory_rows(graph, where), *_harmonic_rows()]


def networkit_pagerank(graph: DomainGraph) -> Callable[[], Any]:
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


def igraph_pagerank(graph: DomainGraph) -> Callable[[], Any]:
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
    theirs = {"networkit": networkit_pagerank(graph), "igraph": igraph_pagerank(graph)}
    scores = pagerank(graph)  # compiles or loads the kernels
    gap = {
        "networkit": np.abs(scores - np.array(theirs["networkit"]().scores())).max(),
        "igraph": np.abs(scores - np.array(theirs["igraph"]())).max(),
    }
    times = _alternate(
        {
            "ours": lambda: pagerank(graph),
            "networkit": theirs["networkit"],
            "ours, 1e-10": lambda: pagerank(graph, tolerance=1e-10),
            "igraph": theirs["igraph"],
            "ours, 1e-10, 1 thread": lambda: _on_one_thread(graph),
        },
        TURNS,
    )
    threads = numba.get_num_threads()
    rows = [
        _row(f"pagerank: {who}", 1000 * statistics.median(spent), "ms", where)
        for who, spent in times.items()
    ]
    pairs = [
        ("networkit", "ours", f"both L1 1e-9, {threads} threads"),
        ("igraph", "ours, 1e-10", f"both 1e-10, ours {threads} threads, igraph 1"),
        ("igraph", "ours, 1e-10, 1 thread", "both 1e-10, 1 thread"),
    ]
    for peer, ours, terms in pairs:
        note = f"{terms}; scores within {gap[peer]:.0e}"
        rows.append(_row(f"pagerank: {peer} / {ours}", _ratio(times, peer, ours), "x", note))
    return rows


def _on_one_thread(graph: DomainGraph) -> None:
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    pagerank(graph, tolerance=1e-10)
    numba.set_num_threads(threads)


def _harmonic_rows() -> list[Row]:
    """A graph of a size that the exact measure is for, one search a domain with the peers."""
    graph = power_law(20_000, 100_000)
    import networkit

    turned = _in_networkit(from_edges(graph.out_targets, sources_of(graph), n=graph.n))
    peer = _in_igraph(graph)
    harmonic(graph)  # compiles or loads the kernels
    times = _alternate(
        {
            "ours": lambda: harmonic(graph),
            "networkit": lambda: networkit.centrality.HarmonicCloseness(turned, False).run(),
            "igraph": lambda: peer.harmonic_centrality(mode="in", normalized=False),
        },
        TURNS_OF_HARMONIC,
    )
    where = f"drawn, n={graph.n}, m={graph.m}; exact"
    rows = [
        _row(f"harmonic: {who}", 1000 * statistics.median(spent), "ms", where)
        for who, spent in times.items()
    ]
    for who in ("networkit", "igraph"):
        rows.append(_row(f"harmonic: {who} / ours", _ratio(times, who, "ours"), "x", where))
    return rows


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
            rows.append(_row(f"pagerank: peak RSS, {who}", peak, "MB", note))
    return rows


def _print_peak(who: str, edges: str) -> None:
    if who != "nothing":
        ends = np.load(edges)
        graph = from_edges(ends[0], ends[1])
        call = {
            "ours": lambda: pagerank(graph),
            "networkit": networkit_pagerank(graph) if who == "networkit" else None,
            "igraph": igraph_pagerank(graph) if who == "igraph" else None,
        }[who]
        assert call is not None
        call()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _alternate(calls: dict[str, Callable[[], Any]], turns: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {who: [] for who in calls}
    for _ in range(turns):
        for who, call in calls.items():
            start = time.perf_counter()
            call()
            times[who].append(time.perf_counter() - start)
    return times


def _ratio(times: dict[str, list[float]], peer: str, ours: str) -> float:
    return statistics.median(p / o for p, o in zip(times[peer], times[ours], strict=True))


def _row(name: str, value: float, unit: str, note: str) -> Row:
    return {"name": name, "value": round(value, 2), "unit": unit, "note": note}


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _print_peak(*sys.argv[1:])
    else:
        for row in run():
            print(f"{row['name']:<44} {row['value']:>10} {row['unit']:<3} {row['note']}")
