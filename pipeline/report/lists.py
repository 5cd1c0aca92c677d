"""`backlinks import list`: known backlinks from others' exports, and whether they are there."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import click

from pipeline.errors import UsageError
from pipeline.follow import followed
from pipeline.index.target import site_of
from pipeline.lists.columns import NAMED
from pipeline.lists.dates import ORDERS
from pipeline.lists.read import Found, Listed, Options, read
from pipeline.lists.records import Crawling, Put, put
from pipeline.lists.sorting import Sorted
from pipeline.lists.verify import OUT, SCHEMA, VERDICTS, verified
from pipeline.log.opening import open_log
from pipeline.report.commands import (
    crawl_flags,
    crawl_options,
    form_options,
    put_batches,
    settings_of,
)
from pipeline.report.lines import say
from pipeline.report.output import SUFFIXES, safe
from pipeline.report.progress import Progress
from pipeline.report.seeds import seed_urls
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.url import Url, canonical

_SHOWN_LEFT = 12  # reasons, the most frequent
_DAY = click.DateTime(["%Y-%m-%d"])


class Fetch(Protocol):
    """Visits these pages and no others, then hands on the store and when that began, in ms."""

    def __call__(
        self,
        settings: Settings,
        pages: Iterable[Url],
        count: int,
        tell: Callable[[Store, int], None],
    ) -> None: ...


def list_options(command: Any) -> Any:
    """How a list is read: alike in every command that reads one."""
    for option in (
        click.option(
            "--to", "to", multiple=True, metavar="DOMAIN",
            help="Only links to this domain; where a list does not say what is linked, it is this.",
        ),
        click.option(
            "--date", type=_DAY,
            help="When the list was made, for links without a date. [default: the file's time]",
        ),
        click.option(
            "--dates", "order", type=click.Choice(ORDERS),
            help="Order of day and month in dates like 3/4/2024. [default: as the list shows]",
        ),
        *(
            click.option(
                f"--{what.replace('_', '-')}-column", f"{what}_column", metavar="NAME",
                help=f"Header of the column, or its number, that says {_SAYS[what]}.",
            )
            for what in NAMED
        ),
    )[::-1]:  # fmt: skip
        command = option(command)
    return command


_SAYS = {
    "source": "which page has the link",
    "target": "what is linked",
    "anchor": "its text",
    "first_seen": "since when",
    "last_seen": "until when it was seen",
    "rel": "its rel",
}


def options_of(
    settings: Settings,
    to: tuple[str, ...],
    date: datetime.datetime | None,
    order: Any,
    columns: dict[str, str | None],
) -> Options:
    named = {what.removesuffix("_column"): name for what, name in columns.items() if name}
    return Options(
        to=tuple(dict.fromkeys(site_of(name) for name in to)),
        date=int(date.replace(tzinfo=datetime.UTC).timestamp() * 1000) if date else 0,
        order=order,
        columns=named,
        allow_ip=settings.crawl.allow_ip,
    )


def sorted_links(files: Iterable[str], options: Options, found: Found) -> Sorted:
    """All links of these lists, by page. To be closed. Raises UsageError."""

    def links() -> Iterator[Listed]:
        for file in files:
            yield from read(file, options, found)

    with Progress(lambda: f"{found.rows:,} rows, {found.links:,} links"):
        return Sorted(links())


def list_command(fetch: Fetch) -> click.Command:
    """The command, once it is known how pages are fetched."""

    @click.command(name="list")
    @click.argument("files", nargs=-1, required=True, metavar="FILE...")
    @list_options
    @click.option("--no-crawl", is_flag=True, help="Leave the pages unknown to the crawl.")
    @click.option(
        "--per-site",
        type=click.IntRange(1),
        default=500,
        show_default=True,
        help="Pages of one registered domain that become known to the crawl.",
    )
    @click.option("--verify", is_flag=True, help="Fetch each page now, and say what was found.")
    @form_options
    @crawl_options
    @click.pass_context
    def list_(
        ctx: click.Context,
        /,
        files: tuple[str, ...],
        to: tuple[str, ...],
        date: datetime.datetime | None,
        order: str | None,
        no_crawl: bool,
        per_site: int,
        verify: bool,
        form: str | None,
        output: Path | None,
        **more: Any,
    ) -> None:
        """Put the links of FILEs into the index: exports of Search Console, Ahrefs, Majestic,
        Semrush or Moz, or any table with a column of URLs. '-' is stdin.

        They are unverified until their pages are fetched: by the next `run`, or at once with
        --verify, which ends with what became of each link. docs/lists.md tells what is read.

        \b
        backlinks import list latest-links.csv --to example.org
        backlinks import list ahrefs.csv majestic.csv.gz
        backlinks import list ahrefs.csv --verify --contact me@example.org -o verified.csv
        backlinks import list other.csv --source-column "Found on" --target-column 3
        """
        columns = {name: more.pop(name) for name in list(more) if name.endswith("_column")}
        settings = settings_of(ctx, crawl=crawl_flags(**more))
        if (form or output) and not verify:
            raise UsageError("without --verify there is no table to write; see `backlinks links`")
        _demand_ending(output)
        if verify:
            seed_urls((), settings, more=True)  # whoever fetches must say who they are
        found = Found()
        crawling = Crawling(0 if no_crawl else per_site)
        with sorted_links(files, options_of(settings, to, date, order, columns), found) as links:
            done = _imported(links, settings, crawling)
            for line in _summary(found, done):
                say(line)
            if verify:
                _verify(fetch, settings, links, done.pages, form, output)
            else:
                click.echo(_next(done))

    return list_


def _demand_ending(output: Path | None) -> None:
    """Before an hour of fetching, and not after."""
    if output is not None and output.suffix.lower() not in SUFFIXES:
        raise UsageError(f"-o {output}: write to a file that ends in {', '.join(SUFFIXES)}")


def _imported(links: Iterable[Listed], settings: Settings, crawling: Crawling) -> Put:
    done = Put()

    def going() -> str:
        return f"{done.pages:,} pages into the log"

    with closing(open_log(settings)) as log, followed(log) as controls, Progress(going):
        put(links, log, controls, crawling, done)
    return done


def _summary(found: Found, done: Put) -> Iterator[str]:
    yield from map(safe, found.told)
    yield f"{found.rows:,} rows, {found.links:,} links on {done.pages:,} pages"
    for reason, count in found.left.most_common(_SHOWN_LEFT):
        yield f"left out: {count:,} {safe(reason)}"
    for reason, count in found.odd.items():
        yield f"{count:,} {reason}"
    if done.barred:
        yield f"left out: {done.barred:,} records, suppressed by an operator"


def _next(done: Put) -> str:
    what = f"{done.records:,} records are in the log"
    if not done.records:
        return what
    if done.to_crawl:
        return f"{what}. Next: backlinks run   (fetches {done.to_crawl:,} of their pages, when due)"
    return f"{what}. Next: backlinks worker consume"


def _verify(
    fetch: Fetch,
    settings: Settings,
    links: Sorted,
    count: int,
    form: str | None,
    output: Path | None,
) -> None:
    counts: Counter[tuple[str, str]] = Counter()

    def tell(store: Store, since_ms: int) -> None:
        put_batches(verified(store, links, since_ms, counts), SCHEMA, form, output)

    fetch(settings, _urls(links), count, tell)
    say(counted(counts))


def counted(counts: Counter[tuple[str, str]]) -> str:
    """The last line, of how often each verdict was given with which reason of `OUT`."""

    def named(names: Iterable[str], place: int) -> str:
        by: Counter[str] = Counter()
        for key, count in counts.items():
            by[key[place]] += count
        return ", ".join(f"{by[name]:,} {name}" for name in names if by[name])

    told = f"{counts.total():,} links: {named(VERDICTS, 0) or 'none'}"
    out = named(OUT, 1)
    return f"{told}; on pages that are left out of search: {out}" if out else told


def _urls(links: Iterable[Listed]) -> Iterator[Url]:
    last = None
    for link in links:
        if link.page != last:
            last = link.page
            yield canonical(link.url, allow_ip=True)
