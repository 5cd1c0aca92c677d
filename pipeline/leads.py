"""Where a visited page leads: by a redirect, or since it names another page as its canonical."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.page import Page
from pipeline.url import Refused, canonical


class Lead(NamedTuple):
    """`url` and `domain`, its registered one, are empty where `by` is `nothing`."""

    url: str
    domain: str
    by: str  # nothing, redirect, canonical


_NOWHERE = Lead("", "", "nothing")


def led(page: Page) -> Lead:
    """What this visit says. To itself, or to no URL that can be, a page leads nowhere."""
    url, by = _named(page)
    if not url:
        return _NOWHERE
    try:
        found = canonical(url, allow_ip=True)
    except Refused:
        return _NOWHERE
    if found.page == (page.host, page.path):
        return _NOWHERE
    if by == "canonical" and _bare(*found.page) == _bare(page.host, page.path):
        return _NOWHERE
    return Lead(found.url, found.domain, by)


def _named(page: Page) -> tuple[str, str]:
    if page.outcome == "redirect":
        return page.final_url, "redirect"
    if page.outcome != "ok":
        return "", ""
    if page.incomplete == "refresh":
        links = page.external
        refreshes = (t for t, k in zip(links.target, links.kind, strict=True) if k == "redirect")
        return next(refreshes, ""), "redirect"
    return page.canonical, "canonical"


def _bare(host: str, path: str) -> tuple[str, str, str]:
    """What is left of two spellings that most often are one page: a canonical between them, which
    may redirect back, says nothing."""
    name, _, query = path.partition("?")
    return host.removeprefix("www."), name.rstrip("/"), query
