"""The downloader against servers on loopback that do what no honest one does.

It runs on a loop of its own here, without Scrapy's engine: test_fetch_and_visit has that.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pycurl
import pytest

from pipeline.settings import CrawlSettings
from spiders.curl import Transfers
from spiders.download import Downloader
from spiders.fetch import Fetched, Fetcher
from spiders.names import Names
from tests.support.rawserver import RawServer, Script, raw_server

HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
PAGE = HTML + b"Content-Length: 2\r\n\r\nhi"
CLOSED = HTML + b"Content-Length: 2\r\nConnection: close\r\n\r\nhi"
LOOPBACK = ["127.0.0.1/32"]


def test_a_transfer_that_can_not_begin_is_not_waited_for() -> None:
    async def performed() -> Transfers:
        transfers, elsewhere, easy = Transfers(idle=1), pycurl.CurlMulti(), pycurl.Curl()
        elsewhere.add_handle(easy)
        with pytest.raises(pycurl.error):
            await transfers.perform(easy)
        transfers.close()
        return transfers

    assert asyncio.run(performed())._waiting == {}


def answering(answer: bytes, *, close: bool = False) -> Script:
    async def script(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        if close:
            writer.close()

    return script


def drip(before: bytes, drop: bytes) -> Script:
    """It never says nothing for long, and never ends."""

    async def script(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(before)
        while not writer.is_closing():
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.02)

    return script


def flood(before: bytes, more: bytes) -> Script:
    async def script(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(before)
        while not writer.is_closing():
            writer.write(more)
            await writer.drain()

    return script


@asynccontextmanager
async def fetching(
    names: dict[str, list[str]] | Callable[[str], list[str]] | None = None,
    clock: Callable[[], float] = lambda: time.monotonic() * 1e6,  # what was found is old at once
    **crawl: Any,
) -> AsyncIterator[Fetcher]:
    """`names`: who stands where, instead of the system's own."""
    settings = CrawlSettings(**{"allow_private": LOOPBACK, "timeout_s": 20, **crawl})
    crawler = SimpleNamespace(settings={"CRAWL": settings})
    downloader = Downloader(crawler)
    crawler.engine = SimpleNamespace(download_async=downloader.download)
    if names is not None:
        downloader.names.close()
        ask = names if callable(names) else names.__getitem__
        downloader.names = Names(2, ask=ask, clock=clock)
    try:
        yield Fetcher(crawler, settings)
    finally:
        downloader.close()


def fetched(script: Script, **crawl: Any) -> Fetched:
    """What one request to such a server comes to."""

    async def main() -> Fetched:
        async with raw_server(script) as server, fetching(**crawl) as fetcher:
            return await fetcher.fetch(f"http://127.0.0.1:{server.port}/", {})

    return asyncio.run(main())


def told(answer: Fetched) -> tuple[str, str]:
    return answer.outcome, answer.failed


# --- bounds ---


