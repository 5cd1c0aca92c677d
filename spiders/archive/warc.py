"""A capture in a WARC to the page record that a visit at that time would have made.

response    the same outcome, completeness and links as a visit's, by the same code
revisit     of the same URL: what the last body held still stood; of another URL: nothing, since its
            links are elsewhere
resource, conversion  HTML without an answer around it: its links were there, and no more is known
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec
from fastwarc.warc import WarcHeader

from pipeline.page import Page, Source
from pipeline.url import Refused, Url, canonical
from spiders.archive.message import Message, message
from spiders.archive.records import Record
from spiders.extract import is_html
from spiders.outcome import (
    answered,
    is_redirect,
    led_to,
    location,
    outcome_of,
    read_body,
    with_extracted,
)
from spiders.sitemap import is_read

_DAY_OF_YEAR = re.compile(r"(\d{4})-(\d\d)-(\d{3}|3[2-9]|[4-9]\d)(?=T)", re.ASCII)
_PAGES = ("text/html", "application/xhtml+xml")
_SAME = "identical-payload-digest"
_UNMODIFIED = "server-not-modified"


class Capture(NamedTuple):
    """What a record comes to. `what`: one word, for counting; `host`: that was captured."""

    what: str
    page: Page | None = None
    host: str = ""


def all_are(_: bytes) -> bool:
    return True


def capture(record: Record, worth: Callable[[bytes], bool] = all_are) -> Capture:
    """Of a response, revisit, resource or conversion. Never raises, whatever the bytes.

    worth: whether a body is to be read. Without a page where it isn't, where it is no page (other,
    not_html), where what it tells is nothing about a page (same_page, other_url), or where it is
    damaged (no_date, no_answer).
    """
    url = page_url(record.header(WarcHeader.WARC_TARGET_URI))
    if url is None:
        return Capture("other")  # a tool's own notes, a name server's answer, an address
    at = milliseconds(record.header(WarcHeader.WARC_DATE))
    if at is None:
        return Capture("no_date")
    if record.kind == "revisit":
        return _revisit(record, url, at)
    if record.kind in ("resource", "conversion"):
        return _bare(record, url, at, worth)
    kind = record.header(WarcHeader.CONTENT_TYPE).lower()
    if kind and "http" not in kind:
        return Capture("other")  # a transfer by another protocol
    cut = record.cut or bool(record.header(WarcHeader.WARC_TRUNCATED))
    found = message(record.block, cut=cut)
    if found is None or not found.status:
        return Capture("no_answer")
    return _answer(url, at, found, record.header(WarcHeader.WARC_IP_ADDRESS), worth)


def _answer(url: Url, at: int, found: Message, ip: str, worth: Callable[[bytes], bool]) -> Capture:
    """at: ms since 1970."""
    if is_redirect(found.status, found.headers):
        return redirected(url, at, found.status, found.headers, ip, "warc")
    outcome = outcome_of(found.status)
    page = answered(
        url, at, outcome, status=found.status, headers=found.headers, size=len(found.body),
        ip=ip[:45], source="warc",
    )  # fmt: skip
    if outcome != "ok":
        return Capture("other_status", page, url.host)
    kind = found.headers.get("content-type", "")
    bare = kind.partition(";")[0].strip().lower()
    if not is_html(kind, found.body) and not is_read(bare, url.url):
        return Capture("not_html", None, url.host)
    if not worth(found.body):
        return Capture("page", None, url.host)
    read = read_body(url, found.body, found.headers, cut=found.cut)
    return Capture("page", with_extracted(page, read, ""), url.host)


def redirected(
    url: Url, at: int, status: int, headers: Mapping[str, str], ip: str, source: Source
) -> Capture:
    """To the same page by another scheme it is no redirect: the page is one, whatever its scheme,
    and a crawl follows it too."""
    target, refused = location(headers["location"], url, False)
    if target is not None and target.page == url.page:
        return Capture("same_page", None, url.host)
    page = answered(
        url, at, "redirect", status=status, headers=headers, ip=ip[:45], source=source
    )  # fmt: skip
    return Capture("redirect", led_to(page, target, refused), url.host)


def _revisit(record: Record, url: Url, at: int) -> Capture:
    """The same payload as an earlier capture of the same URL: as good as a 304."""
    profile = record.header(WarcHeader.WARC_PROFILE).lower()
    said = record.header(WarcHeader.WARC_REFERS_TO_TARGET_URI)
    if _UNMODIFIED not in profile:
        referred = page_url(said)
        # Without a URL it refers to some record that may be of any.
        if _SAME not in profile or referred is None or referred.page != url.page:
            return Capture("other_url", None, url.host)
    found = message(record.block)
    status = found.status if found is not None else 0
    if status and not (200 <= status < 300 or status == 304):
        return Capture(
            "other_url", None, url.host
        )  # an error page that came twice is no page that stands
    page = answered(
        url, at, "not_modified", status=status, ip=record.header(WarcHeader.WARC_IP_ADDRESS)[:45],
        source="warc",
    )  # fmt: skip
    return Capture("unmodified", page, url.host)


def _bare(record: Record, url: Url, at: int, worth: Callable[[bytes], bool]) -> Capture:
    """HTML that stands alone: nothing tells with what status it came, or what was made of it."""
    kind = record.header(WarcHeader.CONTENT_TYPE)
    if not is_page(kind):
        return Capture("not_html", None, url.host)
    if not worth(record.block):
        return Capture("page", None, url.host)
    headers = {"content-type": kind}
    page = answered(url, at, "ok", headers=headers, size=len(record.block), source="warc")
    found = read_body(url, record.block, headers, cut=record.cut)
    if not found.incomplete:
        found = msgspec.structs.replace(found, incomplete=record.kind)
    return Capture("page", with_extracted(page, found, ""), url.host)


def page_url(text: str) -> Url | None:
    """Of a record's header; some tools write it in angle brackets. None for what is no page."""
    text = text.strip()
    if text[:1] == "<" and text[-1:] == ">":
        text = text[1:-1]
    try:
        return canonical(text)
    except Refused:
        return None


def milliseconds(date: str) -> int | None:
    """Of a date as WARC/1.1 writes it, since 1970; None where it is none.

    ClueWeb's has the day of the year where that of the month should be: 2008-10-294.
    """
    date = date.strip()
    odd = _DAY_OF_YEAR.match(date)
    try:
        if odd is not None:
            day = datetime.date(int(odd[1]), 1, 1) + datetime.timedelta(int(odd[3]) - 1)
            if day.month != int(odd[2]):
                return None
            date = day.isoformat() + date[odd.end() :]
        found = datetime.datetime.fromisoformat(date)
    except (ValueError, OverflowError):
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=datetime.UTC)
    at = int(found.timestamp() * 1000)
    return at if 0 < at < 1 << 43 else None


def is_page(content_type: str) -> bool:
    """Of a record that has no answer around it."""
    return content_type.partition(";")[0].strip().lower() in _PAGES
