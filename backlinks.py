"""The composition root: what runs together in which process, and the command line's entry."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import click

from consumers.loop import Loop
from consumers.pages import PageRows
from pipeline.control import Controls
from pipeline.follow import PAUSED, follow, followed
from pipeline.frontier.once import Once
from pipeline.frontier.plan import Planner
from pipeline.frontier.waiting import beyond_budgets
from pipeline.index.erase import Erasure
from pipeline.index.lifecycle import LifecycleThread, job_of
from pipeline.lists.verify import Redirects
from pipeline.log import ARCHIVE, CONSUME, CRAWL, DEAD_PAGES, PAGES, REQUESTS, Log, Partition
from pipeline.log.deadletter import DeadLetters
from pipeline.log.opening import open_log
from pipeline.log.settled import unsettled
from pipeline.log.sqlite import SqliteLog
from pipeline.mirror import Mirror
from pipeline.report import admin as _admin
from pipeline.report import asking as _asking
from pipeline.report import control as _control
from pipeline.report import coverage as _coverage
from pipeline.report import disavowing as _disavowing
from pipeline.report import doctor as _doctor
from pipeline.report import formulas as _formulas
from pipeline.report import frontier as _frontier
from pipeline.report import importing as _importing
from pipeline.report import labels as _labels
from pipeline.report import outward as _outward
from pipeline.report import planning as _planning
from pipeline.report import profile as _profile
from pipeline.report import prospects as _prospects
from pipeline.report import query as _query
from pipeline.report import scoring as _scoring
from pipeline.report import snapshots as _snapshots
from pipeline.report import status as _status
from pipeline.report import suggesting as _suggesting
from pipeline.report import webgraph as _webgraph
from pipeline.report.bounded import leave, open_all
from pipeline.report.commands import (
    cli,
    crawl_flags,
    crawl_options,
    metrics_option,
    plan_flags,
    seed_file_option,
    settings_of,
    site_pages_option,
    worker,
)
from pipeline.report.ended import say_how_it_ended, why_it_ended
from pipeline.report.lines import say
from pipeline.report.lists import list_command
from pipeline.report.named import known_settings, local_settings, told_of_barred
from pipeline.report.progress import Progress
from pipeline.report.seed_list import SeedList
from pipeline.report.seeds import file_urls, seed_urls
from pipeline.report.starting import started
from pipeline.report.stopping import interruptible, on_signal
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.durable import demand_durable
from pipeline.store.opening import open_to_write
from pipeline.url import Url
from spiders import check as _check
from spiders.archive import command as _warc

# Scrapy and numba take two seconds to import, and who asks a question needs neither: they are
# imported where they are used.

_COMMANDS = (  # imported for the commands that they add
    _admin, _asking, _check, _control, _coverage, _disavowing, _doctor, _formulas, _frontier,
    _importing, _labels, _outward, _planning, _profile, _prospects, _query, _scoring, _snapshots,
    _status, _suggesting, _warc, _webgraph,
)  # fmt: skip
_IDLE_S = 3.0  # a page that lost a link is wanted again a second later
_DRAIN_S = 60.0
_WINDOW = 1_000  # requests planned ahead
_ENOUGH = 3 * _WINDOW // 4

logger = logging.getLogger("backlinks")


class Run:
    """plan, crawl, consume and the lifecycle job in one process, over one data directory."""

    def __init__(
        self,
        settings: Settings,
        seeds: Iterable[Url],
        *,
        again: bool = False,
        only: Redirects | None = None,
    ) -> None:
        """only: nothing but the seeds is fetched, and what this asks for once all of them are."""
        from spiders.crawl import Crawl

        self.started_ms = int(time.time() * 1000)
        self.only = only

        self._open = ExitStack()
        try:
            self.store, close = open_to_write(settings, "backlinks run", serve=True)
            self._open.callback(close)
            self.settings = settings = known_settings(settings, self.store)
            self.log = self._open.enter_context(closing(open_log(settings)))
            self.controls = self._open.enter_context(followed(self.log))
            if isinstance(self.log, SqliteLog):
                self.log.reader(CRAWL, [REQUESTS]).close()  # from now on its lag is known
            self.mirror = Mirror(self.store, self.controls)
            self.once = Once(self.store, self.controls)
            self.mirror.write()
            self.once.run()  # what was said before the seeds is not said of them
            self.planner = Planner(
                self.store,
                self.log,
                settings.plan,
                settings.crawl.delay_s,
                timeout_s=settings.crawl.timeout_s,
            )
            self.planner.only = self.started_ms // 1000 if only else 0
            self.planner.seed(told_of_barred(seeds, self.controls))
            if again:
                self.planner.again()
            self.lifecycle = job_of(self.store, settings)
            self.erasure = Erasure(self.store, self.controls)
            self.loop = consumer(self.store, self.log, settings, controls=self.controls)
            self.crawl = Crawl(self.log, settings.crawl, member="run", controls=self.controls)
        except BaseException:
            self._open.close()
            raise
        self.interrupted = False
        self.exhausted = False
        self._skipped = -1  # requests past their deadline, when leases were last ignored
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
            planning.join()  # it may be in the lifecycle job, which is for one at a time
        if self._errors:
            raise self._errors[0]
        self.obey()
        self.lifecycle.finish()
        if isinstance(self.log, SqliteLog):  # brokers have a retention of their own
            age = int((time.time() - self.settings.consume.retention_s) * 1000)
            for topic in (PAGES, REQUESTS):
                self.log.trim(topic, older_than_ms=age)

    def interrupt(self) -> None:
        self.interrupted = True
        self.crawl.stop()

    def close(self) -> None:
        self._open.close()

    def describe(self) -> str:
        if self.controls.paused:
            return PAUSED
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

    def obey(self) -> None:
        """What operators say, in the store."""
        self.mirror.write()
        self.once.run()
        self.erasure.run()

    def _plan(self) -> None:
        """Requests ahead of the spider, until the budget is spent or nothing is due any more."""
        idle, enough = 0, max(3, int(_IDLE_S / self.settings.plan.interval_s))
        next_job = time.monotonic() + self.settings.consume.lifecycle_s
        while not self.crawl.stopping and idle < enough:
            if self.crawl.counts["pages"] >= self.settings.plan.pages:
                break
            self.obey()
            quiet = not self.controls.paused and self._nothing_is_due()
            if quiet or time.monotonic() >= next_job:
                self.lifecycle.run()
                next_job = time.monotonic() + self.settings.consume.lifecycle_s
            idle = idle + 1 if quiet else 0
            time.sleep(self.settings.plan.interval_s)
        self.exhausted = idle >= enough
        self.crawl.stop()

    def _nothing_is_due(self) -> bool:
        """Nor on its way, once what is due was planned."""
        if self._plan_once() or self._behind(CRAWL) or self._behind(CONSUME):
            return False
        if self._leases_are_stale() and self._plan_once(ignore_leases=True):
            return False
        return not (self.only and self.planner.seed(self.only(self.store, self.started_ms)))

    def _leases_are_stale(self) -> bool:
        """With no request left in the log, URLs leased by a run that died, or whose deadline
        passed, would wait for the lease's end. A host that fails has its wait on purpose."""
        counts, before = self.crawl.counts, self._skipped
        self._skipped = counts["skipped"]
        return self._skipped > before or (before < 0 and not counts["deferred"])

    def _plan_once(self, *, ignore_leases: bool = False) -> int:
        outstanding = unsettled(self.log, CRAWL, REQUESTS)
        left = self.settings.plan.pages - self.crawl.counts["pages"] - outstanding
        pages = min(left, _WINDOW - outstanding)
        # Nearly full it can wait: a plan reads the frontier, however few it is for.
        if pages <= 0 or outstanding > _ENOUGH:
            return 0
        return self.planner.plan(
            pages, ignore_leases=ignore_leases, go_on=lambda: not self.crawl.stopping
        )

    def _behind(self, group: str) -> int:
        return sum(self.log.lag(group).values())

    def _drain(self, consuming: threading.Thread) -> None:
        """What was crawled is written before we go, unless the store can't be written."""
        until = time.monotonic() + _DRAIN_S
        while (
            consuming.is_alive()
            and not self._errors
            and self._behind(CONSUME)
            and time.monotonic() < until
        ):
            time.sleep(0.1)


