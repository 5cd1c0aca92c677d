"""The schema as a cluster has it, and that its answers are those of one node."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.errors import StoreMismatch, StoreRefused
from pipeline.settings import StoreSettings
from pipeline.store.asked import parsed
from pipeline.store.clickhouse import ClickHouseStore
from pipeline.store.migrate import Migration, migrations, tables
from pipeline.store.shards import Cluster
from pipeline.store.spread import cluster_of
from tests.pipeline.store.sharded import HOT
from tests.support.command import REPOSITORY, backlinks
from tests.support.compose import DEPLOY
from tests.support.native_bridge import NativeBridge
from tests.support.stores import AnyStore, Databases

CLUSTER = Cluster("main", "backlinks", ["big.example", "o'hostile\\"])
TARGET = (
    "if(target_domain IN ('big.example', 'o\\'hostile\\\\'), cityHash64(source_domain), "
    "cityHash64(target_domain))"
)
OWN = "cityHash64(domain)"
EVERYWHERE = {"migrations", "marks", "snapshots", "controls"}


def order(engine: tuple[str, str, str]) -> set[str]:
    match = re.search(r"ORDER BY \(?([\w, ]+)", engine[2])
    assert match is not None
    return set(match[1].split(", "))


def test_a_link_lies_with_its_target_and_all_else_with_its_own_domain() -> None:
    placed = {table.name: table.key for table in CLUSTER.tables.values() if table.kept}
    assert placed["links"] == placed["link_context"] == placed["domain_edges"] == TARGET
    for name in ("page_links", "pages", "frontier", "domain_quality", "sites", "page_strength"):
        assert placed[name] == OWN
    assert {name for name, key in placed.items() if not key} >= EVERYWHERE
    assert Cluster("main", "backlinks").tables["links"].key == "cityHash64(target_domain)"


def test_rows_that_merge_lie_together() -> None:
    """What a sharding key is made of is part of the key that rows are merged by."""
    for table in CLUSTER.tables.values():
        if table.is_spread and table.engine[0] != "MergeTree":
            columns = set(re.findall(r"\b(\w*domain)\b", re.sub(r"'[^']*'", "", table.key)))
            assert columns <= order(table.engine), table.name


def test_every_table_and_view_is_made_and_keeps_its_name() -> None:
    script = "\n".join(CLUSTER.script())
    made = set(
        re.findall(
            r"^CREATE (?:OR REPLACE )?(?:TABLE|VIEW|MATERIALIZED VIEW) (\w+)", script, re.MULTILINE
        )
    )
    stored = {table.stored for table in CLUSTER.tables.values()}
    assert made == tables(views=True) | stored


@pytest.mark.engine
def test_the_engine_can_read_every_statement(shared_store: AnyStore) -> None:
    for statement in CLUSTER.script():
        told = parsed(shared_store, statement)
        assert "ON CLUSTER main" in told or told.startswith("INSERT"), told


def test_no_replica_drops_what_it_takes_for_the_same() -> None:
    for statement in CLUSTER.script():
        if "ENGINE = Replicated" in statement:
            assert "replicated_deduplication_window = 0" in statement
            assert "fsync_after_insert = 1" in statement


def test_replicas_of_a_table_share_a_place_and_no_other_table_does() -> None:
    places = re.findall(r"= Replicated\w+\('([^']+)', '([^']+)'", "\n".join(CLUSTER.script()))
    assert len(places) == len({place for place, _ in places}) > 10
    for place, replica in places:
        shared = place.startswith("/clickhouse/tables/all/backlinks/")
        assert replica == ("{shard}-{replica}" if shared else "{replica}")
        assert shared or place.startswith("/clickhouse/tables/{shard}/backlinks/")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("links DELETE WHERE 1", "links_local{on} DELETE WHERE 1"),
        ("pages UPDATE a = 1 WHERE 1", "pages_local{on} UPDATE a = 1 WHERE 1"),
        ("sites DROP PARTITION 1", "sites_local{on} DROP PARTITION 1"),
        ("domain_edges REPLACE PARTITION 1 FROM domain_edges_next",
         "domain_edges_local{on} REPLACE PARTITION 1 FROM domain_edges_next_local"
         " SETTINGS allow_replace_partition_from_empty_source = 1"),
        ("marks DELETE WHERE 1", "marks{on} DELETE WHERE 1"),
        ("links ADD COLUMN a UInt8", "links ADD COLUMN a UInt8"),
        ("other DELETE WHERE 1", "other DELETE WHERE 1"),
    ],
)  # fmt: skip
def test_rows_are_changed_where_they_are(statement: str, told: str) -> None:
    told = told.format(on=" ON CLUSTER 'main'")
    assert CLUSTER.altered(f"-- why\nALTER TABLE {statement}") == f"-- why\nALTER TABLE {told}"
    assert CLUSTER.altered("SELECT 1") == "SELECT 1"


def test_the_store_s_client_tells_it_so(bridge: NativeBridge, databases: Databases) -> None:
    database = databases.new()
    store = ClickHouseStore(StoreSettings(hosts=[bridge.address], database=database.database))
    store.spread_by(CLUSTER.altered)
    with pytest.raises(StoreRefused):  # there is no cluster there
        store.execute("ALTER TABLE links DELETE WHERE {x:UInt8}", {"x": 1})
    asked = bridge.queries[-1]
    assert asked.text == "ALTER TABLE links_local ON CLUSTER 'main' DELETE WHERE {x:UInt8}"
    assert asked.settings["distributed_foreground_insert"] == "1"
    assert asked.settings["distributed_product_mode"] == "global"
    assert asked.settings["parallel_distributed_insert_select"] == "0"
    store.close()
    databases.drop(database)


def test_a_store_that_is_spread_says_so_itself(empty_store: AnyStore) -> None:
    """By how its tables were made, and no setting of a worker."""
    told = "Distributed('main', currentDatabase(), 'links_local', cityHash64(target_domain))"

    class Spread:
        def query(self, *_: object) -> pa.Table:
            return pa.table({"name": ["links"], "made": [told]})

    found = cluster_of(Spread(), StoreSettings())  # type: ignore[arg-type]
    assert found is not None
    assert found.name == "main"
    with pytest.raises(StoreMismatch, match="spread over cluster main, not other"):
        cluster_of(Spread(), StoreSettings(cluster="other"))  # type: ignore[arg-type]
    assert cluster_of(empty_store, StoreSettings(cluster="new")) is not None


@pytest.mark.parametrize(
    "statement",
    ["RENAME TABLE links TO kept", "CREATE DICTIONARY a (b UInt8)",
     "CREATE MATERIALIZED VIEW a ENGINE = MergeTree ORDER BY b AS SELECT 1 AS b"],
)  # fmt: skip
def test_what_cannot_be_told_for_a_cluster_is_named(
    statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = Migration(9_999, "more", (statement,), "0" * 16)
    known = [*migrations(), later]
    monkeypatch.setattr("pipeline.store.shards.migrations", lambda: known)
    with pytest.raises(StoreRefused, match=f"can't be told for a cluster: {statement[:10]}"):
        Cluster("main", "backlinks")


@pytest.mark.parametrize("name", ["it's", "", "a b", "a;b"])
def test_a_name_that_could_end_a_statement_is_refused(name: str) -> None:
    with pytest.raises(StoreRefused):
        Cluster(name, "backlinks")


def test_a_store_of_one_server_is_no_cluster(shared_store: AnyStore) -> None:
    assert cluster_of(shared_store, StoreSettings()) is None
    with pytest.raises(StoreMismatch, match="made for one server, not for cluster main"):
        cluster_of(shared_store, StoreSettings(cluster="main"))


def test_the_schema_is_printed_as_a_cluster_has_it() -> None:
    told = backlinks("admin", "schema", "--cluster", "main").out
    assert told == "".join(f"{each};\n\n" for each in Cluster("main", "backlinks").script())


_CLUSTERS = """
import sys
from chdb.session import Session
session = Session(f"{sys.argv[1]}?config-file={sys.argv[2]}")
for query in ("SELECT shard_num, count() AS replicas FROM system.clusters WHERE cluster = 'main' "
              "GROUP BY shard_num ORDER BY shard_num",
              "SELECT getMacro('shard') AS shard, getMacro('replica') AS replica"):
    print(str(session.query(query, "JSONEachRow")).strip())
