"""Partitions of requests go from spider to spider over a real Kafka: no host is asked too soon.

Spiders join, leave, and are killed, while there are always requests for every host; the web writes
down when which spider asked for what, robots.txt included.
"""

from __future__ import annotations

import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

import pytest

from demo.serve import Answer, Asked, LoopbackWeb
from pipeline.frontier.request import Wanted, encode
from pipeline.log import CRAWL, PAGES, REQUESTS, Message
from pipeline.log.kafka import KafkaLog
from pipeline.page import decode
from pipeline.settings import KafkaSettings
from tests.support.cluster import behind, kafka_environment, members, until
from tests.support.command import at, start
from tests.support.kafka.fixtures import with_topics

HOSTS, PARTITIONS = 72, 12
DELAY_S = 2.5  # longer than a rebalance may take, which would else be the quarantine
# What the clocks of this test can't tell: a request is on its way and in the web's queue for a
# while, so that two may arrive a little closer than they were sent.
UNSURE_S = 0.25
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


def published(log: KafkaLog) -> Iterable[str]:
    return (page.host + page.path for page in (decode(r.value) for r in log.read_all(PAGES)))


@pytest.mark.timeout(300)
def test_no_host_is_asked_by_two_spiders_within_its_delay(brokers: str, tmp_path: Path) -> None:
    settings = with_topics(brokers, PARTITIONS)
    log = KafkaLog(settings)
    watched, planned = Watched(), Planned(log)
    with LoopbackWeb(watched.respond) as web:
        spiders = Spiders(settings, web, tmp_path)
        try:
            spiders.join(2)
            planned.more()
            until(lambda: watched.pages().total() > HOSTS / 2, spiders.said)
            planned.more()
            planned.more()
            spiders.join()
            spiders.are(3)
            planned.more()
            spiders.join()
            spiders.processes[0].send_signal(signal.SIGTERM)
            assert spiders.processes[0].wait(60) == 0, spiders.said()
            spiders.are(3)
            planned.more()
            planned.more()
            before = watched.count("s1")
            until(lambda: watched.count("s1") > before + 5, spiders.said)
            spiders.processes[1].kill()
            until(lambda: not behind(log, CRAWL), lambda: f"behind: {log.lag()} {spiders.said()}")
        finally:
            spiders.end()
    asked = watched.pages()
    again = asked.total() - len(asked)
    one, two = (watched.gaps(between_spiders=between) for between in (False, True))
    print(
        f"\n{len(asked)} pages, {again} of them asked for again; {len(two)} times another spider "
        f"was next at a host, after {min(two):.2f} s at least; one spider after {min(one):.2f} s; "
        f"utilisation {watched.utilisation(planned.urls):.2f}"
    )
    assert asked.keys() == planned.urls.keys() == set(published(log)), "none is lost"
    assert len({request.spider for each in watched.asked.values() for request in each}) == 4
    assert min(one) >= DELAY_S
    assert len(two) >= HOSTS / 2, "partitions went from spider to spider"
    assert min(two) >= DELAY_S - UNSURE_S
    # Of one killed: what was in flight, and settled since its last commit.
    assert again <= len(asked) / 4
    log.close()
