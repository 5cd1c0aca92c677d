"""How a run ended, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from pipeline.frontier.waiting import Waiting
from pipeline.page import OUTCOMES
from pipeline.report.output import safe
from pipeline.report.overview import day

if TYPE_CHECKING:
    from pipeline.quality.score import Snapshot  # numba takes a second to import

_INWARD = """These are links out of your seeds' sites. To see who links to them, crawl the sites
that do: give them as seeds too, or widen the scope with --scope hops:1 or open."""


def why_it_ended(
    *, interrupted: bool, exhausted: bool, beyond_budgets: Callable[[], Waiting]
) -> str:
    """In words. `beyond_budgets` is asked only where nothing more is planned."""
    if interrupted:
        return "stopped"
    if not exhausted:
        return "its budget is spent"
    found = beyond_budgets()
    if not found.urls:
        return "nothing more is due in this scope"
    return (
        f"its sites' budgets are spent: {found.urls:,} URLs wait; raise --site-pages, "
        f"or `backlinks admin frontier budget {found.domain} --pages N`"
    )


def say_what_is_unknown(manifest: Mapping[str, Any], file: str = "") -> None:
    """Without a trusted seed in the graph. file: of the seeds, '' where none was named."""
    if manifest["seeds_in_graph"]:
        return
    why = f"{file} names no domain" if file else "There are no trusted seeds (--seeds FILE)"
    if manifest["seeds"]:
        why = "No page or link of a trusted seed is known"
    click.echo(safe(f"{why}: in this snapshot trust and authority are unknown."))


def say_how_it_ended(
    counts: Mapping[str, int],
    *,
    why: str,
    dead: int,
    snapshot: Snapshot | None,
    domain: str,
    inward: bool,
) -> None:
    """`counts`: pages by outcome, as the spider keeps them. `inward`: links into the seeds' sites
    can't have been found."""
    outcomes = ", ".join(
        f"{counts[name]:,} {name}" for name in (*OUTCOMES, "deferred") if counts[name]
    )
    click.echo(
        f"{counts['pages']:,} pages ({outcomes or 'none'}), "
        f"{counts['links']:,} links to other domains; {why}."
    )
    if dead:
        click.echo(f"{dead:,} records could not be read and are kept as dead letters.")
    if snapshot is not None:
        click.echo(
            f"Snapshot of {day(snapshot.snapshot)}: {snapshot.domains:,} domains, "
            f"{snapshot.edges:,} edges."
        )
        say_what_is_unknown(snapshot.manifest)
    if inward:
        click.echo(_INWARD)
    click.echo(
        f"Next: backlinks show {domain or 'DOMAIN'} · backlinks domains · backlinks run   (goes on)"
    )
