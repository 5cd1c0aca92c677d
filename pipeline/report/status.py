"""`backlinks status`: what is in the index, and how far each group is behind."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from concurrent.futures import wait
from contextlib import closing
from typing import Any

import click

from pipeline.errors import LogBusy, StoreBusy
from pipeline.follow import now_in
from pipeline.index import questions
from pipeline.log import CARE
from pipeline.log.letters import count_waiting
from pipeline.log.opening import open_log
from pipeline.report.bounded import Answer, begun, leave
from pipeline.report.commands import cli, reading, settings_of
from pipeline.report.output import cell, moment, plain, safe
from pipeline.report.overview import day
from pipeline.settings import Settings
from pipeline.store import sql

_EVERY_S = 2.0
_COUNTED_S = 60.0  # counts of the whole index are at least as old before they are made again ...
_SHARE = 20  # ... and take one part in so many of the time at most
_CLEAR = "\x1b[2J\x1b[H"


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
@click.option(
    "--watch",
    is_flag=True,
    help="Again every two seconds, until Ctrl-C. To count the index reads it whole: that is done "
    "once a minute at most, and the age of the counts is told.",
)
@click.option(
    "--exit-when-healthy",
    "until_healthy",
    is_flag=True,
    help="Wait until store and log answer and no group lags: then count, and exit 0.",
)
@click.option(
    "--max-lag",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Records behind, in all, that still count as healthy.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=float,
    help="Seconds to wait at most, for an answer too: then exit 1. [default: none]",
)
@click.pass_context
def status(
    ctx: click.Context,
    as_json: bool,
    watch: bool,
    until_healthy: bool,
    max_lag: int,
    timeout_s: float | None,
) -> None:
    """What is in the index, and how far each group is behind in each partition.

    Dead letters wait for a person, and are no lag.

    \b
    backlinks status
    backlinks status --json | jq .lag
    backlinks status --watch
    backlinks status --exit-when-healthy --timeout 600 && backlinks score
    """
    look = _Look(settings_of(ctx), _Until(timeout_s))
    try:
        while not _turn(look, as_json, watch, until_healthy, max_lag):
            if look.until.left_s <= 0:
                click.echo("backlinks: not healthy in time", err=True)
                ctx.exit(1)
            time.sleep(min(_EVERY_S, look.until.left_s))
    except _Late:
        late = "not healthy in time" if look.answered else f"no answer within {timeout_s:g} s"
        click.echo(f"backlinks: {late}", err=True)
        leave(1)


def _turn(look: _Look, as_json: bool, watch: bool, until_healthy: bool, max_lag: int) -> bool:
    """Looks once, and tells what it is asked for; whether that was all."""
    waits = watch or until_healthy
    try:
        seen = look.seen()
        healthy = sum(seen["lag"].values()) <= max_lag
        done = healthy if until_healthy else not watch
        if watch or done:
            counts = _counts(look, anew=done, healthy=until_healthy and healthy)
            if watch and sys.stdout.isatty():
                click.echo(_CLEAR, nl=False)
            _tell({**counts, **seen}, as_json)
        return done
    except (StoreBusy, LogBusy) as error:
        if not waits:
            raise
        click.echo(f"backlinks: {error}", err=True)
        return False


def _counts(look: _Look, *, anew: bool, healthy: bool) -> dict[str, Any]:
    try:
        return look.counts(anew=anew)
    except _Late:
        if not healthy:
            raise
        click.echo("backlinks: healthy; there was no time left to count the index", err=True)
        leave(0)


class _Late(Exception):
    """The time that was given is over."""


class _Until:
    """So many seconds from now on, or for ever."""

    def __init__(self, timeout_s: float | None) -> None:
        self.end = None if timeout_s is None else time.monotonic() + timeout_s

    @property
    def left_s(self) -> float:
        return math.inf if self.end is None else self.end - time.monotonic()

    def asked(self, call: Callable[[], Answer]) -> Answer:
        """Its answer. Raises _Late where that takes longer than is left."""
        if self.end is None:
            return call()
        answer = begun(call)
        wait([answer], timeout=max(0.0, self.left_s))
        if not answer.done():
            raise _Late
        return answer.result()


class _Look:
    """What may be asked often, and what reads the whole index."""

    def __init__(self, settings: Settings, until: _Until) -> None:
        self.settings, self.until = settings, until
        self.answered = False
        self._counts: dict[str, Any] = {}
        self._counted, self._took_s = -math.inf, 0.0

    def seen(self) -> dict[str, Any]:
        """How far the groups are behind, once the store answers too."""
        found = self.until.asked(self._seen)
        self.answered = True
        return found

    def _seen(self) -> dict[str, Any]:
        with reading(self.settings) as store:
            store.query(sql("pipeline/report/answers"))
        with closing(open_log(self.settings)) as log:
            lag = {
                f"{group} {partition}": behind
                for (group, partition), behind in sorted(log.lag().items())
                if group != CARE
            }
            paused = now_in(log).pause
            told = None if paused is None else {"since": moment(paused.at), "who": paused.who}
            return {"paused": told, "lag": lag, "dead_letters": count_waiting(log)}

    def counts(self, *, anew: bool) -> dict[str, Any]:
        """counted_s: so many seconds ago."""
        age = time.monotonic() - self._counted
        if anew or age > max(_COUNTED_S, _SHARE * self._took_s):
            began = time.monotonic()
            self._counts = self.until.asked(self._count)
            self._counted = time.monotonic()
            self._took_s, age = self._counted - began, 0.0
        return {**self._counts, "counted_s": round(age)}

    def _count(self) -> dict[str, Any]:
        with reading(self.settings) as store:
            return questions.Index(store).status()


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, default=plain))
        return
    say = click.echo
    lag = found["lag"]
    if found["paused"]:
        since = cell(found["paused"]["since"])
        say(safe(f"paused     since {since} by {found['paused']['who']}: backlinks admin resume"))
    say(f"pages      {found['pages']:,} of {found['domains']:,} domains")
    say(f"links      {found['links']:,} to other domains")
    say(f"frontier   {found['urls']:,} URLs, {found['unfetched']:,} never fetched")
    snapshot = f"newest of {day(found['snapshot'])}" if found["snapshot"] else "none"
    say(f"snapshots  {found['snapshots']:,}, {snapshot}")
    say(f"disk       {cell((found['bytes'] or 0) / 1e6)} MB")
    say(f"lifecycle  {_looks(found)}")
    if found["counted_s"]:
        say(f"counted    {found['counted_s']:,} s ago")
    say(f"lag        {sum(lag.values()):,} records, {found['dead_letters']:,} dead letters")
    for group, behind in by_group(lag).items():
        if sum(behind.values()):
            told = "  ".join(f"{partition} {count:,}" for partition, count in behind.items())
            say(f"  {group:<9}{told}")


def _looks(found: dict[str, Any]) -> str:
    """What the lifecycle job did last, and for how long pages have waited for it."""
    said = "never ran"
    if found["looked_at"]:
        took, ago = cell(found["look_took_ms"] / 1000), found["look_age_ms"] // 1000
        said = f"{found['look_pages']:,} arrivals in {took} s, {ago:,} s ago"
    waiting = found["behind_ms"] // 1000
    return f"{said}; a page waits since {waiting:,} s" if waiting else f"{said}; no page waits"


def by_group(lag: dict[str, int]) -> dict[str, dict[str, int]]:
    """`lag`: records by "GROUP PARTITION"."""
    found: dict[str, dict[str, int]] = {}
    for name, behind in lag.items():
        group, _, partition = name.partition(" ")
        found.setdefault(group, {})[partition] = behind
    return found
