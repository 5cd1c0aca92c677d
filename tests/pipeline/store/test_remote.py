"""The private socket: what the holder answers, and to whom."""

from __future__ import annotations

import errno
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.errors import StoreBusy, StoreRefused
from pipeline.store import rows
from pipeline.store.chdb import ChdbStore
from pipeline.store.remote import RemoteStore, Server

NOBODY = 65_534


@pytest.fixture
def server(store: ChdbStore) -> Iterator[Server]:
    store.execute("CREATE TABLE kept (n UInt64, text String) ENGINE = MergeTree ORDER BY n")
    store.execute("INSERT INTO kept SELECT number, toString(number) FROM numbers(200000)")
    serving = Server(store.read_only, store.insert)
    yield serving
    serving.close()


@pytest.fixture
def remote(server: Server) -> Iterator[RemoteStore]:
    asking = RemoteStore(server.path)
    yield asking
    asking.close()


def test_the_socket_is_only_its_owners(server: Server) -> None:
    assert server.path.parent.stat().st_mode & 0o777 == 0o700
    assert server.path.stat().st_mode & 0o777 == 0o600


def test_the_rows_are_those_of_the_store_itself(store: ChdbStore, remote: RemoteStore) -> None:
    for question in (
        "SELECT * FROM kept ORDER BY n",
        "SELECT n % 3 AS third, count() AS c FROM kept GROUP BY third ORDER BY third",
        "SELECT 1 AS one WHERE 0",
        "SELECT [1, 2] AS list, NULL AS nothing, 'é\\t' AS text, now() > 0 AS yes",
    ):
        assert rows(remote.query(question)) == rows(store.query(question))
    found = pa.Table.from_batches(remote.stream("SELECT * FROM kept ORDER BY n"))
    assert found.num_rows == 200_000


def test_columns_are_those_of_the_store_itself(store: ChdbStore, remote: RemoteStore) -> None:
    asked, given = "SELECT *, {a:String} AS a FROM kept WHERE 0", {"a": "x"}
    assert remote.columns(asked, given) == store.columns(asked, given)
    assert remote.columns(asked, given).names == ["n", "text", "a"]
    assert rows(remote.query("SELECT 1 AS one")) == [{"one": 1}]


def test_parameters_travel(remote: RemoteStore) -> None:
    found = remote.query(
        "SELECT {a:String} AS a, {b:Array(String)} AS b, {c:UInt64} AS c",
        {"a": "it's\t\\", "b": ["x'", "\n"], "c": 2**63},
    )
    assert rows(found) == [{"a": "it's\t\\", "b": ["x'", "\n"], "c": 2**63}]


def test_errors_come_as_they_are_there(remote: RemoteStore) -> None:
    with pytest.raises(StoreRefused, match="no_such_table"):
        remote.query("SELECT * FROM no_such_table")
    with pytest.raises(StoreBusy):
        remote.query("SELECT sleep(1) SETTINGS max_execution_time = 0.01")
    assert rows(remote.query("SELECT count() AS n FROM kept")) == [{"n": 200_000}]


def test_writes_are_refused(store: ChdbStore, remote: RemoteStore) -> None:
    for statement in ("DROP TABLE kept", "INSERT INTO kept VALUES (1, '')", "SET readonly = 0"):
        with pytest.raises(StoreRefused):
            remote.execute(statement)
    with pytest.raises(StoreRefused, match="only be read"):
        remote.insert("kept", pa.table({"n": [1]}))
    assert rows(store.query("SELECT count() AS n FROM kept")) == [{"n": 200_000}]


def test_what_people_say_is_added_by_the_holder(remote: RemoteStore) -> None:
    said = pa.table(
        {"domain": [f"d{n:04}.example" for n in range(1_200)], "note": ["\u4f60\t'" * 150] * 1_200}
    )
    remote.insert("labels", said)
    found = remote.query("SELECT domain, note FROM labels ORDER BY domain")
    assert found.to_pydict() == said.to_pydict()
    with pytest.raises(StoreRefused, match="no_such"):
        remote.insert("labels", pa.table({"no_such": [1]}))
    assert rows(remote.query("SELECT count() AS n FROM labels")) == [{"n": 1_200}]


