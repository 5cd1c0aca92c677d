"""Page records made by hand: what a spider would have sent."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from consumers.pages import PageRows
from pipeline.log import Message
from pipeline.page import Internal, Links, Outcome, Page, Position, encode, link_digest
from pipeline.page import Kind as LinkKind
from pipeline.settings import RevisitSettings
from pipeline.store import Store
from pipeline.url import canonical, suffix_list_version

STATUS = {"ok": 200, "not_modified": 304, "redirect": 301, "gone": 404, "error": 503}
START = 1_700_000_000_000  # ms; a whole second
TODAY = int(time.time()) * 1000  # ms; arrivals need it, since the store drops them after 30 days
HOUR = 3_600_000
DAY = 24 * HOUR


class Link(NamedTuple):
    target: str
    kind: LinkKind = "a"
    anchor: str = "anchor"
    rel: int = 0
    position: Position = "main"
    before: str = ""
    after: str = ""
    times: int = 1


def page(
    url: str,
    at: int,
    links: Sequence[Link | str] = (),
    *,
    outcome: Outcome = "ok",
    status: int | None = None,
    complete: bool | None = None,
    inner: Sequence[str] = (),
    **more: Any,
) -> Page:
    """A visit of `url` at `at` ms. Complete where it is ok, unless told."""
    parts = canonical(url)
    found = [Link(link) if isinstance(link, str) else link for link in links]
    whole = outcome == "ok" if complete is None else complete
    more.setdefault("incomplete", "" if whole or outcome != "ok" else "challenge")
    return Page(
        suffix_list=suffix_list_version(),
        url=parts.url,
        host=parts.host,
        path=parts.path,
        domain=parts.domain,
        fetched_at=at,
        outcome=outcome,
        status=STATUS.get(outcome, 0) if status is None else status,
        complete=whole,
        digest=link_digest([link.target for link in found], [link.kind for link in found]),
        external=external(found),
        internal=Internal(target=list(inner), rel=[0] * len(inner)),
        **more,
    )


def external(links: Sequence[Link]) -> Links:
    return Links(
        target=[link.target for link in links],
        domain=[canonical(link.target).domain for link in links],
        kind=[link.kind for link in links],
        rel=[link.rel for link in links],
        position=[link.position for link in links],
        anchor=[link.anchor for link in links],
        before=[link.before for link in links],
        after=[link.after for link in links],
        ordinal=list(range(len(links))),
        count=[link.times for link in links],
    )


def message(record: Page) -> Message:
    """As the crawler publishes it: keyed by the page's registered domain."""
    return Message(record.domain.encode(), encode(record))


def write(store: Store, pages: Sequence[Page], arrived_ms: int) -> None:
    """As the consumer writes them."""
    store.insert("page_records", PageRows(RevisitSettings()).columns(list(pages), arrived_ms))
