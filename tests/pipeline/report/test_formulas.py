"""`backlinks formulas` compares on what is there, and refuses what can't score."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest

from pipeline.quality.score import score
from pipeline.settings import ScoreSettings
from pipeline.store.chdb import ChdbStore
from pipeline.store.migrate import migrate
from tests.pipeline.quality.test_risk import ringed
from tests.support.command import backlinks


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("formulas")
    store = ChdbStore(directory / "store")
    migrate(store)
    ringed(store)
    score(store, ScoreSettings(), seeds=["a.org"])
    store.close()
    return directory


def test_who_moves_is_told_with_the_reason(data: Path, tmp_path: Path) -> None:
    text = resources.files("pipeline.quality.formulas").joinpath("1.json").read_text()
    mine = json.loads(text)
    del mine["risk"]["measures"]["ring"]
    mine["risk"]["measures"]["shells"] = {"bins": [[0.93, 20]]}
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(mine))
    ran = backlinks("formulas", "1", str(file), "--json", data=data)
    assert ran.code == 0
    moved = {row["domain"]: row for row in json.loads(ran.out)}
    assert moved["farm.org"]["why"] == "ring -26, shells +2"
    assert moved["farm.org"]["points_after"] == moved["farm.org"]["points_before"] - 24
    assert "11 domains, rank correlation" in ran.err
    assert "flagged 1 before, " in ran.err


def test_the_same_formula_moves_nobody(data: Path) -> None:
    ran = backlinks("formulas", "1", "1", data=data)
    assert ran.out.splitlines() == ["domain,risk_before,risk_after,points_before,points_after,why"]
    assert "rank correlation 1.0000; 0 get other points" in ran.err


def test_what_can_not_score_is_one_line(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text("{}")
    ran = backlinks("formulas", "1", str(file), data=data)
    assert ran.code == 2
    assert '"version" must be a whole number from 1' in ran.err
    assert len(ran.err.splitlines()) == 1
