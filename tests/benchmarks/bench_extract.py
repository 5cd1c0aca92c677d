"""A full record of a page, beside Scrapy's LinkExtractor, which gives URL, text and nofollow."""

from __future__ import annotations

import statistics

from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor
from selectolax.lexbor import LexborHTMLParser

from spiders.extract import extract
from tests.benchmarks.measure import Row, large_pages, pairs, peak_mb, row, seconds

PAGES = 150
TURNS = 5
HTML = {"content-type": "text/html"}


def run() -> list[Row]:
    """Pages a second of both, in turns over the same pages; a bare parse as the limit."""
    pages = large_pages(PAGES)
    size = sum(len(body) for _, body in pages) / len(pages)
    extractor = LinkExtractor()

    def ours() -> None:
        for url, body in pages:
            extract(url, body, HTML)

    def theirs() -> None:
        for url, body in pages:  # a response keeps its tree, so that each turn needs its own
            extractor.extract_links(HtmlResponse(url.url, body=body, headers=HTML))

    def bare() -> None:
        for _, body in pages:
            for node in LexborHTMLParser(body).css("a[href]"):
                node.attributes.get("href")

    mine, other, ratio = pairs(ours, theirs, TURNS)
    limit = min(seconds(bare) for _ in range(TURNS))
    note = f"{len(pages)} pages, mean {size / 1000:.0f} KB"
    return [
        row("extract: full record", len(pages) / statistics.median(mine), "pages/s", note),
        row(
            "extract: Scrapy LinkExtractor", len(pages) / statistics.median(other), "pages/s", note
        ),
        row("extract: LinkExtractor / ours", ratio, "x", "target 10, aim 15"),
        row("extract: bare parse and hrefs", len(pages) / limit, "pages/s", "the limit"),
        row("extract: peak memory", peak_mb(), "MB", "whole process"),
    ]
