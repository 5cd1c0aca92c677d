"""What doctor looks at in the log: brokers, topics, clocks, lag and dead letters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from pipeline.control import Controls
from pipeline.follow import now_in
from pipeline.log import CARE, CONTROL, PAGES, REQUESTS, Log
from pipeline.log.letters import count_waiting
from pipeline.log.sqlite import FILE, SqliteLog
from pipeline.report.finding import Finding
from pipeline.report.output import cell, moment
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.log.brokers import Broker
    from pipeline.log.kafka import KafkaLog
    from pipeline.log.topics import Finding as Compared
    from pipeline.log.topics import Topic

SKEW_MS = 60_000  # at 5 minutes, pages of a spider would be dead letters
_OLDEST = (2, 3)  # of Kafka: static membership, and settings of a topic altered one by one


def of_brokers(brokers: list[Broker]) -> Iterator[Finding]:
    """`brokers`: as they greeted us."""
    for broker in brokers:
        what = f"broker {broker.address}"
        told = ".".join(map(str, broker.version))
        if not broker.answers:
            state = "warning" if any(other.answers for other in brokers) else "error"
            yield Finding(what, state, "does not answer", "is it up, and is this its name?")
        elif not broker.version:
            yield Finding(what, "unknown", "answers, and does not tell its version")
        elif broker.version < _OLDEST:
            yield Finding(what, "error", f"Kafka {told}", "upgrade it to 2.3 or later")
        else:
            yield Finding(what, "ok", f"Kafka {told}")
    if any(broker.answers for broker in brokers):
        yield Finding("brokers' disks", "unknown", "not looked at; watch them where brokers run")


def of_topics(settings: Settings, wanted: list[Topic]) -> Iterator[Finding]:
    from pipeline.log.topics import Topics, on_brokers

    with closing(Topics(settings.kafka)) as cluster:
        brokers = cluster.brokers()
        found = cluster.check(on_brokers(wanted, brokers))
    yield from copies(wanted, brokers)
    yield from differences(found)


def copies(wanted: list[Topic], brokers: int) -> Iterator[Finding]:
    asked = max(topic.replication for topic in wanted)
    if asked > brokers:
        yield Finding(
            "copies",
            "warning",
            f"{brokers:,} of {asked:,}, since there are no more brokers",
            f"add brokers, or say --replication {brokers} where that is meant",
        )


def differences(found: list[Compared]) -> Iterator[Finding]:
    missing = sorted({each.topic for each in found if each.state == "missing"})
    for topic in missing:
        yield Finding(f"topic {topic}", "error", "missing", "run `backlinks admin topics`")
    for each in found:
        if each.state in ("differs", "unknown"):
            severe = each.what == "message.timestamp.type"
            yield Finding(
                f"topic {each.topic}",
                "error" if severe and each.state == "differs" else "warning",
                f"{each.what} is {each.found}",
                f"should be {each.wanted}; see `backlinks admin topics --help`",
            )
    if not missing:
        yield Finding("topics", "ok", f"{len({each.topic for each in found})} there")


def of_log(settings: Settings) -> Iterator[Finding]:
    """Embedded, of the file that is there: none is made."""
    if settings.kafka.brokers:
        from pipeline.log.kafka import KafkaLog

        with closing(KafkaLog(settings.kafka)) as log:
            yield from _behind(log)
            yield _taken(log)
        return

    file = settings.data / FILE
    if not file.exists():
        yield Finding("log", "ok", f"none in {settings.data} yet")
        return
    with closing(SqliteLog(file, readonly=True)) as embedded:
        yield from _behind(embedded)


def _behind(log: Log) -> Iterator[Finding]:
    behind = sum(count for (group, _), count in log.lag().items() if group != CARE)
    yield Finding("log", "ok", f"{type(log).__name__}, {behind:,} records behind")
    yield from operators(now_in(log))
    yield dead_letters(count_waiting(log))


def operators(controls: Controls) -> Iterator[Finding]:
    """What is in force, and what nobody heeds."""
    if controls.pause is not None:
        yield Finding(
            "paused",
            "warning",
            f"since {cell(moment(controls.pause.at))} by {controls.pause.who}",
            "run `backlinks admin resume` where that is over",
        )
    if controls.unreadable:
        yield Finding(
            "statements",
            "warning",
            f"{controls.unreadable:,} in topic {CONTROL} can't be read",
            "they are passed over; say again what was meant by `backlinks admin`",
        )


def dead_letters(waiting: int) -> Finding:
    if not waiting:
        return Finding("dead letters", "ok", "none wait")
    return Finding(
        "dead letters",
        "warning",
        f"{waiting:,} wait",
        "look at `backlinks admin deadletters list`, then replay or drop them",
    )


def _taken(log: KafkaLog) -> Finding:
    now = int(time.time() * 1000)
    ahead = [log.taken_after(topic, now + SKEW_MS) for topic in (PAGES, REQUESTS)]
    any_ = any(log.count(topic) for topic in (PAGES, REQUESTS))
    return broker_clock(max((at - now for at in ahead if at is not None), default=None), any_)


def broker_clock(ahead_ms: int | None, records: bool) -> Finding:
    """ahead_ms: of us, of the latest record from a time to come; records: whether there is one."""
    if ahead_ms is not None:
        return Finding(
            "brokers' clock",
            "error",
            f"a record was taken {ahead_ms:+,} ms from now",
            "set the clocks of all machines by NTP",
        )
    if not records:
        return Finding(
            "brokers' clock", "unknown", "no record tells it, and none is written to see"
        )
    return Finding(
        "brokers' clock", "ok", "not ahead of ours; whether it is behind, only writing would tell"
    )
