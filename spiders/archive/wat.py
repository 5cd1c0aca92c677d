"""A record of Common Crawl's WAT, which has of an answer its headers and links, to a page record.

A WAT gives the external links of its WARC, with less around them: no text beside a link, its
anchor cut at 128 characters, every place on the page taken for the main one. It misses an `<a>`
that is never closed. A page of it counts as complete only where nothing that a WAT leaves out could
tell otherwise: it has a fair number of links, and neither its title nor its anchors speak of a
wall. Its validators are not kept, so that a crawl asks for the whole page; internal links are not
read at all.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from pipeline.page import NOFOLLOW, Kind, Links, Page, link_digest
from pipeline.url import Refused, Url, canonical
from spiders.archive.warc import Capture, all_are, milliseconds, page_url, redirected
from spiders.complete import FEW_LINKS, why_incomplete
from spiders.directives import ADDRESSED, Directives
from spiders.extract import (
    HTML_TYPES,
    MAX_ANCHOR,
    MAX_EXTERNAL,
    MAX_HEAD,
    MAX_TITLE,
    clean,
)
from spiders.head import MAX_HEADER
from spiders.markup import head_kind, refresh_target, rel_flags
from spiders.outcome import answered, is_redirect, outcome_of
from spiders.text import declared_language

TYPE = "application/json"
_ANSWER = b'"HTTP-Response-Metadata"'
_HTML, _OK = b'"HTML-Metadata"', b'"Status":"200"'
# Builds before that day left references to characters in attributes as they were written.
_SOFTWARE = re.compile(rb"ia-web-commons[^\r\n]{0,30}-(\d{8})\d{6}")
_DECODED = b"20190619"
_KINDS: dict[str, Kind] = {
    "AREA@/href": "area",
    "FORM@/action": "form",
    "IFRAME@/src": "iframe",
    "FRAME@/src": "iframe",
}
# A link that can't but lead to where its base is: from the root, or without a scheme. What browsers
# leave out of a URL, and backslashes, might make two slashes of one.
_RELATIVE = re.compile(r"/(?![/\\\t\r\n])|[A-Za-z0-9_.?-][^:&]*+\Z")
_NEVER = re.compile(r"(?!)")
_LANGUAGE = ("HTML@/lang", "HTML@/xml:lang")


class _Link(msgspec.Struct, frozen=True):
    path: str = ""
    url: str = ""
    text: str = ""
    alt: str = ""
    rel: str = ""
    type: str = ""


class _Meta(msgspec.Struct, frozen=True, rename={"equiv": "http-equiv"}):
    name: str = ""
    content: str = ""
    equiv: str = ""


class _Head(msgspec.Struct, frozen=True, rename="pascal"):
    title: str = ""
    base: str = ""
    link: list[_Link] = []
    metas: list[_Meta] = []


class _Html(msgspec.Struct, frozen=True, rename="pascal"):
    head: _Head = _Head()
    links: list[_Link] = []


class _Status(msgspec.Struct, frozen=True, rename="pascal"):
    status: str | int = 0


class _Answer(
    msgspec.Struct,
    frozen=True,
    rename={"message": "Response-Message", "headers": "Headers", "html": "HTML-Metadata",
            "length": "Entity-Length"},
):  # fmt: skip
    message: _Status = _Status()
    headers: dict[str, Any] = {}
    html: _Html | None = None
    length: str | int = 0


class _Payload(msgspec.Struct, frozen=True, rename={"answer": "HTTP-Response-Metadata"}):
    answer: _Answer | None = None


class _Warc(
    msgspec.Struct,
    frozen=True,
    rename={"kind": "WARC-Type", "date": "WARC-Date", "url": "WARC-Target-URI",
            "ip": "WARC-IP-Address", "cut": "WARC-Truncated"},
):  # fmt: skip
    kind: str = ""
    date: str = ""
    url: str = ""
    ip: str = ""
    cut: str = ""


class _Envelope(
    msgspec.Struct,
    frozen=True,
    rename={"payload": "Payload-Metadata", "warc": "WARC-Header-Metadata"},
):
    payload: _Payload = _Payload()
    warc: _Warc = _Warc()


class _Record(msgspec.Struct, frozen=True, rename={"envelope": "Envelope"}):
    envelope: _Envelope


_decoder = msgspec.json.Decoder(_Record)


def has_references(software: bytes) -> bool:
    """Whether a WAT's URLs still have references such as `&amp;`. software: of its warcinfo."""
    found = _SOFTWARE.search(software)
    return found is not None and found[1] < _DECODED


