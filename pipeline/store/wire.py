"""One connection to a ClickHouse server: statements out, blocks of Arrow columns in and out.

clickhouse-driver does the handshake, packets, compression and parameters; blocks are ours
(native.py), since its own make a Python object of every value.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, NamedTuple

import pyarrow as pa
from clickhouse_driver.block import BlockInfo
from clickhouse_driver.connection import Connection
from clickhouse_driver.defines import DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION as _LAYOUTS
from clickhouse_driver.protocol import ClientPacketTypes, ServerPacketTypes
from clickhouse_driver.reader import read_binary_str
from clickhouse_driver.util.escape import escape_chars_map
from clickhouse_driver.varint import read_varint, write_varint
from clickhouse_driver.writer import write_binary_str

from pipeline.errors import StoreRefused
from pipeline.store import Literal, Parameters
from pipeline.store.native import Column, column_of, laid_out

_CLIENT_SETTINGS = {
    "strings_as_bytes": False,
    "strings_encoding": "utf-8",
    "use_numpy": False,
    "namedtuple_as_json": False,
    "input_format_null_as_default": False,
    "opentelemetry_traceparent": None,
    "opentelemetry_tracestate": "",
    "quota_key": "",
    "server_side_params": True,
}
_BLOCK_BYTES = 32 << 20  # of Arrow in a block that is sent: both sides hold one at a time


class Block(NamedTuple):
    """Some rows. The first of an answer has none and tells its columns."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    batch: pa.RecordBatch


class Wire(Connection):  # type: ignore[misc]
    """Raises what clickhouse-driver and sockets raise; `close` is all that may follow."""

    def __init__(self, host: str, port: int, trust: ssl.SSLContext | None, **options: Any) -> None:
        self._trust = trust
        settings = options.pop("settings")
        super().__init__(host, port, secure=trust is not None, **options)
        self.context.settings, self.context.client_settings = settings, _CLIENT_SETTINGS

    def open(self, connect_s: float, timeout_s: float) -> None:
        """Connects and logs in, within `connect_s`; later waits take up to `timeout_s`."""
        self.connect_timeout = self.send_receive_timeout = connect_s
        try:
            self._init_connection(*self.hosts[0])  # `connect` hides what it failed of
            self.socket.settimeout(timeout_s)
        except BaseException:
            self.disconnect()
            raise

    def close(self) -> None:
        self.disconnect()

    def cancel(self) -> None:
        """Tells the server that nobody waits for its answer any more; `close` follows."""
        with suppress(OSError, EOFError):
            self.send_cancel()

    @property
    def zone(self) -> str:
        return str(self.server_info.get_timezone())

    def ask(self, statement: str, parameters: Parameters | None) -> Iterator[Block]:
        """The answer's blocks, as they come."""
        plain = {name: _plain(value) for name, value in (parameters or {}).items()}
        self.send_query(statement, params=plain)
        self.send_external_tables(None)
        return self._blocks()

    def insert(self, statement: str, rows: pa.Table) -> None:
        """`statement`: INSERT INTO ... (columns) FORMAT Native."""
        self.send_query(statement)
        self.send_external_tables(None)
        expected = next(self._blocks())
        columns = [column_of(spec, self.zone) for spec in expected.types]
        many = max(1, rows.num_rows * _BLOCK_BYTES // max(rows.nbytes, 1))
        for first in range(0, rows.num_rows, many):
            part = rows.slice(first, many)
            arrays = [part.column(name).combine_chunks() for name in expected.names]
            self._send_block(part.num_rows, expected, columns, arrays)
        self._send_block(0, Block((), (), None), [], [])
        for _ in self._blocks():
            pass

    def _blocks(self) -> Iterator[Block]:
        while True:
            packet = self.receive_packet()
            if packet.type == ServerPacketTypes.EXCEPTION:
                raise packet.exception
            if packet.type == ServerPacketTypes.END_OF_STREAM:
                return
            if packet.type == ServerPacketTypes.DATA:
                yield packet.block

    def _send_block(
        self, count: int, shape: Block, columns: list[Column], arrays: list[pa.Array]
    ) -> None:
        write_varint(ClientPacketTypes.DATA, self.fout)
        write_binary_str("", self.fout)  # no external table's
        out = self.block_out.fout
        BlockInfo().write(out)
        write_varint(len(columns), out)
        write_varint(count, out)
        for name, spec, column, array in zip(
            shape.names, shape.types, columns, arrays, strict=True
        ):
            write_binary_str(name, out)
            write_binary_str(spec, out)
            if self.server_info.used_revision >= _LAYOUTS:
                out.write(b"\0")
            try:
                for chunk in chain(column.prefix(), column.write(array)):
                    out.write(chunk)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
                raise StoreRefused(f"column {name} takes {spec}: {error}") from error
        self.block_out.finalize()

    def get_block_in_stream(self) -> _BlocksIn:
        return _BlocksIn(super().get_block_in_stream())

    def _create_ssl_context(self, options: Any) -> ssl.SSLContext:
        assert self._trust is not None
        return self._trust


class _BlocksIn:
    """Stands where clickhouse-driver has its reader of blocks."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream  # kept: it feeds `fin`, decompressed

    def read(self, use_numpy: bool | None = None) -> Block:
        source, context = self._stream.fin, self._stream.context
        BlockInfo().read(source)
        server = context.server_info
        return read_block(source, server.used_revision >= _LAYOUTS, server.get_timezone())


def read_block(source: Any, layouts: bool, zone: str) -> Block:
    """`layouts`: a byte says how a column is laid out. `zone`: of times without one."""
    many, count = read_varint(source), read_varint(source)
    names, types, arrays, fields = [], [], [], []
    for _ in range(many):
        name, spec = read_binary_str(source), read_binary_str(source)
        column = column_of(spec, zone)
        names.append(name)
        types.append(spec)
        reader: Any = column
        if layouts and source.read_one():
            reader = laid_out(column, iter(column.kinds(source)))
        if count:
            column.read_prefix(source)
        arrays.append(reader.read(source, count) if count else pa.array([], column.arrow))
        fields.append(pa.field(name, column.arrow, nullable=column.nullable))
    batch = pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields)) if many else None
    return Block(tuple(names), tuple(types), batch)


def _plain(value: Any) -> Any:
    """A claim is sent as a number, as chDB gets it; a literal as it is, between quotes."""
    if isinstance(value, Literal):
        return _Quoted(value)
    return int(value) if isinstance(value, bool) else value


class _Quoted:
    """clickhouse-driver escapes a text twice, and puts what is no text between quotes as it is."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return "".join(escape_chars_map.get(c, c) for c in self.text)
