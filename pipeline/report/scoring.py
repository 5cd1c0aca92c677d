"""`backlinks score`: a snapshot, once or for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from pipeline.errors import BacklinksError
from pipeline.index.lifecycle import job_of
from pipeline.index.snapshots import snapshots
from pipeline.repeated import Repeated
from pipeline.report.commands import cli, metrics_option, settings_of
from pipeline.report.ended import say_what_is_unknown
from pipeline.report.overview import day
from pipeline.report.progress import Progress
from pipeline.report.starting import started
from pipeline.store import Store
from pipeline.store.opening import open_to_write

if TYPE_CHECKING:
    from pipeline.quality.score import Snapshot  # numba takes a second to import

_EMPTY_S = 60.0  # until it looks again where there is no page yet


@cli.command()
@click.option("--seeds", "trusted", help="File of trusted domains, one a line.")
@click.option("--spam", "known_spam", help="File of domains known as spam, one a line.")
@click.option("--nofollow", is_flag=True, default=None, help="Count nofollow links as edges.")
@click.option("--formula", help="Version or file of the formula of spam risk. [default: 2]")
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds from snapshot to snapshot, until SIGTERM. [default: one snapshot]",
)
@metrics_option
@click.pass_context
def score(
    ctx: click.Context,
    trusted: str | None,
    known_spam: str | None,
    nofollow: bool | None,
    formula: str | None,
    every_s: float | None,
    metrics_port: int | None,
) -> None:
    """Rank every domain over the links that live, and write a snapshot.

    Killed or stopped, it goes on from its last whole step when it is run again, as long as no page
    came in meanwhile. It says beforehand where it would take more memory than there is.

    \b
    backlinks score --seeds trusted.txt
    backlinks score --seeds trusted.txt --spam spam.txt
    backlinks score --seeds trusted.txt --every 86400
    backlinks score --seeds trusted.txt --formula my-formula.json
    """
    from pipeline.quality.listed import lists_of
    from pipeline.quality.score import score as write_snapshot
    from pipeline.quality.steps import beside_of

    settings = settings_of(
        ctx,
        score={"seeds": trusted, "spam": known_spam, "nofollow": nofollow, "formula": formula},
        metrics={"port": metrics_port},
    )
    lists = lists_of(settings.score)

    def once(store: Store, lives: Callable[[], None] = lambda: None) -> Snapshot | None:
        job_of(store, settings).run()
        before = {one.snapshot for one in snapshots(store)}
        with Progress() as progress:

            def step(what: str) -> None:
                lives()
                progress.step(what)

            snapshot = write_snapshot(
                store,
                settings.score,
                seeds=lists.seeds,
                spam=lists.spam,
                progress=step,
                beside=beside_of(settings),
            )
        if snapshot is not None:
            _tell(snapshot, settings.score.seeds, replaced=snapshot.snapshot in before)
        return snapshot

    with started(settings, once=every_s is None) as start:
        store, close = start.patiently(lambda: open_to_write(settings, "backlinks score"))
        try:
            if every_s is not None:
                life = Repeated(lambda: None if once(store, life.lives) else _EMPTY_S, every_s)
                start.becomes(life, settings.consume.stop_s)
                life.run()
                return
            snapshot = once(store)
        except KeyboardInterrupt:
            raise BacklinksError(
                "interrupted; run it again, and it goes on from its last whole step"
            ) from None
        finally:
            close()
    if snapshot is None:
        raise BacklinksError("there are no pages to score; crawl some with `backlinks run SEED`")


def _tell(made: Snapshot, seeds: str, *, replaced: bool) -> None:
    """seeds: the file of them. replaced: there was one of the same pages."""
    told = made.manifest
    click.echo(
        f"Snapshot of {day(made.snapshot)}: {made.domains:,} domains, {made.edges:,} edges, "
        f"{told['seeds_in_graph']:,} of {told['seeds']:,} trusted seeds known."
    )
    if replaced:
        click.echo(
            "The same pages as before, since none came in: it takes the place of the snapshot "
            f"that was made of them, {made.snapshot}."
        )
    say_what_is_unknown(told, seeds)
