"""Statements that anybody may have written: what they are let do, by the engine's own parser."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StoreRefused, UsageError
from pipeline.store import Literal, rows
from pipeline.store.asked import bound, declared, only_reads, parsed
from tests.support.stores import AnyStore

READ = [
    "SELECT 1",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "SELECT 1 INTERSECT SELECT 1",
    "-- a comment\nWITH 1 AS one SELECT one",
    "FROM links SELECT count()",
    "SELECT * FROM backlinks(domain = 'example.org')",
    "SELECT number FROM numbers(3) WHERE number IN (SELECT 1)",
    "SELECT * FROM view(SELECT 1)",
    "SELECT 'FROM file(1)' AS text, '\nINTO OUTFILE x' AS more",
    "SELECT count() FROM links SETTINGS max_threads = 1",
    "SELECT format('{}', 'url')",
    "SHOW TABLES", "DESCRIBE TABLE links", "EXISTS TABLE links", "EXPLAIN SELECT 1",
    "SHOW CREATE TABLE links",
]  # fmt: skip
CHANGE = [
    "INSERT INTO links SELECT * FROM links", "DROP TABLE links", "TRUNCATE TABLE links",
    "ALTER TABLE links DELETE WHERE 1", "CREATE TABLE x (a Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE x (a Int8)", "SET readonly = 0", "  -- SELECT\n DROP TABLE links",
    "SYSTEM SHUTDOWN", "OPTIMIZE TABLE links", "KILL QUERY WHERE 1", "USE system",
    "INSERT INTO FUNCTION file('x.csv') SELECT 1", "RENAME TABLE links TO kept",
    "GRANT SELECT ON *.* TO default", "DETACH TABLE links", "BACKUP TABLE links TO File('x')",
]  # fmt: skip
OUTSIDE = [
    "SELECT * FROM file('/etc/passwd', LineAsString)",
    "SELECT file('/etc/passwd')",
    "SELECT FILE('/etc/passwd')",
    "SELECT count() FROM links WHERE source_path = file('/etc/passwd')",
    "SELECT * FROM url('http://example.org/', LineAsString)",
    "SELECT 1 IN url('http://example.org/')",
    "SELECT * FROM s3('http://example.org/bucket/key', 'CSV')",
    "SELECT * FROM remote('example.org', system.one)",
    "SELECT * FROM cluster('x', system.one)",
    "SELECT * FROM executable('x', 'TSV', 'a String')",
    "SELECT * FROM mysql('example.org:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('example.org:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('/tmp/x', 'y')",
    "SELECT * FROM mongodb('example.org:1', 'a', 'b', 'c', 'd', 'a UInt8')",
    "SELECT * FROM hdfs('hdfs://example.org:1/a', 'LineAsString')",
    "SELECT * FROM filesystem('/')",
    "SELECT * FROM eval('SELECT 1')",
    "SELECT * FROM python(os)",
    "SELECT * FROM icebergLocal('/tmp')",
    "WITH a AS (SELECT * FROM url('http://example.org/')) SELECT 1 FROM a",
    "SELECT 1 FROM numbers(3) AS n JOIN file('/etc/passwd') AS f ON 1 = 1",
    "SELECT (SELECT 1 FROM url('http://example.org/'))",
    "SELECT 1 UNION ALL SELECT 1 FROM url('http://example.org/')",
    "SELECT * FROM view(SELECT * FROM file('/etc/passwd'))",
    "EXPLAIN SELECT * FROM url('http://example.org/')",
    "DESCRIBE TABLE url('http://example.org/')",
    "SELECT 'x\n  Function' FROM file('/etc/passwd')",
    "SELECT aiGenerate('x')",
]  # fmt: skip


@pytest.mark.engine
@pytest.mark.parametrize("text", READ)
def test_what_reads_the_store_alone_is_let(shared_store: AnyStore, text: str) -> None:
    statement = parsed(shared_store, text)
    only_reads(shared_store, statement, {})
    shared_store.query(statement)


@pytest.mark.engine
@pytest.mark.parametrize("text", CHANGE)
def test_what_changes_anything_is_not_let(shared_store: AnyStore, text: str) -> None:
    with pytest.raises(UsageError, match=r"only reads; .* --write"):
        only_reads(shared_store, parsed(shared_store, text), {}, outside=True)


@pytest.mark.engine
@pytest.mark.parametrize("text", OUTSIDE)
def test_what_reaches_files_or_servers_is_let_where_it_is_said(
    shared_store: AnyStore, text: str
) -> None:
    statement = parsed(shared_store, text)
    with pytest.raises(UsageError, match=r"\(\) reaches beyond the index, .* --outside"):
        only_reads(shared_store, statement, {})
    only_reads(shared_store, statement, {}, outside=True)


@pytest.mark.engine
def test_every_function_of_the_engine_that_reads_rows_is_outside_or_known(
    shared_store: AnyStore,
) -> None:
    """A newer engine's are outside until somebody looked."""
    found = rows(shared_store.query("SELECT name FROM system.table_functions"))
    let = []
    for name in (row["name"] for row in found):
        try:
            only_reads(shared_store, f"SELECT * FROM {name}()", {})
            let.append(name)
        except UsageError:
            continue
        except StoreRefused:  # it takes no such arguments: `view` and the like
            let.append(name)
    assert set(let) <= {
        "format", "generateRandom", "generateSeries", "generate_series", "loop", "merge", "null",
        "numbers", "numbers_mt", "primes", "SQLStandardValues", "values", "view", "viewExplain",
        "viewIfPermitted", "zeros", "zeros_mt",
    }  # fmt: skip


