"""Partitions of requests go from spider to spider over a real Kafka: no host is asked too soon.

Spiders join, leave, and are killed, while there are always requests for every host; the web writes
down when which spider asked for what, robots.txt included.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

from demo.serve import LoopbackWeb
from pipeline.log import CRAWL, PAGES
from pipeline.log.kafka import KafkaLog
from pipeline.page import decode
from tests.support.cluster import behind
from tests.support.kafka.fixtures import with_topics
from tests.support.spiders import DELAY_S, HOSTS, PARTITIONS, Planned, Spiders, Watched
from tests.support.waiting import until

pytestmark = pytest.mark.long

# A request is on its way and in the web's queue for a while, so that two may be noted closer than
# they were sent, on a busy machine by a second. Who doesn't leave a host alone asks it at once.
NEAR_S = DELAY_S / 2


def published(log: KafkaLog) -> Iterable[str]:
    return (page.host + page.path for page in (decode(r.value) for r in log.read_all(PAGES)))


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
    assert min(two) >= NEAR_S
    # Of one killed: what was in flight, and settled since its last commit.
    assert again <= len(asked) / 4
    log.close()
