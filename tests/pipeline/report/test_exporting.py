"""`backlinks export` as its user sees it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.labels import Label
from pipeline.labels.kept import write as label
from pipeline.quality.score import score
from pipeline.report import disavowing
from pipeline.settings import ScoreSettings
from pipeline.store import Store
from tests.pipeline.report.commanded import Run, runs_on
from tests.support.records import START, TODAY, page, write

MINE = "mine.example"


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Six domains link to one: two labelled bad, one of them on a platform's own name."""
    sources = ("a.example", "spam.example", "github.io", "good.example", "hidden.example")
    linking = [page(f"https://{name}/", START, [f"https://{MINE}/"]) for name in sources]
    write(store, linking, TODAY)
    said = {"spam.example": "bad", "github.io": "bad", "good.example": "ok"}
    label(store, [Label(d, w, "\x1b[2Jx\nhttps://y", "jo", 0) for d, w in said.items()], TODAY)
    store.insert("platforms", pa.table({"suffix": ["hidden.example"], "owner": ["hidden.example"]}))
    score(store, ScoreSettings())
    # A star of domains that nobody links to is suspect whole: here people alone speak.
    store.execute("ALTER TABLE domain_quality UPDATE spam_risk = 0, risk_reasons = [] WHERE 1 "
                  "SETTINGS mutations_sync = 2")  # fmt: skip
    monkeypatch.setattr(disavowing, "who", lambda: "jo@desk")
    return runs_on(store, monkeypatch)


def test_parquet_and_graph_are_told_in_a_line_and_not_overwritten(run: Run, tmp_path: Path) -> None:
    where = tmp_path / "out"
    told = run("export", "parquet", where, "--only", "features", "--only", "edges").output
    assert told == f"{where}: 6 rows in features.parquet, 5 rows in edges.parquet\n"
    assert "--replace" in run("export", "webgraph", where, code=2).output
    told = run("export", "webgraph", where, "--replace", "--name", "mine").output
    assert told == f"{where}: 6 domains, 5 edges\n"
    assert sorted(file.name for file in where.iterdir()) == [
        "mine-domain-edges.txt.gz", "mine-domain-ranks.txt.gz", "mine-domain-vertices.txt.gz",
    ]  # fmt: skip


def test_without_a_review_there_is_a_table_and_no_file(run: Run, tmp_path: Path) -> None:
    ran = run("export", "disavow", MINE)
    found = {row["domain"]: row for row in csv.DictReader(io.StringIO(ran.stdout))}
    assert {name: row["disavow"] for name, row in found.items()} == {
        "spam.example": "yes", "github.io": "no",
    }  # fmt: skip
    assert found["github.io"]["kept_because"].startswith("a public suffix")
    assert "1 domain to review; change" in ran.stderr
    assert "say so with --i-have-reviewed-it" in run(
        "export", "disavow", MINE, "--from", "x.csv", code=2
    ).output  # fmt: skip
    assert ".txt" in run("export", "disavow", MINE, "--i-have-reviewed-it", code=2).output


def test_the_reviewed_table_decides_but_for_what_must_never_be(run: Run, tmp_path: Path) -> None:
    review, out = tmp_path / "review.csv", tmp_path / "disavow.txt"
    run("export", "disavow", MINE, "-o", review)
    text = review.read_text().replace("spam.example,yes", "spam.example,no")
    more = ("a.example", "github.io", "good.example", "hidden.example", MINE)
    review.write_text(text + "".join(f"{name},yes,,,,,,\n" for name in more))
    ran = run("export", "disavow", MINE, "--from", review, "--i-have-reviewed-it", "-o", out)
    assert [line for line in out.read_text().splitlines() if line[0] != "#"] == ["domain:a.example"]
    for name in more[1:]:
        assert f"left out: {name}, " in ran.stderr
    assert ran.stdout == f"1 domain in {out}\n"


def test_reasons_are_comments_that_nothing_breaks_out_of(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "disavow.txt"
    run("export", "disavow", MINE, "--i-have-reviewed-it", "-o", out)
    lines = out.read_text().splitlines()
    assert lines[0].startswith("# Links to mine.example to be disavowed, by the snapshot of ")
    assert lines[1] == "# Reviewed by jo@desk"
    assert lines[2].startswith("# labelled bad by jo on ")
    assert lines[2].endswith(": [2Jx https://y")
    assert lines[3:] == ["domain:spam.example"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n", "has no columns domain and disavow"),
        ("domain,disavow\na.example,maybe\n", "line 2: 'maybe' is neither yes nor no"),
        ("domain,disavow\nmailto:x,yes\n", "line 2: 'mailto:x' is no domain"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_its_line(
    run: Run, tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "r.csv").write_text(text)
    ran = run("export", "disavow", MINE, "--from", tmp_path / "r.csv", "--i-have-reviewed-it",
              "-o", tmp_path / "d.txt", code=2)  # fmt: skip
    assert told in ran.output
    assert not (tmp_path / "d.txt").exists()


def test_the_review_can_be_json(run: Run, tmp_path: Path) -> None:
    run("export", "disavow", MINE, "-o", tmp_path / "r.json")
    assert {row["domain"] for row in json.loads((tmp_path / "r.json").read_text())} == {
        "spam.example", "github.io",
    }  # fmt: skip
