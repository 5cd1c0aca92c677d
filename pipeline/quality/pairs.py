"""The links of each pair of domains, looked at a slice of the targets at a time."""

from __future__ import annotations

import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.blocks import share_of
from pipeline.index.referrers import slices
from pipeline.quality.scored import Floats, Ids, Scored, column_of
from pipeline.quality.words import money_words
from pipeline.store import Value, rows, sql

SLICE = 1_000_000  # links looked at in one question: some two gigabytes of the store's memory
DAY_MS = 86_400_000
NEW, BEFORE = 30, 90  # days before the snapshot, and those before these

Singles = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
ORDER = (
    "", "editorial", "navigation", "sitewide", "sponsored", "ugc", "widget", "directory",
    "syndicated",
)  # fmt: skip
CODES = {kind: code for code, kind in enumerate(ORDER)}


class Pairs(NamedTuple):
    """Of each edge, in the order of `scored.edges`; 27 bytes each, and the evidence.

    kind: uint8, the code of its name in ORDER. evidence: dictionary-coded strings. main, money,
    keyword, near_money: float32, shares of its links, nan where unknown. page_links: float32, the
    mean of the external links of its pages, nan where unknown. placed: whether a link's place is
    known; in_footer: whether all of these stand in the footer; live: whether any is; new, before:
    whether the first was first seen in the days NEW and BEFORE.
    """

    kind: npt.NDArray[np.uint8]
    evidence: pa.Array
    main: Singles
    money: Singles
    keyword: Singles
    near_money: Singles
    page_links: Singles
    placed: Flags
    in_footer: Flags
    live: Flags
    new: Flags
    before: Flags
    oldest: int  # when the first of all links was first seen, ms since 1970; 0 without one


def sliced(scored: Scored, parts: int = 1) -> Iterator[dict[str, Value]]:
    """Parameters of a question to each slice of the targets, in the order of their names.

    parts: into how many a slice is cut once more, for a question that takes more.
    """
    found = rows(scored.store.query(sql("pipeline/quality/slices")))[0]
    words = money_words()
    for after, until in slices(found["links"], found["targets"], max(1, SLICE // parts)):
        yield {
            "after": after, "until": until, "snapshot": scored.snapshot,
            "words": sorted(words.tokens), "within": list(words.within),
        }  # fmt: skip


def looked_at(scored: Scored) -> Pairs:
    """Every edge's links, as pipeline/quality/kinds.sql tells them.

    Memory: a slice, and the evidence; the rest is mapped from files that go with it.
    """
    scored.manifest["money_words"] = money_words().version
    m, done, oldest, evidence = scored.edges.num_rows, 0, 0, []
    found = {name: mapped_anew(kind, m) for name, kind in _KINDS.items()}
    for asked in sliced(scored):
        part = _slice(scored, asked)
        for name, column in found.items():
            column[done : done + len(part.kind)] = getattr(part, name)
        done += len(part.kind)
        evidence.append(part.evidence)
        oldest = min(oldest or part.oldest, part.oldest or oldest)
    told = pa.chunked_array(evidence).unify_dictionaries().combine_chunks()
    return Pairs(**found, evidence=told, oldest=oldest)


_KINDS: dict[str, Any] = {
    "kind": np.uint8,
    **dict.fromkeys(("main", "money", "keyword", "near_money", "page_links"), np.float32),
    **dict.fromkeys(("placed", "in_footer", "live", "new", "before"), np.bool_),
}


def mapped_anew(kind: Any, length: int) -> Any:
    """Of a file without a name; an empty file can't be mapped."""
    if not length:
        return np.empty(0, kind)
    with tempfile.TemporaryFile() as file:
        return np.asarray(np.memmap(file, kind, "w+", shape=length))


def _slice(scored: Scored, asked: dict[str, Value]) -> Pairs:
    table = scored.store.query(sql("pipeline/quality/kinds"), asked)
    places = places_of(scored, table, str(asked["after"]), str(asked["until"]))

    def figures(name: str) -> Floats:
        if not table.num_rows:
            return np.zeros(len(places))
        found = column_of(table, name).cast(pa.float64()).to_numpy(zero_copy_only=False)
        return np.where(places >= 0, found[places], 0.0)

    links, placed, first = figures("links"), figures("placed"), figures("first_seen")
    live = figures("live") > 0
    age = (scored.snapshot - first) / DAY_MS
    return Pairs(
        kind=_codes(table, places),
        evidence=_told(table, places),
        main=_singles(share_of(figures("main"), placed)),
        money=_singles(share_of(figures("money"), links)),
        keyword=_singles(share_of(figures("keyword"), links)),
        near_money=_singles(share_of(figures("near_money"), figures("worded"))),
        page_links=_singles(share_of(figures("on_pages"), figures("counted"))),
        placed=placed > 0,
        in_footer=(placed > 0) & (figures("footer") == placed),
        live=live,
        new=live & (age <= NEW),
        before=live & (age > NEW) & (age <= NEW + BEFORE),
        oldest=int(first[links > 0].min(initial=np.inf)) if (links > 0).any() else 0,
    )


def places_of(scored: Scored, table: pa.Table, after: str, until: str) -> Ids:
    """int64: the row of the table of each edge of this slice, -1 where it has none: what is seen
    now may differ from when the edges were read."""
    names = column_of(scored.edges, "target_domain")
    start = bisect_right(names, after, key=lambda name: name.as_py())
    end = bisect_right(names, until, key=lambda name: name.as_py()) if until else len(names)
    if not table.num_rows:
        return np.full(end - start, -1)
    source, target = (ids[start:end].astype(np.int64) for ids in scored.ends)
    edges = source * scored.graph.n + target
    ids = np.unique(np.append(source, target))
    theirs = scored.graph.names.take(pa.array(ids)).cast(pa.string())
    found = [
        np.append(ids, -1)[
            pc.fill_null(pc.index_in(column_of(table, end).cast(pa.string()), theirs), -1)
        ]
        for end in ("source_domain", "target_domain")
    ]
    told = np.where((found[0] < 0) | (found[1] < 0), -1, found[0] * scored.graph.n + found[1])
    order = np.argsort(told, kind="stable")
    at = order[np.minimum(np.searchsorted(told[order], edges), len(order) - 1)]
    return np.where(told[at] == edges, at, -1)


def _codes(table: pa.Table, places: Ids) -> npt.NDArray[np.uint8]:
    if not table.num_rows:
        return np.zeros(len(places), np.uint8)
    told = pc.index_in(column_of(table, "kind").cast(pa.string()), pa.array(ORDER))
    codes = pc.fill_null(told, 0).to_numpy(zero_copy_only=False).astype(np.uint8)
    found: npt.NDArray[np.uint8] = np.where(places >= 0, codes[places], 0).astype(np.uint8)
    return found


def _told(table: pa.Table, places: Ids) -> pa.Array:
    """Dictionary-coded, since few are different: strings of all edges would not fit."""
    if not table.num_rows:
        return pa.array([""] * len(places), pa.string()).dictionary_encode()
    at = pa.array(places, mask=places < 0)
    told = column_of(table, "evidence").cast(pa.string()).take(at)
    return pc.fill_null(told, "").dictionary_encode()


def is_kind(column: pa.Array, kind: str) -> Flags:
    """bool[edges]: which are of that kind, of the edges' column `kind`."""
    flags: Flags = column.indices.to_numpy() == CODES[kind]
    return flags


def _singles(values: Floats) -> Singles:
    return values.astype(np.float32)
