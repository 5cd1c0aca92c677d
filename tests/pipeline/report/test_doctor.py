"""`backlinks admin doctor`: what it finds wrong, that it changes nothing, and when it ends."""

from __future__ import annotations

import itertools
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from kafka import KafkaProducer

import backlinks  # noqa: F401 - adds the commands
from pipeline.errors import StoreRefused
from pipeline.log import DEAD_PAGES, PAGES, Message
from pipeline.log.brokers import Broker
from pipeline.log.kafka import KafkaLog
from pipeline.log.letters import Letters
from pipeline.log.sqlite import SqliteLog
from pipeline.log.topics import Finding as Compared
from pipeline.log.topics import Topics, read_topics
from pipeline.report import doctor_log, doctor_store
from pipeline.report.commands import cli
from pipeline.report.doctor import contact
from pipeline.report.finding import Finding
from pipeline.settings import KafkaSettings, Settings
from pipeline.store.migrate import migrate
from tests.support import command
from tests.support.kafka.fixtures import MakeTopics
from tests.support.native_bridge import NativeBridge
from tests.support.stores import AnyStore, Databases

_prefix = (f"d{os.getpid()}-{n}." for n in itertools.count())

# --- what is judged ---


def states(findings: Iterator[Finding]) -> list[tuple[str, str]]:
    return [(finding.state, finding.found) for finding in findings]


def test_without_a_contact_it_warns() -> None:
    assert contact(Settings()).state == "warning"
    assert contact(Settings.model_validate({"crawl": {"contact": "a@example.org"}})).state == "ok"


@pytest.mark.parametrize(
    ("ahead_ms", "state"), [(0, "ok"), (59_000, "ok"), (60_000, "error"), (-90_000, "error")]
)
def test_a_store_s_clock_that_is_off_is_an_error(ahead_ms: int, state: str) -> None:
    assert doctor_store.clock(ahead_ms).state == state


def test_a_broker_s_clock_is_known_only_by_records() -> None:
    assert doctor_log.broker_clock(600_000, True).state == "error"
    assert doctor_log.broker_clock(None, True).state == "ok"
    assert doctor_log.broker_clock(None, False).state == "unknown"


@pytest.mark.parametrize(("free", "state"), [(11, "ok"), (10, "warning"), (0, "warning")])
def test_a_disk_that_is_almost_full_is_a_warning(free: int, state: str) -> None:
    (found,) = doctor_store.disks([{"name": "default", "free": free, "total": 100}])
    assert found.state == state


@pytest.mark.parametrize(
    ("version", "state"),
    [("18.16.1", "error"), ("22.12.3.5", "error"), ("23.1", "unknown"), ("26.9.1.1", "ok"),
     ("27.1.1", "ok")],
)  # fmt: skip
def test_a_server_that_is_too_old_is_an_error(version: str, state: str) -> None:
    assert doctor_store.version(version, 20).state == state


def test_brokers_are_judged_by_whether_they_answer_and_by_their_version() -> None:
    away, old, new = Broker("a:1", False), Broker("b:1", True, (2, 2)), Broker("c:1", True, (4, 3))
    mute = Broker("d:1", True)
    found = list(doctor_log.of_brokers([away, old, new, mute]))
    assert [each.state for each in found] == ["warning", "error", "ok", "unknown", "unknown"]
    assert [each.state for each in doctor_log.of_brokers([away])] == ["error"]


def test_missing_and_differing_topics_are_told() -> None:
    found = [
        Compared("pages", "topic", "there", "missing", "missing"),
        Compared("requests", "retention.ms", "2", "1", "differs"),
        Compared("requests", "message.timestamp.type", "LogAppendTime", "CreateTime", "differs"),
    ]
    told = [(each.what, each.state) for each in doctor_log.differences(found)]
    assert told == [
        ("topic pages", "error"),
        ("topic requests", "warning"),
        ("topic requests", "error"),
    ]


