"""Commands that tell of backlinks as a whole: changes, history, networks, places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from pipeline.index import profile
from pipeline.report.asking import Moment, Score, given, mode_option, page_options, target_argument
from pipeline.report.commands import Command, answer, cli, output_options
from pipeline.report.lines import say

_AT_LEAST = click.option(
    "--at-least",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Groups of at least so many referring domains.",
)

_UNTIL = click.option(
    "--until", type=Moment(end=True), default=None, help="Up to then, or the end of that day."
)


_HIDDEN = frozenset({"source_domain", "position", "kind", "after", "end_url"})


def _since(default: str | None) -> Callable[[Command], Command]:
    told = f"From then on. [default: {default or 'ever'}]"
    return click.option("--since", type=Moment(), default=default, help=told)


@cli.command()
@target_argument
@mode_option
@click.option(
    "--by",
    type=click.Choice(profile.BYS),
    default="day",
    show_default=True,
    help="Periods to count in.",
)
@click.option("--list", "listed", is_flag=True, help="The links themselves, the latest first.")
@click.option("--only", type=click.Choice(profile.CHANGES), help="One kind of change, with --list.")
@click.option(
    "--authority",
    type=Score(),
    help="Of the domain that links, at least; with --list.",
)
@_since("30d")
@_UNTIL
@page_options
@output_options
@click.pass_context
def changes(
    ctx: click.Context,
    /,
    target: str,
    mode: Any,
    by: Any,
    listed: bool,
    only: Any,
    authority: float | None,
    since: int | None,
    until: int | None,
    limit: int,
    after: str | None,
    **out: Any,
) -> None:
    """Which backlinks appeared, were discovered, changed or were lost, and when.

    A link appeared where its page had been read without it. Else it was discovered: it may be
    older. A link that gets there by another page is indirect: it comes and goes with the way too.

    \b
    backlinks changes example.org
    backlinks changes example.org --by month --since 365d
    backlinks changes example.org --list --only lost --authority 30
    backlinks changes "example.org/blog/*" --list -o changes.parquet
    """
    between = given({"since": since, "until": until})
    if not listed:
        if only is not None or authority is not None:
            raise click.UsageError("--only and --authority choose among links: add --list")
        question = profile.change_counts(target, mode, by=by, limit=limit, after=after, **between)
        answer(ctx, question, **out)
        return
    events = profile.changes(
        target, mode, only=only or "", authority=authority, limit=limit, after=after, **between
    )
    answer(ctx, events, hide=_HIDDEN, **out)


@cli.command()
@target_argument
@mode_option
@click.option(
    "--by",
    type=click.Choice(profile.BYS),
    default="month",
    show_default=True,
    help="Periods to tell of.",
)
@click.option("--links", is_flag=True, help="Count links too, which takes longer.")
@_since(None)
@_UNTIL
@page_options
@output_options
@click.pass_context
def history(
    ctx: click.Context,
    /,
    target: str,
    mode: Any,
    by: Any,
    links: bool,
    since: int | None,
    until: int | None,
    limit: int,
    after: str | None,
    **out: Any,
) -> None:
    """Referring domains at the end of each period, with the pages read by then beneath.

    Where both grow together, more was crawled. Where domains grow and pages don't, more link.
    Domains with links that get there by other pages are counted apart, as indirect.

    \b
    backlinks history example.org
    backlinks history example.org --by week --since 180d --links
    """
    question = profile.history(
        target, mode, by=by, links=links, limit=limit, after=after,
        **given({"since": since, "until": until}),
    )  # fmt: skip
    answer(ctx, question, **out)


@cli.command()
@target_argument
@mode_option
@click.option(
    "--by",
    type=click.Choice(profile.NETWORKS),
    default="net",
    show_default=True,
    help="Addresses, their /24 (IPv6: /48), or owners of platforms.",
)
@_AT_LEAST
@page_options
@output_options
@click.pass_context
def networks(
    ctx: click.Context,
    /,
    target: str,
    mode: Any,
    by: Any,
    at_least: int,
    limit: int,
    after: str | None,
    **out: Any,
) -> None:
    """The networks that referring domains are served from, and how concentrated they are.

    A shared network alone is only shared hosting. An owner is the platform that a site is on, such
    as github.io, or the site itself.

    \b
    backlinks networks example.org
    backlinks networks example.org --by ip --at-least 5
    backlinks networks example.org --by owner --csv
    """
    question = profile.networks(target, mode, by=by, at_least=at_least, limit=limit, after=after)
    answer(ctx, question, hide=frozenset({"effective"}), **out)
    if question.effective is not None:
        named = {"ip": "addresses", "net": "networks", "owner": "owners"}[by]
        say(f"as concentrated as {question.effective:,.1f} {named} with the same number of domains")


@cli.command()
@target_argument
@mode_option
@click.option(
    "--by",
    type=click.Choice(profile.PLACES),
    default="country",
    show_default=True,
    help="Top-level domains, the countries that these name, or languages of pages.",
)
@_AT_LEAST
@page_options
@output_options
@click.pass_context
def places(
    ctx: click.Context,
    /,
    target: str,
    mode: Any,
    by: Any,
    at_least: int,
    limit: int,
    after: str | None,
    **out: Any,
) -> None:
    """Top-level domains, countries or languages of the referring domains.

    A country is told by the top-level domain, but where that is sold to everybody, as .io is; else,
    once there is a snapshot, by what the domain's pages say of themselves.

    \b
    backlinks places example.org
    backlinks places example.org --by language
    backlinks places www.example.org --by tld --limit 20
    """
    question = profile.places(target, mode, by=by, at_least=at_least, limit=limit, after=after)
    answer(ctx, question, **out)