@pytest.mark.engine
@pytest.mark.parametrize("text", ["SELECT 1 INTO OUTFILE 'x.csv'", "SHOW TABLES INTO OUTFILE 'x'"])
def test_no_file_is_written_by_a_question(
    shared_store: AnyStore, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="-o FILE"):
        only_reads(shared_store, parsed(shared_store, text), {}, outside=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.engine
def test_a_format_is_asked_for_by_an_option(shared_store: AnyStore) -> None:
    with pytest.raises(UsageError, match="--csv, --json"):
        only_reads(shared_store, parsed(shared_store, "SELECT 1 FORMAT JSON"), {})


@pytest.mark.engine
@pytest.mark.parametrize("text", ["SELECT 1; SELECT 2", "SELECT 1; DROP TABLE links", "SELECT 1 +"])
def test_one_statement_is_parsed_and_nothing_else(shared_store: AnyStore, text: str) -> None:
    with pytest.raises(StoreRefused, match="yntax error"):
        parsed(shared_store, text)


# --- parameters ---

TYPES = [
    ("String", "it's \\ a\ttab\nand {x:UInt8}", "it's \\ a\ttab\nand {x:UInt8}"),
    ("UInt8", "255", 255),
    ("Float64", "1e3", 1000.0),
    ("Bool", "true", True),
    ("Array(String)", r"['a', 'b\'c', 'd\\e']", ["a", "b'c", "d\\e"]),
    ("Array(Nullable(UInt8))", "[1, NULL]", [1, None]),
    ("Nullable(UInt8)", "NULL", None),
    ("Nullable(String)", r"\N", None),
    ("Nullable(String)", "text", "text"),
    ("LowCardinality(String)", "NULL", "NULL"),
]


@pytest.mark.parametrize(("kind", "given", "value"), TYPES)
def test_a_parameter_of_any_type_arrives(
    shared_store: AnyStore, kind: str, given: str, value: object
) -> None:
    statement = f"SELECT {{x:{kind}}} AS x"
    found = rows(shared_store.query(statement, bound(statement, [("x", given)])))
    assert found == [{"x": value}]


@pytest.mark.parametrize(
    ("kind", "given"),
    [("Date", "2026-01-02"), ("DateTime", "2026-01-02 03:04:05"),
     ("UUID", "61f0c404-5cb3-11e7-907b-a6006ad3dba0"),
     ("DateTime64(3, 'UTC')", "2026-01-02 03:04:05.678"), ("Enum8('a' = 1, 'b' = 2)", "b"),
     ("Decimal(9, 2)", "1.25"), ("IPv4", "192.0.2.1"), ("Map(String, UInt8)", "{'a':1}"),
     ("Tuple(String, UInt8)", "('a',1)")],
)  # fmt: skip
def test_the_engine_writes_it_as_it_was_given(
    shared_store: AnyStore, kind: str, given: str
) -> None:
    statement = f"SELECT toString({{x:{kind}}}) AS x"
    found = rows(shared_store.query(statement, bound(statement, [("x", given)])))
    assert found == [{"x": given}]


def test_parameters_are_found_where_the_engine_finds_them() -> None:
    text = (
        "SELECT {a:Array(String)}, '{b:UInt8}', `{c:UInt8}`, {d:DateTime64(3, 'UTC')}, \"{e:Int8}\""
    )
    assert declared(text) == {"a": "Array(String)", "d": "DateTime64(3, 'UTC')"}


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_a_parameter_in_a_text_is_none(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    assert declared(f"SELECT '{quoted}', {{x:UInt8}}") == {"x": "UInt8"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "asks for x, a UInt8; give it with -p x VALUE"),
        ([("y", "1")], "has no {y:...}; it has x"),
        ([("x", "1"), ("x", "2")], "given twice"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(given: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        bound("SELECT {x:UInt8}", given)
    assert said in str(raised.value)


def test_none_is_none_only_where_it_may_be() -> None:
    assert type(bound("SELECT {x:Nullable(String)}", [("x", "NULL")])["x"]) is Literal
    assert type(bound("SELECT {x:String}", [("x", "NULL")])["x"]) is str
