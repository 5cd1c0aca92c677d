"""What a WAT has of a page (its head's elements, and its links in order) to the page's record.

By the rules of spiders/extract.py, without a tree. This is where an import of WATs spends its time,
some 60 links a page: loops are written out, and what a link comes to is looked up before it is
worked out.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache

import msgspec

from pipeline.page import NOFOLLOW, Kind, Links, Page, link_digest
from pipeline.url import Refused, Url, canonical
from spiders.complete import FEW_LINKS, why_incomplete
from spiders.directives import ADDRESSED, Directives
from spiders.extract import MAX_ANCHOR, MAX_EXTERNAL, MAX_HEAD, MAX_TITLE, clean
from spiders.markup import head_kind, refresh_target, rel_flags
from spiders.text import declared_language

_KINDS: dict[str, Kind] = {
    "AREA@/href": "area",
    "FORM@/action": "form",
    "IFRAME@/src": "iframe",
    "FRAME@/src": "iframe",
}
# A link that can't but lead to where its base is: from the root, or without a scheme. What browsers
# leave out of a URL, and backslashes, might make two slashes of one.
_NOT_OF_ROOT = frozenset("/\\\t\r\n")
_RELATIVE = re.compile(r"[A-Za-z0-9_.?-][^:&]*+\Z")
_NEVER = re.compile(r"(?!)")
_LANGUAGE = ("HTML@/lang", "HTML@/xml:lang")
# Pages of a site link the same profiles and partners, and all the web the same few sites: so many
# URLs are remembered between pages, the longer ones not. 10 MB.
_REMEMBERED, _LONGEST = 1 << 14, 200


# None of these can be part of a cycle, so that the collector need not look at them.
class Link(msgspec.Struct, frozen=True, gc=False):
    path: str = ""
    url: str = ""
    text: str = ""
    alt: str = ""
    rel: str = ""


class _HeadLink(msgspec.Struct, frozen=True, gc=False):
    url: str = ""
    rel: str = ""
    type: str = ""


class _Meta(msgspec.Struct, frozen=True, gc=False, rename={"equiv": "http-equiv"}):
    name: str = ""
    content: str = ""
    equiv: str = ""


class _Head(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    title: str = ""
    base: str = ""
    link: list[_HeadLink] = []
    metas: list[_Meta] = []


class Html(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    head: _Head = _Head()
    links: list[Link] = []


# An external link at its best place: target, its domain, kind, rel, anchor, ordinal. A page has
# some ten, and tuples with names take three times as long to make.
_Row = tuple[str, str, Kind, int, str, int]


class Reading:
    """The external links of one page. Four links of five are internal: those are told by how they
    begin, and not resolved.
    """

    def __init__(self, page: Url, found: Html, references: bool) -> None:
        """references: whether URLs have them, such as `&amp;`."""
        self.page_url, self.found, self.references = page, found, references
        base = self._base(found.head.base)
        self.base, self.domain = base.url, page.domain
        self.is_base_ours = base.domain == page.domain
        self.rows: list[_Row] = []
        self.counts: list[int] = []  # of the same places
        self.places: dict[tuple[str, str, Kind], int] = {}  # of targets among the rows
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
        why = "cut" if cut else "links_cap" if self.dropped else self._why(title)
        external = self._columns()
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
            name = meta.name
            if meta.equiv and meta.equiv.strip().lower() == "refresh":
                self._refresh(meta.content)
            elif name in _LANGUAGE:
                self.language = self.language or meta.content
            elif name and (name := name.strip().lower()) in ADDRESSED:
                directives.meta(name, meta.content)
        for link in head.link[:MAX_HEAD]:
            kind = head_kind(link.rel, link.type) if link.rel else None
            if kind is None or kind == "feed" or (kind == "canonical" and self.canonical):
                continue
            target = self._resolve(link.url)
            if target is not None:
                if kind == "canonical":
                    self.canonical = target.url
                self.ordinal += self._link(self.ordinal, link.url, kind)

    def _refresh(self, content: str) -> None:
        href = refresh_target(self._text(content))
        target = self._resolve(href) if href else None
        if target is not None:
            self.refreshes |= target.page != self.page_url.page
            self.ordinal += self._link(self.ordinal, href, "redirect")

    def _links(self) -> None:
        """An image stands right before the link that it is in, which then has no text."""
        image: str | None = None
        host, is_ours = self.page_url.host, self.is_base_ours
        site = f"https://{host}/", f"http://{host}/"
        is_relative = _RELATIVE.match if is_ours else _NEVER.match
        ordinal, anchors, link_to = self.ordinal, 0, self._link
        for link in self.found.links:
            path, href = link.path, link.url
            if path == "A@/href":
                anchors += 1
                first = href[:1]
                if (
                    href[1:2] not in _NOT_OF_ROOT
                    if first == "/" and is_ours
                    else (first == "h" and href.startswith(site)) or is_relative(href)
                ):
                    ordinal += 1
                elif link.text or image is None:
                    ordinal += link_to(ordinal, href, "a", link.rel, link.text)
                else:
                    ordinal += link_to(ordinal, href, "img-link", link.rel, image)
                image = None
            elif path == "IMG@/src":
                image = link.alt
            else:
                image = None
                kind = _KINDS.get(path)
                if kind == "area":
                    anchors += 1
                    ordinal += link_to(ordinal, href, "area", link.rel, link.alt)
                elif kind is not None:
                    ordinal += link_to(ordinal, href, kind)
        self.anchors = anchors

    def _link(self, ordinal: int, href: str, kind: Kind, rel: str = "", anchor: str = "") -> int:
        """1 where it leads somewhere, 0 where not. ordinal: links before it."""
        target = self.resolved.get(href)
        if target is None and (href[:1] == "#" or (target := self._resolve(href)) is None):
            return 0
        if target.domain == self.domain:
            return 1
        key = (target.host, target.path, kind)
        place = self.places.get(key)
        if place is None:
            self._first(key, target, ordinal, rel, anchor)
            return 1
        self.counts[place] += 1
        known = self.rows[place]
        if known[3] & NOFOLLOW and not (flags := rel_flags(rel)) & NOFOLLOW:
            # Its best place is the first that is followed, else the first.
            text = clean(self._text(anchor), MAX_ANCHOR)
            self.rows[place] = (*known[:3], flags, text, ordinal)
        return 1

    def _first(
        self, key: tuple[str, str, Kind], target: Url, ordinal: int, rel: str, anchor: str
    ) -> None:
        """A target for the first time."""
        if len(self.rows) >= MAX_EXTERNAL:
            self.dropped += 1
            return
        self.places[key] = len(self.rows)
        text = clean(self._text(anchor), MAX_ANCHOR) if anchor else ""
        flags = rel_flags(rel) if rel else 0
        self.rows.append((target.url, target.domain, key[2], flags, text, ordinal))
        self.counts.append(1)

    def _columns(self) -> Links:
        rows, size = self.rows, len(self.rows)
        return Links(
            target=[row[0] for row in rows],
            domain=[row[1] for row in rows],
            kind=[row[2] for row in rows],
            rel=[row[3] for row in rows],
            position=["main"] * size,
            anchor=[row[4] for row in rows],
            before=[""] * size,
            after=[""] * size,
            ordinal=[min(row[5], 0xFFFF) for row in rows],
            count=[min(count, 0xFFFF) for count in self.counts],
        )

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
        text = self._text(href)
        is_whole = len(text) < _LONGEST and text.startswith(("https://", "http://"))
        found = _absolute(text) if is_whole else _found(text, self.base)
        target = found if isinstance(found, Url) else None
        if isinstance(found, str):
            self.refused[found] = self.refused.get(found, 0) + 1
        self.resolved[href] = target
        return target

    def _text(self, text: str) -> str:
        return html.unescape(text) if self.references and "&" in text else text


@lru_cache(maxsize=_REMEMBERED)
def _absolute(href: str) -> Url | str:
    """Of a URL that leads to the same place from everywhere."""
    return _found(href, None)


def _found(href: str, base: str | None) -> Url | str:
    """The target, or in one word why it can be none."""
    try:
        return canonical(href, base)
    except Refused as refusal:
        return refusal.reason