def test_a_right_that_is_missing_hides_nothing_else() -> None:
    def refuse() -> list[Finding]:
        raise StoreRefused("Not enough privileges")

    (found,) = doctor_store._seen("disks", refuse)
    assert (found.state, found.found) == ("warning", "may not be looked at")


# --- a cluster ---


@pytest.fixture
def store(store_directory: Path, bridge: NativeBridge) -> Iterator[AnyStore]:
    databases = Databases("native", store_directory, bridge)
    found = databases.new()
    migrate(found)
    yield found
    databases.drop(found)


def ask(
    kafka: KafkaSettings, bridge: NativeBridge, store: AnyStore, *arguments: str
) -> tuple[int, dict[str, Finding]]:
    environment = {
        "BACKLINKS_KAFKA__BROKERS": ",".join(kafka.brokers),
        "BACKLINKS_KAFKA__PREFIX": kafka.prefix,
        "BACKLINKS_STORE__HOSTS": bridge.address,
        "BACKLINKS_STORE__DATABASE": store.database,
    }
    ran = CliRunner(env=environment).invoke(cli, ["admin", "doctor", "--json", *arguments])
    assert ran.exit_code in (0, 1), ran.output
    found = [Finding(**row) for row in json.loads(ran.stdout)]
    for each in found:
        named = f"backlinks: {each.what}: {each.found}" in ran.stderr
        assert named == (each.state in ("warning", "error"))
    return ran.exit_code, {each.what: each for each in found}


def test_a_cluster_of_one_broker_that_is_meant_is_well(
    kafka: MakeTopics, bridge: NativeBridge, store: AnyStore
) -> None:
    settings = kafka(12)
    code, found = ask(settings, bridge, store, "--replication", "1")
    assert code == 0
    wrong = {what: each for what, each in found.items() if each.state in ("warning", "error")}
    assert wrong.keys() == {"contact"}
    assert found[f"broker {settings.brokers[0]}"].found.startswith("Kafka 4.")
    assert found["store's disk default"].state in ("ok", "warning")
    assert found["writing"].found == "user 'default' may plan and consume and score"
    assert {w for w, each in found.items() if each.state == "unknown"} == {
        "brokers' disks",
        "brokers' clock",
    }


def test_fewer_brokers_than_copies_are_told_once_and_as_that(
    kafka: MakeTopics, bridge: NativeBridge, store: AnyStore
) -> None:
    code, found = ask(kafka(12), bridge, store)
    assert code == 0
    assert found["copies"].state == "warning"
    assert found["copies"].found == "1 of 3, since there are no more brokers"
    assert not [what for what in found if what.startswith("topic ")]


def test_topics_are_held_against_the_file_that_is_named(
    kafka: MakeTopics, bridge: NativeBridge, store: AnyStore
) -> None:
    settings = kafka(4)
    _, found = ask(settings, bridge, store, "--replication", "1", "--partitions", "4")
    assert not [what for what in found if what.startswith("topic ")]
    _, found = ask(settings, bridge, store, "--replication", "1")
    assert found[f"topic {settings.prefix}pages"].found == "partitions is 4"


def test_topics_that_are_missing_are_an_error(
    brokers: str, bridge: NativeBridge, store: AnyStore
) -> None:
    settings = KafkaSettings(brokers=[brokers], prefix=next(_prefix))
    code, found = ask(settings, bridge, store)
    assert code == 1
    assert found[f"topic {settings.prefix}pages"].found == "missing"
    assert found["store"].state == "ok", "what else there is is looked at all the same"


def test_only_dead_letters_that_wait_are_told(
    kafka: MakeTopics, bridge: NativeBridge, store: AnyStore
) -> None:
    settings = kafka()
    with closing(KafkaLog(settings)) as log:
        log.append(DEAD_PAGES, [Message(b"a", b"b")] * 3).result()
        with closing(Letters(log)) as letters:
            letters.drop([next(letters.waiting())])
            assert ask(settings, bridge, store)[1]["dead letters"].found == "2 wait"
            letters.drop(letters.waiting())
    assert ask(settings, bridge, store)[1]["dead letters"].state == "ok"


