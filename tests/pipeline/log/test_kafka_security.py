"""Who a real broker lets in, and what each worker may do there: TLS, logins, certificates, ACLs."""

from __future__ import annotations

import json
import logging
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization

import backlinks  # noqa: F401 - adds the commands
from pipeline.errors import BadSetting, LogBusy, LogRefused, PoisonRecord
from pipeline.follow import now_in
from pipeline.frontier.slices import Share
from pipeline.log import (
    ARCHIVE,
    CARE,
    CONSUME,
    CONTROL,
    CRAWL,
    DEAD_PAGES,
    DEAD_REQUESTS,
    GROUPS,
    PAGES,
    PLAN,
    REQUESTS,
    TOPICS,
    Committed,
    Message,
)
from pipeline.log.deadletter import DeadLetters
from pipeline.log.kafka import KafkaLog
from pipeline.log.letters import Letters, count_waiting
from pipeline.log.settled import unsettled
from pipeline.log.topics import Topics, read_topics
from pipeline.metrics import Sample, Told
from pipeline.report.commands import cli
from pipeline.settings import KafkaSettings, MetricsSettings
from tests.pipeline.log.test_kafka import messages, read
from tests.support import command
from tests.support.kafka.fixtures import with_topics
from tests.support.kafka.security import (
    BARE,
    CERTIFICATE,
    ELSEWHERE,
    LOGIN,
    MECHANISMS,
    PASSWORD,
    PLAINTEXT,
    Authority,
    Cluster,
    Right,
    allow,
    forbid,
    guarded,
    set_password,
)
from tests.support.waiting import until


class Case(NamedTuple):
    """What a worker does, with a right less than it needs or with none less; and as whom."""

    act: Callable[[KafkaSettings], None]
    rights: tuple[Right, ...]
    less: Right | None
    user: str


# --- what each worker does ---


def take(log: KafkaLog, group: str, topic: str) -> None:
    """As all workers that read: join, poll, see where it is, commit, leave."""
    with closing(log.reader(group, [topic])) as reader:
        record = read(reader, 1)[0]
        assert reader.committed(record.partition) is not None
        reader.commit({record.partition: Committed(record.offset, "settled")})
        assert reader.end_offsets([record.partition])[record.partition] > record.offset
        assert log.lag(group)[group, record.partition] > 0


def plan(settings: KafkaSettings) -> None:
    with closing(KafkaLog(settings)) as log:
        log.append(REQUESTS, messages(2)).result()
        assert {group for group, _ in log.lag(CRAWL)} == {CRAWL}
        assert unsettled(log, CRAWL, REQUESTS) >= 2
        with closing(Share(log)) as share:
            until(share.buckets)
        now_in(log)


def crawl(settings: KafkaSettings) -> None:
    with closing(KafkaLog(settings)) as log:
        take(log, CRAWL, REQUESTS)
        log.append(PAGES, messages(2)).result()
        with closing(log.reader(CRAWL, [REQUESTS])) as reader:
            DeadLetters(log, DEAD_REQUESTS).keep(read(reader, 1)[0], PoisonRecord("json", "why"))
        now_in(log)


def consume(settings: KafkaSettings) -> None:
    with closing(KafkaLog(settings)) as log:
        take(log, CONSUME, PAGES)
        with closing(log.reader(CONSUME, [PAGES])) as reader:
            DeadLetters(log, DEAD_PAGES).keep(read(reader, 1)[0], PoisonRecord("json", "why"))
        now_in(log)


def archive(settings: KafkaSettings) -> None:
    with closing(KafkaLog(settings)) as log:
        take(log, ARCHIVE, PAGES)


def fill(settings: KafkaSettings) -> None:
    """As `backlinks import` does."""
    with closing(KafkaLog(settings)) as log:
        now_in(log)
        log.append(PAGES, messages(2)).result()


