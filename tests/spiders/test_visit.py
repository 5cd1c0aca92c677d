"""What a visit asks for, in which order and how patiently; answers come from a table."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple, cast

import pytest

from pipeline.control import Controls
from pipeline.errors import NotOwner
from pipeline.frontier.request import Wanted
from pipeline.page import Page, Request
from pipeline.settings import CrawlSettings
from pipeline.url import canonical
from spiders.fetch import Fetched
from spiders.visit import Visitor
from tests.pipeline.said import controls, said

DELAY_S = 2.0
HTML = {"content-type": "text/html"}
NO_ROBOTS = Fetched(404, {}, b"", "", 1)
PAGE = Fetched(200, HTML, b"<title>t</title><p>Rye and wheat.</p><a href=/in>in</a>", "", 1)


class Asked(NamedTuple):
    url: str
    any_type: bool
    at: float  # seconds of pauses before it


class Web:
    def __init__(self, table: dict[str, Fetched]) -> None:
        self.table, self.asked, self.now = table, list[Asked](), 0.0

    async def fetch(self, url: str, headers: dict[str, str], *, any_type: bool = False) -> Fetched:
        self.asked.append(Asked(url, any_type, self.now))
        return self.table.get(url, NO_ROBOTS)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def redirect(to: str) -> Fetched:
    return Fetched(301, {"location": to}, b"", "", 1)


def robots(text: str) -> Fetched:
    return Fetched(200, {}, text.encode(), "", 1)


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Any:
    def visited(web: Web, *urls: str, controls: Controls | None = None, **crawl: Any) -> list[Page]:
        monkeypatch.setattr("spiders.visit.asyncio.sleep", web.sleep)
        settings = CrawlSettings(delay_s=DELAY_S, **crawl)
        visitor = Visitor(cast(Any, web), settings, controls=controls)

        async def all_() -> list[Page]:
            return [
                await visitor.visit(canonical(url, allow_ip=True), Wanted(url=url, deadline=1))
                for url in urls
            ]

        return asyncio.run(all_())

    return visited


@pytest.mark.parametrize(
    "url", ["http://a.example:22/", "http://a.example:8080/", "https://a.example:80/"]
)
def test_a_port_that_no_setting_names_is_not_asked_for_anything(visit: Any, url: str) -> None:
    web = Web({})
    (page,) = visit(web, url, ports=[443])
    assert (page.outcome, page.incomplete, page.status) == ("refused", "port", 0)
    assert web.asked == []


def test_a_port_that_a_setting_names_is_asked(visit: Any) -> None:
    web = Web({"http://a.example:8080/": PAGE})
    (page,) = visit(web, "http://a.example:8080/", ports=[8080])
    assert page.outcome == "ok"


def test_redirects_of_robots_txt_lead_nowhere_that_is_barred(visit: Any) -> None:
    web = Web({"http://a.example/robots.txt": redirect("http://b.example/x?1")})
    heard = controls(said(1, "block", "b.example"))
    (page,) = visit(web, "http://a.example/", controls=heard)
    assert [asked.url for asked in web.asked] == ["http://a.example/robots.txt"]
    assert (page.outcome, page.incomplete) == ("robots", "robots.txt: barred")


def test_redirects_of_robots_txt_that_lead_in_a_circle_count_as_no_file(visit: Any) -> None:
    web = Web(
        {
            "http://a.example/robots.txt": redirect("http://b.example/r"),
            "http://b.example/r": redirect("http://a.example/robots.txt"),
        }
    )
    (page,) = visit(web, "http://a.example/")
    assert page.outcome == "gone"
    assert [asked.url for asked in web.asked] == [
        "http://a.example/robots.txt",
        "http://b.example/r",
        "http://a.example/",
    ]


@pytest.mark.parametrize(("said_s", "kept_s"), [(0.1, DELAY_S), (7.0, 7.0)])
def test_a_delay_lies_before_a_redirect_of_robots_txt_to_a_host_that_was_asked(
    visit: Any, said_s: float, kept_s: float
) -> None:
    web = Web(
        {
            "http://a.example/robots.txt": redirect("https://a.example/robots.txt"),
            "https://a.example/robots.txt": redirect("https://b.example/robots.txt"),
            "https://b.example/robots.txt": redirect("https://a.example/r"),
        }
    )
    visit(web, "http://a.example/", controls=controls(said(1, "delay", "a.example", said_s)))
    assert [(asked.url, asked.at) for asked in web.asked[:4]] == [
        ("http://a.example/robots.txt", 0),
        ("https://a.example/robots.txt", kept_s),
        ("https://b.example/robots.txt", kept_s),
        ("https://a.example/r", 2 * kept_s),
    ]


def test_a_redirect_to_https_is_not_followed_where_its_port_is_not_asked(visit: Any) -> None:
    web = Web({"http://a.example/": redirect("https://a.example/")})
    (page,) = visit(web, "http://a.example/", ports=[80])
    assert [asked.url for asked in web.asked] == [
        "http://a.example/robots.txt",
        "http://a.example/",
    ]
    assert (page.outcome, page.final_url) == ("redirect", "https://a.example/")


def test_links_to_other_ports_are_recorded_all_the_same(visit: Any) -> None:
    body = b"<p>x<a href=http://a.example:8080/in>in</a><a href=http://b.example:81/>out</a>"
    (page,) = visit(Web({"http://a.example/": PAGE._replace(body=body)}), "http://a.example/")
    assert page.internal.target == ["http://a.example:8080/in"]
    assert page.external.target == ["http://b.example:81/"]


def test_a_delay_lies_between_any_two_requests_to_a_host(visit: Any) -> None:
    """robots.txt, the page, and behind its redirect both again over https."""
    web = Web({"http://a.example/": redirect("https://a.example/"), "https://a.example/": PAGE})
    (page,) = visit(web, "http://a.example/")
    assert page.outcome == "ok"
    assert [(asked.url, asked.at) for asked in web.asked] == [
        ("http://a.example/robots.txt", 0),
        ("http://a.example/", DELAY_S),
        ("https://a.example/robots.txt", 2 * DELAY_S),
        ("https://a.example/", 3 * DELAY_S),
    ]


def test_the_robots_txt_of_a_redirects_target_is_asked_before_the_target(visit: Any) -> None:
    web = Web(
        {
            "http://a.example/p": redirect("https://a.example/p"),
            "https://a.example/robots.txt": robots("User-agent: *\nDisallow: /p"),
            "https://a.example/p": PAGE,
        }
    )
    (page,) = visit(web, "http://a.example/p")
    assert (page.outcome, page.incomplete) == ("robots", "robots.txt")
    assert "https://a.example/p" not in [asked.url for asked in web.asked]
    assert [hop.url for hop in page.chain] == ["http://a.example/p"]


SITEMAPS = robots("Sitemap: http://a.example/urls.txt\nSitemap: http://a.example/map\n")


def test_sitemaps_stand_in_the_record_of_the_visit_that_read_robots_txt(visit: Any) -> None:
    web = Web({"http://a.example/robots.txt": SITEMAPS, "http://a.example/": PAGE})
    first, second = visit(web, "http://a.example/", "http://a.example/")
    assert first.sitemaps == ["http://a.example/urls.txt", "http://a.example/map"]
    assert second.sitemaps == []


def test_a_visit_that_is_given_up_leaves_its_sitemaps_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    web = Web({"http://a.example/robots.txt": SITEMAPS, "http://a.example/": PAGE})
    monkeypatch.setattr("spiders.visit.asyncio.sleep", web.sleep)
    visitor = Visitor(cast(Any, web), CrawlSettings(delay_s=DELAY_S))
    url, wanted = canonical("http://a.example/"), Wanted(url="http://a.example/", deadline=1)

    async def lost(_rested_s: float) -> None:
        raise NotOwner("requests", 0)

    async def both() -> Page:
        with pytest.raises(NotOwner):
            await visitor.visit(url, wanted, lost)
        return await visitor.visit(url, wanted)

    assert asyncio.run(both()).sitemaps == ["http://a.example/urls.txt", "http://a.example/map"]


def test_sitemaps_of_both_schemes_are_twenty_at_most(visit: Any) -> None:
    def many(scheme: str) -> Fetched:
        return robots("\n".join(f"Sitemap: {scheme}://a.example/{i}" for i in range(15)))

    web = Web(
        {
            "http://a.example/robots.txt": many("http"),
            "https://a.example/robots.txt": many("https"),
            "http://a.example/": redirect("https://a.example/"),
        }
    )
    (page,) = visit(web, "http://a.example/")
    assert len(page.sitemaps) == 20


def test_a_sitemap_that_robots_txt_names_is_read_whatever_its_type(visit: Any) -> None:
    listed = b"http://a.example/one\nhttp://b.example/two\n"
    plain = Fetched(200, {"content-type": "text/plain"}, listed, "", 1)
    web = Web({"http://a.example/robots.txt": SITEMAPS, "http://a.example/urls.txt": plain})
    (page,) = visit(web, "http://a.example/urls.txt")
    assert (page.outcome, page.complete, page.incomplete) == ("ok", False, "sitemap")
    assert page.internal.target == ["http://a.example/one"]
    assert page.refused == {"foreign": 1}
    assert page.digest
    assert [asked.any_type for asked in web.asked] == [True, True]


def test_a_feed_is_read_as_one_and_a_page_of_xml_as_a_page(visit: Any) -> None:
    xml = {"content-type": "application/xml"}
    feed = b"<rss><channel><item><link>/one</link></item></channel></rss>"
    xhtml = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>Rye</p>'
    web = Web(
        {
            "http://a.example/feed": Fetched(200, xml, feed, "", 1),
            "http://a.example/page": Fetched(200, xml, xhtml + b"<a href='/in'>in</a>", "", 1),
        }
    )
    feed_page, page = visit(web, "http://a.example/feed", "http://a.example/page")
    assert (feed_page.incomplete, feed_page.internal.target) == ("feed", ["http://a.example/one"])
    assert page.internal.target == ["http://a.example/in"]
    assert [asked.any_type for asked in web.asked] == [True, False, False]


@pytest.mark.parametrize(
    ("url", "outcome"),
    [("https://a.org:23/", "refused"), ("https://a.org/no", "robots"), ("https://b.org/", "error")],
)
def test_what_a_request_carries_of_its_host_is_never_told_as_measured(
    monkeypatch: pytest.MonkeyPatch, url: str, outcome: str
) -> None:
    web = Web({"https://a.org/robots.txt": robots("User-agent: *\nDisallow: /no")})
    monkeypatch.setattr("spiders.visit.asyncio.sleep", web.sleep)
    visitor = Visitor(cast(Any, web), CrawlSettings(delay_s=DELAY_S))
    if outcome == "error":
        monkeypatch.setattr(visitor.robots, "rules", None)  # a mistake of ours
    carried = Request(hops=3, latency_ms=700, delay_s=50.0)
    told = asyncio.run(visitor.visit(canonical(url), Wanted(url=url, deadline=1, carried=carried)))
    assert told.outcome == outcome
    assert told.request == Request(hops=3, latency_ms=0, delay_s=DELAY_S)
