"""`backlinks admin frontier`: what is known and due, and what is said of hosts and domains."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import pyarrow as pa

from pipeline.control import (
    LIFTED,
    ONCE,
    Control,
    Controls,
    covers,
    name_of,
    names_of,
    registered,
)
from pipeline.errors import StoreError, UsageError
from pipeline.frontier.once import done_once
from pipeline.frontier.slices import BUCKETS
from pipeline.report.admin import admin
from pipeline.report.commands import form_options, put, reading, settings_of
from pipeline.report.output import moment, plain, safe
from pipeline.report.saying import (
    Statement,
    heard,
    note_option,
    say_all,
    tell_what_is_covered,
)
from pipeline.settings import Settings
from pipeline.store import Value, rows, sql

_TIME = pa.timestamp("ms", "UTC")
_STATS = ("domain", "known", "fetched", "due", "leased", "failing", "blocked", "hosts")
_STATED = pa.schema(
    [
        ("verb", pa.string()), ("name", pa.string()), ("value", pa.float64()),
        ("since", _TIME), ("who", pa.string()), ("note", pa.string()),
    ]
)  # fmt: skip
_URLS = pa.schema(
    [
        ("url", pa.string()), ("due", _TIME), ("fetched", _TIME), ("outcome", pa.string()),
        ("interval_s", pa.int64()), ("failures", pa.int64()), ("leased_until", _TIME),
    ]
)  # fmt: skip
_NEVER_S = 0xFFFF_FFFF


@admin.group()
def frontier() -> None:
    """What is known and due, and what is said of hosts and domains: block, delay, budget ..."""


# --- looking ---


@frontier.command()
@click.option(
    "--domains", "top", type=click.IntRange(0), default=20, show_default=True,
    help="Of how many domains, those with most URLs.",
)  # fmt: skip
@click.option(
    "--buckets", type=click.IntRange(1, BUCKETS), default=BUCKETS, show_default=True,
    help="How many of the frontier's 1,024 parts are read: the counts are of those alone.",
)  # fmt: skip
@form_options
@click.pass_context
def stats(ctx: click.Context, /, top: int, buckets: int, **out: Any) -> None:
    """How many URLs are known, due, leased, failing and blocked: in all, and by domain.

    What is blocked is what operators say by now, though no worker ran that has heard it.

    Reads the frontier whole, in bounded memory; of a large one say --buckets 16 and multiply by 64.

    \b
    backlinks admin frontier stats
    backlinks admin frontier stats --buckets 16 --domains 0
    """
    settings = settings_of(ctx)
    controls = heard(settings)
    given: dict[str, Value] = {
        "buckets": buckets,
        "now": int(time.time()),
        "rows": top + 1,
        "barred": barred(controls),
    }
    if controls.pause is not None:
        pause = controls.pause
        since = moment(pause.at).strftime("%Y-%m-%d %H:%M")
        click.echo(f"backlinks: paused since {since} by {safe(pause.who)}", err=True)
    with reading(settings) as store:
        found = rows(store.query(sql("pipeline/frontier/stats"), given))
    for row in found:
        row["domain"] = row["domain"] or "(all)"
    put(pa.Table.from_pylist([{name: row[name] for name in _STATS} for row in found]), **out)


def barred(controls: Controls) -> list[str]:
    """Hosts and domains that nothing is asked of: for stats.sql."""
    return [
        control.name
        for control in controls.said()
        if control.verb in ("block", "suppress")
        and not control.is_lifted
        and "/" not in control.name
    ]


@frontier.command(name="list")
@form_options
@click.pass_context
def list_(ctx: click.Context, /, **out: Any) -> None:
    """What operators say and have not lifted, since when, and who said it.

    A requeue or a purge is listed until it is done.

    \b
    backlinks admin frontier list
    """
    settings = settings_of(ctx)
    in_force = [control for control in heard(settings).said() if not control.is_lifted]
    put(_stated(_undone(settings, in_force)), **out)


def _undone(settings: Settings, said: list[Control]) -> list[Control]:
    """Without what was to be done once and is."""
    if not any(control.verb in ONCE for control in said):
        return said
    try:
        with reading(settings) as store:
            done = done_once(store)
    except StoreError as error:
        click.echo(f"backlinks: what is done of it can't be told: {error}", err=True)
        return said
    return [c for c in said if done.get(f"{c.verb} {c.name}", -1) < c.at]


@frontier.command()
@click.argument("name", metavar="HOST_OR_DOMAIN")
@click.option(
    "--limit", type=click.IntRange(0), default=50, show_default=True, help="URLs at most."
)
@form_options
@click.pass_context
def show(
    ctx: click.Context, /, name: str, limit: int, form: str | None, output: Path | None
) -> None:
    """The URLs of a host or domain, those due first, and what is said of it.

    With --json one object; as CSV or in a file the URLs alone.

    \b
    backlinks admin frontier show example.org
    backlinks admin frontier show www.example.org --json | jq .said
    """
    host = name_of(name)
    settings = settings_of(ctx)
    said = _undone(settings, _applying(heard(settings).said(), host))
    domain = registered(host)
    where: dict[str, Value] = {
        "domain": domain,
        "host": "" if host == domain else host,
        "rows": limit,
    }
    with reading(settings) as store:
        found = rows(store.query(sql("pipeline/frontier/urls"), where))
    urls = pa.Table.from_pylist([_url(row) for row in found], _URLS)
    if form == "json" and output is None:
        whole = {"name": host, "covers": covers(host), "said": _stated(said).to_pylist()}
        click.echo(json.dumps({**whole, "urls": rows(urls)}, default=plain, ensure_ascii=False))
        return
    if output is None and (form == "table" or (form is None and sys.stdout.isatty())):
        for control in said:
            click.echo(safe(_told(control)))
    put(urls, form, output)


def _applying(said: Iterable[Control], host: str) -> list[Control]:
    """To the host or, of a domain, to any host below it; a pause is of everything."""
    domain = registered(host)

    def applies(control: Control) -> bool:
        if control.verb == "pause":
            return True
        name = control.name.partition("/")[0]
        return name in names_of(host, domain) or (host == domain == registered(name))

    return [control for control in said if applies(control) and not control.is_lifted]


def _told(control: Control) -> str:
    value = "" if control.value in (0, 1) and control.verb != "delay" else f" {control.value:g}"
    note = f": {control.note}" if control.note else ""
    since = moment(control.at).strftime("%Y-%m-%d %H:%M")
    return f"{control.verb}{value} {control.name} since {since} by {control.who}{note}"


def _stated(controls: Iterable[Control]) -> pa.Table:
    return pa.Table.from_pylist(
        [{**control._asdict(), "since": moment(control.at)} for control in controls], _STATED
    )


def _url(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "url": row["url"],
        "due": _second(row["due_s"]),
        "fetched": _second(row["fetched_s"]),
        "outcome": row["outcome"],
        "interval_s": row["interval_s"] or None,
        "failures": row["failed"],
        "leased_until": _second(row["leased_until"]),
    }


def _second(at: int) -> Any:
    return None if at in (0, _NEVER_S) else moment(at * 1000)


# --- saying ---


def _names(command: Any) -> Any:
    return click.argument("names", nargs=-1, required=True, metavar="NAME...")(note_option(command))


def _say(ctx: click.Context, verb: str, names: tuple[str, ...], value: float, note: str) -> None:
    """In the log, and told once it is there."""
    chosen = list(dict.fromkeys(name_of(name) for name in names))
    if verb == "budget":
        for name in chosen:
            if name != registered(name):
                raise UsageError(f"a budget is of a registered domain: {registered(name)}")
    tell_what_is_covered(chosen)
    before = say_all(settings_of(ctx), [Statement(verb, name, value) for name in chosen], note)
    in_force = {(c.verb, c.name) for c in before.said() if not c.is_lifted}
    lifts = verb in LIFTED and value == LIFTED[verb]
    for name in chosen:
        if lifts and (verb, name) not in in_force:
            click.echo(f"{name} was not {_CALLED[verb]}")
        else:
            click.echo(f"{ctx.info_name}: {safe(covers(name))}")
        if lifts:
            for still in _still(in_force - {(verb, each) for each in chosen}, verb, name):
                click.echo(still)


_CALLED = {
    "block": "blocked",
    "delay": "delayed",
    "budget": "given a budget",
    "priority": "given a priority",
    "suppress": "suppressed",
}


def _still(in_force: set[tuple[str, str]], verb: str, name: str) -> Iterator[str]:
    """What else holds for a name that something was lifted of."""
    for which in (verb, "suppress") if verb == "block" else (verb,):
        for other in names_of(name, registered(name)):
            if (which, other) in in_force:
                by = "" if other == name else f" by {other}"
                yield f"{name} is still {_CALLED[which]}{by}"


@frontier.command()
@_names
@click.pass_context
def block(ctx: click.Context, names: tuple[str, ...], note: str) -> None:
    """Send no request to hosts or domains any more; what is known of them stays.

    `backlinks check`, a person's own request for one page, goes on.

    \b
    backlinks admin frontier block example.org --note "asked us to, 3 May"
    """
    _say(ctx, "block", names, 1, note)


@frontier.command()
@_names
@click.pass_context
def unblock(ctx: click.Context, names: tuple[str, ...], note: str) -> None:
    """Lift a block.

    \b
    backlinks admin frontier unblock example.org
    """
    _say(ctx, "block", names, 0, note)


def _amount(name: str, kind: Any, what: str) -> Callable[[Any], Any]:
    """An option for the amount, or --lift."""

    def decorate(command: Any) -> Any:
        lift = click.option("--lift", is_flag=True, help="Say nothing of it any more.")
        return click.option(name, "value", type=kind, help=what)(lift(command))

    return decorate


def _chosen(value: float | None, lift: bool, lifted: float, option: str) -> float:
    if (value is None) != lift:
        raise UsageError(f"give {option}, or --lift")
    return lifted if value is None else value


@frontier.command()
@_names
@_amount("--seconds", click.FloatRange(0, 86_400), "Between two requests to a host, at least.")
@click.pass_context
def delay(
    ctx: click.Context, names: tuple[str, ...], value: float | None, lift: bool, note: str
) -> None:
    """Leave hosts alone longer between two requests than settings and robots.txt ask for.

    \b
    backlinks admin frontier delay example.org --seconds 10
    backlinks admin frontier delay example.org --lift
    """
    _say(ctx, "delay", names, _chosen(value, lift, -1, "--seconds"), note)


@frontier.command()
@_names
@_amount("--pages", click.IntRange(0, 10**9), "URLs known and fetched of it at most.")
@click.pass_context
def budget(
    ctx: click.Context, names: tuple[str, ...], value: int | None, lift: bool, note: str
) -> None:
    """Set how many pages of a registered domain are fetched, instead of plan.site_pages.

    Requests that are planned already are still made.

    \b
    backlinks admin frontier budget example.org --pages 20000
    """
    _say(ctx, "budget", names, _chosen(value, lift, -1, "--pages"), note)


@frontier.command()
@_names
@_amount("--to", click.IntRange(-10, 10), "From -10, last, to 10, first; 0 as all others.")
@click.pass_context
def priority(
    ctx: click.Context, names: tuple[str, ...], value: int | None, lift: bool, note: str
) -> None:
    """Plan hosts or domains sooner or later than others that are due.

    \b
    backlinks admin frontier priority example.org --to 5
    """
    _say(ctx, "priority", names, _chosen(value, lift, 0, "--to"), note)


@frontier.command()
@_names
@click.pass_context
def requeue(ctx: click.Context, names: tuple[str, ...], note: str) -> None:
    """Want every URL known of hosts or domains again, now; the planner does it within seconds.

    \b
    backlinks admin frontier requeue example.org
    """
    _say(ctx, "requeue", names, 0, note)


@frontier.command()
@_names
@click.pass_context
def purge(ctx: click.Context, names: tuple[str, ...], note: str) -> None:
    """Forget every URL known of hosts or domains, as of a trap; links to them bring some back.

    What a running consumer lately found is not found again until it restarts. The index keeps its
    pages and links: to erase those see `backlinks admin suppress`.

    \b
    backlinks admin frontier purge trap.example.org
    """
    _say(ctx, "purge", names, 0, note)
