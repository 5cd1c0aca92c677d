"""`backlinks labels`: said, listed, taken back, exported and imported; and `show` tells of it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from pipeline.labels import Label
from pipeline.labels.kept import write
from pipeline.report import labels
from pipeline.store import Store
from tests.pipeline.report.commanded import Run, runs_on
from tests.pipeline.store.test_directory import holder
from tests.support.command import backlinks


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(labels, "who", lambda: "jo@desk")
    return runs_on(store, monkeypatch, labels)


def listed(run: Run, *more: str) -> list[tuple[str, str, str]]:
    found = json.loads(run("labels", "list", "--json", *more).stdout)
    return [(row["domain"], row["label"], row["note"]) for row in found]


def test_what_is_said_is_listed_and_can_be_taken_back(run: Run) -> None:
    told = run("labels", "set", "bad", "spam.example", "www.farm.example", "--note", "sells links")
    assert told.output == "2 labelled bad\n"
    run("labels", "set", "ours", "https://mine.example/page")
    both = [("farm.example", "bad", "sells links"), ("spam.example", "bad", "sells links")]
    assert listed(run) == [both[0], ("mine.example", "ours", ""), both[1]]
    assert listed(run, "--label", "bad") == both
    assert listed(run, "mine.example") == [("mine.example", "ours", "")]
    again = run("labels", "set", "bad", "spam.example", "--note", "sells links")
    assert again.output == "0 labelled bad, 1 were as they are\n"
    run("labels", "remove", "spam.example", "--note", "cleaned up")
    assert "spam.example" not in str(listed(run))
    assert listed(run, "spam.example", "--history") == [both[1], ("spam.example", "", "cleaned up")]


def test_what_is_no_label_and_no_domain_is_refused(run: Run) -> None:
    assert "'good' is not one of" in run("labels", "set", "good", "a.example", code=2).output
    assert "is no domain" in run("labels", "set", "ok", "mailto:x", code=2).output
    assert "501 characters" in run(
        "labels", "set", "ok", "a.example", "--note", "x" * 501, code=2
    ).output  # fmt: skip


def test_an_export_comes_back_the_same_in_another_index(
    run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("labels", "set", "bad", "spam.example", "--note", "=1+1, or so")
    run("labels", "set", "ok", "spam.example")
    run("labels", "set", "platform", "p.example", "--note", "-x")
    text = run("labels", "export", "--history").stdout
    assert [row["note"] for row in csv.DictReader(io.StringIO(text))] == ["'-x", "'=1+1, or so", ""]
    store.execute("TRUNCATE TABLE labels")
    assert run("labels", "import", "-", stdin=text).output == "3 labels written\n"
    assert run("labels", "export", "--history").stdout == text
    assert "spam.example,ok," in run("labels", "export").stdout


def test_a_file_with_a_bad_line_writes_nothing(
    run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("labels") / "labels.csv"
    file.write_text("domain,label\na.example,bad\nb.example,dreadful\n")
    assert f"{file}, line 3: 'dreadful' is no label" in run("labels", "import", file, code=2).output
    assert listed(run) == []
    file.write_text("domain,label\na.example,bad\n")
    assert run("labels", "import", file).output == "1 labels written\n"
    assert "1 were as they are" in run("labels", "import", file).output


def test_of_a_pipe_with_a_bad_line_what_was_read_together_with_it_is_not_written(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.labels.kept.AT_ONCE", 2)
    text = "domain,label\n" + "".join(f"{name}.example,bad\n" for name in "abc")
    bad = run("labels", "import", "-", stdin=text + "d.example,dreadful\n", code=2)
    assert "stdin, line 5" in bad.output
    assert [domain for domain, *_ in listed(run)] == ["a.example", "b.example"]
    assert "1 labels written, 2 were as" in run("labels", "import", "-", stdin=text).output


def test_show_says_who_said_what_and_hides_no_figures(run: Run, store: Store) -> None:
    hostile = Label("x.example", "bad", "\x1b[2Jsells\u202e links", "jo@desk", 1_790_000_000_000)
    write(store, [hostile], 0)
    text = run("show", "x.example").output
    assert "Label         bad, says jo@desk on 2026-09-21: [2Jsells links" in text
    assert "by its figures it would not be flagged" in text
    assert not set(text) & set("\x1b\u202e")
    found = json.loads(run("show", "x.example", "--json").output)
    assert found["verdict"]["flagged"] is True
    assert found["verdict"]["measured"] is False
    assert found["label"]["who"] == "jo@desk"
    assert "Label " not in run("show", "y.example").output


def test_a_run_that_holds_the_index_writes_them_for_us(tmp_path: Path) -> None:
    with holder(tmp_path, "run"):
        told = backlinks("labels", "set", "bad", "spam.example", data=tmp_path)
        assert (told.code, told.out) == (0, "1 labelled bad\n")
        assert "spam.example,bad" in backlinks("labels", "export", data=tmp_path).out
    assert "spam.example,bad" in backlinks("labels", "export", data=tmp_path).out