def test_an_answer_that_was_not_read_to_its_end_is_not_taken_for_the_next(
    remote: RemoteStore,
) -> None:
    batches = remote.stream("SELECT n FROM kept ORDER BY n")
    assert next(batches).num_rows
    batches.close()  # type: ignore[attr-defined]
    assert rows(remote.query("SELECT 'next' AS answer")) == [{"answer": "next"}]


def test_several_readers_are_answered_at_once(server: Server) -> None:
    found: list[int] = []

    def ask(number: int) -> None:
        asking = RemoteStore(server.path)
        question = "SELECT count() AS found FROM kept WHERE n < {limit:UInt64}"
        found.append(rows(asking.query(question, {"limit": number}))[0]["found"])
        asking.close()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(6))


def test_a_holder_that_went_away_is_busy(server: Server) -> None:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path = server.path.with_name("gone.sock")
    listening.bind(str(path))
    listening.listen(1)
    asking = RemoteStore(path)
    listening.accept()[0].close()
    with pytest.raises(StoreBusy, match="went away"):
        asking.query("SELECT 1")
    listening.close()
    with pytest.raises(StoreBusy, match="went away"):
        asking.query("SELECT 1")
    asking.close()


def test_nobody_listens_after_the_end(store: ChdbStore) -> None:
    serving = Server(store.read_only, store.insert)
    serving.close()
    assert not serving.path.parent.exists()
    with pytest.raises(OSError):
        RemoteStore(serving.path)


@pytest.mark.parametrize(
    "sent",
    [b"", b"\x00", struct.pack(">Q", 1 << 60), struct.pack(">Q", 3) + b"\xc1\xc1\xc1"],
    ids=["nothing", "half a size", "a huge size", "no question"],
)
def test_whatever_is_sent_the_next_is_answered(server: Server, sent: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as raw:
        raw.connect(str(server.path))
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(1000):
            pass
    asking = RemoteStore(server.path)
    assert rows(asking.query("SELECT 1 AS one")) == [{"one": 1}]
    asking.close()


def test_a_store_that_cannot_be_opened_says_why() -> None:
    def refuse() -> ChdbStore:
        raise StoreRefused("no database")

    serving = Server(refuse, lambda table, rows: None)
    asking = RemoteStore(serving.path)
    with pytest.raises(StoreRefused, match="no database"):
        asking.query("SELECT 1")
    asking.close()
    serving.close()


@pytest.mark.skipif(os.getuid() != 0, reason="only root may run as another user")
def test_another_user_is_refused_even_where_the_folder_lets_them_in(server: Server) -> None:
    code = (
        "import os, socket, sys\n"
        f"os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)\n"
        "try:\n"
        "    s.connect(sys.argv[1])\n"
        "    print('in', s.recv(10))\n"
        "except PermissionError:\n"
        "    print('shut out')\n"
    )

    def as_nobody(path: Path) -> str:
        command = [sys.executable, "-c", code, str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert as_nobody(server.path) == "shut out"
    server.path.parent.chmod(0o755)
    server.path.chmod(0o666)
    assert as_nobody(server.path) == "in b''", "the connection is closed without an answer"


class Starved(socket.socket):
    """Its process has no descriptor left when somebody comes first."""

    refused = 0

    def accept(self) -> Any:
        if Starved.refused < 2:
            Starved.refused += 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_who_comes_while_no_descriptor_is_left_is_answered_later(
    store: ChdbStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.store.remote.socket.socket", Starved)
    serving = Server(store.read_only, store.insert)
    remote = RemoteStore(serving.path)
    try:
        assert rows(remote.query("SELECT 1 AS one")) == [{"one": 1}]
    finally:
        remote.close()
        serving.close()
    assert Starved.refused == 2


def test_a_long_path_for_temporary_files_is_no_socket_of_ours(
    store: ChdbStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 80)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    serving = Server(store.read_only, store.insert)
    RemoteStore(serving.path).close()
    serving.close()
    assert not serving.path.parent.exists()
