"""The log over a real Kafka: what `Log` and `Reader` promise, and what brokers refuse."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.consumer.fetcher import ConsumerRecord

from pipeline.errors import LogBusy, LogError, LogRefused, NotOwner, OffsetLost
from pipeline.frontier.slices import BUCKETS, Share
from pipeline.log import (
    CONSUME,
    CRAWL,
    PAGES,
    PLAN,
    REQUESTS,
    Committed,
    Message,
    Partition,
    Record,
)
from pipeline.log.kafka import KafkaLog
from pipeline.log.kafka_reader import KafkaReader, record_of
from pipeline.settings import KafkaSettings
from tests.support.kafka.broker import free_port
from tests.support.kafka.fixtures import MakeTopics
from tests.support.waiting import PATIENCE_S, until


@pytest.fixture
def settings(kafka: MakeTopics) -> KafkaSettings:
    return kafka()


@pytest.fixture
def log(settings: KafkaSettings) -> Iterator[KafkaLog]:
    found = KafkaLog(settings)
    yield found
    found.close()


def messages(count: int, size: int = 10) -> list[Message]:
    return [Message(b"k%d" % i, b"v%d " % i + bytes(size)) for i in range(count)]


def read(reader: KafkaReader, count: int, timeout_s: float = PATIENCE_S) -> list[Record]:
    """So many records, or as many as come in time."""
    found: list[Record] = []
    end = time.monotonic() + timeout_s
    while len(found) < count and time.monotonic() < end:
        found += reader.poll(timeout_s=0.5)
    return found


def joined(reader: KafkaReader, partitions: int) -> None:
    def polled() -> bool:
        reader.poll(timeout_s=0.1, max_records=0)
        return len(reader.assigned()) == partitions

    until(polled, reader.assigned)


def together(readers: list[KafkaReader], partitions: int, quiet_s: float = 0) -> None:
    """All polled, each in a thread as a worker would, until each partition has one owner.

    And has had it, in one generation of the group, for quiet_s.
    """
    done = threading.Event()

    def live(reader: KafkaReader) -> None:
        while not done.is_set():
            reader.poll(timeout_s=0.05, max_records=0)

    threads = [threading.Thread(target=live, args=(reader,)) for reader in readers]
    for thread in threads:
        thread.start()
    end = time.monotonic() + PATIENCE_S
    before, since = None, time.monotonic()
    while time.monotonic() < end:
        shares = [reader.assigned() for reader in readers]
        now = (shares, [_generation(reader) for reader in readers])
        if now != before or len(set(now[1])) > 1:
            before, since = now, time.monotonic()
        elif (
            all(shares)
            and sum(map(len, shares)) == partitions
            and time.monotonic() - since >= quiet_s
        ):
            break
        time.sleep(0.05)
    done.set()
    for thread in threads:
        thread.join()
    assert sum(map(len, shares)) == len(set().union(*shares)) == partitions, shares


def test_what_is_appended_is_read_whole_and_in_order_of_its_key(log: KafkaLog) -> None:
    sent = [Message(b"a", b"%d" % i, (("h", b"\xff"), ("h", b""))) for i in range(50)]
    offsets = log.append(PAGES, sent).result()
    assert offsets == sorted(offsets)
    assert len(set(offsets)) == 50
    reader = log.reader("g", [PAGES])
    found = read(reader, 50)
    reader.close()
    assert [(r.key, r.value, r.headers) for r in found] == [tuple(message) for message in sent]
    assert [record.offset for record in found] == offsets
    assert len({record.partition for record in found}) == 1


def test_a_record_s_time_is_the_broker_s(log: KafkaLog) -> None:
    before = time.time() * 1000
    log.append(PAGES, messages(1)).result()
    (found,) = log.read_all(PAGES)
    assert before - 2000 <= found.timestamp_ms <= time.time() * 1000 + 2000


def test_a_null_and_an_empty_value_arrive_as_they_are(
    log: KafkaLog, settings: KafkaSettings
) -> None:
    log.append(PAGES, [Message(b"empty", b"")]).result()
    log._open_producer().send(settings.prefix + PAGES, key=b"null", value=None).get(10)
    assert {r.key: r.value for r in log.read_all(PAGES)} == {b"empty": b"", b"null": None}


def test_a_header_without_a_value_is_read_as_an_empty_one() -> None:
    """Kafka has such headers; this library reads them, and can't write them."""
    record = ConsumerRecord(
        topic="pages", partition=0, leader_epoch=0, offset=7, timestamp=1, timestamp_type=1,
        key=None, value=b"{", headers=[("trace", None)], checksum=None, serialized_key_size=0,
        serialized_value_size=1, serialized_header_size=5,
    )  # fmt: skip
    assert record_of(Partition(PAGES, 0), record).headers == (("trace", b""),)


