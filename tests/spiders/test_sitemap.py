"""Sitemaps and feeds as sources of URLs, whatever they are made of."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.url import canonical
from spiders.extract import MAX_INTERNAL, Extracted
from spiders.sitemap import MAX_SEEN, is_read, read

XML = "application/xml"
URLSET = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'


def found(
    body: str | bytes, kind: str = XML, at: str = "/sitemap.xml", *, named: bool = False
) -> Extracted | None:
    data = body.encode() if isinstance(body, str) else body
    page = canonical(f"http://www.a.example{at}")
    return read(page, data, {"content-type": f"{kind}; charset=utf-8"}, named=named)


def urls(body: str | bytes, kind: str = XML, at: str = "/sitemap.xml") -> list[str]:
    listed = found(body, kind, at)
    assert listed is not None
    return listed.internal.target


def entry(url: str, more: str = "") -> str:
    return f"<url><loc>{url}</loc><lastmod>2024-01-01</lastmod>{more}</url>"


def test_a_sitemap_lists_pages_of_its_own_domain() -> None:
    listed = found(
        f"""<?xml version="1.0" encoding="UTF-8"?>\n{URLSET}
        {entry(" http://www.a.example/p?a=1&amp;b=2 ")}
        {entry("<![CDATA[http://shop.a.example/q?x=1&y=2]]>")}
        {entry("/relative#top")} {entry("http://b.example/foreign")} {entry("mailto:me@a.example")}
        {entry("http://www.a.example/sitemap.xml")} {entry("/relative")} {entry("")}
        </urlset>"""
    )
    assert listed is not None
    assert listed.internal.target == [
        "http://www.a.example/p?a=1&b=2",
        "http://shop.a.example/q?x=1&y=2",
        "http://www.a.example/relative",
    ]
    assert listed.internal.rel == [0, 0, 0]
    assert listed.refused == {"foreign": 1, "mailto": 1}
    assert (listed.incomplete, len(listed.external)) == ("sitemap", 0)


def test_an_index_of_sitemaps_lists_sitemaps() -> None:
    body = "<sitemapindex><sitemap><loc>/map-1.xml.gz</loc></sitemap></sitemapindex>"
    assert urls(body) == ["http://www.a.example/map-1.xml.gz"]


def test_images_news_and_videos_are_no_pages_and_other_languages_are() -> None:
    more = """<image:image><image:loc>http://www.a.example/i.png</image:loc></image:image>
        <video:video><video:content_loc>/v.mp4</video:content_loc></video:video>
        <news:news><news:title>Rye</news:title></news:news>
        <xhtml:link rel="alternate" hreflang="de" href="/de/p"/>
        <xhtml:link rel="canonical" href="/not-this"/>"""
    assert urls(f"{URLSET}{entry('/p', more)}</urlset>") == [
        "http://www.a.example/p",
        "http://www.a.example/de/p",
    ]


RSS = """<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN"
 "http://my.netscape.com/publish/formats/rss-0.91.dtd">