"""


def test_the_example_of_a_cluster_is_one_of_two_shards_and_two_replicas(tmp_path: Path) -> None:
    """As the engine reads it."""
    config = tmp_path / "config.xml"
    text = (DEPLOY / "clickhouse" / "cluster.xml").read_text()
    config.write_text(re.sub(r"<zookeeper>.*</zookeeper>", "", text, flags=re.DOTALL))
    ran = subprocess.run(
        [sys.executable, "-c", _CLUSTERS, str(tmp_path / "data"), str(config)],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "CLUSTER_SECRET": "x", "SHARD": "1", "REPLICA": "a"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert [json.loads(each) for each in ran.stdout.splitlines()] == [
        {"shard_num": 1, "replicas": 2},
        {"shard_num": 2, "replicas": 2},
        {"shard": "1", "replica": "a"},
    ]
    assert text.count("<internal_replication>true</internal_replication>") == 2


# --- two shards, of one process ---


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.pipeline.store.sharded", str(tmp_path_factory.mktemp("two"))],
        capture_output=True, text=True, cwd=REPOSITORY, timeout=240, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.mark.long
def test_two_shards_answer_as_one_node_does(asked: dict[str, Any]) -> None:
    assert asked["spread"] == asked["single"]
    for name in (f"links of {HOT}", "refs of a page", "domains", "example page_strength"):
        assert len(asked["single"][name]) > 1, name


@pytest.mark.long
def test_both_shards_have_rows_and_a_hot_domain_is_on_both(asked: dict[str, Any]) -> None:
    assert all(len(counts) == 2 for counts in asked["rows"].values())
    assert asked["shards of the hot"] == 2
    assert HOT in str(asked["spread"][f"outlinks of {HOT}"])


@pytest.mark.long
def test_what_is_erased_is_erased_from_all_shards(asked: dict[str, Any]) -> None:
    assert asked["counted"] == [True, True]
    assert asked["erased"] == [0, 0]
    assert asked["spread after"] == asked["single after"] != asked["single"]


@pytest.mark.long
def test_another_list_of_hot_domains_makes_the_tables_anew_and_loses_nothing(
    asked: dict[str, Any],
) -> None:
    hot = Cluster("two", "spread", [HOT])
    spread = sum(table.is_spread and HOT in table.key for table in hot.tables.values())
    assert asked["cluster"] == ["two", 0, spread, 0]
    assert spread >= 4


@pytest.mark.long
def test_where_a_link_s_rows_lie_changes_no_answer(asked: dict[str, Any]) -> None:
    assert asked["scattered"] == asked["spread after"]