def test_a_record_from_a_time_to_come_tells_that_clocks_differ(
    brokers: str, bridge: NativeBridge, store: AnyStore
) -> None:
    settings = KafkaSettings(brokers=[brokers], prefix=next(_prefix))
    with closing(Topics(settings)) as topics:
        topics.create(
            [
                t._replace(config={"message.timestamp.type": "CreateTime"})
                for t in read_topics(None, partitions=2, replication=1)
            ]
        )
    with closing(KafkaProducer(bootstrap_servers=settings.brokers)) as producer:
        later = int(time.time() * 1000) + 600_000
        producer.send(settings.prefix + PAGES, value=b"x", timestamp_ms=later).get(timeout=30)
    code, found = ask(settings, bridge, store, "--replication", "1")
    assert code == 1
    assert found["brokers' clock"].state == "error"


# --- it changes nothing, and ends ---


def test_where_there_is_nothing_it_makes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    ran = command.backlinks("admin", "doctor", "--json", data=data)
    told = {row["what"]: row for row in json.loads(ran.out)}
    assert told["log"]["found"] == f"none in {data} yet"
    assert "there is no index" in told["store"]["advice"]
    assert not data.exists()


def test_a_log_that_is_there_is_left_as_it_was(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with closing(SqliteLog(data / "log.sqlite")) as log:
        log.append(DEAD_PAGES, [Message(b"a", b"b")]).result()
    before = {path: path.read_bytes() for path in data.iterdir()}
    ran = command.backlinks("admin", "doctor", "--json", data=data)
    told = {row["what"]: row for row in json.loads(ran.out)}
    assert told["dead letters"]["found"] == "1 wait"
    assert {path: path.read_bytes() for path in data.iterdir()} == before


def test_with_everything_away_it_ends_soon(tmp_path: Path) -> None:
    """Machines that are gone don't even refuse: these take connections and say nothing."""
    with (
        socket.create_server(("127.0.0.1", 0)) as kafka,
        socket.create_server(("127.0.0.1", 0)) as store,
    ):
        given = {
            "BACKLINKS_KAFKA__BROKERS": f"127.0.0.1:{kafka.getsockname()[1]}",
            "BACKLINKS_STORE__HOSTS": f"127.0.0.1:{store.getsockname()[1]}",
        }
        began = time.monotonic()
        ran = command.backlinks("admin", "doctor", "--json", cwd=tmp_path, environment=given)
    assert time.monotonic() - began < 100
    assert ran.code == 1
    told = {row["what"]: row for row in json.loads(ran.out)}
    assert told[f"broker {given['BACKLINKS_KAFKA__BROKERS']}"]["found"] == "does not answer"
    assert told["store"]["state"] == "error"


def test_what_does_not_answer_is_told_beside_what_does(tmp_path: Path) -> None:
    slow = "import time; from pipeline.report import doctor, doctor_store\n"
    slow += "doctor_store.open_to_read = lambda *_: time.sleep(600); doctor._ALL_S = 2.0"
    began = time.monotonic()
    ran = command.backlinks("admin", "doctor", "--json", data=tmp_path / "data", before=slow)
    assert time.monotonic() - began < 100
    assert ran.code == 1
    told = {row["what"]: row for row in json.loads(ran.out)}
    assert told["store"]["found"] == "no answer in 2 s"
    assert told["log"]["state"] == "ok"


def test_a_log_that_another_process_writes_is_read_too(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with closing(SqliteLog(data / "log.sqlite")) as log:
        log.append(DEAD_PAGES, [Message(b"a", b"b")]).result()
        ran = command.backlinks("admin", "doctor", "--json", data=data)
    told = {row["what"]: row for row in json.loads(ran.out)}
    assert told["dead letters"]["found"] == "1 wait"
