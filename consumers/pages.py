"""Page records to columns of the table `page_records`, whose views write the index."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from itertools import compress
from typing import Any

import pyarrow as pa

from pipeline.errors import PoisonRecord
from pipeline.frontier.due import next_visit
from pipeline.frontier.traps import WEB_PORTS, why_left
from pipeline.leads import led
from pipeline.log import Record
from pipeline.page import FUTURE_MS, NOFOLLOW, POSITIONS, Page, decode
from pipeline.places import country
from pipeline.settings import RevisitSettings
from pipeline.url import Refused, canonical
from pipeline.url import domains as domains_of

_REMEMBERED = 500_000  # URLs; then it starts anew, which costs some rows and nothing else
_NEVER = 1 << 20  # hops
_YEAR_MS = 31_556_952_000
_TO_FOLLOW = frozenset(
    {"a", "area", "img-link", "redirect", "canonical", "alternate", "next", "prev"}
)
_LONGEST_DELAY_S = 86_400.0  # no spider waits longer for a host
_DIGEST = re.compile(r"[0-9a-f]{1,16}")
_PLACES = {position: number for number, position in enumerate(POSITIONS)}

_STRINGS = pa.list_(pa.string())
SCHEMA = pa.schema(
    [
        ("arrived", pa.uint64()), ("domain", pa.string()), ("host", pa.string()),
        ("path", pa.string()), ("https", pa.uint8()), ("at", pa.uint64()),
        ("source", pa.string()), ("part", pa.uint16()), ("parts", pa.uint16()),
        ("outcome", pa.string()), ("status", pa.uint16()), ("complete", pa.uint8()),
        ("incomplete", pa.string()), ("extractor", pa.uint16()), ("final_url", pa.string()),
        ("ip", pa.string()), ("latency_ms", pa.uint32()), ("title", pa.string()),
        ("language", pa.string()), ("terms", _STRINGS), ("canonical", pa.string()),
        ("noindex", pa.uint8()), ("nofollow", pa.uint8()), ("bytes", pa.uint32()),
        ("internal", pa.uint32()), ("etag", pa.string()), ("last_modified", pa.string()),
        ("digest", pa.string()), ("interval_s", pa.uint32()), ("hops", pa.uint16()),
        ("failures", pa.uint8()), ("due", pa.uint32()), ("targets", _STRINGS),
        ("target_domains", _STRINGS), ("kinds", _STRINGS), ("rels", pa.list_(pa.uint8())),
        ("positions", pa.list_(pa.uint8())), ("anchors", _STRINGS), ("befores", _STRINGS),
        ("afters", _STRINGS), ("ordinals", pa.list_(pa.uint16())),
        ("counts", pa.list_(pa.uint16())), ("found", _STRINGS), ("found_domains", _STRINGS),
        ("found_hops", pa.list_(pa.uint16())), ("text", pa.uint64()), ("delay_ms", pa.uint32()),
        ("leads_to", pa.string()), ("leads_domain", pa.string()), ("leads_by", pa.string()),
        ("owner", pa.string()), ("country", pa.string()), ("country_by", pa.string()),
    ]
)  # fmt: skip


class PageRows:
    """Turns records into rows. Holds only what may be lost: which URLs were lately found.

    `ports`: of servers whose URLs are followed.
    """

    table = "page_records"

    def __init__(self, policy: RevisitSettings, ports: Collection[int] = WEB_PORTS) -> None:
        self.policy, self.ports = policy, frozenset(ports)
        self.left: Counter[str] = Counter()  # URLs that are not followed, by reason
        self._lately: dict[str, int] = {}

    def decode(self, record: Record) -> Page:
        """Raises PoisonRecord."""
        if record.value is None:
            raise PoisonRecord("null")
        page = decode(record.value)
        if page.fetched_at > record.timestamp_ms + FUTURE_MS:
            late = (page.fetched_at - record.timestamp_ms) // 1000
            raise PoisonRecord("future", f"fetched {late} s after the log took it")
        return page

    def weight(self, page: Page) -> int:
        """In rows of the store, about."""
        return 1 + len(page.external) + len(page.internal.target) // 4

    def columns(self, pages: list[Page], arrived_ms: int) -> pa.Table:
        rows = [self._row(page, arrived_ms) for page in pages]
        arrays = [
            pa.array(column, field.type)
            for column, field in zip(zip(*rows, strict=True), SCHEMA, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=SCHEMA)

    def forget(self) -> None:
        """Rows were dropped, so what they found may never have been written."""
        self._lately.clear()

    def _row(self, page: Page, arrived_ms: int) -> tuple[Any, ...]:
        links = page.external
        asked = page.request
        following = next_visit(page, self.policy)
        found, domains, hops = self._followed(page, *self._found(page))
        return (
            arrived_ms, page.domain, page.host, page.path, int(page.url.startswith("https:")),
            page.fetched_at, page.source, page.part, page.parts,
            page.outcome, page.status, int(page.complete),
            page.incomplete, page.extractor, page.final_url,
            page.ip, asked.latency_ms, page.title,
            page.language, page.terms, page.canonical,
            int(page.noindex), int(page.nofollow), page.bytes,
            len(page.internal.target), page.etag, page.last_modified,
            page.digest, following.interval_s, asked.hops,
            following.failures, following.due_s, links.target,
            links.domain, links.kind, links.rel,
            [_PLACES[position] for position in links.position], links.anchor, links.before,
            links.after, links.ordinal, links.count, found, domains,
            hops, _number(page.text), _ms(asked.delay_s), *led(page),
            domains_of(page.host).icann, country(page.country), page.country_by,
        )  # fmt: skip

    def _found(self, page: Page) -> tuple[list[str], list[str], list[int]]:
        """URLs for the frontier that this worker hasn't lately found as near to a seed."""
        if page.source == "list":
            return self._listed(page)
        if page.source != "crawl":
            return [], [], []
        urls, domains, hops = ([], [], []) if page.nofollow else self._linked(page)
        for url in page.sitemaps:
            self._add_sitemap(page, url, urls, domains, hops)
        if len(self._lately) > _REMEMBERED:
            self._lately = {}
        return urls, domains, hops

    def _listed(self, page: Page) -> tuple[list[str], list[str], list[int]]:
        """The page itself, where it is to be crawled: asked for again, found lately or not."""
        urls = page.internal.target
        self._lately.update(dict.fromkeys(urls, page.request.hops))
        return list(urls), [page.domain] * len(urls), [page.request.hops] * len(urls)

    def _add_sitemap(
        self, page: Page, url: str, urls: list[str], domains: list[str], hops: list[int]
    ) -> None:
        """What robots.txt names is as near to a seed as the page, but on another domain."""
        try:
            found = canonical(url, allow_ip=True)
        except Refused:
            return
        near = page.request.hops
        at = near if found.domain == page.domain else min(near + 1, 0xFFFE)
        if self._lately.get(found.url, _NEVER) > at:
            self._lately[found.url] = at
            urls.append(found.url)
            domains.append(found.domain)
            hops.append(at)

    def _linked(self, page: Page) -> tuple[list[str], list[str], list[int]]:
        near, far = page.request.hops, min(page.request.hops + 1, 0xFFFE)
        lately = self._lately
        inner = page.internal
        urls = [
            url
            for url, rel in zip(inner.target, inner.rel, strict=True)
            if not rel & NOFOLLOW and lately.get(url, _NEVER) > near
        ]
        lately.update(dict.fromkeys(urls, near))
        within = len(urls)
        links = page.external
        domains = [page.domain] * within
        for url, domain, kind, rel in zip(
            links.target, links.domain, links.kind, links.rel, strict=True
        ):
            if kind in _TO_FOLLOW and not rel & NOFOLLOW and lately.get(url, _NEVER) > far:
                lately[url] = far
                urls.append(url)
                domains.append(domain)
        return urls, domains, [near] * within + [far] * (len(urls) - within)

    def _followed(
        self, page: Page, urls: list[str], domains: list[str], hops: list[int]
    ) -> tuple[list[str], list[str], list[int]]:
        """What is no trap of what a page led to; the rest is counted."""
        year = 1970 + page.fetched_at // _YEAR_MS
        why = [why_left(url, year, self.ports) for url in urls]
        if not any(why):
            return urls, domains, hops
        self.left.update(reason for reason in why if reason)
        kept = [not reason for reason in why]
        return list(compress(urls, kept)), list(compress(domains, kept)), list(compress(hops, kept))


def _ms(delay_s: float) -> int:
    """What a record may say of a delay, however odd, in what the store can keep."""
    return int(1000 * min(max(0.0, delay_s), _LONGEST_DELAY_S))


def _number(digest: str) -> int:
    """Of 16 hex digits; 0 for what is no such digest."""
    return int(digest, 16) if _DIGEST.fullmatch(digest) else 0
