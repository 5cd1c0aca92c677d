"""`backlinks import`, and of it `archive`: what the archive kept, back into the log."""

from __future__ import annotations

import datetime
import json
from contextlib import closing
from typing import TYPE_CHECKING

import click

from pipeline.follow import followed
from pipeline.log.opening import open_log
from pipeline.report.commands import cli, settings_of
from pipeline.report.output import safe
from pipeline.report.progress import Progress

if TYPE_CHECKING:
    from pipeline.archive.read import Contents, Imported

_DAY = click.DateTime(["%Y-%m-%d"])


@cli.group(name="import")
def import_() -> None:
    """Put pages into the log from elsewhere than a crawl; `run` or `worker consume` writes rows.

    It may be stopped and run again: what is imported twice changes nothing.
    """


@import_.command()
@click.argument("source")
@click.option("--since", type=_DAY, metavar="DAY", help="First day to read, UTC. [default: all]")
@click.option("--until", type=_DAY, metavar="DAY", help="Last day to read, UTC. [default: all]")
@click.option("--list", "only_list", is_flag=True, help="Tell what there is, and import nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --list: one JSON object.")
@click.pass_context
def archive(
    ctx: click.Context,
    source: str,
    since: datetime.datetime | None,
    until: datetime.datetime | None,
    only_list: bool,
    as_json: bool,
) -> None:
    """Put the pages that `worker archive` kept in SOURCE back into the log.

    SOURCE is a directory, or a URL such as s3://bucket/path. `run` or `worker consume` then writes
    the index from the log. It may be stopped and run again: a page imported twice changes nothing.
    A file that is damaged is named and left out, and the exit code is 1.

    \b
    backlinks import archive kept --list                   # days, pages, sizes, gaps
    backlinks --data rebuilt import archive kept           # all of it, into a new index's log
    backlinks --data rebuilt import archive kept --since 2026-11-20
    backlinks --data rebuilt worker consume                # writes the index; stop it when it idles
    """
    from pipeline.archive.read import Imported, describe, import_pages

    settings = settings_of(ctx)
    first, last = since.date() if since else None, until.date() if until else None
    contents = describe(source, since=first, until=last)
    if only_list:
        _tell_json(contents) if as_json else _tell(contents)
        ctx.exit(1 if contents.damaged else 0)
    done, whole = Imported(), sum(kept.bytes for kept in contents.kept)

    def going() -> str:
        return f"{done.bytes / (whole or 1):.0%}  {done.day}  {done.records:,} pages"

    with closing(open_log(settings)) as log, followed(log) as controls, Progress(going):
        import_pages(source, log, since=first, until=last, done=done, controls=controls)
    _tell_gaps(contents)
    click.echo(_summary(done))
    for damage in done.damaged:
        click.echo(f"backlinks: {safe(str(damage))}", err=True)
    ctx.exit(1 if done.damaged else 0)


def _summary(done: Imported) -> str:
    said = f"{done.records:,} pages of {done.files:,} files are in the log"
    if done.repeated:
        said += f"; {done.repeated:,} were written twice and taken once"
    if done.suppressed:
        said += f"; {done.suppressed:,} are left out, suppressed by an operator"
    if done.future:
        said += f"; {done.future:,} are left out, dated after they came"
    return f"{said}. Next: backlinks worker consume" if done.records else said


def _tell(contents: Contents) -> None:
    click.echo(
        "day         partition  files       pages          bytes  first offset   last offset"
    )
    for kept in contents.kept:
        click.echo(
            f"{kept.day}  {kept.partition:9}  {kept.files:5}  {kept.records:10,}  "
            f"{kept.bytes:13,}  {kept.first:12}  {kept.last:12}"
        )
    pages = sum(kept.records for kept in contents.kept)
    size = sum(kept.bytes for kept in contents.kept)
    click.echo(f"{pages:,} pages in {size:,} bytes")
    _tell_gaps(contents)
    if contents.unfinished:
        click.echo(f"{contents.unfinished:,} files were left by a crash; others have their pages.")
    for damage in contents.damaged:
        click.echo(f"backlinks: {safe(str(damage))}", err=True)


def _tell_gaps(contents: Contents) -> None:
    for partition, first, last in contents.gaps:
        click.echo(
            f"{last - first + 1:,} pages of partition {partition} are in no file: "
            f"offsets {first} to {last}",
            err=True,
        )


def _tell_json(contents: Contents) -> None:
    whole = {
        "kept": [kept._asdict() for kept in contents.kept],
        "gaps": [dict(zip(("partition", "first", "last"), gap, strict=True))
                 for gap in contents.gaps],
        "unfinished": contents.unfinished,
        "damaged": [damage.file for damage in contents.damaged],
    }  # fmt: skip
    click.echo(json.dumps(whole))
