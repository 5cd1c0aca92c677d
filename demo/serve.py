"""A web on loopback: every host name over http and https, answered by one function.

One event loop in a thread of its own; HTTP/1.1 with keep-alive, GET and HEAD. The crawler is
pointed here by address (`--connect-to 127.0.0.1:HTTP:HTTPS`), so no name is ever looked up.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import ssl
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pipeline.errors import UsageError

ADDRESS = "127.0.0.1"
MAX_HEAD = 64 << 10  # bytes of a request's line and headers
MAX_DISCARDED = 1 << 20  # bytes of a request's body, read and thrown away
IDLE_S = 30.0  # a connection without a request is closed then
HANDSHAKE_S = 10.0
LOG_SIZE = 50_000  # requests remembered, the oldest forgotten first

logger = logging.getLogger(__name__)


class Asked(msgspec.Struct, frozen=True):
    """One request. `host` in lower case without its port, `path` with its query as it was sent."""

    scheme: str
    host: str
    path: str
    headers: dict[str, str]  # names in lower case


class Answer(msgspec.Struct, frozen=True):
    """What to send back; lengths and connection headers are added by the server."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = []
    delay_s: float = 0.0


Respond = Callable[[Asked], Answer]


class Served(NamedTuple):
    """One line of the server's log. `at` is time.monotonic()."""

    at: float
    scheme: str
    host: str
    path: str
    status: int


class _BadRequest(Exception):
    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(status)


class _Head(NamedTuple):
    asked: Asked
    method: str
    keep_alive: bool


class LoopbackWeb:
    """Serves while it is entered, or from `start()` to `stop()`.

    respond: called in the server's thread, one request at a time; it may raise (500). It can be
    set anew at any time: a request that is already being answered keeps the old one.
    Raises UsageError where a port is taken.
    """

    def __init__(self, respond: Respond, *, http_port: int = 0, https_port: int = 0) -> None:
        self.respond = respond
        self.http_port, self.https_port = http_port, https_port
        self.requests = 0
        self.log: deque[Served] = deque(maxlen=LOG_SIZE)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Listen on both ports and return once they do."""
        if self._thread is not None:
            return self
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(_quietly)
        try:
            servers = loop.run_until_complete(self._listen())
        except BaseException:
            loop.close()
            raise
        self._loop = loop
        self._thread = threading.Thread(
            target=self._serve, args=(loop, servers), name="loopback-web", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the ports and every connection; a second call does nothing."""
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    async def _listen(self) -> list[asyncio.Server]:
        http = await self._bind(self.http_port, None)
        self.http_port = _port(http)
        try:
            https = await self._bind(self.https_port, certified())
        except BaseException:
            http.close()
            raise
        self.https_port = _port(https)
        return [http, https]

    async def _bind(self, port: int, tls: ssl.SSLContext | None) -> asyncio.Server:
        scheme = "http" if tls is None else "https"

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._connection(scheme, reader, writer)

        try:
            return await asyncio.start_server(
                connected,
                ADDRESS,
                port,
                limit=MAX_HEAD,
                backlog=512,
                ssl=tls,
                ssl_handshake_timeout=HANDSHAKE_S if tls else None,
                ssl_shutdown_timeout=1.0 if tls else None,
            )
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"can't listen on {ADDRESS}:{port} for {scheme} ({error}); "
                "give another port, or 0 for any that is free"
            ) from error

    def _serve(self, loop: asyncio.AbstractEventLoop, servers: list[asyncio.Server]) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        loop.run_until_complete(self._close(servers))
        loop.run_until_complete(loop.shutdown_asyncgens())

    async def _close(self, servers: list[asyncio.Server]) -> None:
        for server in servers:
            server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # lets closed transports say so before the loop goes

    async def _connection(
        self, scheme: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while await self._exchange(scheme, reader, writer):
                pass
            writer.close()
        except (OSError, EOFError, TimeoutError, asyncio.CancelledError):
            writer.transport.abort()  # it went away, said nothing for long, or we are stopping
        except BaseException:
            writer.transport.abort()
            raise

    async def _exchange(
        self, scheme: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """One request and its answer. True if the connection stays."""
        try:
            async with asyncio.timeout(IDLE_S):
                head = await _read_head(scheme, reader)
                await _discard_body(head.asked, reader)
        except _BadRequest as bad:
            self._note(scheme, "", "", bad.status)
            _write(writer, Answer(bad.status, f"{bad.status}\n".encode()), False, False)
            await writer.drain()
            await _linger(reader)
            return False
        answer = self._answer(head)
        if answer.delay_s > 0:
            await asyncio.sleep(answer.delay_s)
        asked = head.asked
        self._note(scheme, asked.host, asked.path, answer.status)
        _write(writer, answer, head.keep_alive, head.method == "HEAD")
        async with asyncio.timeout(IDLE_S):
            await writer.drain()
        return head.keep_alive

    def _answer(self, head: _Head) -> Answer:
        if head.method not in ("GET", "HEAD"):
            return Answer(405, b"405\n", [("Allow", "GET, HEAD")])
        try:
            return self.respond(head.asked)
        except Exception:  # the outermost edge: a web that fails says 500
            logger.exception("no answer to %s %s%s", *_named(head.asked))
            return Answer(500, b"500\n")

    def _note(self, scheme: str, host: str, path: str, status: int) -> None:
        self.requests += 1
        self.log.append(Served(time.monotonic(), scheme, host, path, status))


async def _read_head(scheme: str, reader: asyncio.StreamReader) -> _Head:
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise _BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None
    except asyncio.IncompleteReadError as error:
        if not error.partial.strip():
            raise
        raise _BadRequest(HTTPStatus.BAD_REQUEST) from None
    return parse_head(scheme, raw)


def parse_head(scheme: str, raw: bytes) -> _Head:
    """A request's line and headers. Raises _BadRequest, whatever the bytes, and nothing else."""
    lines = raw.lstrip(b"\r\n").decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[0].isalpha() or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise _BadRequest(HTTPStatus.BAD_REQUEST)
    headers = _headers(lines[1:])
    authority, target = headers.get("host", ""), parts[1]
    if target[:7].lower() == "http://" or target[:8].lower() == "https://":
        authority, slash, rest = target.partition("://")[2].partition("/")
        target = slash + rest or "/"
    host = _host(authority)
    if not target.startswith("/") or not host:
        raise _BadRequest(HTTPStatus.BAD_REQUEST)
    connection = headers.get("connection", "").lower()
    keep_alive = "keep-alive" in connection or (
        parts[2] == "HTTP/1.1" and "close" not in connection
    )
    return _Head(Asked(scheme, host, target.partition("#")[0], headers), parts[0], keep_alive)


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        if not line:
            continue
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise _BadRequest(HTTPStatus.BAD_REQUEST)
        name, value = name.lower(), value.strip()
        if name in ("host", "content-length") and headers.get(name, value) != value:
            raise _BadRequest(HTTPStatus.BAD_REQUEST)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if "," in headers.get("host", "") or "transfer-encoding" in headers:
        raise _BadRequest(HTTPStatus.BAD_REQUEST)  # no body is read but one of a known length
    return headers


def _host(authority: str) -> str:
    name = authority.rpartition("@")[2].strip().lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]" if "]" in name else ""
    name = name.partition(":")[0].rstrip(".")
    return name if name.isascii() and name.isprintable() and "/" not in name else ""


