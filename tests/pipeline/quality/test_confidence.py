"""How sure scores are: how much was read of who links, and the worst of what is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.index.questions import Index
from pipeline.quality.confidence import reasons
from pipeline.quality.marks import shows_numbers
from pipeline.quality.score import score
from pipeline.settings import ScoreSettings
from pipeline.store import rows
from tests.support.records import START, TODAY, Link, page, write
from tests.support.stores import AnyStore

SURE: dict[str, Any] = {
    "confidence": "high", "portfolio": 50.0, "portfolio_low": 45.0, "portfolio_high": 55.0,
    "domains": 1_000_000, "crawled_share": 0.9, "independent_referrers": 40,
}  # fmt: skip


def test_the_crawled_share_is_of_the_linking_sites_by_the_weight_of_their_links(
    store: AnyStore,
) -> None:
    """a was read to a third, b whole; b's link is in a footer; nofollow weighs nothing."""
    write(
        store,
        [
            page("https://a.org/", START, ["https://t.org/"],
                 inner=["https://a.org/1", "https://a.org/2"]),
            page("https://b.org/", START, [Link("https://t.org/", position="footer")]),
            page("https://c.org/", START, [Link("https://t.org/", rel=1)],
                 inner=["https://c.org/1"]),
        ],
        TODAY,
    )  # fmt: skip
    score(store, ScoreSettings(), seeds=("a.org",))
    found = {
        row["domain"]: row["crawled_share"]
        for row in rows(store.query("SELECT * FROM domain_quality"))
    }
    edges = {
        row["source_domain"]: row["weight"]
        for row in rows(store.query("SELECT * FROM domain_edges"))
    }
    a, b = edges["a.org"], edges["b.org"]
    assert found["t.org"] == pytest.approx((a / 3 + b) / (a + b))
    assert found["a.org"] is found["c.org"] is None, "nothing links to them"
    assert {row["confidence"] for row in Index(store).domains()} == {"low"}, "of four in all"


def test_what_is_high_in_all_has_no_reasons() -> None:
    assert reasons(SURE) == []
    assert shows_numbers(SURE)


@pytest.mark.parametrize(
    ("changed", "level", "said"),
    [
        ({"domains": 29}, "low", "29 domains in all"),
        ({"domains": 999}, "medium", "999 domains in all"),
        ({"crawled_share": 0.19}, "low", "19% of the linking sites read"),
        ({"crawled_share": 0.4}, "medium", "40% of the linking sites read"),
        ({"crawled_share": None}, "low", "nothing links to it"),
        ({"independent_referrers": 2}, "low", "2 independent owners link to it"),
        ({"independent_referrers": 9}, "medium", "9 independent owners link to it"),
        ({"portfolio_low": 10.0}, "low", "the portfolio might be 45 points apart"),
        ({"portfolio_low": 30.0}, "medium", "the portfolio might be 25 points apart"),
        ({"portfolio": None}, "none", "there are no trusted seeds"),
        ({"confidence": ""}, "none", "from before confidence was told"),
    ],
)
def test_each_that_is_not_high_is_a_reason(changed: dict[str, Any], level: str, said: str) -> None:
    (reason,) = reasons(SURE | changed)
    assert reason.level == level
    assert said in reason.text


def test_numbers_are_shown_from_medium_on() -> None:
    shown = [level for level in ("none", "low", "medium", "high", "")
             if shows_numbers(SURE | {"confidence": level})]  # fmt: skip
    assert shown == ["medium", "high"]


def test_the_level_of_a_row_is_the_worst_of_its_reasons(store: AnyStore) -> None:
    pages = [
        page(
            f"https://s{k}.org/{n}",
            START,
            [f"https://s{(k * 7 + j) % 40}.org/" for j in range(1, 6)],
        )
        for k in range(40)
        for n in range(1 + k % 3)
    ]
    write(store, pages, TODAY)
    score(store, ScoreSettings(), seeds=("s0.org", "s1.org"))
    found = rows(store.query("SELECT * FROM domain_quality"))
    order = ["none", "low", "medium", "high"]
    for row in found:
        told = [reason.level for reason in reasons(row)] or ["high"]
        assert row["confidence"] == min(told, key=order.index), row["domain"]
    assert len({row["confidence"] for row in found}) > 1
