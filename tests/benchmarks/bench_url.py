"""Canonical URL and registered domain of links as pages have them."""

from __future__ import annotations

import statistics
from urllib.parse import urljoin

import tldextract
from w3lib.url import canonicalize_url

from pipeline.url import Refused, canonical, domains
from spiders.extract import anchors, base_url, decode
from tests.benchmarks.measure import Row, large_pages, pairs, peak_mb, row

PAGES = 250
TURNS = 7


def run() -> list[Row]:
    """Links a second on one core: ours, and w3lib's canonicalize_url with tldextract."""
    from selectolax.lexbor import LexborHTMLParser

    links: list[tuple[str, str]] = []
    for url, body in large_pages(PAGES):
        tree = LexborHTMLParser(decode(body, "text/html"))
        base = base_url(tree, url)
        links += [(base, href) for _, href in anchors(tree) if href[:1] != "#"]
    suffixes = tldextract.TLDExtract(
        cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True
    )

    def ours() -> None:
        for base, href in links:
            try:
                found = canonical(href, base)
                domains(found.host)
            except Refused:
                continue

    def theirs() -> None:
        for base, href in links:
            try:
                suffixes.extract_str(canonicalize_url(urljoin(base, href)))
            except ValueError:
                continue

    mine, other, ratio = pairs(ours, theirs, TURNS)
    return [
        row("url: canonical and domain", len(links) / statistics.median(mine), "links/s",
            f"{len(links):,} links of {PAGES} pages; target 150,000"),
        row("url: w3lib and tldextract", len(links) / statistics.median(other), "links/s"),
        row("url: w3lib and tldextract / ours", ratio, "x"),
        row("url: peak memory", peak_mb(), "MB", "whole process"),
    ]  # fmt: skip
