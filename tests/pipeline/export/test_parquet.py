"""Parquet: what the store has of a snapshot, no more and no less, told by a manifest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import StoreBusy
from pipeline.export import parquet
from pipeline.export.parquet import KINDS, export_parquet
from pipeline.index.lifecycle import Lifecycle
from pipeline.index.snapshots import chosen
from pipeline.quality.score import score
from pipeline.settings import ScoreSettings
from pipeline.store import Store, rows
from tests.support.records import DAY, START, TODAY, Link, page, write
from tests.support.stores import AnyStore

SCORED = TODAY - 10 * DAY  # losses of days to come are not told yet


def scored(store: Store) -> None:
    write(
        store,
        [
            page("https://a.example/", START, [Link("https://b.example/", anchor="bakers")]),
            page("https://b.example/", START, ["https://c.example/", "https://a.example/x"]),
        ],
        SCORED,
    )
    score(store, ScoreSettings(), seeds=("a.example",))


def later(store: Store) -> None:
    """A link more, and one less, after the snapshot."""
    at = SCORED + DAY
    write(store, [page("https://c.example/", at, ["https://a.example/"])], at)
    for n in (0, 1):
        write(store, [page("https://a.example/", at + n * DAY)], at + n * DAY)
    Lifecycle(store, 0).run()


def exported(directory: Path, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(directory / f"{kind}.parquet").to_pylist()
    return found


def test_files_hold_the_snapshot_and_the_manifest_tells_of_them(
    store: AnyStore, tmp_path: Path
) -> None:
    scored(store)
    told = export_parquet(store, chosen(store), tmp_path / "out")
    assert told == json.loads((tmp_path / "out/manifest.json").read_text())
    for kind, table in (
        ("features", "domain_quality"), ("edges", "domain_edges"), ("pages", "page_quality"),
    ):  # fmt: skip
        kept = rows(store.query(f"SELECT * FROM {table}"))
        assert sorted(map(str, exported(tmp_path / "out", kind))) == sorted(map(str, kept))
    pairs = {
        (link["source_url"], link["target_url"]) for link in exported(tmp_path / "out", "links")
    }
    assert pairs == {
        ("https://a.example/", "https://b.example/"),
        ("https://b.example/", "https://c.example/"),
        ("https://b.example/", "https://a.example/x"),
    }
    for name, file in told["files"].items():
        data = (tmp_path / "out" / name).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    authority = next(
        c for c in told["files"]["features.parquet"]["columns"] if c["name"] == "authority"
    )
    assert (authority["unit"], authority["unknown"]) == ("points", "there are no trusted seeds")
    assert told["score"]["seeds"] == 1


def test_what_came_after_the_snapshot_is_in_none_of_its_files(
    store: AnyStore, tmp_path: Path
) -> None:
    scored(store)
    one = chosen(store)
    export_parquet(store, one, tmp_path / "before")
    later(store)
    export_parquet(store, one, tmp_path / "after")

    def told(where: str, kind: str) -> list[Any]:
        return sorted(
            (str({k: v for k, v in row.items() if k != "last_seen"}))
            for row in exported(tmp_path / where, kind)
        )

    for kind in KINDS:
        assert told("before", kind) == told("after", kind), kind


@pytest.mark.embedded
def test_what_was_lost_before_the_snapshot_is_not_in_it(store: AnyStore, tmp_path: Path) -> None:
    scored(store)
    later(store)
    score(store, ScoreSettings())
    export_parquet(store, chosen(store), tmp_path / "out", kinds=("links",))
    pairs = {(link["source_domain"], link["state"]) for link in exported(tmp_path / "out", "links")}
    assert pairs == {("b.example", "live"), ("c.example", "live")}


@pytest.mark.embedded
def test_only_what_is_asked_for_is_written(store: AnyStore, tmp_path: Path) -> None:
    scored(store)
    export_parquet(store, chosen(store), tmp_path / "out", kinds=("edges",))
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == [
        "edges.parquet",
        "manifest.json",
    ]


@pytest.mark.embedded
def test_a_store_that_goes_away_leaves_nothing(
    store: AnyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored(store)
    one, whole = chosen(store), store.stream

    def broken(text: str, given: Any = None) -> Any:
        yield from whole(text, given)
        raise StoreBusy("gone")

    monkeypatch.setattr(store, "stream", broken)
    with pytest.raises(StoreBusy):
        export_parquet(store, one, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_is_held_is_a_group_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_GROUP", 5)
    batches = [pa.RecordBatch.from_pydict({"a": [1, 2]}) for _ in range(7)]
    assert [group.num_rows for group in parquet._groups(iter(batches))] == [6, 6, 2]