async def _discard_body(asked: Asked, reader: asyncio.StreamReader) -> None:
    length = asked.headers.get("content-length", "0").partition(",")[0]
    if not (length.isascii() and length.isdigit()) or len(length) > 12:
        raise _BadRequest(HTTPStatus.BAD_REQUEST)
    if int(length) > MAX_DISCARDED:
        raise _BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    await reader.readexactly(int(length))


async def _linger(reader: asyncio.StreamReader) -> None:
    """Read on a little: closing on unread bytes is a reset, and the answer would be lost."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            for _ in range(MAX_DISCARDED // MAX_HEAD):
                if not await reader.read(MAX_HEAD):
                    return


def _write(writer: asyncio.StreamWriter, answer: Answer, keep_alive: bool, head_only: bool) -> None:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Status"
    bare = answer.status in (204, 304) or answer.status < 200
    lines = [f"HTTP/1.1 {answer.status} {phrase}"]
    lines += [f"{_line(name)}: {_line(value)}" for name, value in answer.headers]
    if not bare:
        lines.append(f"Content-Length: {len(answer.body)}")
    lines.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
    head = "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n"
    writer.write(head if bare or head_only else head + answer.body)


def _line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")


def _named(asked: Asked) -> tuple[str, str, str]:
    return asked.scheme, asked.host, asked.path


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


def _quietly(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A failed TLS handshake or a reset is the client's affair, not worth a traceback."""
    logger.debug("%s: %s", context.get("message"), context.get("exception"))


def certified() -> ssl.SSLContext:
    """A server's TLS settings with a self-signed certificate of this hour; nobody verifies it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("*.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="loopback-web-") as directory:  # mode 0700
        path = Path(directory) / "certificate.pem"
        path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(path)
    return context