@pytest.mark.parametrize(
    "script",
    [
        flood(HTML, b"X-Filler: " + b"y" * 1000 + b"\r\n"),
        flood(HTML + b"X-Filler: ", b"y" * 1000),
        flood(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x.css>\r\n\r\n" * 50),
    ],
    ids=["many", "one", "interim answers"],
)
def test_headers_without_an_end_are_refused(script: Script) -> None:
    assert told(fetched(script)) == ("refused", "headers")


@pytest.mark.parametrize(("lines", "outcome"), [(60, "ok"), (70, "refused")])
def test_64_kib_of_headers_are_read_and_no_more(lines: int, outcome: str) -> None:
    line = b"X-Filler: " + b"y" * 1012 + b"\r\n"
    page = HTML + line * lines + b"Content-Length: 2\r\n\r\nhi"
    assert fetched(answering(page)).outcome == outcome


@pytest.mark.parametrize(
    "script",
    [
        drip(b"", b""),
        drip(HTML, b"X: y\r\n"),
        drip(HTML + b"\r\n", b"more "),
        drip(HTML + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["nothing", "headers", "body", "chunks"],
)
def test_a_server_that_goes_on_for_ever_is_a_timeout(script: Script) -> None:
    started = time.monotonic()
    answer = fetched(script, timeout_s=0.3)
    assert told(answer) == ("timeout", "timeout")
    assert answer.latency_ms >= 250
    assert time.monotonic() - started < 3


def test_a_name_server_that_is_silent_is_a_timeout() -> None:
    answered = asyncio.Event()

    async def main() -> Fetched:
        loop = asyncio.get_running_loop()

        def ask(host: str) -> list[str]:
            asyncio.run_coroutine_threadsafe(answered.wait(), loop).result()
            return []

        async with fetching(ask, timeout_s=0.2) as fetcher:
            answer = await fetcher.fetch("http://silent.example/", {})
            answered.set()
            return answer

    answer = asyncio.run(main())
    assert told(answer) == ("timeout", "timeout")
    assert answer.latency_ms < 5_000


def test_a_body_of_just_the_bound_is_whole_and_one_byte_more_is_cut() -> None:
    def body(size: int) -> bytes:
        return HTML + b"Content-Length: %d\r\n\r\n" % size + b"x" * size

    for size, cut in ((2000, False), (2001, True), (400_000, True)):
        answer = fetched(answering(body(size)), body_bytes=2000)
        assert (answer.status, len(answer.body), answer.cut) == (200, 2000, cut)


def test_a_body_without_an_end_is_cut() -> None:
    answer = fetched(flood(HTML + b"\r\n", b"x" * 10_000), body_bytes=50_000)
    assert (answer.status, len(answer.body), answer.cut) == (200, 50_000, True)


def test_a_bomb_is_refused_before_it_is_large() -> None:
    bomb = gzip.compress(bytes(5_000_000))
    packed = HTML + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb
    assert told(fetched(answering(packed), body_bytes=100_000)) == ("refused", "size")


@pytest.mark.parametrize(
    "answer",
    [
        HTML + b"Content-Length: 9999\r\n\r\n<p>half",
        HTML + b"Transfer-Encoding: chunked\r\n\r\n7\r\n<p>half\r\n",
        HTML + b"Transfer-Encoding: chunked\r\n\r\n7\r\n<p>half\r\nnonsense\r\n",
    ],
    ids=["length", "chunks", "no chunk"],
)
def test_what_came_before_the_connection_was_lost_is_kept_as_cut(answer: bytes) -> None:
    got = fetched(answering(answer, close=True))
    assert (got.status, got.body, got.cut, got.failed) == (200, b"<p>half", True, "")


def test_a_body_that_ends_with_the_connection_is_whole() -> None:
    got = fetched(answering(HTML + b"\r\n<p>all", close=True))
    assert (got.body, got.cut) == (b"<p>all", False)


def test_what_is_no_page_is_left_where_it_is_unless_it_is_asked_for() -> None:
    """robots.txt is text/plain."""
    text = b"HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=x\r\nContent-Length: 2\r\n\r\nhi"

    async def main() -> list[Fetched]:
        async with raw_server(answering(text)) as server, fetching() as fetcher:
            url = f"http://127.0.0.1:{server.port}/"
            return [await fetcher.fetch(url, {}, any_type=any_type) for any_type in (False, True)]

    page, robots = asyncio.run(main())
    assert (page.status, page.body, page.cut) == (200, b"", True)
    assert (robots.status, robots.body, robots.cut) == (200, b"hi", False)


# --- what is sent and read ---


def test_interim_answers_and_trailers_are_not_the_answers_headers() -> None:
    got = fetched(
        answering(
            b"HTTP/1.1 103 Early Hints\r\nX-Robots-Tag: noindex\r\n\r\n"
            + HTML
            + b"Vary: a\r\nVARY: b\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nhi\r\n0\r\nX-Late: 1\r\n\r\n"
        )
    )
    assert (got.status, got.body, got.ip) == (200, b"hi", "127.0.0.1")
    assert got.headers == {
        "content-type": "text/html", "vary": "a, b", "transfer-encoding": "chunked",
    }  # fmt: skip


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_an_answer_without_a_body_is_one(status: bytes) -> None:
    got = fetched(answering(b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n"))
    assert (got.status, got.body, got.headers) == (int(status[:3]), b"", {"etag": "x"})


def test_a_header_of_two_lines_is_not_sent_and_no_credentials_are() -> None:
    async def main() -> tuple[str, Fetched]:
        async with raw_server(answering(PAGE)) as server, fetching() as fetcher:
            at = f"127.0.0.1:{server.port}/"
            await fetcher.fetch(f"http://{at}", {"If-None-Match": "x\r\nCookie: y"})
            with_user = await fetcher.fetch(f"http://me:secret@{at}", {})
            assert len(server.heads) == 1
            return server.heads[0], with_user

    head, with_user = asyncio.run(main())
    assert "Cookie" not in head
    assert told(with_user) == ("error", "connection")


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetched(answering(PAGE)).body == b"hi"


# --- connections ---


def test_a_connection_is_used_again_towards_the_same_host_alone() -> None:
    async def main() -> RawServer:
        names = {"a.example": ["127.0.0.1"], "b.example": ["127.0.0.1"]}
        async with raw_server(answering(PAGE)) as server, fetching(names) as fetcher:
            for host in ("a", "b", "a", "b"):
                got = await fetcher.fetch(f"http://{host}.example:{server.port}/{host}", {})
                assert got.body == b"hi"
            return server

    server = asyncio.run(main())
    assert (server.connections, server.paths) == (2, ["/a", "/b", "/a", "/b"])


def test_a_connection_that_is_closed_while_it_is_kept_wakes_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acts: list[int] = []
    act = Transfers._act

    def counted(self: Transfers, descriptor: int, what: int) -> None:
        acts.append(descriptor)
        act(self, descriptor, what)

    monkeypatch.setattr(Transfers, "_act", counted)

    async def main() -> int:
        async with fetching() as fetcher:
            async with raw_server(answering(PAGE)) as server:
                assert (await fetcher.fetch(f"http://127.0.0.1:{server.port}/", {})).body == b"hi"
            before = len(acts)
            for _ in range(100):  # of the loop: each would tell of it again
                await asyncio.sleep(0)
            return len(acts) - before

    assert asyncio.run(main()) <= 2


def test_a_host_that_is_an_ipv6_address_is_fetched() -> None:
    async def main() -> Fetched:
        serving = raw_server(answering(PAGE), address="::1")
        async with serving as server, fetching(allow_private=["::1/128"]) as fetcher:
            return await fetcher.fetch(f"http://[::1]:{server.port}/", {})

    assert (got := asyncio.run(main())).body == b"hi", got
    assert got.ip == "::1"


def test_a_name_is_tried_at_its_other_address_where_one_is_dead() -> None:
    async def main() -> Fetched:
        names = {"two.example": ["::1", "127.0.0.1"]}
        both = fetching(names, allow_private=["::1/128", *LOOPBACK])
        async with raw_server(answering(PAGE)) as server, both as fetcher:
            return await fetcher.fetch(f"http://two.example:{server.port}/", {})

    got = asyncio.run(main())
    assert (got.body, got.ip) == (b"hi", "127.0.0.1")


def test_a_name_that_stands_at_a_private_address_too_is_fetched_from_the_other_alone() -> None:
    async def main() -> tuple[Fetched, int]:
        names = {"both.example": ["127.0.0.2", "127.0.0.1"]}
        async with raw_server(answering(PAGE)) as server:
            private = raw_server(answering(PAGE), address="127.0.0.2", port=server.port)
            async with private as hidden, fetching(names) as fetcher:
                got = await fetcher.fetch(f"http://both.example:{server.port}/", {})
                return got, hidden.connections

    got, hidden = asyncio.run(main())
    assert (got.body, got.ip, hidden) == (b"hi", "127.0.0.1", 0)


@pytest.mark.parametrize("later", ["127.0.0.2", "::ffff:127.0.0.2", "169.254.169.254", "::1"])
def test_a_name_that_changes_its_mind_is_refused_the_second_time(later: str) -> None:
    """As in DNS rebinding: what is looked at is the address of every single connection."""
    answers = [["127.0.0.1"], [later]]

    async def main() -> tuple[Fetched, Fetched, int]:
        serving = raw_server(answering(CLOSED, close=True))
        async with serving as server, fetching(lambda host: answers.pop(0)) as fetcher:
            url = f"http://fickle.example:{server.port}/"
            return await fetcher.fetch(url, {}), await fetcher.fetch(url, {}), len(server.paths)

    first, second, asked = asyncio.run(main())
    assert first.body == b"hi"
    assert told(second) == ("refused", "private")
    assert (asked, answers) == (1, [])


def test_a_name_that_is_not_reached_is_asked_for_anew() -> None:
    answers = [["127.0.0.2"], ["127.0.0.1"]]

    async def main() -> list[Fetched]:
        asking = fetching(
            lambda host: answers.pop(0), time.monotonic, allow_private=["127.0.0.0/8"]
        )
        async with raw_server(answering(PAGE)) as server, asking as fetcher:
            url = f"http://moved.example:{server.port}/"
            return [await fetcher.fetch(url, {}) for _ in range(3)]

    first, *others = asyncio.run(main())
    assert told(first) == ("error", "connection")
    assert [(got.body, got.ip) for got in others] == [(b"hi", "127.0.0.1")] * 2


@pytest.mark.parametrize(
    "host", ["127.0.0.2", "[::1]", "[::ffff:127.0.0.2]", "localhost", "2130706434"]
)
def test_a_private_address_is_refused_however_it_is_written(host: str) -> None:
    async def main() -> Fetched:
        async with fetching(allow_private=[]) as fetcher:
            return await fetcher.fetch(f"http://{host}:9/", {})

    assert told(asyncio.run(main())) == ("refused", "private")


def test_a_name_that_nobody_has_is_an_error_of_names() -> None:
    def nobody(host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def main() -> list[Fetched]:
        async with fetching(nobody) as fetcher:
            return [await fetcher.fetch("http://nobody.example/", {})]

    assert [told(got) for got in asyncio.run(main())] == [("error", "dns")]


def test_nobody_listening_is_an_error_of_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    async def main() -> Fetched:
        async with fetching() as fetcher:
            return await fetcher.fetch(f"http://127.0.0.1:{port}/", {})

    assert told(asyncio.run(main())) == ("error", "connection")
