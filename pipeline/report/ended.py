"""How a run ended, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from pipeline.page import OUTCOMES
from pipeline.report.overview import day

if TYPE_CHECKING:
    from pipeline.quality.score import Snapshot  # numba takes a second to import

_INWARD = """These are links out of your seeds' sites. To see who links to them, crawl the sites
that do: give them as seeds too, or widen the scope with --scope hops:1 or open."""


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
        if not snapshot.manifest["seeds"]:
            click.echo("Without trusted seeds (--seeds FILE) trust and authority stay unknown.")
    if inward:
        click.echo(_INWARD)
    click.echo(
        f"Next: backlinks show {domain or 'DOMAIN'} · backlinks domains · backlinks run   (goes on)"
    )