def consumer(
    store: Store,
    log: Log,
    settings: Settings,
    member: str = "run",
    controls: Controls | None = None,
) -> Loop:
    """A consumer over this log and store. Raises StoreMismatch where it would not keep inserts."""
    if settings.store.hosts and settings.consume.durable:
        demand_durable(store)
    return Loop(
        log.reader(CONSUME, [PAGES], member=member),
        store,
        PageRows(settings.revisit, settings.crawl.ports),
        DeadLetters(log, DEAD_PAGES, limit=settings.consume.dead_letters),
        settings.consume,
        controls=controls,
        background=ThreadPoolExecutor(1, thread_name_prefix="insert"),
    )


# --- the command line ---


@cli.command()
@click.argument("seeds", nargs=-1, metavar="[SEED]...")
@seed_file_option
@click.option("--scope", help="site, hops:N, or open. [default: site]")
@click.option("--pages", type=int, help="Pages to fetch in this run. [default: 1000]")
@site_pages_option
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
    /,
    seeds: tuple[str, ...],
    seed_file: Path | None,
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
    backlinks run                                # goes on
    backlinks run --again                        # visits everything known again

    Defaults: scope site (only the seeds' registered domains), 1,000 pages in all, 500 of one site
    at first, 1 second between requests to a host, robots.txt obeyed, no links to private addresses followed.
    """
    from pipeline.quality.listed import lists_of
    from pipeline.quality.score import score
    from pipeline.quality.steps import beside_of

    settings = settings_of(
        ctx,
        crawl=crawl_flags(**crawl),
        plan=plan_flags(scope, pages, site_pages),
        revisit={"confirm_s": confirm_s},
        score={"seeds": trusted},
    )
    urls = seed_urls(seeds, settings, more=seed_file is not None)
    listed = ctx.with_resource(SeedList(seed_file))
    settings = local_settings(settings, itertools.chain(urls, file_urls(listed, settings)))
    lists = lists_of(settings.score)
    runner = Run(settings, itertools.chain(urls, file_urls(listed, settings)), again=again)
    unscored = False
    try:
        on_signal(runner.interrupt, settings.crawl.timeout_s + _DRAIN_S + settings.consume.stop_s)
        with Progress(runner.describe) as progress:
            runner.run()
            snapshot = None
            try:
                with interruptible():
                    if not no_score and not runner.interrupted:
                        snapshot = score(
                            runner.store,
                            settings.score,
                            seeds=lists.seeds,
                            spam=lists.spam,
                            progress=progress.step,
                            beside=beside_of(settings),
                        )
                        runner.obey()  # what was said while it scored
            except KeyboardInterrupt:
                unscored = True
        why = why_it_ended(
            interrupted=runner.interrupted,
            exhausted=runner.exhausted,
            beyond_budgets=lambda: beyond_budgets(runner.store, settings.plan),
        )
        say_how_it_ended(
            runner.crawl.counts,
            why=why,
            dead=sum(runner.loop.dead_letters.counts.values()),
            snapshot=snapshot,
            domain=urls[0].domain if urls else "",
            inward=settings.plan.scope == "site",
        )
        if unscored:
            say("scoring was interrupted: `backlinks score` goes on from its last whole step")
    finally:
        runner.close()


def fetch_only(
    settings: Settings, pages: Iterable[Url], count: int, tell: Callable[[Store, int], None]
) -> None:
    """Visits these pages, and where they redirect to within their site; then `tell`s what to ask."""
    plan = settings.plan.model_copy(update={"scope": "site", "pages": (1 + count) * 10})
    settings = settings.model_copy(update={"plan": plan})
    with closing(Run(settings, pages, only=Redirects())) as runner:
        on_signal(runner.interrupt, settings.crawl.timeout_s + _DRAIN_S + settings.consume.stop_s)
        with Progress(lambda: f"{runner.crawl.counts['pages']:,} of {count:,} pages"):
            runner.run()
        tell(runner.store, runner.started_ms)


_importing.import_.add_command(list_command(fetch_only))


@cli.command()
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    help="Directory of the demo's index, which is kept. [default: backlinks-demo]",
)
@click.pass_context
def demo(ctx: click.Context, keep: Path | None) -> None:
    """See all of it: a made web on this machine is crawled twice, scored, and judged.

    No network is used. The web has honest sites, a link farm, bought links, redirects, dead pages,
    challenges, a trap; what was found is held against what was planted.

    \b
    backlinks demo
    backlinks demo --keep demo-index
    """
    from demo.tour import tour

    ctx.exit(0 if tour(keep or Path("backlinks-demo"), say=click.echo) else 1)


@worker.command(name="crawl")
@crawl_options
@metrics_option
@click.pass_context
def worker_crawl(ctx: click.Context, /, metrics_port: int | None, **crawl: Any) -> None:
    """Fetch what is in the log's requests. Any number of these may run side by side.

    \b
    backlinks worker crawl --contact https://example.org/bot
    """
    from spiders.crawl import Crawl

    settings = settings_of(ctx, crawl=crawl_flags(**crawl), metrics={"port": metrics_port})
    if not settings.crawl.contact and not settings.crawl.connect_to:
        seed_urls(("https://example.org/",), settings)
    with closing(open_log(settings)) as log, started(settings, log, CRAWL) as start:
        start.patiently(lambda: log.lag(CRAWL))
        with closing(start.patiently(lambda: follow(log))) as operators:
            spider = Crawl(
                log, settings.crawl, member=settings.kafka.member, controls=operators.controls
            )
            start.becomes(spider, settings.crawl.timeout_s)
            spider.run()
    say(f"{spider.counts['pages']:,} pages")


@worker.command(name="consume")
@metrics_option
@click.pass_context
def worker_consume(ctx: click.Context, metrics_port: int | None) -> None:
    """Write the log's pages to the store. Embedded, it holds the store alone.

    \b
    backlinks worker consume
    """
    settings = settings_of(ctx, metrics={"port": metrics_port})
    with ExitStack() as opened:
        log = opened.enter_context(closing(open_log(settings)))
        start = opened.enter_context(started(settings, log, CONSUME))
        store, close = start.patiently(
            lambda: open_to_write(settings, "backlinks worker consume", serve=True)
        )
        opened.callback(close)
        operators = opened.enter_context(closing(start.patiently(lambda: follow(log))))
        controls = operators.controls
        loop = start.patiently(
            lambda: consumer(store, log, settings, settings.kafka.member, controls)
        )
        # One consumer of many does it: whoever has the first partition.
        first = Partition(PAGES, 0)
        mirror, erasure = Mirror(store, controls), Erasure(store, controls)
        jobs = LifecycleThread(
            job_of(store, settings),
            settings.consume.lifecycle_s,
            lambda: first in loop.reader.assigned(),
            lambda: (mirror.write(), erasure.run()),
        )
        start.becomes(loop, settings.consume.stop_s)
        start.tells(jobs.samples)
        jobs.start()
        opened.callback(jobs.stop)
        loop.run()
    say(f"{loop.pages:,} pages, {loop.links:,} links")


@worker.command(name="archive")
@click.option("--to", "archive_to", help="Directory, or URL such as s3://bucket/path.")
@metrics_option
@click.pass_context
def worker_archive(ctx: click.Context, archive_to: str | None, metrics_port: int | None) -> None:
    """Keep the log's pages in files, from which `import` fills a log again.

    Any number of these may run side by side, beside `run` too.

    \b
    backlinks worker archive --to kept
    """
    from consumers.archive import archiver

    settings = settings_of(ctx, archive={"to": archive_to}, metrics={"port": metrics_port})
    with closing(open_log(settings)) as log, started(settings, log, ARCHIVE) as start:
        loop = start.patiently(lambda: archiver(log, settings, settings.kafka.member))
        start.becomes(loop, settings.archive.stop_s)
        loop.run()
    say(f"{loop.records:,} pages, {loop.files:,} files, {loop.bytes:,} bytes")


def main() -> None:
    """The command `backlinks`. All that a command opened it has closed when it ends."""
    open_all()
    try:
        cli(prog_name="backlinks")
    except SystemExit as ended:
        if not isinstance(ended.code, int):
            raise
        leave(ended.code)


if __name__ == "__main__":
    main()