<rss version="2.0"><channel><title>News</title><link>http://www.a.example/</link>
<item><title>One</title><link>http://www.a.example/one</link><guid>17</guid>
<enclosure url="http://www.a.example/one.mp3"/></item>
<item><link>http://b.example/elsewhere</link></item></channel></rss>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/"><channel><link>http://www.a.example/</link></channel>
<item rdf:about="http://www.a.example/one"><link>http://www.a.example/one</link></item></rdf:RDF>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><link href="/self" rel="self"/>
<entry><link href="/one"/><link rel="edit" href="/edit/1"/><link rel="replies" href="/r"/></entry>
<entry><link rel="alternate" type="text/html" href="http://b.example/two"/></entry></feed>"""
JSON_FEED = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "News",
        "items": [{"id": "1", "url": "/one"}, {"url": 7}, {}, {"url": "http://b.example/two"}],
    }
)


@pytest.mark.parametrize(
    ("body", "kind", "foreign"),
    [
        (RSS, "application/rss+xml", 1),
        (RSS, "text/xml", 1),
        (RDF, "application/rdf+xml", 0),
        (ATOM, "application/atom+xml", 1),
        (JSON_FEED, "application/feed+json", 1),
    ],
)
def test_a_feed_lists_its_items(body: str, kind: str, foreign: int) -> None:
    listed = found(body, kind, "/feed")
    assert listed is not None
    assert listed.internal.target == ["http://www.a.example/one"]
    assert listed.refused == ({"foreign": foreign} if foreign else {})
    assert listed.incomplete == "feed"


def test_a_packed_sitemap_is_unpacked_as_far_as_allowed() -> None:
    body = f"{URLSET}{''.join(entry(f'/p{i}') for i in range(2_000))}</urlset>".encode()
    packed = gzip.compress(body)
    assert len(urls(packed, "application/x-gzip", "/sitemap.xml.gz")) == 2_000
    page = canonical("http://www.a.example/sitemap.xml.gz")
    headers = {"content-type": "application/gzip"}
    part = read(page, packed, headers, limit=len(body) // 2)
    assert part is not None
    assert 900 < len(part.internal.target) < 1_100
    half = read(page, packed[: len(packed) // 2], headers)
    assert half is not None
    assert 0 < len(half.internal.target) < 2_000


def test_a_bomb_is_unpacked_no_further_than_its_limit() -> None:
    packed = gzip.compress(b"<urlset>" + b" " * (100 << 20), 1)
    assert len(packed) > 4 << 16  # it is unpacked piece by piece
    tracemalloc.start()
    listed = found(packed, "application/gzip", "/sitemap.xml.gz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert listed is not None
    assert peak < 24 << 20
    twice = found(gzip.compress(packed), "application/gzip", "/sitemap.xml.gz")
    assert twice is None  # what is packed twice is no sitemap


def test_a_text_of_urls_is_a_sitemap_where_robots_txt_names_it() -> None:
    body = "\ufeffhttp://www.a.example/1\r\nhttp://b.example/2\n\nnot a url\n /3\n"
    assert found(body, "text/plain", "/urls.txt") is None
    listed = found(body, "text/plain", "/urls.txt", named=True)
    assert listed is not None
    assert (listed.internal.target, listed.refused) == (["http://www.a.example/1"], {"foreign": 1})


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize(
    ("body", "kind", "at"),
    [
        ("<!doctype html><html><p>http://www.a.example/</html>", "text/html",
         "/sitemap.xml"),
        ('<?xml version="1.0"?><html><a href="/p">p</a></html>', XML, "/page"),
        ("", XML, "/sitemap.xml"), ("<", XML, "/"),
        ('{"version": 1}', "application/feed+json", "/"),
        ('{"version": "x", "items": []}', "application/feed+json", "/"),
        ("\x1f\x8bgarbage", "application/gzip", "/sitemap.xml.gz"), ("\x00" * 99, XML, "/"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_left_to_whoever_reads_pages(
    body: str, kind: str, at: str, named: bool
) -> None:
    assert found(body.encode("latin-1"), kind, at, named=named) is None


def test_what_is_malformed_counts_up_to_there() -> None:
    assert urls(f"{URLSET}{entry('/1')}</wrong>{entry('/2')}") == ["http://www.a.example/1"]
    assert urls(f"\n {URLSET}{entry('/1')}<url><loc>/2") == ["http://www.a.example/1"]
    assert urls(f"<urlset><x:y>{entry('/1')}</x:y></urlset>") == ["http://www.a.example/1"]


def test_an_element_within_a_url_makes_it_none() -> None:
    assert urls(f"{URLSET}<url><loc>/a<b/>c</loc></url>{entry('/1')}") == ["http://www.a.example/1"]


def test_an_ampersand_that_was_not_escaped_ends_nothing() -> None:
    body = f"{URLSET}{entry('/1?a=1&b=2')}{entry('/2?a=1&amp;b=2')}{entry('/3?a=&nbsp;')}</urlset>"
    assert urls(body) == [
        "http://www.a.example/1?a=1&b=2",
        "http://www.a.example/2?a=1&b=2",
        "http://www.a.example/3?a=&nbsp;",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1251"])
def test_a_declared_encoding_is_read(encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?>{URLSET}{entry("/p")}</urlset>'
    assert urls(body.encode(encoding)) == ["http://www.a.example/p"]


def test_the_digest_is_of_the_set_of_urls() -> None:
    one, two, three = (
        found(f"<urlset>{''.join(map(entry, paths))}</urlset>")
        for paths in (["/a", "/b"], ["/b", "/a", "/a"], ["/a", "/c"])
    )
    assert one is not None
    assert two is not None
    assert three is not None
    assert one.digest == two.digest != three.digest
    assert len(one.digest) == 16


# --- Hostile lists ---


def test_entities_are_never_expanded() -> None:
    """The billion laughs, once in what is read and once in an attribute."""
    declared = '<!ENTITY a "http://www.a.example/x">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    started = time.process_time()
    for use in (entry("&i;"), '<url><link rel="alternate" href="&i;"/></url>', entry("&a;")):
        assert found(f"<!DOCTYPE urlset [{declared}]><urlset>{entry('/p')}{use}</urlset>") is None
    assert time.process_time() - started < 1


def test_nothing_outside_is_fetched(tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("x") / "secret"
    secret.write_text("/secret")
    body = (
        f'<!DOCTYPE urlset [<!ENTITY x SYSTEM "file://{secret}">]><urlset>{entry("&x;")}</urlset>'
    )
    assert found(body) is None
    outer = f'<!DOCTYPE urlset SYSTEM "file://{secret}"><urlset>{entry("/p")}</urlset>'
    assert urls(outer) == ["http://www.a.example/p"]


def test_a_list_has_a_cap_and_what_is_over_it_is_counted() -> None:
    body = f"<urlset>{''.join(entry(f'/{i}') for i in range(MAX_INTERNAL + 10))}</urlset>"
    listed = found(body)
    assert listed is not None
    assert (len(listed.internal.target), listed.dropped) == (MAX_INTERNAL, 10)


@pytest.mark.parametrize("url", ["http://b.example/", "/p", "http://[/"])
def test_of_a_list_that_lists_little_no_more_than_twice_the_cap_is_looked_at(url: str) -> None:
    """An address in a foreign alphabet takes 50 us: 50,000 of them would hold all others up."""
    listed = found(f"<urlset>{entry(url) * (2 * MAX_INTERNAL + 10)}</urlset>")
    assert listed is not None
    assert listed.dropped == 10


def test_what_is_nested_too_deeply_is_read_no_further() -> None:
    body = f"<urlset>{entry('/1')}{'<x>' * 100}{entry('/2')}"
    assert urls(body) == ["http://www.a.example/1"]


PLAIN = "<urlset>" + "<url><loc>/p</loc></url>" * 200_000


@pytest.mark.parametrize(
    "body",
    [
        "<urlset>" + "<url>" * 1_000_000,
        "<urlset><url><loc>" + "x" * (5 << 20),
        "<urlset>" + "<url><loc>http://b.example/</loc></url>" * 130_000,
        "<urlset>" + "<url " + " ".join(f"a{i}=''" for i in range(300_000)) + "/>",
        "<urlset><url><loc>" + "<![CDATA[x]]>" * 400_000,
        "<urlset><url><loc>" + "&x" * 2_500_000,
    ],
)
def test_five_megabytes_of_anything_take_at_most_twenty_times_as_long_as_a_plain_list(
    body: str, plain_s: float
) -> None:
    listed, took = timed(body)
    assert sum(listed.refused.values()) <= MAX_SEEN
    assert took < 20 * plain_s


@pytest.fixture(scope="module")
def plain_s() -> float:
    return timed(PLAIN)[1]


def timed(body: str) -> tuple[Extracted, float]:
    """With the seconds of this thread's own work."""
    started = time.thread_time()
    listed = found(body)
    took = time.thread_time() - started
    assert listed is not None
    return listed, took


