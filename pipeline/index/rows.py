"""The rows that questions answer, by the names of their columns. Times are UTC; None is unknown.

Links of every kind count (`a`, images, frames, redirects ...); live is who has the state live.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class Backlink(msgspec.Struct, frozen=True):
    """A link, or the best of those that a domain or a page has.

    similar: how many others of that domain, or page, it stands for. rel: nofollow, ugc, sponsored,
    parted by spaces; empty where the link is followed. authority, spam_risk: 0 to 100, of the
    domain that links. language, text_before, text_after: None unless they were asked for.
    indirect: 1 where the page that it names leads on, `via` these pages, to `end_url`; it may be
    of another domain.
    """

    source_domain: str
    source_url: str
    target_url: str
    anchor: str
    state: str
    reason: str
    rel: str
    position: str
    kind: str
    authority: float | None
    spam_risk: float | None
    similar: int
    first_seen: datetime
    not_before: datetime | None
    last_seen: datetime
    lost_by: datetime | None
    language: str | None = None
    text_before: str | None = None
    text_after: str | None = None
    indirect: int = 0
    end_url: str = ""
    via: list[str] = []


class ReferringDomain(msgspec.Struct, frozen=True):
    """A domain that links or did; its links by state; pages of it that link, pages they link.

    indirect: live links beside those, to pages elsewhere that lead to the target.
    """

    source_domain: str
    authority: float | None
    spam_risk: float | None
    live: int
    lost: int
    unverified: int
    followed: int
    pages: int
    target_pages: int
    anchor: str
    first_seen: datetime | None  # None where only a web graph knows of it
    last_seen: datetime | None
    lost_by: datetime | None
    graph: str
    graph_rank: int | None
    indirect: int


class Anchor(msgspec.Struct, frozen=True):
    """An anchor text of live links. form: empty, url, brand or words. share: of all live links.

    indirect: of the links, those that name pages elsewhere, which lead to the target.
    """

    anchor: str
    form: str
    links: int
    referring_domains: int
    followed: int
    share: float
    indirect: int


class Term(msgspec.Struct, frozen=True):
    """A word of the anchor texts of live links. share, indirect: as of an Anchor."""

    term: str
    links: int
    referring_domains: int
    followed: int
    share: float
    indirect: int


class TargetPage(msgspec.Struct, frozen=True):
    """A page that live links point to, and its own latest visit. Empty or None: never fetched.

    authority: its own in the newest snapshot, 0 to 100; None where it is unknown.
    indirect: of the links, those that name another page, which leads to it.
    """

    url: str
    links: int
    referring_domains: int
    followed: int
    outcome: str
    status: int | None
    leads_to: str
    last_visit: datetime | None
    authority: float | None
    indirect: int
