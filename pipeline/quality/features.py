"""Every feature of a snapshot: its type, its unit, what it means and what NULL says of it.

From the measures of the parts that made it and the comments of the tables: docs/features.md and the
manifests of exports are made of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.quality.score import PARTS
from pipeline.quality.scored import Measure

NEVER = "never"
# Columns of domain_quality that are no measure and no rank of one, and their units.
OTHERS = {
    "snapshot": "ms since 1970",
    "domain": "name",
    "domains": "domains",
    "damping": "share",
    "top_anchors": "texts",
    "topical_terms": "words",
    "confidence": "level",
    "owner_group": "name",
    "owner_marks": "sentences",
    "name_evidence": "sentences",
    "risk_reasons": "measure, value, points",
    "language": "ISO 639 code",
    "country": "ISO 3166 code",
    "country_evidence": "sentence",
    "referrer_languages": "domains by language",
    "referrer_countries": "domains by country",
}
_EDGES = {
    "snapshot": "ms since 1970", "source_domain": "name", "target_domain": "name",
    "links": "links", "follow_links": "links", "pages": "pages", "weight": "bits",
    "kind": "kind", "kind_evidence": "sentence", "same_owner": "1 or 0", "page_links": "links",
    **dict.fromkeys(
        ("sitewide_share", "followed_share", "main_share", "money_share", "keyword_share",
         "near_money_share"), "share",
    ),
    "relevance": "cosine", "shared_terms": "words", "similarity": "cosine",
    "page_relevance": "cosine", "page_relevance_mean": "cosine", "page_relevance_pairs": "pairs",
    "worth": "worth", "worth_values": "factors", "worth_unknown_bits": "bits",
    "worth_factors": "factor, value, logarithm", "worth_unknown": "factors",
    "owner_place": "place", "portfolio_share": "worth",
}  # fmt: skip

_PAGES = {
    "snapshot": "ms since 1970", "domain": "name", "host": "name", "path": "path and query",
    "score": "points", "worth": "worth", "worth_rank": "place", "pages": "pages",
    "referring_domains": "domains", "trusted_harmonic": "share", "trusted_harmonic_rank": "place",
    "authority": "points", "counted_domains": "domains", "brings": "domain, share, place",
}  # fmt: skip
_UNITS = {"domain_edges": _EDGES, "page_quality": _PAGES}


class Feature(NamedTuple):
    """`type`: the store's. `unknown`: what NULL says; "never" where it is none."""

    name: str
    type: str
    unit: str
    meaning: str
    unknown: str


def measures() -> dict[str, Measure]:
    """Of all parts, by name."""
    return {measure.name: measure for part in PARTS for measure in part.measures}


def features(table: str, columns: Sequence[tuple[str, str, str]]) -> list[Feature]:
    """columns: name, type and comment of each, of domain_quality, domain_edges or page_quality."""
    if table == "domain_quality":
        return [_of_domain(*column) for column in columns]
    return [_as_told(_UNITS[table], *column) for column in columns]


def _of_domain(name: str, kind: str, comment: str) -> Feature:
    known = measures()
    if name in known:
        measure = known[name]
        return Feature(name, kind, measure.unit, measure.meaning, _said(kind, measure.unknown))
    ranked = known.get(name.removesuffix("_rank"))
    if ranked is not None and ranked.ranked:
        meaning = f"place by {ranked.name}: 1 is the greatest, ties at their middle"
        return Feature(name, kind, "place", meaning, _said(kind, ranked.unknown))
    return _as_told(OTHERS, name, kind, comment)


def _as_told(units: Mapping[str, str], name: str, kind: str, comment: str) -> Feature:
    meaning = comment or ("which snapshot: the time of its data" if name == "snapshot" else "")
    return Feature(name, kind, units.get(name, ""), meaning, _said(kind, "it was not measured"))


def _said(kind: str, unknown: str) -> str:
    """A column that can't be NULL never is."""
    return unknown if "Nullable(" in kind else NEVER
