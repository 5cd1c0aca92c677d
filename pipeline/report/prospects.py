"""The commands that tell of links that could be had: broken, gap, similar."""

from __future__ import annotations

from typing import Any

import click

from pipeline.index import prospects
from pipeline.index.target import domain_of, target_of
from pipeline.report.asking import Score, mode_of, mode_option, page_options, target_argument
from pipeline.report.commands import answer, cli, output_options
from pipeline.report.lines import say
from pipeline.report.output import safe
from pipeline.report.unknown import why_nobody_alike

_FOLLOWED = click.option(
    "--followed", is_flag=True, help="With a followed link: without nofollow, ugc and sponsored."
)
_AUTHORITY = click.option(
    "--authority",
    type=Score(),
    help="Of the domain that links, at least; unknown ones are left out.",
)


@cli.command()
@target_argument
@mode_option
@click.option("--list", "listed", is_flag=True, help="The links themselves, the strongest first.")
@_FOLLOWED
@_AUTHORITY
@page_options
@output_options
@click.pass_context
def broken(
    ctx: click.Context,
    /,
    target: str,
    mode: Any,
    listed: bool,
    followed: bool,
    authority: float | None,
    limit: int,
    after: str | None,
    **out: Any,
) -> None:
    """Pages of TARGET that are gone but have live backlinks, worth reclaiming.

    Only pages that were visited are known to be gone: by 404 or 410 twice, or no answer for a week.

    \b
    backlinks broken example.org
    backlinks broken example.org --list --followed --authority 20
    backlinks broken "example.org/blog/*" -o broken.csv
    """
    asked = prospects.broken if listed else prospects.broken_pages
    question = asked(target, mode, followed=followed, authority=authority, limit=limit, after=after)
    hide = {"source_domain", "kind", "outcome", "first_seen", "end_url"} if listed else {"outcome"}
    answer(ctx, question, hide=frozenset(hide), **out)


@cli.command()
@click.argument("target", metavar="MINE")
@mode_of("MINE")
@click.option(
    "--vs",
    "others",
    multiple=True,
    required=True,
    metavar="DOMAIN",
    help="A domain to compare with, all of it; once for each.",
)
@click.option(
    "--at-least",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Domains that link to at least so many of them.",
)
@_FOLLOWED
@_AUTHORITY
@page_options
@output_options
@click.pass_context
def gap(
    ctx: click.Context,
    /,
    target: str,
    mode: Any,
    others: tuple[str, ...],
    at_least: int,
    followed: bool,
    authority: float | None,
    limit: int,
    after: str | None,
    **out: Any,
) -> None:
    """Domains that link to others and not to MINE, the strongest first, with the best link of each.

    \b
    backlinks gap example.org --vs example.com --vs example.net
    backlinks gap example.org --vs example.com --vs example.net --at-least 2 --followed
    backlinks gap "example.org/shop/*" --vs example.com --authority 30 -o gap.csv
    """
    question = prospects.gap(
        target, others, mode, at_least=at_least, followed=followed, authority=authority,
        limit=limit, after=after,
    )  # fmt: skip
    for other in others:
        if not target_of(other).is_whole:
            say(safe(f"{other[:200]} is compared as all of {domain_of(other)}"))
    answer(ctx, question, hide=frozenset({"target_urls"}), **out)


@cli.command()
@click.argument("domain", metavar="DOMAIN")
@click.option(
    "--by",
    type=click.Choice(prospects.BYS),
    default="both",
    show_default=True,
    help="What pages say, who links to both, or both together.",
)
@click.option("--language", metavar="XX", default="", help="Of most of its pages, such as de.")
@click.option("--country", metavar="XX", default="", help="Of the domain, such as de.")
@page_options
@output_options
@click.pass_context
def similar(
    ctx: click.Context,
    /,
    domain: str,
    by: Any,
    language: str,
    country: str,
    limit: int,
    after: str | None,
    **out: Any,
) -> None:
    """Domains like DOMAIN, the nearest first: which terms they share, and who links to both.

    As the newest snapshot has them: score first. What everybody says, or everybody links to, makes
    nobody alike.

    \b
    backlinks similar example.org
    backlinks similar example.org --by links --limit 20
    backlinks similar example.org --by text --language de --country at -o alike.csv
    """
    question = prospects.similar(
        domain, by=by, language=language, country=country, limit=limit, after=after
    )
    answer(ctx, question, hide=frozenset({"place"}), why=why_nobody_alike, **out)
