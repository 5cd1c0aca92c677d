"""Answers without a row: their header and their types are those of an answer with rows."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.index.lifecycle import Lifecycle
from pipeline.index.questions import Index
from pipeline.index.snapshots import Snapshot
from pipeline.report import disavowing
from pipeline.store import Store
from tests.pipeline.report.commanded import Run, runs_on
from tests.support.records import DAY, START, TODAY, Link, page, write

TARGET, NOBODY = "target.example", "nobody.example"
OF_A_TARGET = {
    "links": ("links", "{}"),
    "links --all --context": ("links", "{}", "--all", "--context"),
    "links --per page": ("links", "{}", "--per", "page", "--rel", "followed"),
    "refs": ("refs", "{}"),
    "anchors": ("anchors", "{}"),
    "anchors --terms": ("anchors", "{}", "--terms"),
    "pages": ("pages", "{}"),
    "places": ("places", "{}"),
    "networks": ("networks", "{}", "--by", "owner"),
    "changes": ("changes", "{}", "--since", "2020-01-01"),
    "changes --list": ("changes", "{}", "--list", "--since", "2020-01-01"),
    "between": ("between", "{}", "a.example"),
    "gap": ("gap", "other.example", "--vs", "{}"),
    "sql": ("sql", "SELECT * FROM links WHERE target_domain = {{d:String}}", "-p", "d", "{}"),
}


@pytest.fixture(scope="module")
def indexed(shared_store: Store) -> Store:
    links = [Link(f"https://{TARGET}/", anchor="one"), Link(f"https://{TARGET}/a", anchor="two")]
    found = [page(f"https://{host}.example/", START + DAY, links) for host in ("a", "b")]
    write(shared_store, found, TODAY)
    Lifecycle(shared_store, 0).run()
    return shared_store


@pytest.fixture
def run(indexed: Store, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "250")
    return runs_on(indexed, monkeypatch)


def told(found: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(found)))


@pytest.mark.parametrize("name", OF_A_TARGET)
def test_an_answer_without_rows_has_the_header_and_types_of_one_with_rows(
    run: Run, name: str, tmp_path: Path
) -> None:
    full, none = ([word.format(of) for word in OF_A_TARGET[name]] for of in (TARGET, NOBODY))
    some, empty = told(run(*full, "--csv").stdout), told(run(*none, "--csv").stdout)
    assert len(some) > 1
    assert empty == some[:1]
    run(*full, "-o", tmp_path / "some.parquet")
    run(*none, "-o", tmp_path / "none.parquet")
    read = pq.read_table(tmp_path / "none.parquet")
    assert read.num_rows == 0
    assert read.schema == pq.read_schema(tmp_path / "some.parquet")


@pytest.mark.parametrize(
    "words",
    [("outlinks", NOBODY), ("similar", NOBODY), ("broken", NOBODY), ("labels", "list"),
     ("domains",), ("snapshots", "list"), ("links", TARGET, "--limit", "0")],
    ids=lambda words: words[0],
)  # fmt: skip
def test_any_answer_without_rows_has_a_header(run: Run, words: tuple[str, ...]) -> None:
    (header,) = told(run(*words, "--csv").stdout)
    assert len(header) > 1


def test_other_forms_say_nothing_as_before(run: Run) -> None:
    assert run("links", NOBODY, "--json").stdout == "[]\n"
    assert run("links", NOBODY, "--nl").stdout == ""
    assert run("links", NOBODY, "--table").stdout == "(nothing)\n"


def test_a_question_in_sql_keeps_its_columns(run: Run, tmp_path: Path) -> None:
    assert run("sql", "select 1 x, 'a' y where 0", "--csv").stdout == "x,y\n"
    run("sql", "select 1 x, 'a' y where 0", "-o", tmp_path / "none.parquet")
    schema = pq.read_schema(tmp_path / "none.parquet")
    assert schema.types == [pa.uint8(), pa.string()]
    assert run("sql", "select 1 x where 0", "-o", tmp_path / "none.csv").exit_code == 0
    assert (tmp_path / "none.csv").read_text() == "x\n"


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_is_made_here_has_its_header_too(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    snapshot = Snapshot(1, 0, 0, {})
    monkeypatch.setattr(disavowing, "chosen", lambda *_: snapshot)
    file = tmp_path / f"review.{form}"
    run("export", "disavow", NOBODY, "-o", file)
    header = file.read_text() if form == "csv" else ",".join(pq.read_schema(file).names) + "\n"
    assert header.startswith("domain,disavow,reasons,")
    assert header.count("\n") == 1


def test_arrow_of_an_empty_answer_has_the_columns_of_a_full_one(indexed: Store) -> None:
    some, none = (Index(indexed).links(of).arrow() for of in (TARGET, NOBODY))
    assert some.num_rows
    assert none.schema == some.schema
