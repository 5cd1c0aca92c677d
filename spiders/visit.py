"""One visit of one URL: robots, request, redirects, extraction, and the record that tells it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import msgspec

from pipeline.control import Controls
from pipeline.errors import BacklinksError
from pipeline.frontier.request import Wanted
from pipeline.frontier.traps import port_of
from pipeline.page import Hop, Outcome, Page, Request
from pipeline.settings import CrawlSettings
from pipeline.url import Url
from spiders.fetch import Fetched, Fetcher
from spiders.outcome import (
    answered,
    is_redirect,
    led_to,
    location,
    outcome_of,
    read_body,
    with_extracted,
)
from spiders.pace import OVERLOADED, retry_after_s
from spiders.robots import MAX_SITEMAPS, Robots, Rules

logger = logging.getLogger(__name__)

GoesOn = Callable[[float], Awaitable[None]]  # seconds that the host has been left alone for


async def _always(_: float) -> None:
    """Nobody else may come between."""


class Visitor:
    """`controls`: what operators say. `clock`: seconds since 1970."""

    def __init__(
        self,
        fetcher: Fetcher,
        settings: CrawlSettings,
        *,
        controls: Controls | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.controls = Controls() if controls is None else controls
        self.fetcher, self.settings, self.clock = fetcher, settings, clock
        self.robots = Robots(
            fetcher,
            ttl_s=settings.robots_ttl_s,
            ports=settings.ports,
            body_bytes=settings.body_bytes,
            barred=lambda url: self.controls.bars(url.host, url.path, url.domain),
            rest_s=self._rest_s,
        )

    def _rest_s(self, url: Url) -> float:
        """Of its host, whose robots.txt is not known yet."""
        return max(self.settings.delay_s, self.controls.rule(url.host, url.domain).delay_s)

    def delay_s(self, rules: Rules) -> float:
        return max(self.settings.delay_s, min(rules.delay_s(), self.settings.longest_delay_s))

    async def asks_first(self, url: Url) -> float:
        """Reads robots.txt where it is not known: seconds to wait after that, 0 where it was.

        So that whoever schedules visits has a slot free meanwhile, since a spider on a broad crawl
        meets new hosts all the time.
        """
        if not self._may_ask(url):
            return 0.0
        try:
            rules = await self.robots.rules(url.scheme, url.host)
            return self.delay_s(rules) if rules.fetched and rules.permits(url.url) else 0.0
        except BacklinksError:
            raise
        except Exception:  # noqa: BLE001 - `visit` meets it again, and tells of it
            return 0.0

    async def visit(self, url: Url, wanted: Wanted, goes_on: GoesOn = _always) -> Page:
        """The record of this visit, whatever happens on it.

        goes_on: awaited after the host's delay between robots.txt and the page, as after a
        redirect to https; the visit ends there with what it raises. It may wait for longer.
        """
        try:
            return await self._visit(url, wanted, goes_on)
        except BacklinksError:
            raise
        except Exception:
            # A mistake of ours that some page has found: it must not stop every spider in turn.
            logger.exception("the visit of %s failed; please report it", url.url)
            return self._record(url, wanted, None, [], "error", "failed", self.settings.delay_s)

    async def _visit(self, url: Url, wanted: Wanted, goes_on: GoesOn) -> Page:
        if not self._may_ask(url):
            return self._record(url, wanted, None, [], "refused", "port", self.settings.delay_s)
        asked: list[Url] = []
        page = await self._pages(url, wanted, asked, goes_on)
        sitemaps = list(dict.fromkeys(s for at in asked for s in self.robots.tell(at)))
        return msgspec.structs.replace(page, sitemaps=sitemaps[:MAX_SITEMAPS]) if sitemaps else page

    def _may_ask(self, url: Url) -> bool:
        return port_of(url.url) in self.settings.ports

    async def _pages(
        self,
        url: Url,
        wanted: Wanted,
        asked: list[Url],
        goes_on: GoesOn,
    ) -> Page:
        """Of this page, through redirects that only change its scheme.

        `asked` gets each URL whose robots.txt was looked at for it.
        """
        chain: list[Hop] = []
        at = url
        while True:
            rules = await self.robots.rules(at.scheme, at.host)
            delay = self.delay_s(rules)
            asked.append(at)
            if not rules.permits(at.url):
                return self._record(url, wanted, None, chain, "robots", rules.why, delay)
            if rules.fetched:
                await asyncio.sleep(delay)
                await goes_on(delay)
            named = at.url in rules.sitemaps
            answer = await self.fetcher.fetch(at.url, _conditions(wanted.carried), any_type=named)
            if answer.failed:
                return self._record(
                    url, wanted, answer, chain, answer.outcome, answer.failed, delay
                )
            if not is_redirect(answer.status, answer.headers):
                return self._answered(url, at, wanted, answer, chain, delay, named)
            chain.append(Hop(url=at.url, status=answer.status))
            target, refused = location(answer.headers["location"], at, self.settings.allow_ip)
            if target is None or target.page != url.page or not self._may_ask(target):
                page = self._record(url, wanted, answer, chain, "redirect", "", delay)
                return led_to(page, target, refused)
            if any(target.url == hop.url for hop in chain):
                return self._record(url, wanted, answer, chain, "error", "redirects", delay)
            at = target
            await asyncio.sleep(delay)  # it is the same host
            await goes_on(delay)

    def _answered(
        self,
        url: Url,
        at: Url,
        wanted: Wanted,
        answer: Fetched,
        chain: list[Hop],
        delay: float,
        named: bool,
    ) -> Page:
        outcome = outcome_of(answer.status)
        if answer.status in OVERLOADED:
            delay = max(delay, retry_after_s(answer.headers.get("retry-after", ""), self.clock))
        page = self._record(url, wanted, answer, chain, outcome, "", delay)
        if outcome == "not_modified":
            return msgspec.structs.replace(page, digest=wanted.carried.digest)
        if outcome != "ok":
            return page
        found = read_body(
            at,
            answer.body,
            answer.headers,
            cut=answer.cut,
            named=named,
            limit=self.settings.body_bytes,
        )
        return with_extracted(page, found, at.url if chain else "")

    def _record(
        self,
        url: Url,
        wanted: Wanted,
        answer: Fetched | None,
        chain: list[Hop],
        outcome: Outcome,
        why: str,
        delay: float,
    ) -> Page:
        return answered(
            url,
            int(self.clock() * 1000),
            outcome,
            status=answer.status if answer is not None else 0,
            headers=answer.headers if answer is not None else None,
            size=len(answer.body) if answer is not None else 0,
            ip=answer.ip if answer is not None else "",
            why=why,
            chain=chain,
            request=msgspec.structs.replace(
                wanted.carried,
                latency_ms=answer.latency_ms if answer is not None else 0,
                delay_s=delay,
            ),
        )


def _conditions(carried: Request) -> dict[str, str]:
    headers = {}
    if carried.etag:
        headers["If-None-Match"] = carried.etag
    if carried.last_modified:
        headers["If-Modified-Since"] = carried.last_modified
    return headers