def test_a_new_group_starts_at_the_earliest_record(log: KafkaLog) -> None:
    log.append(PAGES, messages(20)).result()
    reader = log.reader("late", [PAGES])
    assert len(read(reader, 20)) == 20
    assert all(reader.committed(p) == Committed(0) for p in reader.assigned()), "noted at once"
    reader.close()


def test_a_group_goes_on_where_it_committed_with_its_metadata(log: KafkaLog) -> None:
    log.append(PAGES, [Message(b"a", b"%d" % i) for i in range(10)]).result()
    first = log.reader("g", [PAGES])
    partition = read(first, 10)[0].partition
    first.commit({partition: Committed(4, "what else is settled")})
    first.close()
    second = log.reader("g", [PAGES])
    assert [record.value for record in read(second, 6)] == [b"%d" % i for i in range(4, 10)]
    assert second.committed(partition) == Committed(4, "what else is settled")
    second.close()


def test_metadata_of_the_longest_bitmap_is_taken(log: KafkaLog) -> None:
    reader = log.reader("g", [REQUESTS])
    joined(reader, 4)
    long = "x" * 4000
    reader.commit({Partition(REQUESTS, 0): Committed(0, long)})
    assert reader.committed(Partition(REQUESTS, 0)) == Committed(0, long)
    reader.close()


def test_members_share_the_partitions_and_a_leaver_s_go_to_the_others(log: KafkaLog) -> None:
    first = log.reader("g", [PAGES])
    joined(first, 4)
    second = log.reader("g", [PAGES])
    together([first, second], 4)
    assert first.revoked() == {Partition(PAGES, n) for n in range(4)} - first.assigned()
    assert first.revoked() == set(), "told once"
    second.close()
    joined(first, 4)
    first.close()


def test_a_revoked_partition_can_t_be_committed_and_nothing_of_the_commit_is(
    log: KafkaLog,
) -> None:
    log.append(PAGES, messages(40)).result()
    first = log.reader("g", [PAGES])
    assert len(read(first, 40)) == 40
    second = log.reader("g", [PAGES])
    together([first, second], 4)
    lost = next(iter(second.assigned()))
    kept = next(iter(first.assigned()))
    with pytest.raises(NotOwner, match=r"pages\[\d\] belongs to another member"):
        first.commit({kept: Committed(1), lost: Committed(1)})
    assert first.committed(kept) == Committed(0)
    assert first.revoked() == second.assigned()
    first.commit({kept: Committed(1)})
    assert first.committed(kept) == Committed(1)
    first.close()
    second.close()


def test_a_paused_partition_is_not_read_and_then_it_is(log: KafkaLog) -> None:
    reader = log.reader("g", [PAGES])
    joined(reader, 4)
    log.append(PAGES, messages(40)).result()
    reader.pause(reader.assigned())
    assert read(reader, 1, timeout_s=1.5) == []
    assert len(reader.assigned()) == 4, "it is still a member"
    reader.resume(reader.assigned())
    assert len(read(reader, 40)) == 40
    reader.close()


