"""`backlinks admin pause`, `resume` and `suppress`: said in the log, heard by every worker."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click
import pyarrow as pa

from pipeline.control import Control, covers, name_of
from pipeline.errors import BacklinksError, StoreBusy, StoreError, StoreLocked, UsageError
from pipeline.follow import now_in
from pipeline.index.erase import Erasure, count, erasures, suppressions
from pipeline.log.opening import open_log
from pipeline.mirror import Mirror
from pipeline.report.admin import admin
from pipeline.report.commands import form_options, put, reading, settings_of
from pipeline.report.output import moment, safe
from pipeline.report.saying import (
    Statement,
    heard,
    note_option,
    say_all,
    tell_what_is_covered,
)
from pipeline.settings import Settings
from pipeline.store.marks import Mark


@admin.command()
@note_option
@click.pass_context
def pause(ctx: click.Context, note: str) -> None:
    """Stop all planning and fetching, of every worker, within seconds; until `admin resume`.

    It outlives restarts. Workers stay in their groups and keep what they hold; what was fetched is
    still written to the index.

    \b
    backlinks admin pause --note "the provider complains"
    """
    before = say_all(settings_of(ctx), [Statement("pause", "", 1)], note)
    click.echo("already paused" if before.paused else "paused")


@admin.command()
@note_option
@click.pass_context
def resume(ctx: click.Context, note: str) -> None:
    """Let planning and fetching go on after `admin pause`.

    \b
    backlinks admin resume
    """
    before = say_all(settings_of(ctx), [Statement("pause", "", 0)], note)
    click.echo("resumed" if before.paused else "nothing was paused")


@admin.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--list", "only_list", is_flag=True, help="What is suppressed, and when it was erased."
)
@click.option("--lift", is_flag=True, help="Suppress it no longer. What was erased stays so.")
@click.option("--dry-run", is_flag=True, help="Only count what would be deleted.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@note_option
@form_options
@click.pass_context
def suppress(
    ctx: click.Context,
    /,
    names: tuple[str, ...],
    only_list: bool,
    lift: bool,
    dry_run: bool,
    yes: bool,
    note: str,
    **out: Any,
) -> None:
    """Erase a domain, a host or pages whose path begins so, and take nothing of it in again.

    It is never fetched, consumed, imported or scored again, as source or as target of a link; and
    what the index has is deleted. docs/erasure.md says what keeps it for how long beside.

    \b
    backlinks admin suppress example.org --dry-run
    backlinks admin suppress example.org/people/ --note "request of 3 May"
    backlinks admin suppress --list
    backlinks admin suppress example.org --lift
    """
    settings = settings_of(ctx)
    if only_list and (names or lift or dry_run or yes or note):
        raise UsageError("--list tells of all that is suppressed, and goes with nothing else")
    if lift and dry_run:
        raise UsageError("--lift deletes nothing, so that there is nothing to count: no --dry-run")
    if only_list:
        put(_listed(settings), **out)
        return
    if not names:
        raise UsageError("which? name domains, hosts, or a host and the beginning of a path")
    chosen = list(dict.fromkeys(name_of(name, path=True) for name in names))
    if lift:
        _lift(settings, chosen, note)
        return
    tell_what_is_covered(chosen)
    put(_counted(settings, chosen), **out)
    if dry_run:
        return
    _ask(chosen, yes)
    say_all(settings, [Statement("suppress", name, 1) for name in chosen], note)
    for name in chosen:
        click.echo(f"suppressed: {safe(covers(name))}", err=True)
    click.echo(_erased(settings), err=True)


def _ask(names: Sequence[str], yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here; say --yes, or look first with --dry-run")
    what = "; ".join(covers(name) for name in names)
    if not click.confirm(f"Delete all of this for good: {safe(what)}?", err=True):
        raise BacklinksError("nothing was suppressed or deleted, as you said")


def _lift(settings: Settings, names: Sequence[str], note: str) -> None:
    before = {control.name for control in suppressions(heard(settings))}
    if unknown := [name for name in names if name not in before]:
        raise UsageError(
            f"{', '.join(unknown)} is not suppressed; "
            "`backlinks admin suppress --list` tells what is"
        )
    say_all(settings, [Statement("suppress", name, 0) for name in names], note)
    for name in names:
        click.echo(f"no longer suppressed: {safe(covers(name))}", err=True)


def _counted(settings: Settings, names: Sequence[str]) -> pa.Table:
    """Rows by table, before they are merged."""
    columns = pa.schema([("table", pa.string()), ("rows", pa.int64())])
    try:
        with reading(settings) as store:
            found = [row for row in count(store, names) if row.rows]
    except (StoreLocked, StoreBusy):
        raise
    except StoreError as error:
        if settings.store.hosts:
            raise
        click.echo(f"backlinks: {error}", err=True)  # no index yet: there is nothing to count
        found = []
    return pa.Table.from_pylist([{"table": row.what, "rows": row.rows} for row in found], columns)


def _erased(settings: Settings) -> str:
    """By us where nobody else holds an embedded index; else by who does."""
    if settings.store.hosts:
        return "`worker consume` deletes it now; `backlinks admin suppress --list` tells when"
    from pipeline.store import directory  # loads chDB

    if not (settings.data / directory.STORE).is_dir():
        return "nothing is to be deleted"
    try:
        store, _, close = directory.open_to_write(settings.data, "backlinks admin suppress")
    except StoreLocked as locked:
        return (
            f"process {locked.pid} ({locked.command}) holds the index and deletes it, where it is "
            "`run` or `worker consume`; `backlinks admin suppress --list` tells when"
        )
    log = open_log(settings)
    try:
        controls = now_in(log)
        Mirror(store, controls).write()
        return f"deleted: {Erasure(store, controls).run():,} rows"
    finally:
        log.close()
        close()


_LISTED = pa.schema(
    [
        ("name", pa.string()),
        ("since", pa.timestamp("ms", "UTC")),
        ("erased", pa.timestamp("ms", "UTC")),
        ("covers", pa.string()),
        ("who", pa.string()),
        ("note", pa.string()),
    ]
)


def _listed(settings: Settings) -> pa.Table:
    found = suppressions(heard(settings))
    marks: dict[str, Mark] = {}
    try:
        with reading(settings) as store:
            marks = erasures(store)
    except StoreError as error:
        click.echo(f"backlinks: when it was erased can't be told: {error}", err=True)
    return pa.Table.from_pylist([_row(each, marks.get(each.name)) for each in found], _LISTED)


def _row(control: Control, mark: Mark | None) -> dict[str, Any]:
    done = mark is not None and mark.mark >= control.at
    return {
        "name": control.name,
        "since": moment(control.at),
        "erased": moment(mark.version) if done and mark is not None else None,
        "covers": covers(control.name),
        "who": control.who,
        "note": control.note,
    }
