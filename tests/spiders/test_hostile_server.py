"""Visits to a server that wishes us ill: each ends, in bounds, as an outcome of its page.

All visits are made by one process, this file run as a module, through whatever downloads pages now:
first those that end at once, then together those that end by their time. Hosts are led to the
server by `connect_to`, but for those that must be refused.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from pipeline.frontier.request import Wanted
from pipeline.page import Page
from pipeline.settings import CrawlSettings
from pipeline.url import Refused, canonical
from spiders.extract import MAX_EXTERNAL, MAX_INTERNAL
from tests.spiders.test_fetch_and_visit import peak_kilobytes
from tests.support.hostile import BOMB_BYTES, ODD_ADDRESSES, hostile_server, scripts

pytestmark = pytest.mark.xdist_group("visits")

BODY_BYTES = 300_000
TIMEOUT_S = 4.0
BY_TIME = ("/drip/", "/silent", "/headers/", "//drip.")
ROBOTS_HOSTS = ["drip.example", "endless.example", "inward.example", "loop.example"]


class Visits(NamedTuple):
    pages: dict[str, Page]
    asked: list[tuple[str, str]]
    kilobytes: int
    seconds: float


def visit_all(urls: list[str], crawl: dict[str, Any]) -> tuple[dict[str, Page], int, float]:
    """Records by URL; the peak memory in KiB, and the time, of the process that made them."""
    order = {
        "urls": urls,
        "crawl": {"delay_s": 0, "body_bytes": BODY_BYTES, "timeout_s": TIMEOUT_S, **crawl},
    }
    ran = subprocess.run(
        [sys.executable, "-m", "tests.spiders.test_hostile_server"],
        input=json.dumps(order).encode(), capture_output=True, timeout=120, check=False,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    *lines, peak, seconds = ran.stdout.splitlines()
    pages = [msgspec.json.decode(line, type=Page) for line in lines]
    return dict(zip(urls, pages, strict=True)), int(peak), float(seconds)


def at(path: str) -> str:
    """Each on a host of its own: what one does must not hold up another."""
    return f"http://h{path.replace('/', '-')}.example{path}"


@pytest.fixture(scope="module")
def visits() -> Visits:
    urls = [at(path) for path in scripts()] + [f"http://{host}/fine" for host in ROBOTS_HOSTS]
    urls += ["https://notls.example/fine", "http://port.example:6379/fine"]
    with hostile_server() as server:
        crawl = {"connect_to": f"127.0.0.1:{server.port}:{server.port}", "concurrency": 200}
        pages, peak, seconds = visit_all(urls, crawl)
    return Visits(pages, server.asked, peak, seconds)


# By path: outcomes that are right, and why it is incomplete. Where several are right, a server that
# lies can't be told from one that broke, and libraries differ in what they make of it.
ERROR = {("error", "connection")}
TIMEOUT = {("timeout", "timeout")}
CUT = {("ok", "cut")}
SIZE = {("refused", "size")}
BROKEN = ERROR | CUT
COMPLETE = {("ok", "")}
HEADERS = {("refused", "headers")}
EXPECTED: dict[str, set[tuple[str, str]]] = {
    "/fine": COMPLETE,
    "/body/endless": CUT,
    "/body/endless-chunks": CUT,
    "/body/huge-length": CUT | ERROR,
    "/bomb/gzip": CUT | SIZE,
    "/bomb/deflate": CUT | SIZE,
    "/bomb/nested": CUT | SIZE,
    "/drip/headers": TIMEOUT,
    "/drip/lines": TIMEOUT,
    "/drip/body": TIMEOUT,
    "/drip/chunks": TIMEOUT,
    "/silent": TIMEOUT,
    "/reset": ERROR,
    "/nothing": ERROR,
    "/garbage": ERROR,
    "/http/0.9": ERROR,
    "/status/huge": ERROR | {("error", "")},
    "/status/text": ERROR,
    "/status/line": ERROR | {("refused", "headers")},
    "/header/long": ERROR | {("refused", "headers")},
    "/header/nul": ERROR | COMPLETE,
    "/headers/lines": HEADERS,
    "/headers/names": HEADERS,
    "/headers/line": HEADERS,
    "/headers/interim": HEADERS,
    "/headers/trailers": HEADERS | CUT | COMPLETE,  # the page itself is whole
    "/length/long": BROKEN,
    "/length/short": {("ok", "blank")} | COMPLETE,
    "/length/minus": BROKEN | COMPLETE,
    "/length/text": BROKEN | COMPLETE,
    "/length/two": BROKEN | COMPLETE | {("ok", "blank")},
    "/chunk/text": BROKEN,
    "/chunk/short": BROKEN,
    "/chunk/huge": BROKEN,
    "/chunk/no-end": BROKEN,
    "/links": {("ok", "links_cap"), ("ok", "cut")},
    "/links/long": COMPLETE,
}


@pytest.mark.parametrize("path", EXPECTED)
def test_whatever_a_server_does_its_page_has_an_outcome(visits: Visits, path: str) -> None:
    page = visits.pages[at(path)]
    assert (page.outcome, page.incomplete) in EXPECTED[path]
    assert page.complete is (page.outcome == "ok" and not page.incomplete)
    assert page.bytes <= BODY_BYTES


def test_no_visit_failed_by_a_mistake_of_ours(visits: Visits) -> None:
    assert [page.url for page in visits.pages.values() if page.incomplete == "failed"] == []


def test_no_server_holds_a_visit_longer_than_its_two_requests_may_take(visits: Visits) -> None:
    slowest = max(visits.pages.values(), key=lambda page: page.request.latency_ms)
    assert slowest.request.latency_ms < 5_000 * TIMEOUT_S, slowest.url  # the machine may be busy
    assert visits.seconds < 15 * TIMEOUT_S


def test_bombs_and_what_has_no_end_are_never_in_memory(visits: Visits, inward: Visits) -> None:
    print(f"\npeak {visits.kilobytes >> 10} MiB, {inward.kilobytes >> 10} MiB without any")
    assert visits.kilobytes - inward.kilobytes < BOMB_BYTES >> 10


def test_links_of_a_page_have_a_cap_and_what_is_over_it_is_counted(visits: Visits) -> None:
    page = visits.pages[at("/links")]
    assert len(page.external) <= MAX_EXTERNAL
    assert len(page.internal.target) <= MAX_INTERNAL
    assert page.dropped or page.incomplete == "cut"
    assert not page.complete


def test_an_overlong_link_is_counted_and_left(visits: Visits) -> None:
    page = visits.pages[at("/links/long")]
    assert (page.refused, page.internal.target) == ({"too_long": 1}, [])


@pytest.mark.parametrize(
    ("to", "refused"), [("long", "too_long"), ("mail", "mailto"), ("file", "file")]
)
def test_a_redirect_to_what_is_no_page_leads_nowhere(visits: Visits, to: str, refused: str) -> None:
    page = visits.pages[at(f"/to/{to}")]
    assert (page.outcome, page.final_url, page.refused) == ("redirect", "", {refused: 1})


def test_a_redirect_of_garbage_leads_nowhere(visits: Visits) -> None:
    page = visits.pages[at("/to/garbage")]
    assert page.outcome in ("redirect", "error")
    assert (page.final_url, len(page.external)) == ("", 0)


def test_a_redirect_to_itself_is_asked_once(visits: Visits) -> None:
    page = visits.pages[at("/to/itself")]
    assert (page.outcome, page.incomplete) == ("error", "redirects")
    assert [path for _, path in visits.asked].count("/to/itself") == 1


def test_a_redirect_to_another_port_is_a_link_and_not_followed(visits: Visits) -> None:
    page = visits.pages[at("/to/port")]
    assert page.external.target == ["http://b.example:6379/"]
    assert all(host != "b.example" for host, _ in visits.asked)


@pytest.mark.parametrize("number", range(len(ODD_ADDRESSES)), ids=ODD_ADDRESSES)
def test_a_redirect_to_a_private_address_leads_nowhere(visits: Visits, number: int) -> None:
    page = visits.pages[at(f"/to/private/{number}")]
    assert page.outcome == "redirect"
    assert (page.final_url, len(page.external), page.internal.target) == ("", 0, [])
    assert page.refused.keys() <= {"ip", "invalid", "no_host"}
    assert page.refused


def test_a_port_that_no_setting_names_is_refused_unasked(visits: Visits) -> None:
    page = visits.pages["http://port.example:6379/fine"]
    assert (page.outcome, page.incomplete) == ("refused", "port")
    assert all(host != "port.example" for host, _ in visits.asked)


def test_a_server_without_tls_is_an_outcome(visits: Visits) -> None:
    page = visits.pages["https://notls.example/fine"]
    assert (page.outcome, page.incomplete) == ("robots", "robots.txt: tls")


@pytest.mark.parametrize(
    ("host", "outcome", "why"),
    [
        ("drip.example", "robots", "robots.txt: timeout"),
        ("endless.example", "ok", ""),
        ("inward.example", "ok", ""),  # `connect_to` leads it here as well, where it is a 404
        ("loop.example", "ok", ""),
    ],
)
def test_a_hostile_robots_txt_costs_no_more_than_a_page(
    visits: Visits, host: str, outcome: str, why: str
) -> None:
    page = visits.pages[f"http://{host}/fine"]
    assert (page.outcome, page.incomplete) == (outcome, why)
    assert len([path for asked, path in visits.asked if asked == host]) <= 7


@pytest.fixture(scope="module")
def inward() -> Visits:
    """Odd spellings of this machine, with IP addresses taken as hosts. No setting names it."""
    with hostile_server() as server:
        urls = [f"http://127.0.0.1:{server.port}/fine", f"http://localhost:{server.port}/fine"]
        for address in ODD_ADDRESSES:
            host = address.replace("\\", "/").rpartition("//")[2].partition("/")[0]
            with suppress(Refused):
                named = canonical(f"http://{host}:{server.port}/fine", allow_ip=True)
                urls.append(named.url)
        crawl = {"allow_ip": True, "ports": [server.port], "concurrency": 200}
        pages, peak, seconds = visit_all(sorted(set(urls)), crawl)
    return Visits(pages, server.asked, peak, seconds)


def test_odd_spellings_of_this_machine_are_refused_where_the_connection_is_made(
    inward: Visits,
) -> None:
    assert len(inward.pages) > 8
    assert inward.asked == []
    for url, page in inward.pages.items():
        assert (page.outcome, page.status) == ("robots", 0), url
        # An IPv6 address may not even be looked up or connected to where there is no IPv6.
        reasons = ["private"] + ["connection", "dns"] * ("[" in url)
        assert page.incomplete in [f"robots.txt: {reason}" for reason in reasons], url


def main() -> None:
    """Orders on stdin; a page record a line, peak memory and seconds on stdout."""
    from spiders.crawl import with_engine
    from spiders.visit import Visitor

    order = json.load(sys.stdin)
    crawl = CrawlSettings(**order["crawl"])
    pages: dict[str, Page] = {}

    async def work(fetcher: Any) -> None:
        visitor = Visitor(fetcher, crawl)

        async def visit(url: str) -> None:
            page = await visitor.visit(canonical(url, allow_ip=True), Wanted(url=url, deadline=1))
            pages[url] = page

        late = {url for url in order["urls"] if any(mark in url for mark in BY_TIME)}
        for urls in (set(order["urls"]) - late, late):
            await asyncio.gather(*map(visit, urls))

    started = time.monotonic()
    with_engine(crawl, work)
    for url in order["urls"]:
        print(msgspec.json.encode(pages[url]).decode())
    print(peak_kilobytes())
    print(time.monotonic() - started)


if __name__ == "__main__":
    main()
