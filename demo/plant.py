"""What is planted on the made web on purpose: hubs, a link farm, bought and comment links,
redirects, dead pages, robots rules, and each kind of link that a page can hold."""

from __future__ import annotations

from random import Random

from demo import words
from demo.pages import add_plant, add_site, articles, editorial, honest_sites, honest_world
from demo.sites import (
    CASINO,
    CLOSED,
    FARM,
    FOOTER_SELLERS,
    HUBS,
    MONEY,
    PRIVATE,
    SLOW,
    TOPICS,
    TRAP,
    Page,
    Plant,
    Site,
    World,
)

HIJACKED = ("choirbook.example", "millstreet.example")
SHORTENER, OLD_PEDAL, OLD_STARS = "lnk.example", "pedal-old.example", "stars-old.example"
PRIVATE_PAGE, VISITORS_PAGE = "/private/ledger", "/private/visitors.html"
_LOAN_ANCHORS = ("cheap loans", "instant loan online", "best payday loans", "money today")
_SPIN_ANCHORS = ("Online casino", "lucky spins", "casino bonus")


def plant(seed: int) -> World:
    """The whole web of phase 1."""
    world = honest_world(seed)
    dice = Random(f"{seed}:plant")
    _hubs(world, dice)
    _farm(world, dice)
    _hijack(world)
    _bought(world, dice)
    _comments(world)
    _redirects(world)
    _dead(world)
    _kinds(world)
    _robots(world)
    return world


def home(world: World, host: str) -> Page:
    return world.pages[host, "/"]


def nth(world: World, host: str, number: int) -> Page:
    """A site's article, counted from 0."""
    return articles(world, host)[number]


def write(world: World, page: Page, link: Plant) -> None:
    """Plant a link that must be new on its page."""
    if not add_plant(world, page, link):
        raise ValueError(f"{page.host}{page.path} links {link.href} already")


def _hubs(world: World, dice: Random) -> None:
    """Two directories: one of everything, one of the greater half, a page for each topic."""
    for hub, share in zip(HUBS, (1.0, 0.6), strict=True):
        site = world.sites[hub]
        site.nav = [("/", site.name), *[(f"/{topic}", topic.title()) for topic in TOPICS]]
        front = world.add(Page(host=hub, path="/", title="A hand-made list of sites"))
        front.listed = site.nav[1:]
        front.paragraphs = [words.paragraph("general", "en", dice) for _ in range(2)]
        for topic in TOPICS:
            page = world.add(Page(host=hub, path=f"/{topic}", title=f"Sites about {topic}"))
            page.paragraphs = [words.paragraph(topic, "en", dice)]
            listed = [other for other in honest_sites(world) if other.topic == topic]
            for other in listed[: round(len(listed) * share)]:
                about = words.paragraph(topic, "en", dice, sentences=1)
                url = other.url() if hub == HUBS[0] else f"{other.scheme}://{_bare(other.host)}/"
                write(world, page, Plant(url, other.name, lead=f"– {about}"))
    for host in ("clipbarn.example", CLOSED, HUBS[1]):
        site = world.sites[host]
        write(world, home(world, HUBS[0]), Plant(site.url(), site.name, lead="We also like"))
    for host in ("bakersguild.example", "fiddlefolk.example", "gitarrenkiste.example"):
        badge = Plant(world.sites[HUBS[0]].url(), "Listed in The Web Atlas", "img-link")
        write(world, home(world, host), badge)


def _bare(host: str) -> str:
    """The way many write a host that then redirects them to its `www.`."""
    return host.removeprefix("www.")


def _farm(world: World, dice: Random) -> None:
    """Fifteen domains of three thin pages: all link each other and, on every page, the money."""
    _shop(world, MONEY, "Instant Money", ("/", "/apply"), dice)
    for number, host in enumerate(FARM):
        site = add_site(world, Site(host=host, name=host.partition(".")[0], topic="loans"))
        if number % 3 == 0:
            site.scheme = "http"
        site.nav = [("/", "Home"), ("/best.html", "Best"), ("/compare.html", "Compare")]
    for number, host in enumerate(FARM):
        others = [*FARM[number + 1 :], *FARM[:number]]
        for part, (path, title) in enumerate(world.sites[host].nav):
            page = world.add(Page(host=host, path=path, title=f"{title}: loan and credit deals"))
            page.style = "thin"
            page.paragraphs = ["Best credit, cheap credit, fast credit. Compare credit here."]
            money = Plant(f"https://{MONEY}/", dice.choice(_LOAN_ANCHORS))
            write(world, page, money)
            for other in others[part * 5 : part * 5 + 5]:
                partner = Plant(world.sites[other].url(), other, position="footer")
                write(world, page, partner)
    for number, host in enumerate((HUBS[0], "bakersguild.example", "fiddlefolk.example")):
        page = home(world, FARM[number * 4])
        write(world, page, Plant(world.sites[host].url(), "a trusted source"))


