"""Following a topic whole, outside of any group: alike in the file and over a real broker."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from pipeline import follow
from pipeline.control import Controls
from pipeline.errors import LogBusy, LogRefused
from pipeline.log import (
    CONTROL,
    PAGES,
    Follower,
    Log,
    Message,
    Partition,
    Record,
    kafka_client,
)
from pipeline.log.kafka import KafkaLog
from pipeline.log.kafka_client import connection
from pipeline.log.sqlite import SqliteLog
from pipeline.log.topics import Topics, read_topics
from pipeline.settings import KafkaSettings
from tests.pipeline.said import said
from tests.support.kafka.broker import free_port
from tests.support.kafka.fixtures import MakeTopics
from tests.support.waiting import PATIENCE_S, until


@pytest.fixture(params=["file", "kafka"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Log]:
    """Opens one log again and again, as processes of their own would."""
    if request.param == "file":
        return lambda: SqliteLog(tmp_path / "log.sqlite")
    settings = request.getfixturevalue("kafka")()
    return lambda: KafkaLog(settings)


@pytest.fixture
def log(opened: Callable[[], Log]) -> Iterator[Log]:
    with closing(opened()) as found:
        yield found


def say(log: Log, *values: bytes, key: bytes = b"pause ") -> None:
    log.append(CONTROL, [Message(key, value) for value in values]).result()


def values(records: list[Record]) -> list[bytes]:
    return [record.value for record in records]


def until_told(follower: Follower, timeout_s: float = PATIENCE_S) -> list[bytes]:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if found := follower.poll(timeout_s=0.2):
            return values(found)
    return []


def test_the_first_poll_has_all_that_is_there_and_the_next_what_came_since(
    log: Log, opened: Callable[[], Log]
) -> None:
    log.append(PAGES, [Message(b"k", b"of another topic")]).result()
    say(log, *(b"%d" % number for number in range(700)))
    with closing(opened()) as other, closing(other.follow(CONTROL)) as follower:
        assert values(follower.poll(timeout_s=0)) == [b"%d" % number for number in range(700)]
        assert follower.poll(timeout_s=0) == []
        say(log, b"more")
        assert until_told(follower) == [b"more"]
        assert follower.poll(timeout_s=0) == []


def test_every_follower_is_told_everything_and_no_group_is_left(
    log: Log, opened: Callable[[], Log]
) -> None:
    with closing(log.follow(CONTROL)) as one, closing(opened()) as other:
        assert one.poll(timeout_s=0) == []
        say(log, b"a")
        with closing(other.follow(CONTROL)) as two:
            assert values(two.poll(timeout_s=0)) == [b"a"]
        assert until_told(one) == [b"a"]
    assert not any(partition.topic == CONTROL for _, partition in log.lag())


def test_a_poll_that_waits_returns_once_it_is_closed(log: Log) -> None:
    follower = log.follow(CONTROL)
    follower.poll(timeout_s=0)
    waiting = threading.Thread(target=lambda: follower.poll(timeout_s=600))
    waiting.start()
    follower.close()
    waiting.join(timeout=PATIENCE_S)
    assert not waiting.is_alive()


def test_what_was_deleted_at_the_beginning_is_a_hole_and_no_end(kafka: MakeTopics) -> None:
    """As after compaction: offsets that are there no more. Of a topic whose records may go."""
    settings = kafka(partitions=1)
    with closing(KafkaLog(settings)) as log, closing(log.follow(PAGES)) as early:
        assert early.poll(timeout_s=0) == []
        log.append(PAGES, [Message(b"k", b"%d" % number) for number in range(3)]).result()
        admin = KafkaAdminClient(**connection(settings))
        admin.delete_records({log.names.theirs(Partition(PAGES, 0)): 2})
        admin.close()
        assert until_told(early)[-1:] == [b"2"], "it was at 0, which is gone"
        with closing(log.follow(PAGES)) as late:
            assert values(late.poll(timeout_s=0)) == [b"2"]


def test_a_topic_that_is_not_there_is_told_with_what_makes_it(brokers: str) -> None:
    settings = KafkaSettings(brokers=brokers.split(","), prefix=f"none-{time.time_ns()}.")
    with closing(KafkaLog(settings)) as log, closing(log.follow(CONTROL)) as follower:
        with pytest.raises(LogRefused, match=r"control is missing.*`backlinks admin topics`"):
            follower.poll(timeout_s=0)
        topics = Topics(settings)
        topics.create(read_topics(None, partitions=1, replication=1))
        topics.close()
        assert follower.poll(timeout_s=0) == []


def test_brokers_that_are_away_are_busy_and_nothing_is_forgotten_meanwhile(
    kafka: MakeTopics,
) -> None:
    settings = kafka(partitions=1)
    with closing(KafkaLog(settings)) as log, closing(log.follow(CONTROL)) as follower:
        say(log, b"before")
        assert values(follower.poll(timeout_s=0)) == [b"before"]
        config, nobody = follower._config, f"127.0.0.1:{free_port()}"
        follower._drop()
        follower.settings = settings.model_copy(update={"brokers": [nobody]})
        follower._config = connection(follower.settings) | {"bootstrap_timeout_ms": 300}
        with pytest.raises(LogBusy):
            follower.poll(timeout_s=0)
        say(log, b"after")
        follower.settings, follower._config = settings, config
        assert until_told(follower) == [b"after"], "and nothing twice"


@pytest.mark.parametrize("ask", ["follow", "lag", "reader"])
def test_no_try_to_reach_brokers_that_are_away_leaves_a_thread_or_a_descriptor(
    ask: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "kafka.net")  # what is captured would hold its sockets
    monkeypatch.setattr(kafka_client, "_BOOTSTRAP_MS", 150)
    with closing(KafkaLog(KafkaSettings(brokers=[f"127.0.0.1:{free_port()}"]))) as log:
        follower = log.follow(CONTROL)
        tries: dict[str, Callable[[], object]] = {
            "follow": lambda: follower.poll(timeout_s=0),
            "lag": lambda: log.lag("crawl"),
            "reader": lambda: log.reader("crawl", [PAGES]),
        }
        held = []
        for _ in range(3):
            with pytest.raises(LogBusy):
                tries[ask]()
            gc.collect()
            held.append((threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))))
        (threads, files), _, (threads_then, files_then) = held
        # Of earlier tests some may end meanwhile.
        assert (threads_then <= threads, files_then <= files) == (True, True), held


def test_in_a_file_of_before_that_is_only_read_nothing_was_said(tmp_path: Path) -> None:
    SqliteLog(tmp_path / "log.sqlite", topics=[PAGES]).close()
    with closing(SqliteLog(tmp_path / "log.sqlite", readonly=True)) as log:
        assert log.follow(CONTROL).poll(timeout_s=0) == []


class Surprising:
    """A follower whose first poll raises what no LogError is; then it says `records` once."""

    def __init__(self, *records: Record) -> None:
        self.answers: list[list[Record]] = [list(records)]
        self.polls = 0

    def poll(self, *, timeout_s: float) -> list[Record]:
        self.polls += 1
        if self.polls == 1:
            raise KeyError("of the library")
        time.sleep(0.01)
        return self.answers.pop() if self.answers else []

    def close(self) -> None: ...


def test_a_worker_hears_operators_after_an_error_that_nobody_foresaw(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(follow, "_AWAY_S", 0.01)
    controls = Controls()
    following = follow.Following(Surprising(said(1, "pause", "")), controls)
    following.start()
    until(lambda: controls.paused or not following.is_alive())
    following.close()
    assert controls.paused
    assert "KeyError" in caplog.text, "with where it came from"


def test_what_was_said_in_a_topic_made_anew_takes_the_place_of_all_before(
    kafka: MakeTopics,
) -> None:
    settings = kafka(partitions=1)
    with closing(KafkaLog(settings)) as log, closing(log.follow(CONTROL)) as follower:
        following = follow.Following(follower, Controls())
        say(log, *[said(0, "pause", "").value] * 3)
        following.hear(timeout_s=0)
        assert following.controls.paused
        admin = KafkaAdminClient(**connection(settings))
        admin.delete_topics([log.names.topic(CONTROL)])
        admin.close()
        topics = Topics(settings)
        topics.create(read_topics(None, partitions=1, replication=1))
        topics.close()
        say(log, said(0, "block", "example.org").value, key=b"block example.org")

        def heard() -> bool:
            following.hear(timeout_s=0.2)
            return not following.controls.paused

        until(heard)
        assert [one.verb for one in following.controls.said()] == ["block"]


def test_what_was_said_stays_whatever_is_said_next(log: Log) -> None:
    """A file's topic has several partitions, and offsets of each begin at 0."""
    following = follow.Following(log.follow(CONTROL), Controls())
    for count in range(1, 13):
        name = f"s{count}.example"
        say(log, said(0, "block", name).value, key=f"block {name}".encode())
        while (heard := len(following.controls.said())) < count:
            assert heard == count - 1, "something was forgotten"
            following.hear(timeout_s=0.2)
