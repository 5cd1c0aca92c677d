"""The store on a server, over the protocol: types, parameters, streams, failover, every fault."""

from __future__ import annotations

import datetime
import ipaddress
import itertools
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from pipeline.errors import StoreBusy, StoreError, StoreFull, StoreRefused
from pipeline.settings import StoreSettings
from pipeline.store import rows
from pipeline.store.chdb import ChdbStore
from pipeline.store.clickhouse import ClickHouseStore, Host, parse_host
from pipeline.store.migrate import check, migrate, migrations
from tests.support.native_bridge import Fault, NativeBridge
from tests.support.waiting import until

SECRET = "s3cret-pass-word"
_numbers = itertools.count()


@pytest.fixture
def server(store_directory: Path) -> Iterator[NativeBridge]:
    """A server of the test's own, whose faults meet nobody else."""
    with NativeBridge(store_directory, users={"default": "", "ann": SECRET}) as found:
        yield found


@pytest.fixture
def database(store_directory: Path) -> Iterator[str]:
    """The name of a database, to be made by the test or not."""
    name = f"remote_{next(_numbers)}"
    yield name
    held = ChdbStore(store_directory, database=name)
    held.execute(f"DROP DATABASE {name}")
    held.close()


@pytest.fixture
def connect(server: NativeBridge, database: str) -> Iterator[Callable[..., ClickHouseStore]]:
    """Stores at the server, closed at the end."""
    made: list[ClickHouseStore] = []

    def new(*hosts: str, create: bool = True, **changed: object) -> ClickHouseStore:
        given = {"hosts": list(hosts) or [server.address], "database": database, "timeout_s": 20}
        made.append(ClickHouseStore(StoreSettings.model_validate(given | changed), create=create))
        return made[-1]

    yield new
    for store in made:
        store.close()


@pytest.fixture
def remote(connect: Callable[..., ClickHouseStore]) -> ClickHouseStore:
    store = connect()
    store.execute("CREATE TABLE kept (a UInt32, b String) ENGINE = MergeTree ORDER BY a")
    return store


def some(count: int, first: int = 0) -> pa.Table:
    numbers = range(first, first + count)
    return pa.table({"a": pa.array(numbers, pa.uint32()), "b": [f"text {n}" for n in numbers]})


def kept(store: ClickHouseStore) -> list[int]:
    return [row["a"] for row in rows(store.query("SELECT a FROM kept ORDER BY a"))]


# --- types ---

EVERY = """SELECT
    number::UInt8 AS u8,
    number::UInt16 AS u16,
    number::UInt32 AS u32,
    number AS u64,
    -number::Int8 AS i8,
    -number::Int16 AS i16,
    -number::Int32 AS i32,
    -number::Int64 AS i64,
    toUInt128(number) AS u128,
    bitShiftLeft(toUInt256(number), 200) AS u256,
    toInt128(-toInt64(number)) AS i128,
    toInt256(-toInt64(number)) AS i256,
    number / 3 AS f64,
    toFloat32(number / 3) AS f32,
    number % 2 = 0 AS even,
    (number > 1)::Bool AS bool,
    repeat('é', number * 50) AS text,
    toFixedString(toString(number), 4) AS fixed,
    toLowCardinality(toString(number % 3)) AS low,
    toLowCardinality(if(number % 2, NULL, toString(number))) AS low_or_null,
    if(number % 2, NULL, toString(number)) AS text_or_null,
    if(number % 3, number, NULL) AS number_or_null,
    CAST(if(number % 2, 'a', 'it''s'), 'Enum8(\\'a\\' = 1, \\'it\\\\\\'s\\' = -2)') AS enum,
    CAST('b', 'Enum16(\\'b\\' = 1000)') AS wide_enum,
    arrayMap(i -> toString(i), range(number)) AS texts,
    range(number) AS numbers,
    arrayMap(i -> range(i), range(number)) AS nested,
    [toLowCardinality('x'), toString(number)] AS lows,
    [if(number % 2, NULL, 'y'), 'z'] AS texts_or_nulls,
    NULL AS nothing,
    tuple(number, toString(number)) AS pair,
    tuple(1, [tuple('a', number)])::Tuple(x UInt8, y Array(Tuple(n String, m UInt64)))
        AS named,
    map('k', number, toString(number), 1) AS map,
    map('k', [tuple(number, 'v')]) AS deep,
    toDateTime(1600000000 + number, 'UTC') AS time,
    toDateTime(1600000000 + number, 'Europe/Berlin') AS there,
    toDateTime64(1600000000.123 + number, 3, 'UTC') AS ms,
    fromUnixTimestamp64Micro(1600000000123456 + number::Int64) AS us,
    toDate('2020-02-29') + number AS day,
    toDate32('1930-01-01') + number AS long_ago,
    toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0') AS uuid,
    toIPv4('192.0.2.1') AS v4,
    toIPv6('2001:db8::1') AS v6,
    toDecimal32(number - 1, 2) AS d32,
    toDecimal64(number - 1.5, 3) AS d64,
    toDecimal128(number - 1, 4) AS d128,
    toDecimal256(number - 1, 5) AS d256,
    CAST(number, 'SimpleAggregateFunction(max, UInt64)') AS aggregate,
    INTERVAL 3 DAY AS interval
FROM numbers({count:UInt32}) ORDER BY number"""


