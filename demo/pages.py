"""The honest web: every site's pages and the editorial links between them."""

from __future__ import annotations

import re
from random import Random
from urllib.parse import quote

from demo import words
from demo.sites import (
    HUBS,
    OLD_STYLE,
    TOPICS,
    Page,
    Plant,
    Site,
    World,
    roster,
)
from pipeline.url import Url, canonical

_SLUG = re.compile(r"[^a-z0-9]+")
_ABOUT = {"de": "Über uns", "fr": "À propos", "es": "Quiénes somos", "ja": "このサイトについて"}
_PATTERNS = ("/{slug}", "/{slug}.html", "/articles/{slug}", "/{year}/{month:02}/{slug}/")
_QUERY_PATHS = "compostdiary.example"  # an old content system: /?p=12
_JA_PATHS = "hoshizora.example"  # /記事/3, percent-encoded on the wire
_BASED = "fiddlefolk.example"  # its pages have a base element
OLD_TEXT = (
    "The stops “Flûte à biberon” and “Régale” – both of 1887 – still speak; the café opens at ten."
)


def honest_world(seed: int) -> World:
    """All sites of the roster with their pages; the hubs are listed later."""
    world = World()
    for site in roster():
        add_site(world, site)
        if site.host not in HUBS:
            _add_pages(world, site, Random(f"{seed}:pages:{site.host}"))
    for host in world.sites:
        if host not in HUBS:
            _link_site(world, host, Random(f"{seed}:links:{host}"))
    return world


def add_site(world: World, site: Site) -> Site:
    """A new host; one with `www.` also answers on its bare domain, with a redirect."""
    world.sites[site.host] = site
    if site.host.startswith("www."):
        bare = Site(
            host=site.domain, name=site.name, topic=site.topic, language=site.language,
            scheme=site.scheme,
        )  # fmt: skip
        world.sites[bare.host] = bare
        world.add(Page(host=bare.host, path="/", status=301, location=site.url()))
    return site


def _add_pages(world: World, site: Site, dice: Random) -> None:
    pattern = dice.choice(_PATTERNS) if site.host != _BASED else "/articles/{slug}"
    made = [_article(site, pattern, number, dice) for number in range(1, site.size)]
    about = _page(site, "/about", _ABOUT.get(site.language, "About us"), dice, paragraphs=2)
    home = _page(site, "/", _slogan(site, dice), dice, paragraphs=2)
    home.listed = [(page.path, page.title) for page in made]
    if site.topic in TOPICS:
        site.nav = [("/", site.name), *home.listed[:3], (about.path, about.title)]
    else:
        site.nav = [("/", site.name), (about.path, about.title)]
    for number, page in enumerate(made):
        near = [made[(number + step) % len(made)] for step in (1, 2)]
        page.related = [_written(page, other) for other in near if other is not page]
    for page in (home, *made, about):
        if site.host == OLD_STYLE:
            page.style = "old"
            page.paragraphs.append(OLD_TEXT)
        world.add(page)


def _article(site: Site, pattern: str, number: int, dice: Random) -> Page:
    title = words.title(site.topic, site.language, dice)
    slug = _SLUG.sub("-", title.lower()).strip("-") if site.language == "en" else ""
    path = pattern.format(
        slug=f"{slug or 'nr'}-{number}", year=2012 + number, month=dice.randint(1, 12)
    )
    if site.host == _QUERY_PATHS:
        path = f"/?p={number}"
    elif site.host == _JA_PATHS:
        path = quote(f"/記事/{number}")
    return _page(site, path, title, dice, paragraphs=dice.randint(3, 5))


def _page(site: Site, path: str, title: str, dice: Random, *, paragraphs: int) -> Page:
    return Page(
        host=site.host,
        path=path,
        title=title,
        topic=site.topic,
        language=site.language,
        paragraphs=[
            words.paragraph(site.topic, site.language, dice, sentences=dice.randint(3, 6))
            for _ in range(paragraphs)
        ],
    )


def _slogan(site: Site, dice: Random) -> str:
    first, second = dice.sample(words.nouns(site.topic, site.language), 2)
    joined = f"{first}・{second}" if site.language == "ja" else f"{first}, {second}"
    return f"{site.name}: {joined}"