def _shop(world: World, host: str, name: str, paths: tuple[str, ...], dice: Random) -> None:
    site = add_site(world, Site(host=host, name=name, topic="shop"))
    site.nav = [(path, path.strip("/") or name) for path in paths]
    for path in paths:
        page = world.add(Page(host=host, path=path, title=f"{name} – act today"))
        page.paragraphs = [
            f"{name} is open day and night. No questions, no waiting, no papers.",
            words.paragraph("general", "en", dice, sentences=3),
        ]


def _hijack(world: World) -> None:
    """The two ways into the farm: a comment, and a link that was honest when it was set."""
    spam = Plant(
        world.sites[FARM[0]].url(), "nice post, visit my site", rel="ugc nofollow",
        position="comment", lead="Great article!!!",
    )  # fmt: skip
    write(world, nth(world, HIJACKED[0], 1), spam)
    lapsed = Plant(world.sites[FARM[1]].url(), "the mill's history", lead="For more see")
    write(world, nth(world, HIJACKED[1], 2), lapsed)


def _bought(world: World, dice: Random) -> None:
    """A link in the footer of every page of three honest sites."""
    _shop(world, CASINO, "Lucky Spin", ("/", "/bonus"), dice)
    for (host, rel), text in zip(FOOTER_SELLERS.items(), _SPIN_ANCHORS, strict=True):
        for page in world.of(host):
            link = Plant(f"https://{CASINO}/", text, rel=rel, position="footer", lead="Partner:")
            write(world, page, link)


def _comments(world: World) -> None:
    """Readers who leave their own site's address, as ugc."""
    talks = {
        "sourdoughnotes.example": "ryeandspelt.example",
        "www.pedalpost.example": "velowerk.example",
        "nightskylog.example": "dobsonbarn.example",
        "plotandspade.example": "brassroom.example",
    }
    for number, (host, writer) in enumerate(talks.items()):
        site = world.sites[writer]
        for page in articles(world, host)[2:4]:
            link = Plant(
                site.url(), site.name, rel=("ugc", "nofollow ugc")[number % 2],
                position="comment", lead="Thank you, I wrote about this on my own site:",
            )  # fmt: skip
            add_plant(world, page, link)


def _redirects(world: World) -> None:
    """Moved domains, a shortener before one of them, a meta refresh, and moves within a site."""
    add_site(world, Site(host=SHORTENER, name="lnk", topic="general"))
    add_site(world, Site(host=OLD_PEDAL, name="Pedal", topic="general", scheme="http"))
    add_site(world, Site(host=OLD_STARS, name="Stars", topic="general", scheme="http"))
    pedal, about = "https://www.pedalpost.example/", "http://pedal-old.example/about.html"
    world.add(Page(host=OLD_PEDAL, path="/", status=301, location=pedal))
    world.add(Page(host=OLD_PEDAL, path="/about.html", status=301, location=f"{pedal}about"))
    world.add(Page(host=SHORTENER, path="/r1", status=302, location=about))
    world.add(Page(host=SHORTENER, path="/r2", status=301, location=f"http://{OLD_STARS}/"))
    moved = world.add(Page(host=OLD_STARS, path="/", title="We have moved", style="thin"))
    moved.paragraphs = ["The observatory's pages have a new home."]
    write(world, moved, Plant("https://sternstube.example/", "", "redirect"))
    write(world, moved, Plant("https://sternstube.example/", "our new home"))
    write(world, nth(world, "gravelmiles.example", 0), Plant(f"http://{OLD_PEDAL}/", "Pedal Post"))
    write(world, nth(world, "gravelmiles.example", 1), Plant(f"https://{SHORTENER}/r1", "here"))
    write(world, nth(world, "dobsonbarn.example", 0), Plant(f"https://{SHORTENER}/r2", "stars"))
    new = nth(world, "spokeandchain.example", 0)
    world.add(Page(host=new.host, path="/old-guide", status=301, location=new.path))
    old = Plant(world.sites[new.host].url("/old-guide"), "the old guide", lead="See also")
    write(world, nth(world, "bikeworkshop.example", 0), old)
    bare = Plant("https://pedalpost.example/", "Pedal Post", lead="As reported by")
    write(world, nth(world, "wheelersclub.example", 0), bare)
    plain = Plant("http://variablestars.example/", "Variable Star Circle", lead="Join the")
    add_plant(world, nth(world, "cometwatch.example", 2), plain)


