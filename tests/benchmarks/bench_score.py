"""The whole score of made links, by step: seconds, and memory at its highest.

python -m tests.benchmarks.bench_score [DOMAINS] [EDGES] [MEMORY_MB] runs it at any size, as
10000000 200000000. The store is a stand-in that streams links as they are made and takes what it is
given, so that the figures are those of the job alone; steps are kept in a directory, as ever.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.mixing import mix, start_of
from pipeline.quality.needs import Size, chosen, needs
from pipeline.quality.score import score
from pipeline.settings import ScoreSettings
from pipeline.store import Store, sql
from pipeline.store.chdb import ChdbStore
from pipeline.store.migrate import migrate
from pipeline.store.views import spelled
from tests.benchmarks.measure import Row, row

DOMAINS, EDGES = 200_000, 4_000_000
COMMON_CRAWL = Size(121_000_000, 3_900_000_000)
BATCH = 1 << 16  # edges, as the store streams them
SEEDS = 1000
SAMPLE = 1000  # targets told to slice by, as the store tells them
WEIGHTS = np.log2(1 + np.arange(1, 41) / 5)

Ids = npt.NDArray[np.int32]


class MadeLinks:
    """A store that holds `edges` links between `domains`, about, and no pages: see `Store`.

    empty: answers what else is asked.
    """

    def __init__(self, domains: int, edges: int, empty: Store) -> None:
        self.size, self.inserted, self.empty = Size(domains, edges), 0, empty
        numbers = pc.cast(pa.array(np.arange(domains)), pa.string())
        self.names = pc.binary_join_element_wise("s", numbers, ".example", "")
        step = max(1, domains // SAMPLE)
        self.sample = sorted(self.names.take(pa.array(np.arange(0, domains, step))).to_pylist())

    def query(self, asked: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        if "arrivals" in asked:
            return pa.table({"at": [1]})
        if asked == sql("pipeline/quality/size"):
            return pa.table({"domains": [self.size.domains], "edges": [self.size.edges]})
        if asked == sql("pipeline/quality/slices"):
            return pa.table({"links": [self.size.edges], "targets": [self.sample]})
        if asked == sql("pipeline/quality/went_in"):
            return pa.table({"read": [0], "suppressed": [0]})
        return self.empty.query(asked, parameters)

    def stream(
        self, asked: str, parameters: Mapping[str, Any] | None = None
    ) -> Iterator[pa.RecordBatch]:
        if asked != spelled(sql("pipeline/quality/edges")):
            yield from self.empty.stream(asked, parameters)
            return
        each = self.size.edges / self.size.domains
        step = max(1, int(BATCH / each))
        for first in range(0, self.size.domains, step):
            last = min(first + step, self.size.domains)
            yield self._batch(*made(first, last, self.size.domains, each))

    def columns(self, asked: str, parameters: Mapping[str, Any] | None = None) -> pa.Schema:
        return self.empty.columns(asked, parameters)

    def _batch(self, sources: Ids, targets: Ids) -> pa.RecordBatch:
        ones = pa.array(np.ones(len(sources), np.uint32))
        places = (sources.astype(np.int64) * 7 + targets) % len(WEIGHTS)
        return pa.record_batch(
            {
                "source_domain": self.names.take(pa.array(sources)),
                "target_domain": self.names.take(pa.array(targets)),
                "links": ones,
                "follow_links": ones,
                "pages": ones,
                "weight": pa.array(WEIGHTS[places]),
            }
        )

    def execute(self, asked: str, parameters: Mapping[str, Any] | None = None) -> None:
        pass

    def insert(self, table: str, rows: pa.Table) -> None:
        self.inserted += rows.num_rows

    def close(self) -> None:
        pass


@numba.njit
def made(first: int, last: int, domains: int, each: float) -> tuple[Ids, Ids]:
    """The links to some targets: their number by a power law, from who links more, each once."""
    start = start_salt
    room = int(64 + (last - first) * each * 64)
    sources, targets, end = np.empty(room, np.int32), np.empty(room, np.int32), 0
    for t in range(first, last):
        chance = (mix(np.uint64(t), start) >> np.uint64(12)) * 2.0**-52
        # Of a Pareto distribution with mean `each`, cut where it gets longer than a batch has room.
        degree = min(int(0.4 * each / (1e-6 + chance) ** 0.6), int(each * 40))
        degree = min(degree, domains // 2)
        begun = end
        for k in range(degree):
            drawn = (mix(np.uint64(t) * np.uint64(1 << 20) + np.uint64(k), start)) >> np.uint64(12)
            u = int(domains * (drawn * 2.0**-52) ** 3)
            if u != t:
                sources[end] = (u * 48271) % domains  # who links much is anywhere by name
                targets[end] = t
                end += 1
        row = np.unique(sources[begun:end])
        row = row[row != t]
        sources[begun : begun + row.size] = row
        end = begun + row.size
    return sources[:end].copy(), targets[:end].copy()


start_salt = start_of(11)


def run(domains: int = DOMAINS, edges: int = EDGES, memory_mb: int = 0) -> list[Row]:
    """Rows of name, value, unit, note; half a minute at the size it has by itself."""
    settings = ScoreSettings(memory_mb=memory_mb)
    seeds = [f"s{(u * 48271) % domains}.example" for u in range(SEEDS)]
    with tempfile.TemporaryDirectory() as beside, tempfile.TemporaryDirectory() as kept:
        empty = ChdbStore(Path(kept))
        migrate(empty)
        _warm(Path(beside), empty)
        store = MadeLinks(domains, edges, empty)
        begun = time.perf_counter()
        made = score(store, settings, seeds=seeds, spam=seeds[-50:], beside=Path(beside))
        took = time.perf_counter() - begun
        empty.close()
    assert made is not None
    terms = f"{made.domains:,} domains, {made.edges:,} edges, {made.manifest['links']} links, "
    terms += f"{numba.get_num_threads()} threads"
    estimated = chosen(Size(made.domains, made.edges), settings)
    peak = max(step["peak_mb"] for step in made.manifest["steps"])
    rows = [row("score: whole job", took, "s", terms)]
    for step in made.manifest["steps"]:
        rows.append(row(f"score: {step['step']}", step["seconds"], "s", f"{step['peak_mb']:,} MB"))
    of_estimate = f"estimated {estimated.mb:,} MB; mapped files are counted that need not stay"
    return [*rows, row("score: memory at its highest", peak, "MB", of_estimate), *_larger()]


def _larger() -> list[Row]:
    found = []
    for size in (Size(10_000_000, 200_000_000), COMMON_CRAWL):
        for registers in (6, 8):
            settings = ScoreSettings(registers=registers)
            plain, packed = (needs(size, settings, packed=p) for p in (False, True))
            note = f"plain links; packed {packed.mb / 1000:.1f} GB; registers {registers}, "
            note += f"{plain.registers / 1e9:.1f} GB of them; most: {plain.most[0]}"
            what = f"score: {size.domains / 1e6:.0f} M domains, {size.edges / 1e6:.0f} M edges"
            found.append(row(what, plain.mb / 1000, "GB estimated", note))
    return found


def _warm(beside: Path, empty: Store) -> None:
    """Compiles or loads the kernels, those of estimates too."""
    seeds = ["s0.example", "s1.example"]
    few = MadeLinks(21_000, 60_000, empty)
    score(few, ScoreSettings(), seeds=seeds, spam=seeds, beside=beside)


if __name__ == "__main__":
    for figure in run(*(int(argument) for argument in sys.argv[1:])):
        print("{name:<42} {value:>12.2f} {unit:<12} {note}".format(**figure))
