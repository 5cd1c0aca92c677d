"""The made web and the truth about it: what a crawl of either phase has to find.

Some 75 hosts, the same bytes for the same seed; pages that don't change between the phases are
byte-identical, and no validators are sent.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from demo.changes import PARKED_PAGE, Changes, Key, Reason, change
from demo.markup import HTML, content_type, render
from demo.pages import resolved
from demo.plant import plant
from demo.serve import Answer, Asked
from demo.sites import (
    CASINO,
    FARM,
    FOOTER_SELLERS,
    HUBS,
    MONEY,
    PARKED,
    TOPICS,
    TRAP,
    TRUSTED,
    Page,
    Plant,
    World,
)
from pipeline.page import NOFOLLOW, SPONSORED, UGC, Kind, Position
from pipeline.url import Refused, Url, canonical

Phase = Literal[1, 2]
CALENDAR = re.compile(r"/calendar\?month=(-?[0-9]{1,9})\Z")
_RELS = {"nofollow": NOFOLLOW, "ugc": UGC, "sponsored": SPONSORED}


class Link(NamedTuple):
    """An external link's identity; `target` is canonical."""

    host: str
    path: str
    target: str
    kind: Kind


class Placed(NamedTuple):
    """How a link stands on its page. `rel` as in the page record."""

    rel: int
    position: Position


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """What a polite crawler can know of one phase. Phase 1 has lost and gained nothing.

    A page counts where it can be reached from the seeds without breaking a robots rule, in this
    phase or (phase 2) the one before. `links` is what stands on pages that answer with content, and
    so includes those on a page that has become noindex; `live` is what an index should say is live.
    """

    links: set[Link]
    live: set[Link]
    placed: dict[Link, Placed]
    lost: dict[Link, Reason]
    appeared: set[Link]  # on pages that were known without them
    discovered: set[Link]  # on pages that are new
    unharmed: set[Link]  # out of sight for now (challenge, soft 404, parked, 500) and not lost
    farm: set[str]
    money: str  # whom the farm works for
    bought: dict[str, set[str]]
    honest: set[str]
    forbidden: set[Key]
    topics: dict[str, str]
    shielded: dict[Key, str]  # pages that answer 200 (or 500) without their content, and why
    pages: set[Key]  # all that are reached, redirects and dead pages with them, the trap without


class DemoWeb:
    """The made web. `respond` is pure, so any number of crawlers may ask at once."""

    def __init__(self, seed: int = 7) -> None:
        first = plant(seed)
        second, self.plan = change(first, seed)
        self._worlds: dict[Phase, World] = {1: first, 2: second}
        self._truths: dict[Phase, Truth] = {}
        self.seeds = [first.sites[HUBS[0]].url(), first.sites[HUBS[1]].url()]
        self.trusted = list(TRUSTED)
        self.hosts = sorted(first.sites)

    def respond(self, asked: Asked, phase: Phase) -> Answer:
        """What the web answers in a phase; 404 for a host or a path that it doesn't know."""
        world = self._worlds[phase]
        site = world.sites.get(asked.host)
        if site is None:
            return _failed(404)
        if asked.scheme == "http" and site.scheme == "https":
            return _moved(301, f"https://{asked.host}{asked.path}")
        if asked.path == "/robots.txt":
            return _text(site.robots, "text/plain") if site.robots else _failed(404)
        if asked.path == "/style.css":
            return _text("body { max-width: 40em }", "text/css")
        page = _page(world, asked)
        if page is not None:
            return _answer(world, page)
        if asked.host == PARKED and phase == 2:
            return Answer(200, PARKED_PAGE, [("Content-Type", HTML)])
        return _failed(404)

    def truth(self, phase: Phase) -> Truth:
        """What a crawl of that phase, after those before it, has to find."""
        if phase not in self._truths:
            self._truths[phase] = self._first() if phase == 1 else self._second()
        return self._truths[phase]

    def forbids(self, host: str, path: str) -> bool:
        """May a polite crawler not fetch this? For any path, not only those that exist."""
        site = self._worlds[1].sites.get(host)
        return site is not None and site.forbids(path)

    def _first(self) -> Truth:
        world = self._worlds[1]
        pages = reachable(world, self.seeds)
        placed = _placed(world, pages)
        return self._truth(world, placed, pages, set(placed))

    def _second(self) -> Truth:
        world, before, plan = self._worlds[2], self.truth(1), self.plan
        pages = before.pages | reachable(world, self.seeds)
        placed = _placed(world, pages)
        links = set(placed)
        unharmed = {link for link in before.links if (link.host, link.path) in plan.shielded}
        lost = _lost(before.links - unharmed, links, plan)
        new = links - before.links
        discovered = {link for link in new if (link.host, link.path) in plan.discovered}
        return msgspec.structs.replace(
            self._truth(world, placed, pages, (links - lost.keys()) | unharmed),
            lost=lost,
            appeared=new - discovered,
            discovered=discovered,
            unharmed=unharmed,
            shielded=plan.shielded,
        )

    def _truth(
        self, world: World, placed: dict[Link, Placed], pages: set[Key], live: set[Link]
    ) -> Truth:
        no_honest = {*FARM, MONEY, CASINO}
        domains = {site.domain for site in world.sites.values()}
        topical = [site for site in world.sites.values() if site.topic in TOPICS]
        return Truth(
            links=set(placed),
            live=live,
            placed=placed,
            lost={},
            appeared=set(),
            discovered=set(),
            unharmed=set(),
            farm=set(FARM),
            money=MONEY,
            bought={CASINO: set(FOOTER_SELLERS)},
            honest=domains - no_honest,
            forbidden={key for key in world.pages if world.sites[key[0]].forbids(key[1])},
            topics={site.domain: site.topic for site in topical},
            shielded={},
            pages=pages,
        )