def _dead(world: World) -> None:
    """Pages that were dead before anybody came, each linked from its own site and from another."""
    for host, path, status, reader in (
        ("dobsonbarn.example", "/lost-page", 404, "nightskylog.example"),
        ("fiddlefolk.example", "/old-tunes", 410, "choirbook.example"),
        ("brassroom.example", "/broken", 500, "fiddlefolk.example"),
    ):
        world.add(Page(host=host, path=path, status=status))
        front = home(world, host)
        front.listed = [*front.listed, (path, "Older things")]
        link = Plant(world.sites[host].url(path), "an older page", lead="It was once on")
        write(world, nth(world, reader, 3), link)


def _kinds(world: World) -> None:
    """One of each kind of link beside the plain one."""
    sky = nth(world, "nightskylog.example", 1)
    write(world, sky, Plant("https://www.lunaratlas.example/", "Lunar Atlas", "area"))
    write(world, sky, Plant("https://variablestars.example/", "Variable stars", "area"))
    world.add(Page(host="clipbarn.example", path="/embed/1", title="A clip", style="thin"))
    clips = home(world, "clipbarn.example")
    clips.listed = [*clips.listed, ("/embed/1", "A clip to embed")]
    clip = Plant("https://clipbarn.example/embed/1", "How records are pressed", "iframe")
    write(world, nth(world, "www.vinylcorner.example", 0), clip)
    copied, first = nth(world, "seedledger.example", 0), nth(world, "plotandspade.example", 0)
    write(world, copied, Plant(f"https://plotandspade.example{first.path}", "", "canonical"))
    sister = Plant("https://routesetcols.example/", "fr", "alternate")
    write(world, home(world, "velowerk.example"), sister)
    search = Plant("https://webatlas.example/", "Search the atlas", "form")
    write(world, home(world, "plotandspade.example"), search)
    top = Plant("//webatlas.example/", "part of The Web Atlas", position="header")
    write(world, home(world, "ryeandspelt.example"), top)
    ring = Plant("https://clipbarn.example/", "Clip Barn", position="aside", lead="In our ring:")
    write(world, home(world, "cometwatch.example"), ring)
    spelled = Plant("https://Bäckerweg.Example:443/", "Bäckerweg", lead="Und der")
    add_plant(world, home(world, "sternstube.example"), spelled)
    spelled = Plant("HTTP://OvenLog.example:80/?&utm_campaign=spring#top", "Oven Log")
    add_plant(world, home(world, "ryeandspelt.example"), spelled)
    nth(world, "hoshizora.example", 1).nofollow = True


def _robots(world: World) -> None:
    for number, site in enumerate(world.sites.values()):
        if number % 2:
            site.robots = "User-agent: hungrybot\nDisallow: /\n\nUser-agent: *\nDisallow:\n"
    closed = world.sites[CLOSED]
    closed.robots, closed.disallowed = "# Not for robots.\nUser-agent: *\nDisallow: /\n", ("/",)
    for page in world.of(CLOSED):
        write(world, page, Plant("https://webatlas.example/music", "never to be seen"))
    world.sites[SLOW].robots = "User-agent: *\nCrawl-delay: 0.4\nDisallow:\n"
    ledger = world.sites[PRIVATE]
    ledger.robots = "User-agent: *\nDisallow: /private/\nAllow: /private/visitors\n"
    ledger.disallowed, ledger.allowed = ("/private/",), ("/private/visitors",)
    _private(world)
    front = home(world, TRAP)
    front.listed = [*front.listed, ("/calendar?month=0", "Calendar")]


def _private(world: World) -> None:
    """Two pages behind a robots rule with one between them that an exception opens."""
    dice = Random("private")
    front = home(world, PRIVATE)
    target = home(world, "choirbook.example")
    for path in (PRIVATE_PAGE, f"{PRIVATE_PAGE}/2", VISITORS_PAGE):
        page = world.add(Page(host=PRIVATE, path=path, title="Members' ledger", topic="gardening"))
        page.paragraphs = [words.paragraph("gardening", "en", dice)]
        write(world, page, editorial(world, page, target, dice))
        front.listed = [*front.listed, (path, f"Members: {path.rpartition('/')[2]}")]
