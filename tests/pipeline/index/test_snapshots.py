"""Snapshots: which one is meant, what moved between two and why, and dropping old ones whole."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from pipeline.errors import UsageError
from pipeline.index.difference import Pair, changed, difference
from pipeline.index.snapshots import (
    Snapshot,
    beyond,
    chosen,
    demand_pair,
    drop,
    leftovers,
    snapshots,
    tables,
)
from pipeline.store import Store, rows
from pipeline.store.migrate import migrations
from tests.support.stores import AnyStore

DAY = 86_400_000
FIRST = 1_790_000_000_000  # 2026-09-21 13:33 UTC
SEEDED = {"authority": "trust-weighted harmonic centrality", "formula": 1, "known": {}}


def put(
    store: Store,
    snapshot: int,
    ranks: dict[str, float],
    edges: list[tuple[str, str]],
    **manifest: Any,
) -> None:
    """A snapshot with these ranks by authority, and whoever links whom."""
    n = len(ranks)
    told = pa.array([snapshot] * n, pa.uint64())
    places = pa.array(ranks.values(), pa.float64())
    store.insert(
        "domain_quality",
        pa.table(
            {
                "snapshot": told, "domain": list(ranks), "domains": pa.array([n] * n, pa.uint64()),
                "trusted_harmonic_rank": places, "harmonic_rank": places, "pagerank_rank": places,
                "damping": pa.array([0.85] * n),
            }
        ),
    )  # fmt: skip
    if edges:
        ends = {"source_domain": [a for a, _ in edges], "target_domain": [b for _, b in edges]}
        weight = {"weight": pa.array([1.0] * len(edges))}
        store.insert(
            "domain_edges",
            pa.table(
                {"snapshot": pa.array([snapshot] * len(edges), pa.uint64()), **ends, **weight}
            ),
        )
    store.insert(
        "snapshots",
        pa.table(
            {
                "snapshot": pa.array([snapshot], pa.uint64()),
                "written": pa.array([snapshot + 5], pa.uint64()),
                "domains": pa.array([n], pa.uint64()),
                "edges": pa.array([len(edges)], pa.uint64()),
                "manifest": [json.dumps(SEEDED | manifest)],
            }
        ),
    )


def three(store: Store) -> None:
    for number in range(3):
        put(store, FIRST + number * DAY, {"a.example": 1.0}, [])


def moved(store: Store, *domains: str, limit: int = 100) -> dict[str, dict[str, Any]]:
    pair = Pair(*demand_pair(store, "previous", "newest"))
    batches = difference(store, pair, domains, limit)
    return {row["domain"]: row for batch in batches for row in batch.to_pylist()}


def test_a_snapshot_is_named_by_its_place_its_id_or_a_day(store: AnyStore) -> None:
    three(store)
    assert [one.snapshot for one in snapshots(store)] == [FIRST + n * DAY for n in (2, 1, 0)]
    for text, number in (
        ("newest", 2), ("previous", 1), (str(FIRST), 0), ("2026-09-21", 0), ("2026-09-22", 1),
        ("2026-09-22T00:00", 0), ("2027-01-01", 2),
    ):  # fmt: skip
        assert chosen(store, text).snapshot == FIRST + number * DAY, text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("yesterday", "'yesterday' names no snapshot; give newest, previous, an id"),
        ("9999-12-31", "'9999-12-31' names no snapshot; give newest, previous, an id"),
        ("2026-09-20", "there is no snapshot '2026-09-20'; the oldest is 1790000000000"),
        (str(FIRST + 1), f"there is no snapshot '{FIRST + 1}'"),
    ],
)
def test_a_snapshot_that_is_not_there_is_refused(store: AnyStore, text: str, told: str) -> None:
    three(store)
    with pytest.raises(UsageError) as refused:
        chosen(store, text)
    assert told in str(refused.value)


def test_where_there_is_none_it_says_how_to_make_one(store: AnyStore) -> None:
    with pytest.raises(UsageError, match="make one with `backlinks score`"):
        chosen(store)
    put(store, FIRST, {"a.example": 1.0}, [])
    with pytest.raises(UsageError, match="none before it"):
        chosen(store, "previous")
    with pytest.raises(UsageError, match="the same snapshot"):
        demand_pair(store, "newest", str(FIRST))


def two(store: Store) -> None:
    """Between them a won b and lost c, and its referrer d rose; e is new, f gone, g as before."""
    before = {"a.example": 8.0, "b.example": 2.0, "c.example": 3.0, "d.example": 7.0,
              "f.example": 5.0, "g.example": 6.0, "h.example": 1.0, "i.example": 4.0}  # fmt: skip
    after = {"a.example": 2.0, "b.example": 1.5, "c.example": 4.0, "d.example": 3.0,
             "e.example": 5.0, "g.example": 6.0, "h.example": 7.0, "i.example": 8.0}  # fmt: skip
    put(store, FIRST, before, [("c.example", "a.example"), ("d.example", "a.example"),
                               ("g.example", "a.example")])  # fmt: skip
    put(store, FIRST + DAY, after, [("b.example", "a.example"), ("d.example", "a.example"),
                                    ("g.example", "a.example")])  # fmt: skip


def test_moves_are_told_by_rank_with_what_caused_them(store: AnyStore) -> None:
    two(store)
    found = moved(store)
    a = found["a.example"]
    assert (a["change"], a["rank_before"], a["rank_after"]) == ("up", 8.0, 2.0)
    assert (a["gained"], a["lost"], a["risen"], a["fallen"]) == (1, 1, 1, 0)
    assert a["gained_referrers"] == [{"domain": "b.example", "rank_before": 2.0, "rank_after": 1.5}]
    assert "1 referring domain won: b.example (rank 1.5)" in a["because"]
    assert "1 referring domain lost: c.example (rank 3)" in a["because"]
    assert "1 referring domain that rose: d.example (rank 7 → 3)" in a["because"]
    assert "pagerank percentile 0 → 86" in a["evidence"]
    assert (found["e.example"]["change"], found["e.example"]["rank_before"]) == ("new", None)
    assert (found["f.example"]["change"], found["f.example"]["because"]) == (
        "gone", "known no longer",
    )  # fmt: skip
    assert "g.example" not in found, "it stands where it stood"
    assert "others moved" in moved(store, "g.example")["g.example"]["because"]


def test_the_furthest_moves_come_first_and_a_place_at_the_top_is_far(store: AnyStore) -> None:
    two(store)
    order = list(moved(store))
    assert order[:2] == ["h.example", "a.example"], "from 1 to 7, and from 8 to 2"
    assert list(moved(store, limit=2)) == order[:2]
    assert set(moved(store, "b.example", "c.example", limit=2)) == {"b.example", "c.example"}


def test_raw_values_are_never_compared(store: AnyStore) -> None:
    """All scores doubled, and no rank changed: nothing moved."""
    for number in range(2):
        put(store, FIRST + number * DAY, {"a.example": 1.0, "b.example": 2.0}, [])
    store.execute(
        "ALTER TABLE domain_quality UPDATE trusted_harmonic = 2, pagerank = 2, links = 9 "
        f"WHERE snapshot = {FIRST + DAY} SETTINGS mutations_sync = 2"
    )
    assert moved(store) == {}
    assert moved(store, "a.example")["a.example"]["change"] == "same"


def test_without_seeds_in_both_it_is_by_harmonic_centrality_and_says_what_differs(
    store: AnyStore,
) -> None:
    put(store, FIRST, {"a.example": 1.0, "b.example": 2.0}, [], authority=None, seeds_sha256=None)
    put(store, FIRST + DAY, {"a.example": 2.0, "b.example": 1.0}, [], formula=2, seeds_sha256="x")
    store.execute(
        "ALTER TABLE domain_quality UPDATE trusted_harmonic_rank = NULL "
        f"WHERE snapshot = {FIRST} SETTINGS mutations_sync = 2"
    )
    pair = Pair(*demand_pair(store, "newest", "previous"))
    assert not pair.is_seeded
    assert pair.unlike() == ["the formula", "the trusted seeds"]
    assert {d: row["change"] for d, row in moved(store).items()} == {
        "a.example": "down", "b.example": "up",
    }  # fmt: skip


def test_marks_that_came_and_went_are_told() -> None:
    calm: dict[str, Any] = {"spam_risk": 0.0, "risk_reasons": []}
    traded = calm | {"risk_reasons": [{"measure": "traded", "value": 0.9, "points": 12}]}
    pair = Pair(*(Snapshot(n, 10, 1, {}) for n in (1, 2)))
    assert [text[:13] for text in changed(pair, calm, traded)] == ["now traded: i"]
    assert list(changed(pair, traded, calm)) == ["no longer traded"]
    assert list(changed(pair, None, calm)) == []


def test_dropping_takes_all_of_a_snapshot_and_leaves_the_others(store: AnyStore) -> None:
    two(store)
    with pytest.raises(UsageError, match="is the newest snapshot"):
        drop(store, [FIRST, FIRST + DAY])
    assert beyond(store, 1) == [FIRST]
    drop(store, [FIRST])
    assert [one.snapshot for one in snapshots(store)] == [FIRST + DAY]
    for table in ("domain_quality", "domain_edges"):
        left = rows(store.query(f"SELECT DISTINCT snapshot AS s FROM {table}"))
        assert left == [{"s": FIRST + DAY}]


def test_what_a_crash_left_of_a_snapshot_is_found_and_what_is_being_written_is_not(
    store: AnyStore,
) -> None:
    two(store)
    store.execute(f"ALTER TABLE snapshots DELETE WHERE snapshot = {FIRST}"
                  " SETTINGS mutations_sync = 2")  # fmt: skip
    newer = {"snapshot": pa.array([FIRST + 2 * DAY], pa.uint64()), "domain": ["a.example"]}
    store.insert("domain_quality", pa.table(newer))
    assert leftovers(store) == [FIRST]
    drop(store, leftovers(store))
    assert leftovers(store) == []
    assert len(rows(store.query("SELECT DISTINCT snapshot FROM domain_quality"))) == 2


def test_every_table_with_a_partition_a_snapshot_is_dropped_from() -> None:
    text = "\n".join(text for one in migrations() for text in one.statements)
    assert text.count("PARTITION BY snapshot") == len(tables())
    assert {"domain_quality", "domain_edges", "page_strength"} <= set(tables())


def test_how_far_one_moved_is_told_by_its_ranks_alone(store: AnyStore) -> None:
    """However many more domains there are now."""
    names = ["a.example", "b.example", "c.example"]
    put(store, FIRST, {name: float(place) for place, name in enumerate(names, 1)}, [])
    more = {f"n{n}.example": float(n) for n in range(4, 11)}
    after = {"a.example": 1.0, "b.example": 3.0, "c.example": 2.0}
    put(store, FIRST + DAY, {**after, **more}, [])
    told = moved(store)
    assert "a.example" not in told
    assert {told[name]["change"] for name in ("b.example", "c.example")} == {"up", "down"}
