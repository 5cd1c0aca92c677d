"""What grouping owners takes of memory, by domains and edges, on made sites.

python -m tests.benchmarks.bench_owners [DOMAINS ...]. Every domain has a network of some hundred,
one in ten a text that others have, half were read whole and link from all their pages to some; in
each fifty stand five who link to the same three besides. The store is a stand-in that answers what
the step asks; the edges are there before, and not counted.
"""

from __future__ import annotations

import gc
import resource
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.csr import from_edges
from pipeline.graph.mixing import mixed
from pipeline.quality import owned
from pipeline.quality.memory import MB, peak_mb, reset_peak
from pipeline.quality.needs import grouping
from pipeline.quality.pairs import ORDER
from pipeline.quality.scored import Scored
from pipeline.quality.scored import run as add
from pipeline.settings import ScoreSettings
from pipeline.store import sql
from tests.benchmarks.bench_score import BATCH, Ids, made
from tests.benchmarks.measure import Row, row

SIZES = ((100_000, 8), (500_000, 2), (500_000, 8), (500_000, 24), (2_000_000, 8))  # edges a domain
A_NETWORK, A_TEXT, PAGES = 100, 4, 10


class MadeSites:
    """See `Store`: it tells networks and texts of `names`, and no platforms."""

    def __init__(self, names: pa.Array) -> None:
        self.names = names

    def query(self, asked: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        ids = np.arange(len(self.names))
        if asked == sql("pipeline/quality/networks"):
            return pa.table({"domain": self.names, "network": _texts(ids // A_NETWORK)})
        if asked == sql("pipeline/quality/copies"):
            having = ids[::10]
            numbers = mixed(having // (10 * A_TEXT), 3)
            texts = pa.ListArray.from_arrays(np.arange(len(having) + 1, dtype=np.int32), numbers)
            return pa.table({"domain": self.names.take(pa.array(having)), "texts": texts})
        return pa.table({"suffix": pa.array([], pa.string()), "owner": pa.array([], pa.string())})


def scored_of(domains: int, each: int) -> Scored:
    """Those sites and their links, by target, as the step before leaves them."""
    names = pc.binary_join_element_wise("site", _texts(np.arange(domains)), ".example", "")
    source, target = edges_of(domains, each)
    none = np.empty(0, np.int32)
    ends = {
        f"{end}_domain": pa.DictionaryArray.from_arrays(ids, names)
        for end, ids in (("source", source), ("target", target))
    }
    whole = pa.array(np.full(domains // 2, PAGES))
    pages = pa.table({"domain": names.slice(0, domains // 2), "pages": whole})
    made_of = Scored(
        MadeSites(names), 1, ScoreSettings(), none, from_edges(none, none, names=names),  # type: ignore[arg-type]
        pa.table(ends), pages, lambda says: None,
    )  # fmt: skip
    share = (mixed(np.arange(len(source)), 5) % np.uint64(8) == 0).astype(np.float32)
    kinds = np.zeros(len(source), np.uint8)
    made_of.edge_columns["sitewide_share"] = pa.array(share)
    made_of.edge_columns["kind"] = pa.DictionaryArray.from_arrays(kinds, pa.array(ORDER))
    return made_of


def edges_of(domains: int, each: int) -> tuple[Ids, Ids]:
    step = max(1, BATCH // each)
    parts = [
        made(first, min(first + step, domains), domains, float(each))
        for first in range(0, domains, step)
    ]
    one = np.arange(0, domains - 5, 50)[:, None] + np.arange(5)[None, :]
    theirs = mixed(np.repeat(one[:, 0], 5), 9)[:, None] + np.arange(3, dtype=np.uint64)[None, :]
    own = (theirs % np.uint64(domains)).astype(np.int32).ravel()
    parts.append((np.repeat(one.ravel(), 3).astype(np.int32), own))
    source, target = (np.concatenate(part) for part in zip(*parts, strict=True))
    keys = np.unique(target[source != target].astype(np.int64) * domains + source[source != target])
    return (keys % domains).astype(np.int32), (keys // domains).astype(np.int32)


def run() -> list[Row]:
    return list(rows(SIZES))


def rows(sizes: tuple[tuple[int, int], ...]) -> Iterator[Row]:
    add(owned.PART, scored_of(1000, 4))  # compiles the kernels
    for size in sizes:
        yield _row(*size)


def _row(domains: int, each: int) -> Row:
    scored = scored_of(domains, each)
    gc.collect()
    pa.default_memory_pool().release_unused()
    reset_peak()
    before, began = peak_mb(), _cpu()
    add(owned.PART, scored)
    took, cpu = peak_mb() - before, _cpu() - began
    n, m = scored.graph.n, scored.edges.num_rows
    groups = len(pc.unique(scored.columns["owner_group"])) - 1
    note = f"estimated {grouping(n, m) // MB:,}; {cpu:.1f} s of CPU; {groups:,} owners"
    return row(f"grouping owners: {n:,} domains, {m:,} edges", took, "MB", note)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _texts(numbers: npt.NDArray[Any]) -> pa.Array:
    return pc.cast(pa.array(numbers), pa.string())


if __name__ == "__main__":
    asked = tuple((int(domains), 8) for domains in sys.argv[1:])
    for figure in rows(asked or SIZES):
        print("{name:<62} {value:>9.0f} {unit:<4} {note}".format(**figure), flush=True)