def test_a_poll_for_no_records_takes_none(log: KafkaLog) -> None:
    log.append(PAGES, messages(40)).result()
    reader = log.reader("g", [PAGES])
    for _ in range(20):
        assert reader.poll(timeout_s=0, max_records=0) == []
    assert len(read(reader, 40)) == 40
    reader.close()


def test_an_offset_that_retention_deleted_stops_the_reader(
    log: KafkaLog, settings: KafkaSettings
) -> None:
    log.append(PAGES, [Message(b"a", b"%d" % i) for i in range(10)]).result()
    reader = log.reader("g", [PAGES])
    partition = read(reader, 10)[0].partition
    reader.commit({partition: Committed(2)})
    reader.close()
    admin = KafkaAdminClient(bootstrap_servers=settings.brokers)
    admin.delete_records({log.names.theirs(partition): 7})
    admin.close()
    again = log.reader("g", [PAGES])
    with pytest.raises(OffsetLost, match="committed offset 2 is gone, the log starts at 7"):
        read(again, 1)
    again.close()


def test_an_offset_beyond_the_end_stops_the_reader(log: KafkaLog) -> None:
    log.append(PAGES, [Message(b"a", b"1")]).result()
    reader = log.reader("g", [PAGES])
    partition = read(reader, 1)[0].partition
    reader.commit({partition: Committed(99)})
    reader.close()
    again = log.reader("g", [PAGES])
    with pytest.raises(OffsetLost, match="offset 99 is gone, the log ends at 1"):
        read(again, 1)
    again.close()


def test_lag_is_what_is_not_committed_even_of_groups_that_never_came(log: KafkaLog) -> None:
    log.append(PAGES, [Message(b"a", b"%d" % i) for i in range(10)]).result()
    assert sum(n for (group, _), n in log.lag().items() if group == CONSUME) == 10
    reader = log.reader(CONSUME, [PAGES])
    partition = read(reader, 10)[0].partition
    reader.commit({partition: Committed(7)})
    lag = log.lag()
    assert lag[CONSUME, partition] == 3
    assert sum(n for (group, _), n in lag.items() if group == CRAWL) == 0
    assert reader.end_offsets([partition]) == {partition: 10}
    reader.close()


def test_records_are_counted_and_read_outside_of_any_group(log: KafkaLog) -> None:
    log.append(PAGES, messages(300)).result()
    assert log.count(PAGES) == 300
    assert {record.key for record in log.read_all(PAGES)} == {b"k%d" % i for i in range(300)}
    assert log.count(REQUESTS) == 0
    assert list(log.read_all(REQUESTS)) == []


@pytest.mark.parametrize("compression", ["none", "gzip", "lz4", "zstd"])
def test_every_compression_is_read_back(kafka: MakeTopics, compression: str) -> None:
    log = KafkaLog(kafka(partitions=1, compression=compression))
    sent = messages(100, size=1000)
    log.append(PAGES, sent).result()
    assert [record.value for record in log.read_all(PAGES)] == [m.value for m in sent]
    log.close()


def test_a_record_over_the_limit_is_refused_before_it_is_sent(log: KafkaLog) -> None:
    with pytest.raises(LogRefused, match=r"over kafka\.record_bytes"):
        log.append(PAGES, [Message(b"a", bytes(1_200_000))]).result()
    assert log.count(PAGES) == 0
    assert log.in_flight == 0


def test_a_record_over_the_broker_s_limit_is_refused_and_the_next_goes_through(
    kafka: MakeTopics,
) -> None:
    log = KafkaLog(kafka(record_bytes=3_000_000, compression="none"))
    with pytest.raises(LogRefused, match=r"set kafka\.record_bytes below"):
        log.append(PAGES, [Message(b"a", bytes(2_000_000))]).result()
    log.append(PAGES, messages(5)).result()
    assert log.count(PAGES) == 5
    log.close()


def test_what_is_in_flight_is_bounded(kafka: MakeTopics) -> None:
    log = KafkaLog(kafka(in_flight_bytes=1 << 20, linger_ms=50))
    seen = []
    pending = []
    for _ in range(40):
        pending.append(log.append(PAGES, messages(10, size=10_000)))
        seen.append(log.in_flight)
    assert max(seen) <= 1 << 20
    for each in pending:
        each.result()
    assert log.in_flight == 0
    assert log.count(PAGES) == 400
    log.close()


