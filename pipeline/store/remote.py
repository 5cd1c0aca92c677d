"""Asking a store that another process holds: over a socket that only its owner can open.

A request is one msgpack frame, an answer a row of frames: record batches, then the end or an error.
Only what people say is written this way (`SAID`); all else that comes over it only reads.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import shutil
import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pyarrow as pa

from pipeline.errors import StoreBusy, StoreError, StoreFull, StoreRefused
from pipeline.store import Literal, Parameters, Store

logger = logging.getLogger(__name__)

SAID = frozenset({"labels"})  # tables to which an asker may add rows
_MAX_REQUEST = 4 << 20
_LONGEST = 77  # bytes of the directory for temporary files: a socket's path has 107 at most
_AGAIN_S = 0.1  # until what may just have failed by chance is tried again
_ROWS = 500  # of an insert's request: a label has at most some 4 KB
_KINDS: dict[str, type[StoreError]] = {
    kind.__name__: kind for kind in (StoreError, StoreBusy, StoreFull, StoreRefused)
}
_BATCH, _END, _ERROR = b"b", b"d", b"e"


class Question(msgspec.Struct, frozen=True):
    """`literals`: parameters beside the others, see `Literal`. `table`: rows are added to it, as
    `rows` has them in Arrow's stream format, and nothing is asked. `columns`: no row is asked for,
    and a batch of none tells the columns."""

    sql: str
    parameters: dict[str, Any]
    literals: dict[str, str] = {}
    table: str = ""
    rows: bytes = b""
    columns: bool = False


def _question(sql: str, parameters: Parameters | None, *, columns: bool = False) -> Question:
    given = dict(parameters or {})
    literals = {name: str(v) for name, v in given.items() if isinstance(v, Literal)}
    told = {n: v for n, v in given.items() if n not in literals}
    return Question(sql, told, literals, columns=columns)


class Session(Store, Protocol):
    """What is asked by one connection."""

    def cancel(self) -> None: ...


class Server:
    """Answers reading questions until `close`, and adds rows to the tables of `SAID`.

    `open_session` gives a store that can't write; `insert` is the holder's own.
    """

    def __init__(
        self, open_session: Callable[[], Session], insert: Callable[[str, pa.Table], None]
    ) -> None:
        self._open, self._insert = open_session, insert
        self._closed = threading.Event()
        where = None if len(os.fsencode(tempfile.gettempdir())) <= _LONGEST else "/tmp"
        self._folder = Path(tempfile.mkdtemp(prefix="backlinks-", dir=where))  # mode 0700
        self.path = self._folder / "store.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(self.path))
        os.chmod(self.path, 0o600)
        self._socket.listen(16)
        threading.Thread(target=self._accept, name="store-socket", daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                if self._closed.wait(_AGAIN_S):
                    return
                continue  # no descriptor was left; who asks waits until there is one
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, EOFError):
            if _peer(connection) != os.getuid():
                return
            try:
                session = self._open()
            except StoreError as error:
                _receive(connection, _MAX_REQUEST)
                _refuse(connection, error)
                return
            try:
                while True:
                    data = _receive(connection, _MAX_REQUEST)
                    self._answer(connection, session, data)
            finally:
                session.close()

    def _answer(self, connection: socket.socket, session: Session, data: bytes) -> None:
        try:
            question = msgspec.msgpack.decode(data, type=Question)
            if question.table:
                self._add(question)
            else:
                _tell(connection, session, question)
            _send(connection, _END)
        except (StoreError, msgspec.MsgspecError, pa.ArrowInvalid) as error:
            _refuse(connection, error)

    def _add(self, question: Question) -> None:
        if question.table not in SAID:
            raise StoreRefused(f"{question.table} is held by another process and can only be read")
        self._insert(question.table, pa.ipc.open_stream(question.rows).read_all())

    def close(self) -> None:
        self._closed.set()
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _tell(connection: socket.socket, session: Session, question: Question) -> None:
    literals = {name: Literal(text) for name, text in question.literals.items()}
    given = question.parameters | literals
    with _watched(connection, session):
        if question.columns:
            none = pa.RecordBatch.from_pylist([], session.columns(question.sql, given))
            _send(connection, _BATCH + _packed(none))
            return
        for batch in session.stream(question.sql, given):
            _send(connection, _BATCH + _packed(batch))


class RemoteStore:
    """See `Store`; reads, and adds to `SAID`. Raises OSError where nobody listens."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._socket: socket.socket | None = None
        self._connected()

    def _connected(self) -> socket.socket:
        if self._socket is None:
            opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                opened.connect(str(self._path))
            except OSError:
                opened.close()
                raise
            self._socket = opened
        return self._socket

    def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        for _ in self.stream(sql, parameters):
            pass

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        batches = list(self.stream(sql, parameters))
        return pa.Table.from_batches(batches) if batches else pa.table({})

    def stream(self, sql: str, parameters: Parameters | None = None) -> Iterator[pa.RecordBatch]:
        yield from self._asked(_question(sql, parameters))

    def columns(self, sql: str, parameters: Parameters | None = None) -> pa.Schema:
        (none,) = self._asked(_question(sql, parameters, columns=True))
        return none.schema

    def _asked(self, question: Question) -> Iterator[pa.RecordBatch]:
        with self._lock:
            answered = False
            try:
                connection = self._connected()
                _send(connection, msgspec.msgpack.encode(question))
                while (frame := _receive(connection))[:1] == _BATCH:
                    yield from pa.ipc.open_stream(frame[1:])
                answered = True
            except (OSError, EOFError) as error:
                raise StoreBusy("the process that holds the store went away; try again") from error
            finally:
                if not answered:  # the rest of an answer must not be taken for the next one's
                    self.close()
            if frame[:1] == _ERROR:
                kind, message = msgspec.msgpack.decode(frame[1:], type=tuple[str, str])
                raise _KINDS.get(kind, StoreError)(message)

    def insert(self, table: str, rows: pa.Table) -> None:
        """Some rows at a time: what was added before an error stays. Raises StoreError."""
        for first in range(0, rows.num_rows, _ROWS):
            part = rows.slice(first, _ROWS).combine_chunks()
            for _ in self._asked(Question("", {}, table=table, rows=_packed(part))):
                pass

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


