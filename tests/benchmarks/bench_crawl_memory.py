"""A spider's memory with 100,000 hosts in its window, and that it grows with nothing else.

The spider is whole but for the downloader, whose answers are made here at once: it reads from a log
with ten times as many requests as fit, keeps delays, robots.txt and offsets, and publishes. What it
keeps beside the window is bounded by a number of entries each, whose size is measured alone.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, cast

from protego import Protego

from pipeline.frontier.request import Wanted, encode
from pipeline.log import REQUESTS, Message, Reader
from pipeline.log.sqlite import SqliteLog
from pipeline.page import Request
from pipeline.settings import CrawlSettings
from spiders.crawl import Crawl
from spiders.fetch import Fetched
from spiders.patience import Patience
from spiders.robots import Rules
from tests.benchmarks.measure import Row, row

HOSTS = 250_000
WINDOW = 100_000
BACKLOGS = (200_000, 1_000_000)  # some are fetched before the window is full
FILLS_S = 300.0  # the window, at most
RUNS_S = 15.0  # to half time, once the window is full
ENTRIES = 20_000
ROBOTS = b"User-agent: *\n" + b"".join(
    b"Disallow: /section%d/private/\nAllow: /section%d/\n" % (n, n) for n in range(10)
)
PAGE = b"<!doctype html><title>A page</title><main>" + b"".join(
    b"<p>More is at <a href=https://site%d.example/>site %d</a></p>" % (n, n) for n in range(10)
)


class Measured(NamedTuple):
    """MB resident: with robots.txt files alone, the window full too, at half time, at the end."""

    empty: float
    full: float
    half: float
    end: float
    pages: int  # from half time to the end


def run() -> list[Row]:
    small, large = (crawled(backlog) for backlog in BACKLOGS)
    request = (large.full - large.empty) * (1 << 20) / WINDOW
    rows = [
        row("memory: a spider with 100,000 hosts in its window", large.full, "MB",
            f"{large.empty:.0f} MB with 20,000 robots.txt alone; {BACKLOGS[1]:,} in the log"),
        row("memory: at the end / at half time", large.end / large.half, "x",
            f"{large.pages:,} pages of other hosts in between"),
        row("memory: with 1,000,000 / with 200,000 in the log", large.full / small.full, "x"),
        row("memory: a waiting request, of a host of its own", request, "bytes", "of the window"),
    ]  # fmt: skip
    for name, make in KEPT.items():
        rows.append(row(f"memory: {name}", size(make), "bytes an entry"))
    return rows


def crawled(backlog: int) -> Measured:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "log.sqlite"
        log = SqliteLog(path)
        deadline = int(time.time() * 1000) + 3_600_000
        for first in range(0, backlog, 20_000):
            log.append(REQUESTS, [
                request_of(number, deadline)
                for number in range(first, min(first + 20_000, backlog))
            ]).result()  # fmt: skip
        log.close()
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.bench_crawl_memory", str(path)],
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
    return Measured(*json.loads(done.stdout.splitlines()[-1]))


def request_of(number: int, deadline: int) -> Message:
    """One of each host in turn, as after a former visit."""
    host = f"host{number % HOSTS}.example"
    carried = Request(hops=1, etag='"5f3a-6e81b2"', digest="0123456789abcdef", latency_ms=200)
    url = f"https://{host}/section/page-{number // HOSTS}.html"
    return Message(host.encode(), encode(Wanted(url=url, deadline=deadline, carried=carried)))


class Answers:
    """In place of the downloader. Every second robots.txt is there."""

    async def fetch(self, url: str, headers: dict[str, str], *, any_type: bool = False) -> Fetched:
        await asyncio.sleep(0)
        if not any_type:
            return Fetched(200, {"content-type": "text/html"}, PAGE, "192.0.2.1", 100)
        there = sum(url.encode()) % 2
        return Fetched(200 if there else 404, {}, ROBOTS if there else b"", "192.0.2.1", 100)


class Forgetting:
    """The log, but that pages are taken and thrown away."""

    def __init__(self, log: SqliteLog) -> None:
        self.log, self.record_bytes = log, log.record_bytes

    def append(self, topic: str, messages: Sequence[Message]) -> Future[list[int]]:
        done: Future[list[int]] = Future()
        done.set_result([0] * len(messages))
        return done

    def reader(self, group: str, topics: Sequence[str], *, member: str = "") -> Reader:
        return cast(Reader, self.log.reader(group, topics, member=member))


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / (1 << 20)


async def watched(crawl: Crawl) -> Measured:
    working = asyncio.create_task(crawl._work(cast(Any, Answers())))
    await asyncio.sleep(0)
    crawl.visitor.robots._known = rules(ENTRIES)  # as after a while
    empty = resident_mb()
    async with asyncio.timeout(FILLS_S):
        while len(crawl.scheduler) < WINDOW * 0.999:
            assert not working.done(), crawl._error
            await asyncio.sleep(0.1)
    full = resident_mb()
    await asyncio.sleep(RUNS_S)
    half, pages = resident_mb(), crawl.counts["pages"]
    await asyncio.sleep(RUNS_S)
    found = Measured(empty, full, half, resident_mb(), crawl.counts["pages"] - pages)
    crawl.stop()
    await working
    return found


def child(path: str) -> None:
    log = SqliteLog(Path(path))
    settings = CrawlSettings(window=WINDOW, contact="bench@example.test")
    crawl = Crawl(cast(Any, Forgetting(log)), settings)
    print(json.dumps(asyncio.run(watched(crawl))))
    crawl._reading.shutdown()
    log.close()


# --- what is kept beside the window, each with its bound ---


def size(make: Callable[[int], Any]) -> float:
    """Bytes of one of many."""
    tracemalloc.start()
    made = [make(0)]
    before = tracemalloc.get_traced_memory()[0]
    made.append(make(ENTRIES))
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / ENTRIES


def rules(count: int) -> OrderedDict[str, Rules]:
    text, kept = ROBOTS.decode(), OrderedDict[str, Rules]()
    for number in range(count):
        kept[f"https://old{number}.example"] = Rules(Protego.parse(text), True, "robots.txt", 1e9)
    return kept


def none_there(count: int) -> Any:
    return {
        f"https://host{n}.example": Rules(None, True, "robots.txt: status 404", n + 0.5)
        for n in range(count)
    }


def failing(count: int) -> Any:
    patience = Patience()
    for number in range(count):
        patience.failed(f"host{number}.example")
        patience.defer(f"host{number}.example", number + 0.5)
    return patience


def overloaded(count: int) -> Any:
    return OrderedDict((f"host{number}.example", number % 9) for number in range(count))


def names(count: int) -> Any:
    """As Scrapy keeps them: twisted's answers by name."""
    from scrapy.utils.datatypes import LocalCache

    cache: Any = LocalCache(limit=count)
    for number in range(count):
        address = f"198.51.{number >> 8 & 255}.{number & 255}"
        cache[f"host{number}.example"] = [(socket.AF_INET, (address, 443))]
    return cache


def settled(count: int) -> Any:
    return set(range(1_000, 1_000 + count))


KEPT: dict[str, Callable[[int], Any]] = {
    "rules of a robots.txt with 20 lines, 64 MiB at most": rules,
    "of a host without robots.txt, among these": none_there,
    "a host that fails or rests, 100,000 at most": failing,
    "a host that is overloaded, 100,000 at most": overloaded,
    "an address looked up, 100,000 at most": names,
    "an offset settled above the watermark": settled,
}


if __name__ == "__main__":
    child(sys.argv[1])
