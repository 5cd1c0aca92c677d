"""One reader, one writer: what is appended is what is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Timer

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import LogBusy, LogError, OffsetLost
from pipeline.log import PAGES, REQUESTS, Committed, Headers, Message, Partition, Record
from pipeline.log.sqlite import SqliteLog, SqliteReader


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    opened = SqliteLog(tmp_path / "log.sqlite", clock=lambda: 1000.0, heartbeat_s=0)
    yield opened
    opened.close()


def drain(reader: SqliteReader) -> list[Record]:
    found: list[Record] = []
    while records := reader.poll(timeout_s=0, max_records=7):
        found += records
    return found


def send(log: SqliteLog, *values: str, key: str = "k", topic: str = PAGES) -> list[int]:
    return log.append(topic, [Message(key.encode(), v.encode()) for v in values]).result()


def test_what_is_appended_is_polled(log: SqliteLog) -> None:
    send(log, "one", "two")
    reader = log.reader("g", [PAGES])
    found = drain(reader)
    assert [record.value for record in found] == [b"one", b"two"]
    assert [record.key for record in found] == [b"k", b"k"]
    assert {record.timestamp_ms for record in found} == {1_000_000}
    assert drain(reader) == []
    reader.close()


def test_records_of_one_key_keep_their_order_and_partition(log: SqliteLog) -> None:
    for i in range(40):
        send(log, f"{i:02d}", key=f"{7 ** (i % 5)}.org")
    reader = log.reader("g", [PAGES])
    found = drain(reader)
    reader.close()
    for key in {record.key for record in found}:
        of_key = [record for record in found if record.key == key]
        assert len({record.partition for record in of_key}) == 1
        assert [record.value for record in of_key] == sorted(record.value for record in of_key)
    assert len({record.partition for record in found}) > 1


def test_offsets_of_a_partition_are_dense_from_zero(log: SqliteLog) -> None:
    told: dict[int, list[int]] = {}
    for i in range(30):
        messages = [Message(b"%d" % (i * j), b"") for j in range(4)]
        offsets = log.append(PAGES, messages).result()
        assert len(offsets) == 4
    for record in log.read_all(PAGES):
        told.setdefault(record.partition.number, []).append(record.offset)
    assert sum(map(len, told.values())) == 120
    for offsets in told.values():
        assert offsets == list(range(len(offsets)))


def test_the_offsets_told_are_the_offsets_read(log: SqliteLog) -> None:
    messages = [Message(b"%d" % i, b"value %d" % i) for i in range(50)]
    offsets = log.append(PAGES, messages).result()
    told = {(message.value, offset) for message, offset in zip(messages, offsets, strict=True)}
    assert told == {(record.value, record.offset) for record in log.read_all(PAGES)}


def test_appending_nothing_gives_no_offsets(log: SqliteLog) -> None:
    assert log.append(PAGES, []).result() == []


def test_a_reader_goes_on_where_its_group_committed(log: SqliteLog) -> None:
    send(log, "a", "b", "c", "d")
    first = log.reader("g", [PAGES])
    partition = drain(first)[0].partition
    first.commit({partition: Committed(2, "settled: 3")})
    assert first.committed(partition) == Committed(2, "settled: 3")
    first.close()
    second = log.reader("g", [PAGES])
    assert [record.value for record in drain(second)] == [b"c", b"d"]
    assert second.committed(partition) == Committed(2, "settled: 3")
    second.close()


def test_what_was_read_and_not_committed_is_read_again(log: SqliteLog) -> None:
    send(log, "a", "b")
    for _ in range(2):
        reader = log.reader("g", [PAGES])
        assert len(drain(reader)) == 2
        reader.close()


def test_a_new_group_starts_at_the_earliest_record(log: SqliteLog) -> None:
    send(log, "a", "b")
    old = log.reader("old", [PAGES])
    partition = drain(old)[0].partition
    old.commit({partition: Committed(2)})
    new = log.reader("new", [PAGES])
    assert [record.offset for record in drain(new)] == [0, 1]
    assert new.committed(partition) == Committed(0)
    assert old.committed(partition) == Committed(2)
    old.close()
    new.close()


def test_a_topic_holds_only_its_own_records(log: SqliteLog) -> None:
    send(log, "page")
    send(log, "request", topic=REQUESTS)
    reader = log.reader("g", [REQUESTS])
    assert [record.value for record in drain(reader)] == [b"request"]
    assert {partition.topic for partition in reader.assigned()} == {REQUESTS}
    reader.close()
    assert (log.count(PAGES), log.count(REQUESTS)) == (1, 1)


def test_a_paused_partition_gives_nothing_until_it_is_resumed(log: SqliteLog) -> None:
    send(log, "a", "b", key="one")
    send(log, "c", key="two")
    reader = log.reader("g", [PAGES])
    one = next(r.partition for r in log.read_all(PAGES) if r.key == b"one")
    two = next(r.partition for r in log.read_all(PAGES) if r.key == b"two")
    assert one != two
    reader.pause([one])
    assert [record.value for record in drain(reader)] == [b"c"]
    reader.resume([one])
    assert [record.value for record in drain(reader)] == [b"a", b"b"]
    reader.close()


def test_a_poll_gives_no_more_than_it_was_asked_for(log: SqliteLog) -> None:
    for i in range(20):
        send(log, "v", key=str(i))
    reader = log.reader("g", [PAGES])
    assert len(reader.poll(timeout_s=0, max_records=6)) == 6
    assert len(drain(reader)) == 14
    reader.close()


def test_a_busy_partition_does_not_starve_the_others(log: SqliteLog) -> None:
    keys = {log_partition(log, str(i)): str(i) for i in range(50)}
    assert len(keys) == 4
    for key in keys.values():
        send(log, *["v"] * 20, key=key)
    reader = log.reader("g", [PAGES])
    first = [reader.poll(timeout_s=0, max_records=10) for _ in range(4)]
    assert {record.partition.number for records in first for record in records} == set(range(4))
    reader.close()


def log_partition(log: SqliteLog, key: str) -> int:
    send(log, "probe", key=key, topic=REQUESTS)
    return next(r.partition.number for r in log.read_all(REQUESTS) if r.key == key.encode())


def test_end_offsets_less_what_is_committed_is_the_lag(log: SqliteLog) -> None:
    send(log, "a", "b", "c")
    reader = log.reader("g", [PAGES])
    partition = drain(reader)[0].partition
    assert reader.end_offsets([partition]) == {partition: 3}
    assert log.lag()["g", partition] == 3
    reader.commit({partition: Committed(2)})
    assert log.lag()["g", partition] == 1
    assert reader.end_offsets(reader.assigned()).keys() == reader.assigned()
    reader.close()


def test_retention_keeps_what_a_group_has_not_consumed(tmp_path: Path) -> None:
    now = 1000.0
    log = SqliteLog(tmp_path / "log.sqlite", clock=lambda: now, heartbeat_s=0)
    send(log, "old", "older than asked, not consumed")
    fast, slow = log.reader("fast", [PAGES]), log.reader("slow", [PAGES])
    partition = drain(fast)[0].partition
    drain(slow)
    fast.commit({partition: Committed(2)})
    assert log.trim(PAGES, older_than_ms=2_000_000) == 0
    slow.commit({partition: Committed(1)})
    assert log.trim(PAGES, older_than_ms=1_000_000) == 0, "it is not older"
    assert log.trim(PAGES, older_than_ms=2_000_000) == 1
    assert [record.offset for record in log.read_all(PAGES)] == [1]
    assert log.count(PAGES) == 1
    fast.close()
    slow.close()
    again = log.reader("slow", [PAGES])
    assert [record.offset for record in drain(again)] == [1]
    again.close()
    late = log.reader("late", [PAGES])
    assert [record.offset for record in drain(late)] == [1], "a new group starts at what is left"
    late.close()
    log.close()


def test_retention_deletes_nothing_that_nobody_reads(log: SqliteLog) -> None:
    send(log, "a")
    assert log.trim(PAGES, older_than_ms=1 << 50) == 0
    assert log.count(PAGES) == 1


def test_offsets_go_on_after_everything_was_deleted(log: SqliteLog) -> None:
    send(log, "a", "b")
    reader = log.reader("g", [PAGES])
    partition = drain(reader)[0].partition
    reader.commit({partition: Committed(2)})
    assert log.trim(PAGES, older_than_ms=1 << 50) == 2
    assert send(log, "c") == [2]
    assert [record.offset for record in drain(reader)] == [2]
    reader.close()


def test_a_committed_offset_that_is_gone_stops_the_reader(log: SqliteLog) -> None:
    send(log, "a", "b", "c")
    reader = log.reader("g", [PAGES])
    partition = drain(reader)[0].partition
    reader.commit({partition: Committed(3)})
    log.trim(PAGES, older_than_ms=1 << 50)
    reader.commit({partition: Committed(1)})
    reader.close()
    with pytest.raises(OffsetLost) as raised:
        log.reader("g", [PAGES])
    lost = raised.value
    assert (lost.topic, lost.partition, lost.offset, lost.start) == (PAGES, partition.number, 1, 3)
    assert "retention" in str(lost)


_headers = st.lists(st.tuples(st.text(max_size=8), st.binary(max_size=8)), max_size=3).map(tuple)


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(Message, st.binary(max_size=20), st.binary(max_size=200), _headers), max_size=8
    )
)
def test_keys_values_and_headers_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, messages: list[Message]
) -> None:
    log = SqliteLog(tmp_path_factory.mktemp("log") / "log.sqlite", partitions=2)
    log.append(PAGES, messages).result()
    found = [(r.key, r.value, r.headers) for r in log.read_all(PAGES)]
    log.close()
    assert sorted(found) == sorted((m.key, m.value, m.headers) for m in messages)


@pytest.mark.parametrize("headers", [(), (("", b""),), (("a", b"1"), ("a", b"2"))])
def test_empty_keys_values_and_headers_are_kept(log: SqliteLog, headers: Headers) -> None:
    log.append(PAGES, [Message(b"", b"", headers)]).result()
    (record,) = log.read_all(PAGES)
    assert (record.key, record.value, record.headers) == (b"", b"", headers)


def test_a_value_of_many_megabytes_is_kept(log: SqliteLog) -> None:
    value = bytes(range(256)) * 65_536
    log.append(PAGES, [Message(b"k", value), Message(b"k", value), Message(b"k", value)]).result()
    reader = log.reader("g", [PAGES])
    first = reader.poll(timeout_s=0)
    assert len(first) == 3 or len(drain(reader)) == 3 - len(first)
    assert first[0].value == value
    reader.close()


def test_a_poll_stops_before_it_fills_the_memory(log: SqliteLog) -> None:
    value = bytes(12 << 20)
    for _ in range(6):
        log.append(PAGES, [Message(b"k", value)]).result()
    reader = log.reader("g", [PAGES])
    sizes = [len(reader.poll(timeout_s=0)) for _ in range(2)]
    assert sizes == [3, 3]
    reader.close()


def test_the_log_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    send(log, "a")
    log.close()
    again = SqliteLog(tmp_path / "log.sqlite")
    assert [record.value for record in again.read_all(PAGES)] == [b"a"]
    assert send(again, "b") == [1]
    again.close()


def test_a_log_with_more_partitions_keeps_them_when_opened_with_fewer(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite", partitions=6)
    for i in range(30):
        send(log, "v", key=str(i))
    log.close()
    again = SqliteLog(tmp_path / "log.sqlite", partitions=2)
    reader = again.reader("g", [PAGES])
    assert reader.assigned() == {Partition(PAGES, number) for number in range(6)}
    assert len(drain(reader)) == 30
    reader.close()
    again.close()


@contextmanager
def half_made(path: Path) -> Iterator[sqlite3.Connection]:
    """A log's file that another process is about to write, before there is a write-ahead log."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE something (x)")
        other.execute("BEGIN IMMEDIATE")
        yield other


def test_a_log_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with half_made(path) as other:
        timer = Timer(0.2, other.execute, ["COMMIT"])
        timer.start()
        with closing(SqliteLog(path)) as log:
            assert log.append(PAGES, [Message(b"k", b"v")]).result() == [0]
        timer.join()


def test_a_log_that_another_process_never_lets_go_of_is_not_waited_for_forever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.log.sqlite._BUSY_S", 0.05)
    path = tmp_path / "log.sqlite"
    with half_made(path), pytest.raises(LogBusy, match=r"log\.sqlite can't be used: .*locked"):
        SqliteLog(path)


def test_a_log_that_cannot_be_opened_says_which(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite").mkdir()
    with pytest.raises(LogError, match=r"log\.sqlite"):
        SqliteLog(tmp_path / "log.sqlite")