@contextlib.contextmanager
def _watched(connection: socket.socket, session: Session) -> Iterator[None]:
    """Stops what is asked where the asker goes: it says nothing more until it has its answer."""
    answered, told = socket.socketpair()

    def watch() -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(connection, selectors.EVENT_READ)
            waiting.register(answered, selectors.EVENT_READ)
            ready = [key.fileobj for key, _ in waiting.select()]
            waiting.unregister(connection)
            while answered not in ready:  # once more where the engine had not begun with it
                session.cancel()
                ready = [key.fileobj for key, _ in waiting.select(_AGAIN_S)]

    watching = threading.Thread(target=watch, name="store-watch", daemon=True)
    watching.start()
    try:
        yield
    finally:
        told.send(b"\0")
        watching.join()
        answered.close()
        told.close()


def _refuse(connection: socket.socket, error: Exception) -> None:
    kind = type(error).__name__ if type(error).__name__ in _KINDS else "StoreRefused"
    _send(connection, _ERROR + msgspec.msgpack.encode((kind, str(error))))


def _packed(rows: pa.RecordBatch | pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write(rows)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def _peer(connection: socket.socket) -> int:
    if not hasattr(socket, "SO_PEERCRED"):
        return os.getuid()  # the folder's mode keeps others out
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", data)[1])


def _send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(struct.pack(">Q", len(data)) + data)


def _receive(connection: socket.socket, limit: int = 1 << 40) -> bytes:
    (size,) = struct.unpack(">Q", _exactly(connection, 8))
    if size > limit:
        raise EOFError
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = connection.recv(min(size - len(data), 1 << 20))
        if not part:
            raise EOFError
        data += part
    return bytes(data)