def reachable(world: World, seeds: list[str]) -> set[Key]:
    """Every page that a polite crawler comes to, by any kind of link, the trap's pages left out."""
    seen: set[Key] = set()
    waiting = deque(canonical(seed).page for seed in seeds)
    while waiting:
        key = waiting.popleft()
        page = world.pages.get(key)
        if key in seen or page is None or world.sites[key[0]].forbids(key[1]):
            continue
        seen.add(key)
        waiting.extend(target.page for target in _targets(world, page))
    return seen


def _targets(world: World, page: Page) -> Iterator[Url]:
    if page.location:
        yield resolved(world, page, page.location)
    if page.status == 200 and page.raw is None:
        within = [*world.sites[page.host].nav, *page.listed, *page.related]
        for href in (*[href for href, _ in within], *[plant.href for plant in page.plants]):
            yield resolved(world, page, href)


def _placed(world: World, pages: set[Key]) -> dict[Link, Placed]:
    """The external links on some pages, each with its rel and place."""
    found: dict[Link, Placed] = {}
    for key in pages & world.pages.keys():
        page = world.pages[key]
        if page.location:
            _place(world, page, Plant(page.location, "", "redirect"), found)
        elif page.status == 200 and page.raw is None:
            for each in page.plants:
                _place(world, page, each, found)
    return found


def _place(world: World, page: Page, each: Plant, found: dict[Link, Placed]) -> None:
    target = resolved(world, page, each.href)
    if target.domain != world.sites[page.host].domain:
        rel = sum(flag for name, flag in _RELS.items() if name in each.rel.split())
        link = Link(page.host, page.path, target.url, each.kind)
        assert link not in found, link
        found[link] = Placed(rel, each.position)


def _lost(before: set[Link], now: set[Link], plan: Changes) -> dict[Link, Reason]:
    """Why each link of phase 1 that was in sight is no more."""
    moved = {source for source, _, _ in plan.moved}
    lost: dict[Link, Reason] = {}
    for link in before:
        key = (link.host, link.path)
        if key in plan.reasons:
            lost[link] = plan.reasons[key]
        elif link not in now:
            lost[link] = "moved" if key in moved else "removed"
    return lost


def _page(world: World, asked: Asked) -> Page | None:
    """By the canonical form of what was asked, so that a person's browser finds it as well."""
    try:
        key = canonical(f"{asked.scheme}://{asked.host}{asked.path}").page
    except Refused:
        return None
    month = CALENDAR.match(key[1])
    if month is not None and key[0] == TRAP:
        return _calendar(world, int(month[1]))
    return world.pages.get(key)


def _calendar(world: World, month: int) -> Page:
    """A month of the club's endless calendar: it has always one before and one after."""
    near = [(f"/calendar?month={month + step}", f"Month {month + step}") for step in (-1, 1)]
    return Page(
        host=TRAP, path=f"/calendar?month={month}", title=f"Calendar, month {month}",
        paragraphs=[f"No rides are planned for month {month}."], related=near,
    )  # fmt: skip


def _answer(world: World, page: Page) -> Answer:
    if page.location:
        return _moved(page.status, page.location)
    if page.status != 200:
        return _failed(page.status)
    body = render(page, world.sites[page.host])
    return Answer(200, body, [("Content-Type", content_type(page)), *page.headers])


def _moved(status: int, to: str) -> Answer:
    return Answer(status, b"Moved.\n", [("Location", to), ("Content-Type", "text/plain")])


def _failed(status: int) -> Answer:
    titles = {404: "Page not found", 410: "Gone", 500: "Server error"}
    body = f"<!doctype html><title>{titles[status]}</title><h1>{status} {titles[status]}</h1>"
    return Answer(status, body.encode(), [("Content-Type", HTML)])


def _text(text: str, kind: str) -> Answer:
    return Answer(200, text.encode(), [("Content-Type", f"{kind}; charset=utf-8")])