@pytest.mark.parametrize("compression", ["lz4", "none"])
@pytest.mark.parametrize("count", [0, 1, 50])
def test_every_type_comes_as_from_the_embedded_store(
    connect: Callable[..., ClickHouseStore], store_directory: Path, compression: str, count: int
) -> None:
    embedded = ChdbStore(store_directory, database="held")
    expected = embedded.query(EVERY, {"count": count})
    embedded.close()
    found = connect(compression=compression).query(EVERY, {"count": count})
    assert found.num_rows == count
    for name in expected.column_names:
        assert found.schema.field(name).equals(expected.schema.field(name)), name
        assert found[name].combine_chunks().equals(expected[name].combine_chunks()), name


@pytest.mark.parametrize("compression", ["lz4", "none"])
def test_every_type_that_is_inserted_comes_back(
    connect: Callable[..., ClickHouseStore], compression: str
) -> None:
    store = connect(compression=compression)
    question = EVERY.replace("NULL AS nothing", "1 AS nothing").replace("INTERVAL 3 DAY", "1")
    store.execute(f"CREATE TABLE every ENGINE = Memory AS {question}", {"count": 0})
    given = store.query(question, {"count": 300})
    store.insert("every", given)
    assert store.query("SELECT * FROM every ORDER BY u64").equals(given)


def test_a_value_that_does_not_fit_is_refused_by_its_column(remote: ClickHouseStore) -> None:
    with pytest.raises(StoreRefused, match=r"column a takes UInt32: .*5000000000"):
        remote.insert("kept", pa.table({"a": [5_000_000_000], "b": ["x"]}))
    assert kept(remote) == []


def test_an_aggregates_state_is_refused_with_what_to_do(remote: ClickHouseStore) -> None:
    with pytest.raises(StoreRefused, match="AggregateFunction has no plain values; convert"):
        remote.query("SELECT maxState(1)")
    assert kept(remote) == []


# --- inserts and streams ---


def test_a_large_insert_goes_in_blocks_of_a_bounded_size(
    server: NativeBridge, remote: ClickHouseStore
) -> None:
    count = 200_000
    texts = pa.array(["x" * 500] * count)
    remote.insert("kept", pa.table({"a": pa.array(range(count), pa.uint32()), "b": texts}))
    assert sum(server.sent_rows) == count
    assert max(server.sent_rows) * 504 <= 33 << 20
    answer = remote.query(
        "SELECT count() AS n, uniqExact(a) AS different, sum(length(b)) AS size FROM kept"
    )
    assert rows(answer) == [{"n": count, "different": count, "size": count * 500}]


def test_nothing_is_sent_for_no_rows(server: NativeBridge, remote: ClickHouseStore) -> None:
    before = len(server.queries)
    remote.insert("kept", some(0))
    assert len(server.queries) == before


def test_a_stream_is_read_block_by_block(server: NativeBridge, remote: ClickHouseStore) -> None:
    batches = remote.stream("SELECT number, toString(number) AS text FROM numbers(500000)")
    sizes = [batch.num_rows for batch in batches]
    assert sum(sizes) == 500_000
    assert max(sizes) < 70_000