def capture(
    block: bytes,
    worth: Callable[[bytes], bool] = all_are,
    *,
    references: bool = False,
    named: str = "",
) -> Capture:
    """Of a metadata record in JSON. Never raises, whatever the bytes.

    worth: whether it is to be read. Without a page where it isn't, where it tells of something
    else than an answer (other), or where it is damaged (no_date, no_json). named: its URL by the
    record's own headers, with which a page that isn't to be read is counted unread.
    """
    if _ANSWER not in block:
        return Capture("other")
    wanted = worth(block)
    if not wanted and named and _HTML in block and _OK in block:
        url = page_url(named)
        if url is not None:
            return Capture("page", None, url.host)
    try:
        envelope = _decoder.decode(block).envelope
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Capture("no_json")
    warc, answer = envelope.warc, envelope.payload.answer
    url = page_url(warc.url)
    if answer is None or url is None or warc.kind != "response":
        return Capture("other")
    at = milliseconds(warc.date)
    if at is None:
        return Capture("no_date")
    return _captured(url, at, warc, answer, wanted, references)


def _captured(
    url: Url, at: int, warc: _Warc, answer: _Answer, worth: bool, references: bool
) -> Capture:
    status, headers = _number(answer.message.status), _fields(answer.headers)
    if is_redirect(status, headers):
        return redirected(url, at, status, headers, warc.ip, "wat")
    outcome = outcome_of(status)
    page = answered(
        url, at, outcome, status=status, headers=headers, ip=warc.ip[:45],
        size=min(_number(answer.length), 0xFFFF_FFFF), source="wat",
    )  # fmt: skip
    if outcome != "ok":
        return Capture("other_status", page, url.host)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.html is None or (kind and kind not in HTML_TYPES):
        return Capture("not_html", None, url.host)
    if not worth:
        return Capture("page", None, url.host)
    reading = _Reading(url, answer.html, references)
    return Capture("page", reading.page(page, headers, bool(warc.cut)), url.host)


def _number(text: str | int) -> int:
    return int(text) if isinstance(text, int) or (text.isdecimal() and len(text) < 12) else 0


