"""Sitemaps and feeds: lists of URLs that are no pages.

XML is read by expat, which keeps nothing of it: 20 MB a second. A document that declares entities
is read no further, so that none ever grows; nothing outside of it is fetched. What is malformed
counts up to there.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal, NamedTuple
from xml.parsers import expat

import msgspec

from pipeline.page import Internal, link_digest
from pipeline.url import MAX_URL, Refused, Url, canonical
from spiders.extract import MAX_BODY, MAX_INTERNAL, Extracted, clean

MAX_SEEN = 50_000  # URLs of one file; the protocol's own limit
MAX_LOOKED_AT = 2 * MAX_INTERNAL  # for which one with a foreign alphabet takes 50 us
MAX_DEPTH = 64
XML_TYPES = frozenset(
    f"application/{kind}" for kind in ("xml", "rss+xml", "atom+xml", "rdf+xml")
) | {"text/xml"}  # fmt: skip
JSON_TYPE = "application/feed+json"
_GZIP_TYPES = frozenset(
    ["application/gzip", "application/x-gzip", "application/octet-stream", "binary/octet-stream"]
)
_XML_NAMES = (".xml", ".rss", ".atom", ".rdf")
_PACKED_NAMES = (".xml.gz", ".rss.gz", ".atom.gz", ".txt.gz")

_BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);)")

Kind = Literal["sitemap", "feed"]
_ROOTS: dict[str, Kind] = {
    "urlset": "sitemap", "sitemapindex": "sitemap", "rss": "feed", "RDF": "feed", "feed": "feed",
}  # fmt: skip
# Whose text is a URL, and within what.
_TEXT = frozenset([("url", "loc"), ("sitemap", "loc"), ("item", "link")])
# Whose href is one.
_HREF = frozenset([("url", "link"), ("entry", "link")])


class _List(NamedTuple):
    kind: Kind
    urls: list[str]


class _Enough(Exception):
    """Nothing more of this document is wanted."""


def is_read(content_type: str, url: str) -> bool:
    """Whether the body of such an answer may be a sitemap or a feed. content_type: bare."""
    if content_type in XML_TYPES or content_type == JSON_TYPE:
        return True
    return content_type in _GZIP_TYPES and _path(url).endswith(_PACKED_NAMES)


def read(
    page: Url,
    body: bytes,
    headers: Mapping[str, str],
    *,
    named: bool = False,
    limit: int = MAX_BODY,
) -> Extracted | None:
    """The URLs that it lists, of the page's own registered domain; None where it is no such list.

    named: by the host's robots.txt, which may name a plain text too. limit: bytes unpacked.
    Never raises, whatever the bytes; linear in them.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not (named or is_read(kind, page.url) or _path(page.url).endswith(_XML_NAMES)):
        return None
    body = body[:MAX_BODY]
    if body[:2] == b"\x1f\x8b":
        body = _unpacked(body, limit)
    found = _json(body) if kind == JSON_TYPE else _xml(body)
    if found is None and named:
        found = _lines(body)
    return None if found is None else _extracted(page, found, headers)


def _path(url: str) -> str:
    return url.partition("?")[0].lower()


def _unpacked(body: bytes, limit: int) -> bytes:
    """At most `limit` bytes, as far as it can be unpacked."""
    inflate = zlib.decompressobj(31)
    parts: list[bytes] = []
    left = limit
    with suppress(zlib.error):  # what came before it counts
        for start in range(0, len(body), 1 << 16):
            parts.append(inflate.decompress(body[start : start + (1 << 16)], left))
            left -= len(parts[-1])
            if left <= 0 or inflate.eof:  # 0 would mean that there is no limit
                break
    return b"".join(parts)


def _xml(body: bytes) -> _List | None:
    body = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    reading = _Reading()
    if not reading.reads(body) and reading.kind is not None and b"&" in body:
        again = _Reading()
        again.reads(_BARE_AMPERSAND.sub(b"&amp;", body))  # as half of all authors write URLs
        reading = max(reading, again, key=lambda read: len(read.urls))
    return None if reading.kind is None else _List(reading.kind, reading.urls)


