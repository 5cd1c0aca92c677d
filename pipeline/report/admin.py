"""`backlinks admin`: what those who run it do now and then."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import click
import pyarrow as pa

from pipeline.errors import BacklinksError, UsageError
from pipeline.log.letters import Letter, Letters
from pipeline.log.opening import open_log
from pipeline.report.commands import cli, form_options, put, put_batches, settings_of
from pipeline.report.output import safe
from pipeline.settings import Settings
from pipeline.store.durable import durability
from pipeline.store.migrate import BOOK, migrations, missing
from pipeline.store.migrate import migrate as migrate_store
from pipeline.store.opening import open_to_check, open_to_migrate
from pipeline.store.shards import Cluster
from pipeline.store.spread import cluster_of, spread_anew
from pipeline.store.views import lacking as lacking_views

_ROWS = 1_000  # of a batch that is written


@cli.group()
def admin() -> None:
    """Care for the store, the topics and the dead letters."""


@admin.command()
@click.option(
    "--check",
    is_flag=True,
    help="Change nothing: say what is missing, and what a power cut could lose.",
)
@click.option("--cluster", help="Spread the tables over this cluster of the servers. [default: ]")
@click.pass_context
def migrate(ctx: click.Context, check: bool, cluster: str | None) -> None:
    """Bring the store to this program's schema. Embedded, `run` and the workers do it too.

    \b
    backlinks --data backlinks-data admin migrate
    backlinks admin migrate --check             # exit code 1 where something is missing
    backlinks admin migrate --cluster main      # the first time, on servers of a cluster
    """
    settings = settings_of(ctx, store={"cluster": cluster})
    if check:
        ctx.exit(1 if _told_what_is_missing(settings) else 0)
    store, close = open_to_migrate(settings, "backlinks admin migrate")
    try:
        spread = cluster_of(store, settings.store) if settings.store.hosts else None
        applied = migrate_store(store, spread)
        anew = spread_anew(store, spread) if spread else 0
        count = len(store.query("SELECT number FROM migrations FINAL"))
    finally:
        close()
    click.echo(
        f"at schema {count:04d}"
        + (f" on cluster {spread.name}" if spread else "")
        + (f", {len(applied)} applied" if applied else "")
        + (f", {anew} tables spread anew" if anew else "")
    )


@admin.command()
@click.option("--cluster", help="As it is told to this cluster of the servers. [default: ]")
@click.pass_context
def schema(ctx: click.Context, cluster: str | None) -> None:
    """Print the statements that `admin migrate` runs. Asks nobody and changes nothing.

    \b
    backlinks admin schema
    backlinks admin schema --cluster main       # what lies on which shard is told by its tables
    """
    settings = settings_of(ctx, store={"cluster": cluster}).store
    if settings.cluster:
        told = Cluster(settings.cluster, settings.database, settings.hot_domains).script()
    else:
        told = chain([BOOK], (each for m in migrations() for each in m.statements))
    for statement in told:
        click.echo(f"{statement};\n")


def _told_what_is_missing(settings: Settings) -> bool:
    store, close = open_to_check(settings, "backlinks admin migrate --check")
    try:
        lacking = missing(store)
        lacking += [f"view {view.name}" for view in lacking_views(store)]
        loose = [] if lacking else durability(store)
    finally:
        close()
    for name in lacking:
        what = name if name.startswith("view ") else f"schema {name}"
        click.echo(f"{what} is missing; run `backlinks admin migrate`")
    for sentence in loose:
        click.echo(sentence)
    return bool(lacking or loose)


def topic_options(command: Any) -> Any:
    """Which topics there should be: see `read_topics`."""
    for option in (
        click.option(
            "--replication",
            type=click.IntRange(1),
            help="Brokers that hold each record, not the file's.",
        ),
        click.option(
            "--partitions", type=click.IntRange(1), help="Of pages and requests, not the file's."
        ),
        click.option(
            "--file",
            type=click.Path(path_type=Path),
            help="Topics. [default: deploy/topics.toml]",
        ),
    ):
        command = option(command)
    return command


@admin.command()
@click.option("--check", is_flag=True, help="Only compare; needs no right to create anything.")
@click.option("--alter", is_flag=True, help="Mend the configuration of topics that are there.")
@topic_options
@form_options
@click.pass_context
def topics(
    ctx: click.Context,
    /,
    check: bool,
    alter: bool,
    file: Path | None,
    partitions: int | None,
    replication: int | None,
    **out: Any,
) -> None:
    """Create the cluster's topics, and compare those that are there with what they should be.

    Exit code 1 where something differs or is missing.

    \b
    backlinks admin topics                      # creates what is missing
    backlinks admin topics --replication 1      # on a cluster of one broker
    backlinks admin topics --check              # changes nothing
    backlinks admin topics --alter              # mends retention, min.insync.replicas ...
    """
    from pipeline.log.topics import Topics, read_topics

    settings = _clustered(settings_of(ctx))
    wanted = read_topics(file, partitions=partitions, replication=replication)
    with closing(Topics(settings.kafka)) as cluster:
        before = cluster.check(wanted)
        missing = {f.topic for f in before if f.state == "missing"}
        differs = {f.topic for f in before if f.state == "differs"}
        if not check:
            cluster.create([t for t in wanted if cluster.names.topic(t.name) in missing])
            if alter:
                cluster.alter([t for t in wanted if cluster.names.topic(t.name) in differs])
        found = before if check else cluster.check(wanted)
    rows = [
        f._replace(state="created") if f.topic in missing and f.state == "ok" else f for f in found
    ]
    put(pa.Table.from_pylist([row._asdict() for row in rows]), **out)
    wrong = [f for f in rows if f.state in ("differs", "missing", "unknown")]
    for finding in wrong:
        click.echo(
            f"backlinks: {finding.topic}: {finding.what} is {finding.found}, "
            f"should be {finding.wanted}",
            err=True,
        )
    ctx.exit(1 if wrong else 0)


def _clustered(settings: Settings) -> Settings:
    if not settings.kafka.brokers:
        raise UsageError(
            "no brokers are named, so the log is a file and has its topics; "
            "set kafka.brokers, or BACKLINKS_KAFKA__BROKERS=host:9092"
        )
    return settings


# --- dead letters ---


@admin.group()
def deadletters() -> None:
    """Records that no consumer could read: kept whole, with where they were and why."""


def _choice(command: Any) -> Any:
    for option in (
        click.option("--reason", help="Only those with this reason, such as version or json."),
        click.option("--limit", type=click.IntRange(1), help="So many at most."),
    ):
        command = option(command)
    return command


@deadletters.command(name="list")
@_choice
@form_options
@click.pass_context
def list_letters(ctx: click.Context, /, reason: str | None, limit: int | None, **out: Any) -> None:
    """Those that were neither replayed nor dropped, oldest first.

    \b
    backlinks admin deadletters list
    backlinks admin deadletters list --reason version --csv
    """
    with _letters(ctx) as letters, closing(_chosen(letters, (), reason, limit)) as chosen:
        put_batches(_rows(chosen), _LISTED, **out)


_LISTED = pa.schema(
    [
        ("id", pa.string()), ("time", pa.timestamp("ms", "UTC")), ("from", pa.string()),
        ("reason", pa.string()), ("detail", pa.string()), ("key", pa.string()),
        ("bytes", pa.int64()),
    ]
)  # fmt: skip


def _rows(letters: Iterable[Letter]) -> Iterator[pa.RecordBatch]:
    """Without the records themselves, which may be large."""
    found = map(_row, letters)
    while rows := list(islice(found, _ROWS)):
        yield pa.RecordBatch.from_pylist(rows, _LISTED)


def _row(found: Letter) -> dict[str, Any]:
    at = datetime.datetime.fromtimestamp(found.record.timestamp_ms / 1000, datetime.UTC)
    return {
        "id": found.id,
        "time": at,
        "from": found.origin,
        "reason": found.reason,
        "detail": found.detail,
        "key": found.record.key.decode("utf-8", "replace"),
        "bytes": len(found.record.value or b""),
    }


@deadletters.command()
@click.argument("name", metavar="ID")
@click.option("--raw", is_flag=True, help="Only the record's bytes, as they were.")
@click.pass_context
def show(ctx: click.Context, name: str, raw: bool) -> None:
    """One dead letter: its headers, and its bytes as text.

    \b
    backlinks admin deadletters show 'pages.dead[0]@12'
    backlinks admin deadletters show 'pages.dead[0]@12' --raw | jq .
    """
    with _letters(ctx) as letters:
        (found,) = _chosen(letters, (name,), None, None)
    value = found.record.value or b""
    if raw:
        sys.stdout.buffer.write(value)
        return
    click.echo(f"{found.id}  from {found.origin}: {found.reason} {safe(found.detail)}")
    for header, content in found.record.headers:
        click.echo(f"  {safe(header)}: {safe(content.decode('utf-8', 'replace'))}")
    click.echo(f"{len(value):,} bytes, the first of them:")
    click.echo(safe(value[:2000].decode("utf-8", "backslashreplace")))


def _which(command: Any) -> Any:
    """Those named, those of a reason, or all."""
    every = click.option("--all", "everything", is_flag=True, help="All that wait.")
    return click.argument("names", nargs=-1, metavar="[ID]...")(_choice(every(command)))


@deadletters.command()
@_which
@click.pass_context
def replay(ctx: click.Context, /, **which: Any) -> None:
    """Publish dead letters again where they came from: after an upgrade that can read them.

    Replayed twice they change nothing. What still can't be read comes back as a new dead letter.

    \b
    backlinks admin deadletters replay --reason version
    backlinks admin deadletters replay 'pages.dead[0]@12'
    backlinks admin deadletters replay --all
    """
    with _chosen_letters(ctx, **which) as (letters, chosen):
        click.echo(f"{letters.replay(chosen):,} replayed")
    _tell_what_waits(ctx, letters)


@deadletters.command()
@_which
@click.pass_context
def drop(ctx: click.Context, /, **which: Any) -> None:
    """Give dead letters up: they are no longer listed. The log's retention deletes them.

    \b
    backlinks admin deadletters drop --reason json
    """
    with _chosen_letters(ctx, **which) as (letters, chosen):
        click.echo(f"{letters.drop(chosen):,} dropped")
    _tell_what_waits(ctx, letters)


def _tell_what_waits(ctx: click.Context, letters: Letters) -> None:
    """Exit code 1 where it is not all that was asked for."""
    for partition, count in sorted(letters.no_room.items()):
        click.echo(
            f"backlinks: {count:,} of {partition} still wait: there is no room to note more of "
            f"them while {letters.oldest(partition)} waits; replay or drop the oldest first",
            err=True,
        )
    if letters.no_room:
        ctx.exit(1)


def _chosen(
    letters: Letters, names: tuple[str, ...], reason: str | None, limit: int | None
) -> Generator[Letter, None, None]:
    """One after the other, since each has its whole record. Raises where one named doesn't wait."""
    _are_there(letters, names, reason)
    wanted = set(names)
    found = (
        each
        for each in letters.waiting()
        if (not names or each.id in wanted) and reason in (None, each.reason)
    )
    with closing(found):
        yield from islice(found, len(wanted) if limit is None and names else limit)


def _are_there(letters: Letters, names: tuple[str, ...], reason: str | None) -> None:
    """Asked before the first of them is replayed or dropped."""
    missing = set(names)
    with closing(letters.waiting()) as waiting:
        while missing and (each := next(waiting, None)) is not None:
            if reason in (None, each.reason):
                missing.discard(each.id)
    if missing:
        raise BacklinksError(
            f"no dead letter waits as {', '.join(sorted(missing))}; "
            "`backlinks admin deadletters list` shows those that do"
        )


@contextmanager
def _chosen_letters(
    ctx: click.Context,
    names: tuple[str, ...],
    reason: str | None,
    limit: int | None,
    everything: bool,
) -> Iterator[tuple[Letters, Iterator[Letter]]]:
    if not (names or reason or everything):
        raise UsageError("which? name IDs as `list` shows them, or give --reason or --all")
    with _letters(ctx) as letters, closing(_chosen(letters, names, reason, limit)) as chosen:
        yield letters, chosen


@contextmanager
def _letters(ctx: click.Context) -> Iterator[Letters]:
    with closing(open_log(settings_of(ctx))) as log, closing(Letters(log)) as letters:
        yield letters