def operate(settings: KafkaSettings) -> None:
    """As `backlinks admin pause` and its like do."""
    with closing(KafkaLog(settings)) as log:
        now_in(log)
        log.append(CONTROL, messages(1)).result()


def replay(settings: KafkaSettings) -> None:
    """One letter of each topic."""
    with closing(KafkaLog(settings)) as log, closing(Letters(log)) as letters:
        chosen = {found.origin_topic: found for found in letters.waiting()}
        assert chosen.keys() == {PAGES, REQUESTS}
        assert letters.replay(chosen.values()) == 2


def status(settings: KafkaSettings) -> None:
    with closing(KafkaLog(settings)) as log:
        assert {group for group, _ in log.lag()} >= {CRAWL, CONSUME}
        assert count_waiting(log) > 0
        assert log.taken_after(PAGES, 2**42) is None
        now_in(log)


def check(settings: KafkaSettings) -> None:
    with closing(Topics(settings)) as topics:
        assert topics.brokers() == 1
        all_are(topics, "ok")


def all_are(topics: Topics, state: str) -> None:
    found = topics.check(WANTED)
    hidden = [finding for finding in found if finding.state == "unknown"]
    if hidden:  # it is told, as `admin topics` tells it
        raise LogRefused(" ".join(hidden[0]))
    assert {finding.state for finding in found} == {state}


def create(settings: KafkaSettings) -> None:
    """As `admin topics` does: it looks, makes what is missing, and looks again."""
    topics = Topics(settings.model_copy(update={"prefix": settings.prefix + settings.user}))
    with closing(topics):
        all_are(topics, "missing")
        topics.create(WANTED)
        all_are(topics, "ok")


def alter(settings: KafkaSettings) -> None:
    """As `admin topics --alter` does where no topic is missing."""
    with closing(Topics(settings)) as topics:
        topics.check(WANTED)
        topics.alter(WANTED)


WANTED = read_topics(None, partitions=2, replication=1)

# As docs/cluster.md has it.
ALL_TOPICS = ""  # the prefix alone, as a prefixed pattern
LEAST: dict[Callable[[KafkaSettings], None], list[tuple[str, str, str]]] = {
    plan: [
        ("TOPIC", REQUESTS, "WRITE"),
        ("TOPIC", CONTROL, "READ"),
        ("GROUP", CRAWL, "DESCRIBE"),
        ("GROUP", PLAN, "READ"),
    ],
    crawl: [
        ("TOPIC", REQUESTS, "READ"),
        ("TOPIC", PAGES, "WRITE"),
        ("TOPIC", DEAD_REQUESTS, "WRITE"),
        ("TOPIC", CONTROL, "READ"),
        ("GROUP", CRAWL, "READ"),
    ],
    consume: [
        ("TOPIC", PAGES, "READ"),
        ("TOPIC", DEAD_PAGES, "WRITE"),
        ("TOPIC", CONTROL, "READ"),
        ("GROUP", CONSUME, "READ"),
    ],
    archive: [("TOPIC", PAGES, "READ"), ("GROUP", ARCHIVE, "READ")],
    fill: [("TOPIC", PAGES, "WRITE"), ("TOPIC", CONTROL, "READ")],
    operate: [("TOPIC", CONTROL, "READ"), ("TOPIC", CONTROL, "WRITE")],
    replay: [
        ("TOPIC", DEAD_PAGES, "READ"),
        ("TOPIC", DEAD_REQUESTS, "READ"),
        ("TOPIC", PAGES, "WRITE"),
        ("TOPIC", REQUESTS, "WRITE"),
        ("GROUP", CARE, "READ"),
    ],
    status: [
        *(("TOPIC", name, "DESCRIBE") for name in TOPICS if name != CONTROL),
        ("TOPIC", CONTROL, "READ"),
        *(("GROUP", name, "DESCRIBE") for name in GROUPS),
    ],
    check: [("TOPIC", ALL_TOPICS, "DESCRIBE"), ("TOPIC", ALL_TOPICS, "DESCRIBE_CONFIGS")],
    create: [
        ("TOPIC", ALL_TOPICS, "DESCRIBE"),
        ("TOPIC", ALL_TOPICS, "DESCRIBE_CONFIGS"),
        ("TOPIC", ALL_TOPICS, "CREATE"),
    ],
    alter: [("TOPIC", ALL_TOPICS, "DESCRIBE"), ("TOPIC", ALL_TOPICS, "ALTER_CONFIGS")],
}


