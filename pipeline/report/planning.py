"""`backlinks worker plan`: requests for what is due, once or for ever."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import click

from pipeline.control import Controls
from pipeline.follow import follow
from pipeline.frontier.once import Once
from pipeline.frontier.plan import Planner
from pipeline.log import CRAWL, Log
from pipeline.log.opening import open_log
from pipeline.metrics import PAUSED, REQUESTS_PLANNED, Sample
from pipeline.mirror import Mirror
from pipeline.repeated import Repeated
from pipeline.report.commands import metrics_option, settings_of, worker
from pipeline.report.lines import say
from pipeline.report.seeds import seed_urls
from pipeline.report.starting import started
from pipeline.store.opening import open_to_write

logger = logging.getLogger(__name__)

_PAUSED_S = 1.0  # until a planner looks whether it may go on


class Planning(Repeated):
    """Keeps at most `pages` requests waiting in the log, and counts those it published.

    `controls`: what operators say, kept up with by another thread: mirrored in the store, and what
    is to be done once is done, by whoever plans the `first` slice.
    """

    def __init__(
        self,
        planner: Planner,
        log: Log,
        pages: int,
        interval_s: float,
        controls: Controls | None = None,
        first: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(self.plan, interval_s)
        self.planner, self.log, self.pages = planner, log, pages
        self.controls = Controls() if controls is None else controls
        self.first = first
        self.mirror = Mirror(planner.store, self.controls)
        self.once = Once(planner.store, self.controls)
        self.planned = 0

    def plan(self) -> float | None:
        if self.first():
            self.mirror.write()
            self.once.run()
        if self.controls.paused:
            return _PAUSED_S
        waiting = sum(self.log.lag(CRAWL).values())
        planned = self.planner.plan(self.pages - waiting) if waiting < self.pages else 0
        self.planned += planned
        logger.info("%d requests planned, %d were waiting", planned, waiting)
        return None

    def samples(self) -> Iterator[Sample]:
        yield from super().samples()
        yield Sample(REQUESTS_PLANNED, self.planned)
        yield Sample(PAUSED, int(self.controls.paused))


@worker.command(name="plan")
@click.argument("seeds", nargs=-1, metavar="[SEED]...")
@click.option("--scope", help="site, hops:N, or open. [default: site]")
@click.option(
    "--pages", type=int, help="Requests in the log at most, with those waiting. [default: 1000]"
)
@click.option(
    "--site-pages", type=int, help="URLs of one registered domain at most. [default: 500]"
)
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds from plan to plan, until SIGTERM; 60 suits requests' deadline. [default: once]",
)
@click.option("--contact", help="Needed beyond loopback, as for `worker crawl`.")
@click.option("--connect-to", help="Needed beyond loopback, as for `worker crawl`.")
@metrics_option
@click.pass_context
def worker_plan(
    ctx: click.Context,
    seeds: tuple[str, ...],
    scope: str | None,
    pages: int | None,
    site_pages: int | None,
    every_s: float | None,
    contact: str | None,
    connect_to: str | None,
    metrics_port: int | None,
) -> None:
    """Publish requests for what is due, once or with --every. Embedded, it holds the store alone.

    SEEDs become known and wanted at once. One planner is enough for a cluster.

    \b
    backlinks worker plan example.org --contact https://example.org/bot
    backlinks worker plan --every 60 --scope open --pages 10000 --contact https://example.org/bot
    """
    settings = settings_of(
        ctx,
        plan={"scope": scope, "pages": pages, "site_pages": site_pages},
        crawl={"contact": contact, "connect_to": connect_to},
        metrics={"port": metrics_port},
    )
    urls = seed_urls(seeds, settings)
    with ExitStack() as opened:
        log = opened.enter_context(closing(open_log(settings)))
        start = opened.enter_context(started(settings, log, CRAWL, once=every_s is None))
        store, close = start.patiently(lambda: open_to_write(settings, "backlinks worker plan"))
        opened.callback(close)
        operators = opened.enter_context(closing(start.patiently(lambda: follow(log))))
        planner = Planner(store, log, settings.plan, settings.crawl.delay_s)
        start.patiently(lambda: planner.seed(urls))
        planning = Planning(planner, log, settings.plan.pages, every_s or 0.0, operators.controls)
        if every_s is None:
            planning.plan()
        else:
            start.becomes(planning, settings.consume.stop_s)
            planning.run()
    say(f"{planning.planned:,} requests")
