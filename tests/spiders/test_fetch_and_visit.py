"""Visits through Scrapy's real engine to real servers on loopback.

The reactor runs once in a process, so each set of visits is one process: this file, run as a
module, reads its orders as JSON and prints the page records.
"""

from __future__ import annotations

import gzip
import json
import random
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from demo.serve import ADDRESS, Answer, Asked, LoopbackWeb
from pipeline.frontier.request import Wanted
from pipeline.frontier.traps import port_of
from pipeline.page import Page, Request
from pipeline.settings import CrawlSettings
from pipeline.url import canonical

pytestmark = pytest.mark.xdist_group("visits")

TEXT = "<p>Rye and wheat are milled here between stones that were cut two hundred years ago.</p>"
BODY_BYTES = 200_000
BOMB_BYTES = 300 << 20
HTML = ("Content-Type", "text/html; charset=utf-8")


class Visits(NamedTuple):
    pages: dict[str, Page]
    asked: list[Asked]
    kilobytes: int  # the process's peak


def html(body: str, *headers: tuple[str, str], status: int = 200) -> Answer:
    text = f"<!doctype html><title>t</title>{TEXT}{body}"
    return Answer(status, text.encode(), [HTML, *headers])


def answer(asked: Asked) -> Answer:
    """The web under test: a path is what happens there."""
    if asked.path == "/robots.txt":
        return _robots(asked)
    if asked.headers.get("if-none-match") == '"v1"':
        return Answer(304, headers=[("ETag", '"v1"')])
    here = f"{asked.scheme}://{asked.host}"
    redirects = {
        "/moved": (301, "https://there.example/new?utm_source=x"),
        "/inside": (302, "/ok"),
        "/secure": (301, "https://a.example/secure") if asked.scheme == "http" else None,
        "/round": (302, ("https" if asked.scheme == "http" else "http") + "://a.example/round"),
        "/mail": (302, "mailto:me@a.example"),
        "/itself": (302, f"{here}/itself"),
    }
    found = redirects.get(asked.path)
    if found is not None:
        return Answer(found[0], headers=[("Location", found[1])])
    if asked.path.startswith("/status/"):
        return html("<a href=//elsewhere.example/>x</a>", status=int(asked.path[8:]))
    if asked.path == "/slow":
        return Answer(200, b"late", [HTML], delay_s=30)
    if asked.path == "/long":
        filler = "<p>" + "long " * (BODY_BYTES // 5 * 4) + "</p>"
        return html(f"<a href=//early.example/>e</a>{filler}<a href=//late.example/>l</a>")
    if asked.path == "/report.pdf":
        return Answer(200, b"%PDF" + b"x" * (20 << 20), [("Content-Type", "application/pdf")])
    if asked.path == "/bomb":
        packed = gzip.compress(b"<p>" + bytes(BOMB_BYTES), 6)
        return Answer(200, packed, [HTML, ("Content-Encoding", "gzip")])
    if asked.path == "/long.gz":
        packed = gzip.compress(
            b"<a href=//early.example/>e</a>" + random.Random(1).randbytes(900_000).hex().encode()
        )
        return Answer(200, packed, [HTML, ("Content-Encoding", "gzip")])
    if asked.path == "/broken.gz":
        return Answer(200, b"\x1f\x8b\x08\x00garbage", [HTML, ("Content-Encoding", "gzip")])
    if asked.path == "/sets-cookie":
        return html("", ("Set-Cookie", "session=1; Path=/"))
    if asked.path == "/headers":
        many = [("X-Robots-Tag", "noindex"), ("X-Long", "y" * 5000)]
        return html("<a href=//elsewhere.example/>x</a>", *many)
    return html(
        "<a href=//elsewhere.example/p rel=nofollow>x</a><a href=/in>in</a>", ("ETag", '"v1"')
    )


def _robots(asked: Asked) -> Answer:
    if asked.host == "closed.example":
        return Answer(503)
    if asked.host == "astray.example":
        return Answer(302, headers=[("Location", "http://127.0.0.2/robots.txt")])
    return Answer(
        200, b"User-agent: backlinks\nDisallow: /private", [("Content-Type", "text/plain")]
    )


def visit_all(
    urls: list[str], crawl: dict[str, Any], carried: dict[str, Request] | None = None
) -> tuple[dict[str, Page], int]:
    """Records by URL, and the peak memory of the process that made them, in KiB."""
    ports = sorted({80, 443, *(port_of(url) for url in urls)})
    order = {
        "crawl": {"delay_s": 0, "allow_ip": True, "ports": ports, **crawl},
        "visits": [[url, msgspec.to_builtins((carried or {}).get(url, Request()))] for url in urls],
    }
    ran = subprocess.run(
        [sys.executable, "-m", "tests.spiders.test_fetch_and_visit"],
        input=json.dumps(order).encode(),
        capture_output=True,
        timeout=120,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    *lines, last = ran.stdout.splitlines()
    pages = [msgspec.json.decode(line, type=Page) for line in lines]
    return dict(zip(urls, pages, strict=True)), int(last)


A = "http://a.example"
STATUSES = {"/status/404": "gone", "/status/410": "gone", "/status/500": "error",
            "/status/503": "error", "/status/400": "error", "/status/401": "blocked",
            "/status/403": "blocked", "/status/429": "blocked",
            "/status/451": "blocked"}  # fmt: skip
PATHS = [
    "/sets-cookie", "/ok", "/moved", "/inside", "/secure", "/round", "/mail", "/itself", "/long",
    "/long.gz", "/report.pdf", "/broken.gz", "/headers", "/private/x", "/known", *STATUSES,
]  # fmt: skip
KNOWN = Request(etag='"v1"', last_modified="Sat, 01 Jan 2022 00:00:00 GMT", digest="abcd", hops=3)


@pytest.fixture(scope="module")
def visits() -> Visits:
    asked: list[Asked] = []

    def respond(request: Asked) -> Answer:
        asked.append(request)
        return answer(request)

    urls = [A + path for path in PATHS] + [
        "https://a.example/ok", "http://closed.example/", "http://astray.example/",
        "http://a.example:1/nobody",
    ]  # fmt: skip
    with LoopbackWeb(respond) as web:
        crawl = {
            "connect_to": f"{ADDRESS}:{web.http_port}:{web.https_port}",
            "contact": "https://bot.example/about",
            "body_bytes": BODY_BYTES,
        }
        pages, kilobytes = visit_all(urls, crawl, {A + "/known": KNOWN})
    return Visits(pages, asked, kilobytes)


def test_a_page_that_answers_is_ok_with_its_links(visits: Visits) -> None:
    page = visits.pages[A + "/ok"]
    assert (page.outcome, page.status, page.complete, page.incomplete) == ("ok", 200, True, "")
    assert page.external.target == ["http://elsewhere.example/p"]
    assert page.external.rel == [1]
    assert page.internal.target == ["http://a.example/in"]
    assert (page.ip, page.etag, page.bytes > 100) == (ADDRESS, '"v1"', True)
    assert visits.pages["https://a.example/ok"].outcome == "ok"


@pytest.mark.parametrize(("path", "outcome"), STATUSES.items())
def test_a_status_becomes_its_outcome_and_no_evidence_of_links(
    visits: Visits, path: str, outcome: str
) -> None:
    page = visits.pages[A + path]
    assert (page.outcome, page.status) == (outcome, int(path[8:]))
    assert not page.complete
    assert len(page.external) == 0


def test_a_redirect_elsewhere_is_a_link_of_kind_redirect(visits: Visits) -> None:
    page = visits.pages[A + "/moved"]
    assert (page.outcome, page.status, page.complete) == ("redirect", 301, False)
    assert page.external.kind == ["redirect"]
    assert page.external.target == ["https://there.example/new"]
    assert page.final_url == "https://there.example/new"
    assert [hop.status for hop in page.chain] == [301]
    assert all(asked.host != "there.example" for asked in visits.asked)  # a request of its own


def test_a_redirect_within_the_domain_is_an_internal_link(visits: Visits) -> None:
    page = visits.pages[A + "/inside"]
    assert (page.outcome, page.external.target) == ("redirect", [])
    assert page.internal.target == ["http://a.example/ok"]


def test_a_redirect_to_https_of_the_same_page_is_followed(visits: Visits) -> None:
    page = visits.pages[A + "/secure"]
    assert (page.outcome, page.status, page.complete) == ("ok", 200, True)
    assert page.url == "http://a.example/secure"
    assert page.final_url == "https://a.example/secure"
    assert [hop.url for hop in page.chain] == ["http://a.example/secure"]
    assert page.external.target == ["https://elsewhere.example/p"]  # against the final URL
    schemes = [asked.scheme for asked in visits.asked if asked.path == "/secure"]
    assert schemes == ["http", "https"]


@pytest.mark.parametrize(("path", "requests"), [("/round", 2), ("/itself", 1)])
def test_redirects_that_go_in_circles_end_as_an_error(
    visits: Visits, path: str, requests: int
) -> None:
    page = visits.pages[A + path]
    assert (page.outcome, page.incomplete) == ("error", "redirects")
    assert len([asked for asked in visits.asked if asked.path == path]) == requests


def test_a_redirect_to_no_page_is_counted_and_leads_nowhere(visits: Visits) -> None:
    page = visits.pages[A + "/mail"]
    assert (page.outcome, page.final_url, page.refused) == ("redirect", "", {"mailto": 1})


def test_robots_txt_forbids_before_anything_is_asked(visits: Visits) -> None:
    page = visits.pages[A + "/private/x"]
    assert (page.outcome, page.status) == ("robots", 0)
    assert all(asked.path != "/private/x" for asked in visits.asked)


def test_a_robots_txt_that_fails_closes_the_site(visits: Visits) -> None:
    page = visits.pages["http://closed.example/"]
    assert (page.outcome, page.incomplete) == ("robots", "robots.txt: status 503")
    assert [asked.path for asked in visits.asked if asked.host == "closed.example"] == [
        "/robots.txt"
    ]


def test_robots_txt_is_asked_for_once_a_scheme_and_host(visits: Visits) -> None:
    robots = [
        (asked.scheme, asked.host)
        for asked in visits.asked
        if asked.path == "/robots.txt" and asked.host == "a.example"
    ]
    assert sorted(robots) == [("http", "a.example"), ("https", "a.example")]


def test_nobody_listening_is_an_error_of_the_connection(visits: Visits) -> None:
    page = visits.pages["http://a.example:1/nobody"]
    assert (page.outcome, page.incomplete) == ("robots", "robots.txt: connection")


def test_a_body_that_is_too_long_is_cut_and_what_came_is_kept(visits: Visits) -> None:
    page = visits.pages[A + "/long"]
    assert (page.outcome, page.complete, page.incomplete) == ("ok", False, "cut")
    assert page.external.domain == ["early.example"]
    assert page.bytes <= BODY_BYTES


def test_a_compressed_body_that_is_too_long_is_cut_or_refused(visits: Visits) -> None:
    page = visits.pages[A + "/long.gz"]
    assert (page.outcome, page.incomplete) in (("ok", "cut"), ("refused", "size"))
    assert not page.complete
    assert page.bytes <= BODY_BYTES


def test_what_is_no_page_is_not_downloaded(visits: Visits) -> None:
    page = visits.pages[A + "/report.pdf"]
    assert (page.outcome, page.complete, page.content_type) == ("ok", False, "application/pdf")
    assert page.bytes == 0
    assert len(page.external) == 0


def test_a_broken_encoding_is_no_exception_and_no_evidence(visits: Visits) -> None:
    page = visits.pages[A + "/broken.gz"]
    assert not page.complete
    assert len(page.external) == 0


def test_headers_are_read_and_bounded(visits: Visits) -> None:
    page = visits.pages[A + "/headers"]
    assert page.noindex
    assert len(page.external) == 1


def test_the_user_agent_says_who_we_are_and_where_to_complain(visits: Visits) -> None:
    agents = {asked.headers["user-agent"] for asked in visits.asked}
    assert agents == {"backlinks/0.1 (+https://bot.example/about)"}


def test_no_cookie_and_no_credential_is_ever_sent(visits: Visits) -> None:
    names = {name for asked in visits.asked for name in asked.headers}
    assert not names & {"cookie", "authorization", "referer"}
    assert names <= {"host", "user-agent", "accept", "accept-language", "accept-encoding",
                     "connection", "if-none-match", "if-modified-since"}  # fmt: skip


def test_validators_are_sent_and_a_304_is_not_modified(visits: Visits) -> None:
    page = visits.pages[A + "/known"]
    assert (page.outcome, page.status, page.digest) == ("not_modified", 304, "abcd")
    assert page.request.hops == 3  # what the request carried is echoed
    sent = next(asked.headers for asked in visits.asked if asked.path == "/known")
    assert sent["if-none-match"] == KNOWN.etag
    assert sent["if-modified-since"] == KNOWN.last_modified
    plain = next(asked.headers for asked in visits.asked if asked.path == "/ok")
    assert not plain.keys() & {"if-none-match", "if-modified-since"}


# --- each in a process of its own ---


def test_a_decompression_bomb_is_bounded(visits: Visits) -> None:
    with LoopbackWeb(answer) as web:
        crawl = {
            "connect_to": f"{ADDRESS}:{web.http_port}:{web.https_port}",
            "body_bytes": 1 << 20,
        }
        pages, kilobytes = visit_all([A + "/bomb"], crawl)
    page = pages[A + "/bomb"]
    assert (page.outcome, page.incomplete, page.bytes) == ("refused", "size", 0)
    print(f"\npeak {kilobytes >> 10} MiB, {visits.kilobytes >> 10} MiB without a bomb")
    assert kilobytes - visits.kilobytes < BOMB_BYTES >> 12  # a quarter of what it would become


def test_a_page_that_takes_too_long_is_a_timeout() -> None:
    with LoopbackWeb(answer) as web:
        crawl = {
            "connect_to": f"{ADDRESS}:{web.http_port}:{web.https_port}",
            "timeout_s": 0.5,
        }
        pages, _ = visit_all([A + "/slow"], crawl)
    assert (pages[A + "/slow"].outcome, pages[A + "/slow"].incomplete) == ("timeout", "timeout")


def test_private_addresses_are_refused_by_number_and_by_name() -> None:
    """No setting names them: the guard stands where the connection is made."""
    with LoopbackWeb(answer) as web:
        urls = [
            f"http://127.0.0.1:{web.http_port}/ok",
            f"https://127.0.0.1:{web.https_port}/ok",
            f"http://localhost:{web.http_port}/ok",
            f"http://[::1]:{web.http_port}/ok",
        ]
        pages, _ = visit_all(urls, {})
        assert web.requests == 0
    for page in pages.values():
        assert (page.outcome, page.status) == ("robots", 0)  # it begins with robots.txt
        assert page.incomplete == "robots.txt: private"


def test_a_redirect_to_a_private_address_is_refused() -> None:
    """127.0.0.1 alone is named by a setting; its robots.txt leads to 127.0.0.2."""

    def respond(asked: Asked) -> Answer:
        there = f"http://127.0.0.2:{web.http_port}/robots.txt"
        return Answer(302, headers=[("Location", there)])

    with LoopbackWeb(respond) as web:
        url = f"http://127.0.0.1:{web.http_port}/ok"
        pages, _ = visit_all([url], {"allow_private": ["127.0.0.1/32"]})
        assert (pages[url].outcome, pages[url].incomplete) == ("robots", "robots.txt: private")
        assert web.requests == 1


def test_a_private_network_that_a_setting_names_is_fetched() -> None:
    with LoopbackWeb(answer) as web:
        url = f"http://127.0.0.1:{web.http_port}/ok"
        pages, _ = visit_all([url], {"allow_private": ["127.0.0.0/8"]})
    assert pages[url].outcome == "ok"


@contextmanager
def rude_server() -> Iterator[int]:
    """Answers robots.txt, then hangs up in the middle of things."""
    listener = socket.create_server((ADDRESS, 0))
    stopped = threading.Event()

    def serve() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                request = connection.recv(65_536)
                if b"/robots.txt" in request:
                    connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
                elif b"/short" in request:
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                        b"Content-Length: 9999\r\n\r\n"
                        b"<a href=//elsewhere.example/>x</a>"
                    )
                elif b"/garbage" in request:
                    connection.sendall(b"\x00\xff\x00 what is this\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_a_server_that_hangs_up_is_an_error_and_never_evidence() -> None:
    with rude_server() as port:
        urls = [f"http://127.0.0.1:{port}/{path}" for path in ("nothing", "garbage", "short")]
        pages, _ = visit_all(urls, {"allow_private": ["127.0.0.0/8"], "timeout_s": 5})
    nothing, garbage, short = pages.values()
    assert (nothing.outcome, garbage.outcome) == ("error", "error")
    assert (nothing.status, garbage.status) == (0, 0)
    assert (short.complete, short.incomplete) in ((False, "cut"), (False, "connection"))


def main() -> None:
    """Orders on stdin, a page record a line and the peak memory on stdout."""
    from spiders.crawl import with_engine
    from spiders.visit import Visitor

    order = json.load(sys.stdin)
    crawl = CrawlSettings(**order["crawl"])
    pages: list[Page] = []

    async def work(fetcher: Any) -> None:
        visitor = Visitor(fetcher, crawl)
        for url, carried in order["visits"]:
            wanted = Wanted(url=url, deadline=1, carried=msgspec.convert(carried, Request))
            pages.append(await visitor.visit(canonical(url, allow_ip=True), wanted))

    with_engine(crawl, work)
    for page in pages:
        print(msgspec.json.encode(page).decode())
    print(peak_kilobytes())


def peak_kilobytes() -> int:
    """Of this process alone: what getrusage says begins with its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
