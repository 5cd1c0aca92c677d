"""The commands that ask about the links to a target: show, links, refs, anchors, pages; domains."""

from __future__ import annotations

import datetime
import json
import math
import re
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar, get_args

import click
from click.core import ParameterSource

from pipeline.errors import UsageError
from pipeline.index import questions
from pipeline.index.backlinks import PERS, RELS, STATES, Links
from pipeline.index.overview import overview_questions
from pipeline.index.question import LIMIT, Question
from pipeline.index.target import MODES, Mode, target_of
from pipeline.page import Kind, Position
from pipeline.report.commands import (
    answer,
    cli,
    output_options,
    reading,
    settings_of,
    show_statements,
)
from pipeline.report.output import plain
from pipeline.report.overview import write_overview
from pipeline.report.why import write_why

Command = TypeVar("Command", bound=Callable[..., Any])
_DAY_MS = 86_400_000
_SPARED = ("via", "position", "last_seen", "similar", "spam_risk", "rel")  # of a link, least first
_AGO = re.compile(r"(\d{1,5})d\Z")


class Moment(click.ParamType[int]):
    """A day, a time, or so many days ago, in UTC: ms since 1970. `end`: of a day, its end."""

    name = "DATE"

    def __init__(self, *, end: bool = False) -> None:
        self.end = end

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        if isinstance(value, int):
            return value
        ago = _AGO.match(value)
        if ago:
            return int(time.time() * 1000) - int(ago[1]) * _DAY_MS
        try:
            at = datetime.datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; give one like 2026-03-31 or 30d", param, ctx)
        ms = int((at if at.tzinfo else at.replace(tzinfo=datetime.UTC)).timestamp() * 1000)
        return ms + _DAY_MS if self.end and len(value) <= len("2026-03-31") else ms


class Score(click.FloatRange):
    """0 to 100."""

    def __init__(self) -> None:
        super().__init__(0, 100)

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        found: float = super().convert(value, param, ctx)
        if math.isnan(found):  # which no bound refuses, and which no score is
            named = param.opts[0] if param else "a score"
            raise UsageError(f"{named} {value} is no number; give one from 0 to 100")
        return found


