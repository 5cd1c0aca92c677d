"""The store on a server of one's own: ClickHouse's native protocol, several hosts in turn."""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import pyarrow as pa
from clickhouse_driver.errors import Error, ServerException

from pipeline.errors import StoreBusy, StoreError, StoreRefused
from pipeline.settings import StoreSettings
from pipeline.store import Parameters, of_no_rows, rows, sql
from pipeline.store.failures import safe, translate
from pipeline.store.wire import Wire

_PORT, _TLS_PORT = 9000, 9440
_IDLE_S = 2.0  # a connection unused for longer is asked whether it is still there
# UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD, IP_ADDRESS_NOT_ALLOWED, AUTHENTICATION_FAILED
_NOT_LET_IN = frozenset({192, 193, 194, 195, 516})
_NO_DATABASE = 81
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"})
# Where a server's profile turns on asynchronous inserts, an insert returns once it is written.
# Our inserts are large already; where a proxy makes them asynchronous, they wait for their end.
# On a cluster an insert returns once every shard has its rows; a subquery is answered by all of
# them and not by each for itself; and no replica is asked that is behind by more than half of what
# jobs look at again.
_SETTINGS = {
    "async_insert": 0,
    "wait_for_async_insert": 1,
    "distributed_foreground_insert": 1,
    "distributed_product_mode": "global",
    "max_replica_delay_for_distributed_queries": 30,
}
# Rows go to their own shard, and do not stay where they were read. An old server refuses its name.
_SPREAD = {"parallel_distributed_insert_select": 0}
_STACK = re.compile(r"\.? ?Stack trace:.*", re.DOTALL)

# It logs what it also raises, with a traceback.
logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)


class Host(NamedTuple):
    """Also what messages call it."""

    name: str
    port: int

    def __str__(self) -> str:
        return f"[{self.name}]:{self.port}" if ":" in self.name else f"{self.name}:{self.port}"


class Server(NamedTuple):
    """What a server says of itself. `ahead_s`: its clock before ours, about."""

    host: str
    version: str
    timezone: str
    ahead_s: float


