"""Measures and columns agree: what a snapshot has says its unit and what NULL means."""

from __future__ import annotations

import re

from pipeline.quality.features import NEVER, OTHERS, features, measures
from pipeline.quality.score import PARTS
from pipeline.store import rows, sql
from tests.support import docs
from tests.support.stores import AnyStore


def columns(store: AnyStore, table: str) -> dict[str, tuple[str, str]]:
    found = rows(store.query(sql("pipeline/export/comments"), {"table": table}))
    return {row["name"]: (row["type"], row["comment"]) for row in found}


def test_each_column_is_a_measure_a_rank_of_one_or_in_a_short_list(shared_store: AnyStore) -> None:
    known = measures()
    ranks = {f"{name}_rank" for name, measure in known.items() if measure.ranked}
    there = columns(shared_store, "domain_quality").keys()
    assert known.keys() | ranks <= there, "a measure has no column: add it in a migration"
    assert there - known.keys() - ranks == OTHERS.keys(), "say what these are, in a Part's measures"
    assert columns(shared_store, "domain_quality_next").keys() == there


def test_no_two_parts_measure_the_same() -> None:
    names = [measure.name for part in PARTS for measure in part.measures]
    assert len(names) == len(set(names))


def test_what_can_be_unknown_says_what_null_means_and_the_other_way_round(
    shared_store: AnyStore,
) -> None:
    for name, (kind, _) in columns(shared_store, "domain_quality").items():
        measure = measures().get(name)
        if measure is not None:
            unknown = measure.unknown != NEVER
            assert unknown == ("Nullable(" in kind), f"{name} {kind}: {measure.unknown}"


def test_every_feature_has_a_unit_and_a_meaning(shared_store: AnyStore) -> None:
    for table in ("domain_quality", "domain_edges", "page_quality"):
        found = docs.tables(shared_store)[table].columns
        for feature in features(table, found):
            assert feature.unit, f"{table}.{feature.name}"
            assert feature.meaning, f"{table}.{feature.name}"
            assert re.fullmatch(r"[a-z].*[^.]", feature.unknown), feature.unknown


def test_the_docs_have_a_row_for_each(shared_store: AnyStore) -> None:
    text = (docs.REPOSITORY / "docs/features.md").read_text()
    for table in ("domain_quality", "domain_edges", "page_quality"):
        for name in columns(shared_store, table):
            assert f"| `{name}` | `" in text
