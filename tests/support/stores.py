"""Databases for tests: in chDB, or on a server over the native protocol."""

from __future__ import annotations

import itertools
import os
import time
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
        self._made: dict[str, Made] = {}

    def new(self) -> AnyStore:
        return self._open(f"test_{os.getpid()}_{next(_numbers)}")

    def migrated(self) -> AnyStore:
        """At this code's schema, with nothing in it: as new, or one that was given back."""
        if self._free:
            store = self._open(self._free.pop())
        else:
            store = self.new()
            made(store)
            self._made[store.database] = Made(store)
        self._made[store.database].given_at = time.monotonic()
        return store

    def give_back(self, store: AnyStore) -> None:
        """A migration takes 0.7 s. What is emptied and as it was made is used again."""
        now = tables(store)
        if not self._made[store.database].is_still(store, now):
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
    """`changed`: when what it is was, to the second. `rows`: none of a view."""

    identity: str
    changed: int
    rows: int


_TABLES = """SELECT name, toString(uuid) AS identity, total_rows AS rows,
toUnixTimestamp(metadata_modification_time) AS changed
FROM system.tables WHERE database = {database:String}"""
_STATEMENTS = """SELECT name, create_table_query AS made
FROM system.tables WHERE database = {database:String}"""


class Made:
    """A database as it was made. Its statements take 45 ms to tell, and when they changed 5 ms."""

    def __init__(self, store: AnyStore) -> None:
        self._tables, self._statements = tables(store), statements(store)
        self._applied = applied(store)
        self.given_at = self._made_at = time.monotonic()  # to a test

    def is_still(self, store: AnyStore, now: dict[str, Table]) -> bool:
        """now: its tables."""
        if [table[:2] for table in now.values()] != [t[:2] for t in self._tables.values()]:
            return False
        if applied(store) != self._applied:
            return False
        told_apart = self.given_at > self._made_at + 2  # by whole seconds
        return told_apart or statements(store) == self._statements


def tables(store: AnyStore) -> dict[str, Table]:
    found = rows(store.query(f"{_TABLES} ORDER BY name", {"database": store.database}))
    return {row["name"]: Table(row["identity"], row["changed"], row["rows"] or 0) for row in found}


def statements(store: AnyStore) -> dict[str, str]:
    """What makes each table and view, without the database's name."""
    found = rows(store.query(_STATEMENTS, {"database": store.database}))
    return {row["name"]: row["made"].replace(store.database, "") for row in found}


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
