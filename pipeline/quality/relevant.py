"""How near each link's two domains are: by what they say, and by who is around them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.graph.blocks import share_of
from pipeline.graph.csr import Ids
from pipeline.graph.similar import similarity
from pipeline.graph.sparse import cosines, heaviest, sums_by
from pipeline.quality.page_relevance import page_relevance
from pipeline.quality.scored import Floats, Measure, Part, Scored, nullable
from pipeline.quality.topics import (
    HEARD,
    KEPT,
    MOST_PAGES,
    SLOTS,
    TEMPLATE_PAGES,
    TEMPLATE_SHARE,
    Topics,
    topics,
)

SHARED = 3  # terms that are told of an edge
TOLD = 16  # terms that are told of a domain, and by which it is found
_BLOCK = 100_000  # domains whose terms are written at once
SOME = 1 << 22  # edges that are compared at a time


def _add(scored: Scored) -> None:
    source, target = scored.ends
    _add_topics(scored, source, target)  # which are let go of before the next
    scored.progress("similarity")
    alike = similarity(scored.graph, source, target).astype(np.float32)
    scored.edge_columns["similarity"] = pa.array(alike, from_pandas=True)


def _add_topics(scored: Scored, source: Ids, target: Ids) -> None:
    found = topics(scored)
    relevance, scored.edge_columns["shared_terms"] = _edges(found, source, target)
    scored.edge_columns["relevance"] = pa.array(relevance, from_pandas=True)
    of_pages = page_relevance(scored, found)
    scored.edge_columns |= {
        "page_relevance": pa.array(of_pages.best, from_pandas=True),
        "page_relevance_mean": pa.array(of_pages.mean, from_pandas=True),
        "page_relevance_pairs": pa.array(of_pages.pairs),
    }
    scored.columns["topical_terms"] = _told(found, TOLD)
    _of_domains(scored, target, relevance)
    _write(scored, found)
    scored.manifest["topics"] = {
        "slots": SLOTS, "terms": KEPT, "terms_looked_at": HEARD, "pages_looked_at": MOST_PAGES,
        "template": f"terms on more than {TEMPLATE_SHARE:.0%} of a host's pages, "
        f"of {TEMPLATE_PAGES} or more",
        "domains": int((found.rows >= 0).sum()),
    }  # fmt: skip


def _edges(found: Topics, source: Ids, target: Ids) -> tuple[npt.NDArray[np.float32], pa.Array]:
    """How alike the ends of each edge are, float32[m], and the terms that say so, list<string>[m].

    Memory: 8 bytes an edge, and 4 for each such term; what more is worked out, of some at a time.
    """
    m, done = len(source), 0
    relevance, ends = np.empty(m, np.float32), np.zeros(m + 1, np.int32)
    places = np.empty(m * SHARED, np.int32)  # what is not written to takes no memory
    for first in range(0, m, SOME):
        part = slice(first, first + SOME)
        shared = np.empty((len(source[part]), SHARED), np.int32)
        cosines(
            found.rows, found.offsets, found.slots, found.weights,
            source[part], target[part], relevance[part], shared,
        )  # fmt: skip
        known = shared >= 0
        ends[first + 1 : first + 1 + len(shared)] = done + np.cumsum(known.sum(axis=1))
        some = found.word[shared[known]]
        places[done : done + len(some)] = some
        done += len(some)
    return relevance, _lists(found, ends, places[:done])


def _words(found: Topics, slots: npt.NDArray[np.int64] | Ids) -> pa.Array:
    """list<string>[k] of integers[k, m]: the words of these slots, none for -1.

    As a dictionary, since of millions of edges most share their words with others.
    """
    known = slots >= 0
    ends = np.concatenate([[0], np.cumsum(known.sum(axis=1))]).astype(np.int32)
    return _lists(found, ends, found.word[slots[known]])


def _lists(found: Topics, ends: Ids, places: Ids) -> pa.Array:
    words = pa.DictionaryArray.from_arrays(pa.array(places), found.words)
    return pa.ListArray.from_arrays(pa.array(ends), words)


def _told(found: Topics, most: int) -> pa.Array:
    """list<string>[n]: what each domain is about, the heaviest first."""
    return _words(found, _slots_at(found, heaviest(found.offsets, found.weights, found.rows, most)))


def _slots_at(found: Topics, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    slots = np.full(places.shape, -1, np.int64)
    slots[places >= 0] = found.slots[places[places >= 0]]
    return slots


def _of_domains(scored: Scored, target: Ids, relevance: npt.NDArray[np.float32]) -> None:
    """Of those that link to a domain: the mean, by weight, and of how many it is known."""
    heavy, total, known, of = sums_by(target, _weights(scored), relevance, scored.graph.n)
    scored.columns["relevance"] = nullable(share_of(total, heavy))
    scored.columns["relevance_known"] = nullable(share_of(known, of))


def _weights(scored: Scored) -> Floats:
    if not scored.edges.num_rows:
        return np.empty(0)
    weights: Floats = scored.edges["weight"].to_numpy()
    return weights


def _write(scored: Scored, found: Topics) -> None:
    """The terms by which domains are found, beside the table and swapped in whole."""
    store, snapshot = scored.store, scored.snapshot
    store.execute(f"ALTER TABLE domain_terms_next DROP PARTITION {snapshot:d}")
    store.execute(f"ALTER TABLE domain_terms DROP PARTITION {snapshot:d}")
    written = 0
    for first in range(0, scored.graph.n, _BLOCK):
        rows = _rows_of_terms(scored, found, first)
        if rows.num_rows:
            store.insert("domain_terms_next", rows)
            written += rows.num_rows
    if not written:  # nobody says what another says too: there is no partition to put in its place
        return
    store.execute(f"ALTER TABLE domain_terms REPLACE PARTITION {snapshot:d} FROM domain_terms_next")
    store.execute(f"ALTER TABLE domain_terms_next DROP PARTITION {snapshot:d}")


def _rows_of_terms(scored: Scored, found: Topics, first: int) -> pa.Table:
    """Of the domains from `first` on, one block of them."""
    rows = found.rows[first : first + _BLOCK]
    places = heaviest(found.offsets, found.weights, rows, TOLD)
    known = places >= 0
    slots, ids = found.slots[places[known]], first + np.nonzero(known)[0]
    return pa.table(
        {
            "snapshot": pa.array(np.full(len(ids), scored.snapshot), pa.uint64()),
            "term": found.words.take(pa.array(found.word[slots])),
            "domain": scored.graph.names.take(pa.array(ids)).cast(pa.string()),
            "weight": pa.array(found.weights[places[known]]),
        }
    )


PART = Part(
    "topics",
    (
        Measure(
            "relevance",
            "cosine",
            "how near what referring domains say is to what it says: their mean, by weight",
            "of none of them, or not of itself, enough text was read",
            ranked=True,
        ),
        Measure(
            "relevance_known",
            "share",
            "of referring domains whose relevance is known",
            "no domain links to it",
        ),
    ),
    _add,
)