def _fields(headers: dict[str, Any]) -> dict[str, str]:
    """By lower-case name; what is no text is a list of texts, or left out."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        if isinstance(value, list):
            value = ", ".join(one for one in value[:100] if isinstance(one, str))
        if isinstance(value, str):
            name, value = name.strip().lower(), value.strip()[:MAX_HEADER]
            found[name] = f"{found[name]}, {value}"[:MAX_HEADER] if name in found else value
    return found


class _Best(NamedTuple):
    """A link with its best place: the first that is followed, else the first."""

    target: Url
    nofollow: int
    rel: int
    anchor: str
    ordinal: int


class _Reading:
    """The external links of one page, by the rules of spiders/extract.py, without a tree.

    Four links of five are internal: those are told by how they begin, and not resolved.
    """

    def __init__(self, page: Url, found: _Html, references: bool) -> None:
        self.page_url, self.found, self.references = page, found, references
        base = self._base(found.head.base)
        self.base, self.domain = base.url, page.domain
        self.site = f"https://{page.host}/", f"http://{page.host}/"
        self.is_relative = _RELATIVE.match if base.domain == page.domain else _NEVER.match
        self.external: dict[tuple[str, str, Kind], _Best] = {}
        self.counts: dict[tuple[str, str, Kind], int] = {}
        self.refused: dict[str, int] = {}
        self.resolved: dict[str, Url | None] = {}
        self.dropped = self.ordinal = self.anchors = 0
        self.refreshes = False
        self.canonical = self.language = ""

    def page(self, page: Page, headers: dict[str, str], cut: bool) -> Page:
        head = self.found.head
        header = headers.get("x-robots-tag", "")
        directives = Directives(header)
        self._head(head, directives)
        self._links()
        title = clean(self._text(head.title), MAX_TITLE)
        external = self._columns()
        why = "cut" if cut else "links_cap" if self.dropped else self._why(title)
        return msgspec.structs.replace(
            page,
            complete=not why,
            incomplete=why,
            etag="",
            last_modified="",
            language=declared_language(
                self.language or headers.get("content-language", "").partition(",")[0]
            ),
            title=title,
            canonical=self.canonical,
            robots_meta=clean(", ".join(directives.text), 300),
            robots_header=clean(header, 300),
            noindex=directives.noindex,
            nofollow=directives.nofollow,
            digest=link_digest(external.target, external.kind),
            dropped=self.dropped,
            refused=self.refused,
            external=external,
        )

    def _columns(self) -> Links:
        rows, size = self.external.values(), len(self.external)
        return Links(
            target=[best.target.url for best in rows],
            domain=[best.target.domain for best in rows],
            kind=[key[2] for key in self.external],
            rel=[best.rel for best in rows],
            position=["main"] * size,
            anchor=[best.anchor for best in rows],
            before=[""] * size,
            after=[""] * size,
            ordinal=[best.ordinal for best in rows],
            count=[min(count, 0xFFFF) for count in self.counts.values()],
        )

    def _why(self, title: str) -> str:
        """Of what a reader sees there are only the anchors; little of that is no proof."""
        if self.anchors < FEW_LINKS:
            return "thin"
        anchors = " ".join([link.text for link in self.found.links if link.text])
        return why_incomplete(
            title=title, text=anchors, html="", links=self.anchors, refresh=self.refreshes
        )

    def _head(self, head: _Head, directives: Directives) -> None:
        for meta in head.metas[:MAX_HEAD]:
            if meta.equiv and meta.equiv.strip().lower() == "refresh":
                self._refresh(meta.content)
            elif meta.name in _LANGUAGE:
                self.language = self.language or meta.content
            elif meta.name and (name := meta.name.strip().lower()) in ADDRESSED:
                directives.meta(name, meta.content)
        for link in head.link[:MAX_HEAD]:
            kind = head_kind(link.rel, link.type) if link.rel else None
            if kind is None or kind == "feed" or (kind == "canonical" and self.canonical):
                continue
            target = self._resolve(link.url)
            if target is not None:
                if kind == "canonical":
                    self.canonical = target.url
                self._link(link.url, kind)

    def _refresh(self, content: str) -> None:
        href = refresh_target(self._text(content))
        target = self._resolve(href) if href else None
        if target is not None:
            self.refreshes |= target.page != self.page_url.page
            self._link(href, "redirect")

    def _links(self) -> None:
        """An image stands right before the link that it is in, which then has no text."""
        image: str | None = None
        site, is_relative = self.site, self.is_relative
        for link in self.found.links:
            path, href = link.path, link.url
            if path == "A@/href":
                self.anchors += 1
                if is_relative(href) or href.startswith(site):
                    self.ordinal += 1
                elif link.text or image is None:
                    self._link(href, "a", link.rel, link.text)
                else:
                    self._link(href, "img-link", link.rel, image)
                image = None
            elif path == "IMG@/src":
                image = link.alt
            else:
                image = None
                kind = _KINDS.get(path)
                if kind == "area":
                    self.anchors += 1
                    self._link(href, "area", link.rel, link.alt)
                elif kind is not None:
                    self._link(href, kind)

    def _link(self, href: str, kind: Kind, rel: str = "", anchor: str = "") -> None:
        if href[:1] == "#":
            return
        target = self.resolved.get(href) or self._resolve(href)
        if target is None:
            return
        self.ordinal += 1
        if target.domain == self.domain:
            return
        key = (target.host, target.path, kind)
        known = self.external.get(key)
        if known is None and len(self.external) >= MAX_EXTERNAL:
            self.dropped += 1
            return
        self.counts[key] = self.counts.get(key, 0) + 1
        flags = rel_flags(rel) if rel else 0
        nofollow = flags & NOFOLLOW
        if known is None or nofollow < known.nofollow:
            text = clean(self._text(anchor), MAX_ANCHOR) if anchor else ""
            best = target if known is None else known.target
            self.external[key] = _Best(best, nofollow, flags, text, min(self.ordinal - 1, 0xFFFF))

    def _base(self, href: str) -> Url:
        if href:
            try:
                return canonical(self._text(href), self.page_url.url, allow_ip=True)
            except Refused:
                pass
        return self.page_url

    def _resolve(self, href: str) -> Url | None:
        if href in self.resolved:
            return self.resolved[href]
        try:
            target: Url | None = canonical(self._text(href), self.base)
        except Refused as refusal:
            self.refused[refusal.reason] = self.refused.get(refusal.reason, 0) + 1
            target = None
        self.resolved[href] = target
        return target

    def _text(self, text: str) -> str:
        return html.unescape(text) if self.references and "&" in text else text