def test_a_stream_that_is_open_keeps_nobody_waiting(remote: ClickHouseStore) -> None:
    batches = remote.stream("SELECT number FROM numbers(1000000)")
    first = next(batches)
    remote.insert("kept", some(3))
    assert kept(remote) == [0, 1, 2]
    assert first.num_rows + sum(batch.num_rows for batch in batches) == 1_000_000


def test_a_stream_left_half_way_closes_its_connection(
    server: NativeBridge, remote: ClickHouseStore
) -> None:
    batches = remote.stream("SELECT number FROM numbers(5000000)")
    next(batches)
    assert len(server._open) == 2
    batches.close()  # type: ignore[attr-defined]
    until(lambda: len(server._open) == 1)
    assert kept(remote) == []


def test_a_stream_cut_half_way_is_busy_and_not_taken_for_the_end(
    server: NativeBridge, remote: ClickHouseStore
) -> None:
    batches = remote.stream("SELECT number FROM numbers(5000000)")
    next(batches)
    server.cut()
    with pytest.raises(StoreBusy):
        list(batches)


def test_inserts_wait_even_where_a_profile_makes_them_asynchronous(
    server: NativeBridge, remote: ClickHouseStore
) -> None:
    remote.insert("kept", some(1))
    assert server.queries[-1].settings["wait_for_async_insert"] == "1"


# --- migrations and readers ---


def test_a_server_is_brought_to_this_codes_schema(connect: Callable[..., ClickHouseStore]) -> None:
    store = connect()
    assert migrate(store) == migrations()
    assert migrate(store) == []
    assert check(store) == {migration.number for migration in migrations()}


def test_a_database_that_is_missing_is_refused_with_what_to_do(
    server: NativeBridge, connect: Callable[..., ClickHouseStore], database: str
) -> None:
    with pytest.raises(StoreRefused, match=f"no database '{database}'; run `backlinks admin"):
        connect(create=False)
    assert not any("CREATE" in query.text for query in server.queries)


def test_a_database_is_made_only_where_there_is_none(
    server: NativeBridge, connect: Callable[..., ClickHouseStore]
) -> None:
    connect()
    connect()
    assert sum("CREATE DATABASE" in query.text for query in server.queries) == 1


def test_what_a_reader_sends_is_not_its_to_change(
    server: NativeBridge, remote: ClickHouseStore
) -> None:
    reading = remote.read_only()
    assert rows(reading.query("SELECT count() AS n FROM kept")) == [{"n": 0}]
    assert server.queries[-1].settings["readonly"] == "2"
    with pytest.raises(StoreRefused):
        reading.insert("kept", some(1))
    with pytest.raises(StoreRefused):
        reading.execute("DROP TABLE kept")
    reading.close()


def test_a_server_says_what_it_is(remote: ClickHouseStore) -> None:
    found = remote.server()
    assert found.version.startswith("26.")
    assert found.timezone
    assert abs(found.ahead_s) < 60


# --- hosts ---


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("text", "tls", "host"),
    [
        ("db.example.org", False, Host("db.example.org", 9000)),
        ("db.example.org", True, Host("db.example.org", 9440)),
        ("192.0.2.1:9001", True, Host("192.0.2.1", 9001)),
        ("[2001:db8::1]:9001", False, Host("2001:db8::1", 9001)),
        ("[::1]", False, Host("::1", 9000)),
    ],
)
def test_a_host_is_a_name_and_a_port(text: str, tls: bool, host: Host) -> None:
    assert parse_host(text, tls) == host
    assert parse_host(str(host)) == host


