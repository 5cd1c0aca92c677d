"""What each pair's links are worth: a product of factors, kept each, so that their logs add up.

Trust is counted in what one trusted seed gets by itself, (1 - damping) / seeds, and authority as it
is, between 0 and 1: neither moves because the graph got more domains. Both are linear, so that a
domain which is split into a thousand is worth no more, and 0 where no trust leads: a farm that no
trusted domain links to is worth nothing, however large it is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.quality.scored import Floats, Ids, Part, Scored, as_floats, column_of
from pipeline.quality.worth_formula import FACTORS, Worth, formula, written

Values = npt.NDArray[np.float32]  # [edges, factors]
Bits = npt.NDArray[np.uint16]  # a bit a factor: its evidence is missing
_KNOWN_AT_ALL = {name: place for place, name in enumerate(FACTORS)}


def _add(scored: Scored) -> None:
    scored.manifest["worth_formula"] = written()
    source, _ = ends(scored)
    rules = formula().worth
    values = np.empty((len(source), len(FACTORS)), np.float32)
    unknown = np.zeros(len(source), np.uint16)
    for name, each in _of_sources(scored, rules).items():
        _put(values, unknown, name, each[source], getattr(rules, f"{name}_unknown", np.nan))
    for name, each, neutral in _of_edges(scored, rules):
        _put(values, unknown, name, each, neutral)
    scored.edge_columns["worth"] = pa.array(product(values))
    scored.edge_columns["worth_values"] = _lists(values)
    scored.edge_columns["worth_unknown_bits"] = pa.array(unknown)


def ends(scored: Scored) -> tuple[Ids, Ids]:
    """int64[edges] each: ids of who links and of who is linked, with weight or without."""
    names = scored.names
    source, target = (
        pc.index_in(column_of(scored.edges, end).cast(pa.string()), names)
        .to_numpy(zero_copy_only=False)
        .astype(np.int64)
        for end in ("source_domain", "target_domain")
    )
    return source, target


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


def _of_edges(scored: Scored, rules: Worth) -> list[tuple[str, Floats, float]]:
    """Factors of the pair: name, float64[edges] with nan where unknown, and what stands then."""
    edges = scored.edges
    links = _floats(edges, "links")
    followed = _floats(edges, "follow_links") / np.maximum(links, 1)
    pages = np.minimum(np.log2(1 + _floats(edges, "pages")), rules.pages.most)
    rel = rules.rel.other + (rules.rel.followed - rules.rel.other) * followed
    return [
        ("relevance", _relevance(scored, rules), rules.relevance.unknown),
        ("position", _position(scored), rules.position.unknown),
        ("rel", rel, rules.rel.other),
        ("kind", _kind(scored, rules), rules.kind.unknown),
        ("owner", _owner(scored, rules), rules.owner.unknown),
        ("pages", pages, 1.0),
    ]


def _position(scored: Scored) -> Floats:
    """Mean over the pair's links that are counted, which `weight` has the logarithm of."""
    edges, all_count = scored.edges, scored.settings.nofollow
    counted = _floats(edges, "links" if all_count else "follow_links")
    total = np.exp2(_floats(edges, "weight")) - 1
    found: Floats = np.where(counted > 0, total / np.maximum(counted, 1), np.nan)
    return np.minimum(found, 1.0)


def _relevance(scored: Scored, rules: Worth) -> Floats:
    cosine = _column(scored, "relevance")
    bins = np.searchsorted(np.array(rules.relevance.starts), cosine, side="right") - 1
    values = np.array(rules.relevance.values)[np.clip(bins, 0, None)]
    return np.where(np.isnan(cosine), np.nan, values)


def _owner(scored: Scored, rules: Worth) -> Floats:
    same = _column(scored, "same_owner")
    found = np.where(same > 0, rules.owner.same, rules.owner.other)
    return np.where(np.isnan(same), np.nan, found)


def _kind(scored: Scored, rules: Worth) -> Floats:
    column = scored.edge_columns.get("kind")
    if column is None:
        return np.full(scored.edges.num_rows, np.nan)
    kinds = list(rules.kind.kinds)
    places = pc.index_in(column.cast(pa.string()), pa.array(kinds, pa.string()))
    values = pa.array([rules.kind.kinds[kind] for kind in kinds], pa.float64())
    return as_floats(values.take(places))


def _column(scored: Scored, name: str) -> Floats:
    """Of an edge, nan where it is unknown or no part made it."""
    column = scored.edge_columns.get(name)
    if column is None:
        return np.full(scored.edges.num_rows, np.nan)
    return as_floats(column)


def _floats(edges: pa.Table, name: str) -> Floats:
    if not edges.num_rows:
        return np.empty(0)
    return as_floats(edges[name].combine_chunks())


def _put(values: Values, unknown: Bits, name: str, found: Floats, neutral: float) -> None:
    place = _KNOWN_AT_ALL[name]
    missing = np.isnan(found)
    values[:, place] = np.where(missing, neutral, found)
    unknown[missing] |= np.uint16(1 << place)


def _lists(values: Values) -> pa.Array:
    """Array(Float32) a row, without a copy."""
    offsets = np.arange(len(values) + 1, dtype=np.int64) * values.shape[1]
    return pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values.reshape(-1)))


PART = Part("worth of links", (), _add)