class ClickHouseStore:
    """See `Store`. One statement at a time, on the first host that answers.

    After a network error, or where the host says that it is busy, the connection is dropped,
    StoreBusy raised, and the next call tries the hosts in turn, from the one after. A stream has a
    connection of its own.
    `create`: makes the database where there is none.
    """

    def __init__(
        self, settings: StoreSettings, *, create: bool = False, readonly: bool = False
    ) -> None:
        """Raises StoreBusy where no host answers, StoreRefused where it lets nobody in."""
        self.settings, self.database = settings, settings.database
        self._hosts = [parse_host(text, settings.tls) for text in settings.hosts]
        self._password = settings.secret()
        self._trust = _trust(settings) if settings.tls else None
        self._readonly = readonly
        self._altered: Callable[[str], str] | None = None
        self._lock = threading.Lock()
        self._wire: Wire | None = None
        self._used = 0.0
        with self._lock:
            self._connect_first(create)

    def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        with self._connected() as wire:
            for _ in wire.ask(self._altered(sql) if self._altered else sql, parameters):
                pass

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        with self._connected() as wire:
            batches = [block.batch for block in wire.ask(sql, parameters) if block.names]
        if not batches:
            return pa.table({})
        return pa.Table.from_batches([b for b in batches if b.num_rows], schema=batches[0].schema)

    def stream(self, sql: str, parameters: Parameters | None = None) -> Iterator[pa.RecordBatch]:
        wire = self._connect(self.database)
        none: pa.RecordBatch | None = None
        came = False
        try:
            with self._errors(wire):
                for block in wire.ask(sql, parameters):
                    if block.names and block.batch.num_rows:
                        came = True
                        yield block.batch
                    elif block.names:
                        none = block.batch
            if none is not None and not came:
                yield none
        except (GeneratorExit, KeyboardInterrupt):
            wire.cancel()
            raise
        finally:
            wire.close()

    def columns(self, sql: str, parameters: Parameters | None = None) -> pa.Schema:
        with suppress(StoreRefused):  # SHOW and the like are no subquery, nor is a name twice
            return self.query(of_no_rows(sql), parameters).schema
        return self.query(sql, parameters).schema

    def insert(self, table: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        columns = ", ".join(safe(name) for name in rows.column_names)
        with self._connected() as wire:
            wire.insert(f"INSERT INTO {safe(table)} ({columns}) FORMAT Native", rows)

    def spread_by(self, altered: Callable[[str], str]) -> None:
        """Its tables are spread over a cluster; altered: see shards.Cluster."""
        with self._lock:
            self._altered = altered
            self._drop()

    def read_only(self) -> ClickHouseStore:
        """Another connection, that can't write to any table."""
        return ClickHouseStore(self.settings, readonly=True)

    def server(self) -> Server:
        before = time.time()
        found = rows(self.query(sql("pipeline/store/server")))[0]
        ahead_s = found["now_ms"] / 1000 - (before + time.time()) / 2
        return Server(str(self._hosts[0]), found["version"], found["timezone"], ahead_s)

    def close(self) -> None:
        with self._lock:
            self._drop()

    @contextmanager
    def _connected(self) -> Iterator[Wire]:
        """The connection, to oneself; dropped after any error, since answers may be under way."""
        with self._lock:
            if self._wire is not None and self._is_gone(self._wire):
                self._drop()
            if self._wire is None:
                self._wire = self._connect(self.database)
            try:
                with self._errors(self._wire):
                    yield self._wire
            except BaseException:
                self._drop()
                raise
            self._used = time.monotonic()

    def _is_gone(self, wire: Wire) -> bool:
        if time.monotonic() - self._used < _IDLE_S:
            return False
        try:
            return not wire.ping()
        except (Error, EOFError, OSError):
            return True

    def _drop(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _connect_first(self, create: bool) -> None:
        try:
            self._wire = self._connect(self.database)
        except NoDatabase:
            if not create:
                raise
            wire = self._connect("")
            try:
                with self._errors(wire):
                    for _ in wire.ask(f"CREATE DATABASE IF NOT EXISTS {safe(self.database)}", None):
                        pass
            finally:
                wire.close()
            self._wire = self._connect(self.database)
        self._used = time.monotonic()

    def _connect(self, database: str) -> Wire:
        """To the first host that answers. Raises StoreBusy with what each of them failed of."""
        failures: list[StoreError] = []
        for _ in self._hosts:
            wire = self._new_wire(self._hosts[0], database)
            try:
                with self._errors(wire):
                    wire.open(self.settings.connect_s, self.settings.timeout_s)
                return wire
            except StoreBusy as error:
                failures.append(error)
        if not failures:
            raise StoreRefused("no host is given; name one in store.hosts")
        text = "; ".join(dict.fromkeys(str(failure) for failure in failures))
        raise StoreBusy(f"no ClickHouse answers: {text}") from failures[-1]

    def _new_wire(self, host: Host, database: str) -> Wire:
        settings = self.settings
        return Wire(
            *host,
            self._trust,
            database=database,
            user=settings.user,
            password=self._password,
            client_name="backlink-index",
            compression=False if settings.compression == "none" else settings.compression,
            tcp_keepalive=True,
            settings={
                **_SETTINGS,
                **(_SPREAD if self._altered else {}),
                **({"readonly": 2} if self._readonly else {}),
            },
        )

    @contextmanager
    def _errors(self, wire: Wire) -> Iterator[None]:
        """The driver's errors as ours; after one of the network another host is next."""
        host = Host(*wire.hosts[0])
        try:
            yield
        except ServerException as error:
            refusal = self._refusal(host, error)
            if isinstance(refusal, StoreBusy):  # a replica that others may stand in for
                self._turn(host)
            raise refusal from error
        except ssl.SSLCertVerificationError as error:
            raise StoreRefused(
                f"{host} shows a certificate that is not trusted ({error.verify_message}); "
                "name the file of its authority in store.tls_ca"
            ) from error
        except (Error, EOFError, OSError) as error:
            if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
                raise StoreRefused(
                    f"{host} speaks no TLS there; name its port for TLS ({_TLS_PORT} mostly) in "
                    "store.hosts, or set store.tls to false"
                ) from error
            self._turn(host)
            raise StoreBusy(f"the connection to {host} failed: {_line(error)}") from error

    def _turn(self, host: Host) -> None:
        """`host` failed: the others come first."""
        if self._hosts[0] == host:
            self._hosts = [*self._hosts[1:], host]

    def _refusal(self, host: Host, error: ServerException) -> StoreError:
        if error.code in _NOT_LET_IN:
            return StoreRefused(
                f"{host} does not let user {self.settings.user!r} in (code {error.code}); check "
                "store.user and its password, in BACKLINKS_STORE__PASSWORD or store.password_file"
            )
        if error.code == _NO_DATABASE:
            return NoDatabase(
                f"{host} has no database {self.database!r}; run `backlinks admin migrate`, "
                "or name another in store.database"
            )
        return translate(f"Code: {error.code}. {_line(error.message)}")


class NoDatabase(StoreRefused):
    """The server has no such database."""


def parse_host(text: str, tls: bool = False) -> Host:
    """HOST, HOST:PORT, [IPV6] or [IPV6]:PORT. Raises StoreRefused."""
    match = re.fullmatch(
        r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:\[\]\s/@]+))(?::(\d{1,5}))?", text.strip()
    )
    port = int(match[3]) if match and match[3] else _TLS_PORT if tls else _PORT
    if match is None or not 0 < port < 65_536:
        raise StoreRefused(
            f"{text!r} in store.hosts is no HOST:PORT; give one like db.example.org:9000 "
            "or [::1]:9000"
        )
    return Host(match[1] or match[2], port)


def _trust(settings: StoreSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.tls_ca or None)
    except OSError as error:
        raise StoreRefused(
            f"can't read the authorities in {settings.tls_ca}: {error.strerror or error}; "
            "name a file of certificates in store.tls_ca"
        ) from error


def _line(error: Any) -> str:
    """What was wrong, in one line and without the server's stack."""
    if isinstance(error, EOFError):
        return "it was closed"
    if isinstance(error, Error):
        error = error.message or type(error).__name__
    elif isinstance(error, OSError):
        error = error.strerror or error
    return " ".join(_STACK.sub("", str(error)).split())
