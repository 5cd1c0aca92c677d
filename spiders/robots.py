"""robots.txt after RFC 9309, remembered a day at most, in bounded memory."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from protego import Protego

from pipeline.url import Refused, canonical
from spiders.fetch import Fetcher
from spiders.settings import NAME

MAX_BYTES = 512 << 10  # RFC 9309 asks for 500 KiB at least
MAX_REDIRECTS = 5
FAILED_S = 600  # for which a robots.txt that can't be had forbids everything
REMEMBERED = 20_000


class Rules(NamedTuple):
    """`parser` is None where one word says it all: `allows`."""

    parser: Protego | None
    allows: bool
    why: str
    expires: float
    fetched: bool = False  # just now, so that the host has had a request

    def permits(self, url: str) -> bool:
        return self.allows if self.parser is None else bool(self.parser.can_fetch(url, NAME))

    def delay_s(self) -> float:
        """The crawl-delay that it asks for, 0 where none."""
        delay = self.parser.crawl_delay(NAME) if self.parser is not None else None
        return float(delay or 0)


class Robots:
    """Rules by scheme and host."""

    def __init__(
        self, fetcher: Fetcher, *, ttl_s: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.fetcher, self.ttl_s, self.clock = fetcher, ttl_s, clock
        self._known: OrderedDict[str, Rules] = OrderedDict()

    async def rules(self, scheme: str, host: str) -> Rules:
        """From memory, or fetched now."""
        origin = f"{scheme}://{host}"
        known = self._known.get(origin)
        if known is not None and known.expires > self.clock():
            self._known.move_to_end(origin)
            return known._replace(fetched=False)
        rules = await self._fetch(origin)
        self._known[origin] = rules
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return rules

    async def _fetch(self, origin: str) -> Rules:
        url = f"{origin}/robots.txt"
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self.fetcher.fetch(url, {}, any_type=True)
            if answer.failed:
                return self._closed(f"robots.txt: {answer.failed}")
            location = answer.headers.get("location", "")
            if not (300 <= answer.status < 400 and location):
                break
            try:
                url = canonical(location, url, allow_ip=True).url
            except Refused:
                return self._open("robots.txt redirects nowhere")
        else:
            return self._open("robots.txt redirects too often")
        if answer.status >= 500:
            return self._closed(f"robots.txt: status {answer.status}")
        if not 200 <= answer.status < 300:
            return self._open(f"robots.txt: status {answer.status}")
        text = answer.body[:MAX_BYTES].decode("utf-8-sig", "replace")
        expires = self.clock() + self.ttl_s
        try:
            return Rules(Protego.parse(text), True, "robots.txt", expires, True)
        except (ValueError, RecursionError, AttributeError):
            return self._open("robots.txt can't be read")

    def _open(self, why: str) -> Rules:
        return Rules(None, True, why, self.clock() + self.ttl_s, True)

    def _closed(self, why: str) -> Rules:
        return Rules(None, False, why, self.clock() + FAILED_S, True)
