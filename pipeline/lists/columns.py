"""Which column of a list says what: by its header, by its name, or by the URLs in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.errors import UsageError

# Headers without case, blanks and marks, by what the column says; of several the first there is.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "source": (
        "referringpageurl", "sourceurl", "sourcepageurl", "linkingpage", "linkingpageurl",
        "urlfrom", "referringpage", "sourcepage", "referringurl", "linkingurl", "backlinkurl",
        "fromurl", "source", "from", "backlink", "link", "url",
    ),
    "target": (
        "targeturl", "targetpageurl", "targetpage", "linkurl", "urlto", "linkedpage", "linkedurl",
        "destinationurl", "tourl", "landingpage", "target", "destination", "to", "page",
    ),
    "anchor": ("anchor", "anchortext", "linkanchor", "linktext"),
    "before": ("leftcontext", "textpre", "textbefore"),
    "after": ("rightcontext", "textpost", "textafter"),
    "first_seen": (
        "firstseen", "firstseendate", "firstseenlink", "sourcefirstfounddate", "firstindexeddate",
        "firstfound", "firstindexed", "firstcrawled", "datefound", "discovered", "firstdiscovered",
    ),
    "last_seen": (
        "lastseen", "lastseendate", "lastcrawled", "lastcrawldate", "sourcecrawldate",
        "lastvisited", "lastfound", "lastcheck", "lastchecked", "datelastseen", "crawldate",
    ),
    "lost": (
        "lost", "lostdate", "datelost", "lostat", "lostlink", "islost", "flagdeleted", "deleted",
    ),
    "nofollow": ("nofollow", "flagnofollow", "isnofollow"),
    "follow": ("dofollow", "isdofollow", "follow", "followed"),
    "ugc": ("ugc", "isugc", "flagugc"),
    "sponsored": ("sponsored", "issponsored", "flagsponsored"),
    "rel": ("rel", "linkrel", "relattribute", "linkattributes", "attributes", "follownofollow"),
    "type": ("type", "linktype"),
    "image": ("image", "flagimagelink", "isimage"),
    "form": ("form", "isform"),
    "frame": ("frame", "flagframe", "isframe"),
    "redirect": ("redirect", "flagredirect", "isredirect"),
}  # fmt: skip
NAMED = ("source", "target", "anchor", "first_seen", "last_seen", "rel")

# By headers that no other has.
_TOOLS = (
    ("Search Console", {"linkingpage"}),
    ("Ahrefs", {"referringpageurl", "referringpagetitle"}),
    ("Ahrefs", {"referringpageurl", "targeturl"}),
    ("Ahrefs", {"referringpageurl", "linkurl"}),
    ("Semrush", {"sourceurl", "pageascore"}),
    ("Majestic", {"sourceurl", "sourcecrawldate"}),
    ("Majestic", {"sourceurl", "flagnofollow"}),
    ("Moz", {"url", "targeturl", "spamscore"}),
    ("Moz", {"url", "targeturl", "pa"}),
)
_MARKS = re.compile(r"[\W_]+")
_URL = re.compile(r"\s*(?:https?:)?//[^\s/]+\.[^\s]+|\s*www\.[^\s]+\.[^\s]+", re.I)
_BARE = re.compile(r"\s*(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/\S*)?\s*\Z", re.I)


class Columns(NamedTuple):
    """Places of what a list says, from 0. `rows`: that come before the first link's."""

    at: Mapping[str, int]
    rows: int
    tool: str = ""

    def cell(self, cells: Sequence[str], name: str) -> str:
        place = self.at.get(name, -1)
        return cells[place].strip() if 0 <= place < len(cells) else ""


def bare(header: str) -> str:
    return _MARKS.sub("", header).casefold()


def is_url(cell: str) -> bool:
    return _URL.match(cell) is not None


def recognised(cells: Sequence[str]) -> dict[str, int]:
    """What a row says as a header; empty where it is none."""
    if any(is_url(cell) for cell in cells):
        return {}
    names = {bare(cell): place for place, cell in reversed(list(enumerate(cells)))}
    found = {}
    for what, headers in HEADERS.items():
        known = [names[header] for header in headers if header in names]
        if known:
            found[what] = known[0]
    # The old Search Console has pages with the links to them; elsewhere a link leads to a page.
    if found.get("target") == names.get("page") and "link" not in names:
        found.pop("target", None)
    return found if "source" in found else {}


def find(
    head: Sequence[Sequence[str]], named: Mapping[str, str], to: frozenset[str]
) -> Columns | None:
    """Where the columns are, from a list's first rows; None where no column has URLs.

    named: by the user, a header or a number from 1, by what it says. to: whose links are wanted.
    Raises UsageError for a name that no header has.
    """
    for number, cells in enumerate(head):
        found = recognised(cells)
        if found or (named and _has(cells, named)):
            at = found | _named(cells, named)
            return Columns(at, number + 1, _tool(cells)) if "source" in at else None
    return _by_content(head, named, to)


def _has(cells: Sequence[str], named: Mapping[str, str]) -> bool:
    """Is this the row of the headers that the user named?"""
    names = {bare(cell) for cell in cells}
    headers = {bare(name) for name in named.values() if not name.isdigit()}
    return bool(headers) and headers <= names


def _named(cells: Sequence[str], named: Mapping[str, str]) -> dict[str, int]:
    places = {}
    names = [bare(cell) for cell in cells]
    for what, name in named.items():
        if name.isdigit() and 1 <= int(name) <= len(cells):
            places[what] = int(name) - 1
        elif bare(name) in names:
            places[what] = names.index(bare(name))
        else:
            told = ", ".join(cell.strip()[:40] for cell in cells[:30])
            raise UsageError(f"no column {name[:100]!r}; there are: {told}")
    return places


def _tool(cells: Sequence[str]) -> str:
    names = {bare(cell) for cell in cells}
    return next((tool for tool, marks in _TOOLS if marks <= names), "")


def _by_content(
    head: Sequence[Sequence[str]], named: Mapping[str, str], to: frozenset[str]
) -> Columns | None:
    """The first row with a URL is the first link's; what stands above it is no header we know."""
    for number, cells in enumerate(head):
        places = [place for place, cell in enumerate(cells) if is_url(cell)]
        if places:
            ours = [p for p in places if any(domain in cells[p] for domain in to)]
            others = [p for p in places if p not in ours[:1]]
            at = {"source": others[0] if others else places[0]}
            if others and (ours or others[1:]):
                at["target"] = ours[0] if ours else others[1]
            return Columns(at | _named(cells, named), number)
    return _bare_domains(head)


def _bare_domains(head: Sequence[Sequence[str]]) -> Columns | None:
    """A list of nothing but domains, or pages without a scheme."""
    if head and all(len(cells) == 1 and _BARE.match(cells[0]) for cells in head):
        return Columns({"source": 0}, 0)
    return None
