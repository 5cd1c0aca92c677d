"""What follows from the seeds that a person named: ports, and words where none is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.control import Controls
from pipeline.errors import UsageError
from pipeline.frontier.traps import port_of
from pipeline.report.lines import say
from pipeline.settings import Settings
from pipeline.store import Store, rows, sql
from pipeline.url import Url

_TOLD = 20  # lines; who gives a long list has them in the table `controls`


def local_settings(settings: Settings, urls: Iterable[Url]) -> Settings:
    """With IP addresses taken as hosts where a seed is one, and with the ports of seeds."""
    ports, has_ip = set(), False
    for url in urls:
        ports.add(port_of(url.url))
        has_ip = has_ip or url.host[0] == "[" or url.host.partition(":")[0][-1].isdigit()
    return _opened(settings, ports, has_ip)


def known_settings(settings: Settings, store: Store) -> Settings:
    """The same for the seeds of earlier runs."""
    found = rows(store.query(sql("pipeline/report/seeded")))
    ports = {int(row["port"]) for row in found} - {0}
    return _opened(settings, ports, any(row["is_ip"] for row in found))


def _opened(settings: Settings, ports: set[int], has_ip: bool) -> Settings:
    known = settings.crawl.ports
    change: dict[str, Any] = {"ports": [*known, *sorted(ports.difference(known))]}
    if has_ip:
        change["allow_ip"] = True
    return settings.model_copy(update={"crawl": settings.crawl.model_copy(update=change)})


def demand_ports(urls: Iterable[Url], settings: Settings) -> Iterator[Url]:
    """Raises UsageError for a port that workers, which know no seeds, would not fetch from."""
    for url in urls:
        port = port_of(url.url)
        if port not in settings.crawl.ports:
            raise UsageError(
                f"{url.url} is at port {port}, which crawl.ports does not have; "
                "set it for all workers"
            )
        yield url


def told_of_barred(urls: Iterable[Url], controls: Controls) -> Iterator[Url]:
    """The same URLs; of those that operators bar it is said once a host that they are."""
    told: set[str] = set()
    for url in urls:
        if (
            len(told) < _TOLD
            and url.host not in told
            and controls.bars(url.host, url.path, url.domain)
        ):
            told.add(url.host)
            suppressed = controls.suppressed(url.host, url.path, url.domain)
            which = "suppressed" if suppressed else "blocked"
            say(f"{url.host} is {which}: nothing of it is fetched")
        yield url