@pytest.mark.parametrize(
    "text", ["", ":9000", "a:b", "a:0", "a:70000", "::1", "http://a", "a b", "u@a"]
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(StoreRefused, match=r"store\.hosts"):
        parse_host(text)


def test_the_first_host_that_answers_is_used(
    server: NativeBridge, connect: Callable[..., ClickHouseStore]
) -> None:
    store = connect(f"127.0.0.1:{closed_port()}", server.address)
    assert store.server().host == server.address


def test_no_host_that_answers_is_busy_and_all_are_named(
    connect: Callable[..., ClickHouseStore],
) -> None:
    hosts = [f"127.0.0.1:{closed_port()}" for _ in range(2)]
    with pytest.raises(StoreBusy) as raised:
        connect(*hosts)
    assert all(host in str(raised.value) for host in hosts)
    assert "Connection refused" in str(raised.value)


def test_a_host_whose_name_is_unknown_is_busy(connect: Callable[..., ClickHouseStore]) -> None:
    with pytest.raises(StoreBusy, match=r"no-such-host\.invalid:9000"):
        connect("no-such-host.invalid")


def test_a_host_that_dies_is_followed_by_the_next(
    server: NativeBridge, store_directory: Path, connect: Callable[..., ClickHouseStore]
) -> None:
    with NativeBridge(store_directory) as second:
        store = connect(server.address, second.address)
        store.execute("CREATE TABLE kept (a UInt32, b String) ENGINE = MergeTree ORDER BY a")
        server.close()
        with pytest.raises(StoreBusy, match=server.address):
            store.insert("kept", some(2))
        store.insert("kept", some(2))
        assert kept(store) == [0, 1]
        assert second.connections


@pytest.mark.parametrize("code", [242, 202, 252])
def test_a_host_that_says_it_is_busy_is_followed_by_the_next(
    server: NativeBridge, store_directory: Path, connect: Callable[..., ClickHouseStore], code: int
) -> None:
    with NativeBridge(store_directory) as second:
        store = connect(server.address, second.address)
        store.execute("CREATE TABLE kept (a UInt32, b String) ENGINE = MergeTree ORDER BY a")
        server.faults.append(Fault("query", "error", code, times=1000))
        with pytest.raises(StoreBusy, match=f"Code: {code}"):
            store.insert("kept", some(2))
        store.insert("kept", some(2))
        assert kept(store) == [0, 1]
        assert second.connections


def test_a_host_that_refuses_is_asked_again_itself(
    server: NativeBridge, store_directory: Path, connect: Callable[..., ClickHouseStore]
) -> None:
    """What one replica refuses, such as a wrong statement, the others refuse too."""
    with NativeBridge(store_directory) as second:
        store = connect(server.address, second.address)
        with pytest.raises(StoreRefused):
            store.query("SELECT nothing")
        assert rows(store.query("SELECT 1 AS one")) == [{"one": 1}]
        assert not second.connections


def test_a_host_that_takes_connections_and_never_answers_is_left_within_the_limit(
    server: NativeBridge, connect: Callable[..., ClickHouseStore]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        started = time.monotonic()
        store = connect(f"127.0.0.1:{port}", server.address, connect_s=0.3)
        assert time.monotonic() - started < 5
        assert store.server().host == server.address


def test_a_connection_that_went_while_idle_is_made_anew(
    server: NativeBridge, remote: ClickHouseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.cut()
    until(lambda: not server._open)
    monkeypatch.setattr("pipeline.store.clickhouse._IDLE_S", 0.0)
    assert kept(remote) == []


def test_threads_share_one_connection(server: NativeBridge, remote: ClickHouseStore) -> None:
    before, found = server.connections, []

    def ask(number: int) -> None:
        found.extend(rows(remote.query("SELECT {n:UInt32} AS n", {"n": number})))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row["n"] for row in found) == list(range(8))
    assert server.connections == before


# --- faults ---


@pytest.mark.parametrize(
    ("fault", "kind", "written"),
    [
        (Fault("query"), StoreBusy, []),
        (Fault("insert"), StoreBusy, []),
        (Fault("in_data"), StoreBusy, []),
        (Fault("before_insert"), StoreBusy, []),
        (Fault("half_insert"), StoreBusy, [0, 2]),
        (Fault("after_insert"), StoreBusy, [0, 1, 2, 3]),
        (Fault("query", "delay", seconds=3), StoreBusy, []),
        (Fault("after_insert", "delay", seconds=3), StoreBusy, [0, 1, 2, 3]),
        (Fault("query", "error", 202), StoreBusy, []),
        (Fault("query", "error", 252), StoreBusy, []),
        (Fault("before_insert", "error", 241), StoreBusy, []),
        (Fault("before_insert", "error", 159), StoreBusy, []),
        (Fault("half_insert", "error", 252), StoreBusy, [0, 2]),
        (Fault("before_insert", "error", 286), StoreBusy, []),
        (Fault("query", "error", 101), StoreBusy, []),
        (Fault("before_insert", "error", 243), StoreFull, []),
        (Fault("before_insert", "error", 1, message="No space left on device"), StoreFull, []),
        (Fault("before_insert", "error", 60), StoreRefused, []),
        (Fault("insert", "error", 53), StoreRefused, []),
        (Fault("in_data", "error", 117), StoreRefused, []),
    ],
)  # fmt: skip
def test_an_insert_that_fails_says_what_to_do_next_and_the_next_call_works(
    server: NativeBridge,
    connect: Callable[..., ClickHouseStore],
    fault: Fault,
    kind: type[StoreError],
    written: list[int],
) -> None:
    store = connect(timeout_s=1)
    store.execute("CREATE TABLE kept (a UInt32, b String) ENGINE = MergeTree ORDER BY a")
    server.faults.append(fault)
    with pytest.raises(kind) as raised:
        store.insert("kept", some(4))
    assert type(raised.value) is kind
    message = str(raised.value)
    assert "\n" not in message
    assert "stack" not in message.lower()
    if fault.action == "error":
        assert f"Code: {fault.code}. " in message
        assert fault.message in message
    else:
        assert server.address in message
    until(lambda: kept(store) == written)
    store.insert("kept", some(1, first=9))
    assert kept(store) == [*written, 9]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("query"), StoreBusy),
        (Fault("answer"), StoreBusy),
        (Fault("answer", "half"), StoreBusy),
        (Fault("answer", "garble"), StoreBusy),
        (Fault("answer", "delay", seconds=3), StoreBusy),
        (Fault("answer", "error", 241), StoreBusy),
        (Fault("answer", "error", 47), StoreRefused),
    ],
)
@pytest.mark.parametrize("compression", ["lz4", "none"])
def test_a_question_that_fails_says_what_to_do_next_and_the_next_one_is_answered(
    server: NativeBridge,
    connect: Callable[..., ClickHouseStore],
    fault: Fault,
    kind: type[StoreError],
    compression: str,
) -> None:
    store = connect(timeout_s=1, compression=compression)
    question = "SELECT number AS a, 'text' AS b FROM numbers(1000)"
    asked: list[Callable[[], object]] = [
        lambda: store.query(question),
        lambda: list(store.stream(question)),
    ]
    for ask in asked:
        server.faults.append(fault)
        with pytest.raises(kind) as raised:
            ask()
        assert type(raised.value) is kind
        assert "\n" not in str(raised.value)
        assert store.query(question).num_rows == 1000


