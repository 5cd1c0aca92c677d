"""Which host is next: a pop of ours and of Scrapy's DownloaderAwarePriorityQueue, by hosts."""

from __future__ import annotations

import statistics
import time
from types import SimpleNamespace
from typing import Any

from scrapy import Request, Spider
from scrapy.pqueues import DownloaderAwarePriorityQueue
from scrapy.squeues import FifoMemoryQueue
from scrapy.utils.test import get_crawler

from spiders.scheduler import Group, Scheduler
from tests.benchmarks.measure import Row, peak_mb, row

HOSTS = (1_000, 30_000, 300_000)
OURS = 50_000  # pops
THEIRS = {1_000: 1_000, 30_000: 60, 300_000: 8}


def run() -> list[Row]:
    rows = []
    for hosts in HOSTS:
        mine, other = ours(hosts), theirs(hosts)
        note = "3 hosts a domain, each with its bound; target 20" if hosts == HOSTS[-1] else ""
        rows += [
            row(f"scheduler: a pop and its end, {hosts:,} hosts", mine, "µs", note),
            row(f"scheduler: Scrapy's pop, {hosts:,} hosts", other, "µs"),
            row(f"scheduler: Scrapy's / ours, {hosts:,} hosts", other / mine, "x"),
        ]
    return [*rows, row("scheduler: peak memory", peak_mb(), "MB", "both, 300,000 hosts")]


def ours(hosts: int) -> float:
    """µs, a host's request taken, ended, and its next one added."""
    scheduler: Scheduler[int] = Scheduler()
    for number in range(hosts):
        groups = [Group(f"d{number // 3}.example", 2)]
        for item in range(2):
            scheduler.add(f"h{number}.example", item, groups=groups)
    times = []
    for turn in range(5):
        started = time.perf_counter()
        for number in range(OURS // 5):
            now = turn * 1e6 + number
            found = scheduler.pop(now)
            assert found is not None
            scheduler.done(found[0], now + 1.0)
            scheduler.add(found[0], number)
        times.append((time.perf_counter() - started) / (OURS // 5) * 1e6)
    return statistics.median(times)


def theirs(hosts: int) -> float:
    """µs, with the library's own queues and no download under way."""
    crawler: Any = get_crawler(Spider, {"LOG_ENABLED": False})
    crawler.spider = Spider(name="bench")
    key = SimpleNamespace(slots={}, get_slot_key=lambda request: request.url.split("/")[2])
    crawler.engine = SimpleNamespace(downloader=key)
    queue = DownloaderAwarePriorityQueue(crawler, FifoMemoryQueue, "bench")
    request = Request("http://h.example/")
    for number in range(hosts):
        queue.push(request.replace(url=f"http://h{number}.example/"))
    pops = min(THEIRS[hosts], hosts)
    started = time.perf_counter()
    for _ in range(pops):
        assert queue.pop() is not None
    return (time.perf_counter() - started) / pops * 1e6
