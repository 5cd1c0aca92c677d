"""`backlinks coverage`: what share of a list of known backlinks the index knows."""

from __future__ import annotations

import datetime
import time
from pathlib import Path
from typing import Any

import click

from pipeline.errors import UsageError
from pipeline.lists.coverage import Coverage, known
from pipeline.lists.read import Found
from pipeline.lists.sorting import Sorted
from pipeline.report.commands import cli, form_options, put, reading, settings_of
from pipeline.report.lines import say
from pipeline.report.lists import list_options, options_of, sorted_links
from pipeline.report.output import safe
from pipeline.report.progress import Progress
from pipeline.store import Store


@cli.command()
@click.option(
    "--against", "files", multiple=True, required=True, metavar="FILE",
    help="A list, as `import list` reads it; '-' is stdin.",
)  # fmt: skip
@click.option(
    "--missing", is_flag=True, help="List the pages of links that are not known, one URL a line."
)
@list_options
@form_options
@click.pass_context
def coverage(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    missing: bool,
    to: tuple[str, ...],
    date: datetime.datetime | None,
    order: str | None,
    form: str | None,
    output: Path | None,
    **columns: Any,
) -> None:
    """What share of a list of known backlinks the index knows, by authority and by age.

    Known are links that were seen here, pages that answered a visit, and domains that were seen to
    link; what only a list says is not. Nothing is imported and nothing fetched.

    \b
    backlinks coverage --against ahrefs.csv
    backlinks coverage --against latest-links.csv --to example.org --json
    backlinks coverage --against ahrefs.csv --missing > more.txt    # for `run --from more.txt`
    """
    if missing and (form or output):
        raise UsageError("--missing writes URLs, one a line; direct it into a file")
    settings = settings_of(ctx)
    found = Found()
    options = options_of(settings, to, date, order, columns)
    with sorted_links(files, options, found) as links, reading(settings) as store:
        for line in found.told:
            say(safe(line))
        if missing:
            _tell_missing(store, links)
        else:
            put(_counted(store, links, found).table(), form, output)


def _counted(store: Store, links: Sorted, found: Found) -> Coverage:
    counts, done = Coverage(int(time.time() * 1000)), 0
    with Progress(lambda: f"{done:,} of {found.links:,} links"):
        for one in known(store, links):
            counts.add(one)
            done += 1
    return counts


def _tell_missing(store: Store, links: Sorted) -> None:
    last = None
    for one in known(store, links):
        if not one.is_seen and one.link.page != last:
            last = one.link.page
            click.echo(safe(one.link.url))
