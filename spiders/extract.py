"""HTML bytes and headers to links: everything one page says, in one pass over its tree.

Never raises, whatever the bytes; linear in their number (bounds.py cuts what is not).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec
from charset_normalizer import from_bytes
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError
from w3lib.encoding import DEFAULT_ENCODING_TRANSLATION, html_to_unicode

from pipeline.page import NOFOLLOW, POSITIONS, Internal, Kind, Links, Position, link_digest
from pipeline.places import country_of_locale
from pipeline.url import Refused, Url, canonical
from spiders.bounds import cut_hostile
from spiders.complete import SHORT_TEXT, why_incomplete
from spiders.directives import ADDRESSED, Directives
from spiders.markup import head_kind, refresh_target, rel_flags
from spiders.position import position_mark
from spiders.text import about, language_of, visible

EXTRACTOR = 3  # goes up when a newer extractor may say other things of the same bytes; 3: terms

MAX_BODY = 5 << 20
MAX_EXTERNAL = 2_000
MAX_INTERNAL = 5_000
MAX_ANCHOR = 300
MAX_CONTEXT = 120
MAX_TITLE = 300
MAX_HEAD = 400  # link and meta elements looked at
MAX_FEEDS = 2  # the site's come first, then those of the comments on each article

HTML_TYPES = ("text/html", "application/xhtml+xml", "application/xml", "text/xml")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff‪-‮⁦-⁩]")

_BEST = {position: rank for rank, position in enumerate(
    ("main", "aside", "header", "nav", "footer", "comment"))}  # fmt: skip
_BLOCKS = frozenset(
    "address article aside blockquote body dd details div dl dt fieldset figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section table tbody td th thead tr "
    "ul".split()
)
_BREAKS = _BLOCKS | {"br"}
_BREAK = re.compile(r"<(?:br|div|p|li|td|h[1-6])[\s>]")
_UNASKED = frozenset({"en-us"})  # what software writes where nobody has chosen
# Lexbor gives an element once for each part that it matches.
_LINKING = (
    "[href],iframe[src]:not([href]),frame[src]:not([href]),form[action]:not([href]),"
    "meta[content]:not([href])"
)


class Extracted(msgspec.Struct, frozen=True, kw_only=True):
    """What one page says. `incomplete` is '' for a complete visit."""

    incomplete: str = ""
    language: str = ""
    country: str = ""  # ISO 3166, for which the page says it is
    country_by: str = ""  # hreflang or lang
    title: str = ""
    terms: list[str] = []
    canonical: str = ""
    robots_meta: str = ""
    robots_header: str = ""
    noindex: bool = False
    nofollow: bool = False
    digest: str = ""  # of the external links
    text: str = ""  # digest of the page's own visible text, '' where there is little
    dropped: int = 0
    refused: dict[str, int] = {}
    external: Links = Links()
    internal: Internal = Internal()


class _Place(NamedTuple):
    """One occurrence of a link; the smallest is the one to keep."""

    rank: int
    nofollow: int
    ordinal: int
    rel: int
    position: Position
    anchor: str
    before: str
    after: str


def extract(page: Url, body: bytes, headers: Mapping[str, str], *, cut: bool = False) -> Extracted:
    """Everything on a page. `headers` by lower-case name; `cut`: the body is not whole."""
    content_type = headers.get("content-type", "")
    if not is_html(content_type, body):
        return _unread("not_html", headers)
    html = decode(body[:MAX_BODY], content_type)
    reason = "cut" if cut or len(body) > MAX_BODY else ""
    html, hostile = cut_hostile(html)
    try:
        tree = LexborHTMLParser(html)
    except (SelectolaxError, ValueError):
        return _unread("unparsable", headers)
    return _Reading(page, tree, html, headers).read(reason or hostile)


def _unread(incomplete: str, headers: Mapping[str, str]) -> Extracted:
    """Of what has no tree, its headers alone."""
    header = headers.get("x-robots-tag", "")
    directives = Directives(header)
    return Extracted(
        incomplete=incomplete,
        robots_header=clean(header, 300),
        noindex=directives.noindex,
        nofollow=directives.nofollow,
    )


def is_html(content_type: str, body: bytes) -> bool:
    """By its content type; a page without one is looked at."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind:
        return kind in HTML_TYPES
    return b"<" in body[:1024] and b"\x00" not in body[:1024]


