"""The embedded store: parameters, column inserts, streaming, errors."""

from __future__ import annotations

import string
import threading

import pyarrow as pa
import pytest
from chdb.session import Session
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreBusy, StoreError, StoreFull, StoreRefused
from pipeline.store import rows
from pipeline.store.chdb import ChdbStore
from pipeline.store.failures import translate
from tests.support.stores import AnyStore

# Any text but lone surrogates, which are no Unicode and stop at the page record already.
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text(
    st.sampled_from("'\"\\\t\n\r\0\b\f\a\v,[]{}:N%?$ é漢🙂\u2028"), max_size=12
)
_shared = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_shared
@given(_text)
@example("\\N")
@example("\\x41")
@example("NULL")
@example("{text:String}")
def test_any_text_comes_back_from_a_parameter(shared_store: AnyStore, text: str) -> None:
    found = rows(shared_store.query("SELECT {text:String} AS text", {"text": text}))
    assert found == [{"text": text}]


@_shared
@given(st.lists(_text, max_size=6))
@example([])
@example([""])
@example(["\\", "'", "\\'", "a','b"])
def test_any_texts_come_back_from_an_array_parameter(
    shared_store: AnyStore, texts: list[str]
) -> None:
    found = rows(shared_store.query("SELECT {texts:Array(String)} AS texts", {"texts": texts}))
    assert found == [{"texts": texts}]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("UInt64", 2**64 - 1),
        ("Int64", -(2**63)),
        ("Float64", 0.1),
        ("UInt8", 0),
        ("Array(UInt64)", [1, 2**64 - 1]),
        ("Array(UInt8)", []),
    ],
)
def test_numbers_come_back_from_parameters(
    shared_store: AnyStore, kind: str, value: int | float | list[int]
) -> None:
    found = rows(shared_store.query(f"SELECT {{value:{kind}}} AS value", {"value": value}))
    assert found == [{"value": value}]


def test_a_claim_comes_back_as_a_number(shared_store: AnyStore) -> None:
    assert rows(shared_store.query("SELECT {yes:UInt8} AS yes", {"yes": True})) == [{"yes": 1}]


def test_a_parameter_is_never_taken_for_sql(shared_store: AnyStore) -> None:
    hostile = "'; DROP TABLE links; --"
    found = shared_store.query("SELECT {d:String} = {d:String} AS same", {"d": hostile})
    assert rows(found) == [{"same": 1}]
    assert shared_store.query("SELECT count() AS n FROM links").num_rows == 1


@_shared
@given(st.lists(st.tuples(_text, st.integers(0, 2**64 - 1), st.lists(_text, max_size=3))))
def test_columns_come_back_as_they_were_inserted(
    shared_store: AnyStore, values: list[tuple[str, int, list[str]]]
) -> None:
    shared_store.execute(
        "CREATE OR REPLACE TABLE kept (n UInt32, text String, number UInt64, texts Array(String)) "
        "ENGINE = Memory"
    )
    table = pa.table(
        {
            "texts": pa.array([texts for _, _, texts in values], pa.list_(pa.string())),
            "n": pa.array(range(len(values)), pa.uint32()),
            "text": pa.array([text for text, _, _ in values], pa.string()),
            "number": pa.array([number for _, number, _ in values], pa.uint64()),
        }
    )
    shared_store.insert("kept", table)
    found = rows(shared_store.query("SELECT text, number, texts FROM kept ORDER BY n"))
    assert [(row["text"], row["number"], row["texts"]) for row in found] == values


def test_columns_that_are_left_out_get_their_defaults(store: AnyStore) -> None:
    store.execute("CREATE TABLE kept (a UInt8, b String DEFAULT 'none') ENGINE = Memory")
    store.insert("kept", pa.table({"a": pa.array([1], pa.uint8())}))
    assert rows(store.query("SELECT * FROM kept")) == [{"a": 1, "b": "none"}]


@pytest.mark.parametrize("name", ["kept; DROP TABLE kept", "Kept", "", "kept`", "a b"])
def test_only_plain_names_are_inserted_into(store: AnyStore, name: str) -> None:
    with pytest.raises(StoreRefused, match="name"):
        store.insert(name, pa.table({"a": [1]}))
    with pytest.raises(StoreRefused, match="name"):
        store.insert("kept", pa.table({name: [1]}))


def test_a_large_answer_is_streamed_in_many_batches(shared_store: AnyStore) -> None:
    batches = list(
        shared_store.stream("SELECT number, toString(number) AS text FROM numbers(300000)")
    )
    assert len(batches) > 2
    table = pa.Table.from_batches(batches)
    assert table.column("number").to_pylist() == list(range(300_000))
    assert table.column("text").type == pa.string()