def test_a_missing_topic_is_named_with_what_to_do(brokers: str) -> None:
    log = KafkaLog(KafkaSettings(brokers=[brokers], prefix="nowhere.", delivery_s=3))
    with pytest.raises(LogRefused, match=r"nowhere\.pages is missing.*backlinks admin topics"):
        log.reader("g", [PAGES])
    with pytest.raises(LogRefused, match=r"nowhere\.pages is missing"):
        log.count(PAGES)
    with pytest.raises(LogError, match=r"admin topics|publishing to pages"):
        log.append(PAGES, messages(1)).result()
    log.close()


def test_brokers_that_are_not_there_are_busy_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.log.kafka_client._BOOTSTRAP_MS", 300)
    address = f"127.0.0.1:{free_port()}"
    log = KafkaLog(KafkaSettings(brokers=[address]))
    for ask in (
        lambda: log.append(PAGES, messages(1)).result(),
        lambda: log.reader("g", [PAGES]),
        lambda: log.lag(),
        lambda: log.count(PAGES),
    ):
        with pytest.raises(LogBusy, match=address):
            ask()
    assert log.in_flight == 0, "what was never sent takes no room"
    log.close()


@pytest.mark.long
def test_a_static_member_gets_its_partitions_back_without_a_rebalance(kafka: MakeTopics) -> None:
    log = KafkaLog(kafka(session_s=60))  # it is away for less, however slow the machine
    first, second = (log.reader("g", [PAGES], member=name) for name in ("one", "two"))
    together([first, second], 4, quiet_s=2)
    mine, generation = first.assigned(), _generation(second)
    first.close()
    first = log.reader("g", [PAGES], member="one")
    together([first, second], 4)
    assert first.assigned() == mine
    assert _generation(second) == generation
    assert second.revoked() == set()
    first.close()
    second.close()
    log.close()


def _generation(reader: KafkaReader) -> Any:
    return reader._consumer.group_metadata().generation_id


def test_a_closed_log_says_so(kafka: MakeTopics) -> None:
    log = KafkaLog(kafka())
    log.append(PAGES, messages(1)).result()
    log.close()
    with pytest.raises(LogError, match="closed"):
        log.append(PAGES, messages(1)).result()


def test_a_log_closes_while_brokers_hold_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    held, end = threading.Event(), threading.Event()

    def hold(*_: Any) -> dict[Any, Any]:
        held.set()
        end.wait()
        raise LogBusy("away")

    log = KafkaLog(KafkaSettings(brokers=[f"127.0.0.1:{free_port()}"]))
    monkeypatch.setattr(log, "_clients", hold)

    def ask() -> None:
        with pytest.raises(LogBusy):
            log.lag(CRAWL)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    assert held.wait(PATIENCE_S)
    closing = threading.Thread(target=log.close, daemon=True)
    closing.start()
    closing.join(PATIENCE_S)
    assert not closing.is_alive()
    end.set()
    asking.join()


@pytest.mark.long
def test_planners_share_the_frontier_and_commit_nothing(log: KafkaLog) -> None:
    log.append(REQUESTS, messages(20)).result()
    one, two = Share(log), Share(log)

    def halves() -> bool:  # in between some are given up and not yet had
        first, second = one.buckets(), two.buckets()
        return bool(first and second) and sorted(first + second) == list(range(BUCKETS))

    until(halves, lambda: (one.buckets(), two.buckets()))
    one.close()
    until(lambda: len(two.buckets()) == BUCKETS, two.buckets)
    assert two.reader.poll(timeout_s=0.1) == [], "their partitions are paused"
    two.close()
    assert {place.committed for place in log.places(PLAN, [REQUESTS]).values()} == {None}
    assert PLAN not in {group for group, _ in log.lag()}
