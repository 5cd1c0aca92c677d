"""`backlinks admin doctor`: everything that has to be right, looked at, with what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa

from pipeline.report.admin import admin, topic_options
from pipeline.report.bounded import begun, leave
from pipeline.report.commands import form_options, put, settings_of
from pipeline.report.doctor_log import of_brokers, of_log, of_topics
from pipeline.report.doctor_store import of_store, room
from pipeline.report.finding import Finding, guarded
from pipeline.report.output import safe
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.log.topics import Topic

_ALL_S = 15.0  # then what has not answered is told as that
_CONNECT_S = 9.0  # of that, for all hosts of the store in turn


@admin.command()
@topic_options
@form_options
@click.pass_context
def doctor(
    ctx: click.Context,
    /,
    file: Path | None,
    partitions: int | None,
    replication: int | None,
    **out: Any,
) -> None:
    """Check settings, connections, versions, rights, topics, schema, durability, clocks and disk.

    Makes and changes nothing, and says what it can't tell without. Takes 15 seconds at most. Exit
    code 1 where something has to be done before it can be trusted.

    \b
    backlinks admin doctor
    backlinks admin doctor --replication 1      # on a cluster of one broker
    backlinks admin doctor --json
    """
    settings = settings_of(ctx)
    wanted = []
    if settings.kafka.brokers:
        from pipeline.log.topics import read_topics

        wanted = read_topics(file, partitions=partitions, replication=replication)
    looks = [_Look(what, find) for what, find in _looks(settings, wanted).items()]
    wait([look.ended for look in looks], timeout=_ALL_S)
    findings = [finding for look in looks for finding in look.so_far()]
    put(pa.Table.from_pylist([found._asdict() for found in findings]), **out)
    for found in findings:
        if found.state in ("warning", "error"):
            said = f"backlinks: {found.what}: {found.found}; {found.advice}"
            click.echo(safe(said), err=True)
    code = 1 if any(found.state == "error" for found in findings) else 0
    if not all(look.ended.done() for look in looks):
        leave(code)
    ctx.exit(code)


class _Look:
    """Under way from the start, in a thread of its own."""

    def __init__(self, what: str, find: Callable[[], Iterator[Finding]]) -> None:
        self.what, self._find = what, find
        self._found: list[Finding] = []
        self.ended: Future[None] = begun(self._run)

    def _run(self) -> None:
        for finding in guarded(self.what, self._find):
            self._found.append(finding)

    def so_far(self) -> list[Finding]:
        """With one that says so where it has not ended."""
        if self.ended.done():
            self.ended.result()
            return self._found
        late = Finding(
            self.what,
            "error",
            f"no answer in {_ALL_S:g} s",
            "look at what it runs on, and at the network between",
        )
        return [*self._found, late]


def _looks(settings: Settings, wanted: list[Topic]) -> dict[str, Callable[[], Iterator[Finding]]]:
    """By name, in the order in which they are told."""
    return {
        "settings": lambda: _here(settings),
        "log": lambda: _log(settings, wanted),
        "store": lambda: of_store(_hurried(settings)),
    }


def _here(settings: Settings) -> Iterator[Finding]:
    yield Finding("backlinks", "ok", version("backlink-index"))
    yield contact(settings)
    if not (settings.kafka.brokers and settings.store.hosts):
        yield _disk(settings)


def contact(settings: Settings) -> Finding:
    if settings.crawl.contact:
        return Finding("contact", "ok", settings.crawl.contact)
    return Finding(
        "contact", "warning", "none", "set crawl.contact: spiders fetch nothing beyond loopback"
    )


def _log(settings: Settings, wanted: list[Topic]) -> Iterator[Finding]:
    """Who does not answer is not asked by the library, which would try for long."""
    if settings.kafka.brokers:
        from pipeline.log.brokers import greet

        brokers = greet(settings.kafka)
        yield from of_brokers(brokers)
        if not any(broker.answers for broker in brokers):
            return
        yield from guarded("topics", lambda: of_topics(settings, wanted))
    yield from guarded("log", lambda: of_log(settings))


def _hurried(settings: Settings) -> Settings:
    """With no more patience than there is time."""
    store = settings.store
    connect_s = min(store.connect_s, _CONNECT_S / max(1, len(store.hosts)))
    hurried = {"connect_s": connect_s, "timeout_s": min(store.timeout_s, _CONNECT_S)}
    return settings.model_copy(update={"store": store.model_copy(update=hurried)})


def _disk(settings: Settings) -> Finding:
    where = settings.data
    while not where.exists() and where != where.parent:
        where = where.parent
    found = shutil.disk_usage(where)
    advice = "free some; a full disk stops `run` with nothing lost"
    return room("disk", found.free, found.total, f" under {settings.data}", advice)
