"""Who captures a list of proposed seeds: fake directories, planted, by how much they have spent.

python -m tests.benchmarks.bench_seeds. Everything but the base graph's links is drawn
(tests/benchmarks/directories.py): 300 directories, each linking to 1,000 of the UK hosts of 1996,
with a farm of 5% of the hosts behind them. Beside the share of the top 200 that they take by
inverse PageRank alone stands what they take by `backlinks seeds suggest`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pipeline.graph.csr import DomainGraph
from pipeline.store.chdb import ChdbStore
from pipeline.store.migrate import migrate
from tests.benchmarks.directories import Attack, Captured, captured
from tests.benchmarks.measure import Row, row
from tests.pipeline.graph.corpus import in_corpus, power_law, uk_1996

TOP = 200
UK = "graphs/1996-uk-web-hosts.tsv.gz"
_WAYS = (
    ("new", False, 0),
    ("as old as any", True, 0),
    ("as old as any, 50 seeds before", True, 50),
)
_TABLES = ("domain_quality", "domain_edges", "whereabouts")


def run() -> list[Row]:
    """Rows of name, the share captured of what is suggested, unit, and that by inverse PageRank."""
    real = in_corpus(UK).exists()
    graph = uk_1996() if real else power_law(20_000, 80_000)
    base = "UK-1996" if real else "drawn"
    return [
        row(
            f"{base}: directories in the top {TOP}, {told}",
            100 * found.by_marks,
            "%",
            f"by inverse PageRank alone {100 * found.by_inverse_pagerank:.0f} %",
        )
        for told, found in _shares(graph)
    ]


def _shares(graph: DomainGraph) -> Iterator[tuple[str, Captured]]:
    with tempfile.TemporaryDirectory() as directory, closing(ChdbStore(Path(directory))) as store:
        migrate(store)
        for age, patient, seeds in _WAYS:
            for networks in (1, 10, 100, 1_000):
                attack = Attack(300, 1_000, graph.n // 20, networks, patient, seeds)
                yield f"{age}, on {networks:,} /24", captured(store, graph, attack, TOP)
                for table in _TABLES:
                    store.execute(f"TRUNCATE TABLE {table}")


if __name__ == "__main__":
    for each in run():
        print(f"{each['name']:60} {each['value']:6.1f} {each['unit']}  {each['note']}")