def test_an_answer_that_is_not_read_to_its_end_leaves_the_store_usable(
    shared_store: AnyStore,
) -> None:
    batches = shared_store.stream("SELECT number FROM numbers(10000000)")
    assert next(batches).num_rows
    batches.close()  # type: ignore[attr-defined]
    assert rows(shared_store.query("SELECT 1 AS one")) == [{"one": 1}]


def test_an_empty_answer_keeps_its_columns(shared_store: AnyStore) -> None:
    table = shared_store.query("SELECT 1 AS a, 'x' AS b WHERE 0")
    assert (table.num_rows, table.column_names) == (0, ["a", "b"])


TYPED = (
    "SELECT toUInt8(number) AS n, 'x' AS text, ['a'] AS list, map('a', 1) AS map, "
    "toDateTime64('2020-01-01 00:00:00', 3, 'UTC') AS at, toNullable(0.5) AS known, "
    "toLowCardinality('y') AS word, (1, 'b') AS pair, toDate('2020-01-01') AS day, "
    "CAST('a' AS Enum8('a' = 1)) AS named FROM numbers(1) -- and no more"
)


def test_a_short_answer_of_no_rows_is_a_batch_of_none(shared_store: AnyStore) -> None:
    """So that nobody has to ask a second time, for its columns."""
    asked = "SELECT number AS n, 'x' AS name FROM numbers({limit:UInt64}) WHERE n > 5"
    (batch,) = shared_store.stream(asked, {"limit": 5})
    assert (batch.num_rows, batch.schema.names) == (0, ["n", "name"])
    (batch,) = shared_store.stream(asked, {"limit": 7})
    assert batch.num_rows == 1


def test_columns_are_told_without_a_row_and_as_rows_have_them(shared_store: AnyStore) -> None:
    (batch,) = shared_store.stream(TYPED)
    assert shared_store.columns(TYPED) == batch.schema
    assert shared_store.columns("SELECT {n:UInt8} AS n", {"n": 1}).names == ["n"]


def test_columns_of_one_name_and_of_statements_that_are_no_subquery_are_told(
    shared_store: AnyStore,
) -> None:
    for asked in ("SELECT 1 AS a, a WHERE 0", "SHOW TABLES FROM system LIKE 'one'"):
        (name, *more) = shared_store.columns(asked).names
        assert name in ("a", "name")
        assert set(more) <= {"a"}


def test_low_cardinality_comes_as_plain_text(shared_store: AnyStore) -> None:
    table = shared_store.query("SELECT toLowCardinality('x') AS a")
    assert rows(table) == [{"a": "x"}]
    assert table.schema.field("a").type == pa.string()


def test_a_reading_session_can_read_and_cannot_write(store: AnyStore) -> None:
    store.execute("CREATE TABLE kept (a UInt8) ENGINE = Memory")
    reading = store.read_only()
    assert rows(reading.query("SELECT count() AS n FROM kept")) == [{"n": 0}]
    for statement in (
        "INSERT INTO kept VALUES (1)",
        "DROP TABLE kept",
        "CREATE TABLE other (a UInt8) ENGINE = Memory",
        "ALTER TABLE kept ADD COLUMN b UInt8",
        "SET readonly = 0",
        f"DROP DATABASE {store.database}",
    ):
        with pytest.raises(StoreRefused):
            reading.execute(statement)
    with pytest.raises(StoreRefused):
        reading.insert("kept", pa.table({"a": pa.array([1], pa.uint8())}))
    store.insert("kept", pa.table({"a": pa.array([1], pa.uint8())}))
    assert rows(reading.query("SELECT count() AS n FROM kept")) == [{"n": 1}]
    reading.close()


