"""One request through Scrapy's downloader: bounded, guarded, and never an exception."""

from __future__ import annotations

import asyncio
import time
from typing import Any, NamedTuple

from scrapy import Request, signals
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    StopDownload,
)
from scrapy.http import Response

from pipeline.page import Outcome
from spiders.extract import HTML_TYPES
from spiders.guard import Forbidden
from spiders.sitemap import is_read

MAX_HEADER = 2_000  # characters of one header that are looked at


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

    def __init__(self, crawler: Any, *, timeout_s: float, body_bytes: int) -> None:
        self.crawler, self.timeout_s, self.body_bytes = crawler, timeout_s, body_bytes
        crawler.signals.connect(self._on_headers, signal=signals.headers_received)
        crawler.signals.connect(self._on_bytes, signal=signals.bytes_received)

    async def fetch(self, url: str, headers: dict[str, str], *, any_type: bool = False) -> Fetched:
        """One GET without redirects."""
        started = time.monotonic()
        # Scrapy would drop a body of which it is told that it is too long; `_on_bytes` cuts it.
        meta = {"any_type": any_type, "download_maxsize": 0}
        request = Request(url, headers=headers, dont_filter=True, meta=meta)
        try:
            async with asyncio.timeout(self.timeout_s + 1):
                response = await self.crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001 - whatever a hostile server makes Scrapy raise
            return _failure(error, _since(started))
        return Fetched(
            response.status,
            _headers(response),
            response.body[: self.body_bytes],
            str(response.ip_address or ""),
            _since(started),
            cut="download_stopped" in response.flags
            or "dataloss" in response.flags
            or len(response.body) > self.body_bytes,
        )

    def _on_headers(self, headers: Any, request: Request, **_: Any) -> None:
        """The body of what is no page stays where it is."""
        if request.meta.get("any_type"):
            return
        kind = (headers.get(b"Content-Type") or b"").decode("latin-1")
        kind = kind.partition(";")[0].strip().lower()
        if kind and kind not in HTML_TYPES and not is_read(kind, request.url):
            raise StopDownload(fail=False)

    def _on_bytes(self, data: bytes, request: Request, **_: Any) -> None:
        request.meta["download_maxsize"] = 2 * self.body_bytes  # of what it is decompressed to
        size = request.meta["size"] = request.meta.get("size", 0) + len(data)
        if size > self.body_bytes:
            raise StopDownload(fail=False)


def _since(started: float) -> int:
    return min(int((time.monotonic() - started) * 1000), 0xFFFF_FFFF)


def _headers(response: Response) -> dict[str, str]:
    """By lower-case name; the values of a repeated one joined, as HTTP allows."""
    found = {}
    for name, values in response.headers.items():
        text = b", ".join(values).decode("latin-1")[:MAX_HEADER]
        found[name.decode("latin-1").lower()] = text
    return found


def _failure(error: BaseException, latency_ms: int) -> Fetched:
    outcome: Outcome = "error"
    if _caused_by(error, Forbidden):
        outcome, reason = "refused", "private"
    elif isinstance(error, IgnoreRequest):  # only decompression raises it
        outcome, reason = "refused", "size"
    elif isinstance(error, DownloadTimeoutError | TimeoutError):
        outcome, reason = "timeout", "timeout"
    elif isinstance(error, CannotResolveHostError):
        reason = "dns"
    elif isinstance(error, DownloadConnectionRefusedError):
        reason = "connection"
    elif "ssl" in type(error).__module__.lower() or "SSL" in repr(error):
        reason = "tls"
    else:
        reason = "connection"
    return Fetched(0, {}, b"", "", latency_ms, failed=reason, outcome=outcome)


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    seen = 0
    while error is not None and seen < 8:
        if isinstance(error, kind):
            return True
        reasons = getattr(error, "reasons", None)
        if reasons and any(_caused_by(getattr(r, "value", None), kind) for r in reasons):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False
