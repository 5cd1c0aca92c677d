"""The composition root: what runs together in which process, and the command line's entry."""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import pyarrow as pa

from consumers.deadletter import DeadLetters
from consumers.loop import Loop
from consumers.pages import PageRows
from pipeline.errors import BacklinksError, BadSeed, UsageError
from pipeline.frontier.plan import Planner
from pipeline.frontier.request import Wanted
from pipeline.index import questions
from pipeline.index.lifecycle import Lifecycle
from pipeline.log import DEAD_PAGES, PAGES, REQUESTS
from pipeline.log.sqlite import SqliteLog
from pipeline.page import Page
from pipeline.quality.score import Snapshot, read_seeds, score
from pipeline.report.output import FORMATS, cell, plain, safe, save, write
from pipeline.report.overview import day, write_overview
from pipeline.report.progress import Progress
from pipeline.settings import Settings, load
from pipeline.store import Store
from pipeline.store.directory import LOG, open_to_read, open_to_write
from pipeline.store.migrate import migrate as migrate_store
from pipeline.store.remote import Server
from pipeline.url import Refused, Url, canonical
from spiders.crawl import GROUP as CRAWL_GROUP
from spiders.crawl import Crawl, with_engine
from spiders.fetch import Fetcher
from spiders.visit import Visitor

CONSUME_GROUP = "consume"
READS = re.compile(r"(?:\s|--.*\n|\()*(?:SELECT|WITH|SHOW|DESC|DESCRIBE|EXPLAIN|EXISTS)\b", re.I)
_IDLE_ROUNDS = 3  # a page that lost a link is wanted again a second later
_DRAIN_S = 60.0
_WINDOW = 1_000  # requests planned ahead

logger = logging.getLogger("backlinks")
Command = TypeVar("Command", bound=Callable[..., Any])


class Run:
    """plan, crawl, consume and the lifecycle job in one process, over one data directory."""

    def __init__(self, settings: Settings, seeds: list[Url], *, again: bool = False) -> None:
        self.settings = settings
        self.store, held, self._close = open_to_write(settings.data, "backlinks run")
        try:
            self.log = SqliteLog(settings.data / LOG)
            self.server = Server(self.store.read_only)
            held.tell(str(self.server.path))
            self.planner = Planner(self.store, self.log, settings.plan, settings.crawl.delay_s)
            if seeds:
                self.planner.seed(seeds)
            if again:
                self.planner.again()
            self.lifecycle = Lifecycle(self.store, settings.revisit.confirm_s)
            self.loop = consumer(self.store, self.log, settings)
            self.crawl = Crawl(self.log, settings.crawl, member="run")
        except BaseException:
            self._close()
            raise
        self.interrupted = False
        self.exhausted = False
        self._errors: list[BaseException] = []

    def run(self) -> None:
        """Until the budget is spent, nothing is due, or `interrupt`. Then everything is written."""
        consuming = threading.Thread(target=self._guarded(self.loop.run), name="consume")
        planning = threading.Thread(target=self._guarded(self._plan), name="plan", daemon=True)
        consuming.start()
        planning.start()
        try:
            self.crawl.run()
        finally:
            self.crawl.stop()
            self._drain(consuming)
            self.loop.stop()
            consuming.join()
            planning.join(timeout=5)
        if self._errors:
            raise self._errors[0]
        self.lifecycle.run()
        age = int((time.time() - self.settings.consume.retention_s) * 1000)
        for topic in (PAGES, REQUESTS):
            self.log.trim(topic, older_than_ms=age)

    def interrupt(self) -> None:
        self.interrupted = True
        self.crawl.stop()

    def close(self) -> None:
        self.server.close()
        self.log.close()
        self._close()

    def describe(self) -> str:
        counts = self.crawl.counts
        bad = sum(counts[o] for o in ("error", "timeout", "blocked", "refused"))
        return (
            f"{counts['pages']:,} of {self.settings.plan.pages:,} pages, "
            f"{counts['links']:,} links, {self.crawl.waiting:,} waiting, {bad:,} failed"
        )

    def _guarded(self, work: Callable[[], None]) -> Callable[[], None]:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised again by `run`
                self._errors.append(error)
                self.crawl.stop()

        return guarded

    def _plan(self) -> None:
        """Requests ahead of the spider, until the budget is spent or nothing is due any more."""
        idle = 0
        next_job = time.monotonic() + self.settings.consume.lifecycle_s
        while not self.interrupted and idle < _IDLE_ROUNDS:
            if self.crawl.counts["pages"] >= self.settings.plan.pages:
                break
            planned = self._plan_once()
            quiet = (
                not planned and not self._behind(CRAWL_GROUP) and not self._behind(CONSUME_GROUP)
            )
            if quiet or time.monotonic() >= next_job:
                self.lifecycle.run()
                next_job = time.monotonic() + self.settings.consume.lifecycle_s
            idle = idle + 1 if quiet else 0
            time.sleep(self.settings.plan.interval_s)
        self.exhausted = idle >= _IDLE_ROUNDS
        self.crawl.stop()

    def _plan_once(self) -> int:
        outstanding = self._behind(CRAWL_GROUP)
        left = self.settings.plan.pages - self.crawl.counts["pages"] - outstanding
        room = _WINDOW - outstanding
        return self.planner.plan(min(left, room)) if min(left, room) > 0 else 0

    def _behind(self, group: str) -> int:
        topic = REQUESTS if group == CRAWL_GROUP else PAGES
        return sum(
            behind
            for (name, partition), behind in self.log.lag().items()
            if name == group and partition.topic == topic
        )

    def _drain(self, consuming: threading.Thread) -> None:
        """What was crawled is written before we go, unless the store can't be written."""
        until = time.monotonic() + _DRAIN_S
        while consuming.is_alive() and self._behind(CONSUME_GROUP) and time.monotonic() < until:
            time.sleep(0.1)


