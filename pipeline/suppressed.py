"""A page without what operators have suppressed: at consume and import, before it is written."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import msgspec

from pipeline.control import Controls
from pipeline.page import Internal, Links, Page
from pipeline.url import Refused, canonical, domains


class Kept(NamedTuple):
    """`page`: what is left, None where it is suppressed itself. `links`: left out of it."""

    page: Page | None
    links: int = 0


def kept(page: Page, controls: Controls) -> Kept:
    """The page as it may be written; itself where nothing in it is suppressed.

    Gone are links, redirects and sitemaps that are suppressed, external and internal. Texts that
    speak of it stay.
    """
    if not controls.suppresses:
        return Kept(page)
    if controls.suppressed(page.host, page.path, page.domain):
        return Kept(None)
    external, lost = _external(page.external, controls)
    internal, lost_within = _internal(page, controls)
    chain = [hop for hop in page.chain if not _names(hop.url, controls)]
    sitemaps = [url for url in page.sitemaps if not _is_gone(url, controls)]
    changed = {
        "sitemaps": sitemaps if len(sitemaps) != len(page.sitemaps) else page.sitemaps,
        "external": external,
        "internal": internal,
        "chain": chain if len(chain) != len(page.chain) else page.chain,
        "final_url": "" if _names(page.final_url, controls) else page.final_url,
        "canonical": "" if _names(page.canonical, controls) else page.canonical,
    }
    changed = {name: value for name, value in changed.items() if value is not getattr(page, name)}
    if not changed:
        return Kept(page)
    return Kept(msgspec.structs.replace(page, **changed), lost + lost_within)


def _external(links: Links, controls: Controls) -> tuple[Links, int]:
    stay = [
        not controls.suppressed(*_parts(target), domain)
        for target, domain in zip(links.target, links.domain, strict=True)
    ]
    return _those(links, stay)


def _internal(page: Page, controls: Controls) -> tuple[Internal, int]:
    found = (_parts(target) for target in page.internal.target)
    return _those(page.internal, [not controls.suppressed(*at, page.domain) for at in found])


Columns = TypeVar("Columns", Links, Internal)


def _those(links: Columns, stay: list[bool]) -> tuple[Columns, int]:
    lost = stay.count(False)
    if not lost:
        return links, 0
    names = links.__struct_fields__
    columns = {
        name: [value for value, stays in zip(getattr(links, name), stay, strict=True) if stays]
        for name in names
    }
    return type(links)(**columns), lost


def _names(url: str, controls: Controls) -> bool:
    """Does this URL, of any domain or of none, name what is suppressed?"""
    if not url:
        return False
    host, path = _parts(url)
    return controls.suppressed(host, path, domains(host).registered)


def _is_gone(given: str, controls: Controls) -> bool:
    """As `_names`, of a URL as a robots.txt writes it."""
    try:
        url = canonical(given, allow_ip=True)
    except Refused:
        return False
    return controls.suppressed(url.host, url.path, url.domain)


def _parts(url: str) -> tuple[str, str]:
    """Host and path of a canonical URL."""
    host, _, path = url.partition("://")[2].partition("/")
    return host, "/" + path
