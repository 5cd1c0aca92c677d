"""Workers as processes of their own over a real Kafka, their store over the native protocol.

What is in the tables at the end is held against what was published, whatever happened in between.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from demo.serve import LoopbackWeb
from pipeline.log import CONSUME, CRAWL, PAGES, REQUESTS, Message
from pipeline.log.kafka import KafkaLog
from pipeline.settings import KafkaSettings
from pipeline.store.chdb import ChdbStore
from pipeline.store.migrate import migrations
from tests.consumers.truth import readable
from tests.integration.test_spiders import HOSTS, host, requests, respond
from tests.support.cluster import (
    AWAY_S,
    KILLS,
    Consuming,
    Killed,
    environment,
    hold_against_the_truth,
    kafka_environment,
    none_is_missing,
    records,
    wait,
)
from tests.support.command import at, backlinks, start
from tests.support.kafka.broker import Broker, free_port
from tests.support.kafka.fixtures import with_topics
from tests.support.native_bridge import NativeBridge
from tests.support.stores import AnyStore, Databases
from tests.support.waiting import until

pytestmark = pytest.mark.long


@pytest.mark.timeout(600 + 30 * KILLS)
def test_consumers_killed_at_any_moment_lose_nothing_and_count_nothing_twice(
    brokers: str, server: AnyStore, bridge: NativeBridge, tmp_path: Path
) -> None:
    settings = with_topics(brokers, 12)
    log = KafkaLog(settings)
    dice = random.Random(7)
    given = environment(settings, server, bridge)
    waiting = sent = records(9_000, tmp_path, worlds=5 * KILLS)
    workers = Killed("worker", "consume", data=tmp_path, environment=given, dice=dice)
    try:
        for left in range(KILLS, 0, -1):
            size = len(waiting) // left
            batch, waiting = waiting[:size], waiting[size:]
            log.append(PAGES, batch).result()
            time.sleep(dice.uniform(0.5, 5.0))
            workers.strike()
        wait(log)
        workers.leave(settings, CONSUME)
    finally:
        workers.kill()
    none_is_missing(log, sent)
    hold_against_the_truth(log, server)
    log.close()


def test_what_a_cluster_needs_is_made_and_told(
    brokers: str, store_directory: Path, bridge: NativeBridge, tmp_path: Path
) -> None:
    databases = Databases("native", store_directory, bridge)
    store = databases.new()
    settings = KafkaSettings(brokers=[brokers], prefix=f"n{os.getpid()}.")
    given = environment(settings, store, bridge)

    early = backlinks("worker", "consume", data=tmp_path, environment=given)
    assert early.code == 1
    assert "run `backlinks admin migrate`" in early.err
    assert len(early.err.strip().splitlines()) == 1, early.err

    assert (
        f"at schema {migrations()[-1].number:04d}"
        in backlinks("admin", "migrate", environment=given).out
    )
    early = backlinks("worker", "consume", data=tmp_path, environment=given)
    assert early.code == 1
    assert "run `backlinks admin topics`" in early.err
    made = backlinks("admin", "topics", "--replication", "1", environment=given)
    assert made.code == 0, made.err

    doctor = backlinks("admin", "doctor", "--json", environment=given)
    told = {row["what"]: row["state"] for row in json.loads(doctor.out)}
    assert told["log"] == told["store"] == told["store's clock"] == told["durability"] == "ok", (
        doctor.err
    )

    status = backlinks("status", "--exit-when-healthy", "--timeout", "30", environment=given)
    assert status.code == 0, status.err
    log = KafkaLog(settings)
    log.append(PAGES, [Message(b"a.example", b"not json")]).result()
    late = backlinks("status", "--exit-when-healthy", "--timeout", "1", environment=given)
    assert late.code == 1
    lag = json.loads(backlinks("status", "--json", environment=given).out)["lag"]
    assert sum(n for name, n in lag.items() if name.startswith("consume pages[")) == 1
    log.close()
    databases.drop(store)


@pytest.mark.timeout(600 + 4 * AWAY_S)
def test_a_broker_that_is_killed_and_comes_back_costs_nothing(
    tmp_path: Path, store: ChdbStore
) -> None:
    """It is gone while there is crawling, publishing and consuming, for longer than a session."""
    away_s = max(8.0, AWAY_S)
    broker = Broker(tmp_path / "kafka", port=free_port()).start()
    settings = with_topics(broker.address, 4, more={"session_s": 6})
    try:
        with (
            Consuming(settings, store) as consuming,
            LoopbackWeb(respond) as web,
            start(
                "worker", "crawl", *at(web), "--delay", 1,
                data=tmp_path / "spider", environment=kafka_environment(settings),
                says=tmp_path / "spider.txt",
            ) as spider,
        ):  # fmt: skip
            consuming.log.append(REQUESTS, requests(0, 10 * HOSTS)).result()
            until(lambda: consuming.log.count(PAGES) > 0, (tmp_path / "spider.txt").read_text)
            outage = threading.Timer(1.0, broker.kill)
            back = threading.Timer(1 + away_s, lambda: broker.start(wait=False))
            outage.start()
            back.start()
            consuming.publish(records(9_500, tmp_path, worlds=20), pause_s=0.2)
            back.join()
            broker.wait()
            wait(consuming.log, CRAWL)
            spider.send_signal(signal.SIGTERM)
            assert spider.wait(60) == 0, (tmp_path / "spider.txt").read_text()
            consuming.wait()
            consuming.hold_against_the_truth()
            crawled = {
                page.host + page.path
                for page in readable(consuming.log.read_all(PAGES))[0]
                if page.host.endswith(".example")
            }
        assert crawled == {f"{host(number)}/{number // HOSTS}" for number in range(10 * HOSTS)}
    finally:
        broker.kill()
