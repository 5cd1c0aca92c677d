"""URLs that are not followed: endless ones, and other views of what is known anyway.

A trap is a site that makes new URLs for ever: calendars, sessions, facets, links that grow. What a
trap can cost is bounded by the pages that are fetched of a domain; these rules keep that for pages
that are worth it. They are for URLs that were discovered, never for links as facts, nor for what a
person names. Pure functions of the URL and of when it was found, in time linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Collection

WEB_PORTS = (80, 443)
REASONS = ("port", "long", "depth", "repeats", "calendar", "session", "facets", "view", "number")

MAX_LENGTH = 1_024  # characters of path and query
MAX_QUERY = 512
MAX_DEPTH = 16  # segments
MAX_PARAMETERS = 5
MAX_SAME = 2  # times that one segment may stand in a path
MAX_PAGE = 1_000  # of a list in pages
MAX_ROW = 50_000  # that such a page begins with
PAST_MONTHS_YEARS = 20  # of a calendar's months, from when they were found
PAST_DAYS_YEARS = 50  # of its days, which may be what a page is about
FUTURE_YEARS = 1
_OLDEST, _LATEST = 1_800, 2_199  # other numbers of four digits are no years

_DATE = re.compile(r"(\d{4})[-/.]?(0?[1-9]|1[0-2])(?:[-/.]?(0?[1-9]|[12]\d|3[01]))?")
_DATED_PATH = re.compile(r"/(\d{4})[-/](0?[1-9]|1[0-2])(?:[-/](0?[1-9]|[12]\d|3[01]))?/?\Z")
_PAGE_PATH = re.compile(r"/page[/-](\d{1,18})/?\Z")
_SESSION_PATH = re.compile(r"/\([A-Z]\([0-9a-z]{20,}\)\)/", re.IGNORECASE)
_TOKEN = re.compile(r"(?=[^&]*\d)(?=[^&]*[A-Za-z])[0-9A-Za-z_-]{16,}|\d{24,}")
_NUMBER = re.compile(r"-?\d{1,18}")

_SESSION = frozenset(
    "sid s sess sessid session sessionid session_id session-id sessionkey oscsid xtcsid osid "
    "phpsid asp.net_sessionid cfsid".split()
)
_VIEW = frozenset(
    "replytocom share print printable sort sortby sort_by sortorder sort_order sort-by orderby "
    "order_by orderway oldid returnto add-to-cart add_to_cart add_to_wishlist like_comment "
    "moderation-hash ical outlook-ical product_list_order product_list_dir "
    "product_list_mode".split()
)
_VIEW_VALUES = {
    "order": re.compile(r"(?:[a-z_.:+-]*(?:asc|desc)[a-z_]*|date|name|price|title|rating)", re.I),
    "dir": re.compile(r"(?:asc|desc)", re.I),
    "action": re.compile(r"(?:edit|history|info|raw|print|login|register|purge|delete)", re.I),
    "diff": re.compile(r"\d+|prev|next|cur"),
}
_PAGES = frozenset("page paged pg pagenum page_num pageno currentpage".split())
_ROWS = frozenset("start offset from skip first startat limitstart".split())
_LARGEST = {"month": 12, "mon": 12, "week": 53, "day": 31}
_YEARS = frozenset("year yr yyyy".split())


def why_left(url: str, year: int, ports: Collection[int]) -> str:
    """Why a canonical URL is not to be followed: one of REASONS; '' where it is.

    year: of when it was found.
    """
    return trap(url, year) if port_of(url) in ports else "port"


def trap(url: str, year: int) -> str:
    """As `why_left`, whatever the port."""
    start = url.find("/", 8)
    if start < 0:
        return ""
    path, mark, query = url[start:].partition("?")
    if len(url) - start > MAX_LENGTH or len(query) > MAX_QUERY:
        return "long"
    reason = _in_path(path, year)
    return _in_query(query, year) if mark and not reason else reason


def port_of(url: str) -> int:
    """Where a canonical URL's server listens."""
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0]
    port = host.rpartition("]")[2].rpartition(":")[2] if ":" in host else ""
    if port.isdecimal():
        return int(port)
    return 443 if scheme == "https" else 80


def _in_path(path: str, year: int) -> str:
    segments = [segment for segment in path.split("/") if segment]
    if len(segments) > MAX_DEPTH:
        return "depth"
    if len(set(segments)) < len(segments) and _repeats(segments):
        return "repeats"
    if path.rstrip("/")[-1:].isdecimal():
        dated = _DATED_PATH.search(path)
        if dated is not None and _is_far(dated, year):
            return "calendar"
        page = _PAGE_PATH.search(path)
        if page is not None and int(page[1]) > MAX_PAGE:
            return "number"
    return "session" if "(" in path and _SESSION_PATH.search(path) else ""


def _repeats(segments: list[str]) -> bool:
    """One of them stands there too often, or a run of two or more twice in a row.

    Short numbers do not count: dates and places in trees are made of them.
    """
    long = [segment for segment in segments if not (len(segment) < 3 and segment.isdecimal())]
    if any(long.count(segment) > MAX_SAME for segment in set(long)):
        return True
    for size in range(2, len(long) // 2 + 1):
        for at in range(len(long) - 2 * size + 1):
            if long[at : at + size] == long[at + size : at + 2 * size]:
                return True
    return False


def _in_query(query: str, year: int) -> str:
    pairs = query.split("&")
    if len(pairs) > MAX_PARAMETERS or len(set(pairs)) < len(pairs):
        return "facets"
    for pair in pairs:
        name, _, value = pair.partition("=")
        reason = _parameter(name.lower(), value, year)
        if reason:
            return reason
    return ""


def _parameter(name: str, value: str, year: int) -> str:
    if name in _VIEW:
        return "view"
    pattern = _VIEW_VALUES.get(name)
    if pattern is not None and pattern.fullmatch(value):
        return "view"
    if name in _SESSION and _TOKEN.fullmatch(value):
        return "session"
    if _NUMBER.fullmatch(value):
        return _number(name, int(value), year)
    dated = _DATE.fullmatch(value[:10]) if name in _LARGEST or name.endswith("date") else None
    return "calendar" if dated is not None and _is_far(dated, year) else ""


def _number(name: str, number: int, year: int) -> str:
    if name in _PAGES:
        return "" if 0 <= number <= MAX_PAGE else "number"
    if name in _ROWS:
        return "" if 0 <= number <= MAX_ROW else "number"
    if name in _YEARS:
        return "calendar" if _is_beyond(number, year, PAST_MONTHS_YEARS) else ""
    largest = _LARGEST.get(name)
    if largest is None and not name.endswith("date"):
        return ""
    if largest is not None and abs(number) <= largest:
        return ""
    dated = _DATE.fullmatch(str(number))
    if dated is not None and _OLDEST <= int(dated[1]) <= _LATEST:
        return "calendar" if _is_far(dated, year) else ""
    return "calendar" if largest is not None else ""


def _is_far(dated: re.Match[str], year: int) -> bool:
    """Of a match's year, month and day, or None for its day."""
    past = PAST_MONTHS_YEARS if dated[3] is None else PAST_DAYS_YEARS
    return _is_beyond(int(dated[1]), year, past)


def _is_beyond(found: int, year: int, past: int) -> bool:
    in_use = _OLDEST <= found <= _LATEST
    return in_use and not year - past <= found <= year + FUTURE_YEARS
