"""What manners cost: robots.txt, sitemaps, and telling traps from pages."""

from __future__ import annotations

import io
import statistics

from lxml import etree
from protego import Protego

from pipeline.frontier.traps import WEB_PORTS, why_left
from pipeline.url import canonical
from spiders.extract import extract
from spiders.robots_groups import ours, text_of
from spiders.settings import NAME
from spiders.sitemap import read
from tests.benchmarks.measure import Row, large_pages, pairs, row

TURNS = 7
URLS = 30_000  # of a sitemap; 5 MB
AGENTS = 60  # of a robots.txt that names many, as large sites have; we are not among them


def run() -> list[Row]:
    return [*_sitemaps(), *_robots(), *_traps()]


def _sitemaps() -> list[Row]:
    """Ours with its canonical URLs, beside lxml's iterparse without them."""
    entries = "".join(
        f"<url><loc>https://www.a.example/shop/product-{i}.html?x=1&amp;y=2</loc>"
        "<lastmod>2020-01-01</lastmod><priority>0.5</priority></url>\n"
        for i in range(URLS)
    )
    namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
    body = f'<?xml version="1.0"?><urlset xmlns="{namespace}">{entries}</urlset>'.encode()
    page = canonical("https://www.a.example/sitemap.xml")

    def mine() -> None:
        read(page, body, {"content-type": "application/xml"})

    def theirs() -> None:
        for _, element in etree.iterparse(io.BytesIO(body), tag=f"{{{namespace}}}loc"):
            element.clear()

    times, _, ratio = pairs(mine, theirs, TURNS)
    return [
        row("sitemap: read", len(body) / 1e6 / statistics.median(times), "MB/s",
            f"{URLS:,} URLs; on the thread that fetches"),
        row("sitemap: lxml's iterparse, URLs not made canonical / ours", ratio, "x"),
    ]  # fmt: skip


def _robots() -> list[Row]:
    """Our groups before the parser, beside the parser with all groups."""
    rules = "".join(f"Disallow: /part{i}/\n" for i in range(40))
    groups = "".join(f"User-agent: bot{i}\nCrawl-delay: 5\n{rules}\n" for i in range(AGENTS))
    body = f"{groups}User-agent: *\n{rules}Sitemap: /map.xml\n".encode()

    def mine() -> None:
        found = ours(text_of(body, limit=1 << 20), NAME)
        Protego.parse("\n".join(["user-agent: *", *found.rules]))

    def theirs() -> None:
        Protego.parse(body.decode())

    times, _, ratio = pairs(mine, theirs, TURNS)
    return [
        row("robots.txt: read", 1e3 * statistics.median(times), "ms",
            f"{len(body) >> 10} KiB, {AGENTS} groups, once a day and host"),
        row("robots.txt: protego with all groups / ours", ratio, "x"),
    ]  # fmt: skip


def _traps() -> list[Row]:
    """Beside reading the page that the URLs stand on."""
    pages = large_pages(100)
    html = {"content-type": "text/html"}
    found = [extract(url, body, html) for url, body in pages]
    urls = [url for one in found for url in [*one.internal.target, *one.external.target]]

    def mine() -> None:
        for url in urls:
            why_left(url, 2026, WEB_PORTS)

    def theirs() -> None:
        for url, body in pages:
            extract(url, body, html)

    times, _, ratio = pairs(mine, theirs, TURNS)
    return [
        row("traps: told", 1e6 * statistics.median(times) / len(urls), "us a URL",
            f"{len(urls):,} URLs of {len(pages)} pages"),
        row("traps: reading their pages / telling", ratio, "x",
            "only URLs that were not found lately are looked at"),
    ]  # fmt: skip
