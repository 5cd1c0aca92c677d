"""Answers as a table, CSV, JSON and files; and what hostile text becomes in each."""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BacklinksError, StoreBusy, UsageError
from pipeline.report.output import SUFFIXES, cell, guarded, plain, safe, save, write

DAY = datetime.datetime(2022, 3, 4, 5, 6, 7, 890_000, datetime.UTC)
ROWS: list[dict[str, Any]] = [
    {"domain": "a.example", "links": 1_234, "share": 0.123456, "at": DAY, "anchors": ["x", "y"]},
    {"domain": "b.example", "links": 5, "share": None, "at": None, "anchors": []},
]
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def batches(rows: list[dict[str, Any]]) -> list[pa.RecordBatch]:
    found: list[pa.RecordBatch] = pa.Table.from_pylist(rows).to_batches()
    return found


def written(rows: list[dict[str, Any]], form: str, width: int = 120) -> str:
    to = io.StringIO()
    assert write(batches(rows), form=form, to=to, width=width) == len(rows)
    return to.getvalue()


# --- hostile text ---


@given(st.text())
def test_safe_text_is_one_line_that_moves_no_cursor(text: str) -> None:
    shown = safe(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(shown) & set(BIDI)
    assert safe(shown) == shown


def test_safe_text_keeps_what_people_write() -> None:
    assert safe("Grüße, 世界 👍 עברית\tand\nmore") == "Grüße, 世界 👍 עברית and more"


def test_an_escape_sequence_is_harmless_without_its_escape() -> None:
    assert safe("\x1b[31mred\x9b0m") == "[31mred0m"


@given(st.text())
def test_no_cell_begins_as_a_formula_and_all_text_comes_back(text: str) -> None:
    shown = guarded(text)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert shown in (text, "'" + text)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_csv_comes_back_as_it_went_but_for_the_guard_and_line_ends(texts: list[str]) -> None:
    shown = written([{"n": 1, "anchor": text} for text in texts], "csv")
    rows = list(csv.reader(io.StringIO(shown, newline="")))
    ended = [guarded(text).replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    assert rows == [["n", "anchor"], *(["1", text] for text in ended)]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_whatever_a_page_says_a_table_row_stays_one_row(text: str) -> None:
    shown = written([{"id": 1, "anchor": text}], "table")
    assert not [c for c in shown if unicodedata.category(c) == "Cc" and c != "\n"]
    assert not set(shown) & set(BIDI)
    assert shown.rstrip("\n").count("\n") == 2


def test_markup_of_the_table_library_is_plain_text() -> None:
    assert "[red]x[/red] [link=http://a]" in written(
        [{"a": "[red]x[/red] [link=http://a]"}], "table"
    )


# --- forms ---


def test_a_table_has_figures_to_the_right_and_dates_to_the_minute() -> None:
    header, _, first, second = written(ROWS, "table").splitlines()
    assert header.split() == ["domain", "links", "share", "at", "anchors"]
    assert first.split() == ["a.example", "1234", "0.1235", "2022-03-04", "05:06", "x,", "y"]
    assert second.split() == ["b.example", "5"]
    assert first.index("1234") + 4 == second.index(" 5") + 2


def test_a_table_leaves_out_columns_that_say_nothing_and_those_without_room() -> None:
    shown = written([{"a": "x", "empty": None, "b": ""}], "table")
    assert "empty" not in shown
    assert all(len(line) <= 40 for line in written(ROWS * 3, "table", width=40).splitlines())


def test_a_table_shows_enough_of_a_url_to_tell_its_host_and_leaves_out_the_least() -> None:
    link = {
        "source_url": "https://www.some-blog.example/a/long/path",
        "target_url": "https://target.example/another/long/path",
        "anchor": "a text of many words", "rel": "nofollow", "position": "main",
        "authority": 12.3, "spam_risk": 4.0, "last_seen": DAY,
    }  # fmt: skip
    told = io.StringIO()
    spared = ("position", "last_seen", "spam_risk", "rel")
    write(batches([link]), form="table", to=told, width=80, spared=spared)
    header, _, row = told.getvalue().splitlines()
    assert header.split() == ["source", "url", "target", "url", "anchor", "authority"]
    assert "https://www.some-blog.ex" in row
    assert "https://target.example/" in row
    assert len(row) <= 80
    told = io.StringIO()
    write(batches([link]), form="table", to=told, width=100, spared=spared)
    assert "nofollow" in told.getvalue(), "the last of them comes back first"


def test_a_table_has_a_column_however_little_room_there_is() -> None:
    (_, _, row) = written([{"url": "https://target.example/path"}], "table", width=10).splitlines()
    assert len(row) <= 10
    assert row.startswith("https://")


def test_a_table_cuts_long_text_and_not_its_neighbours() -> None:
    shown = written([{"url": "http://a.example/" + "x" * 500, "links": 7}], "table", width=60)
    row = shown.splitlines()[2]
    assert len(row) <= 60
    assert "…" in row
    assert row.rstrip().endswith("7")


def test_an_empty_answer_says_so_in_a_table_and_keeps_its_header_in_csv() -> None:
    empty = pa.RecordBatch.from_pylist([], schema=pa.schema([("a", pa.string())]))
    shown = {}
    for form in ("table", "csv", "json", "nl"):
        to = io.StringIO()
        assert write([empty], form=form, to=to) == 0
        shown[form] = to.getvalue()
    assert shown == {"table": "(nothing)\n", "csv": "a\n", "json": "[]\n", "nl": ""}


def test_csv_has_full_figures_and_iso_dates() -> None:
    rows = list(csv.DictReader(io.StringIO(written(ROWS, "csv"))))
    assert rows[0] == {
        "domain": "a.example", "links": "1234", "share": "0.123456",
        "at": "2022-03-04T05:06:07.890000+00:00", "anchors": "x | y",
    }  # fmt: skip
    assert rows[1]["share"] == rows[1]["at"] == rows[1]["anchors"] == ""


def test_negative_figures_are_figures_and_not_formulas() -> None:
    assert written([{"n": -5, "x": -0.5, "s": "-5"}], "csv") == "n,x,s\n-5,-0.5,'-5\n"


def test_a_list_can_not_smuggle_a_formula() -> None:
    assert written([{"anchors": ["=1+1", "b"]}], "csv") == "anchors\n'=1+1 | b\n"


def test_entries_of_a_map_are_words() -> None:
    assert cell([("removed", 2), ("gone\x1b[2J", 1)]) == "removed 2, gone[2J 1"
    counted = pa.array([[("removed", 2), ("gone", 1)]], pa.map_(pa.string(), pa.int64()))
    told = io.StringIO()
    write([pa.record_batch({"reasons": counted})], form="csv", to=told)
    assert told.getvalue() == "reasons\nremoved 2 | gone 1\n"


def test_what_is_nested_is_json_in_a_cell_of_csv() -> None:
    reasons = [{"measure": "ip_share", "value": 0.5, "points": 7}, {"measure": "=x\r", "at": DAY}]
    lines = {"lists": [[1, 2], []], "reasons": reasons, "one": {"a": None}, "counts": [1, 2]}
    (row,) = csv.DictReader(io.StringIO(written([lines], "csv"), newline=""))
    assert json.loads(row["lists"]) == lines["lists"]
    found = json.loads(row["reasons"])
    assert [each["measure"] for each in found] == ["ip_share", "=x\r"]
    assert found[1]["at"] == DAY.isoformat()
    assert json.loads(row["one"]) == {"a": None}
    assert row["counts"] == "1 | 2", "what is not nested stays as it was"


def test_an_entry_of_a_map_that_holds_a_list_is_json_too() -> None:
    held = pa.array([[("a", ["x", "y"])]], pa.map_(pa.string(), pa.list_(pa.string())))
    told = io.StringIO()
    write([pa.record_batch({"held": held})], form="csv", to=told)
    (row,) = csv.DictReader(io.StringIO(told.getvalue()))
    assert json.loads(row["held"]) == [["a", ["x", "y"]]]


def test_nested_text_moves_no_cursor() -> None:
    assert cell([{"a": "x\x1b[2J\u202e"}]) == '{"a": "x\\u001b[2J"}'


def test_json_is_one_array_and_nl_an_object_a_line_of_the_same() -> None:
    array = json.loads(written(ROWS, "json"))
    lines = [json.loads(line) for line in written(ROWS, "nl").splitlines()]
    assert array == lines
    assert array[0]["at"] == "2022-03-04T05:06:07.890000+00:00"
    assert array[1]["share"] is None


def test_json_of_any_value_is_json() -> None:
    assert plain(b"\x00\xff") == "00ff"
    assert plain(datetime.date(2022, 1, 2)) == "2022-01-02"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (0.000123456, "0.0001235"), (12345.678, "12,345.7"), ("a\nb", "a b"),
     (["a\x1b", 1], "a, 1"), (True, "True"), (DAY, "2022-03-04 05:06")],
)  # fmt: skip
def test_a_value_is_one_line_for_a_person(value: Any, shown: str) -> None:
    assert cell(value) == shown


