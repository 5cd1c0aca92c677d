"""Topics made, compared and mended on a real broker; dead letters seen, replayed and dropped."""

from __future__ import annotations

import json
import os
import random
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaAdminClient, TopicPartition

import backlinks  # noqa: F401 - adds the commands
from pipeline.errors import BadSetting, PageFault, PoisonRecord
from pipeline.log import DEAD_PAGES, PAGES, Log, Message
from pipeline.log.deadletter import DeadLetters
from pipeline.log.kafka import KafkaLog
from pipeline.log.letters import Letter, Letters, count_waiting, letter
from pipeline.log.sqlite import SqliteLog
from pipeline.log.topics import Topics, read_topics
from pipeline.report.commands import cli
from pipeline.settings import KafkaSettings
from tests.support.kafka.fixtures import MakeTopics

_prefix = iter(f"c{os.getpid()}-{n}." for n in range(1000))


def run(brokers: str, prefix: str, *arguments: str) -> Result:
    environment = {"BACKLINKS_KAFKA__BROKERS": brokers, "BACKLINKS_KAFKA__PREFIX": prefix}
    return CliRunner(env=environment).invoke(cli, arguments)


def test_topics_are_created_and_then_they_are_as_they_should_be(brokers: str) -> None:
    prefix = next(_prefix)
    made = run(brokers, prefix, "admin", "topics", "--replication", "1", "--json")
    assert made.exit_code == 0, made.output
    found = {(row["topic"], row["what"]): row for row in json.loads(made.stdout)}
    assert found[prefix + "pages", "partitions"]["found"] == "12"
    assert found[prefix + "pages", "message.timestamp.type"]["found"] == "LogAppendTime"
    assert {row["state"] for row in found.values()} == {"created"}
    again = run(brokers, prefix, "admin", "topics", "--replication", "1", "--check", "--json")
    assert again.exit_code == 0
    assert {row["state"] for row in json.loads(again.stdout)} == {"ok"}


def test_check_creates_nothing_and_names_what_is_missing(brokers: str) -> None:
    prefix = next(_prefix)
    for _ in range(2):
        checked = run(brokers, prefix, "admin", "topics", "--check", "--json")
        assert checked.exit_code == 1
        assert {row["state"] for row in json.loads(checked.stdout)} == {"missing"}
        assert f"{prefix}pages: topic is missing, should be there" in checked.stderr


def test_what_differs_is_named_left_alone_and_mended_when_asked(brokers: str) -> None:
    prefix = next(_prefix)
    settings = KafkaSettings(brokers=[brokers], prefix=prefix)
    wrong = [
        topic._replace(partitions=2, config={**topic.config, "retention.ms": "1000"})
        for topic in read_topics(None, replication=1)
    ]
    topics = Topics(settings)
    topics.create(wrong)
    topics.close()
    for _ in range(2):
        made = run(brokers, prefix, "admin", "topics", "--replication", "1")
        assert made.exit_code == 1
        assert f"{prefix}pages: partitions is 2, should be 12" in made.stderr
        assert f"{prefix}pages: retention.ms is 1000, should be 604800000" in made.stderr
    mended = run(brokers, prefix, "admin", "topics", "--replication", "1", "--alter")
    assert "retention.ms" not in mended.stderr
    assert f"{prefix}pages: partitions is 2" in mended.stderr, "partitions are for a person"


def test_without_brokers_the_command_says_how_to_name_them() -> None:
    found = CliRunner().invoke(cli, ["admin", "topics"])
    assert found.exit_code == 2
    assert "BACKLINKS_KAFKA__BROKERS" in found.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[pages", "can't read the topics"),
        ("[pages]\npartitions = 1\nreplication = 1", "one too many or missing"),
        (
            "[pages]\npartitions='many'\n[requests]\n['pages.dead']\n['requests.dead']\n[control]",
            "as numbers",
        ),
    ],
)
def test_a_file_of_topics_that_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "topics.toml"
    file.write_text(text)
    with pytest.raises(BadSetting, match=says):
        read_topics(file)


