"""A full record of a page, beside Scrapy's LinkExtractor, which gives URL, text and nofollow.

And its stages, on pages of the real web and on those that a whole crawler is measured with: where
the next millisecond could be saved.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor
from selectolax.lexbor import LexborHTMLParser

from pipeline.url import Url, canonical
from spiders.bounds import cut_hostile
from spiders.extract import decode, extract
from spiders.text import top_terms, visible, words_of
from tests.benchmarks.measure import Row, large_pages, pairs, peak_mb, row, seconds
from tests.support.bigweb import BigWeb

PAGES = 150
TURNS = 5
HTML = {"content-type": "text/html"}
Pages = list[tuple[Url, bytes]]


def run() -> list[Row]:
    """Pages a second of both, in turns over the same pages; a bare parse as the limit."""
    pages = large_pages(PAGES)
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
    note = f"{len(pages)} pages, mean {_kilobytes(pages):.0f} KB"
    return [
        row("extract: full record", len(pages) / statistics.median(mine), "pages/s", note),
        row(
            "extract: Scrapy LinkExtractor", len(pages) / statistics.median(other), "pages/s", note
        ),
        row("extract: LinkExtractor / ours", ratio, "x", "target 10, aim 15"),
        row("extract: bare parse and hrefs", len(pages) / limit, "pages/s", "the limit"),
        row("extract: peak memory", peak_mb(), "MB", "whole process"),
        *_stages("these pages", pages),
        *_stages("generated pages", list(_generated(PAGES))),
    ]


def _generated(count: int) -> Iterator[tuple[Url, bytes]]:
    """First pages of the generated web's hosts, 50 KB and 60 links each."""
    web = BigWeb(hosts=count, seed=5)
    for host in range(count):
        yield canonical(f"http://{web.name(host)}/p0"), web.body(host, 0)


def _kilobytes(pages: Pages) -> float:
    return sum(len(body) for _, body in pages) / len(pages) / 1000


def _stages(which: str, pages: Pages) -> list[Row]:
    """Milliseconds of CPU a page, of the whole and of what can be asked for alone."""
    htmls = [decode(body, "text/html") for _, body in pages]
    texts = [visible(LexborHTMLParser(html).body).text for html in htmls]
    work: dict[str, tuple[Callable[[Any], Any], list[Any]]] = {
        "all": (lambda page: extract(page[0], page[1], HTML), pages),
        "decode": (lambda page: decode(page[1], "text/html"), pages),
        "bounds": (cut_hostile, htmls),
        "parse": (LexborHTMLParser, htmls),
        "words and terms": (lambda text: top_terms(words_of(text)), texts),
    }
    took = {name: _milliseconds(*each) for name, each in work.items()}
    parsed = _milliseconds(lambda html: visible(LexborHTMLParser(html).body), htmls)
    took["text and its digest"] = parsed - took["parse"]
    took["links and the rest"] = 2 * took["all"] - sum(took.values())
    note = f"CPU of one page, {len(pages)} pages of {_kilobytes(pages):.0f} KB, best of {TURNS}"
    return [row(f"extract: {which}, {name}", ms, "ms", note) for name, ms in took.items()]


def _milliseconds(work: Callable[[Any], Any], things: list[Any]) -> float:
    """Of CPU for each thing: the sum of each one's best, since others use the machine as well."""
    best = [float("inf")] * len(things)
    for _ in range(TURNS):
        for place, thing in enumerate(things):
            started = time.thread_time()
            work(thing)
            best[place] = min(best[place], time.thread_time() - started)
    return 1000 * sum(best) / len(best)
