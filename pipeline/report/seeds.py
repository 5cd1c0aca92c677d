"""What a person names to be crawled, and whether it may be."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from pipeline.errors import BadSeed, UsageError
from pipeline.report.seed_list import SeedList
from pipeline.settings import Settings
from pipeline.url import Refused, Url, canonical

_IS_HOST = re.compile(r"[^/?#:@]+(?::\d+)?(?:[/?#]|\Z)")  # with or without a port and a path


_ALLOW = "add --allow-private 127.0.0.0/8"
_NO_CONTACT = "site owners must be able to reach you: add --contact https://YOUR-SITE/ABOUT-THE-BOT"


def seed_urls(seeds: tuple[str, ...], settings: Settings, *, more: bool = False) -> list[Url]:
    """Raises BadSeed; UsageError where a stranger's site would be crawled without a contact.

    more: there are others in a file, which is read later.
    """
    if more and not (settings.crawl.contact or settings.crawl.connect_to):
        raise UsageError(_NO_CONTACT)
    urls = [_seed(seed, settings) for seed in seeds]
    local = [url for url in urls if is_local(url.url)]
    if local and not (settings.crawl.allow_private or settings.crawl.connect_to):
        raise UsageError(
            f"{local[0].host} is on this machine, and nothing private is fetched unasked; {_ALLOW}"
        )
    if not settings.crawl.contact and _leads_to_strangers(settings, len(urls), len(local)):
        raise UsageError(_NO_CONTACT)
    return urls


def file_urls(listed: SeedList, settings: Settings) -> Iterator[Url]:
    """Seeds of a file, read as they are taken. Raises UsageError with the line."""
    for number, seed in listed.lines():
        yield _seed_of_line(seed, settings, listed.name, number)


def _seed_of_line(seed: str, settings: Settings, name: str, number: int) -> Url:
    try:
        url = _seed(seed, settings)
    except BadSeed as error:
        raise UsageError(f"{name}, line {number}: {error}") from None
    if is_local(url.url) and not (settings.crawl.allow_private or settings.crawl.connect_to):
        raise UsageError(f"{name}, line {number}: {url.host} is on this machine; {_ALLOW}")
    return url


def _seed(seed: str, settings: Settings) -> Url:
    text = f"https://{seed}" if _IS_HOST.match(seed) else seed
    try:
        return canonical(text, allow_ip=settings.crawl.allow_ip or is_local(text))
    except Refused as refusal:
        raise BadSeed(seed, refusal.reason) from None


def _leads_to_strangers(settings: Settings, seeds: int, local: int) -> bool:
    """Without seeds a run goes on where it was: beyond this machine, unless a setting speaks of
    private networks."""
    if settings.crawl.connect_to:
        return False
    if not seeds:
        return not settings.crawl.allow_private
    return local < seeds or settings.plan.scope != "site"


def is_local(text: str) -> bool:
    """Is the URL's host this machine?"""
    host = text.partition("://")[2].partition("/")[0].rpartition("@")[2]
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
