"""`backlinks snapshots` as its user sees it."""

from __future__ import annotations

import csv
import io
import json

import pytest

from pipeline.report import snapshots
from pipeline.store import Store
from tests.pipeline.index.test_snapshots import DAY, FIRST, put, two
from tests.pipeline.report.commanded import Run, runs_on


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "200")
    return runs_on(store, monkeypatch, snapshots)


def test_snapshots_are_listed_with_their_manifest_in_json(run: Run, store: Store) -> None:
    two(store)
    found = json.loads(run("snapshots", "list", "--json").stdout)
    assert [row["snapshot"] for row in found] == [FIRST + DAY, FIRST]
    assert json.loads(found[0]["manifest"])["formula"] == 1
    assert "manifest" not in run("snapshots", "list", "--table").stdout


def test_a_difference_is_told_in_every_form(run: Run, store: Store) -> None:
    two(store)
    ran = run("snapshots", "diff", "--limit", 3)
    assert "from 2026-09-21 14:13 to 2026-09-22 14:13, by authority" in ran.stderr
    rows = list(csv.DictReader(io.StringIO(ran.stdout)))
    assert [row["domain"] for row in rows] == ["h.example", "a.example", "d.example"]
    table = run("snapshots", "diff", "--table").stdout
    assert "won: b.example" in table
    assert "risen" not in table.splitlines()[0]
    (one,) = json.loads(run("snapshots", "diff", "--of", "www.a.example", "--json").stdout)
    assert one["lost_referrers"][0]["domain"] == "c.example"


def test_a_changed_formula_is_told(run: Run, store: Store) -> None:
    put(store, FIRST, {"a.example": 1.0}, [])
    put(store, FIRST + DAY, {"a.example": 1.0}, [], formula=2)
    assert "the formula changed in between" in run("snapshots", "diff").stderr


def test_old_ones_are_dropped_and_first_only_named(run: Run, store: Store) -> None:
    two(store)
    assert "which?" in run("snapshots", "drop", code=2).output
    assert (
        run("snapshots", "drop", "--keep", 1, "--dry-run").output == f"{FIRST} would be dropped\n"
    )
    assert len(json.loads(run("snapshots", "list", "--json").stdout)) == 2
    assert "is the newest" in run("snapshots", "drop", "newest", code=2).output
    assert run("snapshots", "drop", FIRST).output == f"{FIRST} dropped\n"
    assert run("snapshots", "drop", "--keep", 1).output == "nothing to drop\n"
