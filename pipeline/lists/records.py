"""Links of a list as page records: what a list says of a page at one time, and no more.

A list tells that a link is there and never that one isn't, so a record is complete in nothing. Two
lists may speak of one page and day: each record is a part of its own, named by the links in it, and
none takes another's place. Part 1 is left to visits: from it the index tells how a page answered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import NamedTuple

from pipeline.control import Controls
from pipeline.lists.read import Listed
from pipeline.log import PAGES, Log, Message
from pipeline.page import Internal, Links, Page, encode, link_digest
from pipeline.suppressed import kept
from pipeline.url import suffix_list_version

PARTS = 0xFFFF
_LINKS = 100  # of one record, which is under 500 KB then
_PENDING = 10_000  # links of one page in memory
_AT_ONCE = 500  # records that the log is given together


class Put:
    """What became of a list's links. `barred`: pages that an operator suppresses."""

    def __init__(self) -> None:
        self.pages = self.records = self.to_crawl = self.barred = 0


class Crawling(NamedTuple):
    """Which pages become known to the crawl: so many of one registered domain."""

    per_site: int


def put(
    links: Iterable[Listed], log: Log, controls: Controls, crawling: Crawling, done: Put
) -> None:
    """The links, sorted by page, into the log. Twice is as once. Raises LogError."""
    messages: list[Message] = []
    for record in _allowed(_counted(links, crawling, done), controls, done):
        messages.append(Message(record.domain.encode(), encode(record)))
        if len(messages) >= _AT_ONCE:
            log.append(PAGES, messages).result()
            messages = []
    if messages:
        log.append(PAGES, messages).result()


def _counted(links: Iterable[Listed], crawling: Crawling, done: Put) -> Iterator[Page]:
    for _, of_site in groupby(links, key=lambda link: link.domain):
        for known, (_, of_page) in enumerate(groupby(of_site, key=lambda link: link.page)):
            crawls = known < crawling.per_site
            done.pages += 1
            done.to_crawl += crawls
            yield from records(of_page, crawls=crawls)


def _allowed(pages: Iterable[Page], controls: Controls, done: Put) -> Iterator[Page]:
    for page in pages:
        allowed = kept(page, controls).page
        if allowed is None or not (allowed.external.target or allowed.internal.target):
            done.barred += 1
            continue
        done.records += 1
        yield allowed


def records(of_page: Iterable[Listed], *, crawls: bool) -> Iterator[Page]:
    """Of the links of one page. The newest of them asks for the page, where it is to be crawled."""
    given = iter(of_page)
    while some := list(islice(given, _PENDING)):
        newest = max(link.last_seen for link in some)
        for at, found in _by_time(some):
            for start in range(0, len(found), _LINKS):
                yield _record(at, found[start : start + _LINKS], crawls and at == newest)


def _by_time(links: Iterable[Listed]) -> Iterator[tuple[int, list[Listed]]]:
    """A link was there when it was first seen, and when it was last."""
    times: dict[int, dict[tuple[str, str], Listed]] = defaultdict(dict)
    for link in links:
        for at in {link.last_seen, link.first_seen} - {0}:
            times[at].setdefault((link.target, link.kind), link)
    for at in sorted(times):
        yield at, list(times[at].values())


def _record(at: int, links: list[Listed], crawls: bool) -> Page:
    page = links[0]
    digest = link_digest([link.target for link in links], [link.kind for link in links])
    return Page(
        suffix_list=suffix_list_version(),
        url=page.url,
        host=page.host,
        path=page.path,
        domain=page.domain,
        fetched_at=at,
        outcome="ok",
        incomplete="list",
        digest=digest,
        part=2 + int(digest, 16) % (PARTS - 1),
        parts=PARTS,
        source="list",
        external=_links(links),
        internal=Internal(target=[page.url], rel=[0]) if crawls else Internal(),
    )


def _links(links: list[Listed]) -> Links:
    count = len(links)
    return Links(
        target=[link.target for link in links],
        domain=[link.target_domain for link in links],
        kind=[link.kind for link in links],
        rel=[link.rel for link in links],
        position=["main"] * count,  # which no list tells
        anchor=[link.anchor for link in links],
        before=[link.before for link in links],
        after=[link.after for link in links],
        ordinal=list(range(count)),
        count=[1] * count,
    )
