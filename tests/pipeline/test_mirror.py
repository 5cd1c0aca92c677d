"""What operators say, as the store has it."""

from __future__ import annotations

from typing import Any

from pipeline.mirror import Mirror
from pipeline.store import rows, sql
from tests.pipeline.said import controls, said
from tests.support.stores import AnyStore


def stored(store: AnyStore) -> dict[tuple[str, str], tuple[float, int]]:
    found = rows(store.query(sql("pipeline/controls")))
    return {(row["verb"], row["name"]): (row["value"], row["at"]) for row in found}


def inserts(store: AnyStore) -> int:
    row: dict[str, Any] = rows(store.query("SELECT count() AS count FROM controls"))[0]
    return int(row["count"])


def test_what_is_said_is_in_the_store_as_it_was_said(store: AnyStore) -> None:
    heard = controls(said(10, "delay", "example.org", 2.5, "slow"), said(11, "pause", ""))
    assert Mirror(store, heard).write() == 2
    assert rows(store.query(sql("pipeline/controls")))[0] == {
        "verb": "delay", "name": "example.org", "value": 2.5, "at": 10, "note": "slow",
        "who": "jo at desk",
    }  # fmt: skip
    assert stored(store)["pause", ""] == (1, 11)


def test_what_was_written_is_not_written_again_by_whoever_comes_next(store: AnyStore) -> None:
    heard = controls(said(10, "block", "example.org"))
    mirror = Mirror(store, heard)
    assert [mirror.write(), mirror.write()] == [1, 0]
    assert Mirror(store, heard).write() == 0
    heard.take([said(12, "block", "example.org", 0)])
    assert mirror.write() == 1
    assert stored(store) == {("block", "example.org"): (0, 12)}
    assert Mirror(store, heard).write() == 0


def test_behind_a_clock_that_was_moved_back_the_last_that_was_said_still_counts(
    store: AnyStore,
) -> None:
    heard = controls(said(1_000, "pause", "", 1, offset=0))
    mirror = Mirror(store, heard)
    mirror.write()
    heard.take([said(400, "pause", "", 0, offset=1)])
    assert mirror.write() == 1
    assert stored(store) == {("pause", ""): (0, 1_001)}
    assert Mirror(store, heard).write() == 0, "another one sees that it is there"
    heard.take([said(500, "pause", "", 1, offset=2)])
    assert Mirror(store, heard).write() == 1
    assert stored(store) == {("pause", ""): (1, 1_002)}
