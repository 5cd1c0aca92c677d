"""`show DOMAIN --why` on a screen: unknown is never a 0, and nothing hostile gets through."""

from __future__ import annotations

import io
from typing import Any

from pipeline.report.why import write_why

FACTORS = [
    {"factor": "trust", "value": 0.5, "ln": -0.69},
    {"factor": "kind", "value": 0.7, "ln": -0.36},
]
EDGE = {
    "source_domain": "a.example", "worth": 0.35, "worth_factors": FACTORS,
    "worth_unknown": ["kind"], "owner_place": 2, "portfolio_share": 0.175,
    "page_relevance": 0.4444, "page_relevance_pairs": 3,
}  # fmt: skip
QUALITY = {
    "snapshot": 1_700_000_000_000, "domains": 5_000, "domain": "t.example", "authority": 41.25,
    "portfolio": 33.3, "portfolio_low": 20.0, "portfolio_high": 40.0, "portfolio_worth": 0.35,
}  # fmt: skip


def evidence(measure: str, value: float | None, rank: float | None = None) -> dict[str, Any]:
    return {
        "measure": measure, "value": value, "rank": rank, "n": 5_000, "unit": "share",
        "percentile": None if rank is None else 100 * (5_000 - rank) / 4_999,
        "meaning": "what it says", "unknown": "" if value is not None else "nobody asked",
    }  # fmt: skip


def why(**changed: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "target": "t.example", "domain": "t.example", "quality": QUALITY, "milliseconds": 12,
        "confidence": {"level": "medium", "numbers": True,
                       "reasons": [{"level": "medium", "text": "5,000 domains in all"}]},
        "evidence": [evidence("trusted_harmonic", 0.25, 120.0), evidence("portfolio", 33.3),
                     evidence("portfolio_worth", 0.35, 7.0), evidence("relevance", None)],
        "risk": [], "marks": [], "links": [EDGE],
        "without": [{"source_domain": "a.example", "rank": 5120.0, "best": 7900.0,
                     "worst": 7900.0, "n": 9000, "authority": 1.0,
                     "scored": "all"},
                    {"source_domain": "b.example", "rank": 5120.0, "best": 5120.0,
                     "worst": 5120.0, "n": 9000, "authority": 1.0,
                     "scored": "itself"},
                    {"source_domain": "c.example", "rank": 5120.0, "best": 5200.0,
                     "worst": 6000.5, "n": 9000, "authority": 1.0,
                     "scored": "between"}],
        "pages": [{"page": "t.example/x\x1b[2J\u202e", "score": 33.3, "worth": 0.35,
                   "worth_rank": 3.0, "pages": 90, "referring_domains": 2,
                   "authority": 21.5, "trusted_harmonic_rank": 5.5}],
        "page": None,
    }  # fmt: skip
    return found | changed


def shown(found: dict[str, Any], width: int = 200) -> str:
    to = io.StringIO()
    write_why(found, to, width=width)
    return to.getvalue()


def test_every_score_stands_with_its_place_and_its_reasons() -> None:
    text = shown(why())
    assert "Authority     41.2   rank 120 of 5,000, percentile 97.6" in text
    assert "Portfolio     33.3 (20 to 40)   rank 7 of 5,000, percentile 99.9" in text
    assert "Confidence    medium: 5,000 domains in all" in text
    assert "0.35 = trust 0.5 × kind 0.7?; number 2 of its owner" in text
    assert "its pages 0.44 near, the best of 3" in text
    assert "50%" in text


def test_what_if_is_told_as_a_rank_a_range_or_no_change() -> None:
    text = shown(why())
    assert "a.example  rank 5,120 → 7,900" in text
    assert "b.example  rank stays" in text
    assert "c.example  rank 5,120 → 5,200 to 6,000.5 (by a part of the links, trust" in text


def test_what_is_unknown_is_named_with_why_and_no_0() -> None:
    text = shown(why())
    assert "unknown, as nobody asked: relevance" in text
    row = QUALITY | {"authority": None, "portfolio": None}
    no_seeds = [evidence("harmonic", 3.0, 9.0), evidence("portfolio", None)]
    text = shown(why(quality=row, evidence=no_seeds, without=[]))
    assert "Authority     unknown without trusted seeds; harmonic centrality rank 9 of" in text
    assert "Portfolio     unknown: nobody asked" in text


def test_with_little_ground_there_is_no_number_and_it_is_said() -> None:
    low = {"level": "low", "numbers": False, "reasons": [{"level": "low", "text": "12 domains"}]}
    text = shown(why(confidence=low))
    assert "Authority     rank 120 of 5,000" in text
    assert "Portfolio     rank 7 of 5,000" in text
    assert "too little ground for a number" in text
    assert "33.3  t.example/x" not in text


def test_spam_risk_has_its_points_where_a_snapshot_has_it() -> None:
    points = [{"measure": "trust_gap", "value": 61.0, "points": 12}]
    text = shown(why(quality=QUALITY | {"spam_risk": 23.0}, risk=points))
    assert "Spam risk     23 of 100   12 trust_gap" in text
    assert "Spam risk" not in shown(why())
    assert "Spam risk     unknown" in shown(why(quality=QUALITY | {"spam_risk": None}))


def test_nothing_hostile_gets_to_the_terminal() -> None:
    text = shown(why(links=[EDGE | {"source_domain": "a\x1b[31m.example"}]))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "t.example/x[2J" in text


def test_a_domain_in_no_snapshot_is_told_so() -> None:
    assert "in no snapshot" in shown(why(quality=None))


def test_a_narrow_terminal_is_told_units_and_a_wide_one_what_each_figure_is() -> None:
    found = why(evidence=[evidence("harmonic", 3.0, 9.0)])
    narrow, wide = shown(found, width=80), shown(found, width=140)
    assert "share: what it says" not in narrow
    assert "share: what it says" in wide
    assert "rank 9 of 5,000" in narrow


PAGE = {
    "page": "t.example/x", "authority": 41.25, "trusted_harmonic_rank": 3.0, "pages": 90,
    "referring_domains": 4, "counted_domains": 2, "brings": [
        {"source_domain": "a.example", "rank": 40.5, "without": 0.1,
         "source_url": "https://a.example/\x1b[2J"},
        {"source_domain": "b.example", "rank": 3.0, "without": 0.2, "source_url": ""},
    ],
}  # fmt: skip


def test_a_page_is_told_with_the_domains_without_which_it_would_rank_lower() -> None:
    text = shown(why(page=PAGE))
    assert "Authority  41.2       rank 3 of 90 pages, 2 of 4 referring domains count" in text
    assert "without    a.example  rank 3 → 40.5   https://a.example/" in text
    assert "without    b.example  rank stays" in text
    assert "\x1b[2J" not in text
    assert "by authority rank 5.5" in text, "of the pages that are worth most"


def test_a_page_without_authority_says_that_it_is_unknown() -> None:
    assert "Authority    unknown: there are no trusted seeds" in shown(
        why(page=PAGE | {"authority": None})
    )