def cases() -> Iterator[Case]:
    number = iter(range(1000))
    for act, listed in LEAST.items():
        rights = tuple(Right(*each) for each in listed)
        for less in (None, *rights):
            yield Case(act, rights, less, f"u{next(number)}")


CASES = list(cases())


# --- the broker ---


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    directory = tmp_path_factory.mktemp("guarded")
    authority, stranger = (Authority(directory / n, n) for n in ("authority", "stranger"))
    names = ["one", "live", *(case.user for case in CASES)]
    broker = guarded(directory / "kafka", authority, dict.fromkeys(names, PASSWORD))
    try:
        found = Cluster(broker, authority, stranger, with_topics(broker.start().address, 2))
        with closing(KafkaLog(found.topics)) as log:
            for topic in TOPICS:
                origin = topic.removesuffix(".dead").encode()
                log.append(topic, [Message(b"a", b"b", (("topic", origin),))] * 3).result()
        everything = [Right(where, "", "ALL") for where in ("TOPIC", "GROUP")]
        acls = [found.acl(name, r) for name in ("one", "CN=client", "two") for r in everything]
        acls += [found.acl(c.user, r) for c in CASES for r in c.rights if r != c.less]
        acls += [found.acl("live", Right(*each)) for each in LEAST[consume]]
        allow(broker, acls)
        yield found
    finally:
        broker.kill()


def client(authority: Authority) -> dict[str, object]:
    shown = authority.sign("client")
    return {"tls_cert": str(shown.certificate), "tls_key": str(shown.key)}


def publish_and_read(settings: KafkaSettings, group: str) -> None:
    with closing(KafkaLog(settings)) as log:
        sent = messages(5, size=500)
        log.append(PAGES, sent).result()
        with closing(log.reader(group, [PAGES])) as reader:
            found = read(reader, log.count(PAGES))
        assert {message.value for message in sent} <= {record.value for record in found}


# --- who is let in ---


