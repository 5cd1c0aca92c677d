"""`backlinks admin doctor`: everything that has to be right, looked at, with what to do."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import version
from typing import Any, NamedTuple

import click
import pyarrow as pa

from pipeline.errors import BacklinksError
from pipeline.log import Log
from pipeline.log.letters import count_waiting
from pipeline.log.opening import open_log
from pipeline.report.admin import admin
from pipeline.report.commands import form_options, put, settings_of
from pipeline.report.output import safe
from pipeline.settings import Settings
from pipeline.store import Store, rows, sql
from pipeline.store.migrate import migrations
from pipeline.store.opening import open_to_read

_SKEW_MS = 60_000  # at 5 minutes, pages of a spider would be dead letters
_ROOM = 0.1  # of the disk
_PARTS = 1_000  # active parts of a table: at 3,000 ClickHouse refuses inserts


class Finding(NamedTuple):
    """`state`: ok, warning or error. `advice`: what to do, empty where ok."""

    what: str
    state: str
    found: str
    advice: str = ""


@admin.command()
@form_options
@click.pass_context
def doctor(ctx: click.Context, /, **out: Any) -> None:
    """Check settings, connections, versions, topics, schema, durability, clocks and disk.

    Changes nothing. Exit code 1 where something has to be done before it can be trusted.

    \b
    backlinks admin doctor
    backlinks admin doctor --json
    """
    findings = list(examine(settings_of(ctx)))
    put(pa.Table.from_pylist([found._asdict() for found in findings]), **out)
    for found in findings:
        if found.state != "ok":
            said = f"backlinks: {found.what}: {found.found}; {found.advice}"
            click.echo(safe(said), err=True)
    ctx.exit(1 if any(found.state == "error" for found in findings) else 0)


def examine(settings: Settings) -> Iterator[Finding]:
    yield Finding("backlinks", "ok", version("backlink-index"))
    yield _contact(settings)
    if settings.kafka.brokers:
        yield from _guarded("topics", lambda: _topics(settings))
    yield from _guarded("log", lambda: _log(settings))
    yield from _guarded("store", lambda: _store(settings))
    if not (settings.kafka.brokers and settings.store.hosts):
        yield _disk(settings)


def _guarded(what: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except BacklinksError as error:
        yield Finding(what, "error", "can't be used", str(error))


def _contact(settings: Settings) -> Finding:
    if settings.crawl.contact:
        return Finding("contact", "ok", settings.crawl.contact)
    return Finding(
        "contact", "warning", "none", "set crawl.contact: spiders fetch nothing beyond loopback"
    )


def _topics(settings: Settings) -> Iterator[Finding]:
    from pipeline.log.topics import Topics, read_topics

    with closing(Topics(settings.kafka)) as cluster:
        found = cluster.check(read_topics(None))
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


def _log(settings: Settings) -> Iterator[Finding]:
    with closing(open_log(settings)) as log:
        behind = sum(log.lag().values())
        yield Finding("log", "ok", f"{type(log).__name__}, {behind:,} records behind")
        yield _waiting(log)


def _waiting(log: Log) -> Finding:
    dead = count_waiting(log)
    if not dead:
        return Finding("dead letters", "ok", "none")
    return Finding(
        "dead letters", "warning", f"{dead:,}", "look at `backlinks admin deadletters list`"
    )


def _store(settings: Settings) -> Iterator[Finding]:
    store, close = open_to_read(settings, "backlinks admin doctor")
    try:
        (facts,) = rows(store.query(sql("pipeline/report/doctor")))
        yield Finding("store", "ok", f"ClickHouse {facts['version']}, {facts['tables']:,} tables")
        yield _privileges(int(facts["tables"]))
        yield _clock(int(facts["now_ms"]))
        yield _parts(store)
        yield from _durable(store)
    finally:
        close()


def _privileges(seen: int) -> Finding:
    """What may not be seen is not looked at either, for parts and durability."""
    made = 1 + sum(len(migration.statements) for migration in migrations())
    if seen >= made:
        return Finding("privileges", "ok", "every table can be seen")
    return Finding(
        "privileges",
        "error",
        f"{seen:,} of {made:,} tables can be seen",
        "grant this user SELECT on the database, as docs/cluster.md says",
    )


def _clock(theirs: int) -> Finding:
    skew = int(time.time() * 1000) - theirs
    if abs(skew) < _SKEW_MS:
        return Finding("clock", "ok", f"{skew:+,} ms from the store's")
    return Finding(
        "clock", "error", f"{skew:+,} ms from the store's", "set the clocks of all machines by NTP"
    )


def _parts(store: Store) -> Finding:
    (found,) = rows(store.query(sql("pipeline/report/parts")))
    told = f"{found['parts']:,} active at most, in {found['table'] or 'no table'}"
    if found["parts"] < _PARTS:
        return Finding("parts", "ok", told)
    return Finding(
        "parts", "warning", told, "inserts are too small: raise consume.flush_rows and flush_age_s"
    )


def _durable(store: Store) -> Iterator[Finding]:
    from pipeline.store.durable import durability

    missing = durability(store)
    for each in missing:
        yield Finding("durability", "error", "not on disk when acknowledged", each)
    if not missing:
        yield Finding("durability", "ok", "inserts are on disk when acknowledged")


def _disk(settings: Settings) -> Finding:
    where = settings.data
    while not where.exists() and where != where.parent:
        where = where.parent
    room = shutil.disk_usage(where)
    told = f"{room.free / 1e9:,.1f} GB of {room.total / 1e9:,.1f} GB free under {settings.data}"
    if room.free > _ROOM * room.total:
        return Finding("disk", "ok", told)
    return Finding("disk", "warning", told, "free some; a full disk stops `run` with nothing lost")
