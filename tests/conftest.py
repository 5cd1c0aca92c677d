"""The store that tests share: a directory a process, since chDB allows no more; a database a test.

The log needs no fixture: a SqliteLog in `tmp_path` is as real and as cheap as it gets.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.store.chdb import ChdbStore
from pipeline.store.migrate import migrate

_numbers = itertools.count()


@pytest.fixture(scope="session")
def store_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Held open until the end: closing chDB's last session would shut the engine down."""
    directory = tmp_path_factory.mktemp("store")
    held = ChdbStore(directory, database="held")
    yield directory
    held.close()


@pytest.fixture
def empty_store(store_directory: Path) -> Iterator[ChdbStore]:
    """A database of its own with nothing in it."""
    yield from _database(store_directory)


@pytest.fixture
def store(empty_store: ChdbStore) -> ChdbStore:
    """A database of its own at this code's schema."""
    migrate(empty_store)
    return empty_store


@pytest.fixture(scope="module")
def shared_store(store_directory: Path) -> Iterator[ChdbStore]:
    """A database at this code's schema for a module's tests: each keeps to its own domains."""
    for found in _database(store_directory):
        migrate(found)
        yield found


def _database(directory: Path) -> Iterator[ChdbStore]:
    name = f"test_{next(_numbers)}"
    found = ChdbStore(directory, database=name)
    yield found
    found.execute(f"DROP DATABASE {name}")
    found.close()
