"""One request through Scrapy's engine: bounded, guarded, and never an exception."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from scrapy import Request
from scrapy.exceptions import CannotResolveHostError, DownloadTimeoutError

from pipeline.page import Outcome
from pipeline.settings import CrawlSettings
from spiders.decode import OFFERED, TooLarge
from spiders.guard import Forbidden
from spiders.settings import user_agent
from spiders.transfer import HeadTooLarge, TlsFailed

_FAILURES: dict[type[Exception], tuple[Outcome, str]] = {
    Forbidden: ("refused", "private"),
    TooLarge: ("refused", "size"),
    HeadTooLarge: ("refused", "headers"),
    DownloadTimeoutError: ("timeout", "timeout"),
    CannotResolveHostError: ("error", "dns"),
    TlsFailed: ("error", "tls"),
}


class Fetched(NamedTuple):
    """What came back. `failed` is '' for an answer, whatever its status."""

    status: int
    headers: dict[str, str]
    body: bytes
    ip: str
    latency_ms: int
    cut: bool = False
    failed: str = ""
    outcome: Outcome = "ok"


class Fetcher:
    """Through the engine of a running crawler."""

    def __init__(self, crawler: Any, settings: CrawlSettings) -> None:
        self.crawler = crawler
        self.headers = _lines({
            "User-Agent": user_agent(settings),
            "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1",
            "Accept-Language": "*",
            "Accept-Encoding": OFFERED,
        })  # fmt: skip

    async def fetch(self, url: str, headers: dict[str, str], *, any_type: bool = False) -> Fetched:
        """One GET without redirects, of a canonical URL."""
        started = time.monotonic()
        meta = {
            "verbatim_url": True,
            "any_type": any_type,
            "headers": [*self.headers, *_lines(headers)] if headers else self.headers,
        }
        request = Request(url, dont_filter=True, meta=meta)
        try:
            answer = await self.crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001 - whatever a hostile server makes us raise
            return _failure(error, _since(started))
        return Fetched(
            answer.status, answer.fields, answer.body, answer.ip, _since(started), cut=answer.cut
        )


def _since(started: float) -> int:
    return min(int((time.monotonic() - started) * 1000), 0xFFFF_FFFF)


def _lines(headers: dict[str, str]) -> list[bytes]:
    """As they are sent. A value with a line's end in it would be more than one header."""
    return [
        f"{name}: {value}".encode("latin-1", "replace")
        for name, value in headers.items()
        if value.isprintable()
    ]


def _failure(error: Exception, latency_ms: int) -> Fetched:
    outcome, reason = _told(error)
    return Fetched(0, {}, b"", "", latency_ms, failed=reason, outcome=outcome)


def _told(error: Exception) -> tuple[Outcome, str]:
    for kind, told in _FAILURES.items():
        if isinstance(error, kind):
            return told
    return "error", "connection"