def consumer(store: Store, log: SqliteLog, settings: Settings, member: str = "run") -> Loop:
    """A consumer over this log and store."""
    return Loop(
        log.reader(CONSUME_GROUP, [PAGES], member=member),
        store,
        PageRows(settings.revisit),
        DeadLetters(log, DEAD_PAGES, limit=settings.consume.dead_letters),
        settings.consume,
    )


def seed_urls(seeds: tuple[str, ...], settings: Settings) -> list[Url]:
    """Raises BadSeed; UsageError where a stranger's site would be crawled without a contact."""
    urls = []
    for seed in seeds:
        text = seed if "://" in seed else f"https://{seed}"
        try:
            urls.append(canonical(text, allow_ip=settings.crawl.allow_ip or is_local(text)))
        except Refused as refusal:
            raise BadSeed(seed, refusal.reason) from None
    if any(is_local(url.url) for url in urls) and not (
        settings.crawl.allow_private or settings.crawl.connect_to
    ):
        raise UsageError(
            f"{urls[0].host} is on this machine, and nothing private is fetched unasked; "
            "add --allow-private 127.0.0.0/8"
        )
    beyond = not settings.crawl.connect_to and not all(is_local(url.url) for url in urls)
    if beyond and not settings.crawl.contact:
        raise UsageError(
            "site owners must be able to reach you: add --contact https://YOUR-SITE/ABOUT-THE-BOT"
        )
    return urls


def is_local(text: str) -> bool:
    """Is the URL's host this machine?"""
    host = text.partition("://")[2].partition("/")[0].rpartition("@")[2]
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def local_settings(settings: Settings, urls: list[Url]) -> Settings:
    """With IP addresses taken as hosts where a seed is one."""
    if any(url.host[0] == "[" or url.host.partition(":")[0][-1].isdigit() for url in urls):
        crawl = settings.crawl.model_copy(update={"allow_ip": True})
        return settings.model_copy(update={"crawl": crawl})
    return settings


# --- the command line ---


