"""A whole crawler beside stock Scrapy's and a bare one, over the same generated web.

Each crawls in a process of its own, and the web is another; what counts is pages per second of the
crawler's own processor time, since machines are noisy.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.frontier.request import Wanted, encode
from pipeline.log import REQUESTS, Message
from pipeline.log.sqlite import SqliteLog
from pipeline.url import canonical
from tests.benchmarks.measure import Row, row
from tests.support.bigweb import BigWeb, served

HOSTS, PAGES = 400, 3_000
SEED, BODY_BYTES = 5, 50_000
CONCURRENCY = 64
TURNS = 3


class Crawled(NamedTuple):
    """`grown_mb`: resident memory at the end above that at half the pages."""

    pages: int
    cpu_s: float
    wall_s: float
    peak_mb: float
    grown_mb: float = 0.0

    @property
    def rate(self) -> float:
        return self.pages / self.cpu_s


def run() -> list[Row]:
    found: dict[str, list[Crawled]] = {name: [] for name in ("ours", "bare", "stock")}
    shares: list[float] = []
    with served(HOSTS, SEED, BODY_BYTES) as web, ThreadPoolExecutor(2) as both:
        for _ in range(TURNS):
            for name, runs in found.items():
                runs.append(child(name, web.address))
            pair = list(both.map(child, ["ours", "ours"], [web.address] * 2))
            rate = sum(one.pages for one in pair) / sum(one.cpu_s for one in pair)
            shares.append(rate / found["ours"][-1].rate)
    middle = {name: statistics.median(one.rate for one in runs) for name, runs in found.items()}
    note = {
        "ours": "robots, extraction, log: everything switched on",
        "bare": "a Scrapy spider, URLs from a list, selectolax for hrefs",
        "stock": "CrawlSpider and LinkExtractor, settings of Scrapy's page on broad crawls",
    }
    rows = []
    for name, runs in found.items():
        wall = statistics.median(one.pages / one.wall_s for one in runs)
        rows += [
            row(f"crawl: {name}", middle[name], "pages/s of CPU", note[name]),
            row(f"crawl: {name}, on the clock", wall, "pages/s", "the web on the other core"),
            row(f"crawl: {name}, peak memory", max(one.peak_mb for one in runs), "MB"),
        ]
    grown = statistics.median(one.grown_mb for one in found["ours"])
    return [
        *rows,
        row("crawl: ours, memory grown over the second half", grown, "MB"),
        row("crawl: two of ours at once / one", statistics.median(shares), "x",
            "pages per CPU second of both; with the web they are three on the cores"),
        row("crawl: ours / stock Scrapy", middle["ours"] / middle["stock"], "x",
            f"per CPU second, {BODY_BYTES // 1000} KB a page, 60 links; target 8"),
        row("crawl: ours / a bare spider", middle["ours"] / middle["bare"], "x", "target 1"),
    ]  # fmt: skip


def urls() -> list[str]:
    """Pages of hosts that answer, one of each host in turn."""
    web = BigWeb(HOSTS, SEED, BODY_BYTES)
    good = [host for host in range(HOSTS) if web.kind(host) == "good"]
    found: list[str] = []
    for page in range(PAGES):
        found += [f"http://{web.name(h)}/p{page}" for h in good if page < web.pages(h)]
        if len(found) >= PAGES:
            break
    return found[:PAGES]


def child(name: str, address: str) -> Crawled:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_crawl", name, address],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return Crawled(*json.loads(done.stdout.splitlines()[-1]))


def told(pages: int, started: float, grown_mb: float = 0.0) -> None:
    """Of this process, its imports left out."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([
        pages, used.ru_utime + used.ru_stime - _imported_s, time.perf_counter() - started,
        used.ru_maxrss / 1024, grown_mb,
    ]))  # fmt: skip


def resident_mb() -> float:
    """Now; 0 where /proc is not."""
    file = Path("/proc/self/statm")
    return int(file.read_text().split()[1]) * resource.getpagesize() / 1e6 if file.exists() else 0.0


_imported_s = 0.0


def imported() -> float:
    global _imported_s
    used = resource.getrusage(resource.RUSAGE_SELF)
    _imported_s = used.ru_utime + used.ru_stime
    return time.perf_counter()


