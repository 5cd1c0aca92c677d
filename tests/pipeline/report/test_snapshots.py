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


def test_two_that_were_given_in_the_other_order_are_turned_and_it_says_so(
    run: Run, store: Store
) -> None:
    two(store)
    turned, plain = run("snapshots", "diff", "newest", "previous"), run("snapshots", "diff")
    assert turned.stdout == plain.stdout
    first, rest = turned.stderr.split("\n", 1)
    assert first == "newest is after previous: they are compared in the order of time"
    assert rest == plain.stderr


def test_two_of_one_minute_are_told_apart_by_their_ids(run: Run, store: Store) -> None:
    for number in range(2):
        put(store, FIRST + number, {"a.example": 1.0}, [])
    told = f"from {FIRST} of 2026-09-21 14:13 to {FIRST + 1} of 2026-09-21 14:13, by authority"
    assert told in run("snapshots", "diff").stderr


def test_whom_neither_snapshot_knows_is_named(run: Run, store: Store) -> None:
    two(store)
    asked = [each for name in ("zz", "e", "yy", "f", "g") for each in ("--of", f"{name}.example")]
    ran = run("snapshots", "diff", *asked)
    assert ran.stderr.endswith("\nneither snapshot knows yy.example, zz.example\n")
    found = {row["domain"] for row in csv.DictReader(io.StringIO(ran.stdout))}
    assert found == {"e.example", "f.example", "g.example"}, "new, gone, and the same"
    assert "neither" not in run("snapshots", "diff", "--of", "e.example").stderr


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
