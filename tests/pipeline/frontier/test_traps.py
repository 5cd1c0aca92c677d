"""Which URLs are left where they are, and what endless sites cost nevertheless."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from itertools import islice
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.pages import PageRows
from demo.serve import Asked
from demo.sites import TRAP
from demo.web import DemoWeb
from pipeline.frontier.traps import REASONS, port_of, trap, why_left
from pipeline.page import Page
from pipeline.settings import RevisitSettings
from pipeline.url import Refused, canonical
from spiders.extract import extract
from spiders.outcome import with_extracted
from tests.support import corpus
from tests.support.records import START
from tests.support.records import page as record

YEAR = 2024
HEX = "0123456789abcdef0123456789abcdef"
LEFT = {
    "repeats": [
        "/a/b/a/b/", "/x/a/b/c/a/b/c", "/shop/shop/shop", "/de/x/de/y/de", "/2020/a/2020/a/2020",
    ],
    "depth": ["/" + "/".join(f"s{i}" for i in range(17))],
    "long": ["/" + "x" * 1_100, "/?q=" + "x" * 600],
    "calendar": [
        "/events/2031/05", "/events/2031/05/17/", "/cal/2031-5", "/archive/1980/05/", "/1950/01/02",
        "/c?month=13", "/c?month=-14", "/c?month=2031-05", "/c?month=203105", "/c?date=2031-05-01",
        "/c?tribe-bar-date=1960-01-01", "/c?date=20310501", "/c?year=2031&month=5", "/c?week=60",
        "/c?year=1990", "/c?day=2031-05-17", "/c?date=2031-05-01T00:00",
    ],
    "session": [f"/p?sid={HEX}", f"/p?a=1&session_id={HEX}", f"/p?s={HEX}", f"/(S({HEX[:24]}))/p",
                "/p?osCsid=1234567890abcdefgh"],
    "facets": ["/s?a=1&b=2&c=3&d=4&e=5&f=6", "/s?f[]=red&f[]=red"],
    "view": ["/p?replytocom=17", "/p?a=1&sort=price", "/p?order=asc", "/w?title=x&action=edit",
             "/w?title=x&oldid=7", "/w?diff=prev&id=4", "/p?print=1", "/p?share=twitter",
             "/p?orderby=name", "/shop?add-to-cart=44", "/e?ical=1", "/w?action=History&title=x"],
    "number": ["/l?page=1001", "/l?page=-1", "/l?start=50001", "/news/page/1001/", "/l?offset=-5"],
}  # fmt: skip
FOLLOWED = [
    "/", "/a/b/c", "/a/a", "/a/b/c/a", "/2024/05/", "/2025/12/31/", "/2004/01/", "/1975/03/05/",
    "/2011/11/11/11", "/1/1/1", "/events/2031/05/17/opening-night", "/1905/03/12/title.html",
    "/node/4821/12", "/ISBN/9780/11", "/c?month=5", "/c?month=2024-05", "/c?month=12&year=2023",
    "/c?date=1978-12-16", "/c?date=2024-05-01", "/p?sid=17", "/p?s=rye+bread", "/p?order=7451",
    "/p?sid=news", "/p?s=internationalization", "/p?page=1000", "/p?page=about", "/page/7/",
    "/p?id=123456789", "/p?p=123456", "/w?title=x&action=view", "/s?a=1&b=2&c=3&d=4&e=5",
    "/p?update=1", "/p?date=yesterday", "/dir/?dir=files", "/l?start=20", "/p?=&=1", "/p?page=",
    "/wiki/Foo_(bar)", "/l?page=99999999999999999999", "/c?date=", "/c?month=9999-99",
]  # fmt: skip


@pytest.mark.parametrize(("why", "path"), [(why, path) for why in LEFT for path in LEFT[why]])
def test_a_trap_is_told_by_its_url(why: str, path: str) -> None:
    assert trap(f"http://a.example{path}", YEAR) == why


@pytest.mark.parametrize("path", FOLLOWED)
def test_what_an_honest_site_has_is_followed(path: str) -> None:
    assert trap(f"http://a.example{path}", YEAR) == ""


@pytest.mark.parametrize(
    ("url", "port"),
    [("http://a.example/", 80), ("https://a.example/", 443), ("http://a.example:8080/x:1", 8080),
     ("https://[2001:db8::1]/", 443), ("https://[2001:db8::1]:81/", 81), ("http://1.2.3.4:5/", 5)],
)  # fmt: skip
def test_a_port_is_told_from_a_url(url: str, port: int) -> None:
    assert port_of(url) == port
    assert why_left(url, YEAR, {port}) == ""
    assert why_left(url, YEAR, {1}) == "port"


_SCRAPS = ["/", "?", "&", "=", "a", "2031", "-", "(", "S", "page", "month", "date", "sid", "12"]


@settings(max_examples=60)
@given(
    st.one_of(st.text(max_size=60), st.lists(st.sampled_from(_SCRAPS), max_size=40).map("".join)),
    st.integers(1970, 2200),
)
def test_no_url_makes_it_fail(path: str, year: int) -> None:
    try:
        url = canonical(f"http://a.example/{path}").url
    except Refused:
        return
    assert why_left(url, year, (80,)) in ("", *REASONS)
    assert trap(f"http://a.example/{path}", year) in ("", *REASONS)


@pytest.mark.parametrize(
    "path",
    ["/" + "a/" * 500_000, "/" * 1_000_000, "/?" + "a=1&" * 250_000, "/?sid=" + "1" * 1_000_000,
     "/" + "(S(" * 300_000, "/" + "2024-" * 200, "/" + "a/b/" * 8, "/?date=" + "2" * 500,
     "/?s=" + "a" * 500 + "!", "/?order=" + "a" * 480 + "!"],
)  # fmt: skip
def test_time_is_linear_in_the_length(path: str) -> None:
    started = time.process_time()
    for _ in range(20):
        trap(f"http://a.example{path}", YEAR)
    assert time.process_time() - started < 1


# --- Crawls of sites that never end ---

Site = Callable[[str, random.Random], list[str]]


def _links_that_grow(path: str, _: random.Random) -> list[str]:
    return ["a/", "b/", "../c/"]


def _calendar(path: str, _: random.Random) -> list[str]:
    year, month = ([int(part) for part in path.split("/") if part.isdecimal()] + [YEAR, 5])[:2]
    at = year * 12 + month - 1
    return [f"/cal/{near // 12}/{near % 12 + 1:02}/" for near in (at - 1, at + 1)]


def _sessions(path: str, dice: random.Random) -> list[str]:
    return [f"/{name}?sid={dice.randbytes(16).hex()}" for name in "abc"]


def _facets(path: str, dice: random.Random) -> list[str]:
    known = path.partition("?")[2]
    chosen = dict(pair.split("=") for pair in known.split("&") if pair)
    return [f"/s?{urlencode(sorted({**chosen, f'f{i}': 'on'}.items()))}" for i in range(8)]


def _numbers(path: str, _: random.Random) -> list[str]:
    number = int(path.rpartition("=")[2]) if "=" in path else 0
    return [f"/l?page={number + 1}", f"/l?page={number - 1}"]


def _views(path: str, _: random.Random) -> list[str]:
    return [f"{path.partition('?')[0]}?replytocom={i}" for i in range(50)]


@pytest.mark.parametrize(
    ("site", "pages"),
    [(_links_that_grow, 191), (_calendar, 12 * 22 + 1), (_sessions, 1), (_facets, 219),
     (_numbers, 1_002), (_views, 1)],
    ids=lambda value: getattr(value, "__name__", str(value)),
)  # fmt: skip
def test_an_endless_site_costs_a_bounded_number_of_pages(site: Site, pages: int) -> None:
    dice = random.Random(1)

    def body(url: str) -> bytes:
        path = url.partition("a.example")[2]
        links = "".join(f'<a href="{link}">x</a>' for link in site(path, dice))
        return f"<title>t</title>{links}".encode()

    visited, left = crawl(["http://a.example/"], body, limit=3 * pages + 10)
    assert len(visited) == pages
    assert sum(left.values()) > 0


def test_the_calendar_of_the_demo_costs_two_years_of_months() -> None:
    web = DemoWeb()

    def body(url: str) -> bytes:
        found = canonical(url)
        return web.respond(Asked(found.scheme, found.host, found.path, {}), 1).body

    visited, left = crawl([f"https://{TRAP}/calendar?month=0"], body, limit=200, host=TRAP)
    assert sum("calendar" in url for url in visited) == 25
    assert left["calendar"] == 2


def crawl(
    seeds: list[str], body: Callable[[str], bytes], *, limit: int, host: str = "a.example"
) -> tuple[list[str], Counter[str]]:
    """Pages visited and URLs left, by reason, as extraction and consumer make them."""
    rows = PageRows(RevisitSettings())
    waiting, known, visited = list(seeds), set(seeds), list[str]()
    while waiting and len(visited) < limit:
        url = waiting.pop(0)
        visited.append(url)
        page = with_extracted(record(url, START), extract(canonical(url), body(url), {}), "")
        for found in _found(rows, page):
            if found not in known and canonical(found).host == host:
                known.add(found)
                waiting.append(found)
    return visited, rows.left


def _found(rows: PageRows, page: Page) -> list[str]:
    found: list[str] = rows.columns([page], START).column("found").to_pylist()[0]
    return found


# --- The real web ---


@corpus.needs_corpus
def test_hardly_an_honest_url_of_the_corpus_is_left() -> None:
    """By hand: of all 11,354, five that are left are honest (sorted lists, a patent)."""
    left, total = Counter[str](), 0
    for host, path, body in islice(corpus.pages(), 0, None, 12):
        found = extract(corpus.page_url(host, path), body, {"content-type": "text/html"})
        urls = {*found.internal.target, *found.external.target}
        total += len(urls)
        left.update(trap(url, 2020) for url in urls)
    del left[""]
    print(f"\n{total} URLs, left: {dict(left)}")
    assert total > 500
    for never in ("repeats", "calendar", "session", "number"):
        assert left[never] == 0
    assert left.total() < total / 50
