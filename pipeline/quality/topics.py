"""What each domain is about: weights of its terms, as sparse rows that are quick to compare.

A term weighs the more the more a domain's pages say it, and the fewer domains do. Terms are known
by a slot of 2^24, so that memory does not grow with the web's words; two words in one slot are one
term. The rare ones that meet there are few: ten million words leave half of the slots empty.
Cost: the text of all pages is asked for once, in slices that fit in memory; then 8 bytes a term,
64 terms a domain at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.csr import Ids, Offsets
from pipeline.graph.sparse import Slots, Weights, keep
from pipeline.quality.scored import Scored, column_of, looked_up
from pipeline.store import Value, sql

SLOTS = 1 << 24
KEPT = 64  # terms of a domain, by weight: more changed no figure by .01
HEARD = 256  # terms of a domain that are looked at
FEWEST = 5  # terms; of a domain with fewer nothing is known
MOST_PAGES = 2_000  # of a domain, chosen by their hash
SLICE = 50_000  # pages that are asked for at once
# A term on most pages of a host belongs to its template. Of a few pages, most are no evidence.
TEMPLATE_PAGES, TEMPLATE_SHARE = 10, 0.8


class Topics(NamedTuple):
    """rows: int32[n], the row of a domain's id, -1 where nothing is known of it.

    Row r has slots[offsets[r]:offsets[r + 1]], ascending, and weights beside them: squares of the
    weights sum to 1 at most. word: int32[SLOTS], into words, which are Arrow strings. rarity:
    float32[SLOTS], what a term counts; below 0 where one domain alone says it, 0 where none does.
    """

    rows: Ids
    offsets: Offsets
    slots: Slots
    weights: Weights
    word: Ids
    words: pa.Array
    rarity: Weights


class _Slice(NamedTuple):
    """The terms of some domains. counts: how many each has; heard: how loud, a logarithm."""

    ids: Ids
    counts: Offsets
    slots: Slots
    heard: npt.NDArray[np.float16]


def topics(scored: Scored) -> Topics:
    """Of all domains whose pages say something."""
    found, words = [], _Words()
    for some in asked(scored):
        told = some.parameters | {"terms": HEARD}
        table = scored.store.query(sql("pipeline/quality/terms"), told)
        if table.num_rows:
            found.append(_slice(table, some.ids, some.names))
            words.add(found[-1].slots, column_of(table, "term"))
    return _weighed(found, words, scored.graph.n)


class Asked(NamedTuple):
    """Some domains in the order of their names, how many pages each has, and what a question to
    these is told."""

    ids: Ids
    names: pa.Array
    pages: Offsets
    parameters: dict[str, Value]


def asked(scored: Scored) -> Iterator[Asked]:
    """Ever further domains, with so many pages at a time as fit in memory."""
    names = scored.names
    pages = pc.fill_null(looked_up(names, scored.pages, "pages", pa.int64()), 0).to_numpy()
    order = pc.sort_indices(names).to_numpy()
    order = order[pages[order] > 0].astype(np.int32)
    upto = np.cumsum(np.minimum(pages[order], MOST_PAGES))
    first = 0
    while first < len(order):
        before = upto[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(upto, before + SLICE, side="right")))
        ids = order[first:last]
        theirs = names.take(pa.array(ids))
        yield Asked(ids, theirs, pages[ids], _parameters(scored, theirs, pages[ids]))
        first = last


def _parameters(scored: Scored, names: pa.Array, pages: Offsets) -> dict[str, Value]:
    large = pages > MOST_PAGES
    return {
        "snapshot": scored.snapshot,
        "first": names[0].as_py(),
        "last": names[-1].as_py(),
        "large": ["", *names.filter(pa.array(large)).to_pylist()],
        "every": [1, *(-(-pages[large] // MOST_PAGES)).tolist()],
        "slots": SLOTS,
        "few": TEMPLATE_PAGES,
        "share": TEMPLATE_SHARE,
    }


def _slice(table: pa.Table, ids: Ids, names: pa.Array) -> _Slice:
    """Ids of the table are in the order of its domains."""
    coded = column_of(table, "domain").cast(pa.string()).dictionary_encode()
    places = pc.index_in(coded.dictionary, names).to_numpy(zero_copy_only=False)
    counts = np.bincount(coded.indices.to_numpy(), minlength=len(places))
    heard = np.log1p(column_of(table, "heard").to_numpy() / 100).astype(np.float16)
    slots = column_of(table, "slot").to_numpy().astype(np.uint32)
    return _Slice(ids[places], counts.astype(np.int64), slots, heard)


class _Words:
    """For each slot a word: the one that most domains of some slice say."""

    def __init__(self) -> None:
        self.most = np.zeros(SLOTS, np.uint32)
        self.domains = np.zeros(SLOTS, np.uint32)
        self.word = np.zeros(SLOTS, np.int32)  # noughts cost nothing until they are written
        self.chunks: list[pa.Array] = []
        self.size = 0

    def add(self, slots: Slots, terms: pa.Array) -> None:
        found, first, counts = np.unique(slots, return_index=True, return_counts=True)
        self.domains[found] += counts.astype(np.uint32)
        better = counts > self.most[found]
        chosen = found[better]
        self.most[chosen] = counts[better]
        self.word[chosen] = self.size + np.arange(len(chosen), dtype=np.int32)
        self.chunks.append(terms.take(pa.array(first[better])).cast(pa.string()))
        self.size += len(chosen)

    def shared(self) -> tuple[Ids, pa.Array]:
        """The place of each slot's word among those that more domains than one say; those."""
        place = np.zeros(SLOTS, np.int32)
        kept = np.flatnonzero(self.domains > 1)
        if not len(kept):
            return place, pa.array([], pa.string())
        words = pa.chunked_array(self.chunks).take(pa.array(self.word[kept]))
        place[kept] = np.arange(len(kept), dtype=np.int32)
        return place, words.combine_chunks()


def _weighed(found: list[_Slice], words: _Words, n: int) -> Topics:
    known = sum(len(each.ids) for each in found)
    said = np.flatnonzero(words.domains)
    rarity = np.zeros(SLOTS, np.float32)
    rarity[said] = np.log((1 + known) / words.domains[said])
    rarity[said[words.domains[said] < 2]] *= -1  # it makes a domain longer, and is like no other's
    counts = [np.minimum(each.counts, KEPT) for each in found]
    room = int(sum(each.sum() for each in counts))
    slots, weights = np.empty(room, np.uint32), np.empty(room, np.float32)
    rows, lengths, used = np.full(n, -1, np.int32), np.zeros(known, np.int64), 0
    row = 0
    while found:
        each = found.pop(0)  # so that its memory is free
        offsets = np.concatenate([[0], np.cumsum(each.counts)])
        kept = lengths[row : row + len(each.ids)]
        used = keep(offsets, each.slots, each.heard.astype(np.float32), rarity,
                     kept, slots, weights, used, KEPT)  # fmt: skip
        enough = each.counts >= FEWEST
        rows[each.ids[enough]] = row + np.flatnonzero(enough)
        row += len(each.ids)
    place, names = words.shared()
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Topics(rows, offsets, slots[:used], weights[:used], place, names, rarity)