def _with(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Options in the order in which help lists them."""

    def added(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return added


def mode_of(argument: str) -> Callable[[Command], Command]:
    return click.option(
        "--mode",
        type=click.Choice(MODES),
        help=f"What {argument} is. [default: a URL if it has a path, a prefix if it ends in *, "
        "else a host or a domain]",
    )


mode_option = mode_of("TARGET")
page_options = _with(
    click.option(
        "--limit", type=click.IntRange(0), default=LIMIT, show_default=True, help="Rows at most."
    ),
    click.option("--after", metavar="PLACE", help="Go on where the page before ended: it says so."),
)
target_argument = click.argument("target", metavar="TARGET")
domain_options = _with(
    click.option(
        "--authority",
        type=Score(),
        help="Of the domain that links, at least; unknown ones are left out.",
    ),
    click.option(
        "--min-risk",
        "least_risk",
        type=Score(),
        help="Spam risk of the domain that links, at least; from 50 on it is flagged.",
    ),
    click.option(
        "--max-risk",
        "most_risk",
        type=Score(),
        help="Spam risk of the domain that links, at most. Unknown ones are left out, here as with "
        "--min-risk.",
    ),
    click.option(
        "--unknown-risk", is_flag=True, help="With --min-risk or --max-risk: unknown ones too."
    ),
    click.option(
        "--country", metavar="XX", default="", help="Of the domain that links, such as de."
    ),
    click.option("--since", type=Moment(), default=None, help="First seen then or later."),
    click.option(
        "--until", type=Moment(end=True), default=None, help="First seen before, or on that day."
    ),
)


def state_option(told: str) -> Callable[[Command], Command]:
    return click.option(
        "--state", type=click.Choice(STATES), default="live", show_default=True, help=told
    )


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def _asked(target: str, mode: Mode | None, why: bool) -> dict[str, Question]:
    if not why:
        return overview_questions(target, mode)
    from pipeline.index.why import why_questions  # numba with it, which takes a second to import

    return why_questions(target, mode)


@cli.command()
@target_argument
@mode_option
@click.option(
    "--why", is_flag=True, help="Every score of its domain, and of a URL, with its reasons."
)
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
@click.option(
    "--show-sql", "only_sql", is_flag=True, help="Print the SQL of its questions, and don't run it."
)
@click.pass_context
def show(
    ctx: click.Context, target: str, mode: Mode | None, why: bool, as_json: bool, only_sql: bool
) -> None:
    """A target's backlinks on one screen: how many, how good, from where, what was lost.

    TARGET is a domain, a host, a URL, or the beginning of URLs with a * behind it.

    \b
    backlinks show example.org
    backlinks show 'www.example.org/blog/*'
    backlinks show example.org --why                 # what its scores are made of
    backlinks show example.org/page --why            # and which domains bring it authority
    backlinks show example.org --json | jq .counts.live
    """
    if only_sql:
        for question in _asked(target, mode, why).values():
            show_statements(question)
            click.echo()
        return
    target_of(target, mode)  # refused before the store is opened
    with reading(settings_of(ctx)) as store:
        index = questions.Index(store)
        found = index.why(target, mode=mode) if why else index.overview(target, mode)
    if as_json:
        click.echo(json.dumps(found, default=plain, ensure_ascii=False, indent=2))
        return
    told = write_why if why else write_overview
    told(found, sys.stdout, width=None if sys.stdout.isatty() else 120)


@cli.command()
@target_argument
@mode_option
@click.option(
    "--per",
    type=click.Choice(PERS),
    default="domain",
    show_default=True,
    help="What has a row: of each domain, or page, the best link for all.",
)
@click.option("--all", "every", is_flag=True, help="The same as --per link.")
@state_option("Which links.")
@click.option("--rel", type=click.Choice(RELS), default=None, help="Followed, or with that rel.")
@click.option(
    "--kind",
    type=click.Choice(get_args(Kind)),
    multiple=True,
    help="What made it; may be repeated.",
)
@click.option(
    "--position",
    type=click.Choice(get_args(Position)),
    multiple=True,
    help="Where on the page; may be repeated.",
)
@click.option("--anchor", metavar="TEXT", help="In the anchor text, in capitals or not.")
@click.option("--language", metavar="XX", help="Of the page with the link, such as de.")
@click.option("--path", metavar="PATH", help="How the path of what is linked begins.")
@domain_options
@click.option("--context", is_flag=True, help="The text around each link, and its page's language.")
@page_options
@output_options
@click.pass_context
def links(ctx: click.Context, /, target: str, mode: Mode | None, **options: Any) -> None:
    """The links to a target, by the authority of the domains that link.

    TARGET is a domain, a host, a URL, or the beginning of URLs with a * behind it.

    \b
    backlinks links example.org
    backlinks links example.org/page --all
    backlinks links 'www.example.org/blog/*' --per page --rel followed --position main
    backlinks links example.org --state lost --all --since 30d
    backlinks links example.org --max-risk 49 --unknown-risk
    backlinks links example.org --anchor "click here" --context --csv
    backlinks links example.org --state all --all --limit 1000000 -o links.parquet
    """
    out = _taken(options)
    if options.pop("every"):
        if ctx.get_parameter_source("per") is ParameterSource.COMMANDLINE:
            raise UsageError("--all is the same as --per link: give one of them")
        options["per"] = "link"
    question = Links(target, mode, **given(options))
    hide = {"source_domain", "not_before", "kind", "first_seen", "indirect", "end_url"}
    if options["state"] == "live":
        hide |= {"state", "lost_by"}
    answer(ctx, question, hide=frozenset(hide), spared=_SPARED, **out)


@cli.command()
@target_argument
@mode_option
@state_option("Domains with a live link; with none but lost ones; or with none known to be live.")
@click.option(
    "--rel",
    type=click.Choice(("followed", "nofollow")),
    default=None,
    help="With a followed link, or with none.",
)
@domain_options
@page_options
@output_options
@click.pass_context
def refs(ctx: click.Context, /, target: str, mode: Mode | None, **options: Any) -> None:
    """The domains that link to a target, by their authority, with their links counted.

    TARGET is a domain, a host, a URL, or the beginning of URLs with a * behind it.

    \b
    backlinks refs example.org
    backlinks refs example.org --authority 40 --rel followed
    backlinks refs example.org --min-risk 50          # who links and is flagged
    backlinks refs example.org/page --state lost
    backlinks refs example.org --since 30d --json
    """
    out = _taken(options)
    question = questions.refs(target, mode, **given(options))
    hide = {"first_seen", "target_pages", *({"lost_by"} if options["state"] == "live" else ())}
    answer(ctx, question, hide=frozenset(hide), **out)


@cli.command()
@target_argument
@mode_option
@click.option("--terms", is_flag=True, help="The words in anchor texts.")
@page_options
@output_options
@click.pass_context
def anchors(
    ctx: click.Context, /, target: str, mode: Mode | None, terms: bool, **options: Any
) -> None:
    """The anchor texts of a target's live links, those that most domains use first.

    TARGET is a domain, a host, a URL, or the beginning of URLs with a * behind it. Links that get
    there by a redirect or a canonical count too: `indirect` says how many.

    \b
    backlinks anchors example.org
    backlinks anchors example.org --terms
    backlinks anchors www.example.org/page --limit 20 --csv
    """
    out = _taken(options)
    ask = questions.terms if terms else questions.anchors
    answer(ctx, ask(target, mode, **given(options)), **out)


@cli.command()
@target_argument
@mode_option
@page_options
@output_options
@click.pass_context
def pages(ctx: click.Context, /, target: str, mode: Mode | None, **options: Any) -> None:
    """The pages of a target that live links point to, those that most domains link first.

    Each with how its own latest visit went. One that was never fetched has no status. Links that
    get there by a redirect or a canonical count too: `indirect` says how many.

    \b
    backlinks pages example.org
    backlinks pages 'www.example.org/blog/*' --limit 20
    backlinks pages example.org --csv
    """
    out = _taken(options)
    answer(ctx, questions.pages(target, mode, **given(options)), **out)


@cli.command()
@page_options
@output_options
@click.pass_context
def domains(ctx: click.Context, /, **options: Any) -> None:
    """All domains of the newest snapshot, the best first.

    \b
    backlinks domains
    backlinks domains --limit 20
    backlinks domains --json -o domains.json
    """
    out = _taken(options)
    question: Question = questions.domains(**given(options))
    hide = {"pagerank_rank", "harmonic_rank", "out_domains", "referring_pages", "follow_share"}
    answer(ctx, question, hide=frozenset(hide), **out)


def _taken(options: dict[str, Any]) -> dict[str, Any]:
    """Takes those that say how the answer is written."""
    return {name: options.pop(name) for name in ("form", "output", "show_sql")}
