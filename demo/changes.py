"""What happens to the made web between the two crawls. Each page changes for one reason only."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Literal

import msgspec

from demo import words
from demo.pages import add_plant, editorial, honest_sites, resolved
from demo.plant import home
from demo.sites import CLOSED, FARM, OLD_STYLE, PARKED, PRIVATE, SLOW, TRAP, Page, Plant, World

Reason = Literal["removed", "gone", "redirected", "noindex", "moved"]
Key = tuple[str, str]

REMOVED, APPEARED, DISCOVERED = 14, 9, 2
CHALLENGES = (
    b'<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title>'
    b'<meta name="robots" content="noindex,nofollow"></head><body><div class="main-wrapper">'
    b"<h1>Checking your browser</h1><p>This may take a few seconds.</p></div>"
    b'<script>window._cf_chl_opt={cType:"managed"};</script></body></html>',
    b"<html><head><title>Attention Required!</title></head><body><h2>Please complete the check</h2>"
    b'<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/v1"></script></body></html>',
    b"<!doctype html><html><head><title>Verify you are human</title></head><body>"
    b'<form method="post"><div class="h-captcha" data-sitekey="made"></div></form></body></html>',
)
SOFT_404 = (
    b'<!doctype html><html lang="en"><head><title>Page not found</title></head><body>'
    b'<h1>Sorry</h1><p>This article seems to have left. Back to <a href="/">the start</a>.</p>'
    b"</body></html>"
)
PARKED_PAGE = (
    b"<!doctype html><html><head><title>bikeworkshop.example</title></head><body>"
    b"<h1>bikeworkshop.example</h1><p>This domain is for sale. Buy this domain today.</p>"
    b'<p><a href="/?related=bikes">Bikes</a> <a href="/?related=tools">Tools</a></p></body></html>'
)


class Changes(msgspec.Struct):
    """The plan of phase 2. Keys are (host, path), plants are written as they stood."""

    removed: list[tuple[Key, Plant]] = []
    moved: list[tuple[Key, Plant, Key]] = []  # from, what, to
    appeared: list[tuple[Key, Plant]] = []
    discovered: list[Key] = []
    reasons: dict[Key, Reason] = {}  # pages whose links are all lost, and why
    redirected: dict[Key, str] = {}
    shielded: dict[Key, str] = {}  # pages that say nothing in phase 2: challenge, soft_404, ...
    nofollowed: list[tuple[Key, Plant]] = []


def change(first: World, seed: int) -> tuple[World, Changes]:
    """The web of phase 2, and what was done to it."""
    world, plan = first.copy(), Changes()
    dice = Random(f"{seed}:changes")
    _Change(first, world, plan, dice).everything()
    return world, plan


class _Change:
    def __init__(self, first: World, world: World, plan: Changes, dice: Random) -> None:
        self.first, self.world, self.plan, self.dice = first, world, plan, dice
        self.sources = _sources(first)
        self.pool = self._pool()

    def everything(self) -> None:
        for raw in CHALLENGES:
            self._shield("challenge", raw)
        self._shield("soft_404", SOFT_404)
        self._fails()
        self._parks()
        self._dies()
        for _ in range(REMOVED):
            self._removes()
        self._moves()
        self._nofollows()
        for _ in range(APPEARED):
            self._gains()
        for number in range(DISCOVERED):
            self._publishes(number)

    def _pool(self) -> Iterator[Page]:
        """Articles to change, each once: all their links are their site's only ones to a target."""
        special = {CLOSED, OLD_STYLE, PARKED, PRIVATE, SLOW, TRAP}
        hosts = {site.host for site in honest_sites(self.first)} - special
        pages = [page for page in self.world.pages.values() if page.host in hosts]
        self.dice.shuffle(pages)
        for page in pages:
            article = page.path not in ("/", "/about") and page.plants and page.status == 200
            if article and all(self._is_plain(page, plant) for plant in page.plants):
                yield page

    def _domain(self, page: Page) -> str:
        return self.world.sites[page.host].domain

    def _target(self, page: Page, plant: Plant) -> tuple[str, Key]:
        return self._domain(page), resolved(self.world, page, plant.href).page

    def _is_plain(self, page: Page, plant: Plant) -> bool:
        if plant.kind != "a" or plant.rel or plant.position != "main":
            return False
        if resolved(self.world, page, plant.href).domain in FARM:
            return False
        return self.sources[self._target(page, plant)] == {page.key}

    def _shield(self, why: str, raw: bytes) -> None:
        page = next(self.pool)
        page.raw = raw
        self.plan.shielded[page.key] = why

    def _fails(self) -> None:
        page = next(self.pool)
        page.status = 500
        self.plan.shielded[page.key] = "error"

    def _parks(self) -> None:
        for page in self.world.of(PARKED):
            page.raw = PARKED_PAGE
            self.plan.shielded[page.key] = "parked"

    def _dies(self) -> None:
        for status in (404, 404, 410):
            page = next(self.pool)
            page.status = status
            self.plan.reasons[page.key] = "gone"
        page = next(self.pool)
        others = [site for site in honest_sites(self.world) if site.domain != self._domain(page)]
        target = others[0].url("/about")
        page.status, page.location = 301, target
        self.plan.reasons[page.key] = "redirected"
        self.plan.redirected[page.key] = target
        by_meta, by_header = next(self.pool), next(self.pool)
        by_meta.noindex = True
        by_header.headers = [("X-Robots-Tag", "noindex")]
        for page in (by_meta, by_header):
            self.plan.reasons[page.key] = "noindex"

    def _removes(self) -> None:
        page = next(self.pool)
        plant = self.dice.choice(page.plants)
        page.plants = [other for other in page.plants if other is not plant]
        self.plan.removed.append((page.key, plant))

    def _moves(self) -> None:
        page = next(self.pool)
        other = next(o for o in self.world.of(page.host) if self._is_quiet(o) and o is not page)
        plant, *rest = page.plants
        page.plants = rest
        other.plants = [*other.plants, plant]
        self.plan.moved.append((page.key, plant, other.key))

    def _is_quiet(self, page: Page) -> bool:
        """A page that stays as it is but for a link more."""
        return (
            page.status == 200
            and page.raw is None
            and page.key not in self.plan.reasons
            and self.first.pages[page.key].plants == page.plants
        )

    def _nofollows(self) -> None:
        page = next(self.pool)
        plant, *rest = page.plants
        page.plants = [msgspec.structs.replace(plant, rel="nofollow"), *rest]
        self.plan.nofollowed.append((page.key, plant))

    def _gains(self) -> None:
        page = next(self.pool)
        plant = self._new_link(page)
        page.plants = [*page.plants, plant]
        self.plan.appeared.append((page.key, plant))

    def _new_link(self, page: Page) -> Plant:
        """To a page that this domain never linked: else it would be a link that moved."""
        while True:
            site = self.dice.choice(honest_sites(self.world))
            target = self.dice.choice(list(self.first.of(site.host)))
            if site.domain == self._domain(page) or target.status != 200:
                continue
            if self.world.sites[target.host].forbids(target.path):
                continue
            plant = editorial(self.world, page, target, self.dice)
            if self._target(page, plant) not in self.sources:
                self.sources[self._target(page, plant)] = {page.key}
                return plant

    def _publishes(self, number: int) -> None:
        """A new article, listed on its site's home page."""
        site = honest_sites(self.world)[number * 9]
        page = Page(host=site.host, path=f"/new-{number + 1}", topic=site.topic)
        page.title = words.title(site.topic, "en", self.dice)
        page.paragraphs = [words.paragraph(site.topic, "en", self.dice) for _ in range(3)]
        self.world.add(page)
        for _ in range(2):
            add_plant(self.world, page, self._new_link(page))
        front = home(self.world, site.host)
        front.listed = [*front.listed, (page.path, page.title)]
        self.plan.discovered.append(page.key)


def _sources(world: World) -> dict[tuple[str, Key], set[Key]]:
    """Which pages of a domain link a page elsewhere."""
    found: dict[tuple[str, Key], set[Key]] = {}
    for page in world.pages.values():
        for plant in page.plants:
            target = resolved(world, page, plant.href)
            domain = world.sites[page.host].domain
            found.setdefault((domain, target.page), set()).add(page.key)
    return found