# Python's codec for labels of host names takes minutes for a page that says to be written in it.
DEFAULT_ENCODING_TRANSLATION["punycode"] = "utf-8"


def decode(body: bytes, content_type: str) -> str:
    """Text by byte-order mark, header, meta, then detection. Never raises."""
    try:
        text: str = html_to_unicode(
            content_type, body, auto_detect_fun=_detect, default_encoding="utf-8"
        )[1]
        return text
    except (LookupError, UnicodeError, ValueError):
        return body.decode("utf-8", "replace")


def _detect(body: bytes) -> str:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start > len(body) - 4:  # cut within a character
            return "utf-8"
        best = from_bytes(body[:20_000]).best()
        return best.encoding if best is not None else "cp1252"
    return "utf-8"


def clean(text: str, limit: int) -> str:
    """One line without control and bidi characters, at most `limit` characters."""
    if len(text) <= limit and text.isprintable() and "  " not in text:
        return text.strip()  # most are so, and no other whitespace is printable
    # Cut first: hostile text is long, and collapsing it whole would be work for nothing.
    return _printable(text[: limit * 8])[:limit]


def _printable(text: str) -> str:
    text = " ".join(text.split())
    return text if text.isprintable() else " ".join(_CONTROL.sub(" ", text).split())


def linking(tree: LexborHTMLParser) -> list[tuple[str, LexborNode]]:
    """Every element that may lead elsewhere, with its tag, in document order."""
    return [(node.tag or "", node) for node in tree.css(_LINKING)]


def anchors(tree: LexborHTMLParser) -> Iterator[tuple[LexborNode, str]]:
    """Every a and area element with an href, in document order."""
    for tag, node in linking(tree):
        if tag in ("a", "area") and "href" in (attributes := node.attributes):
            yield node, attributes["href"] or ""


def base_url(tree: LexborHTMLParser, page: Url) -> str:
    """What links resolve against: the first base element with an href, where it can be parsed."""
    return _base_url(linking(tree), page)


def _base_url(nodes: list[tuple[str, LexborNode]], page: Url) -> str:
    for tag, node in nodes:
        if tag == "base":
            try:
                href = node.attributes.get("href") or ""
                return canonical(href, page.url, allow_ip=True).url
            except Refused:
                break
    return page.url


