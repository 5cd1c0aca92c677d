"""`backlinks seeds suggest`: a table to look at, or a file that `score --seeds` reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.quality.listed import read_domains
from pipeline.quality.score import score
from pipeline.report import suggesting
from pipeline.settings import ScoreSettings
from pipeline.store import Store
from tests.pipeline.report.commanded import Run, runs_on
from tests.support.records import START, TODAY, page, write


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch) -> Run:
    web = [page("https://a.example/", START, ["https://b.example/"]),
           page("https://b.example/", START, ["https://c.example/"])]  # fmt: skip
    write(store, web, TODAY)
    score(store, ScoreSettings())
    return runs_on(store, monkeypatch)


def test_the_file_is_what_score_reads_and_asks_to_be_looked_at(run: Run, tmp_path: Path) -> None:
    out, listed = tmp_path / "trusted.txt", tmp_path / "top.txt"
    listed.write_text("# the best\nc.example\nelsewhere.example\n")
    told = run("seeds", "suggest", "--listed", listed, "-o", out).output
    assert "2 candidates in" in told
    assert "look at each" in told
    assert read_domains(str(out), "seeds") == ["b.example", "c.example"]
    lines = out.read_text().splitlines()
    assert lines[0].startswith("# Candidates for trusted seeds, by the snapshot of ")
    assert lines[2].startswith("c.example  # 3 of 12: ")
    assert lines[2].endswith("in your files")


def test_candidates_are_told_in_every_form(run: Run) -> None:
    found = json.loads(run("seeds", "suggest", "--json", "--limit", 1).stdout)
    assert [sorted(one) for one in found] == [["because", "domain", "marks"]]
    assert "links back to 0 of 1" in run("seeds", "suggest", "--table").stdout


def test_files_that_name_too_many_or_nothing_are_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "can't read the listed domains" in run(
        "seeds", "suggest", "--listed", tmp_path / "none.txt", code=2
    ).output  # fmt: skip
    monkeypatch.setattr(suggesting, "MOST_LISTED", 1)
    (tmp_path / "two.txt").write_text("a.example\nb.example\n")
    assert "names 2 domains; give the best 1" in run(
        "seeds", "suggest", "--listed", tmp_path / "two.txt", code=2
    ).output  # fmt: skip