def test_an_overlong_url_is_counted_and_left() -> None:
    listed = found(f"<urlset>{entry('/' + 'x' * 3_000)}{entry('/' + 'x' * 50_000)}</urlset>")
    assert listed is not None
    assert (listed.internal.target, listed.refused) == ([], {"too_long": 2})


def test_types_of_lists_are_fetched_and_archives_are_not() -> None:
    at = "http://a.example/sitemap.xml.gz"
    assert is_read("application/rss+xml", "http://a.example/")
    assert is_read("application/gzip", at)
    assert is_read("application/octet-stream", at + "?v=1")
    assert not is_read("application/gzip", "http://a.example/release.tar.gz")
    assert not is_read("application/pdf", at)


_SCRAPS = st.lists(
    st.sampled_from(
        [b"<urlset>", b"<url>", b"<loc>", b"/p", b"</loc>", b"</url>", b"<rss>", b"<item>",
         b"<link>", b"</link>", b"</item>", b"<feed>", b"<entry>", b"<link href='/q'/>", b"]>",
         b"<!DOCTYPE x [", b"<!ENTITY a 'b'>", b"&a;", b"&amp;", b"<![CDATA[", b"]]>", b"<!--",
         b"-->", b"\x00", b"\xff", b"\x1f\x8b", b"<?xml version='1.0' encoding='", b"utf-8",
         b"big5", b"utf-7", b"'?>", b"{", b"["]
    ),
    max_size=20,
).map(b"".join)  # fmt: skip


@settings(max_examples=200)
@given(
    st.one_of(_SCRAPS, st.binary(max_size=200), _SCRAPS.map(gzip.compress)),
    st.sampled_from([XML, "application/feed+json", "text/plain", "application/gzip", ""]),
    st.booleans(),
)
def test_no_bytes_make_it_fail(body: bytes, kind: str, named: bool) -> None:
    listed = found(body, kind, named=named)
    if listed is not None:
        assert all(target.endswith(".example/p") or "a.example/" in target
                   for target in listed.internal.target)  # fmt: skip
