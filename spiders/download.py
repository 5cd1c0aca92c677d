"""Scrapy's downloader, in its setting DOWNLOADER, by libcurl.

Scrapy's own keeps a slot for every host, passes a request through middlewares and tells of it by
four signals, for 0.14 ms a page. Our scheduler, visit and metrics do all that.
"""

from __future__ import annotations

import asyncio
import resource
import time
from typing import Any

import pycurl
from scrapy import Request
from scrapy.exceptions import CannotResolveHostError, DownloadFailedError, DownloadTimeoutError
from scrapy.utils.defer import deferred_from_coro
from twisted.internet.defer import Deferred

from pipeline.settings import CrawlSettings
from spiders.curl import Transfers
from spiders.guard import Guard
from spiders.names import Names
from spiders.transfer import Answer, Transfer

# Connections kept for a host's next page: 75 KB each over TLS. A fourth of what the process may
# open at most.
IDLE = 500
_PORTS = {"http:": 80, "https:": 443}


class Downloader:
    """One GET a request, with the header lines in `meta["headers"]`; `meta["any_type"]` takes a
    body that is no page. Used on one event loop."""

    def __init__(self, crawler: Any) -> None:
        self.settings: CrawlSettings = crawler.settings["CRAWL"]
        self.active: set[Request] = set()  # the engine's; whoever asks waits for the answer himself
        self.guard = Guard(self.settings.allow_private, self.settings.connect_to)
        self.names = Names(4 * self.settings.concurrency)  # silent servers hold many
        self._transfers: Transfers | None = None
        self._free: list[Transfer] = []  # as many as were ever under way at once

    def fetch(self, request: Request) -> Deferred[Answer]:
        """As the engine asks."""
        return deferred_from_coro(self.download(request))

    def needs_backout(self) -> bool:
        """How many may be under way is our scheduler's to say."""
        return False

    def close(self) -> None:
        self.names.close()
        if self._transfers is not None:
            self._transfers.close()

    async def download(self, request: Request) -> Answer:
        """Within `crawl.timeout_s`, whole. Raises what `Transfer.answer` does."""
        url, meta = request.url, request.meta
        ends = time.monotonic() + self.settings.timeout_s
        host, resolved = await self._resolved(url)
        if self._transfers is None:  # not before the loop runs
            most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            self._transfers = Transfers(idle=min(IDLE, most // 4))
        transfer = self._free.pop() if self._free else Transfer(self.guard, self.settings)
        left_s = ends - time.monotonic()
        transfer.ask(url, meta["headers"], resolved, left_s, meta.get("any_type", False))
        code = await self._transfers.perform(transfer.easy)
        if code == pycurl.E_COULDNT_CONNECT:
            self.names.forget(host)
        self._free.append(transfer)
        return transfer.answer(url, code)

    async def _resolved(self, url: str) -> tuple[str, list[str]]:
        """The host, and where it is, as CURLOPT_RESOLVE has it: nothing if it needn't be asked.

        The URL is canonical. Were it read wrongly here, the guard would still see the address.
        """
        scheme, _, authority, *_ = url.split("/", 3)
        if "@" in authority:
            raise DownloadFailedError(f"{url}: no credentials are sent")
        host, _, port = authority.partition(":")
        if self.guard.fixed is not None or host[0] == "[" or host.rpartition(".")[2].isdecimal():
            return host, []
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                addresses = await self.names.addresses(host)
        except TimeoutError as error:
            raise DownloadTimeoutError(f"{url}: the name server is silent") from error
        except OSError as error:
            raise CannotResolveHostError(f"{url}: {error}") from error
        return host, [f"+{host}:{port or _PORTS[scheme]}:{','.join(addresses)}"]
