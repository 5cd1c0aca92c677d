"""`backlinks score` as its user sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.index.snapshots import snapshots
from pipeline.report import scoring
from pipeline.store import Store
from tests.pipeline.report.commanded import Run, runs_on
from tests.support.records import START, TODAY, page, write


def stopped(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("known.txt").write_text("a.org\n")
    write(store, [page("https://a.org/", START, ["https://b.org/"])], TODAY)
    return runs_on(store, monkeypatch, scoring)


def test_a_snapshot_of_the_same_pages_is_said_to_take_the_place_of_the_one_before(
    run: Run, store: Store
) -> None:
    unseeded = run("score").stdout
    assert "place" not in unseeded
    assert "There are no trusted seeds (--seeds FILE): in this snapshot" in unseeded
    (first,) = snapshots(store)
    again = run("score", "--seeds", "known.txt").stdout
    assert "unknown" not in again
    assert "The same pages as before" in again
    assert f"that was made of them, {first.snapshot}.\n" in again
    assert [one.snapshot for one in snapshots(store)] == [first.snapshot]
    write(store, [page("https://b.org/", START, ["https://a.org/"])], TODAY + 1)
    assert "place" not in run("score").stdout
    assert len(snapshots(store)) == 2


def test_ctrl_c_says_that_it_was_interrupted_and_goes_on_when_it_is_run_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.quality.score.score", stopped)
    ran = run("score", code=1)
    said = "backlinks: interrupted; run it again, and it goes on from its last whole step\n"
    assert (ran.stdout, ran.stderr) == ("", said)
