"""Who answers for a host: hosts of one owner share a bound on requests at once."""

from __future__ import annotations

from pipeline.platforms import platforms
from pipeline.settings import CrawlSettings
from pipeline.url import domains
from spiders.scheduler import Group


def owners(host: str, settings: CrawlSettings) -> list[Group]:
    """Of the registered domain, and of the platform that it is a name on, if any."""
    found = domains(host)
    names = [found.registered] if found.icann == found.registered else [*found[:2]]
    return [Group(name, platforms().get(name, settings.owner_concurrency)) for name in names]


def address(ip: str, settings: CrawlSettings) -> Group | None:
    """Of the server that answered. None where every name leads to one address: it tells nothing."""
    if not ip or settings.connect_to:
        return None
    return Group(f"address {ip}", settings.address_concurrency)
