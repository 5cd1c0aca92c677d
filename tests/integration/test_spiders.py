"""Spiders as processes of their own over a real Kafka, killed at any moment.

What they crawl is made here, so that what must be in the log and in the tables is known.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from demo.serve import Answer, Asked, LoopbackWeb
from pipeline.frontier.request import Wanted, encode
from pipeline.log import CRAWL, PAGES, REQUESTS, Log, Message
from pipeline.log.kafka import KafkaLog
from pipeline.page import decode
from pipeline.store import rows
from pipeline.store.chdb import ChdbStore
from tests.support.cluster import KILLS, Consuming, Killed, kafka_environment, wait
from tests.support.command import at
from tests.support.kafka.fixtures import with_topics
from tests.support.waiting import until

pytestmark = pytest.mark.long

HOSTS = 30
BATCH = 2 * HOSTS  # pages asked for between two kills


def respond(asked: Asked) -> Answer:
    """Any path but robots.txt is a page that links to its twins at the two hosts that follow."""
    if asked.path == "/robots.txt":
        return Answer(404)
    number = int(asked.host.partition(".")[0].removeprefix("h"))
    links = "".join(
        f"<p>The same at <a href=https://{host(number + step)}{asked.path}>number {step}</a></p>"
        for step in (1, 2)
    )
    html = f"<!doctype html><title>{asked.host}{asked.path}</title><main>{links}</main>"
    return Answer(200, html.encode(), [("Content-Type", "text/html")])


def host(number: int) -> str:
    return f"h{number % HOSTS}.example"


def requests(first: int, count: int) -> list[Message]:
    deadline = int((time.time() + 3600) * 1000)
    return [
        Message(
            host(number).encode(),
            encode(Wanted(url=f"https://{host(number)}/{number // HOSTS}", deadline=deadline)),
        )
        for number in range(first, first + count)
    ]


@pytest.mark.timeout(600 + 30 * KILLS)
def test_spiders_killed_at_any_moment_lose_no_page_and_none_counts_twice(
    brokers: str, store: ChdbStore, tmp_path: Path
) -> None:
    settings = with_topics(brokers, 12)
    log: Log = KafkaLog(settings)
    dice = random.Random(11)
    asked = 0
    with LoopbackWeb(respond) as web:
        spiders = Killed(
            "worker", "crawl", *at(web), "--delay", 0.2,
            data=tmp_path, environment=kafka_environment(settings), dice=dice,
        )  # fmt: skip
        try:
            log.append(REQUESTS, requests(0, BATCH)).result()
            until(lambda: log.count(PAGES) > 0, spiders.said)
            for _ in range(KILLS):
                asked += BATCH
                log.append(REQUESTS, requests(asked, BATCH)).result()
                time.sleep(dice.uniform(0.2, 4.0))
                spiders.strike()
            asked += BATCH
            wait(log, CRAWL)
            spiders.leave(settings, CRAWL)
        finally:
            spiders.kill()
    wanted = {f"{host(number)}/{number // HOSTS}" for number in range(asked)}
    fetched = [decode(record.value) for record in log.read_all(PAGES)]
    assert {page.host + page.path for page in fetched} == wanted
    assert {page.outcome for page in fetched} == {"ok"}
    print(f"\n{len(wanted)} pages, {len(fetched) - len(wanted)} of them fetched again")
    log.close()

    with Consuming(settings, store, poll_records=500) as consuming:
        consuming.wait()
        consuming.hold_against_the_truth()
    found = rows(store.query("SELECT source_host, source_path, target_host FROM link_states"))
    links = {(row["source_host"] + row["source_path"], row["target_host"]) for row in found}
    assert links == {
        (page, host(int(page[1 : page.index(".")]) + step)) for page in wanted for step in (1, 2)
    }
    assert len(found) == len(links) == 2 * len(wanted), "each once"
