"""How many pages a site may have: what its pages came to says what a further one is worth."""

from __future__ import annotations

from math import log10

import msgspec

from pipeline.platforms import platforms
from pipeline.settings import PlanSettings
from pipeline.url import domains

_HALF = 0.5
_MANY_DOMAINS = 1_000  # linked to: a site that leads everywhere


class Yield(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages of one registered domain came to. `authority`: 0 to 100, None = unknown."""

    pages: int  # that were visited
    complete: int = 0
    texts: int = 0  # different ones among the complete
    linking: int = 0  # complete pages with an external link
    out_domains: int = 0
    authority: float | None = None
    seeded: bool = False  # a person named a URL of it


def merit(found: Yield) -> float:
    """What a further page is worth, 0 to 1.

    The share of visits that gave a text not seen on the site before: errors, walls and a trap's
    copies give none. Times what the site is to an index of links: its pages have some, they lead to
    many domains, others vouch for it. Two thirds of that is as good as all, since a fine new site
    has no authority yet, and a fine old one few links out.
    """
    if not found.pages:
        return 0.0
    own = found.texts / found.pages
    linking = found.linking / max(1, found.complete)
    breadth = min(1.0, log10(1 + found.out_domains) / log10(1 + _MANY_DOMAINS))
    authority = (found.authority or 0.0) / 100
    return min(1.0, own * min(1.0, (linking + breadth + authority) * 2 / 3))


def budget(found: Yield, domain: str, settings: PlanSettings) -> int:
    """Pages that the site may have in all.

    Until `least_site_pages` were seen it is not judged. A site of merit may have twice what it has,
    less as its merit falls, so that it doubles as long as it proves good. Below half merit it keeps
    its first budget, unless fewer than half of its visits gave a new text: a site that links
    nowhere is no trap. What a person named keeps it in any case.
    """
    start = first_budget(domain, settings)
    least, most = min(settings.least_site_pages, start), max(settings.most_site_pages, start)
    if found.pages < least:
        return start
    worth, own = merit(found), found.texts / found.pages
    if worth < _HALF:
        return start if found.seeded else max(least, int(start * min(1.0, own / _HALF)))
    return min(most, max(start, int(2 * worth * found.pages)))


def first_budget(domain: str, settings: PlanSettings) -> int:
    """Of a site that nothing is known of; a platform under one name has many sites in it."""
    own = settings.site_pages
    return min(10 * own, max(own, settings.most_site_pages)) if domain in platforms() else own


def owner_budget(owner: str, settings: PlanSettings) -> int:
    """Of all registered domains of one ICANN domain: a platform's has the sites of many."""
    return settings.platform_pages if owner in platforms() else settings.owner_pages


def owner_of(domain: str) -> str:
    """The ICANN domain: whose platform the registered domain is a name on, or itself."""
    return domains(domain).icann