def _written(page: Page, other: Page) -> tuple[str, str]:
    """A link within the site as authors write it: relative where the paths allow."""
    parent, _, name = other.path.rpartition("/")
    if page.host == _BASED and parent == "/articles":
        page.base = "/articles/"
        return name, other.title
    if parent and name and page.path.startswith(parent + "/"):
        return f"../{parent.rpartition('/')[2]}/{name}", other.title
    return other.path, other.title


def honest_sites(world: World) -> list[Site]:
    """Sites with a topic, the popular ones of each topic first."""
    return [site for site in world.sites.values() if site.topic in TOPICS and site.size]


def _popularity(world: World, site: Site) -> float:
    peers = [other for other in honest_sites(world) if other.topic == site.topic]
    return 1.0 / (1 + peers.index(site))


def _friends(world: World, site: Site, dice: Random) -> list[Site]:
    """Whom a site links: few of its topic, the popular rather, and seldom one of another."""
    sites = [other for other in honest_sites(world) if other.domain != site.domain]
    near = [other for other in sites if other.topic == site.topic]
    chosen: list[Site] = []
    for _ in range(2 + site.size // 4):
        weights = [_popularity(world, other) for other in near]
        friend = dice.choices(near, weights)[0]
        near.remove(friend)
        chosen.append(friend)
    if dice.random() < 0.35:
        chosen.append(dice.choice([other for other in sites if other.topic != site.topic]))
    return chosen


def _link_site(world: World, host: str, dice: Random) -> None:
    site = world.sites[host]
    if site.topic not in TOPICS or not site.size:
        return
    friends = _friends(world, site, dice)
    for page in world.of(host):
        if page.path == "/about":
            continue
        for _ in range(dice.choice((0, 1, 1, 2, 2, 3)) if page.path != "/" else 1):
            friend = dice.choice(friends)
            targets = [other for other in world.of(friend.host) if other.path != "/about"]
            target = targets[0] if dice.random() < 0.4 else dice.choice(targets)
            plant = editorial(world, page, target, dice)
            add_plant(world, page, plant)


def editorial(world: World, page: Page, target: Page, dice: Random) -> Plant:
    """A link set because it helps the reader, with an anchor as people choose them."""
    site = world.sites[target.host]
    anchors = [target.title, site.name, site.domain, words.here(page.language)]
    anchors += [dice.choice(words.nouns(page.topic, page.language)), target.title]
    return Plant(
        _spelled(site, target.path, dice),
        dice.choice(anchors),
        lead=words.lead(page.language, dice),
    )


def _spelled(site: Site, path: str, dice: Random) -> str:
    """A URL as people paste it: all of these are the same page."""
    url = site.url(path)
    if dice.random() > 0.2:
        return url
    mark = "&" if "?" in path else "?"
    port = {"http": ":80", "https": ":443"}[site.scheme]
    spellings = [
        f"{url}{mark}utm_source=newsletter&utm_medium=email",
        f"{url}{mark}PHPSESSID=0123456789abcdef",
        f"{url}#comments",
        f"{site.scheme.upper()}://{site.host.upper()}{path}",
        f"{site.scheme}://{site.host}{port}{path}",
        f"{site.scheme}://{site.host}/./x/..{path}",
    ]
    if site.host.startswith("xn--"):
        spellings.append(f"{site.scheme}://{site.host.encode().decode('idna')}{path}")
    return dice.choice(spellings)


def add_plant(world: World, page: Page, plant: Plant) -> bool:
    """Write a link on a page unless it links that target so already. True if it was written."""
    identity = (resolved(world, page, plant.href).page, plant.kind)
    if any((resolved(world, page, p.href).page, p.kind) == identity for p in page.plants):
        return False
    page.plants = [*page.plants, plant]
    return True


def resolved(world: World, page: Page, href: str) -> Url:
    """The canonical URL that an href on a page leads to."""
    own = world.sites[page.host].url(page.path)
    return canonical(href, canonical(page.base, own).url if page.base else own)


def articles(world: World, host: str) -> list[Page]:
    """A site's pages apart from its home and its about page."""
    return [page for page in world.of(host) if page.path not in ("/", "/about")]
