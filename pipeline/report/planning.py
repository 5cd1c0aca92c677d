"""`backlinks worker plan`: requests for what is due, once or for ever."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import click

from pipeline.control import Controls
from pipeline.errors import LogBusy, StoreBusy, StoreRefused
from pipeline.follow import follow
from pipeline.frontier.once import Once
from pipeline.frontier.plan import Planner
from pipeline.frontier.slices import Share
from pipeline.log import CRAWL, REQUESTS, Log
from pipeline.log.opening import open_log
from pipeline.log.settled import unsettled
from pipeline.metrics import PAUSED, REQUESTS_PLANNED, Sample
from pipeline.mirror import Mirror
from pipeline.repeated import Repeated
from pipeline.report.commands import (
    metrics_option,
    plan_flags,
    seed_file_option,
    settings_of,
    site_pages_option,
    worker,
)
from pipeline.report.lines import say
from pipeline.report.named import demand_ports, told_of_barred
from pipeline.report.seed_list import SeedList
from pipeline.report.seeds import file_urls, seed_urls
from pipeline.report.starting import started
from pipeline.store.opening import open_to_write
from pipeline.url import Url

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
            self.obey()
        if self.controls.paused:
            return _PAUSED_S
        waiting = unsettled(self.log, CRAWL, REQUESTS)
        room = self.pages - waiting
        planned = self.planner.plan(room, go_on=self._goes_on) if room > 0 else 0
        self.planned += planned
        logger.info("%d requests planned, %d were waiting", planned, waiting)
        return None

    def obey(self) -> None:
        """What operators say, in the store. A site that can't be forgotten now is no reason to
        plan no other."""
        self.mirror.write()
        try:
            self.once.run()
        except StoreBusy as error:
            self.retries += 1
            logger.warning("what operators asked for once is left to the next turn: %s", error)
        except StoreRefused as error:
            logger.error(
                "what operators asked for once is not done: grant user plan what docs/cluster.md "
                "lists (%s)",
                error,
            )

    def lives(self) -> None:
        """While it waits too, or who joins would wait for this planner's next plan."""
        super().lives()
        if self.planner.share is not None:
            try:
                self.planner.share.poll()
            except LogBusy as error:
                self.retries += 1
                logger.warning("the group of planners is left to the next turn: %s", error)

    def _goes_on(self) -> bool:
        super().lives()  # and no poll: slices that were read are ours until they are published
        return not self.stopping

    def samples(self) -> Iterator[Sample]:
        yield from super().samples()
        yield Sample(REQUESTS_PLANNED, self.planned)
        yield Sample(PAUSED, int(self.controls.paused))


@worker.command(name="plan")
@click.argument("seeds", nargs=-1, metavar="[SEED]...")
@seed_file_option
@click.option("--scope", help="site, hops:N, or open. [default: site]")
@click.option(
    "--pages", type=int, help="Requests in the log at most, with those waiting. [default: 1000]"
)
@site_pages_option
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
    seed_file: Path | None,
    scope: str | None,
    pages: int | None,
    site_pages: int | None,
    every_s: float | None,
    contact: str | None,
    connect_to: str | None,
    metrics_port: int | None,
) -> None:
    """Publish requests for what is due, once or with --every. Embedded, it holds the store alone.

    SEEDs become known and wanted at once. One planner is enough for most clusters; several with
    --every share what is known, and one that dies leaves its share to the others.

    \b
    backlinks worker plan example.org --contact https://example.org/bot
    backlinks worker plan --from seeds.txt --contact https://example.org/bot
    backlinks worker plan --every 60 --scope open --pages 10000 --contact https://example.org/bot
    """
    settings = settings_of(
        ctx,
        plan=plan_flags(scope, pages, site_pages),
        crawl={"contact": contact, "connect_to": connect_to},
        metrics={"port": metrics_port},
    )
    urls = seed_urls(seeds, settings, more=seed_file is not None)
    listed = ctx.with_resource(SeedList(seed_file))

    def named() -> Iterator[Url]:
        return itertools.chain(urls, file_urls(listed, settings))

    for _ in demand_ports(named(), settings):  # before anything is opened, or a part of it seeded
        pass
    with ExitStack() as opened:
        log = opened.enter_context(closing(open_log(settings)))
        start = opened.enter_context(started(settings, log, CRAWL, once=every_s is None))
        store, close = start.patiently(lambda: open_to_write(settings, "backlinks worker plan"))
        opened.callback(close)
        operators = opened.enter_context(closing(start.patiently(lambda: follow(log))))
        share = None
        if every_s is not None:
            share = start.patiently(lambda: Share(log, settings.kafka.member))
            opened.callback(share.close)
        planner = Planner(
            store,
            log,
            settings.plan,
            settings.crawl.delay_s,
            timeout_s=settings.crawl.timeout_s,
            share=share,
        )
        planning = Planning(
            planner,
            log,
            settings.plan.pages,
            every_s or 0.0,
            operators.controls,
            first=share.is_first if share is not None else lambda: True,
        )
        # By whoever has seeds, first or not: what was said before them is not said of them.
        start.patiently(planning.obey)
        # All of them again after a busy store: to want a URL twice is to want it once.
        lives = share.poll if share is not None else lambda: None
        start.patiently(
            lambda: planner.seed(told_of_barred(named(), operators.controls), lives=lives)
        )
        if every_s is None:
            planning.plan()
        else:
            start.becomes(planning, settings.consume.stop_s)
            planning.run()
    say(f"{planning.planned:,} requests")
