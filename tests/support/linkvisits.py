"""The visits of a LinkWeb as columns of consumers/pages.py, in the order in which they arrive."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from consumers.pages import SCHEMA
from tests.support.dice import Bits, Ints
from tests.support.linkweb import DAY_MS, FATES, KINDS, LinksOf, LinkWeb, Pages

TERMS = 20  # of a page
_OUTCOMES = pa.array(["ok", "gone", "redirect", "timeout", "not_modified"])
_STATUS = np.array([200, 404, 301, 0, 304])
# Of pages by fate, from the second visit on; a page that is unmodified is so once.
_LATER = np.array([0, 1, 2, 3, 4, 0])
_HOSTS = pa.array(["", "www.", "www.", "www.", "blog.", "shop."])
_SCHEMES = pa.array(["http://", "https://", "https://", "https://", "https://"])
_LANGUAGES = pa.array(["en", "en", "en", "de", "fr", "es", "ja", "pt", ""])
_RELS = np.array([0] * 15 + [1] * 3 + [2, 5])
_PLACES = np.array([0] * 14 + [1, 3, 4, 4, 5, 5])
_SITEWIDE_PLACES = np.array([1, 3, 3, 4])
_KIND_NAMES = pa.array(KINDS)
# Streams of dice, beside those of linkweb.py.
(
    _HOST, _PATH, _ANCHOR, _REL, _PLACE, _TEXT, _LATE, _TWICE, _TITLE, _TERM, _ETAG, _AT, _SCHEME
) = range(100, 113)  # fmt: skip


class Visited(NamedTuple):
    """Some pages with all links that they ever have. `visit`: which is meant, 0 for none."""

    pages: Pages
    links: LinksOf
    visit: Ints


class Arrivals:
    """Inserts of about `batch` pages each, as they come to a consumer."""

    def __init__(self, web: LinkWeb, batch: int) -> None:
        self.web, self.batch = web, batch

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        """What each insert is made of: the batch of pages, and which time it comes, from 1.

        Again after a third of all; a third time after another. So many batches together as make
        about one of first visits.
        """
        batches = -(-self.web.pages // self.batch)
        waiting: dict[int, deque[int]] = {2: deque(), 3: deque()}
        together = {2: 4, 3: 14}
        for number in range(batches * 5 // 3 + 2):
            if number < batches:
                yield [(number, 1)]
            for turn, many in together.items():
                due = number - (turn - 1) * batches // 3
                if 0 <= due < batches:
                    waiting[turn].append(due)
                if len(waiting[turn]) >= many or (due == batches - 1 and waiting[turn]):
                    yield [(batch, turn) for batch in waiting[turn]]
                    waiting[turn].clear()

    def columns(self, insert: list[tuple[int, int]], arrived_ms: int) -> pa.Table:
        parts = [self._part(batch, turn, arrived_ms) for batch, turn in insert]
        return pa.concat_tables(parts).combine_chunks()

    def _part(self, batch: int, turn: int, arrived_ms: int) -> pa.Table:
        pages = self.web.some(batch * self.batch, self.batch)
        visit = visit_of(self.web, pages, turn)
        return Columns(self.web, Visited(pages, self.web.links(pages), visit), arrived_ms).table()


def visit_of(web: LinkWeb, pages: Pages, turn: int) -> Ints:
    """Which visit of each page comes in with its batch for the first, second, third time."""
    is_late = (web.dice.uniform(_LATE, pages.number) < 0.02) & (pages.visits >= 2)
    if turn == 1:
        return np.where(is_late, 2, 1)
    if turn == 3:
        return np.where(pages.visits >= 3, 3, 0)
    twice = web.dice.uniform(_TWICE, pages.number) < 0.01
    again = np.where(twice, visit_of(web, pages, 1), 0)
    return np.where(is_late, 1, np.where(pages.visits >= 2, 2, again))


def once_more(web: LinkWeb, first: int, count: int, arrived_ms: int) -> pa.Table:
    """A further visit of each of these pages, after all others."""
    pages = web.some(first, count)
    links = web.links(pages, once_more=True)
    return Columns(web, Visited(pages, links, pages.visits + 1), arrived_ms).table()


class Columns:
    """Rows of the pages whose visit is not 0, and of their links those that stand in it."""

    def __init__(self, web: LinkWeb, visited: Visited, arrived_ms: int) -> None:
        self.web, self.dice, self.words = web, web.dice, web.words
        pages, links, visit = visited
        self.arrived_ms = arrived_ms
        come = np.flatnonzero(visit)
        self.pages, self.visit = Pages(*(column[come] for column in pages)), visit[come]
        later = (self.visit > 1) & ~((pages.fate[come] == 4) & (self.visit > 2))
        self.outcome = np.where(later, _LATER[self.pages.fate], 0)
        row = np.full(len(visit), -1)
        row[come] = np.arange(len(come))
        of = row[links.page]
        at = visit[links.page]
        stands = (of >= 0) & (links.first <= at) & (at <= links.last)
        stands &= np.append(self.outcome, 1)[of] == 0
        self.links, self.row = LinksOf(*(column[stands] for column in links)), of[stands]
        self.domain = web.domain(self.pages.site)

    def table(self) -> pa.Table:
        found = {**self._plain(), **self._of_pages(), **self._of_links()}
        arrays = [_filled(found[f.name], f.type, len(self.visit)) for f in SCHEMA]
        return pa.Table.from_arrays(arrays, schema=SCHEMA)

    def _plain(self) -> dict[str, Any]:
        """What is the same in all rows, or of no weight."""
        empty = pa.array([[]], pa.list_(pa.string()))[0]
        return {
            "arrived": self.arrived_ms, "source": "crawl", "part": 1, "parts": 1, "incomplete": "",
            "extractor": 1, "canonical": "", "nofollow": 0, "hops": 1,
            "failures": 0, "interval_s": 86_400, "delay_ms": 1_000, "internal": 60,
            "last_modified": "", "country": "", "country_by": "",
            "found": empty, "found_domains": empty,
            "found_hops": pa.array([[]], pa.list_(pa.uint16()))[0],
        }  # fmt: skip

    def _of_pages(self) -> dict[str, Any]:
        number, ok = self.pages.number, self.outcome == 0
        at, moved = self._at(), pa.array(self.outcome == 2)
        home = pc.binary_join_element_wise("https://", self._host(self.domain), "/", "")
        home = pc.if_else(moved, home, "")
        bits = self.dice.bits(_ETAG, number)
        return {
            "domain": self.web.names.take(self.domain),
            "owner": self.web.names.take(self.domain),  # none is on a platform
            "host": self._host(self.domain),
            "path": self._path(self.domain, self.pages.place),
            "https": self._scheme(self.domain) > 0,
            "at": at,
            "outcome": _OUTCOMES.take(self.outcome),
            "status": _STATUS[self.outcome],
            "complete": ok,
            "ip": self._address(),
            "latency_ms": bits % np.uint64(900) + np.uint64(50),
            "title": self.words.titles.take(
                self.dice.below(len(self.words.titles), _TITLE, number)
            ),
            "language": _LANGUAGES.take(self.dice.below(len(_LANGUAGES), _TITLE, self.pages.site)),
            "terms": self._terms(),
            "final_url": home,  # what has moved leads to its site's home page
            "leads_to": home,
            "leads_domain": pc.if_else(moved, self.web.names.take(self.domain), ""),
            "leads_by": pc.if_else(moved, "redirect", "nothing"),
            "noindex": self.pages.fate == FATES.index("noindex"),
            "bytes": bits % np.uint64(90_000) + np.uint64(4_000),
            "etag": _hex(bits),
            "digest": _hex(self.dice.bits(_ETAG, number, self.visit)),
            "due": at // 1000 + 86_400,
            "text": bits,
        }

    def _of_links(self) -> dict[str, Any]:
        links, words = self.links, self.words
        number = self.pages.number[self.row]
        anchor = self.dice.below(len(words.anchors), _ANCHOR, links.key, links.slot)
        texts = [
            words.texts.take(self.dice.below(len(words.texts), _TEXT, number, links.slot * 2 + i))
            for i in (0, 1)
        ]
        place = _PLACES[self.dice.below(len(_PLACES), _PLACE, number, links.slot)]
        sitewide = self.dice.below(len(_SITEWIDE_PLACES), _PLACE, links.key, links.slot)
        flat: dict[str, Any] = {
            "targets": self._urls(),
            "target_domains": self.web.names.take(links.target),
            "kinds": _KIND_NAMES.take(links.kind),
            "rels": _RELS[self.dice.below(len(_RELS), _REL, links.key, links.slot)],
            "positions": np.where(links.is_sitewide, _SITEWIDE_PLACES[sitewide], place),
            "anchors": self._named(words.anchors.take(anchor)),
            "befores": texts[0],
            "afters": texts[1],
            "ordinals": links.slot,
            "counts": np.ones(len(self.row), np.uint16),
        }
        offsets = np.searchsorted(self.row, np.arange(len(self.visit) + 1))
        return {
            name: pa.ListArray.from_arrays(
                pa.array(offsets, pa.int32()), pa.array(column, SCHEMA.field(name).type.value_type)
            )
            for name, column in flat.items()
        }

    def _at(self) -> Ints:
        """A crawl takes five days, and begins anew every ten."""
        share = self.pages.number * (5 * DAY_MS) // self.web.pages
        jitter = self.dice.below(60_000, _AT, self.pages.number, self.visit)
        return self.web.now_ms - 40 * DAY_MS + (self.visit - 1) * 10 * DAY_MS + share + jitter

    def _named(self, anchors: pa.Array) -> pa.Array:
        """A third of all links is named after the target's domain."""
        u = self.dice.uniform(_ANCHOR, self.links.slot, self.links.key)
        return pc.if_else(pa.array(u < 0.3), self.web.names.take(self.links.target), anchors)

    def _urls(self) -> pa.Array:
        target = self.links.target
        return pc.binary_join_element_wise(
            _SCHEMES.take(self._scheme(target)),
            self._host(target),
            self._path(target, self.links.which),
            "",
        )

    def _scheme(self, domain: Ints) -> Ints:
        return self.dice.below(len(_SCHEMES), _SCHEME, domain)

    def _host(self, domain: Ints) -> pa.Array:
        host = _HOSTS.take(self.dice.below(len(_HOSTS), _HOST, domain))
        return pc.binary_join_element_wise(host, self.web.names.take(domain), "")

    def _path(self, domain: Ints, which: Ints) -> pa.Array:
        """Of a domain's pages none is like another, and the first is its home page."""
        many = len(self.words.paths)
        paths = self.words.paths.take((self.dice.below(many, _PATH, domain) + which) % many)
        return pc.if_else(pa.array(which == 0), "/", paths)

    def _address(self) -> pa.Array:
        """A site's own, on one of some networks."""
        bits = self.dice.bits(_HOST, self.pages.site, self.pages.site)
        return pa.array(
            [f"{b >> 8 & 127}.{b >> 16 & 255}.{b >> 24 & 63}.{b & 255}" for b in bits.tolist()]
        )

    def _terms(self) -> pa.Array:
        """Of pages that were read."""
        count = np.where(self.outcome == 0, TERMS, 0)
        offsets = np.concatenate([[0], np.cumsum(count)])
        begins = np.repeat(self.dice.below(len(self.words.terms), _TERM, self.pages.number), count)
        place = np.arange(offsets[-1]) % TERMS
        terms = self.words.terms.take((begins + place * place) % len(self.words.terms))
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), terms)


def _hex(bits: Bits) -> pa.Array:
    return pa.array([f"{b:016x}" for b in bits.tolist()])


def _filled(values: Any, kind: pa.DataType, count: int) -> pa.Array:
    """A column of its type; of one value, that one in all rows."""
    if isinstance(values, str | int):
        values = pa.scalar(values, kind)
    if isinstance(values, pa.Scalar):
        return pa.repeat(values, count) if count else pa.array([], kind)
    array = values if isinstance(values, pa.Array) else pa.array(values)
    return array if array.type == kind else array.cast(kind)
