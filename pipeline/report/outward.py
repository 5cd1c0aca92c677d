"""The commands that tell of the links that pages hold: outlinks, between."""

from __future__ import annotations

from typing import Any

import click

from pipeline.index import outward
from pipeline.index.backlinks import RELS, STATES, State
from pipeline.report.asking import mode_of, page_options, state_option
from pipeline.report.commands import answer, cli, output_options

_DATES = frozenset({"first_seen", "not_before", "lost_by"})


@cli.command()
@click.argument("source", metavar="SOURCE")
@mode_of("SOURCE")
@click.option(
    "--per",
    type=click.Choice((*outward.PERS, "link")),
    help="A row for each domain that is linked, page that links, or link. "
    "[default: link for a URL, and with --rel or --to, else domain]",
)
@state_option("Which links.")
@click.option("--rel", type=click.Choice(RELS), help="Links of this kind, a row each.")
@click.option(
    "--to",
    multiple=True,
    metavar="DOMAIN",
    help="Links to this domain, a row each; may be repeated.",
)
@page_options
@output_options
@click.pass_context
def outlinks(
    ctx: click.Context,
    /,
    source: str,
    mode: Any,
    per: Any,
    state: State,
    rel: Any,
    to: tuple[str, ...],
    limit: int,
    after: str | None,
    **out: Any,
) -> None:
    """What a page, a host or a domain links to on other domains.

    \b
    backlinks outlinks example.org
    backlinks outlinks example.org/page --state all
    backlinks outlinks example.org --per link --to example.com --rel followed
    """
    per = per or ("link" if outward.is_page(source, mode) or rel or to else "domain")
    if per == "link":
        listed = outward.outlinks(
            source, mode, state=state, rel=rel or "", to=to, limit=limit, after=after
        )
        answer(ctx, listed, hide=_DATES | {"page", "target_domain"}, **out)
        return
    if rel or to:
        raise click.UsageError("--rel and --to choose among links: add --per link")
    counts = outward.outlink_counts(source, mode, per=per, state=state, limit=limit, after=after)
    answer(ctx, counts, **out)


@cli.command()
@click.argument("one", metavar="ONE")
@click.argument("other", metavar="OTHER")
@mode_of("each of ONE and OTHER")
@click.option(
    "--state",
    type=click.Choice(STATES),
    default="all",
    show_default=True,
    help="Which links.",
)
@page_options
@output_options
@click.pass_context
def between(
    ctx: click.Context,
    /,
    one: str,
    other: str,
    mode: Any,
    state: State,
    limit: int,
    after: str | None,
    **out: Any,
) -> None:
    """Every link between two domains, in both directions, with its life.

    \b
    backlinks between example.org example.com
    backlinks between example.org/page "example.com/*" --state live
    """
    question = outward.between(one, other, mode, state=state, limit=limit, after=after)
    answer(
        ctx,
        question,
        hide=frozenset({"kind", "not_before", "target_domain", "indirect", "end_url"}),
        **out,
    )
