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
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

import pytest

from consumers.deadletter import DeadLetters
from consumers.loop import Loop
from consumers.pages import PageRows
from pipeline.errors import LogBusy
from pipeline.index.lifecycle import Lifecycle
from pipeline.log import CONSUME, DEAD_PAGES, PAGES, Log, Message
from pipeline.log.kafka import KafkaLog
from pipeline.settings import ConsumeSettings, KafkaSettings, RevisitSettings
from pipeline.store.chdb import ChdbStore
from pipeline.store.migrate import migrate
from tests.consumers.truth import dead_letters, differences, expected, found, readable
from tests.consumers.world import World
from tests.support.command import backlinks, start
from tests.support.faults import Clock
from tests.support.kafka.broker import Broker, free_port
from tests.support.kafka.fixtures import with_topics
from tests.support.native_bridge import NativeBridge
from tests.support.stores import AnyStore, Databases

KILLS = int(os.environ.get("BACKLINKS_TEST_KILLS", "6"))
WORKERS = 3


@pytest.fixture
def server(store_directory: Path, bridge: NativeBridge) -> Iterator[AnyStore]:
    databases = Databases("native", store_directory, bridge)
    store = databases.new()
    migrate(store)
    yield store
    databases.drop(store)


def records(number: int, tmp_path: Path, worlds: int) -> list[Message]:
    """Visits of some pages in any order, twice, in parts, with poison between."""
    made: list[Message] = []
    for i in range(number, number + worlds):
        world = World(i, None, tmp_path / f"{i}.sqlite", Clock(time.time()))  # type: ignore[arg-type]
        made += world.waiting
        world.log.close()
    return made


def environment(settings: KafkaSettings, store: AnyStore, bridge: NativeBridge) -> dict[str, str]:
    return {
        "BACKLINKS_KAFKA__BROKERS": ",".join(settings.brokers),
        "BACKLINKS_KAFKA__PREFIX": settings.prefix,
        "BACKLINKS_KAFKA__SESSION_S": "6",
        "BACKLINKS_STORE__HOSTS": bridge.address,
        "BACKLINKS_STORE__DATABASE": store.database,
        "BACKLINKS_CONSUME__FLUSH_AGE_S": "0.2",
        "BACKLINKS_CONSUME__POLL_RECORDS": "5",
        "BACKLINKS_CONSUME__DEAD_LETTERS": "10000",
    }


def behind(log: Log) -> int:
    return sum(count for (group, _), count in log.lag().items() if group == CONSUME)


def wait(log: Log, timeout_s: float = 120) -> None:
    until = time.monotonic() + timeout_s
    while behind(log):
        assert time.monotonic() < until, f"still behind: {log.lag()}"
        time.sleep(0.3)


def hold_against_the_truth(log: Log, store: AnyStore) -> None:
    pages, poison = readable(log.read_all(PAGES))
    assert {(letter[:3]) for letter in dead_letters(log)} == {letter[:3] for letter in poison}
    Lifecycle(store, 60).run()
    said = differences(expected(pages), found(store))
    assert said == [], "\n".join(said)


@pytest.mark.timeout(60 + 30 * KILLS)
def test_consumers_killed_at_any_moment_lose_nothing_and_count_nothing_twice(
    brokers: str, server: AnyStore, bridge: NativeBridge, tmp_path: Path
) -> None:
    settings = with_topics(brokers, 12)
    log = KafkaLog(settings)
    dice = random.Random(7)
    given = environment(settings, server, bridge)
    waiting = records(9_000, tmp_path, worlds=5 * KILLS)

    def work() -> Popen[str]:
        return start("worker", "consume", data=tmp_path, environment=given)

    workers = [work() for _ in range(WORKERS)]
    try:
        for left in range(KILLS, 0, -1):
            size = len(waiting) // left
            batch, waiting = waiting[:size], waiting[size:]
            log.append(PAGES, batch).result()
            time.sleep(dice.uniform(0.5, 5.0))
            chosen = dice.randrange(WORKERS)
            workers[chosen].send_signal(dice.choice([signal.SIGKILL] * 3 + [signal.SIGTERM]))
            workers[chosen].communicate(timeout=60)
            workers[chosen] = work()
        wait(log)
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        for worker in workers:
            _, err = worker.communicate(timeout=60)
            assert worker.returncode == 0, err
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
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

    assert "at schema 0001" in backlinks("admin", "migrate", environment=given).out
    early = backlinks("worker", "consume", data=tmp_path, environment=given)
    assert early.code == 1
    assert "run `backlinks admin topics`" in early.err
    made = backlinks("admin", "topics", "--replication", "1", environment=given)
    assert made.code == 0, made.err

    doctor = backlinks("admin", "doctor", "--json", environment=given)
    told = {row["what"]: row["state"] for row in json.loads(doctor.out)}
    assert told["log"] == told["store"] == told["clock"] == told["durability"] == "ok", doctor.err

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


def test_a_broker_that_is_killed_and_comes_back_costs_nothing(
    tmp_path: Path, store: ChdbStore
) -> None:
    """It is gone while there is publishing and consuming, for longer than a session lasts."""
    broker = Broker(tmp_path / "kafka", port=free_port()).start()
    settings = with_topics(broker.address, 4)
    log, reading = KafkaLog(settings), KafkaLog(settings)
    loop = Loop(
        reading.reader(CONSUME, [PAGES]),
        store,
        PageRows(RevisitSettings()),
        DeadLetters(reading, DEAD_PAGES, limit=10_000),
        ConsumeSettings(flush_age_s=0.2, poll_records=5, retry_s=0.2),
    )
    ended: list[BaseException] = []

    def consume() -> None:
        try:
            loop.run()
        except BaseException as error:
            ended.append(error)

    consuming = threading.Thread(target=consume)
    consuming.start()
    try:
        waiting = records(9_500, tmp_path, worlds=20)
        outage = threading.Timer(1.0, broker.kill)
        back = threading.Timer(9.0, lambda: broker.start(wait=False))
        outage.start()
        back.start()
        while waiting:
            with suppress(LogBusy):  # twice in the log is once in the index
                log.append(PAGES, waiting[:10]).result()
                waiting = waiting[10:]
            time.sleep(0.2)
        back.join()
        broker.wait()
        wait(log)
    finally:
        loop.stop()
        consuming.join()
        assert ended == []
        hold_against_the_truth(log, store)
        log.close()
        reading.close()
        broker.kill()