# --- dead letters, over both logs ---


@pytest.fixture(params=["sqlite", "kafka"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    found: Log
    if request.param == "sqlite":
        found = SqliteLog(tmp_path / "log.sqlite")
    else:
        make: MakeTopics = request.getfixturevalue("kafka")
        found = KafkaLog(make())
    yield found
    found.close()


def dead(log: Log, count: int) -> None:
    """Records of `pages` that came to nothing: half for json, half for version."""
    sent = [Message(b"k%d" % i, b"bad %d \xff" % i, (("from", b"test"),)) for i in range(count)]
    log.append(PAGES, sent).result()
    letters = DeadLetters(log, DEAD_PAGES)
    for record in list(log.read_all(PAGES)):
        reason: PageFault = "json" if int(record.key[1:]) % 2 else "version"
        letters.keep(record, PoisonRecord(reason, "why"))


def test_letters_wait_with_where_they_were_and_why(log: Log) -> None:
    dead(log, 4)
    letters = Letters(log)
    found = sorted(letters.waiting(), key=lambda each: each.record.key)
    letters.close()
    assert [each.reason for each in found] == ["version", "json", "version", "json"]
    origins = {f"{r.partition}@{r.offset}" for r in log.read_all(PAGES)}
    assert {each.origin for each in found} == origins
    assert found[1].record.value == b"bad 1 \xff"


def test_what_is_replayed_is_as_it_was_and_waits_no_more(log: Log) -> None:
    dead(log, 10)
    letters = Letters(log)
    chosen = [each for each in letters.waiting() if each.reason == "json"]
    assert letters.replay(chosen) == 5
    letters.close()
    pages = [(r.key, r.value, r.headers) for r in log.read_all(PAGES)]
    assert len(pages) == 15
    assert sorted(pages).count((b"k1", b"bad 1 \xff", (("from", b"test"),))) == 2
    again = Letters(log)
    assert {each.reason for each in again.waiting()} == {"version"}
    assert again.drop(again.waiting()) == 5
    again.close()
    last = Letters(log)
    assert list(last.waiting()) == []
    last.close()


def appended(log: Log, count: int) -> list[Letter]:
    """In one partition, in their order."""
    told = (("topic", b"pages"), ("reason", b"json"))
    for first in range(0, count, 10_000):
        some = [Message(b"k", b"%d" % n, told) for n in range(first, min(count, first + 10_000))]
        log.append(DEAD_PAGES, some).result()
    return [letter(record) for record in log.read_all(DEAD_PAGES)]


def still_waiting(log: Log) -> list[bytes]:
    with closing(Letters(log)) as letters:
        return [found.record.value for found in letters.waiting()]


@pytest.mark.long
def test_however_many_are_dropped_after_one_that_waits_none_of_them_is_listed_again(
    log: Log,
) -> None:
    first, *others = appended(log, 30_000)
    with closing(Letters(log)) as letters:
        assert letters.drop(others) == 29_999
        assert letters.no_room == {}
    assert still_waiting(log) == [b"0"]
    assert count_waiting(log) == 1
    with closing(Letters(log)) as letters:
        assert letters.drop([first]) == 1
    assert still_waiting(log) == []
    assert count_waiting(log) == 0


@pytest.mark.parametrize("log", ["sqlite"], indirect=True)
@pytest.mark.parametrize("act", ["drop", "replay"])
def test_what_can_not_be_noted_is_neither_called_settled_nor_replayed(log: Log, act: str) -> None:
    """Scattered by chance, no way to write them down is short enough."""
    dice = random.Random(5)
    first, *others = appended(log, 80_000)
    chosen = [found for found in others if dice.random() < 0.5]
    with closing(Letters(log)) as letters:
        count = getattr(letters, act)(iter(chosen))
        left = letters.no_room[first.record.partition]
        assert letters.oldest(first.record.partition) == first.id
    assert 10_000 < count < len(chosen)
    assert count + left == len(chosen)
    assert len(still_waiting(log)) == count_waiting(log) == 80_000 - count
    assert log.count(PAGES) == (count if act == "replay" else 0)


@pytest.mark.long
def test_what_retention_deleted_takes_no_settled_letter_with_it(kafka: MakeTopics) -> None:
    settings = kafka()
    with closing(KafkaLog(settings)) as log:
        waiting = appended(log, 10)
        with closing(Letters(log)) as letters:
            letters.drop(waiting[3:])
        gone = TopicPartition(settings.prefix + DEAD_PAGES, waiting[0].record.partition.number)
        with closing(KafkaAdminClient(bootstrap_servers=settings.brokers)) as admin:
            admin.delete_records({gone: 3})
        assert count_waiting(log) == 0
        assert still_waiting(log) == []
        assert still_waiting(log) == []


def test_letters_are_listed_and_dropped_without_all_of_them_in_memory(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with closing(SqliteLog(data / "log.sqlite")) as log:
        whole = Message(b"k", b"x" * 1_000_000, (("topic", b"pages"), ("reason", b"json")))
        for _ in range(20):
            log.append(DEAD_PAGES, [whole] * 10).result()

    def peak(*arguments: str) -> int:
        tracemalloc.start()
        ran = CliRunner().invoke(cli, ["--data", str(data), "admin", "deadletters", *arguments])
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert ran.exit_code == 0, ran.output
        return found

    assert peak("list", "--csv") < 80e6
    assert peak("drop", "--all") < 80e6
    with closing(SqliteLog(data / "log.sqlite")) as log:
        assert count_waiting(log) == 0


def test_those_that_still_wait_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.log.runs.MAX_METADATA", 40)
    monkeypatch.setattr("pipeline.log.runs.reach", lambda: 40)
    data = tmp_path / "data"
    dice = random.Random(5)
    with closing(SqliteLog(data / "log.sqlite")) as log:
        for _ in range(1_000):
            reason = dice.choice([b"json", b"version"])
            log.append(DEAD_PAGES, [Message(b"k", b"x", (("reason", reason),))]).result()
        (partition,) = {record.partition for record in log.read_all(DEAD_PAGES)}
    ran = CliRunner().invoke(
        cli, ["--data", str(data), "admin", "deadletters", "drop", "--reason", "json"]
    )
    assert ran.exit_code == 1
    assert "dropped" in ran.stdout
    assert f"of {partition} still wait: there is no room to note more" in ran.stderr


def test_the_commands_list_show_replay_and_drop(brokers: str, kafka: MakeTopics) -> None:
    settings = kafka()
    log = KafkaLog(settings)
    dead(log, 4)
    log.close()

    def ask(*arguments: str) -> Result:
        return run(brokers, settings.prefix, "admin", "deadletters", *arguments)

    listed = json.loads(ask("list", "--json").stdout)
    assert sorted(row["key"] for row in listed) == ["k0", "k1", "k2", "k3"]
    name = next(row["id"] for row in listed if row["key"] == "k1")
    shown = ask("show", name)
    assert "json why" in shown.stdout
    assert "from: test" in shown.stdout
    assert ask("show", name, "--raw").stdout_bytes == b"bad 1 \xff"
    nobody = ask("show", "pages.dead[0]@999")
    assert nobody.exit_code == 1
    assert "no dead letter waits as pages.dead[0]@999" in nobody.stderr
    assert ask("replay").exit_code == 2, "which?"
    assert "1 replayed" in ask("replay", name).stdout
    assert "2 dropped" in ask("drop", "--reason", "version").stdout
    assert [row["key"] for row in json.loads(ask("list", "--json").stdout)] == ["k3"]
