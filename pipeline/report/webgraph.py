"""`backlinks import graph`: referring domains from a web graph, before anything is crawled."""

from __future__ import annotations

import datetime
import re
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

import click

from pipeline.control import Controls
from pipeline.errors import UsageError
from pipeline.follow import followed
from pipeline.frontier.plan import frontier_rows
from pipeline.index.target import site_of
from pipeline.lists.text import opened
from pipeline.log.opening import open_log
from pipeline.report.commands import form_options, put, settings_of
from pipeline.report.importing import import_
from pipeline.report.lines import say
from pipeline.report.output import safe
from pipeline.report.progress import Progress
from pipeline.store import Store, Value, sql
from pipeline.store.opening import open_to_write
from pipeline.webgraph.join import Graph
from pipeline.webgraph.write import Named, Written, best_referrers, write_pairs, write_ranks

_DAY = click.DateTime(["%Y-%m-%d"])
_ENDING = re.compile(r"[-_.]?(?:domain-|host-)?(?:vertices|edges).*")
_MOST_TARGETS = 1_000
_SEEDS_AT_ONCE = 10_000


class _Files(NamedTuple):
    vertices: tuple[str, ...]
    edges: tuple[str, ...]
    ranks: tuple[str, ...]


@import_.command(name="graph")
@click.option(
    "--vertices",
    multiple=True,
    required=True,
    metavar="FILE",
    help="Lines of id, reversed host; several files in order.",
)
@click.option(
    "--edges",
    multiple=True,
    required=True,
    metavar="FILE",
    help="Lines of id from, id to; several files in order.",
)
@click.option("--ranks", multiple=True, metavar="FILE", help="Ranks of the graph's domains.")
@click.option(
    "--to", "to", multiple=True, required=True, metavar="DOMAIN", help="Whose referring domains."
)
@click.option("--graph", "name", help="Name of the graph. [default: of the vertices' file]")
@click.option("--date", type=_DAY, help="Date of the graph. [default: the file's time]")
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Make the home pages of the N best known to the crawl, and want them now.",
)
@form_options
@click.pass_context
def graph(
    ctx: click.Context,
    /,
    vertices: tuple[str, ...],
    edges: tuple[str, ...],
    ranks: tuple[str, ...],
    to: tuple[str, ...],
    name: str | None,
    date: datetime.datetime | None,
    seed: int,
    form: str | None,
    output: Path | None,
) -> None:
    """Take a domain's referring domains from a web graph in Common Crawl's text format.

    Files are plain or gzip, here or at an http(s) or s3 URL, of domains or of hosts. They are
    streamed: memory stays flat, however large the graph. No page is seen: `backlinks refs
    --state unverified` shows them, with the graph's name. Embedded, it holds the store alone.

    \b
    backlinks import graph --vertices v.txt.gz --edges e.txt.gz --to example.org
    backlinks import graph --vertices v.txt --edges e.txt --ranks r.txt --to example.org --seed 1000
    """
    settings = settings_of(ctx)
    files = _Files(vertices, edges, ranks)
    named = _named(files, to, name, date)
    done, started = Written(), time.monotonic()
    web = Graph(files.vertices, files.edges)
    with ExitStack() as open_:
        store, close = open_to_write(settings, "backlinks import graph", serve=True)
        open_.callback(close)
        log = open_.enter_context(closing(open_log(settings)))
        controls = open_.enter_context(followed(log))
        with Progress() as progress:
            _write(store, web, files, named, controls, done, progress)
        for line in _told(web, done, time.monotonic() - started):
            say(line)
        if seed:
            say(f"{seeded(store, named, seed):,} home pages are wanted. Next: backlinks run")
        where: dict[str, Value] = {"graph": named.graph, "targets": named.targets}
        put(store.query(sql("pipeline/webgraph/counts"), where), form, output)


def _named(
    files: _Files, to: tuple[str, ...], name: str | None, date: datetime.datetime | None
) -> Named:
    targets = sorted({site_of(each) for each in to})
    if len(targets) > _MOST_TARGETS:
        raise UsageError(f"--to was given {len(targets):,} domains; {_MOST_TARGETS:,} is the most")
    if "-" in (*files.vertices, *files.edges, *files.ranks):
        raise UsageError("a graph can't come from stdin: its files are read more than once")
    first = files.vertices[0]
    called = name or _ENDING.sub("", first.rstrip("/").rpartition("/")[2]) or "graph"
    at = int(date.replace(tzinfo=datetime.UTC).timestamp() * 1000) if date else _changed_ms(first)
    return Named(called[:100], min(at, int(time.time() * 1000)), targets)


def _changed_ms(where: str) -> int:
    found = opened(where)
    found.file.close()
    return found.changed_ms


def _write(
    store: Store,
    web: Graph,
    files: _Files,
    named: Named,
    controls: Controls,
    done: Written,
    progress: Progress,
) -> None:
    def going(what: str) -> Any:
        return lambda: f"{what}: {web.counted.lines:,} lines, {done.pairs:,} links"

    progress.describe(going("targets"))
    targets = web.targets(named.targets)
    progress.describe(going("edges"))
    write_pairs(store, web.referrers(targets), named, controls, done)
    if files.ranks:
        progress.describe(going("ranks"))
        write_ranks(store, files.ranks, named, web.counted, done)


def _told(web: Graph, done: Written, seconds: float) -> list[str]:
    lines = web.counted.lines
    told = [f"{lines:,} lines in {seconds:,.0f} s, {lines / max(seconds, 0.001):,.0f} a second"]
    if web.counted.damaged:
        told.append(f"left out: {web.counted.damaged:,} lines with another number of columns")
    if web.unknown:
        told.append(f"left out: {web.unknown:,} links from what is no host of the graph")
    if done.barred:
        told.append(f"left out: {done.barred:,} links, suppressed by an operator")
    return [safe(line) for line in told]


def seeded(store: Store, named: Named, most: int) -> int:
    """Wants the home pages of the best; how many."""
    urls, now = best_referrers(store, named, most), int(time.time())
    for start in range(0, len(urls), _SEEDS_AT_ONCE):
        some = urls[start : start + _SEEDS_AT_ONCE]
        store.insert("frontier_in", frontier_rows(some, hops=0, discovered=now, wanted=now))
    return len(urls)