def ours(address: str) -> None:
    from pipeline.settings import CrawlSettings
    from spiders.crawl import Crawl

    wanted = urls()
    deadline = int(time.time() * 1000) + 3_600_000
    with tempfile.TemporaryDirectory() as directory:
        log = SqliteLog(Path(directory) / "log.sqlite")
        log.append(REQUESTS, [
            Message(canonical(url).domain.encode(), encode(Wanted(url=url, deadline=deadline)))
            for url in wanted
        ]).result()  # fmt: skip
        settings = CrawlSettings(
            delay_s=0, concurrency=CONCURRENCY, connect_to=address, contact="bench@example.test"
        )

        at_half = 0.0

        class Counting(Crawl):
            def _count(self, page: Any) -> None:
                nonlocal at_half
                super()._count(page)
                if self.counts["pages"] == len(wanted) // 2:
                    at_half = resident_mb()
                if self.counts["pages"] >= len(wanted):
                    self.stop()

        crawl = Counting(log, settings)
        started = imported()
        crawl.run()
        assert crawl.counts["ok"] == len(wanted), crawl.counts  # what fails is cheap
        told(crawl.counts["pages"], started, resident_mb() - at_half)
        log.close()


def scrapy_settings() -> dict[str, Any]:
    """As Scrapy's documentation on broad crawls advises, and nothing that slows it here."""
    return {
        "SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.DownloaderAwarePriorityQueue",
        "CONCURRENT_REQUESTS": CONCURRENCY, "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY": 0, "REACTOR_THREADPOOL_MAXSIZE": 20, "LOG_ENABLED": False,
        "COOKIES_ENABLED": False, "RETRY_ENABLED": False, "DOWNLOAD_TIMEOUT": 15,
        "REDIRECT_ENABLED": False, "ROBOTSTXT_OBEY": False, "TELNETCONSOLE_ENABLED": False,
    }  # fmt: skip


def bare(address: str) -> None:
    """URLs from outside, one request a page, hrefs by selectolax: the least there can be."""
    import scrapy
    from selectolax.lexbor import LexborHTMLParser

    wanted = urls()
    counts = [0, 0]

    class Spider(scrapy.Spider):
        name = "bare"

        async def start(self) -> AsyncIterator[Any]:
            led(address)
            for url in wanted:
                yield scrapy.Request(url, dont_filter=True)

        def parse(self, response: Any) -> None:
            counts[0] += 1
            counts[1] += len(LexborHTMLParser(response.body).css("a[href]"))

    crawl_with(Spider, counts)


def stock(address: str) -> None:
    """Follows what it finds, as people do, until it has as many pages."""
    from scrapy.exceptions import CloseSpider
    from scrapy.linkextractors import LinkExtractor
    from scrapy.spiders import CrawlSpider, Rule

    counts = [0, 0]

    class Spider(CrawlSpider):
        name = "stock"
        start_urls = [f"http://{BigWeb.name(host)}/p0" for host in range(40)]  # noqa: RUF012 - as Scrapy has it
        rules = (Rule(LinkExtractor(), callback="page", follow=True),)

        async def start(self) -> AsyncIterator[Any]:
            led(address)
            async for request in super().start():
                yield request

        def page(self, response: Any) -> None:
            counts[0] += 1
            if counts[0] >= PAGES:
                raise CloseSpider("enough")

    crawl_with(Spider, counts)


def led(address: str) -> None:
    """Every name at one address and port, asking no name server."""
    from twisted.internet import defer, reactor
    from twisted.internet.interfaces import IResolverSimple
    from zope.interface import implementer

    host, port, _ = address.split(":")
    connect: Any = reactor.connectTCP

    @implementer(IResolverSimple)
    class Here:
        def getHostByName(self, name: str, timeout: Any = ()) -> Any:
            return defer.succeed(host)

    reactor.connectTCP = lambda _host, _port, *args, **named: connect(
        host, int(port), *args, **named
    )
    reactor.installResolver(Here())


def crawl_with(spider: Any, counts: list[int]) -> None:
    from scrapy.crawler import AsyncCrawlerProcess

    process = AsyncCrawlerProcess(scrapy_settings())
    process.crawl(spider)
    started = imported()
    process.start()
    told(counts[0], started)


def main(arguments: Sequence[str]) -> None:
    os.environ.pop("BACKLINKS_CRAWL__CONNECT_TO", None)
    {"ours": ours, "bare": bare, "stock": stock}[arguments[0]](arguments[1])


if __name__ == "__main__":
    main(sys.argv[1:])
