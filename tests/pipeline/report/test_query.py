"""`backlinks sql` as its user runs it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.report.query import plainly
from pipeline.settings import SqlSettings
from pipeline.store.directory import open_to_read
from tests.pipeline.store.test_directory import holder
from tests.support.command import Ran, backlinks, start
from tests.support.waiting import PATIENCE_S, until

ENDLESS = "SELECT uniqExact(number % 1000) FROM numbers(1000000000000)"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("asking") / "data"
    assert backlinks("admin", "migrate", data=made).code == 0
    return made


def line(ran: Ran, code: int) -> str:
    assert ran.code == code, ran.err
    assert ran.out == ""
    assert ran.err.count("\n") == 1, ran.err
    return ran.err


def test_a_query_comes_from_stdin_or_from_a_file(data: Path, tmp_path: Path) -> None:
    query = "-- how many\nSELECT {n:UInt8} AS n, 'it''s' AS text;\n"
    (tmp_path / "q.sql").write_text(query)
    for given in ("-", f"@{tmp_path / 'q.sql'}"):
        ran = backlinks("sql", given, "-p", "n", 7, "--json", data=data, stdin=query)
        assert json.loads(ran.out) == [{"n": 7, "text": "it's"}], ran.err


def test_a_file_that_is_not_there_is_named(data: Path, tmp_path: Path) -> None:
    said = line(backlinks("sql", f"@{tmp_path / 'no.sql'}", data=data), 2)
    assert f"can't read the query from {tmp_path / 'no.sql'}: No such file" in said
    (tmp_path / "odd.sql").write_bytes(b"SELECT '\xff'")
    assert "not UTF-8" in line(backlinks("sql", f"@{tmp_path / 'odd.sql'}", data=data), 2)
    assert "there is no query" in line(backlinks("sql", "-", data=data), 2)


def test_it_shows_what_the_store_does_not_stream(data: Path) -> None:
    assert backlinks("sql", "SHOW TABLES LIKE 'marks'", data=data).out == "name\nmarks\n"
    ran = backlinks("sql", "DESCRIBE TABLE marks", data=data)
    assert ran.out.startswith("name,type,")


def test_it_writes_where_it_is_told_to(data: Path) -> None:
    statement = "INSERT INTO marks (job, version, mark) SELECT {j:String}, 1, 2"
    assert "--write" in line(backlinks("sql", statement, "-p", "j", "x", data=data), 2)
    assert backlinks("sql", statement, "-p", "j", "x", "--write", data=data).code == 0
    ran = backlinks("sql", "SELECT job, mark FROM marks", data=data)
    assert ran.out == "job,mark\nx,2\n"
    said = line(backlinks("sql", "--write", "INSERT INTO marks VALUES ('y', 1, 2)", data=data), 2)
    assert "INSERT INTO ... SELECT" in said
    assert "Multi" not in line(backlinks("sql", "--write", "SELECT 1; SELECT 2", data=data), 1)


@pytest.fixture
def held(data: Path) -> Iterator[None]:
    """Another process has it, and answers."""
    with holder(data, "run"):
        yield


@pytest.mark.usefixtures("held")
def test_nothing_is_written_beside_the_process_that_holds_the_store(data: Path) -> None:
    said = line(backlinks("sql", "--write", "TRUNCATE TABLE marks", data=data), 1)
    assert "is held by process" in said
    assert "backlinks run" in said
    ran = backlinks(
        "sql", "SELECT {a:Array(String)} AS a", "-p", "a", r"['b\'c']", "--json", data=data
    )
    assert json.loads(ran.out) == [{"a": ["b'c"]}]
    limited = {"BACKLINKS_SQL__TIME_S": "1"}
    assert "sql.time_s" in line(backlinks("sql", ENDLESS, data=data, environment=limited), 1)


def test_limits_stop_a_question_and_say_which(data: Path) -> None:
    for setting, value, query in (
        ("TIME_S", "1", ENDLESS),
        ("MEMORY_BYTES", "20000000", "SELECT groupArray(number) FROM numbers(100000000)"),
        ("ROWS", "10", "SELECT * FROM numbers(1000000)"),
    ):
        limited = {f"BACKLINKS_SQL__{setting}": value}
        ran = backlinks("sql", query, "-o", data.parent / "x.csv", data=data, environment=limited)
        assert f"sql.{setting.lower()} allows more" in line(ran, 1)


def test_what_is_not_limited_is_left_to_the_engine() -> None:
    assert SqlSettings(time_s=0, memory_bytes=0).limits() == {}
    assert SqlSettings(memory_bytes=10, time_s=3, rows=5, threads=2).limits() == {
        "max_execution_time": 3, "max_memory_usage": 10, "max_result_rows": 5, "max_threads": 2,
        "max_bytes_before_external_group_by": 5, "max_bytes_before_external_sort": 5,
    }  # fmt: skip


def test_ctrl_c_stops_the_query(data: Path, tmp_path: Path) -> None:
    with start("sql", ENDLESS, data=data, says=tmp_path / "says") as process:
        until(lambda: busy(process.pid), "it did not begin", process)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE_S) == 1
    assert (tmp_path / "says").read_text().splitlines() == ["backlinks: interrupted"]


def busy(pid: int) -> bool:
    """It has computed for a second: it is in the query."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]) > 300


@pytest.mark.usefixtures("held")
def test_who_goes_stops_what_it_asked_of_another_process(data: Path, tmp_path: Path) -> None:
    running = "SELECT countIf(query LIKE '%uniqExact(number%' AND query NOT LIKE '%LIKE%') AS n"
    running += " FROM system.processes"
    store, close = open_to_read(data, "this test")

    def wait_for(count: int) -> None:
        until(lambda: store.query(running)["n"].to_pylist() == [count], f"not {count} running")

    try:
        with start("sql", ENDLESS, data=data, says=tmp_path / "says") as process:
            wait_for(1)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=PATIENCE_S) == 1
            wait_for(0)
    finally:
        close()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT 1\n FRM x", "can't read the query at line 2, column 6: near 'x'; expected "),
        ("SELECT 'é' +", "can't read the query at line 1, column 12: near '+'; expected "),
        ("SELECT 1;\nSELECT 2", "at line 1, column 9: one statement at a time"),
        ("SELECT 1 AS x, 'x", "at line 1, column 16: a quote is not closed"),
        ("SELECT nosuch FROM links", "the store says: Unknown expression identifier `nosuch`"),
    ],
)
def test_an_error_of_the_engine_is_one_line_with_its_place(
    data: Path, query: str, said: str
) -> None:
    told = line(backlinks("sql", query, data=data), 1)
    assert said in told
    assert not any(noise in told for noise in ("Code:", "DB::", "(version", "formatQuery"))


@pytest.mark.parametrize(
    "message", ["", "x", "Code: 62. DB::Exception: Syntax error", "position 9: "]
)
def test_any_message_is_told(message: str) -> None:
    assert plainly(message, "SELECT 1")
