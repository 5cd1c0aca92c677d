"""The commands that hand a snapshot on: metrics, export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from pipeline.errors import UsageError
from pipeline.export.parquet import KINDS, export_parquet
from pipeline.export.webgraph import export_webgraph
from pipeline.index.measured import Measured
from pipeline.index.snapshots import chosen
from pipeline.lists.text import lines, opened, shown
from pipeline.report.commands import cli, form_options, put_batches, reading, settings_of
from pipeline.report.lines import say
from pipeline.report.progress import Progress
from pipeline.report.snapshots import snapshot_option

Command = TypeVar("Command", bound=Callable[..., Any])


@cli.command()
@click.argument("file", metavar="FILE")
@snapshot_option
@form_options
@click.pass_context
def metrics(ctx: click.Context, /, file: str, which: str, **out: Any) -> None:
    """Everything that a snapshot has of many domains: a row for each line of FILE, in its order.

    A line is a domain, a host or a URL; - reads stdin. Of a domain that the snapshot has not, the
    row has NULLs; of a line that names none, as where a host is no UTF-8, its domain too. Blank
    lines have no row. Millions of lines take no more memory than a few. docs/features.md tells what
    the columns mean.

    \b
    backlinks metrics - < domains.txt > metrics.csv
    backlinks metrics domains.txt.gz -o metrics.parquet
    backlinks metrics domains.txt --snapshot 2026-10-31 --nl
    """
    with reading(settings_of(ctx)) as store:
        found = Measured(store, chosen(store, which).snapshot)
        with Progress(lambda: f"{found.asked:,} domains, {found.known:,} of them known"):
            put_batches(found.batches(_named(file)), found.schema, **out)
    if not found.asked:
        raise UsageError(f"no domains in {shown(file)}; give one a line")
    say(f"{found.known:,} of {found.asked:,} domains are in the snapshot")


def _named(file: str) -> Iterator[str]:
    with opened(file).file as source:
        for number, line in enumerate(lines(source, shown(file), otherwise="utf-8"), 1):
            if line is None:
                raise UsageError(f"{shown(file)}, line {number} is too long for a domain")
            if line.strip():
                yield line


@cli.group()
def export() -> None:
    """Hand a snapshot on: as Parquet for ranking models, as a web graph, as a disavow file."""


def _into(command: Command) -> Command:
    """Where to, and what of."""
    for option in (
        click.option("--replace", is_flag=True, help="Put it in the place of what is there."),
        snapshot_option,
        click.argument("directory", type=click.Path(path_type=Path), metavar="DIRECTORY"),
    ):
        command = option(command)
    return command


@export.command()
@_into
@click.option(
    "--only",
    "kinds",
    type=click.Choice(KINDS),
    multiple=True,
    help="Not all of it; once for each. [default: all]",
)
@click.pass_context
def parquet(
    ctx: click.Context, directory: Path, which: str, replace: bool, kinds: tuple[str, ...]
) -> None:
    """A snapshot as Parquet: every domain's features, the edges between them, the links behind.

    Every linked page's scores too, of the newest snapshot: of older ones they are not kept.

    manifest.json tells what each column means, in which unit, and what NULL says; how it was
    scored; and of each file its rows and SHA-256. DIRECTORY is there whole, or not at all.

    \b
    backlinks export parquet snapshot
    backlinks export parquet features-october --snapshot 2026-10-31 --only features
    """
    with reading(settings_of(ctx)) as store, Progress() as progress:
        found = export_parquet(
            store,
            chosen(store, which),
            directory,
            kinds=kinds or KINDS,
            replace=replace,
            progress=lambda kind, rows: progress.step(f"{kind}: {rows:,} rows"),
        )
    told = ", ".join(f"{file['rows']:,} rows in {name}" for name, file in found["files"].items())
    click.echo(f"{directory}: {told}")


@export.command()
@_into
@click.option("--name", default="", help="How the files' names begin. [default: backlinks-DAY]")
@click.pass_context
def webgraph(ctx: click.Context, directory: Path, which: str, replace: bool, name: str) -> None:
    """A snapshot's graph in Common Crawl's text format: vertices, edges and ranks, packed by gzip.

    What reads their domain graphs reads it, `backlinks import graph` too. Its edges are those that
    count in the ranks. DIRECTORY is there whole, or not at all.

    \b
    backlinks export webgraph graph
    backlinks export webgraph graph --snapshot previous --name my-crawl
    """
    with reading(settings_of(ctx)) as store, Progress() as progress:
        done = export_webgraph(
            store,
            chosen(store, which),
            directory,
            name=name,
            replace=replace,
            progress=lambda what, lines: progress.step(f"{what}: {lines:,} lines"),
        )
    left = f", {done.left_out:,} left out that are no host names" if done.left_out else ""
    click.echo(f"{directory}: {done.vertices:,} domains, {done.edges:,} edges{left}")
