"""Databases for tests: in chDB, or on a server over the native protocol."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from pipeline.settings import StoreSettings
from pipeline.store import rows
from pipeline.store.chdb import ChdbStore
from pipeline.store.clickhouse import ClickHouseStore
from pipeline.store.migrate import migrate
from tests.support.native_bridge import NativeBridge
from tests.support.shards import ShardedChdb

AnyStore = ChdbStore | ClickHouseStore
REAL = "BACKLINKS_TEST_CLICKHOUSE"
SHARDS = "BACKLINKS_TEST_SHARDS"  # set: chDB as a cluster of two shards, see shards.py
_numbers = itertools.count()


class Databases:
    """Empty databases of one kind, on what all tests of this process share."""

    def __init__(self, kind: str, directory: Path, bridge: NativeBridge | None) -> None:
        self.kind, self.directory, self.bridge = kind, directory, bridge
        self._free: list[str] = []
        self._schema: Schema = {}
        self._applied: list[dict[str, object]] = []

    def new(self) -> AnyStore:
        return self._open(f"test_{os.getpid()}_{next(_numbers)}")

    def migrated(self) -> AnyStore:
        """At this code's schema, with nothing in it: as new, or one that was given back."""
        if self._free:
            return self._open(self._free.pop())
        store = self.new()
        made(store)
        self._schema = self._schema or tables(store)
        self._applied = self._applied or applied(store)
        return store

    def give_back(self, store: AnyStore) -> None:
        """A migration takes 0.15 s. What is emptied and as it was made is used again."""
        now = tables(store)
        if _made(now) != _made(self._schema) or applied(store) != self._applied:
            self.drop(store)
            return
        for name, table in now.items():
            if table.rows and name != "migrations":
                store.execute(f"TRUNCATE TABLE {name}")
        self._free.append(store.database)
        store.close()
        if self.bridge is not None:
            self.bridge.forget(store.database)

    def close(self) -> None:
        for name in self._free:
            self.drop(self._open(name))
        self._free.clear()

    def _open(self, name: str) -> AnyStore:
        if self.kind == "chdb" and SHARDS in os.environ:
            return ShardedChdb(str(self.directory), database=name)
        if self.kind == "chdb":
            return ChdbStore(self.directory, database=name)
        return ClickHouseStore(self._server().model_copy(update={"database": name}), create=True)

    def drop(self, store: AnyStore) -> None:
        store.execute(f"DROP DATABASE {store.database}")
        store.close()
        if self.bridge is not None:
            self.bridge.forget(store.database)

    def _server(self) -> StoreSettings:
        if self.bridge is not None:
            return StoreSettings(hosts=[self.bridge.address], timeout_s=60)
        return server_settings(os.environ[REAL])


def made(store: AnyStore) -> None:
    """At this code's schema, on a cluster where it is one."""
    migrate(store, store.cluster if isinstance(store, ShardedChdb) else None)


class Table(NamedTuple):
    """`made`: the statement that makes it, without its database's name."""

    made: str
    rows: int


Schema = dict[str, Table]
_TABLES = "SELECT name, create_table_query AS made, total_rows AS rows FROM system.tables"


def _made(schema: Schema) -> dict[str, str]:
    return {name: table.made for name, table in schema.items()}


def tables(store: AnyStore) -> Schema:
    where = {"database": store.database}
    found = rows(store.query(f"{_TABLES} WHERE database = {{database:String}}", where))
    return {
        row["name"]: Table(row["made"].replace(store.database, ""), row["rows"] or 0)
        for row in found
    }


def applied(store: AnyStore) -> list[dict[str, object]]:
    """What is noted of the migrations; how many rows are, merges change."""
    noted = "SELECT * EXCEPT applied FROM migrations FINAL ORDER BY number"
    return rows(store.query(noted))


def server_settings(text: str) -> StoreSettings:
    """From HOST:PORT or clickhouse://USER:PASSWORD@HOST:PORT."""
    parts = urlsplit(text if "://" in text else f"clickhouse://{text}")
    return StoreSettings(
        hosts=[parts.netloc.rpartition("@")[2]],
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),  # type: ignore[arg-type]
        tls=parts.scheme == "clickhouses",
    )
