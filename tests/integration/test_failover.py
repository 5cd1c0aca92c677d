"""Brokers that go for good or fall silent, stores that are away: work waits, and resumes by itself.

Everything here runs over one cluster of three brokers, which the tests break.
BACKLINKS_TEST_AWAY_S: how long something is away.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from pipeline.errors import LogBusy
from pipeline.log import PAGES, Message
from pipeline.settings import KafkaSettings, StoreSettings
from pipeline.store.chdb import ChdbStore
from pipeline.store.clickhouse import ClickHouseStore
from pipeline.store.migrate import migrate
from tests.support.cluster import AWAY_S, Consuming, records
from tests.support.kafka.broker import Broker, three
from tests.support.kafka.fixtures import with_topics
from tests.support.native_bridge import Fault, NativeBridge
from tests.support.records import START, message, page
from tests.support.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600 + 4 * AWAY_S)]
IN_FLIGHT = 1 << 20


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Broker]]:
    brokers = three(tmp_path_factory.mktemp("three"))
    yield brokers
    for broker in brokers:
        broker.kill()


@pytest.fixture
def whole(cluster: list[Broker]) -> list[Broker]:
    """All three of them up, whatever was done to them before."""
    for broker in cluster:
        if broker.process is None:
            broker.start(wait=False)
    for broker in cluster:
        broker.wait()
    return cluster


def topics(cluster: list[Broker], **more: object) -> KafkaSettings:
    """Twelve partitions, three replicas of each, of which two must hold what is acknowledged."""
    brokers = ",".join(broker.address for broker in cluster)
    return with_topics(brokers, 12, replication=3, more={"session_s": 6, **more})


def heavy(count: int) -> list[Message]:
    """Of some 5 KB each."""
    return [
        message(
            page(f"https://s{i}.org/heavy", START + i, [f"https://t{i}.org/"], title="x" * 4000)
        )
        for i in range(count)
    ]


def coordinator(cluster: list[Broker], consuming: Consuming) -> Broker:
    """The broker that keeps the consumers' group."""
    name = str(consuming.reader._consumer._coordinator.coordinator_id)  # "coordinator-3"
    return cluster[int(name.rpartition("-")[2]) - 1]


def leads(settings: KafkaSettings) -> set[int]:
    """The brokers that lead partitions of `pages`."""
    with closing(KafkaAdminClient(bootstrap_servers=settings.brokers)) as admin:
        (topic,) = admin.describe_topics([settings.prefix + PAGES])
        return {partition["leader_id"] for partition in topic["partitions"]}


def test_one_broker_of_three_may_go_for_good_and_with_two_gone_nothing_is_acknowledged(
    whole: list[Broker], store: ChdbStore, tmp_path: Path
) -> None:
    settings = topics(whole, delivery_s=5)
    waiting = records(9_700, tmp_path, worlds=30)
    third = len(waiting) // 3
    with Consuming(settings, store) as consuming:
        consuming.publish(waiting[:third])
        consuming.wait()

        gone = coordinator(whole, consuming)
        assert whole.index(gone) + 1 in leads(settings)
        outage = threading.Timer(1.0, gone.kill)
        outage.start()
        consuming.publish(waiting[third : 2 * third], pause_s=0.1)
        outage.join()
        consuming.wait()
        assert whole.index(gone) + 1 not in leads(settings)

        left = [broker for broker in whole if broker is not gone]
        second = next(broker for broker in left if broker is not coordinator(whole, consuming))
        second.kill()
        pending = [consuming.log.append(PAGES, [each]) for each in waiting[2 * third :]]
        for each in pending:
            with pytest.raises(LogBusy):
                each.result(timeout=60)
        assert consuming.log.in_flight == 0
        assert consuming.lives

        second.start()
        consuming.publish(waiting[2 * third :])
        consuming.wait()
        consuming.hold_against_the_truth()


