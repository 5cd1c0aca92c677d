"""What can be lost to a power cut is named, with what mends it."""

from __future__ import annotations

from pipeline.store.durable import durability
from tests.support.stores import AnyStore


def test_our_schema_writes_inserts_through_to_the_disk(store: AnyStore) -> None:
    assert durability(store) == []


def test_a_table_that_does_not_is_named_with_what_mends_it(store: AnyStore) -> None:
    store.execute("CREATE TABLE loose (a UInt8) ENGINE = MergeTree ORDER BY a")
    store.execute(
        "CREATE TABLE off (a UInt8) ENGINE = ReplacingMergeTree ORDER BY a "
        "SETTINGS fsync_after_insert = 0"
    )
    store.execute("CREATE TABLE memory (a UInt8) ENGINE = Memory")
    found = durability(store)
    assert [sentence.split()[0] for sentence in found] == ["loose", "off"]
    for sentence in found:
        store.execute(sentence.partition("; ")[2])
    assert durability(store) == []


def test_a_setting_that_only_begins_alike_is_not_taken_for_it(store: AnyStore) -> None:
    store.execute(
        "CREATE TABLE loose (a UInt8 COMMENT 'fsync_after_insert') "
        "ENGINE = MergeTree ORDER BY a SETTINGS fsync_part_directory = 1"
    )
    assert len(durability(store)) == 1
