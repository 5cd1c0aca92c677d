"""A formula is monotone, capped and frozen; a file that is not is refused with what is wrong."""

from __future__ import annotations

import copy
import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadFormula
from pipeline.quality.formula import CAP, Bin, Rule, Scorecard, Step, load
from pipeline.quality.risk import KNOWN

# A version never changes: another score on the same links is another version.
FROZEN = {
    "1": "260bc006f550c023492aff058aff9774e4e6fff68b9e1e8e2731586c5db623d0",
    "2": "c3ee3df43674ff4cf1cb90f78d95a907e712f03ecfee9a786de3b84a9f07580d",
}

GOOD: dict[str, Any] = {
    "version": 7,
    "risk": {
        "measures": {
            "shells": {"bins": [[0.5, 4], [0.9, 10]]},
            "relevance": {"bins": [[0.4, 2], [0.1, 6]], "worse": "low"},
        },
        "suspect": 8,
        "table": [[0, 0], [4, 40], [16, 100]],
    },
}


def written(tmp_path: Path, made: Any) -> str:
    file = tmp_path / "formula.json"
    file.write_text(made if isinstance(made, str) else json.dumps(made))
    return str(file)


@pytest.mark.parametrize("version", sorted(FROZEN))
def test_a_version_never_changes_and_names_only_what_is_measured(version: str) -> None:
    found = load(version, KNOWN)
    file = resources.files("pipeline.quality.formulas").joinpath(f"{version}.json")
    assert found.sha256 == hashlib.sha256(file.read_bytes()).hexdigest() == FROZEN[version]
    assert found.version == int(version)


def test_every_version_is_held() -> None:
    files = resources.files("pipeline.quality.formulas").iterdir()
    names = {file.name.removesuffix(".json") for file in files if file.name.endswith(".json")}
    assert {name for name in names if name.isdigit()} == set(FROZEN)


def test_points_go_by_bins_whichever_way_is_worse_and_unknown_is_none(tmp_path: Path) -> None:
    rules = load(written(tmp_path, GOOD), KNOWN).risk.measures
    values = np.array([np.nan, 0.0, 0.1, 0.4, 0.5, 0.9, 1.0])
    assert rules["shells"].points(values).tolist() == [0, 0, 0, 0, 4, 10, 10]
    assert rules["relevance"].points(values).tolist() == [0, 6, 6, 2, 0, 0, 0]


def test_the_table_is_read_by_the_last_step_that_was_reached(tmp_path: Path) -> None:
    card = load(written(tmp_path, GOOD), KNOWN).risk
    assert card.score(np.array([0, 3, 4, 15, 16])).tolist() == [0, 0, 40, 40, 100]
    assert card.most == 16


def without(*path: str) -> dict[str, Any]:
    made = copy.deepcopy(GOOD)
    at = made
    for name in path[:-1]:
        at = at[name]
    del at[path[-1]]
    return made


def changed(value: Any, *path: str) -> dict[str, Any]:
    made = copy.deepcopy(GOOD)
    at = made
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    return made


SHELLS = ("risk", "measures", "shells")


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ([], '"version" must be a whole number'),
        (changed(True, "version"), '"version" must be a whole number'),
        (changed(0, "version"), '"version" must be a whole number'),
        (without("risk"), '"risk": Expected'),
        (without("risk", "table"), "missing required field `table`"),
        (changed(1, "risk", "more"), "unknown field `more`"),
        (changed(1.5, "risk", "suspect"), "Expected `int`"),
        (changed(0, "risk", "suspect"), '"suspect" must be from 1 to 16'),
        (changed(17, "risk", "suspect"), '"suspect" must be from 1 to 16'),
        (changed({"bins": [[1, 1]]}, "risk", "measures", "luck"), "luck: there is no such measure"),
        (changed([], *SHELLS, "bins"), "shells: it has no bins"),
        (changed("odd", *SHELLS, "worse"), "shells: \"worse\" is \"high\" or \"low\""),
        (changed([[0.5, 4], [0.5, 6]], *SHELLS, "bins"), "shells: bounds must get worse"),
        (changed([[0.5, 4], [0.4, 6]], *SHELLS, "bins"), "shells: bounds must get worse"),
        (changed([[0.5, 4], [0.9, 4]], *SHELLS, "bins"), "points grow from 0"),
        (changed([[0.5, -4]], *SHELLS, "bins"), "points grow from 0"),
        (changed([[0.5, CAP + 1]], *SHELLS, "bins"), f"shells: more than {CAP} points"),
        (changed([[1, 5]], "risk", "table"), '"table": it must begin with [0, 0]'),
        (changed([[0, 0], [4, 40], [4, 100]], "risk", "table"), "points must grow from step"),
        (changed([[0, 0], [4, 100], [5, 90]], "risk", "table"), "scores must grow from step"),
        (changed([[0, 0], [4, 90]], "risk", "table"), "up to 100"),
        (changed([[0, 0], [17, 100]], "risk", "table"), "nobody can have 17 points"),
    ],
)  # fmt: skip
def test_what_can_not_score_is_refused_with_what_is_wrong(
    made: Any, says: str, tmp_path: Path
) -> None:
    with pytest.raises(BadFormula) as refused:
        load(written(tmp_path, made), KNOWN)
    assert says in str(refused.value)
    assert "formula.json" in str(refused.value)


def test_a_formula_that_is_not_there_is_named() -> None:
    with pytest.raises(BadFormula, match="'999' can't score: there is no such version"):
        load("999")
    with pytest.raises(BadFormula, match="'/no/such' can't score: it can't be read"):
        load("/no/such")


def test_infinite_bounds_are_no_bounds(tmp_path: Path) -> None:
    text = json.dumps(GOOD).replace("0.9", "1e999")
    with pytest.raises(BadFormula, match="shells"):
        load(written(tmp_path, text), KNOWN)


bins = st.lists(st.integers(-50, 50), min_size=1, max_size=5, unique=True).map(sorted)


@given(bins, st.sampled_from(["high", "low"]), st.lists(st.floats(-60, 60), min_size=2))
def test_a_worse_value_never_gets_fewer_points(
    bounds: list[int], worse: str, values: list[float]
) -> None:
    ordered = bounds if worse == "high" else bounds[::-1]
    rule = Rule(tuple(Bin(bound, i + 1) for i, bound in enumerate(ordered)), worse)
    by_value = sorted(values, reverse=worse == "low")
    points = rule.points(np.array(by_value))
    assert (np.diff(points) >= 0).all()
    assert ((points >= 0) & (points <= len(bounds))).all()
    assert points[-1] == sum(
        by_value[-1] >= bound if worse == "high" else by_value[-1] <= bound for bound in bounds
    )


@given(st.lists(st.integers(0, 300), min_size=2))
def test_more_points_are_never_a_lower_score(totals: list[int]) -> None:
    card = load().risk
    scores = card.score(np.sort(np.array(totals)))
    assert (np.diff(scores) >= 0).all()
    assert ((scores >= 0) & (scores <= 100)).all()


def test_a_card_without_values_gives_no_points() -> None:
    card = Scorecard({"shells": Rule((Bin(0.5, 4),))}, (Step(0, 0), Step(4, 100)), 4)
    assert card.points({}, 3) == {}