class _Reading:
    """One document while expat reads it. Namespaces are taken as written: prefixes often lie."""

    def __init__(self) -> None:
        self.kind: Kind | None = None
        self.urls: list[str] = []
        self.open: list[str] = []
        self.text: list[str] | None = None
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.EntityDeclHandler = _stop

    def reads(self, body: bytes) -> bool:
        """As much as is wanted, or can be read; False where that isn't all.

        It may be cut, malformed, or of an encoding that is not known.
        """
        try:
            self.parser.Parse(body, True)
        except _Enough:
            return True
        except (expat.ExpatError, ValueError, LookupError):
            return False
        return True

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if self.kind is None:
            self.kind = _ROOTS.get(name)
            if self.kind is None:
                raise _Enough
        place = (self.open[-1] if self.open else "", name)
        self.open.append(name)
        if len(self.open) > MAX_DEPTH or len(self.urls) >= MAX_SEEN:
            raise _Enough
        if place in _TEXT:
            self.text = []
            self.parser.CharacterDataHandler = self.text.append
        elif self.text is not None:
            self._forget()
        if place in _HREF and attributes.get("rel", "alternate") == "alternate":
            self.urls.append(attributes.get("href", ""))

    def _end(self, _: str) -> None:
        self.open.pop()
        if self.text is not None:
            url = "".join(self.text).strip()
            if url:
                self.urls.append(url)
            self._forget()

    def _forget(self) -> None:
        """No text is told of where none is wanted: half of the time."""
        self.text = self.parser.CharacterDataHandler = None


def _stop(*_: Any) -> None:
    raise _Enough


class _Item(msgspec.Struct):
    url: Any = ""


class _Feed(msgspec.Struct):
    version: str
    items: list[_Item] = []


def _json(body: bytes) -> _List | None:
    try:
        feed = msgspec.json.decode(body, type=_Feed)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    urls = [item.url for item in feed.items[:MAX_SEEN] if item.url and isinstance(item.url, str)]
    return _List("feed", urls) if "jsonfeed.org" in feed.version else None


def _lines(body: bytes) -> _List | None:
    """A text of URLs, one a line."""
    lines = [line.strip() for line in body.decode("utf-8-sig", "replace").splitlines()]
    urls = [line for line in lines if line[:8].lower().startswith(("http://", "https://"))]
    return _List("sitemap", urls[:MAX_SEEN]) if urls else None


def _extracted(page: Url, found: _List, headers: Mapping[str, str]) -> Extracted:
    targets: dict[str, None] = {}
    refused: Counter[str] = Counter()
    looked_at = 0
    for url in found.urls:
        if len(targets) == MAX_INTERNAL or looked_at == MAX_LOOKED_AT:
            break
        looked_at += 1
        target = _target(page, url, refused)
        if target is not None and target.page != page.page:
            targets[target.url] = None
    urls = list(targets)
    return Extracted(
        incomplete=found.kind,
        robots_header=clean(headers.get("x-robots-tag", ""), 300),
        digest=link_digest(urls, ["a"] * len(urls)),
        dropped=len(found.urls) - looked_at,
        refused=dict(refused),
        internal=Internal(target=urls, rel=[0] * len(urls)),
    )


def _target(page: Url, url: str, refused: Counter[str]) -> Url | None:
    """Of the page's own domain; the reason of another one is counted."""
    if len(url) > 2 * MAX_URL:
        refused["too_long"] += 1
        return None
    allow_ip = page.domain == page.host.partition(":")[0] and not page.domain[-1].isalpha()
    try:
        target = canonical(url, page.url, allow_ip=allow_ip)
    except Refused as refusal:
        refused[refusal.reason] += 1
        return None
    if target.domain != page.domain:
        refused["foreign"] += 1
        return None
    return target
