"""ClickHouse's native protocol, the server's side of it, over chDB: a server that fails on demand.

What it answers is ClickHouse's own: statements run in chDB, blocks come and go as FORMAT Native.
What is added by hand is the protocol's frame, at the revision below, and the faults.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import lz4.block
from chdb import ChdbError
from chdb.session import Session
from clickhouse_cityhash.cityhash import CityHash128  # type: ignore[import-untyped]

from pipeline.errors import StoreRefused
from pipeline.store.native import column_of

REVISION = 54464  # parameters, layouts, profile events, times zones: all that the driver takes
_HELLO, _DATA, _EXCEPTION, _PONG, _END, _EVENTS = 0, 1, 2, 4, 5, 14
_ASKED, _QUERY, _BLOCK, _CANCEL, _PING = 0, 1, 2, 3, 4
_INSERT = re.compile(r"\s*INSERT INTO (\S+) \((.*?)\) (?:FORMAT Native|VALUES)\s*\Z", re.DOTALL)
_READS = re.compile(
    r"(?:\s|--[^\n]*\n|\()*(SELECT|WITH|SHOW|DESCRIBE|EXISTS|EXPLAIN|CHECK)\b", re.IGNORECASE
)
_CODE = re.compile(r"Code: (\d+)\. ?(?:DB::Exception: )?(.*)", re.DOTALL)
_engine = threading.Lock()  # chDB takes both cores for each question


class Fault(NamedTuple):
    """Happens once, or `times`.

    at: connect, hello, query, insert, before_insert, after_insert, half_insert, answer, in_data.
    action: drop, delay (`seconds`, or until the bridge closes), error (`code`), garble.
    """

    at: str
    action: str = "drop"
    code: int = 0
    seconds: float = 0.0
    message: str = "as the test wants it"
    times: int = 1


class _Cut(Exception):
    """The connection ends here."""


class _Failed(Exception):
    def __init__(self, code: int, message: str) -> None:
        self.code, self.message = code, message


class Query(NamedTuple):
    """What a client asked; `blocks`: rows in each block of an insert."""

    database: str
    text: str
    parameters: dict[str, str]
    settings: dict[str, str]
    compressed: bool


class NativeBridge:
    """Listens on loopback from `with` to its end. `users`: password by name."""

    def __init__(
        self,
        directory: Path,
        *,
        users: dict[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        revision: int = REVISION,
        port: int = 0,
    ) -> None:
        self.directory, self.tls, self.revision = directory, tls, revision
        self.users = users if users is not None else {"default": ""}
        self.faults: list[Fault] = []
        self.queries: list[Query] = []
        self.sent_rows: list[int] = []  # of each block of an insert
        self.connections = 0
        self._closing = threading.Event()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._sessions: dict[tuple[str, tuple[tuple[str, str], ...]], Session] = {}
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> NativeBridge:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for connection, thread in list(self._open.items()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()
        for session in self._sessions.values():
            session.close()

    def forget(self, database: str) -> None:
        """Ends the sessions of a database, once what they are asked now is answered."""
        with _engine:
            for key in [key for key in self._sessions if key[0] == database]:
                self._sessions.pop(key).close()

    def cut(self) -> None:
        """Ends all connections, as a restart does."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def meet(self, at: str) -> Fault | None:
        """The fault that waits at this point, carried out but for what only the caller can do."""
        return self.carry_out(self.next_fault(at))

    def next_fault(self, at: str) -> Fault | None:
        """Taken off the list: it happens, even if the list is cleared now."""
        for place, fault in enumerate(self.faults):
            if fault.at == at:
                left = fault._replace(times=fault.times - 1)
                self.faults[place : place + 1] = [left] if left.times else []
                return fault
        return None

    def carry_out(self, fault: Fault | None) -> Fault | None:
        if fault is not None and fault.action == "delay":
            self._closing.wait(fault.seconds)
        elif fault is not None and fault.action == "error":
            raise _Failed(fault.code, fault.message)
        elif fault is not None and fault.action == "drop":
            raise _Cut
        return fault

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._open[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        stream = connection
        try:
            self.meet("connect")
            if self.tls is not None:
                stream = self.tls.wrap_socket(connection, server_side=True)
            _Client(self, stream).serve()
        except (_Cut, OSError, EOFError):
            pass
        finally:
            self._open.pop(connection, None)
            stream.close()
            connection.close()

    def session(self, database: str, settings: dict[str, str]) -> Session:
        """Where the statements of connections with these settings run; kept."""
        key = (database, tuple(sorted(settings.items())))
        if key not in self._sessions:
            session = Session(str(self.directory))
            try:
                if database:
                    session.query(f"USE {database}")
                for name, value in settings.items():
                    session.query(f"SET {name} = '{value}'")
            except BaseException:
                session.close()
                raise
            self._sessions[key] = session
        return self._sessions[key]


class _Client:
    """One connection."""

    def __init__(self, bridge: NativeBridge, stream: socket.socket) -> None:
        self.bridge, self.socket = bridge, stream
        self.input = _Input(stream)
        self.revision = bridge.revision
        self.database = ""

    def serve(self) -> None:
        if not self._greet():
            return
        while True:
            kind = self.input.varint()
            if kind == _PING:
                self.socket.sendall(_varint(_PONG))
            elif kind == _QUERY:
                self._answer_query()
            elif kind != _CANCEL:
                raise _Cut

    def _greet(self) -> bool:
        read = self.input
        if read.varint() != _ASKED:
            raise _Cut
        read.text(), read.varint(), read.varint()
        self.revision = min(read.varint(), self.bridge.revision)
        self.database, user, password = read.text(), read.text(), read.text()
        try:
            self.bridge.meet("hello")
            if self.bridge.users.get(user) != password:
                raise _Failed(516, f"{user}: Authentication failed: password is incorrect")
            with _engine, _chdb_errors():
                self.bridge.session(self.database, {})
        except _Failed as error:
            self._send_exception(error)
            return False
        out = [
            _varint(_HELLO),
            _text("Bridge"),
            _varint(26),
            _varint(9),
            _varint(self.bridge.revision),
        ]
        out += [_text("Etc/UTC")] * (self.revision >= 54058) + [_text("bridge")] * (
            self.revision >= 54372
        )
        out += [_varint(2)] * (self.revision >= 54401) + [_varint(0)] * (self.revision >= 54461)
        out += [struct.pack("<Q", 7)] * (self.revision >= 54462)
        self.socket.sendall(b"".join(out))
        if self.revision >= 54458:
            read.text()  # quota key
        return True

    def _answer_query(self) -> None:
        query = self._read_query()
        self.bridge.queries.append(query)
        while self._read_block(query.compressed) is not None:
            pass  # external tables
        try:
            self.bridge.meet("query")
            insert = _INSERT.match(query.text)
            if insert is not None:
                self._take_rows(query, insert[1], insert[2])
            else:
                self._send_answer(query)
            self.socket.sendall(_varint(_END))
        except _Failed as error:
            self._send_exception(error)

    def _read_query(self) -> Query:
        read, revision = self.input, self.revision
        read.text()  # id
        read.one()  # kind
        read.text(), read.text(), read.text()
        if revision >= 54449:
            read.read(8)
        read.one()  # interface
        read.text(), read.text(), read.text(), read.varint(), read.varint(), read.varint()
        read.text()  # quota key
        if revision >= 54448:
            read.varint()
        if revision >= 54401:
            read.varint()
        if revision >= 54442:
            assert read.one() == 0  # no trace
        if revision >= 54453:
            read.varint(), read.varint(), read.varint()
        settings = self._read_settings()
        if revision >= 54441:
            read.text()
        read.varint()  # stage
        compressed, text = bool(read.varint()), read.text()
        quoted = self._read_settings() if revision >= 54459 else {}
        parameters = {name: _unquoted(value) for name, value in quoted.items()}
        return Query(self.database, text, parameters, settings, compressed)

    def _read_settings(self) -> dict[str, str]:
        found = {}
        while name := self.input.text():
            self.input.one()
            found[name] = self.input.text()
        return found

    def _read_block(self, compressed: bool) -> tuple[int, bytes] | None:
        """Rows and the block as FORMAT Native has it; None for the one that ends them."""
        if self.input.varint() != _BLOCK:
            raise _Cut
        self.input.text()
        source = _Input(_Frames(self.input)) if compressed else self.input
        _read_information(source)
        columns, count = source.varint(), source.varint()
        out = [_varint(columns), _varint(count)]
        for _ in range(columns):
            out.append(_column(source, count, has_layout=self.revision >= 54454, layout=False))
        if compressed:
            assert source.is_spent(), "more in a frame than its block"
        return (count, b"".join(out)) if columns else None

    def _run(self, query: Query, text: str, form: str) -> bytes:
        settings = {"readonly": query.settings["readonly"]} if "readonly" in query.settings else {}
        with _engine, _chdb_errors():
            session = self.bridge.session(query.database, settings)
            try:
                return bytes(session.query(text, form, params=query.parameters).bytes())
            except (ChdbError, RuntimeError):
                with contextlib.suppress(ChdbError, RuntimeError):
                    session.query("SELECT 1", "Null")  # as in chdb.py
                raise

    def _take_rows(self, query: Query, table: str, columns: str) -> None:
        self.bridge.meet("insert")
        self._send_block(query, self._header(query, f"SELECT {columns} FROM {table}"))
        blocks = []
        while (block := self._read_block(query.compressed)) is not None:
            blocks.append(block[1])
            self.bridge.sent_rows.append(block[0])
            self._send_events()
            self.bridge.meet("in_data")
        self._send_events()
        self.bridge.meet("before_insert")
        half = self.bridge.next_fault("half_insert")
        with tempfile.NamedTemporaryFile(suffix=".native") as file:
            file.write(b"".join(blocks))
            file.flush()
            if blocks:
                which = f"SELECT {columns} FROM file('{file.name}', 'Native')"
                which += " WHERE rowNumberInAllBlocks() % 2 = 0" * (half is not None)
                self._run(query, f"INSERT INTO {table} ({columns}) {which}", "Null")
        self.bridge.carry_out(half)
        self.bridge.meet("after_insert")

    def _send_answer(self, query: Query) -> None:
        data = self._run(query, query.text, "Native")
        reads = _READS.match(query.text)
        if not reads:
            return
        if not data:
            self._send_block(query, self._header(query, query.text.strip().rstrip(";")))
        source = _Input(io.BytesIO(data))
        first = True
        while not source.is_spent():
            columns, count = source.varint(), source.varint()
            try:
                made = [self._column_out(source, count) for _ in range(columns)]
            except StoreRefused:  # the client does not get further than the header either
                self._send_block(query, self._header(query, query.text))
                return
            if first:
                heads = [_head(column) + self._layout for column in made]
                self._send_block(query, b"".join([_varint(columns), _varint(0), *heads]))
                first = False
            fault = self.bridge.meet("answer")
            self._send_block(query, b"".join([_varint(columns), _varint(count), *made]), fault)

    def _column_out(self, source: _Input, count: int) -> bytes:
        return _column(source, count, has_layout=False, layout=bool(self._layout))

    @property
    def _layout(self) -> bytes:
        """That a column is laid out plainly, where the revision says so at all."""
        return b"\0" if self.revision >= 54454 else b""

    def _header(self, query: Query, select: str) -> bytes:
        """A block without rows."""
        found = self._run(query, f"DESCRIBE TABLE ({select}\n)", "JSONCompactEachRow")
        columns = [json.loads(line)[:2] for line in found.splitlines()]
        made = [_text(name) + _text(kind) + self._layout for name, kind in columns]
        return b"".join([_varint(len(made)), _varint(0), *made])

    def _send_events(self) -> None:
        """Since some revision they come after each block of an insert, not compressed."""
        if self.revision >= 54456:
            self.socket.sendall(
                _varint(_EVENTS) + _text("") + _INFORMATION + _varint(0) + _varint(0)
            )

    def _send_block(self, query: Query, block: bytes, fault: Fault | None = None) -> None:
        block = _INFORMATION + block
        packet = _varint(_DATA) + _text("") + (_frame(block) if query.compressed else block)
        if fault is not None and fault.action == "half":
            self.socket.sendall(packet[: len(packet) // 2])
            raise _Cut
        if fault is not None and fault.action == "garble":
            packet = _varint(77) + packet
        self.socket.sendall(packet)

    def _send_exception(self, error: _Failed) -> None:
        out = _varint(_EXCEPTION) + struct.pack("<i", error.code) + _text("DB::Exception")
        message = f"DB::Exception: {error.message}"
        self.socket.sendall(out + _text(message) + _text("0. a stack\n1. of the server's") + b"\0")


class _Frames:
    """Compressed frames of one block, as a stream of what is in them."""

    def __init__(self, source: _Input) -> None:
        self.source = source
        self.left = b""

    def recv(self, count: int) -> bytes:
        if not self.left:
            checksum = self.source.read(16)
            head = self.source.read(9)
            method, packed, whole = struct.unpack("<BII", head)
            body = self.source.read(packed - 9)
            assert method == 0x82, "lz4"
            assert _checksum(head + body) == checksum, "a frame that is damaged"
            self.left = lz4.block.decompress(body, uncompressed_size=whole)
        found, self.left = self.left[:count], self.left[count:]
        return found


class _Input:
    """Bytes from a socket, a file or frames, and what the protocol makes of them."""

    def __init__(self, source: Any) -> None:
        self._take = source.recv if hasattr(source, "recv") else source.read
        self._left = memoryview(b"")
        self.record: list[bytes] | None = None

    def read(self, count: int, /) -> bytes:
        parts = []
        missing = count
        while missing:
            if not self._left:
                self._left = memoryview(self._take(1 << 20))
                if not self._left:
                    raise EOFError
            part = self._left[:missing]
            self._left = self._left[len(part) :]
            missing -= len(part)
            parts.append(part)
        found = b"".join(parts)
        if self.record is not None:
            self.record.append(found)
        return found

    def is_spent(self) -> bool:
        if self._left:
            return False
        if isinstance(getattr(self._take, "__self__", None), _Frames):
            return not self._take.__self__.left
        self._left = memoryview(self._take(1 << 20))
        return not self._left

    def one(self) -> int:
        return self.read(1)[0]

    read_one = one

    def varint(self) -> int:
        number = shift = 0
        while True:
            byte = self.read(1)[0]
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7

    def text(self) -> str:
        return self.read(self.varint()).decode()

    def read_strings_arrow(self, count: int, /) -> tuple[bytearray, bytearray]:
        """Only their extent is wanted here."""
        for _ in range(count):
            self.read(self.varint())
        return bytearray(8 * (count + 1)), bytearray()


def _column(source: _Input, count: int, *, has_layout: bool, layout: bool) -> bytes:
    """One column's bytes, with the byte that says its layout taken out or put in."""
    name, kind = source.text(), source.text()
    if has_layout:
        assert source.one() == 0, "only plain layouts are sent"
    found: list[bytes] = []
    source.record = found
    if count:
        column = column_of(kind)
        column.read_prefix(source)
        column.read(source, count)
    source.record = None
    return b"".join([_text(name), _text(kind), b"\0" * layout, *found])


def _head(column: bytes) -> bytes:
    """Its name and type."""
    source = _Input(io.BytesIO(column))
    return _text(source.text()) + _text(source.text())


_INFORMATION = b"\1\0\2\xff\xff\xff\xff\0"  # no overflow, no bucket


def _read_information(source: _Input) -> None:
    while field := source.varint():
        source.read(1 if field == 1 else 4)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _text(text: str) -> bytes:
    data = text.encode()
    return _varint(len(data)) + data


def _checksum(data: bytes) -> bytes:
    number = CityHash128(data)
    return struct.pack("<QQ", number >> 64, number & 2**64 - 1)


def _frame(block: bytes) -> bytes:
    """In frames of a megabyte, as a server sends them."""
    out = []
    for first in range(0, len(block), 1 << 20):
        part = block[first : first + (1 << 20)]
        body = lz4.block.compress(part, store_size=False)
        data = struct.pack("<BII", 0x82, len(body) + 9, len(part)) + body
        out.append(_checksum(data) + data)
    return b"".join(out)


def _unquoted(text: str) -> str:
    """A parameter as the server takes it from its quotes."""
    assert text[:1] == text[-1:] == "'", text
    names = {"b": "\b", "f": "\f", "r": "\r", "n": "\n", "t": "\t", "0": "\0", "a": "\a", "v": "\v"}
    inner = text[1:-1]
    assert not re.search(r"(?<!\\)(?:\\\\)*'", inner), f"a quote ends {text} too early"
    return re.sub(r"\\(.)", lambda found: names.get(found[1], found[1]), inner, flags=re.DOTALL)


@contextlib.contextmanager
def _chdb_errors() -> Iterator[None]:
    try:
        yield
    except (ChdbError, RuntimeError) as error:
        match = _CODE.search(str(error))
        raise _Failed(int(match[1]) if match else 0, match[2] if match else str(error)) from error