# --- files ---


@pytest.mark.parametrize("ending", SUFFIXES)
def test_a_file_is_written_whole_by_its_ending(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"answer{ending.upper()}"
    assert save(batches(ROWS), path) == 2
    assert list(tmp_path.iterdir()) == [path]
    if SUFFIXES[ending] == "parquet":
        assert pq.read_table(path).to_pylist() == ROWS
    else:
        assert path.read_text(encoding="utf-8") == written(ROWS, SUFFIXES[ending])


def test_a_parquet_file_of_an_empty_answer_can_be_read(tmp_path: Path) -> None:
    assert save(iter(()), tmp_path / "empty.parquet") == 0
    assert pq.read_table(tmp_path / "empty.parquet").num_rows == 0


def test_an_ending_that_is_not_known_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.xlsx.*\.parquet, \.csv"):
        save(batches(ROWS), tmp_path / "a.xlsx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(BacklinksError, match=r"can't write .*no/a\.csv: No such file"):
        save(batches(ROWS), tmp_path / "no" / "a.csv")


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_an_answer_that_breaks_off_leaves_the_old_file_and_no_half_one(
    ending: str, tmp_path: Path
) -> None:
    def breaking() -> Iterator[pa.RecordBatch]:
        yield from batches(ROWS)
        raise StoreBusy("gone")

    path = tmp_path / f"answer{ending}"
    path.write_bytes(b"what was there")
    with pytest.raises(StoreBusy):
        save(breaking(), path)
    assert path.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_number_in_json_is_null() -> None:
    rows = [{"x": math.nan, "y": [math.inf]}, {"x": 1.5, "y": [2.0]}]
    assert json.loads(written(rows, "json")) == [{"x": None, "y": [None]}, {"x": 1.5, "y": [2.0]}]


def test_a_columns_name_is_as_hostile_as_its_cells() -> None:
    rows = [{"[/foo]": 1, "\x1b[31m=cmd()": 2, "=cmd()": 3}]
    shown = written(rows, "table")
    assert "[/foo]" in shown
    assert "\x1b" not in shown
    assert "'=cmd()" in written(rows, "csv").splitlines()[0]
