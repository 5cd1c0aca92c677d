"""What a person names to be crawled, and whether it may be."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from pipeline.errors import BadSeed, UsageError
from pipeline.frontier.traps import port_of
from pipeline.settings import Settings
from pipeline.url import Refused, Url, canonical

_IS_HOST = re.compile(r"[^/?#:@]+(?::\d+)?(?:[/?#]|\Z)")  # with or without a port and a path


def seed_urls(seeds: tuple[str, ...], settings: Settings) -> list[Url]:
    """Raises BadSeed; UsageError where a stranger's site would be crawled without a contact."""
    urls = []
    for seed in seeds:
        text = f"https://{seed}" if _IS_HOST.match(seed) else seed
        try:
            urls.append(canonical(text, allow_ip=settings.crawl.allow_ip or is_local(text)))
        except Refused as refusal:
            raise BadSeed(seed, refusal.reason) from None
    local = [url for url in urls if is_local(url.url)]
    if local and not (settings.crawl.allow_private or settings.crawl.connect_to):
        raise UsageError(
            f"{local[0].host} is on this machine, and nothing private is fetched unasked; "
            "add --allow-private 127.0.0.0/8"
        )
    if not settings.crawl.contact and _leads_to_strangers(settings, len(urls), len(local)):
        raise UsageError(
            "site owners must be able to reach you: add --contact https://YOUR-SITE/ABOUT-THE-BOT"
        )
    return urls


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


def local_settings(settings: Settings, urls: list[Url]) -> Settings:
    """With IP addresses taken as hosts where a seed is one, and with the ports of seeds."""
    ports = settings.crawl.ports
    named = {port_of(url.url) for url in urls}
    change: dict[str, Any] = {"ports": [*ports, *sorted(named.difference(ports))]}
    if any(url.host[0] == "[" or url.host.partition(":")[0][-1].isdigit() for url in urls):
        change["allow_ip"] = True
    return settings.model_copy(update={"crawl": settings.crawl.model_copy(update=change)})
