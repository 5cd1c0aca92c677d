"""A web of links of any size, and what became of each link.

Every page is a function of the seed and its number, so that nothing is kept of a hundred million
links. How often a domain is linked and how many pages a site has follow power laws; sites repeat
some links on all their pages, and link some domains again and again. A quarter of the pages is
visited again, some of them twice: links appear and vanish, pages are gone, moved, fail, or are
unchanged. linkvisits.py has the visits.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tests.support.dice import Dice, Floats, Ints, zipf
from tests.support.webwords import Words, words

LINKS_A_DOMAIN = 20
LINKS_A_PAGE = 8.3  # in the mean, once a target named twice counts once
SITES = 0.35  # of the domains have pages of their own
DAY_MS = 86_400_000
LIVE, LOST, UNVERIFIED = 0, 1, 2
FATES = ("ok", "gone", "moved", "failing", "unmodified", "noindex")
_FATE_SHARES = (0.82, 0.05, 0.02, 0.04, 0.05, 0.02)
_SUFFIXES = (
    (".com",) * 10 + (".org",) * 3 + (".net", ".net", ".de", ".de", ".co.uk", ".io", ".fr", ".nl")
)
KINDS = ("a", "img-link", "iframe", "canonical", "alternate")
_KIND_SHARES = (0.90, 0.07, 0.01, 0.01, 0.01)
# Streams of dice.
(
    _FATE, _VISITS, _MANY, _SITEWIDE, _TARGET, _WHICH, _KIND, _FROM, _UNTIL, _NAME, _VANISH,
    _FAVOURITE, _SAME,
) = range(13)  # fmt: skip


class Pages(NamedTuple):
    """Some pages, an element a page. `visits`: how often each is visited."""

    number: Ints
    site: Ints
    place: Ints  # among the site's pages
    fate: Ints
    visits: Ints


class LinksOf(NamedTuple):
    """All links that some pages ever have, an element a link.

    page: which of these pages. first, last: the visits that it stands in, from 1. state: what
    became of it. key: the same for a link that a site repeats on all its pages.
    """

    page: Ints
    slot: Ints
    key: Ints
    target: Ints
    which: Ints
    kind: Ints
    is_sitewide: Ints
    first: Ints
    last: Ints
    state: Ints


class LinkWeb:
    """Of about `links` links in all. `now_ms`: all visits were before, the first 40 days ago."""

    def __init__(self, links: int, seed: int, now_ms: int, *, of_corpus: bool = True) -> None:
        self.links_wanted, self.now_ms = links, now_ms
        self.dice = Dice(seed)
        self.pages = max(1, int(links / LINKS_A_PAGE))
        self.domains = max(20, links // LINKS_A_DOMAIN)
        self.sites = max(10, int(self.domains * SITES))
        self.words: Words = words(min(1 << 18, max(1 << 10, links // 8)), seed, of_corpus=of_corpus)
        self.names = _names(self.words.names, self.domains, self.dice)
        self._first_page = _shares(self.sites, self.pages, 0.7)
        self._stride = _coprime(int(self.pages * 0.6180339887), self.pages)
        self._spread = _coprime(int(self.domains * 0.7548776662), self.domains)
        self._of_target = np.diff(_shares(self.domains, links, 0.85))

    def some(self, first: int, count: int) -> Pages:
        """Pages by number: the sites of neighbours are far apart, as a polite crawl has them."""
        number = np.arange(first, min(first + count, self.pages))
        placed = number * self._stride % self.pages
        site = np.searchsorted(self._first_page, placed, side="right") - 1
        fate = _drawn(self.dice.uniform(_FATE, number), _FATE_SHARES)
        u = self.dice.uniform(_VISITS, number)
        visits = 1 + (u < 0.25).astype(np.int64) + (u < 0.07)
        return Pages(number, site, placed - self._first_page[site], fate, visits)

    def domain(self, site: Ints) -> Ints:
        found: Ints = site * self._spread % self.domains
        return found

    def links(self, pages: Pages, *, once_more: bool = False) -> LinksOf:
        """`once_more`: what they are once every page was visited once more, and a twelfth of what
        still stood was gone."""
        count = self._many(pages)
        page = np.repeat(np.arange(len(count)), count)
        slot = np.arange(len(page)) - np.repeat(np.cumsum(count) - count, count)
        site, number = pages.site[page], pages.number[page]
        is_sitewide = slot < self._sitewide(pages.site)[page]
        key = np.where(is_sitewide, -1 - site, number)
        favourite = self._favourite(site, number, slot)
        is_favourite = ~is_sitewide & (favourite >= 0)
        chosen_by = np.where(is_favourite, -1 - site, key)
        choice = np.where(is_favourite, 1_000 + favourite, slot)
        target = zipf(self.dice.uniform(_TARGET, chosen_by, choice), self.domains, 0.85)
        own = self.domain(site)
        target = np.where(target == own, (target + 1) % self.domains, target)
        is_same = self.dice.uniform(_SAME, number, slot) < 0.5
        which = self._which(
            target, np.where(is_same, chosen_by, key), np.where(is_same, choice, slot)
        )
        kind = _drawn(self.dice.uniform(_KIND, key, slot), _KIND_SHARES)
        keep = _once(page, target, which, kind)
        drawn = (page, slot, key, target, which, kind, is_sitewide.astype(np.int64))
        page, slot, key, target, which, kind, sitewide = (column[keep] for column in drawn)
        first, last = self._life(pages, page, slot)
        visits = pages.visits[page]
        if once_more:
            stays = self.dice.uniform(_VANISH, pages.number[page], slot) >= 1 / 12
            fate = pages.fate[page]
            last = last + ((last == visits) & (stays | (fate != 0)) & ~np.isin(fate, (1, 2, 3)))
            visits = visits + 1
        state = _state(pages.fate[page], visits, last)
        return LinksOf(page, slot, key, target, which, kind, sitewide, first, last, state)

    def _many(self, pages: Pages) -> Ints:
        """Links of each page: some have eight times as many."""
        u = self.dice.uniform(_MANY, pages.number)
        many: Ints = (1 - 7.5 * np.log1p(-u)).astype(np.int64)
        return np.where(self.dice.uniform(_MANY, pages.number, pages.number) < 0.02, many * 8, many)

    def _favourite(self, site: Ints, number: Ints, slot: Ints) -> Ints:
        """Half of all links go to what their site often links: which of it, -1 for the others."""
        many = 3 + (np.diff(self._first_page)[site] ** 0.6).astype(np.int64)
        found = zipf(self.dice.uniform(_FAVOURITE, slot, number), many, 0.5)
        return np.where(self.dice.uniform(_FAVOURITE, number, slot) < 0.5, found, -1)

    def _sitewide(self, site: Ints) -> Ints:
        """How many of its first links a site repeats; sites of few pages repeat none."""
        size = np.diff(self._first_page)[site]
        return np.where(size >= 5, self.dice.below(6, _SITEWIDE, site) - 2, 0)

    def _which(self, target: Ints, key: Ints, slot: Ints) -> Ints:
        """Which of the target's pages; 0 is its home page. What is linked often has many."""
        pages = np.minimum(1 + self._of_target[target] // 4, len(self.words.paths))
        found = 1 + zipf(self.dice.uniform(_WHICH, key, slot), pages, 0.6)
        return np.where(self.dice.uniform(_WHICH, slot, key) < 0.4, 0, found)

    def _life(self, pages: Pages, page: Ints, slot: Ints) -> tuple[Ints, Ints]:
        """The first and the last visit that each stands in."""
        number, visits, fate = pages.number[page], pages.visits[page], pages.fate[page]
        changes = (fate == 0) & (visits > 1)
        appears = changes & (self.dice.uniform(_FROM, number, slot) < 0.06)
        first = np.where(appears, 2, 1)
        vanishes = changes & ~appears & (self.dice.uniform(_UNTIL, number, slot) < 0.12)
        last = np.where(vanishes, 1 + self.dice.below(visits - 1, _UNTIL, slot, number), visits)
        return first, np.where(np.isin(fate, (1, 2, 3)), 1, last)


def _state(fate: Ints, visits: Ints, last: Ints) -> Ints:
    """By the rules of docs/lifecycle.md: what two visits or a permanent redirect prove."""
    missed = visits - last
    lost = (
        ((fate == 0) & (missed >= 2))
        | ((fate == 1) & (visits >= 3))
        | ((fate == 2) & (visits >= 2))
        | (fate == 5)
    )
    return np.where(lost, LOST, np.where((fate == 3) & (visits >= 3), UNVERIFIED, LIVE))


def _drawn(uniform: Floats, shares: tuple[float, ...]) -> Ints:
    """Which of them, as often as their shares say; the last has what is left."""
    found: Ints = np.searchsorted(np.cumsum(shares[:-1]), uniform, side="right")
    return found


def _once(page: Ints, target: Ints, which: Ints, kind: Ints) -> Ints:
    """Places of the links without what a page has twice: a target's URL by the same element."""
    code = ((page * (1 << 24) + target) * (1 << 19) + which) * 8 + kind
    _, places = np.unique(code, return_index=True)
    found: Ints = np.sort(places)
    return found


def _shares(groups: int, things: int, exponent: float) -> Ints:
    """Where each group's things begin, by a power law; `groups` + 1 numbers."""
    rest = 1.0 - exponent
    place = (np.arange(groups + 1) + 1.0) ** rest - 1.0
    found: Ints = np.rint(place / place[-1] * things).astype(np.int64)
    return found


def _coprime(start: int, count: int) -> int:
    """The first number from `start` that steps through all of `count`."""
    found = max(1, start)
    while math.gcd(found, count) != 1:
        found += 1
    return found


def _names(of: pa.Array, count: int, dice: Dice) -> pa.Array:
    """`count` different registered domains, of one or two words; where these run out, numbered."""
    found, tried, numbered = (
        pa.array([], pa.string()),
        0,
        itertools.chain(["", ""], itertools.count()),
    )
    while len(found) < count:
        number = np.arange(tried, tried + 2 * (count - len(found)) + 64)
        tried += len(number)
        one, two = (of.take(dice.below(len(of), _NAME, number, _key(stream))) for stream in (1, 2))
        joint = pa.array(["", "-", "", "2", "s-"]).take(dice.below(5, _NAME, number, _key(3)))
        suffix = pa.array(_SUFFIXES).take(dice.below(len(_SUFFIXES), _NAME, number, _key(4)))
        made = pc.binary_join_element_wise(one, joint, two, str(next(numbered)), suffix, "")
        found = pc.unique(pa.concat_arrays([found, made]))
    return found[:count]


def _key(number: int) -> Ints:
    return np.full(1, number, np.int64)
