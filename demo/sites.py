"""Who is on the made web: its sites by topic, and what a site and a page of it are.

Every name ends in `.example`, which RFC 2606 keeps for such use: none can ever be real.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Literal

import msgspec

from pipeline.page import Kind, Position
from pipeline.url import domains

TOPICS = ("baking", "cycling", "astronomy", "gardening", "music")
Style = Literal["modern", "old", "thin"]

# host, name, topic, language, scheme, pages beside the home page
_ROSTER = """
bakersguild.example|The Bakers' Guild|baking|en|https|12
sourdoughnotes.example|Sourdough Notes|baking|en|https|11
www.crumbandcrust.example|Crumb and Crust|baking|en|https|9
ovenlog.example|Oven Log|baking|en|http|7
ryeandspelt.example|Rye & Spelt|baking|en|https|6
millstreet.example|Mill Street Bakery|baking|en|http|5
xn--bckerweg-0za.example|Bäckerweg|baking|de|https|6
painduquartier.example|Le pain du quartier|baking|fr|https|6
panyakoubou.example|小さなパン工房|baking|ja|https|5
www.pedalpost.example|Pedal Post|cycling|en|https|12
spokeandchain.example|Spoke and Chain|cycling|en|https|10
gravelmiles.example|Gravel Miles|cycling|en|https|8
commutercog.example|Commuter Cog|cycling|en|http|6
wheelersclub.example|Valley Wheelers|cycling|en|https|7
bikeworkshop.example|The Bike Workshop|cycling|en|http|5
velowerk.example|Velowerk|cycling|de|https|6
routesetcols.example|Routes et cols|cycling|fr|https|6
ciclodiario.example|Ciclodiario|cycling|es|https|6
nightskylog.example|Night Sky Log|astronomy|en|https|11
dobsonbarn.example|Dobson Barn|astronomy|en|https|9
cometwatch.example|Comet Watch|astronomy|en|http|7
www.lunaratlas.example|Lunar Atlas|astronomy|en|https|7
variablestars.example|Variable Star Circle|astronomy|en|https|6
sternstube.example|Sternstube|astronomy|de|https|6
cielprofond.example|Ciel profond|astronomy|fr|http|5
hoshizora.example|星空ノート|astronomy|ja|https|6
plotandspade.example|Plot and Spade|gardening|en|https|11
seedledger.example|The Seed Ledger|gardening|en|https|9
compostdiary.example|Compost Diary|gardening|en|http|6
www.hedgerowgarden.example|Hedgerow Garden|gardening|en|https|7
allotmentnews.example|Allotment News|gardening|en|https|6
jardinvivant.example|Jardin vivant|gardening|fr|https|6
huertourbano.example|Huerto urbano|gardening|es|https|5
niwanote.example|庭ノート|gardening|ja|https|5
fiddlefolk.example|Fiddle Folk|music|en|https|11
brassroom.example|The Brass Room|music|en|https|8
www.vinylcorner.example|Vinyl Corner|music|en|https|7
choirbook.example|Choir Book|music|en|http|6
oboereeds.example|Oboe Reeds|music|en|https|5
pipeorgans.example|The Pipe Organ Pages|music|en|http|7
gitarrenkiste.example|Gitarrenkiste|music|de|https|6
cancionero.example|Cancionero abierto|music|es|https|5
forum.bakersguild.example|Guild Forum|baking|en|https|5
blog.gravelmiles.example|Gravel Miles Blog|cycling|en|https|4
photos.nightskylog.example|Night Sky Photos|astronomy|en|https|4
seeds.plotandspade.example|Plot and Spade Seeds|gardening|en|http|4
webatlas.example|The Web Atlas|general|en|https|0
goodlinks.example|Good Links|general|en|http|0
clipbarn.example|Clip Barn|general|en|https|3
closedarchive.example|The Closed Archive|general|en|https|3
"""

HUBS = ("webatlas.example", "goodlinks.example")
CLOSED = "closedarchive.example"  # its robots.txt forbids everything
PRIVATE = "seedledger.example"  # its robots.txt forbids /private/
SLOW = "oboereeds.example"  # asks for a delay between requests
TRAP = "wheelersclub.example"  # an endless calendar
OLD_STYLE = "pipeorgans.example"
FARM_NAMES = (
    "best-credit-now", "cheap-credit-online", "fast-credit-4u", "credit-top-deals", "credit-hub24",
    "easycredit-tips", "credit-review-king", "my-credit-guide", "credit-offers-365",
    "topcredit-compare", "credit-instant-info", "credit-saver-pro", "credit-world-best",
    "creditlist-plus", "credit-fast-lane",
)  # fmt: skip
FARM = tuple(f"{name}.example" for name in FARM_NAMES)
MONEY = "instant-money-loans.example"
CASINO = "luckyspin-casino.example"
FOOTER_SELLERS = {  # who sells a footer link on every page, and under which rel
    "ovenlog.example": "",
    "commutercog.example": "sponsored",
    "allotmentnews.example": "",
}
PARKED = "bikeworkshop.example"  # its domain lapses between the two phases
TRUSTED = (
    "bakersguild.example", "pedalpost.example", "nightskylog.example", "plotandspade.example",
    "fiddlefolk.example", "webatlas.example",
)  # fmt: skip


class Plant(msgspec.Struct, frozen=True):
    """One link as it is written on a page. `lead` is the text before it."""

    href: str
    anchor: str
    kind: Kind = "a"
    rel: str = ""
    position: Position = "main"
    lead: str = ""


Listed = list[tuple[str, str]]  # links within the site: href, text


class Page(msgspec.Struct, kw_only=True):
    """One URL of the made web, whatever it answers with."""

    host: str
    path: str
    title: str = ""
    topic: str = "general"
    language: str = "en"
    style: Style = "modern"
    paragraphs: list[str] = []
    plants: list[Plant] = []  # what leads to other sites, apart from a Location
    listed: Listed = []
    related: Listed = []
    status: int = 200
    location: str = ""
    noindex: bool = False
    nofollow: bool = False
    base: str = ""
    headers: list[tuple[str, str]] = []
    raw: bytes | None = None  # served instead of everything above

    @property
    def key(self) -> tuple[str, str]:
        return self.host, self.path


class Site(msgspec.Struct, kw_only=True):
    """One host."""

    host: str
    name: str
    topic: str
    language: str = "en"
    scheme: str = "https"
    size: int = 0
    nav: Listed = []
    robots: str = ""  # '' where there is no robots.txt
    disallowed: tuple[str, ...] = ()  # path prefixes, as in `robots`
    allowed: tuple[str, ...] = ()

    def forbids(self, path: str) -> bool:
        """By the longest matching rule, as RFC 9309 has it; robots.txt itself never."""
        longest = {
            rules: max((len(rule) for rule in rules if path.startswith(rule)), default=-1)
            for rules in (self.disallowed, self.allowed)
        }
        return path != "/robots.txt" and longest[self.disallowed] > longest[self.allowed]

    @property
    def domain(self) -> str:
        return domains(self.host).registered

    def url(self, path: str = "/") -> str:
        return f"{self.scheme}://{self.host}{path}"


class World(msgspec.Struct):
    """All sites and pages at one time, and what was planted on purpose."""

    sites: dict[str, Site] = {}
    pages: dict[tuple[str, str], Page] = {}

    def add(self, page: Page) -> Page:
        assert page.key not in self.pages, page.key
        self.pages[page.key] = page
        return page

    def of(self, host: str) -> Iterator[Page]:
        """The pages of a host, in the order they were made."""
        return (page for page in self.pages.values() if page.host == host)

    def copy(self) -> World:
        return copy.deepcopy(self)


def roster() -> list[Site]:
    """All that are no farm, no buyer and no mere redirect."""
    sites = []
    for line in _ROSTER.split("\n"):
        if line:
            host, name, topic, language, scheme, size = line.split("|")
            sites.append(
                Site(
                    host=host, name=name, topic=topic, language=language, scheme=scheme,
                    size=int(size),
                )
            )  # fmt: skip
    return sites
