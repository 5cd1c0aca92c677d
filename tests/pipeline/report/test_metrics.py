"""`backlinks metrics`: many domains in, a row each out."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.store import Store
from tests.pipeline.index.test_snapshots import DAY, FIRST, put
from tests.pipeline.report.commanded import Run, runs_on


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch) -> Run:
    put(store, FIRST, {"a.example": 1.0, "b.example": 2.0}, [])
    put(store, FIRST + DAY, {"a.example": 2.0, "b.example": 1.0}, [])
    return runs_on(store, monkeypatch)


def test_csv_in_a_pipe_and_parquet_in_a_file_tell_the_same(run: Run, tmp_path: Path) -> None:
    ran = run("metrics", "-", stdin="b.example\n\nunknown.example\r\n=cmd\n")
    found = list(csv.DictReader(io.StringIO(ran.stdout)))
    assert [(row["asked"], row["trusted_harmonic_rank"]) for row in found] == [
        ("b.example", "1.0"), ("unknown.example", ""), ("'=cmd", ""),
    ]  # fmt: skip
    assert ran.stderr == "1 of 3 domains are in the snapshot\n"
    file, packed = tmp_path / "m.parquet", tmp_path / "domains.txt.gz"
    packed.write_bytes(gzip.compress(b"b.example\nunknown.example\n"))
    run("metrics", packed, "-o", file, "--snapshot", "previous")
    assert pq.read_table(file)["trusted_harmonic_rank"].to_pylist() == [2.0, None]


def test_a_line_that_is_no_utf8_spoils_no_other(run: Run) -> None:
    asked = "a.example\nmünchen.example\n".encode() + b"m\xfcnchen.example\nb.example\n"
    found = list(csv.DictReader(io.StringIO(run("metrics", "-", stdin=asked).stdout)))
    assert [row["domain"] for row in found] == [
        "a.example", "xn--mnchen-3ya.example", "", "b.example",
    ]  # fmt: skip
    assert found[2]["asked"] == "m\ufffdnchen.example"
    assert [row["trusted_harmonic_rank"] for row in found] == ["2.0", "", "", "1.0"]
    wide = run("metrics", "-", stdin="münchen.example\n".encode("utf-16")).stdout
    assert "xn--mnchen-3ya.example" in wide


def test_nothing_asked_and_no_such_file_are_told(run: Run) -> None:
    assert "no domains in stdin" in run("metrics", "-", code=2).stderr
    assert "can't read nowhere.txt" in run("metrics", "nowhere.txt", code=2).stderr
    assert "names no snapshot" in run("metrics", "-", "--snapshot", "x", stdin="a\n", code=2).stderr
