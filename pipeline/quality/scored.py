"""What a snapshot is scored from, and the parts that each add columns to it.

A part reads what the parts before it made and never the store's older snapshots: so a snapshot is a
function of the links, the settings and the seeds alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.links import Graph
from pipeline.graph.ranks import rank_of
from pipeline.settings import ScoreSettings
from pipeline.store import Store

BEFORE = "the snapshot was written before this was measured"
Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Ids32 = npt.NDArray[np.int32]
Columns = dict[str, pa.Array]
Progress = Callable[[str], None]


class Measure(NamedTuple):
    """A column of domain_quality that is one figure of each domain."""

    name: str
    unit: str  # "share", "domains", "points": what one of it is
    meaning: str
    unknown: str  # what NULL says
    ranked: bool = False  # `<name>_rank` stands beside it: 1 is the greatest, ties at their middle


@dataclass
class Scored:
    """A snapshot in the making."""

    store: Store
    snapshot: int  # ms since 1970: nothing that arrived later has a part
    settings: ScoreSettings
    seeds: Ids  # ids in the graph of the trusted domains that are in it
    graph: Graph
    # As pipeline/quality/edges.sql tells them, in files; rows of domain_edges. Their ends are
    # dictionary-coded: see `ends`, and cast a slice, not all, where names are needed.
    edges: pa.Table
    pages: pa.Table  # of each domain, as pipeline/quality/pages.sql tells them
    progress: Progress
    columns: Columns = field(
        default_factory=dict
    )  # of domain_quality, n each, in the graph's order
    edge_columns: Columns = field(default_factory=dict)  # of domain_edges, beside those of `edges`
    manifest: dict[str, Any] = field(default_factory=dict)  # what a reader must know of how
    spam: Ids = field(default_factory=lambda: np.empty(0, np.int64))  # ids of known spam

    @property
    def names(self) -> pa.Array:
        """string[n]: the domain of each id."""
        return self.graph.names.cast(pa.string())

    @cached_property
    def ends(self) -> tuple[Ids32, Ids32]:
        """int32[edges] each: the ids of who links and who is linked, with weight or without."""
        source, target = (self._ids(end) for end in ("source_domain", "target_domain"))
        return source, target

    def _ids(self, end: str) -> Ids32:
        column = column_of(self.edges, end)
        if pa.types.is_dictionary(column.type):
            coded: Ids32 = column.indices.to_numpy()
            return coded
        places = pc.index_in(column.cast(pa.string()), self.names)
        ids: Ids32 = places.to_numpy(zero_copy_only=False).astype(np.int32)
        return ids

    def floats(self, name: str) -> Floats:
        """A column as float64[n], nan where it is unknown."""
        return as_floats(self.columns[name])


class Part(NamedTuple):
    """One step of scoring: what it says it does, its measures, and how it adds them.

    add: puts its columns into `columns` and `edge_columns`; ranks of its ranked measures follow by
    themselves.
    """

    says: str
    measures: tuple[Measure, ...]
    add: Callable[[Scored], None]


def run(part: Part, scored: Scored) -> None:
    """Adds the part's columns, and the ranks of those that are ranked."""
    part.add(scored)
    for measure in part.measures:
        if measure.ranked:
            ranks, _ = rank_of(scored.floats(measure.name))
            scored.columns[f"{measure.name}_rank"] = nullable(ranks)


def known(scored: Scored, measures: tuple[Measure, ...]) -> dict[str, int]:
    """N of each measure: of how many domains it is known, which its ranks go up to."""
    found = (scored.columns[measure.name] for measure in measures)
    return {m.name: len(c) - c.null_count for m, c in zip(measures, found, strict=True)}


def as_floats(column: pa.Array) -> Floats:
    """float64[n], nan for NULL."""
    values: Floats = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return values


def counts(values: npt.NDArray[Any], known: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """uint32[n] with NULL where it is not known; known everywhere if None."""
    unknown = None if known is None else ~known
    whole = values if unknown is None else np.where(unknown, 0, values)
    return pa.array(whole.astype(np.uint32), pa.uint32(), mask=unknown)


def nullable(values: Floats | None, n: int = 0) -> pa.Array:
    """float64[n] with NULL for nan; all NULL for None."""
    if values is None:
        return pa.nulls(n, pa.float64())
    return pa.array(values, pa.float64(), from_pandas=True)


def column_of(table: pa.Table, column: str) -> pa.Array:
    """In one piece; of strings where the table is empty."""
    if not table.num_rows:
        return pa.array([], pa.string())
    return table[column].combine_chunks()


def looked_up(names: pa.Array, table: pa.Table, column: str, kind: pa.DataType) -> pa.Array:
    """The column's values by its `domain`, NULL where the table has no such domain."""
    return all_looked_up(names, table, {column: kind})[column]


def all_looked_up(names: pa.Array, table: pa.Table, kinds: Mapping[str, pa.DataType]) -> Columns:
    """The same of several columns, each of a type: where a domain stands is looked for once."""
    if not table.num_rows:
        return {column: pa.nulls(len(names), kind) for column, kind in kinds.items()}
    places = pc.index_in(names, column_of(table, "domain").cast(pa.string()))
    return {c: column_of(table, c).take(places).cast(kind) for c, kind in kinds.items()}


def ids_of(graph: Graph, domains: Sequence[str]) -> Ids:
    """Of those that are in the graph."""
    if not domains or not graph.n:
        return np.empty(0, np.int64)
    found = pc.index_in(pa.array(list(domains), graph.names.type), graph.names)
    ids: Ids = found.drop_null().to_numpy(zero_copy_only=False).astype(np.int64)
    return ids
