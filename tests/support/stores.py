"""Databases for tests: in chDB, or on a server over the native protocol."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipeline.settings import StoreSettings
from pipeline.store.chdb import ChdbStore
from pipeline.store.clickhouse import ClickHouseStore
from tests.support.native_bridge import NativeBridge

AnyStore = ChdbStore | ClickHouseStore
REAL = "BACKLINKS_TEST_CLICKHOUSE"
_numbers = itertools.count()


class Databases:
    """Empty databases of one kind, on what all tests of this process share."""

    def __init__(self, kind: str, directory: Path, bridge: NativeBridge | None) -> None:
        self.kind, self.directory, self.bridge = kind, directory, bridge

    def new(self) -> AnyStore:
        name = f"test_{os.getpid()}_{next(_numbers)}"
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


def server_settings(text: str) -> StoreSettings:
    """From HOST:PORT or clickhouse://USER:PASSWORD@HOST:PORT."""
    parts = urlsplit(text if "://" in text else f"clickhouse://{text}")
    return StoreSettings(
        hosts=[parts.netloc.rpartition("@")[2]],
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),  # type: ignore[arg-type]
        tls=parts.scheme == "clickhouses",
    )
