"""Edges and pages from the store, as they stream by, to columns in files; ids instead of names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.errors import BacklinksError
from pipeline.graph.csr import DomainGraph, from_names
from pipeline.graph.gathered import Batch
from pipeline.graph.interned import Interned
from pipeline.quality.scored import column_of
from pipeline.quality.steps import Steps
from pipeline.settings import ScoreSettings, weights_by_place
from pipeline.store import Store, sql
from pipeline.store.views import spelled

ENDS = ("source_domain", "target_domain")
KINDS: dict[str, Any] = {
    "source_domain": np.int32,  # ids, in the order of reversed names
    "target_domain": np.int32,
    "links": np.uint32,
    "follow_links": np.uint32,
    "pages": np.uint32,
    "weight": np.float64,
}
AT_ONCE = 1 << 22  # edges
UNIT = 1000  # a link's weight in the store: whole numbers, whose sum is the same in any order


class Taken(NamedTuple):
    """names: large_string[n], by id. edges: a row a pair, its ends dictionary-coded with ids as
    indices. pages: domain and pages, of domains that were crawled."""

    names: pa.Array
    edges: pa.Table
    pages: pa.Table


def take(store: Store, settings: ScoreSettings, as_of: int, steps: Steps) -> dict[str, int]:
    """Reads edges and pages into the steps' directory: how many domains and edges there are.

    Memory: the names of the domains, and a batch.
    """
    interned, edges = Interned(), 0
    files = {name: (steps.directory / name).open("wb") for name in KINDS}
    try:
        for batch in store.stream(
            spelled(sql("pipeline/quality/edges")), {**weights(settings), "snapshot": as_of}
        ):
            edges += batch.num_rows
            for name, file in files.items():
                column = batch.column(name)
                values = interned.codes(column) if name in ENDS else column.to_numpy()
                file.write(values.astype(KINDS[name], copy=False).tobytes())
    finally:
        for file in files.values():
            file.close()
    codes, pages = _pages(store, as_of, interned)
    names, place = interned.in_order()
    for end in ENDS:
        ids = mapped(steps.directory / end, np.int32, edges)
        for first in range(0, edges, AT_ONCE):
            ids[first : first + AT_ONCE] = place[ids[first : first + AT_ONCE]]
    steps.keep("names", {"names": names})
    steps.keep("pages", {"ids": pa.array(place[codes]), "pages": pa.array(pages)})
    return {"domains": len(names), "edges": edges}


def taken(steps: Steps, edges: int) -> Taken:
    """What `take` left, mapped from its files."""
    names = steps.kept("names")["names"]
    columns = {}
    for name, kind in KINDS.items():
        values = pa.array(mapped(steps.directory / name, kind, edges))
        if name in ENDS:
            values = pa.DictionaryArray.from_arrays(values, names, safe=False)
        columns[name] = values
    pages = steps.kept("pages")
    told = {"domain": names.take(pages["ids"]), "pages": pages["pages"]}
    return Taken(names, pa.table(columns), pa.table(told))


def weights(settings: ScoreSettings) -> dict[str, Any]:
    """What edges.sql is told: the weight of a followed link by its place, in thousandths."""
    told = {p: round(UNIT * w) for p, w in weights_by_place(settings.weights).items()}
    other = told.pop("other")
    return {
        "nofollow": settings.nofollow,
        "positions": list(told),
        "weights": list(told.values()),
        "other": other,
    }


def counting(edges: pa.Table) -> Iterator[Batch]:
    """Edges that weigh something, a batch at a time."""
    source, target = (edges[end].chunk(0).indices.to_numpy() for end in ENDS)
    weight = edges["weight"].chunk(0).to_numpy()
    for first in range(0, len(weight), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        heavy = weight[some] > 0
        yield Batch(source[some][heavy], target[some][heavy], weight[some][heavy])


def build(edges: pa.Table, pages: pa.Table) -> DomainGraph:
    """The graph that a score ranks, of edges by name that stand in memory: a few."""
    named = (edges, "source_domain"), (edges, "target_domain"), (pages, "domain")
    columns = [column_of(table, name).cast(pa.string()) for table, name in named]
    if not edges.num_rows:
        return from_names(columns[0], columns[1], also=columns[2])
    heavy = edges["weight"].combine_chunks().to_numpy() > 0
    ends = [column.filter(pa.array(heavy)) for column in columns[:2]]
    weight = edges["weight"].combine_chunks().filter(pa.array(heavy))
    return from_names(ends[0], ends[1], weight, also=pa.concat_arrays(columns))


def _pages(store: Store, as_of: int, interned: Interned) -> tuple[npt.NDArray[np.int32], Any]:
    codes, pages = [np.empty(0, np.int32)], [np.empty(0, np.uint32)]
    for batch in store.stream(sql("pipeline/quality/pages"), {"snapshot": as_of}):
        codes.append(interned.codes(batch.column("domain")))
        pages.append(batch.column("pages").to_numpy())
    return np.concatenate(codes), np.concatenate(pages)


def mapped(file: Path, kind: Any, length: int, mode: Any = "r+") -> npt.NDArray[Any]:
    """Written through to its file, made anew by mode w+; an empty one can't be mapped."""
    if mode != "w+" and file.stat().st_size != length * np.dtype(kind).itemsize:
        raise BacklinksError(f"{file} is not what was written; remove {file.parent}, score again")
    return np.asarray(np.memmap(file, kind, mode, shape=length)) if length else np.empty(0, kind)
