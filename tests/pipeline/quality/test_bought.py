"""Points for marks of bought links: they add up, only grow, and say why."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.quality.bought import MOST, RULES, Rule, bought_marks, bought_points, others_sell

MOST_OF = {"page_links": 1e4}  # others are shares
FIGURES = st.fixed_dictionaries(
    {rule.figure: st.none() | st.floats(0, MOST_OF.get(rule.figure, 1.0)) for rule in RULES}
)
Figures = dict[str, float | None]


def points(figures: Figures) -> int:
    told = {k: np.array([np.nan if v is None else v]) for k, v in figures.items()}
    return int(bought_points(told)[0])


@given(FIGURES)
def test_the_points_are_the_sum_of_their_reasons(figures: Figures) -> None:
    reasons = bought_marks(figures)
    assert points(figures) == sum(reason.points for reason in reasons)
    assert 0 <= points(figures) <= MOST
    assert [reason.points for reason in reasons] == sorted(
        (r.points for r in reasons), reverse=True
    )


@given(FIGURES, st.sampled_from(RULES), st.floats(0, 1))
def test_more_of_a_mark_never_gives_fewer_points(figures: Figures, rule: Rule, by: float) -> None:
    name, falls = rule.figure, rule.falls
    before = figures[name]
    if before is None:
        assert points(figures) == points({k: v for k, v in figures.items() if k != name})
        return
    more = figures | {name: before - by if falls else before + by}
    assert points(more) >= points(figures)


def test_a_bought_link_by_hand() -> None:
    figures: Figures = {
        "money_share": 1.0, "keyword_share": 1.0, "near_money_share": 0.2, "sitewide_share": 0.9,
        "main_share": 0.0, "followed_share": 1.0, "page_links": 12.0, "relevance": 0.03,
    }  # fmt: skip
    assert points(figures) == 8 + 5 + 4 + 1 + 1 + 1 + 1
    said = {reason.figure: reason.says for reason in bought_marks(figures)}
    assert said["near_money_share"] == "20% stand by words of what is sold by links"
    assert said["relevance"] == "its page is about something else: relevance 0.03"
    assert "page_links" not in said


def test_of_what_nothing_is_known_there_are_no_points() -> None:
    assert bought_marks({}) == []
    assert points(dict.fromkeys(rule.figure for rule in RULES)) == 0
    with pytest.raises(ValueError, match="a figure at least"):
        bought_points({})


def test_a_link_does_not_speak_against_itself() -> None:
    """Of four links to 7, three sell: for one of these two of three others do."""
    target = np.array([7, 7, 7, 7, 8, 8], np.int32)
    found = others_sell(target, np.array([1.0, 1.0, 1.0, 0.0, 1.0, 1.0]), 9)
    assert found[:4].tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 1.0])
    assert np.isnan(found[4:]).all(), "one other is too few"
