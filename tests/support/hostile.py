"""A server that does what no honest one does, byte by byte; a path is what happens there.

It runs in a thread of its own. `/robots.txt` is a 404, unless the host is one of ROBOTS.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import struct
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]

DRIP_S = 0.1
BOMB_BYTES = 48 << 20
PAGE = b"<title>t</title><p>Rye and wheat.</p><a href=//elsewhere.example/>x</a>"
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def raw(answer: bytes) -> Script:
    """These bytes, and the end of the connection."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return send


def endless(head: bytes, again: bytes, every_s: float = 0.0) -> Script:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(again)
            await writer.drain()
            await asyncio.sleep(every_s)

    return send


def page(body: bytes, *headers: bytes) -> Script:
    lines = b"".join(header + b"\r\n" for header in headers)
    return raw(_OK + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def redirect(to: bytes) -> Script:
    return raw(b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: " + to + b"\r\n\r\n")


async def silent(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def reset(writer: asyncio.StreamWriter) -> None:
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


def _bomb(pack: Callable[[bytes], bytes], name: bytes) -> Script:
    return page(pack(PAGE + bytes(BOMB_BYTES)), b"Content-Encoding: " + name)


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 6)


@cache
def scripts() -> dict[str, Script]:
    chunked = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
    links = b"".join(
        b"<p><a href=/p%d>in</a><a href=//x%d.example/>out</a>" % (i, i) for i in range(8_000)
    )
    return {
        "/fine": page(PAGE),
        "/body/endless": endless(_OK + b"\r\n" + PAGE, b"<p>rye</p>" * 2_000),
        "/body/endless-chunks": endless(chunked, b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
        "/body/huge-length": raw(
            _OK + b"Content-Length: 99999999999999999999\r\n\r\n" + PAGE * 9_000
        ),
        "/bomb/gzip": _bomb(_gzip, b"gzip"),
        "/bomb/deflate": _bomb(zlib.compress, b"deflate"),
        "/bomb/nested": _bomb(lambda body: _gzip(_gzip(body)), b"gzip, gzip"),
        "/drip/headers": endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"a", DRIP_S),
        "/drip/lines": endless(b"HTTP/1.1 200 OK\r\n", b"X-A: a\r\n", DRIP_S),
        "/drip/body": endless(_OK + b"\r\n" + PAGE, b" ", DRIP_S),
        "/drip/chunks": endless(chunked, b"1\r\nx\r\n", DRIP_S),
        "/silent": silent,
        "/reset": reset,
        "/nothing": raw(b""),
        "/garbage": raw(b"\x00\xff\x00 what is this\r\n\r\n"),
        "/http/0.9": raw(PAGE),
        "/status/huge": raw(b"HTTP/1.1 99999999999 OK\r\nContent-Length: 0\r\n\r\n"),
        "/status/text": raw(b"HTTP/1.1 OK fine\r\nContent-Length: 0\r\n\r\n"),
        "/status/line": raw(b"HTTP/1.1 200 " + b"O" * 300_000 + b"\r\n\r\n" + PAGE),
        "/header/long": raw(_OK + b"X-A: " + b"a" * 300_000 + b"\r\n\r\n" + PAGE),
        "/header/nul": raw(_OK + b"X-\x00A: \x00\xff\r\nno colon\r\n: x\r\n\r\n" + PAGE),
        "/headers/lines": endless(_OK, b"X-A: a\r\n" * 9_000, DRIP_S),
        "/headers/names": endless(_OK, b"".join(b"X-%d: a\r\n" % i for i in range(9_000)), DRIP_S),
        "/headers/line": endless(_OK + b"X-A: ", b"a" * 90_000, DRIP_S),
        "/headers/interim": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 4_000, DRIP_S),
        "/headers/trailers": endless(
            chunked + b"%x\r\n" % len(PAGE) + PAGE + b"\r\n0\r\n", b"X-A: a\r\n" * 9_000, DRIP_S
        ),
        "/length/long": raw(_OK + b"Content-Length: 9999\r\n\r\n" + PAGE),
        "/length/short": raw(_OK + b"Content-Length: 40\r\n\r\n" + PAGE),
        "/length/minus": raw(_OK + b"Content-Length: -5\r\n\r\n" + PAGE),
        "/length/text": raw(_OK + b"Content-Length: many\r\n\r\n" + PAGE),
        "/length/two": raw(_OK + b"Content-Length: 5\r\nContent-Length: 50\r\n\r\n" + PAGE),
        "/chunk/text": raw(chunked + b"zz\r\n" + PAGE),
        "/chunk/short": raw(chunked + b"fff\r\n" + PAGE),
        "/chunk/huge": raw(chunked + b"f" * 40 + b"\r\n" + PAGE),
        "/chunk/no-end": raw(chunked + b"%x\r\n" % len(PAGE) + PAGE + b"\r\n"),
        "/links": page(links),
        "/links/long": page(PAGE + b"<a href=/" + b"x" * 100_000 + b">long</a>"),
        "/to/long": redirect(b"http://b.example/" + b"x" * 2_500),
        "/to/port": redirect(b"http://b.example:6379/"),
        "/to/mail": redirect(b"mailto:me@b.example"),
        "/to/file": redirect(b"file:///etc/passwd"),
        "/to/itself": redirect(b"/to/itself"),
        "/to/garbage": redirect(b"http://\xff\xfe\x01[:::"),
        **{f"/to/private/{i}": redirect(url.encode()) for i, url in enumerate(ODD_ADDRESSES)},
    }


# Every one of them is 127.0.0.1, or leads there, or is a metadata service.
ODD_ADDRESSES = [
    "http://127.0.0.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/",
    "http://017700000001/", "http://0177.0.0.1/", "http://127.1/", "http://127.0.1/",
    "http://127.0.0.1./", "http://%31%32%37.0.0.1/", "http://１２７.０.０.１/", "http://①②⑦.0.0.1/",
    "http://127。0。0。1/", "http://a.example@127.0.0.1/", "http://a.example:80@127.0.0.1/",
    "http:\\\\127.0.0.1\\", "//127.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/", "http://[0:0:0:0:0:0:0:1]/",
    "http://169.254.169.254/latest/meta-data/", "http://0xa9fea9fe/", "http://[fd00:ec2::254]/",
    "http://100.100.100.200/", "http://0/", "http://0.0.0.0/", "http://[::]/",
]  # fmt: skip

ROBOTS: dict[str, Script] = {
    "drip.example": endless(b"HTTP/1.1 200 OK\r\n\r\n", b"#", DRIP_S),
    "endless.example": endless(
        b"HTTP/1.1 200 OK\r\n\r\nUser-agent: *\nDisallow: /no\n", b"# rye\n" * 2_000
    ),
    "inward.example": redirect(b"http://127.0.0.2/robots.txt"),
    "loop.example": redirect(b"/robots.txt"),
}
_NO_ROBOTS = raw(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")


class HostileServer:
    """`asked`: host and path, in order."""

    def __init__(self) -> None:
        self.scripts = scripts()
        self.asked: list[tuple[str, str]] = []
        self.port = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with (
            contextlib.closing(writer),
            contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError),
        ):
            first = await reader.readexactly(1)
            if not first.isalpha():  # TLS, which is not spoken here
                await raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")(writer)
                return
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1]
            host = head.lower().partition("\nhost:")[2].split()[0].partition(":")[0]
            self.asked.append((host, path))
            robots = path == "/robots.txt"
            await (ROBOTS.get(host, _NO_ROBOTS) if robots else self.scripts[path])(writer)


@contextmanager
def hostile_server() -> Iterator[HostileServer]:
    """Until the block ends."""
    server, loop, listening = HostileServer(), asyncio.new_event_loop(), threading.Event()
    loop.set_exception_handler(lambda *_: None)  # connections that break are its trade

    async def serve() -> None:
        listener = await asyncio.start_server(server.connected, "127.0.0.1", 0)
        server.port = listener.sockets[0].getsockname()[1]
        listening.set()

    async def end() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        loop.stop()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, name="hostile", daemon=True)
    thread.start()
    assert listening.wait(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop)
        thread.join(10)
        loop.close()
