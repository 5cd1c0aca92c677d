"""The rows that questions about a whole profile answer. Times are UTC; None is unknown.

Links of every kind count; `links` are live ones, and `followed` those of them that are followed.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class Network(msgspec.Struct, frozen=True):
    """An address, network or owner of referring domains; empty where it is not known.

    share: of the domains whose network is known. authority: the greatest of them. effective: so
    many networks of one size would be as concentrated, the same in every row. indirect: of the
    links, those that name pages elsewhere, which lead to the target.
    """

    network: str
    referring_domains: int
    share: float | None
    links: int
    followed: int
    authority: float | None
    effective: float | None
    indirect: int


class Place(msgspec.Struct, frozen=True):
    """A top-level domain, country (ISO 3166) or language; empty where it is not known.

    share: of the domains whose place is known. authority: the greatest of them. indirect: as of a
    Network.
    """

    place: str
    referring_domains: int
    share: float | None
    links: int
    followed: int
    authority: float | None
    indirect: int


class Period(msgspec.Struct, frozen=True):
    """A day, week or month, by its first day. referring_domains: at its end, that had not lost all.

    gained, lost: domains. their_pages_read, pages_read, sites_read: by its end, estimated.
    indirect: domains with links that get there by other pages, whether they have others or not.
    links, links_gained, links_lost: None unless they were asked for.
    """

    period: str
    referring_domains: int
    gained: int
    lost: int
    their_pages_read: int
    pages_read: int
    sites_read: int
    indirect_domains: int
    indirect_gained: int
    indirect_lost: int
    links: int | None = None
    links_gained: int | None = None
    links_lost: int | None = None


class ChangeCount(msgspec.Struct, frozen=True):
    """What came and went in a day, week or month. reasons: of the lost links.

    links: at its end, that were not lost. indirect: links beside these, by way of other pages.
    """

    period: str
    appeared: int
    discovered: int
    lost: int
    reasons: list[tuple[str, int]]
    changed: int
    domains_gained: int
    domains_lost: int
    links: int
    indirect_gained: int
    indirect_lost: int
    indirect_links: int


class Change(msgspec.Struct, frozen=True):
    """A link that came, went or changed, after `after` and by `at`.

    reason: of a loss, or of an indirect link `way closed`, and `way opened` where it came by that;
    of a change what changed. was: what there was before. indirect: 1 where the page that it names
    leads, or led, to end_url.
    """

    at: datetime
    change: str
    reason: str
    source_domain: str
    source_url: str
    anchor: str
    target_url: str
    rel: str
    was: str
    position: str
    kind: str
    authority: float | None
    after: datetime | None
    indirect: int
    end_url: str


class BrokenLink(msgspec.Struct, frozen=True):
    """A live link to a page that is gone. end_url: that page; target_url, or where it leads to."""

    authority: float | None
    source_domain: str
    source_url: str
    target_url: str
    end_url: str
    status: int
    outcome: str
    broken_since: datetime
    anchor: str
    rel: str
    position: str
    kind: str
    first_seen: datetime
    last_seen: datetime


class BrokenPage(msgspec.Struct, frozen=True):
    """A page that is gone, with the best link to it."""

    url: str
    status: int
    outcome: str
    broken_since: datetime
    authority: float | None
    referring_domains: int
    links: int
    followed: int
    source_url: str
    anchor: str


class Gap(msgspec.Struct, frozen=True):
    """A domain that links to `sites` of several others and not to mine, with the best link to each.

    lost: 1 where it did link to mine.
    """

    source_domain: str
    authority: float | None
    sites: int
    links_to: list[str]
    source_urls: list[str]
    target_urls: list[str]
    anchors: list[str]
    links: int
    followed: int
    lost: int


class Similar(msgspec.Struct, frozen=True):
    """A domain like another. text, links: how near by what both say, and by who links to both.

    score: of both together. All 0 to 1. place: the one that rows are ordered by. links_here: 1
    where it links to the other.
    """

    domain: str
    score: float
    text: float
    shared_terms: list[str]
    links: float
    shared_referrers: int
    referrers: list[str]
    links_here: int
    authority: float | None
    language: str
    country: str
    place: float


class Outlink(msgspec.Struct, frozen=True):
    """A link on a page of the source."""

    page: str
    source_url: str
    target_domain: str
    target_url: str
    anchor: str
    state: str
    reason: str
    rel: str
    position: str
    kind: str
    first_seen: datetime
    not_before: datetime | None
    last_seen: datetime
    lost_by: datetime | None


class OutlinkCount(msgspec.Struct, frozen=True):
    """A domain that the source links to, or a page of it that links; its links by state."""

    name: str
    live: int
    lost: int
    unverified: int
    followed: int
    pages: int
    target_pages: int


class LinkBetween(msgspec.Struct, frozen=True):
    """A link from one of two targets to the other. indirect: a page on the way leads to end_url."""

    target_domain: str
    source_url: str
    target_url: str
    anchor: str
    state: str
    reason: str
    rel: str
    position: str
    kind: str
    first_seen: datetime
    not_before: datetime | None
    last_seen: datetime
    lost_by: datetime | None
    indirect: int
    end_url: str
