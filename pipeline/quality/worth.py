"""What each pair's links are worth: a product of factors, kept each, so that their logs add up.

Trust is counted in what one trusted seed gets by itself, (1 - damping) / seeds, and authority as it
is, between 0 and 1: neither moves because the graph got more domains. Both are linear, so that a
domain which is split into a thousand is worth no more, and 0 where no trust leads: a farm that no
trusted domain links to is worth nothing, however large it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.quality.scored import Floats, Part, Scored, as_floats
from pipeline.quality.worth_formula import FACTORS, Worth, formula, written

Values = npt.NDArray[np.float32]  # [edges, factors]
Bits = npt.NDArray[np.uint16]  # a bit a factor: its evidence is missing
_PLACES = {name: place for place, name in enumerate(FACTORS)}

AT_ONCE = 1 << 20  # edges: what is worked out beside the columns stays small


def _add(scored: Scored) -> None:
    scored.manifest["worth_formula"] = written()
    source, _ = scored.ends
    rules = formula().worth
    of_sources = _of_sources(scored, rules)
    values = np.empty((len(source), len(FACTORS)), np.float32)
    unknown = np.zeros(len(source), np.uint16)
    worth = np.empty(len(source))
    for first in range(0, len(source), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        edges = _Edges(scored, first)
        for name, each in of_sources.items():
            neutral = getattr(rules, f"{name}_unknown", np.nan)
            _put(values[some], unknown[some], name, each[source[some]], neutral)
        for name, each, neutral in _of_edges(edges, rules):
            _put(values[some], unknown[some], name, each, neutral)
        worth[some] = product(values[some])
    scored.edge_columns["worth"] = pa.array(worth)
    scored.edge_columns["worth_values"] = _lists(values)
    scored.edge_columns["worth_unknown_bits"] = pa.array(unknown)


class _Edges:
    """Some of the edges, from `first` on: their columns, nan where unknown or no part made one."""

    def __init__(self, scored: Scored, first: int) -> None:
        self.counts_all = scored.settings.nofollow
        self._made = scored.edge_columns
        self._first = first
        self._read = scored.edges.slice(first, AT_ONCE)

    def floats(self, name: str) -> Floats:
        if name in self._read.column_names:
            return as_floats(self._read[name].combine_chunks())
        column = self.column(name)
        return as_floats(column) if column is not None else np.full(self._read.num_rows, np.nan)

    def column(self, name: str) -> Any:
        """Of those that a part made; None where none did."""
        column = self._made.get(name)
        return None if column is None else column.slice(self._first, AT_ONCE)


def product(values: Values) -> Floats:
    """float64[edges], taken from the factors as they are stored, so that they come to the same."""
    found = np.ones(len(values))
    for place in range(values.shape[1]):
        found *= values[:, place]
    return found


def _of_sources(scored: Scored, rules: Worth) -> dict[str, Floats]:
    """Factors that are the same on all links of a domain, float64[n]; nan where unknown."""
    trust = scored.floats("trust")
    own = (1 - scored.settings.damping) / max(len(scored.seeds), 1)
    linked = scored.floats("out_domains")
    return {
        # A seed's own trust counts too: to whom it links, it is one link away.
        "authority": np.minimum(scored.floats("trusted_harmonic") + trust, 1.0),
        "trust": trust / own,
        "dilution": 1 / np.sqrt(1 + linked / rules.dilution.domains),
    }


def _of_edges(edges: _Edges, rules: Worth) -> list[tuple[str, Floats, float]]:
    """Factors of the pair: name, float64[some] with nan where unknown, and what stands then."""
    followed = edges.floats("follow_links") / np.maximum(edges.floats("links"), 1)
    pages = np.minimum(np.log2(1 + edges.floats("pages")), rules.pages.most)
    rel = rules.rel.other + (rules.rel.followed - rules.rel.other) * followed
    return [
        ("relevance", _relevance(edges, rules), rules.relevance.unknown),
        ("position", _position(edges), rules.position.unknown),
        ("rel", rel, rules.rel.other),
        ("kind", _kind(edges, rules), rules.kind.unknown),
        ("owner", _owner(edges, rules), rules.owner.unknown),
        ("pages", pages, 1.0),
    ]


def _position(edges: _Edges) -> Floats:
    """Mean over the pair's links that are counted, which `weight` has the logarithm of."""
    counted = edges.floats("links" if edges.counts_all else "follow_links")
    total = np.exp2(edges.floats("weight")) - 1
    found: Floats = np.where(counted > 0, total / np.maximum(counted, 1), np.nan)
    return np.minimum(found, 1.0)


def _relevance(edges: _Edges, rules: Worth) -> Floats:
    cosine = edges.floats("relevance")
    bins = np.searchsorted(np.array(rules.relevance.starts), cosine, side="right") - 1
    values = np.array(rules.relevance.values)[np.clip(bins, 0, None)]
    return np.where(np.isnan(cosine), np.nan, values)


def _owner(edges: _Edges, rules: Worth) -> Floats:
    same = edges.floats("same_owner")
    found = np.where(same > 0, rules.owner.same, rules.owner.other)
    return np.where(np.isnan(same), np.nan, found)


def _kind(edges: _Edges, rules: Worth) -> Floats:
    column = edges.column("kind")
    if column is None:
        return edges.floats("kind")
    kinds = list(rules.kind.kinds)
    places = pc.index_in(column.cast(pa.string()), pa.array(kinds, pa.string()))
    values = pa.array([rules.kind.kinds[kind] for kind in kinds], pa.float64())
    return as_floats(values.take(places))


def _put(values: Values, unknown: Bits, name: str, found: Floats, neutral: float) -> None:
    place = _PLACES[name]
    missing = np.isnan(found)
    values[:, place] = np.where(missing, neutral, found)
    unknown[missing] |= np.uint16(1 << place)


def _lists(values: Values) -> pa.Array:
    """Array(Float32) a row, without a copy."""
    offsets = np.arange(len(values) + 1, dtype=np.int64) * values.shape[1]
    return pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values.reshape(-1)))


PART = Part("worth of links", (), _add)