@pytest.mark.parametrize("fault", [Fault("connect"), Fault("hello"), Fault("hello", "error", 202)])
def test_a_server_that_is_just_starting_is_busy(
    server: NativeBridge, connect: Callable[..., ClickHouseStore], fault: Fault
) -> None:
    server.faults.append(fault)
    with pytest.raises(StoreBusy):
        connect()
    assert rows(connect().query("SELECT 1 AS one")) == [{"one": 1}]


def test_what_the_driver_logs_stays_unsaid(
    server: NativeBridge, remote: ClickHouseStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.faults.append(Fault("query"))
    with pytest.raises(StoreBusy):
        remote.execute("SELECT 1")
    assert not [record for record in caplog.records if record.name.startswith("clickhouse_driver")]


# --- who may ---


@pytest.mark.parametrize(
    ("user", "password"), [("ann", "wrong-pass"), ("ann", ""), ("bob", SECRET)]
)
def test_a_password_that_is_wrong_is_refused_and_never_told(
    connect: Callable[..., ClickHouseStore], server: NativeBridge, user: str, password: str
) -> None:
    with pytest.raises(StoreRefused) as raised:
        connect(user=user, password=SecretStr(password))
    message = str(raised.value)
    assert f"user '{user}'" in message
    assert server.address in message
    assert "BACKLINKS_STORE__PASSWORD" in message
    assert not password or password not in message


def test_a_password_is_read_from_its_file(
    connect: Callable[..., ClickHouseStore], tmp_path: Path
) -> None:
    (tmp_path / "password").write_text(f"{SECRET}\n")
    store = connect(user="ann", password_file=str(tmp_path / "password"))
    assert rows(store.query("SELECT 1 AS one")) == [{"one": 1}]


def test_a_store_does_not_show_its_password(connect: Callable[..., ClickHouseStore]) -> None:
    store = connect(user="ann", password=SecretStr(SECRET))
    assert SECRET not in f"{store!r} {store.settings!r}"


# --- TLS ---


class Authority:
    """One that signs certificates for 127.0.0.1, good for an hour."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.directory, self._key = directory, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
        basic = x509.BasicConstraints(ca=True, path_length=None)
        self._own = self._signed(self._name, self._key, basic, critical=True)
        self.file = directory / "ca.pem"
        self.file.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))

    def server(self, address: str = "127.0.0.1") -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "server")])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        certificate = self._signed(name, key, names, critical=False)
        file = self.directory / f"{address}.pem"
        file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        extension: x509.ExtensionType,
        critical: bool,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=name,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - datetime.timedelta(minutes=5),
            not_valid_after=now + datetime.timedelta(hours=1),
        )
        builder = builder.add_extension(extension, critical=critical)
        builder = builder.add_extension(key_id, critical=False)
        builder = builder.add_extension(issuer, critical=False)
        return builder.sign(self._key, hashes.SHA256())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca")


def test_tls_is_spoken_to_a_server_of_a_trusted_authority(
    store_directory: Path, connect: Callable[..., ClickHouseStore], authority: Authority
) -> None:
    with NativeBridge(store_directory, tls=authority.server()) as secure:
        store = connect(secure.address, tls=True, tls_ca=str(authority.file))
        store.execute("CREATE TABLE kept (a UInt32, b String) ENGINE = MergeTree ORDER BY a")
        store.insert("kept", some(20_000))
        assert kept(store) == list(range(20_000))
        batches = store.stream("SELECT number FROM numbers(200000)")
        assert sum(batch.num_rows for batch in batches) == 200_000
        store.close()


def test_a_certificate_of_an_unknown_authority_is_refused(
    store_directory: Path,
    connect: Callable[..., ClickHouseStore],
    authority: Authority,
    tmp_path: Path,
) -> None:
    other = Authority(tmp_path / "other")
    with NativeBridge(store_directory, tls=authority.server()) as secure:
        for trusted in (str(other.file), ""):
            with pytest.raises(StoreRefused, match=r"not trusted .*store\.tls_ca"):
                connect(secure.address, tls=True, tls_ca=trusted)
        assert secure.queries == []


def test_a_certificate_for_another_host_is_refused(
    store_directory: Path, connect: Callable[..., ClickHouseStore], authority: Authority
) -> None:
    with (
        NativeBridge(store_directory, tls=authority.server("192.0.2.7")) as secure,
        pytest.raises(StoreRefused, match="not trusted"),
    ):
        connect(secure.address, tls=True, tls_ca=str(authority.file))


def test_tls_to_a_server_without_it_is_busy_and_says_where(
    server: NativeBridge, connect: Callable[..., ClickHouseStore], authority: Authority
) -> None:
    with pytest.raises(StoreBusy, match=server.address):
        connect(tls=True, tls_ca=str(authority.file), connect_s=1)


def test_tls_to_a_port_that_answers_in_plain_text_is_refused_with_the_setting(
    connect: Callable[..., ClickHouseStore], authority: Authority
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        port = plain.getsockname()[1]

        def answer() -> None:
            connection, _ = plain.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"\x02\x65\x00\x00\x00 Unexpected packet from client")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(StoreRefused, match=r"speaks no TLS.*store\.tls"):
            connect(f"127.0.0.1:{port}", tls=True, tls_ca=str(authority.file), connect_s=2)
        thread.join()


def test_a_file_of_authorities_that_is_missing_is_named(
    connect: Callable[..., ClickHouseStore], tmp_path: Path
) -> None:
    with pytest.raises(StoreRefused, match=r"none\.pem.*store\.tls_ca"):
        connect(tls=True, tls_ca=str(tmp_path / "none.pem"))
