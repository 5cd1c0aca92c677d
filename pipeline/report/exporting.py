"""The commands that hand a snapshot on: metrics, export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from pipeline.errors import UsageError
from pipeline.index.measured import Measured
from pipeline.index.snapshots import chosen
from pipeline.lists.text import lines, opened, shown
from pipeline.report.commands import cli, form_options, put_batches, reading, settings_of
from pipeline.report.lines import say
from pipeline.report.progress import Progress
from pipeline.report.snapshots import snapshot_option


@cli.command()
@click.argument("file", metavar="FILE")
@snapshot_option
@form_options
@click.pass_context
def metrics(ctx: click.Context, /, file: str, which: str, **out: Any) -> None:
    """Everything that a snapshot has of many domains: a row for each line of FILE, in its order.

    A line is a domain, a host or a URL; - reads stdin. Of a domain that the snapshot has not, the
    row has NULLs; of a line that names none, its domain too. Millions of lines take no more memory
    than a few. docs/features.md tells what the columns mean.

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
        for number, line in enumerate(lines(source, shown(file)), 1):
            if line is None:
                raise UsageError(f"{shown(file)}, line {number} is too long for a domain")
            if line.strip():
                yield line
