"""`backlinks snapshots`: which there are, what moved between two, and dropping old ones."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click
import pyarrow as pa

from pipeline.errors import UsageError
from pipeline.index.difference import SCHEMA, Pair, difference
from pipeline.index.question import LIMIT, Question
from pipeline.index.snapshots import NEWEST, PREVIOUS, beyond, chosen, demand_pair, drop, leftovers
from pipeline.index.target import domain_of
from pipeline.report.commands import (
    answer,
    cli,
    form_options,
    output_options,
    put_batches,
    reading,
    settings_of,
)
from pipeline.report.lines import say
from pipeline.report.progress import Progress
from pipeline.store.opening import open_to_write

_SHORT = ("change", "domain", "rank_before", "rank_after", "gained", "lost", "because")

snapshot_option = click.option(
    "--snapshot",
    "which",
    metavar="WHICH",
    default=NEWEST,
    show_default=True,
    help="newest, previous, an id of `backlinks snapshots list`, or the last one up to a day.",
)


@cli.group()
def snapshots() -> None:
    """What `backlinks score` wrote: a snapshot a run, each with all that went into it."""


@snapshots.command(name="list")
@output_options
@click.pass_context
def list_(ctx: click.Context, /, **out: Any) -> None:
    """Every snapshot, the newest first: of what time, how large, with how many seeds.

    \b
    backlinks snapshots list
    backlinks snapshots list --json | jq '.[0].manifest | fromjson'
    """
    answer(ctx, Question("snapshots", {}), hide=frozenset({"manifest", "program"}), **out)


@snapshots.command()
@click.argument("before", default=PREVIOUS, metavar="[BEFORE]")
@click.argument("after", default=NEWEST, metavar="[AFTER]")
@click.option("--of", "domains", multiple=True, metavar="DOMAIN", help="Only this; once for each.")
@click.option(
    "--limit", type=click.IntRange(0), default=LIMIT, show_default=True, help="Rows at most."
)
@form_options
@click.pass_context
def diff(
    ctx: click.Context,
    /,
    before: str,
    after: str,
    domains: tuple[str, ...],
    limit: int,
    form: str | None,
    **out: Any,
) -> None:
    """Which domains moved between two snapshots, by rank, and what caused it.

    A snapshot is `newest`, `previous`, an id of `snapshots list`, or the last one up to a day; the
    older of the two is always the one before. Scores of two snapshots are on no common scale, so
    that nothing is compared but ranks. Those that moved furthest come first: from 10 to 5 is as
    far as from 1,000 to 500.

    \b
    backlinks snapshots diff                                # the last two
    backlinks snapshots diff 2026-10-31 newest --limit 20
    backlinks snapshots diff previous newest --of example.org --json
    """
    names = sorted({domain_of(name) for name in domains})
    with reading(settings_of(ctx)) as store:
        pair = Pair(*demand_pair(store, before, after))
        if chosen(store, before).snapshot != pair.before.snapshot:
            say(f"{before} is after {after}: they are compared in the order of time")
        for told in _told(pair):
            say(told)
        unknown = set(names)
        found = difference(store, pair, names, max(limit, len(names)))
        batches = _without_those_told(unknown, found)
        schema = SCHEMA
        shown = form or ("table" if sys.stdout.isatty() else "csv")
        if shown == "table" and out["output"] is None:
            batches = (batch.select(_SHORT) for batch in batches)
            schema = schema.empty_table().select(_SHORT).schema
        put_batches(batches, schema, form, **out)
        if unknown:
            say(f"neither snapshot knows {', '.join(sorted(unknown))}")


def _without_those_told(
    unknown: set[str], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """The same batches; whom they tell of leaves `unknown`."""
    for batch in batches:
        unknown.difference_update(batch["domain"].to_pylist())
        yield batch


def _told(pair: Pair) -> list[str]:
    by = "authority" if pair.is_seeded else "harmonic centrality, since not both have seeds"
    before, after = pair.before.day, pair.after.day
    if before == after:
        before, after = (f"{one.snapshot} of {one.day}" for one in (pair.before, pair.after))
    lines = [f"from {before} to {after}, by {by}"]
    lines += [f"{what} changed in between, and ranks move for that too" for what in pair.unlike()]
    return lines


@snapshots.command(name="drop")
@click.argument("which", nargs=-1, metavar="[SNAPSHOT]...")
@click.option("--keep", type=click.IntRange(1), help="All but the newest so many.")
@click.option("--dry-run", is_flag=True, help="Only name them.")
@click.pass_context
def drop_(ctx: click.Context, which: tuple[str, ...], keep: int | None, dry_run: bool) -> None:
    """Drop old snapshots with all that was computed for them. The newest stays.

    A snapshot of ten million domains takes gigabytes. What a crash left of one goes too.

    \b
    backlinks snapshots drop --keep 12
    backlinks snapshots drop 1764108512345 --dry-run
    """
    if bool(which) == bool(keep):
        raise UsageError("which? name snapshots, or say with --keep how many stay")
    settings = settings_of(ctx)
    store, close = open_to_write(settings, "backlinks snapshots drop")
    try:
        old = beyond(store, keep) if keep else [chosen(store, one).snapshot for one in which]
        old = sorted({*old, *leftovers(store)})
        if not dry_run:
            with Progress() as progress:
                progress.step("dropping snapshots")
                drop(store, old)
    finally:
        close()
    for snapshot in old:
        click.echo(f"{snapshot} {'would be dropped' if dry_run else 'dropped'}")
    if not old:
        click.echo("nothing to drop")
