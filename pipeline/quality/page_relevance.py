"""How near the pages that link are to the pages that they link to, by what both say.

Beside the nearness of two domains, which say much that a link has nothing to do with. It is known
where the linked page was read too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.graph.blocks import share_of
from pipeline.graph.mixing import Hashes
from pipeline.graph.said import MOST, cosines_of_pages, templates
from pipeline.graph.sparse import Weights
from pipeline.quality.pairs import mapped_anew, places_of, sliced
from pipeline.quality.scored import Scored, column_of
from pipeline.quality.topics import FEWEST, SLOTS, TEMPLATE_PAGES, Topics, asked
from pipeline.store import Value, sql
from pipeline.store.views import spelled

PARTS = 4  # of a slice: pages say more than links
PAIRS = 4  # of pages, of each pair of domains

Singles = npt.NDArray[np.float32]


class PageRelevance(NamedTuple):
    """Of each edge, in the order of `scored.edges`. best, mean: float32, nan where nothing is
    known. pairs: uint8, how many pairs of pages were looked at."""

    best: Singles
    mean: Singles
    pairs: npt.NDArray[np.uint8]


def page_relevance(scored: Scored, found: Topics) -> PageRelevance:
    """Memory: a slice of the links with the terms of its pages; 9 bytes an edge are mapped."""
    m, done = scored.edges.num_rows, 0
    made = PageRelevance(
        mapped_anew(np.float32, m), mapped_anew(np.float32, m), mapped_anew(np.uint8, m)
    )
    known = templates_of(scored)
    for part in sliced(scored, PARTS):
        told = _slice(scored, found, known, part)
        places = places_of(scored, told, str(part["after"]), str(part["until"]))
        some = slice(done, done + len(places))
        is_known = places >= 0
        for name in PageRelevance._fields:
            values = column_of(told, name).to_numpy() if told.num_rows else np.zeros(1)
            unknown = 0 if name == "pairs" else np.nan
            getattr(made, name)[some] = np.where(is_known, values[places], unknown)
        done += len(places)
    return made


def _slice(scored: Scored, found: Topics, known: Hashes, part: dict[str, Value]) -> pa.Table:
    """A row an edge of which something is known."""
    asked_for = {
        "after": part["after"], "until": part["until"], "snapshot": scored.snapshot,
        "pairs": PAIRS, "slots": SLOTS,
    }  # fmt: skip
    ends: list[pa.Table] = []
    cosines = [np.empty(0, np.float32)]
    for batch in scored.store.stream(spelled(sql("pipeline/quality/page_pairs")), asked_for):
        if batch.num_rows:
            near = _cosines(batch, found, known)
            is_known = ~np.isnan(near)
            cosines.append(near[is_known])
            names = {n: batch.column(n).cast(pa.string()) for n in _ENDS}
            ends.append(pa.table(names).filter(pa.array(is_known)))
    none = pa.table(dict.fromkeys(_ENDS, pa.array([], pa.string())))
    table = pa.concat_tables([none, *ends])
    return _by_edge(table, np.concatenate(cosines))


_ENDS = ("target_domain", "source_domain")


def _cosines(batch: pa.RecordBatch, found: Topics, known: Hashes) -> Singles:
    near = np.empty(batch.num_rows, np.float32)
    rows: list[Any] = []
    for side in ("source", "target"):
        terms = batch.column(f"{side}_terms")
        ends = np.concatenate([[0], np.cumsum(np.asarray(terms.value_lengths()))])
        rows += [
            batch.column(f"{side}_hashed").to_numpy(), ends.astype(np.int64),
            terms.flatten().to_numpy().astype(np.uint32),
        ]  # fmt: skip
    cosines_of_pages(*rows, known, found.rarity, loudness(), FEWEST, near)
    return near


def loudness() -> Weights:
    """float32[MOST]: what a term says by its place, as terms.sql has it."""
    return np.log1p(np.round(100 / np.sqrt(1 + np.arange(MOST) / 5)) / 100).astype(np.float32)


def _by_edge(pairs: pa.Table, near: Singles) -> pa.Table:
    """Of each pair of domains the best and the mean; theirs stand together."""
    ends = [pairs[name].combine_chunks().dictionary_encode() for name in _ENDS]
    codes = [column.indices.to_numpy() for column in ends]
    differs = np.ones(len(near), np.bool_)
    if len(near):
        differs[1:] = (np.diff(codes[0]) != 0) | (np.diff(codes[1]) != 0)
    starts = np.flatnonzero(differs)
    counts = np.diff(np.append(starts, len(near)))
    sums = np.add.reduceat(near.astype(np.float64), starts) if len(near) else np.empty(0)
    best = np.maximum.reduceat(near, starts) if len(near) else near
    return pa.table(
        {
            **{name: pairs[name].take(pa.array(starts)) for name in _ENDS},
            "best": pa.array(best),
            "mean": pa.array(share_of(sums, counts).astype(np.float32)),
            "pairs": pa.array(counts.astype(np.uint8)),
        }
    )


def templates_of(scored: Scored) -> Hashes:
    """Of all hosts with enough pages."""
    hosts, slots = [np.empty(0, np.uint64)], [np.empty(0, np.uint32)]
    for some in asked(scored):
        if (some.pages >= TEMPLATE_PAGES).any():
            for batch in scored.store.stream(sql("pipeline/quality/templates"), some.parameters):
                hosts.append(batch.column("hashed").to_numpy())
                slots.append(batch.column("slot").to_numpy())
    return templates(np.concatenate(hosts), np.concatenate(slots))
