"""`backlinks formulas` compares on what is there, and refuses what can't score."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest

from pipeline.quality.score import score
from pipeline.settings import ScoreSettings
from pipeline.store import Store
from tests.pipeline.quality.test_risk import ringed
from tests.pipeline.report.commanded import Run, runs_on


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch) -> Run:
    ringed(store)
    score(store, ScoreSettings(), seeds=["a.org"])
    return runs_on(store, monkeypatch)


def test_who_moves_is_told_with_the_reason(run: Run, tmp_path: Path) -> None:
    text = resources.files("pipeline.quality.formulas").joinpath("1.json").read_text()
    mine = json.loads(text)
    del mine["risk"]["measures"]["ring"]
    mine["risk"]["measures"]["shells"] = {"bins": [[0.93, 20]]}
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(mine))
    ran = run("formulas", "1", file, "--json")
    moved = {row["domain"]: row for row in json.loads(ran.stdout)}
    assert moved["farm.org"]["why"] == "ring -26, shells +2"
    assert moved["farm.org"]["points_after"] == moved["farm.org"]["points_before"] - 24
    assert "11 domains, rank correlation" in ran.stderr
    assert "flagged 1 before, " in ran.stderr


def test_the_same_formula_moves_nobody(run: Run) -> None:
    ran = run("formulas", "1", "1")
    head = "domain,risk_before,risk_after,points_before,points_after,why"
    assert ran.stdout.splitlines() == [head]
    assert "rank correlation 1.0000; 0 get other points" in ran.stderr


def test_the_versions_that_come_with_the_program_both_run_on_one_snapshot(run: Run) -> None:
    moved = {row["domain"]: row for row in json.loads(run("formulas", "1", "2", "--json").stdout)}
    assert {"ring -26", "unlisted_ring +14"} <= set(moved["farm.org"]["why"].split(", "))
    assert "serves +30" in moved["s1.org"]["why"].split(", "), "which version 1 knows nothing of"


def test_what_can_not_score_is_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text("{}")
    told = run("formulas", "1", file, code=2).stderr
    assert '"version" must be a whole number from 1' in told
