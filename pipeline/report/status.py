"""`backlinks status`: what is in the index, and how far each group is behind."""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from typing import Any

import click

from pipeline.errors import LogBusy, StoreBusy
from pipeline.index import questions
from pipeline.log import DEAD_PAGES
from pipeline.log.opening import open_log
from pipeline.report.commands import cli, reading, settings_of
from pipeline.report.output import cell, plain
from pipeline.report.overview import day
from pipeline.settings import Settings

_EVERY_S = 2.0
_CLEAR = "\x1b[2J\x1b[H"


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
@click.option("--watch", is_flag=True, help="Again every two seconds, until Ctrl-C.")
@click.option(
    "--exit-when-healthy",
    "until_healthy",
    is_flag=True,
    help="Wait until store and log answer and no group lags: then exit 0.",
)
@click.option(
    "--max-lag",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Records behind, in all, that still count as healthy.",
)
@click.option("--timeout", type=float, help="Seconds to wait at most: then exit 1. [default: none]")
@click.pass_context
def status(
    ctx: click.Context,
    as_json: bool,
    watch: bool,
    until_healthy: bool,
    max_lag: int,
    timeout: float | None,
) -> None:
    """What is in the index, and how far each group is behind in each partition.

    \b
    backlinks status
    backlinks status --json | jq .lag
    backlinks status --watch
    backlinks status --exit-when-healthy --timeout 600 && backlinks score
    """
    settings = settings_of(ctx)
    until = None if timeout is None else time.monotonic() + timeout
    while True:
        try:
            found = _found(settings)
        except (StoreBusy, LogBusy) as error:
            if not (watch or until_healthy):
                raise
            click.echo(f"backlinks: {error}", err=True)
            found = None
        healthy = found is not None and sum(found["lag"].values()) <= max_lag
        if found is not None and (watch or not until_healthy or healthy):
            if watch and sys.stdout.isatty():
                click.echo(_CLEAR, nl=False)
            _tell(found, as_json)
        if until_healthy and healthy:
            return
        if not (watch or until_healthy):
            return
        if until is not None and time.monotonic() > until:
            click.echo("backlinks: not healthy in time", err=True)
            ctx.exit(1)
        time.sleep(_EVERY_S)


def _found(settings: Settings) -> dict[str, Any]:
    with reading(settings) as store:
        found = questions.Index(store).status()
    with closing(open_log(settings)) as log:
        lag = {f"{group} {partition}": n for (group, partition), n in sorted(log.lag().items())}
        found.update(lag=lag, dead_letters=log.count(DEAD_PAGES))
    return found


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, default=plain))
        return
    say = click.echo
    lag = found["lag"]
    say(f"pages      {found['pages']:,} of {found['domains']:,} domains")
    say(f"links      {found['links']:,} to other domains")
    say(f"frontier   {found['urls']:,} URLs, {found['unfetched']:,} never fetched")
    snapshot = f"newest of {day(found['snapshot'])}" if found["snapshot"] else "none"
    say(f"snapshots  {found['snapshots']:,}, {snapshot}")
    say(f"disk       {cell((found['bytes'] or 0) / 1e6)} MB")
    say(f"lag        {sum(lag.values()):,} records, {found['dead_letters']:,} dead letters")
    for group, behind in by_group(lag).items():
        if sum(behind.values()):
            told = "  ".join(f"{partition} {count:,}" for partition, count in behind.items())
            say(f"  {group:<9}{told}")


def by_group(lag: dict[str, int]) -> dict[str, dict[str, int]]:
    """`lag`: records by "GROUP PARTITION"."""
    found: dict[str, dict[str, int]] = {}
    for name, behind in lag.items():
        group, _, partition = name.partition(" ")
        found.setdefault(group, {})[partition] = behind
    return found