class _Reading:
    """One page while it is read."""

    def __init__(
        self,
        page: Url,
        tree: LexborHTMLParser,
        html: str,
        headers: Mapping[str, str],
    ) -> None:
        self.page, self.tree, self.html, self.headers = page, tree, html, headers
        self.domain = page.domain
        self.nodes = linking(tree)
        self.base = _base_url(self.nodes, page)
        self.allow_ip = page.domain == page.host.partition(":")[0] and not page.domain[-1].isalpha()
        self.external: dict[tuple[str, str, str], tuple[Url, Kind, _Place, int]] = {}
        self.internal: dict[str, int] = {}
        self.refused: dict[str, int] = {}
        self.dropped = 0
        self.ordinal = 0
        self.resolved: dict[str, Url | None] = {}
        self.found = 0  # a and area elements with a target
        self.refreshes = False
        self.canonical = ""
        self.locales: dict[str, str] = {}  # by URL, the hreflang of each version of the page
        self.feeds = 0
        self.robots_header = headers.get("x-robots-tag", "")
        self.directives = Directives(self.robots_header)
        self.positions: dict[int, Position] = {}
        self.texts: dict[int, str] = {}

    def read(self, reason: str) -> Extracted:
        title = self._title()
        self._links()
        language = self._declared_language()
        country, country_by = self._declared_country(language)
        text, digest, prose = visible(self.tree.body)
        external = self._columns()
        if not reason and self.dropped:
            reason = "links_cap"
        if not reason:
            reason = why_incomplete(
                title=title,
                text=_one_line(text),
                html=self.html,
                links=self.found,
                refresh=self.refreshes,
            )
        return Extracted(
            incomplete=reason,
            language=language_of(language, text),
            country=country,
            country_by=country_by,
            title=title,
            terms=about(title, prose),
            canonical=self.canonical,
            robots_meta=clean(", ".join(self.directives.text), 300),
            robots_header=clean(self.robots_header, 300),
            noindex=self.directives.noindex,
            nofollow=self.directives.nofollow,
            digest=link_digest(external.target, external.kind),
            text=digest,
            dropped=self.dropped,
            refused=self.refused,
            external=external,
            internal=Internal(target=list(self.internal), rel=list(self.internal.values())),
        )

    def _title(self) -> str:
        node = self.tree.css_first("title")
        return clean(node.text(), MAX_TITLE) if node is not None else ""

    def _links(self) -> None:
        heads = 0
        for tag, node in self.nodes:
            attributes = node.attributes
            if tag == "a" or tag == "area":
                self.found += 1
                kind: Kind = "a" if tag == "a" else "area"
                rel = attributes.get("rel")
                self._link(node, attributes.get("href") or "", kind, rel_flags(rel) if rel else 0)
            elif tag == "iframe" or tag == "frame":
                self._link(node, attributes.get("src") or "", "iframe")
            elif tag == "form":
                self._link(node, attributes.get("action") or "", "form")
            elif tag in ("link", "meta") and heads < MAX_HEAD:
                heads += 1
                if tag == "link":
                    self._head_link(node, attributes)
                else:
                    self._meta(node, attributes)

    def _head_link(self, node: LexborNode, attributes: dict[str, str | None]) -> None:
        href = attributes.get("href") or ""
        kind = head_kind(attributes.get("rel") or "", attributes.get("type") or "")
        if kind == "canonical":
            target = None if self.canonical else self._resolve(href)
            if target is not None:
                self.canonical = target.url
                self._link(node, href, "canonical")
        elif kind == "feed":
            if self.feeds < MAX_FEEDS:
                self._feed(href)
        elif kind is not None:
            self._link(node, href, kind)
            target = self.resolved.get(href)
            if kind == "alternate" and target is not None:
                self.locales.setdefault(target.url, attributes.get("hreflang") or "")

    def _feed(self, href: str) -> None:
        """One to be visited, which is no evidence of anything: another site's is nothing."""
        target = self._resolve(href)
        if target is not None and target.domain == self.domain:
            self.feeds += target.url not in self.internal
            self._internal_link(target.url, "alternate", 0)

    def _meta(self, node: LexborNode, attributes: dict[str, str | None]) -> None:
        content = attributes.get("content") or ""
        name = (attributes.get("name") or "").strip().lower()
        if name in ADDRESSED:
            self.directives.meta(name, content)
        elif (attributes.get("http-equiv") or "").strip().lower() == "refresh":
            href = refresh_target(content)
            if href:
                target = self._resolve(href)
                self.refreshes |= target is not None and target.page != self.page.page
                self._link(node, href, "redirect")

    def _declared_language(self) -> str:
        root = self.tree.root
        declared = (root.attributes.get("lang") or "") if root is not None else ""
        return declared or self.headers.get("content-language", "").partition(",")[0]

    def _declared_country(self, language: str) -> tuple[str, str]:
        """For which country the page is by its own entry among its versions, or by its language."""
        for url in (self.page.url, self.canonical):
            if country := country_of_locale(self.locales.get(url, "")):
                return country, "hreflang"
        country = (
            "" if language.lower().replace("_", "-") in _UNASKED else country_of_locale(language)
        )
        return country, "lang" if country else ""

    def _resolve(self, href: str) -> Url | None:
        """The canonical target, once a page for each spelling; None where it was refused."""
        if href in self.resolved:
            return self.resolved[href]
        try:
            target: Url | None = canonical(href, self.base, allow_ip=self.allow_ip)
        except Refused as refusal:
            self.refused[refusal.reason] = self.refused.get(refusal.reason, 0) + 1
            target = None
        self.resolved[href] = target
        return target

    def _link(self, node: LexborNode, href: str, kind: Kind, rel: int = 0) -> None:
        if href[:1] == "#":
            return
        target = self.resolved.get(href) or self._resolve(href)
        if target is None:
            return
        self.ordinal += 1
        if target.domain == self.domain:
            self._internal_link(target.url, kind, rel)
        else:
            self._external_link(node, target, kind, rel)

    def _internal_link(self, url: str, kind: Kind, rel: int) -> None:
        if url == self.page.url or kind in ("form", "canonical"):
            return
        known = self.internal.get(url)
        if known is not None:
            self.internal[url] = known & rel
        elif len(self.internal) < MAX_INTERNAL:
            self.internal[url] = rel
        else:
            self.dropped += 1

    def _external_link(self, node: LexborNode, target: Url, kind: Kind, rel: int) -> None:
        anchor = ""
        if kind == "a":
            kind, anchor = self._anchor(node)
        elif kind == "area":
            anchor = _alt(node)
        key = (target.host, target.path, kind)
        known = self.external.get(key)
        if known is None and len(self.external) >= MAX_EXTERNAL:
            self.dropped += 1
            return
        position = self._position(node)
        ordinal = min(self.ordinal - 1, 0xFFFF)
        rank = (_BEST[position], rel & NOFOLLOW, ordinal)
        if known is not None and known[2][:3] <= rank:
            self.external[key] = (*known[:3], min(known[3] + 1, 0xFFFF))
            return
        place = _Place(
            *rank, rel, position, anchor,
            self._context(node, forward=False), self._context(node, forward=True),
        )  # fmt: skip
        if known is None:
            self.external[key] = (target, kind, place, 1)
        else:
            self.external[key] = (known[0], kind, place, min(known[3] + 1, 0xFFFF))

    def _anchor(self, node: LexborNode) -> tuple[Kind, str]:
        """A link's text; where it has none, it is an image's, with that image's alt."""
        child = node.first_child
        if child is None:
            return "a", ""
        if child.is_text_node and child.next is None:
            text = clean(child.text_content or "", MAX_ANCHOR)
        else:
            # Words in blocks of their own stay apart; a dropped cap stays with its word.
            html = node.html or ""
            text = clean(node.text(separator=" " if _BREAK.search(html) else ""), MAX_ANCHOR)
            if not text and "<img" in html and (image := node.css_first("img")) is not None:
                return "img-link", _alt(image)
        return "a", text

    def _position(self, node: LexborNode) -> Position:
        """The nearest ancestor that tells a place, remembered for every ancestor on the way."""
        path: list[int] = []
        position: Position = "main"
        current = node.parent
        while current is not None and current.is_element_node:
            known = self.positions.get(current.mem_id)
            if known is not None:
                position = known
                break
            path.append(current.mem_id)
            mark = position_mark(current)
            if mark is not None:
                position = mark
                break
            current = current.parent
        for identity in path:
            self.positions[identity] = position
        return position

    def _context(self, node: LexborNode, *, forward: bool) -> str:
        """The text beside a link within its block, at most MAX_CONTEXT characters."""
        parts: list[str] = []
        size = 0
        current = node
        for _ in range(12):
            sibling = current.next if forward else current.prev
            if sibling is None:
                above = current.parent
                if above is None or above.tag in _BLOCKS:
                    break
                current = above
                continue
            if not sibling.is_text_node and sibling.tag in _BREAKS:
                break
            text = self._text(sibling, forward)
            parts.append(text)
            size += len(text)
            current = sibling
            if size >= MAX_CONTEXT:
                break
        if not parts:
            return ""
        text = _printable(" ".join(parts if forward else parts[::-1]))
        return text[:MAX_CONTEXT] if forward else text[-MAX_CONTEXT:]

    def _text(self, node: LexborNode, forward: bool) -> str:
        """Its end that is next to the link, kept: it may be next to others, and be long."""
        key = node.mem_id if forward else -node.mem_id
        text = self.texts.get(key)
        if text is None:
            if node.is_text_node:
                whole = node.text_content or ""
            else:
                whole = "" if node.tag in ("script", "style", "-comment") else node.text() or ""
            text = whole[: 2 * MAX_CONTEXT] if forward else whole[-2 * MAX_CONTEXT :]
            self.texts[key] = text
        return text

    def _columns(self) -> Links:
        rows = list(self.external.values())
        return Links(
            target=[target.url for target, _, _, _ in rows],
            domain=[target.domain for target, _, _, _ in rows],
            kind=[kind for _, kind, _, _ in rows],
            rel=[place.rel for _, _, place, _ in rows],
            position=[place.position for _, _, place, _ in rows],
            anchor=[place.anchor for _, _, place, _ in rows],
            before=[place.before for _, _, place, _ in rows],
            after=[place.after for _, _, place, _ in rows],
            ordinal=[place.ordinal for _, _, place, _ in rows],
            count=[count for _, _, _, count in rows],
        )


def _one_line(text: str) -> str:
    """The text on one line, or so much of it that it is not short."""
    line = " ".join(text[: 2 * SHORT_TEXT].split())
    return line if len(line) >= SHORT_TEXT else " ".join(text.split())


def _alt(node: LexborNode) -> str:
    return clean(node.attributes.get("alt") or "", MAX_ANCHOR)


assert set(_BEST) == set(POSITIONS)
