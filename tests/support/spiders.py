"""Spiders as processes in one group, a web that writes down who asked for what when, and what was
planned for them."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

from demo.serve import Answer, Asked, LoopbackWeb
from pipeline.frontier.request import Wanted, encode
from pipeline.log import CRAWL, REQUESTS, Message
from pipeline.log.kafka import KafkaLog
from pipeline.settings import KafkaSettings
from tests.support.cluster import kafka_environment, members
from tests.support.command import at, start
from tests.support.waiting import until

HOSTS, PARTITIONS = 72, 12
DELAY_S = 2.5  # longer than a rebalance may take, which would else be the quarantine
PAGE = b"<!doctype html><title>t</title><p>page"


class Request(NamedTuple):
    at: float
    spider: str
    path: str


class Watched:
    """Who asked for what, by host."""

    def __init__(self) -> None:
        self.asked: dict[str, list[Request]] = defaultdict(list)

    def respond(self, asked: Asked) -> Answer:
        spider = asked.headers["user-agent"].rpartition("/")[2].rstrip(")")
        self.asked[asked.host].append(Request(time.monotonic(), spider, asked.path))
        if asked.path == "/robots.txt":
            return Answer(404)
        return Answer(200, PAGE, [("Content-Type", "text/html")])

    def gaps(self, *, between_spiders: bool) -> list[float]:
        """Seconds from a request to a host to the next, of one spider or of two."""
        return [
            later.at - earlier.at
            for requests in self.asked.values()
            for earlier, later in pairwise(requests)
            if (earlier.spider != later.spider) == between_spiders
        ]

    def count(self, spider: str) -> int:
        return sum(
            request.spider == spider for each in list(self.asked.values()) for request in each
        )

    def pages(self) -> Counter[str]:
        return Counter(
            host + request.path
            for host, requests in list(self.asked.items())
            for request in requests
            if request.path != "/robots.txt"
        )

    def utilisation(self, planned: dict[str, float]) -> float:
        """Seconds for which pages were there, beside what host delays alone would have allowed.

        The perfect dispatcher asks each host for robots.txt and then for what was planned by then.
        """
        end = max(request.at for requests in self.asked.values() for request in requests)
        ours = best = 0.0
        for host, requests in self.asked.items():
            first: dict[str, float] = {}
            for request in requests:
                first.setdefault(host + request.path, request.at)
            mine = {url: when for url, when in planned.items() if url.startswith(host + "/")}
            free = min(mine.values()) + DELAY_S
            for url, when in sorted(mine.items(), key=lambda each: each[1]):
                free = max(free, when)
                best += end - free
                ours += end - first[url]
                free += DELAY_S
        return ours / best


class Spiders:
    """As processes, each with a name of its own in its user agent."""

    def __init__(self, settings: KafkaSettings, web: LoopbackWeb, data: Path) -> None:
        self.settings, self.web, self.data = settings, web, data
        self.processes: list[Popen[str]] = []

    def join(self, count: int = 1) -> None:
        for _ in range(count):
            name = f"s{len(self.processes)}"
            self.processes.append(start(
                "worker", "crawl", *at(self.web), "--delay", DELAY_S,
                "--contact", f"https://crawler.example/{name}",
                data=self.data / name, environment=kafka_environment(self.settings),
                says=self.data / f"{name}.txt",
            ))  # fmt: skip

    def said(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in self.data.glob("s*.txt"))

    def are(self, count: int) -> None:
        until(lambda: members(self.settings, CRAWL) == count, self.said)

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


class Planned:
    """Publishes one page of every host at a time. `urls`: when each was."""

    def __init__(self, log: KafkaLog) -> None:
        self.log, self.urls = log, dict[str, float]()

    def more(self) -> None:
        page = len(self.urls) // HOSTS
        deadline = int((time.time() + 3_600) * 1000)
        wanted = [(f"h{host}.example", f"/{page}") for host in range(HOSTS)]
        self.log.append(REQUESTS, [
            Message(host.encode(), encode(Wanted(url=f"http://{host}{path}", deadline=deadline)))
            for host, path in wanted
        ]).result()  # fmt: skip
        self.urls |= dict.fromkeys((host + path for host, path in wanted), time.monotonic())
