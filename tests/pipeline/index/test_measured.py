"""Many domains at once: a row a line in the order asked, NULL for what is unknown, flat memory."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.errors import UsageError
from pipeline.index import measured
from pipeline.index.measured import Measured
from pipeline.labels import Label
from pipeline.labels.kept import write
from tests.pipeline.index.test_snapshots import DAY, FIRST, put
from tests.support.stores import AnyStore


def answer(store: AnyStore, lines: list[str], snapshot: int = FIRST) -> list[dict[str, object]]:
    found = Measured(store, snapshot)
    batches = list(found.batches(lines))
    assert all(batch.schema == found.schema for batch in batches)
    rows: list[dict[str, object]] = pa.Table.from_batches(batches, found.schema).to_pylist()
    return rows


def test_a_row_a_line_in_order_with_nulls_for_what_is_not_known(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, FIRST, {"a.example": 1.0, "b.example": 2.0}, [])
    put(store, FIRST + DAY, {"a.example": 2.0, "b.example": 1.0}, [])
    write(store, [Label("b.example", "bad", "spam", "jo@desk", FIRST)], FIRST)
    lines = ["b.example", "nowhere.example", "https://www.a.example/x", "no domain", "b.example"]
    for at_once in (1, 2, 50):
        monkeypatch.setattr(measured, "AT_ONCE", at_once)
        found = answer(store, lines)
        assert [row["asked"] for row in found] == lines
        assert [row["domain"] for row in found] == [
            "b.example", "nowhere.example", "a.example", None, "b.example",
        ]  # fmt: skip
        assert [row["trusted_harmonic_rank"] for row in found] == [2.0, None, 1.0, None, 2.0]
        assert [row["links"] for row in found] == [0, None, 0, None, 0]
        assert [row["top_anchors"] for row in found] == [[], None, [], None, []]
        assert [row["label"] for row in found] == ["bad", None, None, None, "bad"]
        assert {row["snapshot"] for row in found} == {FIRST}
    assert answer(store, ["a.example"], FIRST + DAY)[0]["trusted_harmonic_rank"] == 2.0


def test_a_question_never_grows_beyond_what_another_process_takes(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, FIRST, {"a.example": 1.0}, [])
    monkeypatch.setattr(measured, "_MOST_TEXT", 100)
    sizes = [batch.num_rows for batch in Measured(store, FIRST).batches(["a.example"] * 25)]
    assert sum(sizes) == 25
    assert max(sizes) == 9


def test_a_snapshot_without_domains_is_refused(store: AnyStore) -> None:
    with pytest.raises(UsageError, match="has no domain"):
        Measured(store, FIRST)