@pytest.mark.parametrize("sasl", MECHANISMS)
def test_pages_are_published_and_read_over_tls_after_a_login(
    cluster: Cluster, sasl: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    publish_and_read(cluster.settings(LOGIN, sasl=sasl), sasl)
    assert PASSWORD not in caplog.text


def test_a_login_works_without_tls_too_where_brokers_offer_that(cluster: Cluster) -> None:
    publish_and_read(cluster.settings(BARE, sasl="SCRAM-SHA-256", tls=False), "bare")


def test_pages_are_published_and_read_with_a_certificate_of_our_own(cluster: Cluster) -> None:
    publish_and_read(cluster.settings(CERTIFICATE, **client(cluster.authority)), "certificate")


def test_a_password_in_a_file_is_taken_before_the_other(cluster: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    given = {"sasl": "SCRAM-SHA-512", "password": "another", "password_file": str(file)}
    publish_and_read(cluster.settings(LOGIN, **given), "file")
    file.write_text("another")
    with pytest.raises(LogRefused, match=r"kafka\.password_file"):
        publish_and_read(cluster.settings(LOGIN, **given), "file")
    file.unlink()
    with pytest.raises(BadSetting, match="can't read the password"):
        publish_and_read(cluster.settings(LOGIN, **given), "file")


REFUSED: dict[str, tuple[str, dict[str, object], str]] = {
    **{
        f"a wrong password by {sasl}": (LOGIN, {"sasl": sasl, "password": "wrong-" + PASSWORD},
        rf"does not let user 'one' in by {sasl}; check kafka\.user.*KAFKA__PASSWORD or .*_file")
        for sasl in MECHANISMS
    },
    "an unknown user": (LOGIN, {"sasl": "PLAIN", "user": "nobody"}, "does not let user 'nobody'"),
    "another authority": (LOGIN, {"sasl": "PLAIN", "tls_ca": "stranger"},
        r"not trusted \(.*\); name the file of its authority in kafka\.tls_ca"),
    "the system's authorities": (LOGIN, {"sasl": "PLAIN", "tls_ca": ""}, r"in kafka\.tls_ca"),
    "a certificate of another address": (ELSEWHERE, {}, r"of another name.*give kafka\.brokers"),
    "TLS to a plain port": (PLAINTEXT, {}, r"does not speak TLS; turn kafka\.tls off"),
    "TLS and a login to a port without TLS": (BARE, {"sasl": "PLAIN"}, "does not speak TLS"),
    "a plain word to a TLS port": (CERTIFICATE, {"tls": False}, r"speaks TLS; set kafka\.tls"),
    "a login to a TLS port": (LOGIN, {"tls": False, "sasl": "PLAIN"}, r"TLS; set kafka\.tls"),
    "a login where there is none": (PLAINTEXT, {"tls": False, "sasl": "PLAIN"},
        r"takes no login; set kafka\.sasl to none"),
    "no login where there is one": (BARE, {"tls": False}, r"wants a login by .*; set kafka\.sasl"),
    "no login over TLS": (LOGIN, {}, r"wants a login by PLAIN, SCRAM.*; set kafka\.sasl to one"),
    "no certificate": (CERTIFICATE, {}, r"set kafka\.tls_cert and kafka\.tls_key"),
    "a stranger's certificate": (CERTIFICATE, {"tls_cert": "stranger"},
        r"does not take our certificate; look at kafka\.tls_cert"),
}  # fmt: skip


@pytest.mark.parametrize("how", REFUSED)
def test_who_is_not_let_in_is_told_once_which_setting_to_look_at(
    cluster: Cluster, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Refused and not busy: a next try would fare no better, and a worker has to stop."""
    listener, given, says = REFUSED[how]
    if "stranger" in given.values():
        strange = client(cluster.stranger)
        ca = {"tls_ca": str(cluster.stranger.certificate)}
        given = given | (strange if "tls_cert" in given else ca)
    log = KafkaLog(cluster.settings(listener, **given))
    attempts: list[Callable[[], object]] = [
        lambda: log.append(PAGES, messages(1)).result(),
        lambda: log.reader("refused", [PAGES]),
        log.lag,
        lambda: list(log.read_all(PAGES)),
        lambda: Topics(log.settings),
    ]
    for attempt in attempts:
        with pytest.raises(LogRefused, match=says) as refused:
            attempt()
        assert PASSWORD not in str(refused.value)
    log.close()
    assert caplog.text == "", "the library is not asked at all"


def test_a_broker_that_lets_us_in_is_found_behind_one_that_is_gone(cluster: Cluster) -> None:
    settings = cluster.settings(LOGIN, sasl="PLAIN")
    both = settings.model_copy(update={"brokers": ["127.0.0.1:1", *settings.brokers]})
    fill(both)


def test_a_password_that_is_changed_meanwhile_stops_who_reads_and_who_publishes(
    cluster: Cluster,
) -> None:
    """Until then the brokers ask for it again every second, and are given it."""
    set_password(cluster.broker, "two", "first")
    given = {"sasl": "SCRAM-SHA-256", "tls": False, "user": "two", "password": "first"}
    settings = cluster.settings(BARE, delivery_s=3, **given)
    with closing(KafkaLog(settings)) as log, closing(log.reader("two", [PAGES])) as reader:
        log.append(PAGES, messages(1)).result()
        read(reader, 1_000_000, timeout_s=1.5)
        set_password(cluster.broker, "two", "second")
        log.append(PAGES, messages(1))  # it has its time meanwhile
        for attempt in (lambda: reader.poll(timeout_s=0.2), lambda: fill_from(log)):
            until = time.monotonic() + 60
            with pytest.raises(LogRefused, match=r"user 'two'|Authentication failed"):
                persist(attempt, until)


def fill_from(log: KafkaLog) -> None:
    log.append(PAGES, messages(1)).result()


def persist(attempt: Callable[[], object], until: float) -> None:
    """As a worker does with a log that is busy."""
    while time.monotonic() < until:
        with suppress(LogBusy):
            attempt()


@pytest.mark.parametrize("broker", ["kafka1", ":9092", "kafka1:", "kafka1:0", "kafka1:99999"])
def test_a_broker_without_a_port_is_a_setting_to_mend(broker: str) -> None:
    with pytest.raises(BadSetting, match=r"kafka\.brokers is no HOST:PORT"):
        KafkaLog(KafkaSettings(brokers=[broker]))


def test_a_key_that_wants_a_password_is_named_and_not_asked_for(
    cluster: Cluster, tmp_path: Path
) -> None:
    shown = cluster.authority.sign("locked")
    key = serialization.load_pem_private_key(shown.key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"of the key")
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    shown.key.write_bytes(key.private_bytes(*form, locked))
    given = {"tls_cert": str(shown.certificate), "tls_key": str(shown.key)}
    with pytest.raises(BadSetting, match=r"tls_cert and tls_key can't be used"):
        KafkaLog(cluster.settings(CERTIFICATE, **given))


def test_the_commands_take_tls_and_a_login_from_the_environment(
    cluster: Cluster, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    given = {
        "BROKERS": cluster.broker.at(LOGIN),
        "PREFIX": cluster.topics.prefix,
        "TLS": "true",
        "TLS_CA": str(cluster.authority.certificate),
        "SASL": "SCRAM-SHA-512",
        "USER": "one",
        "PASSWORD_FILE": str(file),
    }
    environment = {f"BACKLINKS_KAFKA__{name}": value for name, value in given.items()}
    doctor = command.backlinks(
        "admin", "doctor", "--json", data=tmp_path / "d", environment=environment
    )
    found = {row["what"]: row for row in json.loads(doctor.out)}
    assert found["log"]["state"] == "ok", doctor.err
    assert found["topics"]["found"] == "5 there"
    file.write_text("wrong")
    refused = command.backlinks(
        "worker", "archive", "--to", "kept", cwd=tmp_path, environment=environment
    )
    assert refused.code == 1
    assert refused.err.count("\n") == 1, refused.err
    assert "does not let user 'one' in by SCRAM-SHA-512" in refused.err


# --- what they may do ---


@pytest.mark.parametrize(
    "case",
    CASES,
    ids=lambda c: c.act.__name__ + (f" without {c.less.what} {c.less.name}" if c.less else ""),
)
def test_each_right_that_the_docs_list_is_enough_and_is_needed(
    cluster: Cluster, case: Case
) -> None:
    settings = cluster.user(case.user)
    if case.less is None:
        case.act(settings)
        return
    with pytest.raises(LogRefused) as refused:
        case.act(settings)
    said = str(refused.value)
    assert cluster.topics.prefix + case.less.name in said
    assert case.less.what in said
    assert PASSWORD not in said


def test_a_worker_tells_its_lag_with_no_more_than_its_rights(cluster: Cluster) -> None:
    """Those of other groups are hidden from it."""
    user = next(case.user for case in CASES if case.act is consume and case.less is None)
    with closing(KafkaLog(cluster.user(user))) as log:
        with pytest.raises(LogRefused, match="may not DESCRIBE"):
            log.lag()
        told = Told(MetricsSettings(), Idle(), log, CONSUME)

        def scraped() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{told.port}/metrics") as answer:
                return str(answer.read().decode())

        until(lambda: 'backlinks_lag_records{group="consume"' in scraped(), scraped)
        told.close()


class Idle:
    turned_at = 0.0

    def samples(self) -> Iterator[Sample]:
        return iter(())


def test_a_right_that_is_taken_away_stops_the_worker_that_uses_it(cluster: Cluster) -> None:
    settings = cluster.user("live")
    with closing(KafkaLog(settings)) as log, closing(log.reader(CONSUME, [PAGES])) as reader:
        read(reader, 1)
        log.append(DEAD_PAGES, messages(1)).result()
        forbid(cluster.broker, "User:live")
        with pytest.raises(LogRefused, match=r"'live' may not READ"):
            read(reader, 1_000_000, timeout_s=60)
        with pytest.raises(LogRefused, match=r"'live' may not WRITE topic .*pages\.dead"):
            log.append(DEAD_PAGES, messages(1)).result()


@pytest.mark.parametrize(
    ("less", "says"),
    [
        ("DESCRIBE", "may not DESCRIBE topic"),
        ("DESCRIBE_CONFIGS", "hidden: DESCRIBE_CONFIGS is not granted"),
    ],
)
def test_topics_that_may_not_be_seen_are_called_neither_missing_nor_right(
    cluster: Cluster, less: str, says: str
) -> None:
    cases = (c for c in CASES if c.act is check and c.less is not None and c.less.what == less)
    settings = cluster.user(next(cases).user)
    given = {
        "BROKERS": settings.brokers[0],
        "PREFIX": settings.prefix,
        "TLS": "true",
        "TLS_CA": settings.tls_ca,
        "SASL": "PLAIN",
        "USER": settings.user,
        "PASSWORD": PASSWORD,
    }
    environment = {f"BACKLINKS_KAFKA__{name}": value for name, value in given.items()}
    found = CliRunner(env=environment).invoke(cli, ["admin", "topics", "--check"])
    assert found.exit_code == 1
    assert says in found.stderr
    assert "missing" not in found.output


DOCUMENTED = {
    "`worker plan`": plan,
    "`worker crawl`": crawl,
    "`worker consume`": consume,
    "`worker archive`": archive,
    "`import`": fill,
    "`admin pause`, `resume`, `suppress`, `frontier`": operate,
    "`status`, `admin doctor`": status,
    "`admin topics --check`, `admin doctor`": check,
    "`admin topics`": create,
    "`admin topics --alter`": alter,
    "`admin deadletters`": replay,
}


@pytest.mark.parametrize("row", DOCUMENTED)
def test_the_docs_list_these_rights_and_no_others(row: str) -> None:
    text = (command.REPOSITORY / "docs" / "cluster.md").read_text()
    (cells,) = re.findall(rf"^\| {re.escape(row)} \|(.*)\|(.*)\|$", text, re.MULTILINE)
    found = {
        right
        for where, cell in zip(("TOPIC", "GROUP"), cells, strict=True)
        for part in cell.split(";")
        for right in listed(where, part)
    }
    assert found == {right for least in LEAST[DOCUMENTED[row]] for right in spelled_out(least)}


def test_every_row_of_the_docs_is_held_against_a_broker() -> None:
    text = (command.REPOSITORY / "docs" / "cluster.md").read_text()
    table = text.partition("| worker | topics | groups |\n|---|---|---|\n")[2].partition("\n\n")[0]
    assert [line.split(" |")[0].removeprefix("| ") for line in table.splitlines()] == [*DOCUMENTED]


def listed(where: str, part: str) -> Iterator[tuple[str, str, str]]:
    """Of `RIGHT, RIGHT NAME, NAME`; without names, of all topics."""
    names = re.findall(r"`([\w.]+)`", part)
    for right in re.findall(r"\b[A-Z]{4,}(?:_[A-Z]+)*\b", re.sub(r"`.*?`", "", part)):
        for name in names or TOPICS:
            yield where, name, right


def spelled_out(right: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    where, name, what = right
    return [(where, each, what) for each in ([name] if name else TOPICS)]