class Cli(click.Group):
    """One line and an exit code for what goes wrong, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BacklinksError as error:
            click.echo(f"backlinks: {safe(str(error))}", err=True)
            ctx.exit(error.exit_code)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)


@click.group(
    cls=Cli, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="backlink-index")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Data directory. [default: backlinks-data]"
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Settings file. [default: backlinks.toml if it is there]",
)
@click.pass_context
def cli(ctx: click.Context, data: Path | None, config: Path | None) -> None:
    """Your own backlink index: crawl, keep every link with its life, score every domain.

    \b
    backlinks demo                              see all of it on a made web, offline
    backlinks run https://example.org/ --contact https://example.org/bot
    backlinks show example.org                  what links there, how good, and why
    backlinks sql "SELECT * FROM backlinks(domain = 'example.org') LIMIT 5"
    """
    if config is None and Path("backlinks.toml").exists():
        config = Path("backlinks.toml")
    named = os.environ.get("BACKLINKS_CONFIG")
    ctx.obj = {"config": config or (Path(named) if named else None), "data": data}


def settings_of(ctx: click.Context, **sections: dict[str, Any]) -> Settings:
    """File, environment, flags; a flag that was not given says nothing."""
    flags: dict[str, Any] = {
        name: {key: value for key, value in section.items() if value is not None}
        for name, section in sections.items()
    }
    if ctx.obj["data"] is not None:
        flags["data"] = ctx.obj["data"]
    settings = load(ctx.obj["config"], dict(os.environ), flags)
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(settings.log.level.upper())  # Scrapy sets its loggers' levels, not ours
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler])
    return settings


def output_options(command: Command) -> Command:
    """How an answer is written: the same on every question."""
    for option in (
        click.option(
            "--show-sql", is_flag=True, help="Print the SQL and its parameters, and don't run it."
        ),
        click.option(
            "-o",
            "output",
            type=click.Path(path_type=Path),
            help="Write a file: .parquet .csv .json .nl",
        ),
        click.option("--nl", "form", flag_value="nl", help="A JSON object a line."),
        click.option("--json", "form", flag_value="json", help="One JSON array."),
        click.option("--csv", "form", flag_value="csv", help="CSV, as in a pipe."),
        click.option("--table", "form", flag_value="table", help="A table, as on a terminal."),
    ):
        command = option(command)
    return command


def answer(
    ctx: click.Context,
    question: questions.Question,
    form: str | None,
    output: Path | None,
    show_sql: bool,
    hide: frozenset[str] = frozenset(),
) -> None:
    """Asks the store and writes what it says."""
    if show_sql:
        click.echo(question.sql.strip())
        if question.parameters:
            click.echo("-- " + json.dumps(dict(question.parameters)))
        return
    settings = settings_of(ctx)
    with reading(settings) as store:
        batches: Iterator[pa.RecordBatch] = question.stream(store)
        if output is not None:
            count = save(batches, output)
            click.echo(f"{count:,} rows in {output}", err=True)
            return
        chosen = form or ("table" if sys.stdout.isatty() else "csv")
        assert chosen in FORMATS
        if chosen == "table":
            batches = (
                batch.drop_columns([n for n in batch.schema.names if n in hide])
                for batch in batches
            )
        write(batches, form=chosen, to=sys.stdout)


@contextmanager
def reading(settings: Settings) -> Iterator[Store]:
    store, close = open_to_read(settings.data, "backlinks " + " ".join(sys.argv[1:2]))
    try:
        yield store
    finally:
        close()


def crawl_options(command: Command) -> Command:
    for option in (
        click.option(
            "--contact", help="URL or address where site owners reach you; part of the user agent."
        ),
        click.option(
            "--delay",
            "delay_s",
            type=float,
            help="Seconds between requests to a host. [default: 1]",
        ),
        click.option(
            "--timeout", "timeout_s", type=float, help="Seconds for one request. [default: 30]"
        ),
        click.option("--concurrency", type=int, help="Hosts fetched from at once. [default: 64]"),
        click.option(
            "--allow-private",
            multiple=True,
            help="A network beyond the public internet that may be fetched.",
        ),
        click.option(
            "--connect-to", help="ADDRESS:HTTP_PORT:HTTPS_PORT for every host: a web under test."
        ),
    ):
        command = option(command)
    return command


def _crawl_flags(
    contact: str | None,
    delay_s: float | None,
    timeout_s: float | None,
    concurrency: int | None,
    allow_private: tuple[str, ...],
    connect_to: str | None,
) -> dict[str, Any]:
    return {
        "contact": contact, "delay_s": delay_s, "timeout_s": timeout_s, "concurrency": concurrency,
        "allow_private": list(allow_private) or None, "connect_to": connect_to,
    }  # fmt: skip


@cli.command()
@click.argument("seeds", nargs=-1, metavar="SEED...")
@click.option("--scope", help="site, hops:N, or open. [default: site]")
@click.option("--pages", type=int, help="Pages to fetch in this run. [default: 1000]")
@click.option(
    "--site-pages", type=int, help="URLs of one registered domain at most. [default: 500]"
)
@click.option(
    "--confirm",
    "confirm_s",
    type=int,
    help="Seconds until a page that lost a link is looked at again. [default: 86400]",
)
@click.option("--seeds", "trusted", help="File of trusted domains: with it, authority is scored.")
@click.option("--again", is_flag=True, help="Visit every known page again, due or not.")
@click.option("--no-score", is_flag=True, help="Leave the snapshot to `backlinks score`.")
@crawl_options
@click.pass_context
def run(
    ctx: click.Context,
    seeds: tuple[str, ...],
    scope: str | None,
    pages: int | None,
    site_pages: int | None,
    confirm_s: int | None,
    trusted: str | None,
    again: bool,
    no_score: bool,
    **crawl: Any,
) -> None:
    """Crawl, index and score, all in this process, from SEED URLs on.

    Stops when its pages are fetched, when nothing is due, or on Ctrl-C; run it again, with or
    without seeds, and it goes on where it was.

    \b
    backlinks run https://example.org/ --contact https://example.org/bot
    backlinks run example.org --scope hops:1 --pages 5000 --contact me@example.org
    backlinks run                                go on
    backlinks run --again                        visit everything known again

    Defaults: scope site (only the seeds' registered domains), 1,000 pages in all, 500 of one site,
    1 second between requests to a host, robots.txt obeyed, no links to private addresses followed.
    """
    settings = settings_of(
        ctx,
        crawl=_crawl_flags(**crawl),
        plan={"scope": scope, "pages": pages, "site_pages": site_pages},
        revisit={"confirm_s": confirm_s},
        score={"seeds": trusted},
    )
    urls = seed_urls(seeds, settings)
    settings = local_settings(settings, urls)
    trusted_domains = read_seeds(Path(settings.score.seeds)) if settings.score.seeds else []
    runner = Run(settings, urls, again=again)
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: runner.interrupt())
        with Progress(runner.describe) as progress:
            runner.run()
            snapshot = None
            if not no_score and not runner.interrupted:
                snapshot = score(
                    runner.store, settings.score, seeds=trusted_domains, progress=progress.step
                )
        _say_how_it_ended(runner, snapshot, urls)
    finally:
        runner.close()


def _say_how_it_ended(runner: Run, snapshot: Snapshot | None, urls: list[Url]) -> None:
    counts = runner.crawl.counts
    outcomes = ", ".join(
        f"{counts[name]:,} {name}"
        for name in ("ok", "not_modified", "redirect", "gone", "error", "timeout", "robots", "blocked", "refused", "deferred", "skipped")
        if counts[name]
    )  # fmt: skip
    why = (
        "stopped"
        if runner.interrupted
        else ("nothing more is due in this scope" if runner.exhausted else "its budget is spent")
    )
    say = click.echo
    say(
        f"{counts['pages']:,} pages ({outcomes or 'none'}), {counts['links']:,} links to other domains; {why}."
    )
    dead = sum(runner.loop.dead_letters.counts.values())
    if dead:
        say(f"{dead:,} records could not be read and are kept as dead letters.")
    if snapshot is not None:
        say(
            f"Snapshot of {day(snapshot.snapshot)}: {snapshot.domains:,} domains, {snapshot.edges:,} edges."
        )
        if not snapshot.manifest["seeds"]:
            say("Without trusted seeds (--seeds FILE) trust and authority stay unknown.")
    if runner.settings.plan.scope == "site" and urls:
        say(
            "These are links out of your seeds' sites. To see who links to them: crawl the sites "
            "that do\n(more seeds, or --scope hops:1 or open). Lists of known backlinks, web "
            "archives and web graphs\nwill do it too, once this program can import them."
        )
    domain = urls[0].domain if urls else "DOMAIN"
    say(f"Next: backlinks show {domain} · backlinks domains · backlinks run   (goes on)")


@cli.command()
@click.argument("target", metavar="DOMAIN")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
@click.option("--show-sql", is_flag=True, help="Print the SQL of its questions, and don't run it.")
@click.pass_context
def show(ctx: click.Context, target: str, as_json: bool, show_sql: bool) -> None:
    """A domain's backlinks on one screen: how many, how good, from where, what was lost.

    \b
    backlinks show example.org
    backlinks show example.org --json | jq .counts.live
    """
    domain = questions.domain_of(target)
    if show_sql:
        for question in questions.overview_questions(domain).values():
            click.echo(
                question.sql.strip() + "\n-- " + json.dumps(dict(question.parameters)) + "\n"
            )
        return
    with reading(settings_of(ctx)) as store:
        found = questions.Index(store).overview(domain)
    if as_json:
        click.echo(json.dumps(found, default=plain, ensure_ascii=False, indent=2))
        return
    write_overview(found, sys.stdout, width=None if sys.stdout.isatty() else 120)


@cli.command()
@click.argument("target", metavar="DOMAIN")
@click.option("--state", type=click.Choice(questions.STATES), default="live", show_default=True)
@click.option("--limit", type=click.IntRange(0), default=100, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0)
@output_options
@click.pass_context
def links(ctx: click.Context, target: str, state: str, limit: int, offset: int, **out: Any) -> None:
    """The links to a domain, the strongest first.

    \b
    backlinks links example.org
    backlinks links example.org --state lost
    backlinks links example.org --state all --limit 1000000 -o links.parquet
    """
    question = questions.links(target, state=state, limit=limit, offset=offset)
    hide = frozenset({"source_domain", "not_before", "kind", "first_seen"})
    if state == "live":
        hide |= {"state", "lost_by"}
    answer(ctx, question, hide=hide, **out)


@cli.command()
@click.argument("target", metavar="[DOMAIN]", required=False)
@click.option("--limit", type=click.IntRange(0), default=100, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0)
@output_options
@click.pass_context
def domains(ctx: click.Context, target: str | None, limit: int, offset: int, **out: Any) -> None:
    """The domains that link to DOMAIN; without one, all domains of the newest snapshot.

    \b
    backlinks domains example.org
    backlinks domains --limit 20
    backlinks domains --json -o domains.json
    """
    if target is None:
        question = questions.domains(limit=limit, offset=offset)
    else:
        question = questions.referring_domains(target, limit=limit, offset=offset)
    answer(ctx, question, **out)


@cli.command()
@click.argument("url")
@click.option("--to", "to", help="Succeed only if the page links to this domain.")
@click.option("--json", "as_json", is_flag=True, help="The whole page record.")
@crawl_options
@click.pass_context
def check(ctx: click.Context, url: str, to: str | None, as_json: bool, **crawl: Any) -> None:
    """Fetch one page now and tell what a crawl would make of it. Nothing is stored.

    Exit code 0: a complete visit (with --to: the link is there); 1: not; 2: no such URL.

    \b
    backlinks check https://example.org/page --contact me@example.org
    backlinks check https://example.org/page --to mysite.example && echo still there
    """
    settings = settings_of(ctx, crawl=_crawl_flags(**crawl))
    urls = seed_urls((url,), settings)
    settings = local_settings(settings, urls)
    domain = questions.domain_of(to) if to else ""
    page = _visit(urls[0], settings)
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(page), indent=2).decode())
    else:
        _tell(page, domain)
    found = domain in page.external.domain if domain else page.complete
    ctx.exit(0 if found else 1)


def _visit(url: Url, settings: Settings) -> Page:
    pages: list[Page] = []

    async def work(fetcher: Fetcher) -> None:
        crawl = settings.crawl.model_copy(update={"delay_s": min(settings.crawl.delay_s, 1.0)})
        visitor = Visitor(fetcher, crawl)
        pages.append(await visitor.visit(url, Wanted(url=url.url, deadline=1)))

    with_engine(settings.crawl, work)
    return pages[0]


def _tell(page: Page, domain: str) -> None:
    say = click.echo
    status = f", status {page.status}" if page.status else ""
    say(f"{safe(page.url)}: {page.outcome}{status}, {page.request.latency_ms:,} ms")
    if page.outcome == "robots":
        say(f"  forbidden by {page.incomplete}")
    elif page.complete:
        say("  complete: a link that is not on it is not there")
    else:
        say(f"  not complete: {page.incomplete or page.outcome}; no evidence that a link is gone")
    if page.final_url:
        say(f"  leads to {safe(page.final_url)}")
    if page.title:
        say(f"  {safe(page.title)}" + (f" ({page.language})" if page.language else ""))
    robots = ", ".join(part for part in (page.robots_meta, page.robots_header) if part)
    if robots:
        say(f"  robots: {safe(robots)}")
    if page.outcome == "ok" or len(page.external):
        refused = sum(page.refused.values())
        reasons = ", ".join(f"{count} {name}" for name, count in sorted(page.refused.items()))
        say(
            f"  {len(page.internal.target):,} internal links, {len(page.external):,} external, "
            f"{refused:,} refused" + (f" ({reasons})" if reasons else "")
        )
    links = page.external
    for i, target in enumerate(links.target):
        if domain and links.domain[i] != domain:
            continue
        rel = " ".join(
            name
            for bit, name in ((1, "nofollow"), (2, "ugc"), (4, "sponsored"))
            if links.rel[i] & bit
        )
        say(
            f"  {links.kind[i]} {links.position[i]}{' ' + rel if rel else ''} "
            f"{safe(target)} {safe(links.anchor[i])!r}"
        )
    if domain and domain not in links.domain:
        say(f"  no link to {domain}")


@cli.command()
@click.argument("query")
@click.option(
    "-p",
    "parameters",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="For {NAME:Type} in the query.",
)
@output_options
@click.pass_context
def sql(
    ctx: click.Context, query: str, parameters: tuple[tuple[str, str], ...], **out: Any
) -> None:
    """Ask the index in SQL (ClickHouse's). Reads only. docs/schema.md has the tables.

    \b
    backlinks sql "SELECT domain, count() FROM pages GROUP BY domain ORDER BY 2 DESC LIMIT 10"
    backlinks sql "SELECT * FROM backlinks(domain = {d:String})" -p d example.org --csv
    """
    text = sys.stdin.read() if query == "-" else query
    if not READS.match(text):
        raise UsageError(
            "backlinks sql only reads: begin with SELECT, WITH, SHOW, DESCRIBE, EXPLAIN or EXISTS"
        )
    answer(ctx, questions.Ask(text.strip().rstrip(";"), dict(parameters)), **out)


@cli.command(name="score")
@click.option("--seeds", "trusted", help="File of trusted domains, one a line.")
@click.option("--nofollow", is_flag=True, default=None, help="Count nofollow links as edges.")
@click.pass_context
def score_command(ctx: click.Context, trusted: str | None, nofollow: bool | None) -> None:
    """Rank every domain over the links that live, and write a snapshot.

    \b
    backlinks score --seeds trusted.txt
    """
    settings = settings_of(ctx, score={"seeds": trusted, "nofollow": nofollow})
    seeds = read_seeds(Path(settings.score.seeds)) if settings.score.seeds else []
    store, _, close = open_to_write(settings.data, "backlinks score")
    try:
        Lifecycle(store, settings.revisit.confirm_s).run()
        with Progress() as progress:
            snapshot = score(store, settings.score, seeds=seeds, progress=progress.step)
    finally:
        close()
    if snapshot is None:
        raise BacklinksError("there are no pages to score; crawl some with `backlinks run SEED`")
    click.echo(
        f"Snapshot of {day(snapshot.snapshot)}: {snapshot.domains:,} domains, "
        f"{snapshot.edges:,} edges, {snapshot.manifest['seeds_in_graph']:,} of "
        f"{snapshot.manifest['seeds']:,} trusted seeds known."
    )


@cli.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """What is in the index, and how far each worker is behind."""
    settings = settings_of(ctx)
    with reading(settings) as store:
        found = questions.Index(store).status()
    log = SqliteLog(settings.data / LOG)
    lag = {f"{group} {partition}": behind for (group, partition), behind in log.lag().items()}
    found.update(lag=lag, dead_letters=log.count(DEAD_PAGES))
    log.close()
    if as_json:
        click.echo(json.dumps(found, default=plain))
        return
    say = click.echo
    say(f"pages      {found['pages']:,} of {found['domains']:,} domains")
    say(f"links      {found['links']:,} to other domains")
    say(f"frontier   {found['urls']:,} URLs, {found['unfetched']:,} never fetched")
    snapshot = f"newest of {day(found['snapshot'])}" if found["snapshot"] else "none"
    say(f"snapshots  {found['snapshots']:,}, {snapshot}")
    say(f"disk       {cell((found['bytes'] or 0) / 1e6)} MB")
    say(f"lag        {sum(lag.values()):,} records, {found['dead_letters']:,} dead letters")


@cli.command()
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Keep the demo's index in this directory."
)
@click.pass_context
def demo(ctx: click.Context, keep: Path | None) -> None:
    """See all of it: a made web on this machine is crawled twice, scored, and judged.

    No network is used. The web has honest sites, a link farm, bought links, redirects, dead pages,
    challenges, a trap; what was found is held against what was planted.
    """
    from demo.tour import tour

    ctx.exit(0 if tour(keep or Path("backlinks-demo"), say=click.echo) else 1)


@cli.group()
def worker() -> None:
    """One part of `run` as a process of its own. SIGTERM ends it cleanly."""


@worker.command(name="crawl")
@crawl_options
@click.pass_context
def worker_crawl(ctx: click.Context, **crawl: Any) -> None:
    """Fetch what is in the log's requests. Any number of these may run side by side."""
    settings = settings_of(ctx, crawl=_crawl_flags(**crawl))
    if not settings.crawl.contact and not settings.crawl.connect_to:
        seed_urls(("https://example.org/",), settings)
    log = SqliteLog(settings.data / LOG)
    spider = Crawl(log, settings.crawl)
    _until_stopped(spider.stop, spider.run)
    log.close()
    click.echo(f"{spider.counts['pages']:,} pages", err=True)


@worker.command(name="consume")
@click.pass_context
def worker_consume(ctx: click.Context) -> None:
    """Write the log's pages to the store. Embedded, it holds the store alone, like `worker plan`."""
    settings = settings_of(ctx)
    store, held, close = open_to_write(settings.data, "backlinks worker consume")
    server = Server(store.read_only)
    held.tell(str(server.path))
    log = SqliteLog(settings.data / LOG)
    try:
        loop = consumer(store, log, settings, member="")
        _until_stopped(loop.stop, loop.run)
        Lifecycle(store, settings.revisit.confirm_s).run()
    finally:
        server.close()
        log.close()
        close()
    click.echo(f"{loop.pages:,} pages, {loop.links:,} links", err=True)


@worker.command(name="plan")
@click.argument("seeds", nargs=-1, metavar="SEED...")
@click.option("--scope", help="site, hops:N, or open. [default: site]")
@click.option("--pages", type=int, help="Requests to plan at most. [default: 1000]")
@click.option(
    "--site-pages", type=int, help="URLs of one registered domain at most. [default: 500]"
)
@click.option("--contact", help="As of the spiders that will fetch.")
@click.option("--connect-to", help="As of the spiders that will fetch.")
@click.pass_context
def worker_plan(
    ctx: click.Context,
    seeds: tuple[str, ...],
    scope: str | None,
    pages: int | None,
    site_pages: int | None,
    contact: str | None,
    connect_to: str | None,
) -> None:
    """Publish requests for what is due, once, and end. Embedded, it holds the store alone."""
    settings = settings_of(
        ctx,
        plan={"scope": scope, "pages": pages, "site_pages": site_pages},
        crawl={"contact": contact, "connect_to": connect_to},
    )
    urls = seed_urls(seeds, settings) if seeds else []
    store, _, close = open_to_write(settings.data, "backlinks worker plan")
    log = SqliteLog(settings.data / LOG)
    try:
        planner = Planner(store, log, settings.plan, settings.crawl.delay_s)
        if urls:
            planner.seed(urls)
        planned = planner.plan(settings.plan.pages)
    finally:
        log.close()
        close()
    click.echo(f"{planned:,} requests", err=True)


def _until_stopped(stop: Callable[[], None], work: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop())
    work()


@cli.group()
def admin() -> None:
    """Care for the store."""


@admin.command()
@click.pass_context
def migrate(ctx: click.Context) -> None:
    """Bring the store to this program's schema. `run` and the workers do it too."""
    settings = settings_of(ctx)
    store, _, close = open_to_write(settings.data, "backlinks admin migrate")
    try:
        applied = migrate_store(store)
        count = len(store.query("SELECT number FROM migrations FINAL"))
    finally:
        close()
    click.echo(f"at schema {count:04d}" + (f", {len(applied)} applied" if applied else ""))


def main() -> None:
    """The command `backlinks`."""
    cli(prog_name="backlinks")


if __name__ == "__main__":
    main()
