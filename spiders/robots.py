"""robots.txt after RFC 9309, remembered a day at most, in bounded memory."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from sys import intern
from typing import NamedTuple
from weakref import WeakValueDictionary

from protego import Protego

from pipeline.frontier.traps import WEB_PORTS, port_of
from pipeline.url import Refused, Url, canonical, domains
from spiders.fetch import Fetched, Fetcher
from spiders.pace import retry_after_s
from spiders.robots_groups import MAX_WILDCARDS, Ours, ours, text_of
from spiders.settings import NAME

MAX_BYTES = 512 << 10  # RFC 9309 asks for 500 KiB at least
MAX_REDIRECTS = 5
FAILED_S = 600.0  # for which a robots.txt that can't be had forbids everything; twice as long then
LONGEST_FAILED_S = 6 * 3600.0
STALE_S = 7 * 86_400.0  # for which an old copy is kept to, while the file can't be had
REMEMBERED = 200_000  # hosts; nearly all have no robots.txt on a broad crawl, so that bytes decide
MEMORY = 64 << 20  # bytes of rules remembered, about
# Measured: an origin with its place in the table; then of the parser, where there is one.
_ENTRY_BYTES, _SITEMAP_BYTES = 360, 60
_PARSER_BYTES, _RULE_BYTES, _WILDCARD_BYTES = 900, 400, 2_000
MAX_SITEMAPS = 20


class Rules(NamedTuple):
    """`parser` is None where one word says it all: `allows`.

    `failures`: in a row, of asking for it. `read_at`: when the file was last had, 0 = never.
    `weight`: bytes, about, besides those of the origin's name.
    """

    parser: Protego | None
    allows: bool
    why: str
    expires: float
    fetched: bool = False  # just now, so that the host has had a request
    asks_s: float = 0.0
    sitemaps: tuple[str, ...] = ()
    weight: int = _ENTRY_BYTES
    failures: int = 0
    read_at: float = 0.0
    told: bool = False  # its sitemaps, on the record of a page

    def permits(self, url: str) -> bool:
        """robots.txt itself may always be fetched (section 2.2.2)."""
        if self.parser is not None:
            return bool(self.parser.can_fetch(url, NAME))
        return self.allows or url.partition("://")[2].partition("/")[2] == "robots.txt"

    def delay_s(self) -> float:
        """The crawl-delay that it asks for, 0 where none."""
        return self.asks_s


class Robots:
    """Rules by scheme and host, of one process.

    ports: where a redirect may lead, unless it is `barred`; `rest_s` passes before it does so to a
    host that was asked for this already. body_bytes: of an answer, which the fetcher cuts there.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        *,
        ttl_s: int,
        ports: Collection[int] = WEB_PORTS,
        body_bytes: int = MAX_BYTES,
        barred: Callable[[Url], bool] = lambda url: False,
        rest_s: Callable[[Url], float] = lambda url: 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fetcher, self.ttl_s, self.ports, self.clock = fetcher, ttl_s, ports, clock
        self.barred, self.rest_s = barred, rest_s
        self.limit = min(MAX_BYTES, body_bytes)
        self._known: OrderedDict[str, Rules] = OrderedDict()
        self._weight = 0
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def rules(self, scheme: str, host: str) -> Rules:
        """From memory, or fetched now; by one visit, for which all others of the host wait."""
        origin = f"{scheme}://{host}"
        known = self._fresh(origin)
        if known is not None:
            return known
        lock = self._asking.setdefault(origin, asyncio.Lock())
        async with lock:
            known = self._fresh(origin)
            if known is not None:
                return known._replace(fetched=True)
            rules = self._after(self._known.get(origin), await self._fetch(origin))
            self._keep(origin, rules)
            return rules

    def tell(self, of: Url) -> tuple[str, ...]:
        """The sitemaps that it names, once for each time that it was read: for a record that is
        made, since a visit that is given up tells nobody."""
        origin = f"{of.scheme}://{of.host}"
        known = self._known.get(origin)
        if known is None or known.told:
            return ()
        self._known[origin] = known._replace(told=True)
        return known.sitemaps

    def _fresh(self, origin: str) -> Rules | None:
        known = self._known.get(origin)
        if known is None or known.expires <= self.clock():
            return None
        self._known.move_to_end(origin)
        return known._replace(fetched=False)

    def _keep(self, origin: str, rules: Rules) -> None:
        self._forget(origin)
        self._known[origin] = rules
        self._weight += rules.weight + len(origin)
        while len(self._known) > REMEMBERED or (self._weight > MEMORY and len(self._known) > 1):
            self._forget(next(iter(self._known)))

    def _forget(self, origin: str) -> None:
        known = self._known.pop(origin, None)
        if known is not None:
            self._weight -= known.weight + len(origin)

    def _after(self, known: Rules | None, rules: Rules) -> Rules:
        """What holds now. While a file can't be had, its last copy does (section 2.4)."""
        if not rules.failures or known is None:
            return rules
        failures = known.failures + 1
        wait = min(FAILED_S * 2 ** min(failures - 1, 9), LONGEST_FAILED_S)
        expires = max(rules.expires, self.clock() + wait)
        if known.read_at and self.clock() - known.read_at < STALE_S:
            rules = known._replace(fetched=True)
        return rules._replace(expires=expires, failures=failures)

    async def _fetch(self, origin: str) -> Rules:
        url = f"{origin}/robots.txt"
        asked = {url: origin.partition("://")[2]}  # and its host
        while True:
            answer = await self.fetcher.fetch(url, {}, any_type=True)
            if answer.failed:
                return self._closed(f"robots.txt: {answer.failed}")
            location = answer.headers.get("location", "")
            if not (300 <= answer.status < 400 and location):
                return self._answered(origin, answer)
            try:
                target = canonical(location, url, allow_ip=True)
            except Refused:
                return self._open("robots.txt redirects nowhere")
            if target.url in asked or len(asked) > MAX_REDIRECTS:
                return self._open("robots.txt redirects too often")
            if port_of(target.url) not in self.ports:
                return self._closed("robots.txt: port")
            if target.host in asked.values():
                await asyncio.sleep(self.rest_s(target))
            if self.barred(target):
                return self._closed("robots.txt: barred")
            url = target.url
            asked[url] = target.host

    def _answered(self, origin: str, answer: Fetched) -> Rules:
        # 429 is a 4xx, which allows; but who asks us to go away for a while is not asked for more.
        if answer.status >= 500 or answer.status == 429:
            wait = retry_after_s(answer.headers.get("retry-after", ""))
            return self._closed(f"robots.txt: status {answer.status}", wait)
        if not 200 <= answer.status < 300:
            return self._open(f"robots.txt: status {answer.status}")
        # The connection broke off, or it can't be decoded: what is missing may forbid.
        if answer.cut and len(answer.body) < self.limit:
            return self._closed("robots.txt: not whole")
        return self._read(origin, answer.body, cut=answer.cut)

    def _read(self, origin: str, body: bytes, *, cut: bool) -> Rules:
        found = ours(text_of(body, limit=self.limit, cut=cut), NAME)
        if found.stars > MAX_WILDCARDS:
            return self._closed("robots.txt: too many wildcards", self.ttl_s)
        parser = Protego.parse("\n".join(["user-agent: *", *found.rules])) if found.rules else None
        sitemaps = _sitemaps(origin, found.sitemaps)
        now = self.clock()
        return Rules(
            parser,
            True,
            "robots.txt",
            now + self.ttl_s,
            True,
            asks_s=found.delay_s,
            sitemaps=sitemaps,
            weight=_weight(found, sitemaps),
            read_at=now,
        )

    def _open(self, why: str) -> Rules:
        now = self.clock()
        return Rules(None, True, intern(why), now + self.ttl_s, True, read_at=now)

    def _closed(self, why: str, wait_s: float = 0.0) -> Rules:
        return Rules(
            None, False, intern(why), self.clock() + max(FAILED_S, wait_s), True, failures=1
        )


def _weight(found: Ours, sitemaps: tuple[str, ...]) -> int:
    """Bytes, about."""
    weight = _ENTRY_BYTES + sum(map(len, sitemaps)) + _SITEMAP_BYTES * len(sitemaps)
    if found.rules:
        weight += _PARSER_BYTES + _RULE_BYTES * len(found.rules) + sum(map(len, found.rules))
    return weight + _WILDCARD_BYTES * found.wildcards


def _sitemaps(origin: str, lines: list[str]) -> tuple[str, ...]:
    """Canonical, of the host's own registered domain: what another's would list is not its own."""
    domain = domains(origin.partition("://")[2]).registered
    found: dict[str, None] = {}
    for line in lines:
        try:
            url = canonical(line, f"{origin}/robots.txt")
        except Refused:
            continue
        if url.domain == domain and len(found) < MAX_SITEMAPS:
            found[url.url] = None
    return tuple(found)
