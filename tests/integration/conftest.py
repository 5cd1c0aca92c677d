from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.store.migrate import migrate
from tests.support.native_bridge import NativeBridge
from tests.support.stores import AnyStore, Databases


@pytest.fixture
def server(store_directory: Path, bridge: NativeBridge) -> Iterator[AnyStore]:
    """A database of its own over the native protocol, for workers as processes."""
    databases = Databases("native", store_directory, bridge)
    store = databases.new()
    migrate(store)
    yield store
    databases.drop(store)