def test_threads_may_share_a_store(shared_store: AnyStore) -> None:
    found: list[int] = []

    def ask(number: int) -> None:
        answer = shared_store.query("SELECT {n:UInt32} + sleep(0.001) AS n", {"n": number})
        found.extend(int(row["n"]) for row in rows(answer))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(12))


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("SELEC 1", StoreRefused),
        ("SELECT * FROM no_such_table", StoreRefused),
        ("SELECT toUInt8('x')", StoreRefused),
        ("SELECT {a:String}", StoreRefused),
        ("SELECT sleep(1) SETTINGS max_execution_time = 0.01", StoreBusy),
        ("SELECT number, throwIf(number = 200000) FROM numbers(1000000)", StoreRefused),
        (
            "SELECT groupArray(toString(number)) FROM numbers(5000000) "
            "SETTINGS max_memory_usage = 1000000",
            StoreBusy,
        ),
    ],
)
def test_what_a_query_fails_of_says_what_to_do_next(
    shared_store: AnyStore, statement: str, kind: type[StoreError]
) -> None:
    with pytest.raises(kind) as raised:
        shared_store.query(statement)
    assert type(raised.value) is kind
    assert "\n" not in str(raised.value)
    assert rows(shared_store.query("SELECT 1 AS one")) == [{"one": 1}], "nothing is left behind"
    with pytest.raises(kind):
        list(shared_store.stream(statement))
    assert rows(shared_store.query("SELECT 1 AS one")) == [{"one": 1}]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Code: 252. DB::Exception: Too many parts (300)", StoreBusy),
        ("Code: 202. DB::Exception: Too many simultaneous queries", StoreBusy),
        ("Code: 209. DB::Exception: Timeout exceeded while reading from socket", StoreBusy),
        ("Code: 210. DB::Exception: Connection refused", StoreBusy),
        ("Code: 241. DB::Exception: (total) memory limit exceeded", StoreBusy),
        ("Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space", StoreFull),
        ("Code: 27. x: errno: 28, strerror: No space left on device", StoreFull),
        ("Code: 60. DB::Exception: Table x does not exist", StoreRefused),
        ("Code: 53. DB::Exception: Type mismatch", StoreRefused),
        ("something that has no code", StoreRefused),
    ],
)
def test_messages_become_busy_full_or_refused(message: str, kind: type[StoreError]) -> None:
    assert type(translate(message)) is kind


def test_full_is_busy_so_that_a_worker_waits_for_room() -> None:
    assert issubclass(StoreFull, StoreBusy)


@pytest.mark.embedded
def test_chdb_takes_several_sessions_on_one_directory(shared_store: AnyStore) -> None:
    """What the shared fixtures and the reading sessions stand on."""
    assert isinstance(shared_store, ChdbStore)
    other = Session(str(shared_store.directory))
    other.query("SELECT 1")
    other.close()
    assert rows(shared_store.query("SELECT 1 AS one")) == [{"one": 1}]


def test_a_tuple_in_a_simple_aggregate_is_kept_out_of_the_schema(store: AnyStore) -> None:
    """Read under FINAL by a dotted name, 26.9 answers wrongly (DESIGN section 5)."""
    found = store.query(
        "SELECT table, name, type FROM system.columns WHERE database = currentDatabase() "
        "AND type LIKE 'SimpleAggregateFunction%' "
        "AND NOT match(type, '^SimpleAggregateFunction.m(in|ax), (UInt|Nullable.UInt|String)')"
    )
    assert rows(found) == []
    tables = store.query(
        "SELECT count() AS n FROM system.columns WHERE database = currentDatabase() "
        "AND type LIKE 'SimpleAggregateFunction%'"
    )
    assert rows(tables)[0]["n"] > 10


SIXES = string.digits + string.ascii_uppercase + "_" + string.ascii_lowercase + "~"


def test_packed_integers_read_right_under_final(store: AnyStore) -> None:
    """The newest sighting wins with its own rel and place, merged or not."""
    key = {
        "target_domain": ["t.org"], "source_domain": ["s.org"], "source_host": ["s.org"],
        "source_path": ["/"], "target_host": ["t.org"], "target_path": ["/"], "kind": ["a"],
    }  # fmt: skip
    sightings = [(3, 5), (9, 1), (7, 6), (9, 0)]
    for at, rel in sightings:
        packed = (at + (1 << 40)) << 16 | rel
        sixes = "".join(SIXES[packed << 2 >> bits & 63] for bits in range(60, -1, -6))
        first = pa.array([at], pa.uint64())
        store.insert(
            "links", pa.table({**key, "first_seen": first, "look": [f"{sixes}{at} {rel}"]})
        )
        question = (
            "SELECT bitShiftRight(seen, 16) - 1099511627776 AS at, bitAnd(seen, 65535) AS rel, "
            "first_seen, anchor FROM links FINAL"
        )
        done = sightings[: sightings.index((at, rel)) + 1]
        newest = max(done)
        expected = {
            "at": newest[0], "rel": newest[1], "first_seen": min(at for at, _ in done),
            "anchor": f"{newest[0]} {newest[1]}",
        }  # fmt: skip
        assert rows(store.query(question)) == [expected]
    store.execute("OPTIMIZE TABLE links FINAL")
    assert rows(store.query(question)) == [expected]


def test_floats_in_an_array_are_numbers_as_they_were(store: AnyStore) -> None:
    numbers = [1.5, -1.0, 98.64900207519531, 1e-7]
    found = store.query("SELECT {a:Array(Float64)} AS a", {"a": numbers})
    assert rows(found)[0]["a"] == numbers