def test_brokers_that_hold_connections_and_say_nothing_are_waited_for(
    whole: list[Broker], store: ChdbStore, tmp_path: Path
) -> None:
    """For longer than a session lasts. What is sent meanwhile stays within its bound."""
    settings = topics(whole, in_flight_bytes=IN_FLIGHT)
    seen: list[int] = []
    with Consuming(settings, store) as consuming:
        consuming.publish(records(9_800, tmp_path, worlds=10))
        consuming.wait()
        for broker in whole:
            broker.freeze()
        try:
            publishing = threading.Thread(target=many_at_once, args=(consuming, heavy(400)))
            publishing.start()
            end = time.monotonic() + AWAY_S
            while time.monotonic() < end:
                seen.append(consuming.log.in_flight)
                time.sleep(0.1)
        finally:
            for broker in whole:
                broker.thaw()
        publishing.join()
        assert 0 < IN_FLIGHT - max(seen) < 50_000, "it was filled, and not beyond"
        consuming.wait()
        consuming.hold_against_the_truth()


def many_at_once(consuming: Consuming, messages: list[Message]) -> None:
    """Waits for nothing before all of it is sent; then sends again what was not taken."""
    pending = [(each, consuming.log.append(PAGES, [each])) for each in messages]
    again = []
    for each, sent in pending:
        try:
            sent.result()
            consuming.acknowledged.append(each)
        except LogBusy:
            again.append(each)
    consuming.publish(again)


class Away:
    """A consumer whose store is at a bridge of its own, that goes away and comes back."""

    def __init__(self, settings: KafkaSettings, directory: Path) -> None:
        self.directory = directory
        self.bridge = NativeBridge(directory).__enter__()
        self.settings = StoreSettings(
            hosts=[self.bridge.address],
            database=f"away_{type(self).__name__.lower()}",
            timeout_s=4 * AWAY_S,
        )
        self.store = ClickHouseStore(self.settings, create=True)
        migrate(self.store)
        self.consuming = Consuming(
            settings, ClickHouseStore(self.settings), flush_rows=300, poll_records=50
        )

    def go(self) -> None:
        raise NotImplementedError

    def is_met(self) -> bool:
        """The consumer has tried to write since it went."""
        return self.consuming.loop.retries > 0

    def come_back(self) -> None:
        self.bridge.faults.clear()

    def close(self) -> None:
        self.consuming.store.close()
        self.store.execute(f"DROP DATABASE {self.store.database}")
        self.store.close()
        self.bridge.close()


class Refusing(Away):
    """Half of each insert is applied; then the connection is cut, or an error is the answer."""

    def go(self) -> None:
        cut, busy = Fault("half_insert"), Fault("half_insert", "error", 252, times=1 << 30)
        self.bridge.faults += [cut, busy]


class Slow(Away):
    """It says nothing for as long as it is away, and then inserts."""

    def go(self) -> None:
        self.bridge.faults.append(Fault("before_insert", "delay", seconds=AWAY_S))

    def is_met(self) -> bool:
        return not self.bridge.faults


class Gone(Away):
    """Nobody listens."""

    def go(self) -> None:
        self.bridge.close()

    def come_back(self) -> None:
        self.bridge = NativeBridge(self.directory, port=self.bridge.port).__enter__()


KINDS: tuple[type[Away], ...] = (Refusing, Slow, Gone)


def test_a_store_that_is_away_is_waited_for_in_the_group_with_memory_bounded(
    whole: list[Broker], store_directory: Path, tmp_path: Path
) -> None:
    """Refusing, slow and gone side by side, each with a log and tables of its own."""
    first, backlog = records(9_900, tmp_path, worlds=3), records(9_910, tmp_path, worlds=60)
    with ExitStack() as stack:
        aways: list[Away] = []
        for kind in KINDS:
            away = kind(topics(whole), store_directory)
            stack.callback(away.close)
            aways.append(away)
            stack.enter_context(away.consuming)
            away.consuming.publish(first)
        for away in aways:
            away.consuming.wait()
        members = [away.consuming.membership for away in aways]
        for away in aways:
            away.go()
        end = time.monotonic() + AWAY_S
        for away in aways:
            away.consuming.publish(backlog[:10])
            until(away.is_met, lambda: "it was never tried")
            assert away.consuming.loop.held
        for away in aways:
            away.consuming.publish(backlog[10:])
        time.sleep(1)  # a second batch is filled while the first is on its way
        while time.monotonic() < end:
            for away in aways:
                assert 0 < away.consuming.loop.held < len(backlog) / 4
            time.sleep(0.1)
        assert [away.consuming.membership for away in aways] == members
        for away in aways:
            away.come_back()
        for away in aways:
            away.consuming.wait()
            assert away.consuming.membership in members, "no rebalance was needed"
            away.consuming.hold_against_the_truth()
