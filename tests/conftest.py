"""The store that tests share: a directory a process, since chDB allows no more; a database a test.

Suites that need no more than a store run twice: in chDB, and through clickhouse-driver's protocol
over the bridge, or on the server that BACKLINKS_TEST_CLICKHOUSE names (HOST:PORT, or
clickhouse://USER:PASSWORD@HOST:PORT). The log needs no fixture: a SqliteLog in `tmp_path` is as
real and as cheap as it gets.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import unhurried
from tests.support.interpreted import interpreted
from tests.support.kafka.fixtures import brokers, kafka
from tests.support.longest import place
from tests.support.native_bridge import NativeBridge
from tests.support.shards import ShardedChdb, configured
from tests.support.stores import REAL, SHARDS, AnyStore, Databases

__all__ = ["brokers", "kafka"]  # fixtures that any test may name
TESTS = Path(__file__).parent
OVER_BOTH = (
    "consumers/",
    "pipeline/export/",
    "pipeline/frontier/",
    "pipeline/index/",
    "pipeline/labels/",
    "pipeline/lists/",
    "pipeline/webgraph/",
    "pipeline/quality/",
    "pipeline/store/test_asked.py",
    "pipeline/store/test_chdb.py",
    "pipeline/store/test_durable.py",
    "pipeline/store/test_migrate.py",
    "pipeline/store/test_views.py",
)
# What is of the protocol itself; elsewhere it tells once more what chDB has told.
OF_TRANSPORT = ("consumers/", "pipeline/store/")
MEMORY, ROOM = Path("/dev/shm"), 4 << 30  # a run leaves up to 1 GiB, and clears it away
unhurried.load()


def pytest_configure(config: pytest.Config) -> None:
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        # What is written through to the disk is waited for: a quarter of the time of these tests.
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    config.addinivalue_line(
        "markers", "embedded: run in chDB alone, since another store would tell nothing more"
    )
    config.addinivalue_line(
        "markers",
        "engine: of what the statements mean, not of how they travel: run in chDB, and on a real "
        "server, but not over the bridge, behind which the same chDB would answer",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: place(item.nodeid))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "store_kind" in metafunc.fixturenames:
        file = Path(metafunc.module.__file__ or "").relative_to(TESTS).as_posix()
        both = file.startswith(OVER_BOTH)
        marked = {mark.name for mark in metafunc.definition.iter_markers()}
        alone = "embedded" in marked or ("engine" in marked and REAL not in os.environ)
        alone = alone or SHARDS in os.environ
        kinds: list[object] = ["chdb"]
        if both and not alone:
            again = [] if file.startswith(OF_TRANSPORT) else [pytest.mark.long]
            kinds.append(pytest.param("native", marks=again))
        metafunc.parametrize("store_kind", kinds, indirect=True, scope="module")


@pytest.fixture(scope="module")
def store_kind(request: pytest.FixtureRequest) -> str:
    """chdb or native."""
    return str(request.param)


@pytest.fixture(scope="session")
def store_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Held open until the end: closing chDB's last session would shut the engine down."""
    directory = tmp_path_factory.mktemp("store")
    if SHARDS in os.environ:
        directory = Path(configured(directory))
        held = ShardedChdb(str(directory), database="held")._session
    else:
        held, directory = interpreted(directory)
    yield directory
    held.close()


@pytest.fixture(scope="session")
def bridge(store_directory: Path) -> Iterator[NativeBridge]:
    with NativeBridge(store_directory) as found:
        yield found


@pytest.fixture(scope="session")
def chdb_databases(store_directory: Path) -> Iterator[Databases]:
    """What a module gave back serves the next."""
    found = Databases("chdb", store_directory, None)
    yield found
    found.close()


@pytest.fixture(scope="session")
def native_databases(store_directory: Path, request: pytest.FixtureRequest) -> Iterator[Databases]:
    bridge = None if REAL in os.environ else request.getfixturevalue("bridge")
    found = Databases("native", store_directory, bridge)
    yield found
    found.close()


@pytest.fixture(scope="module")
def databases(store_kind: str, request: pytest.FixtureRequest) -> Databases:
    found: Databases = request.getfixturevalue(f"{store_kind}_databases")
    return found


@pytest.fixture
def empty_store(databases: Databases) -> Iterator[AnyStore]:
    """A database of its own with nothing in it."""
    found = databases.new()
    yield found
    databases.drop(found)


@pytest.fixture
def store(databases: Databases) -> Iterator[AnyStore]:
    """A database of its own at this code's schema, with nothing in it."""
    found = databases.migrated()
    yield found
    databases.give_back(found)


@pytest.fixture(scope="module")
def shared_store(databases: Databases) -> Iterator[AnyStore]:
    """A database at this code's schema for a module's tests: each keeps to its own domains."""
    found = databases.migrated()
    yield found
    databases.give_back(found)
