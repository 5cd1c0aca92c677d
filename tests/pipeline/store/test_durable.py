"""What can be lost to a power cut is named, with what mends it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from click.testing import CliRunner

from backlinks import consumer
from pipeline.errors import StoreMismatch
from pipeline.log.sqlite import SqliteLog
from pipeline.report.commands import cli
from pipeline.settings import Settings
from pipeline.store.clickhouse import ClickHouseStore
from pipeline.store.durable import durability
from pipeline.store.migrate import migrations, tables
from pipeline.store.views import views
from tests.support.native_bridge import NativeBridge
from tests.support.stores import AnyStore, Databases

LOOSE = "ALTER TABLE links MODIFY SETTING fsync_after_insert = 0"


def test_our_schema_writes_inserts_through_to_the_disk(store: AnyStore) -> None:
    assert durability(store) == []
    assert {"links", "pages", "frontier", "snapshots", "migrations"} < tables()


@pytest.mark.parametrize("quorum", ["", "0", "1"])
def test_an_insert_that_one_replica_alone_has_is_not_durable(quorum: str) -> None:
    made = "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
    table = {"name": "links", "engine": "ReplicatedAggregatingMergeTree", "made": made}

    class Replicated:
        def __init__(self, quorum: str) -> None:
            self.quorum = quorum

        def query(self, sql: str) -> pa.Table:
            return pa.Table.from_pylist([{**table, "quorum": self.quorum}])

    (said,) = durability(cast(Any, Replicated(quorum)))
    assert "insert_quorum = 'auto'" in said
    assert durability(cast(Any, Replicated("auto"))) == durability(cast(Any, Replicated("2"))) == []


@pytest.mark.parametrize("setting", ["fsync_after_insert", "fsync_part_directory"])
def test_each_of_both_settings_is_asked_for(store: AnyStore, setting: str) -> None:
    store.execute(f"ALTER TABLE links MODIFY SETTING {setting} = 0")
    (said,) = durability(store)
    assert said.endswith(f"ALTER TABLE links MODIFY SETTING {setting} = 1")


def test_a_table_that_does_not_is_named_with_what_mends_it(store: AnyStore) -> None:
    store.execute(LOOSE)
    store.execute("ALTER TABLE pages RESET SETTING fsync_after_insert")
    found = durability(store)
    assert [sentence.split()[0] for sentence in found] == ["links", "pages"]
    for sentence in found:
        store.execute(sentence.partition("; ")[2])
    assert durability(store) == []


def test_other_tables_in_the_database_are_their_owner_s(store: AnyStore) -> None:
    store.execute("CREATE TABLE notes (a UInt8) ENGINE = MergeTree ORDER BY a")
    assert durability(store) == []


def test_a_setting_that_only_begins_alike_is_not_taken_for_it(store: AnyStore) -> None:
    store.execute("DROP TABLE marks")
    store.execute(
        "CREATE TABLE marks (a UInt8 COMMENT 'fsync_after_insert') "
        "ENGINE = MergeTree ORDER BY a SETTINGS fsync_part_directory = 1"
    )
    assert len(durability(store)) == 1


def test_no_consumer_starts_on_a_server_that_could_lose_what_it_acknowledged(
    store_directory: Path, bridge: NativeBridge, tmp_path: Path
) -> None:
    databases = Databases("native", store_directory, bridge)
    store = databases.new()
    assert isinstance(store, ClickHouseStore)
    settings = Settings(store=store.settings)
    environment = {
        "BACKLINKS_STORE__HOSTS": bridge.address,
        "BACKLINKS_STORE__DATABASE": store.database,
    }

    def admin(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["admin", "migrate", *words], env=environment)
        return done.exit_code, done.output

    log = SqliteLog(tmp_path / "log")
    names = [f"schema {known.number:04d}_{known.name}" for known in migrations()]
    number = len(names)
    names += [f"view {known.name}" for known in views()]
    lacking = "".join(f"{name} is missing; run `backlinks admin migrate`\n" for name in names)
    assert admin("--check") == (1, lacking)
    assert admin() == (0, f"at schema {number:04d}, {number} applied\n")
    assert admin("--check") == (0, "")
    consumer(store, log, settings).reader.close()
    store.execute(LOOSE)
    code, told = admin("--check")
    assert code == 1
    assert told.startswith("links does not write an insert through")
    with pytest.raises(StoreMismatch, match=r"links does not write.*consume\.durable"):
        consumer(store, log, settings)
    bold = settings.model_copy(
        update={"consume": settings.consume.model_copy(update={"durable": False})}
    )
    consumer(store, log, bold).reader.close()
    log.close()
    databases.drop(store)
