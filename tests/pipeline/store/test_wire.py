"""The store against a real server process: Debian's ClickHouse 18.16, which is old but no fake.

It knows neither server-side parameters nor wide integers, Map, Bool, DateTime64 or named parts of
a tuple in a SELECT, so plain SQL and the types of its time are asked here; clickhouse-driver 0.2.11
speaks its revision 54412 without a gap that these tests met. What newer servers add is met over the
bridge (test_clickhouse.py). A disk that is full takes root; a limit on the size of a file stands in
for it, which fails the same write with EFBIG where a full disk says ENOSPC.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import SecretStr

from pipeline.errors import StoreBusy, StoreError, StoreFull, StoreRefused
from pipeline.settings import StoreSettings
from pipeline.store import rows
from pipeline.store.clickhouse import ClickHouseStore
from tests.support.clickhouse.fetch import Unavailable, fetch
from tests.support.clickhouse.server import PASSWORD, RealServer
from tests.support.waiting import until

COMPRESSIONS = ["lz4", "none"]


@pytest.fixture(scope="module")
def root() -> Path:
    try:
        return fetch()
    except Unavailable as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no real server: {error}")


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """Shared by those tests that leave it running."""
    found = RealServer(root, tmp_path_factory.mktemp("clickhouse"))
    try:
        found.start()
        yield found
    finally:
        found.stop()


@pytest.fixture
def own_server(root: Path, tmp_path: Path) -> Iterator[RealServer]:
    """For a test that kills or limits it; not started yet."""
    found = RealServer(root, tmp_path / "server")
    yield found
    found.stop()


Connect = Callable[..., ClickHouseStore]


@pytest.fixture
def connect() -> Iterator[Connect]:
    made: list[ClickHouseStore] = []

    def new(server: RealServer, **changed: object) -> ClickHouseStore:
        given = {"hosts": [server.address], "database": "wire", "timeout_s": 30} | changed
        made.append(ClickHouseStore(StoreSettings.model_validate(given), create=True))
        return made[-1]

    yield new
    for store in made:
        store.close()


TEXTS = pa.list_(pa.list_(pa.string()))
MONEY = pa.array([Decimal("-1.5"), Decimal(2)], pa.decimal128(18, 3))
COLUMNS = {
    "u8": ("UInt8", pa.array([0, 255], pa.uint8())),
    "u16": ("UInt16", pa.array([0, 65_535], pa.uint16())),
    "u32": ("UInt32", pa.array([0, 2**32 - 1], pa.uint32())),
    "u64": ("UInt64", pa.array([0, 2**64 - 1], pa.uint64())),
    "i64": ("Int64", pa.array([-(2**63), 2**63 - 1], pa.int64())),
    "f64": ("Float64", pa.array([0.1, -1e300], pa.float64())),
    "text": ("String", pa.array(["", "it's\0\t\\\n 漢🙂"], pa.string())),
    "long": ("String", pa.array(["x" * 200, "é" * 20_000], pa.string())),
    "fixed": ("FixedString(4)", pa.array([b"abcd", b"a\0\0\0"], pa.binary(4))),
    "low": ("LowCardinality(String)", pa.array(["a", "b"], pa.string())),
    "low_or_null": ("LowCardinality(Nullable(String))", pa.array([None, "b"], pa.string())),
    "or_null": ("Nullable(String)", pa.array(["", None], pa.string())),
    "kind": ("Enum8('a' = 1, 'it\\'s' = -2)", pa.array([1, -2], pa.int8())),
    "texts": ("Array(String)", pa.array([[], ["a", ""]], pa.list_(pa.string()))),
    "numbers": ("Array(UInt16)", pa.array([[1, 2], []], pa.list_(pa.uint16()))),
    "kinds": ("Array(Enum8('a' = 1, 'b' = 2))", pa.array([[2], [1, 2]], pa.list_(pa.int8()))),
    "nested": ("Array(Array(String))", pa.array([[["a"], []], []], TEXTS)),
    "lows": ("Array(LowCardinality(String))", pa.array([["a", "a"], []], pa.list_(pa.string()))),
    "day": ("Date", pa.array([0, 18_321], pa.int32()).cast(pa.date32())),
    "time": ("DateTime", pa.array([0, 1_600_000_000], pa.uint32())),
    "uuid": ("UUID", pa.array([bytes(range(16)), bytes(16)], pa.binary(16)).cast(pa.uuid())),
    "money": ("Decimal(18, 3)", MONEY),
}  # fmt: skip


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_every_type_comes_back(server: RealServer, connect: Connect, compression: str) -> None:
    store = connect(server, compression=compression)
    made = ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())
    store.execute("DROP TABLE IF EXISTS every")
    store.execute(f"CREATE TABLE every (n UInt8, {made}) ENGINE = MergeTree ORDER BY n")
    given = pa.table({name: values for name, (_, values) in COLUMNS.items()})
    store.insert("every", given.append_column("n", pa.array([1, 2], pa.uint8())))
    found = store.query(f"SELECT {', '.join(COLUMNS)} FROM every ORDER BY n")
    for name, (_, values) in COLUMNS.items():
        assert found[name].to_pylist() == values.to_pylist(), name


def test_an_aggregate_is_read_as_its_value(server: RealServer, connect: Connect) -> None:
    store = connect(server)
    store.execute("DROP TABLE IF EXISTS states")
    store.execute(
        "CREATE TABLE states (k UInt8, s AggregateFunction(argMax, String, UInt64)) "
        "ENGINE = AggregatingMergeTree ORDER BY k"
    )
    store.execute(
        "INSERT INTO states SELECT 1, argMaxState(toString(number), number) FROM numbers(9)"
    )
    assert rows(store.query("SELECT argMaxMerge(s) AS a FROM states")) == [{"a": "8"}]
    with pytest.raises(StoreRefused, match="AggregateFunction"):
        store.query("SELECT s FROM states")


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_large_insert_and_its_answer_come_whole(
    server: RealServer, connect: Connect, compression: str
) -> None:
    store = connect(server, compression=compression)
    store.execute("DROP TABLE IF EXISTS large")
    store.execute("CREATE TABLE large (a UInt32, b Array(String)) ENGINE = MergeTree ORDER BY a")
    count = 300_000
    numbers = pa.array(range(count), pa.uint32())
    texts = pa.array([[f"text {n}", "x" * (n % 200)] for n in range(count)])
    given = pa.table({"a": numbers, "b": texts.cast(pa.list_(pa.string()))})
    store.insert("large", given)
    batches = list(store.stream("SELECT a, b FROM large ORDER BY a"))
    assert max(batch.num_rows for batch in batches) <= 65_536
    found = pa.Table.from_batches(batches)
    assert found["a"].combine_chunks().equals(given["a"].combine_chunks())
    assert found["b"].to_pylist() == given["b"].to_pylist()


def test_a_stream_left_half_way_leaves_the_store_usable(
    server: RealServer, connect: Connect
) -> None:
    store = connect(server)
    batches = store.stream("SELECT number FROM system.numbers")
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert rows(store.query("SELECT 1 AS one")) == [{"one": 1}]
    question = "SELECT count() AS n FROM system.processes WHERE query LIKE '%system.numbers%'"
    alone = [{"n": 1}]  # it sees itself
    until(
        lambda: rows(store.query(question)) == alone, "the server still answers whom nobody hears"
    )


@pytest.mark.parametrize(
    ("statement", "kind", "said"),
    [
        ("SELEC 1", StoreRefused, "Syntax error"),
        ("SELECT * FROM no_such_table", StoreRefused, "no_such_table"),
        ("SELECT no_such_column FROM system.one", StoreRefused, "no_such_column"),
        (
            "SELECT sum(sleep(0.1)) FROM numbers(100) "
            "SETTINGS max_execution_time = 1, max_block_size = 1",
            StoreBusy,
            "Timeout exceeded",
        ),
    ],
)
def test_what_a_statement_fails_of_says_what_to_do_next(
    server: RealServer, connect: Connect, statement: str, kind: type[StoreError], said: str
) -> None:
    store = connect(server)
    asked: list[Callable[[], object]] = [
        lambda: store.query(statement),
        lambda: list(store.stream(statement)),
    ]
    for ask in asked:
        with pytest.raises(kind, match=said) as raised:
            ask()
        assert type(raised.value) is kind
        assert "Stack trace" not in str(raised.value)
        assert "\n" not in str(raised.value)
        assert rows(store.query("SELECT 1 AS one")) == [{"one": 1}]


def test_too_little_memory_is_busy(server: RealServer, connect: Connect) -> None:
    connect(server)
    store = connect(server, user="tight")
    with pytest.raises(StoreBusy, match="Memory limit"):
        store.query("SELECT groupArray(toString(number)) FROM numbers(5000000)")
    assert rows(store.query("SELECT 1 AS one")) == [{"one": 1}]


def test_a_column_that_the_table_lacks_is_refused(server: RealServer, connect: Connect) -> None:
    store = connect(server)
    store.execute("DROP TABLE IF EXISTS kept")
    store.execute("CREATE TABLE kept (a UInt8) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(StoreRefused, match="b"):
        store.insert("kept", pa.table({"b": pa.array([1], pa.uint8())}))
    store.insert("kept", pa.table({"a": pa.array([1], pa.uint8())}))
    assert rows(store.query("SELECT a FROM kept")) == [{"a": 1}]


def test_a_reader_can_read_and_cannot_write(server: RealServer, connect: Connect) -> None:
    reading = connect(server).read_only()
    assert rows(reading.query("SELECT 1 AS one")) == [{"one": 1}]
    for statement in ("CREATE TABLE other (a UInt8) ENGINE = Memory", "DROP DATABASE wire"):
        with pytest.raises(StoreRefused, match="readonly"):
            reading.execute(statement)
    reading.close()


@pytest.mark.parametrize(
    ("user", "password"), [("ann", "wrong-pass"), ("ann", ""), ("bob", "x-y-z")]
)
def test_whom_the_server_does_not_know_is_refused(
    server: RealServer, connect: Connect, user: str, password: str
) -> None:
    with pytest.raises(StoreRefused, match=rf"let user '{user}' in .*store\.user") as raised:
        connect(server, user=user, password=SecretStr(password))
    assert not password or password not in str(raised.value)


def test_whom_the_server_knows_is_let_in(server: RealServer, connect: Connect) -> None:
    store = connect(server, user="ann", password=SecretStr(PASSWORD))
    assert rows(store.query("SELECT currentDatabase() AS d")) == [{"d": "wire"}]


def test_a_database_that_is_missing_is_refused(server: RealServer) -> None:
    settings = StoreSettings(hosts=[server.address], database="missing")
    with pytest.raises(StoreRefused, match="no database 'missing'"):
        ClickHouseStore(settings)


def test_a_server_that_says_nothing_is_busy_in_time(server: RealServer, connect: Connect) -> None:
    store = connect(server, timeout_s=0.5, connect_s=0.5)
    server.freeze()
    try:
        started = time.monotonic()
        with pytest.raises(StoreBusy, match="timed out"):
            store.query("SELECT 1 AS one")
        with pytest.raises(StoreBusy, match="timed out"):
            store.query("SELECT 1 AS one")  # the kernel connects, the server does not greet
        assert time.monotonic() - started < 10
    finally:
        server.thaw()
    assert rows(store.query("SELECT 1 AS one")) == [{"one": 1}]


def test_a_server_killed_in_an_insert_is_busy_and_taken_up_again_after_its_restart(
    own_server: RealServer, connect: Connect
) -> None:
    own_server.start()
    store = connect(own_server, timeout_s=10)
    store.execute("CREATE TABLE kept (a UInt64, b String) ENGINE = MergeTree ORDER BY a")
    store.insert("kept", block(0, 10))
    killer = threading.Timer(0.3, own_server.kill)
    killer.start()
    done = 10
    failed = False
    while not failed:
        try:
            store.insert("kept", block(done, 100_000))
            done += 100_000
        except StoreBusy:
            failed = True
    killer.join()
    with pytest.raises(StoreBusy, match="no ClickHouse answers"):
        store.query("SELECT 1")
    own_server.start()
    found = rows(store.query("SELECT count() AS n, uniqExact(a) AS different FROM kept"))[0]
    assert done <= found["n"] <= done + 100_000, "what was taken as done is there"
    assert found["n"] == found["different"]
    store.insert("kept", block(10**9, 1))
    assert rows(store.query("SELECT max(a) AS a FROM kept")) == [{"a": 10**9}]


def block(first: int, count: int) -> pa.Table:
    numbers = range(first, first + count)
    return pa.table({"a": pa.array(numbers, pa.uint64()), "b": [f"{n} {n * n}" for n in numbers]})


def test_a_disk_that_is_full_fails_the_insert_and_no_later_one(
    own_server: RealServer, connect: Connect
) -> None:
    """Its data lies in a small file system, that only it can see."""
    own_server.start(disk_mb=24)
    store = connect(own_server)
    store.execute("CREATE TABLE kept (a UInt64, b String) ENGINE = MergeTree ORDER BY a")
    store.insert("kept", block(0, 10))
    random = [os.urandom(500).hex() for _ in range(40_000)]
    large = pa.table({"a": pa.array(range(40_000), pa.uint64()), "b": random})
    with pytest.raises(StoreFull, match="free some, then run again") as raised:
        store.insert("kept", large)
    assert "\n" not in str(raised.value)
    store.insert("kept", block(10, 10))
    assert rows(store.query("SELECT count() AS n FROM kept")) == [{"n": 20}]
