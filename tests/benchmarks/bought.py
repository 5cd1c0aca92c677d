"""Links that were not bought, planted into real pages as if they were: nothing here was found.

A planted link has a text, a neighbour, a place and a rel. Each of the four is drawn from the links
that really stand in the corpus with probability `overlap`, and else from what bought links are
said to look like: so at 1 nothing tells them apart, and at 0 all does that can.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.page import NOFOLLOW, Kind, Links, Page, Position
from pipeline.url import canonical

# What is sold by bought links: half of it in words that money.txt has, and half in words that it
# has not (a test holds that), since no list has all.
LISTED = (
    "casino", "online casino", "payday loans", "car insurance", "cheap flights", "viagra",
    "weight loss pills", "personal injury lawyer", "poker online", "sports betting",
    "replica watches", "credit repair loans", "web hosting", "seo services",
    "emergency plumber", "kredit ohne schufa", "günstige versicherung", "crédit rapide",
    "préstamos online", "pożyczki online",
)  # fmt: skip
UNLISTED = (
    "garage doors", "wedding photographer", "forklift hire", "dental implants", "solar panels",
    "kitchen worktops", "moving company", "pool cleaning", "hair extensions", "limo service",
    "carpet cleaning", "tree surgeon", "laser eye surgery", "scaffolding", "used cars", "timeshare",
    "conveyancing", "umzug wien", "zahnimplantate ungarn", "volets roulants",
)  # fmt: skip
BEFORE = ("", "", "best ", "affordable ", "professional ", "local ", "top ")
AFTER = ("", "", " online", " london", " near me", " prices", " berlin", " company")
SMALL, NAMED = 0.7, 0.1  # shares of anchors in small letters, and of those that name the target
BESIDE = 0.6  # share that stands beside another bought link
FOLLOWED = 0.95
FAMILIES = ("in the text", "in all footers", "in all sidebars")
SIZES = (1, 3, 10)  # links that one buyer's site gets
EVENLY = np.divide(1, SIZES) / np.divide(1, SIZES).sum()  # so that each size has as many links
Generator = np.random.Generator
_A: list[Kind] = ["a"]


class Look(NamedTuple):
    """A link as it stands in the corpus. pages: share of its host's pages that have it."""

    anchor: str
    before: str
    after: str
    position: Position
    rel: int
    pages: float


@dataclass
class Corpus:
    """Pages by host, and the looks of the links on each host, one for each URL that it links to."""

    pages: list[Page]
    of_host: dict[str, list[int]] = field(default_factory=dict)
    looks: dict[str, list[Look]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: dict[tuple[str, str], list[Look]] = defaultdict(list)
        for number, page in enumerate(self.pages):
            self.of_host.setdefault(page.host, []).append(number)
            for target, look in _looks(page):
                seen[page.host, target].append(look)
        for (host, _), found in seen.items():
            share = len(found) / len(self.of_host[host])
            self.looks.setdefault(host, []).append(found[0]._replace(pages=share))

    def look(self, drawn: Generator) -> Look:
        """Of a host by lot, so that one with many pages is no more than another."""
        hosts = sorted(self.looks)
        links = self.looks[hosts[drawn.integers(len(hosts))]]
        return links[drawn.integers(len(links))]


class Planted(NamedTuple):
    """family: where it would stand if nothing were drawn from real links. size: links that its
    target gets in all."""

    host: str
    target: str
    family: str
    size: int


def plant(
    corpus: Corpus, overlap: float, links: int, seed: int
) -> tuple[list[Page], list[Planted]]:
    """The corpus' pages with so many links more, about; and which these are."""
    drawn = np.random.default_rng(seed)
    more: dict[int, list[tuple[str, Look]]] = defaultdict(list)
    planted: list[Planted] = []
    hosts = sorted(corpus.of_host)
    while len(planted) < links:
        size = int(drawn.choice(SIZES, p=EVENLY))
        target = f"https://buyer{len(planted)}.example/"
        for host in drawn.choice(hosts, size, replace=False):
            family = FAMILIES[drawn.integers(len(FAMILIES))]
            look = _mixed(corpus, drawn, overlap, family, target)
            for number in _pages(corpus.of_host[host], look.pages, drawn):
                more[number].append((target, look))
            planted.append(Planted(str(host), target, family, size))
    pages = [_with(page, more.get(number, [])) for number, page in enumerate(corpus.pages)]
    return pages, planted


def _mixed(corpus: Corpus, drawn: Generator, overlap: float, family: str, target: str) -> Look:
    """Each of its sides from a real link, or as bought."""

    def real() -> Look | None:
        return corpus.look(drawn) if drawn.random() < overlap else None

    text, near, place, rel = real(), real(), real(), real()
    neighbour = drawn.random() < BESIDE
    around = near or corpus.look(drawn)
    beside = f"{phrase(drawn)} | " if near is None and neighbour else around.before
    at: dict[str, Position] = dict(zip(FAMILIES, ("main", "footer", "aside"), strict=True))
    return Look(
        anchor=text.anchor if text else anchor(drawn, target),
        before=beside,
        after=around.after,
        position=place.position if place else at[family],
        pages=place.pages if place else float(family != FAMILIES[0]),
        rel=rel.rel if rel else (0 if drawn.random() < FOLLOWED else NOFOLLOW),
    )


def phrase(drawn: Generator) -> str:
    """What somebody would search for who wants to buy."""
    goods = (LISTED, UNLISTED)[drawn.integers(2)]
    first, last = BEFORE[drawn.integers(len(BEFORE))], AFTER[drawn.integers(len(AFTER))]
    return f"{first}{goods[drawn.integers(len(goods))]}{last}"


def anchor(drawn: Generator, target: str) -> str:
    lot = drawn.random()
    if lot < NAMED:
        return canonical(target).host
    return phrase(drawn) if lot < NAMED + SMALL else phrase(drawn).title()


def _pages(numbers: Sequence[int], share: float, drawn: Generator) -> list[int]:
    """So many of a host's pages, one at least."""
    count = max(1, round(share * len(numbers)))
    return [int(number) for number in drawn.choice(list(numbers), count, replace=False)]


def _looks(page: Page) -> list[tuple[str, Look]]:
    links = page.external
    looks = map(
        Look, links.anchor, links.before, links.after, links.position, links.rel, repeat(0.0)
    )
    each = zip(links.target, links.kind, looks, strict=True)
    return [(target, look) for target, kind, look in each if kind in ("a", "area")]


def _with(page: Page, more: list[tuple[str, Look]]) -> Page:
    if not more:
        return page
    links, k = page.external, len(page.external)
    added = Links(
        target=[*links.target, *(target for target, _ in more)],
        domain=[*links.domain, *(canonical(target).domain for target, _ in more)],
        kind=[*links.kind, *_A * len(more)],
        rel=[*links.rel, *(look.rel for _, look in more)],
        position=[*links.position, *(look.position for _, look in more)],
        anchor=[*links.anchor, *(look.anchor for _, look in more)],
        before=[*links.before, *(look.before for _, look in more)],
        after=[*links.after, *(look.after for _, look in more)],
        ordinal=[*links.ordinal, *range(k, k + len(more))],
        count=[*links.count, *(1 for _ in more)],
    )
    return msgspec.structs.replace(page, external=added)
