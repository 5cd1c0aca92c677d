"""The command line's frame, and the commands that read the index."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import wraps
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar, cast

import click
import pyarrow as pa

from pipeline.errors import BacklinksError, UsageError
from pipeline.index.question import Question
from pipeline.report.lines import log_to_stderr, say
from pipeline.report.output import FORMATS, safe, save, write
from pipeline.report.unknown import Why, why_nothing
from pipeline.settings import Settings, load
from pipeline.store import Parameters, Store
from pipeline.store.opening import open_to_read
from pipeline.store.parameters import by_hand

Command = TypeVar("Command", bound=Callable[..., Any])


class Cli(click.Group):
    """One line and an exit code for what goes wrong, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # here an answer that can't be written is told
        except BacklinksError as error:
            say(str(error), level=logging.ERROR)
            ctx.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):  # at a question it is the latter
            if sys.stderr.isatty():
                click.echo(err=True)  # behind the ^C of the terminal
            say("interrupted", level=logging.ERROR)
            ctx.exit(1)
        except BrokenPipeError:
            _drop_output()
            ctx.exit(0)
        except OSError as error:
            _drop_output()
            what = error.filename or "can't write the answer"
            say(f"{what}: {error.strerror or error}", level=logging.ERROR)
            ctx.exit(1)


def _drop_output() -> None:
    """What is left of it goes nowhere."""
    with suppress(OSError, io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    cls=Cli, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="backlink-index")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Data directory. [default: backlinks-data]"
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Settings file. [default: backlinks.toml if it is there]",
)
@click.pass_context
def cli(ctx: click.Context, data: Path | None, config: Path | None) -> None:
    """Your own backlink index: crawl, keep every link with its life, score every domain.

    \b
    backlinks demo                              # all of it on a made web, offline
    backlinks run https://example.org/ --contact https://example.org/bot
    backlinks show example.org                  # what links there, how good, and why
    backlinks sql "SELECT * FROM backlinks(domain = 'example.org') LIMIT 5"
    """
    named = os.environ.get("BACKLINKS_CONFIG")
    if config is None and named:
        config = Path(named)
    if config is None and Path("backlinks.toml").exists():
        config = Path("backlinks.toml")
    ctx.obj = {"config": config, "data": data}


@cli.group()
def worker() -> None:
    """One part of `run` as a process of its own. SIGTERM ends it cleanly."""


def settings_of(ctx: click.Context, **sections: dict[str, Any]) -> Settings:
    """File, environment, flags; a flag that was not given says nothing."""
    flags: dict[str, Any] = {
        name: {key: value for key, value in section.items() if value is not None}
        for name, section in sections.items()
    }
    if ctx.obj["data"] is not None:
        flags["data"] = ctx.obj["data"]
    settings = load(ctx.obj["config"], dict(os.environ), flags)
    log_to_stderr(settings.log)
    ctx.obj["json_lines"] = settings.log.json_lines
    return settings


def output_options(command: Command) -> Command:
    """How an answer is written: the same on every question."""
    return form_options(
        click.option(
            "--show-sql",
            is_flag=True,
            help="Print the SQL and its parameters, and how to ask it by `sql`; don't run it.",
        )(command)
    )


def form_options(command: Command) -> Command:
    """`form`: which of FORMATS was asked for, None for none; and `output`."""

    @wraps(command)
    def formed(*given: Any, **options: Any) -> Any:
        asked = [form for form in FORMATS if options.pop(f"as_{form}")]
        if len(asked) > 1:
            raise UsageError(f"--{asked[0]} and --{asked[1]} are two forms: give one of them")
        return command(*given, **options, form=asked[0] if asked else None)

    told = cast(Command, formed)
    for option in (
        click.option(
            "-o",
            "output",
            type=click.Path(path_type=Path),
            help="Write a file: .parquet .csv .json .nl",
        ),
        click.option("--nl", "as_nl", is_flag=True, help="A JSON object a line."),
        click.option("--json", "as_json", is_flag=True, help="One JSON array."),
        click.option("--csv", "as_csv", is_flag=True, help="CSV, as in a pipe."),
        click.option("--table", "as_table", is_flag=True, help="A table, as on a terminal."),
    ):
        told = option(told)
    return told


def answer(
    ctx: click.Context,
    question: Question,
    form: str | None,
    output: Path | None,
    show_sql: bool,
    hide: frozenset[str] = frozenset(),
    why: Why = why_nothing,
    spared: Sequence[str] = (),
) -> None:
    """Asks the store and writes what it says. hide, spared: of a table's columns, those that it
    has not, and those that it has where there is room (see `write`). why: see there."""
    if show_sql:
        show_statements(question)
        return
    with reading(settings_of(ctx)) as store:
        count = tell(store, question, form, output, hide, spared)
        told = "" if count else why(store, question)
    if told:
        say(safe(told))


def tell(
    store: Store,
    question: Question,
    form: str | None,
    output: Path | None,
    hide: frozenset[str] = frozenset(),
    spared: Sequence[str] = (),
) -> int:
    """Writes what the store says, as it comes; how many rows."""
    with closing(question.stream(store)) as found:
        batches = _with_columns(found, question, store)
        if output is not None:
            count = save(batches, output)
            click.echo(f"{count:,} rows in {output}", err=True)
            _say_what_follows(question)
            return count
        chosen = form or ("table" if sys.stdout.isatty() else "csv")
        assert chosen in FORMATS
        if chosen == "table":
            batches = (
                batch.drop_columns([n for n in batch.schema.names if n in hide])
                for batch in batches
            )
        count = write(batches, form=chosen, to=sys.stdout, spared=spared)
    _say_what_follows(question)
    return count


def _with_columns(
    found: Iterable[pa.RecordBatch], question: Question, store: Store
) -> Iterator[pa.RecordBatch]:
    """Where no batch comes, one of no rows: a header and types are part of an answer."""
    none = True
    for batch in found:
        none = False
        yield batch
    if none:
        yield pa.RecordBatch.from_pylist([], question.columns(store))


def _say_what_follows(question: Question) -> None:
    """On stderr, whatever form the answer has: a program finds it on its last line."""
    if question.next is not None:
        click.echo(f"there is more: --after {question.next}", err=True)


def show_statements(question: Question) -> None:
    """The SQL of a question and its parameters."""
    for text, parameters in question.statements():
        show_statement(text.strip(), parameters)


def show_statement(text: str, parameters: Parameters) -> None:
    """Ready to be kept in a file: how to ask it stands behind it, for a shell and as JSON."""
    click.echo(text)
    if parameters:
        click.echo(f"-- backlinks sql @q.sql {by_hand(parameters)}")
        click.echo("-- " + json.dumps(dict(parameters)))


def put(table: pa.Table, form: str | None, output: Path | None) -> None:
    """Writes what is at hand, as `answer` does what the store says."""
    put_batches(iter(table.to_batches()), table.schema, form, output)


def put_batches(
    batches: Iterator[pa.RecordBatch], schema: pa.Schema, form: str | None, output: Path | None
) -> None:
    """The same of what comes bit by bit. schema: of the batches, for where none comes."""
    batches = chain([next(batches, pa.RecordBatch.from_pylist([], schema))], batches)
    if output is not None:
        count = save(batches, output)
        click.echo(f"{count:,} rows in {output}", err=True)
        return
    form = form or ("table" if sys.stdout.isatty() else "csv")
    write(batches, form=form, to=sys.stdout)


@contextmanager
def reading(settings: Settings, limits: Mapping[str, int] | None = None) -> Iterator[Store]:
    """limits: of each question; see `open_to_read`."""
    store, close = open_to_read(settings, "backlinks " + " ".join(sys.argv[1:2]), limits)
    try:
        yield store
    finally:
        close()


def metrics_option(command: Command) -> Command:
    return click.option(
        "--metrics-port", type=int, help="Serve /metrics and /healthz here. [default: none]"
    )(command)


seed_file_option = click.option(
    "--from",
    "seed_file",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="File of more seeds, one URL or domain a line; '-' is stdin, '#' begins a comment.",
)


site_pages_option = click.option(
    "--site-pages",
    type=int,
    help="URLs of one registered domain, no more and no fewer; without it so many at first, and it "
    "grows and shrinks by what its pages come to. [default: 500]",
)


def plan_flags(scope: str | None, pages: int | None, site_pages: int | None) -> dict[str, Any]:
    return {
        "scope": scope, "pages": pages, "site_pages": site_pages,
        "least_site_pages": site_pages, "most_site_pages": site_pages,
    }  # fmt: skip


def crawl_options(command: Command) -> Command:
    for option in (
        click.option(
            "--contact", help="URL or address where site owners reach you; part of the user agent."
        ),
        click.option(
            "--delay",
            "delay_s",
            type=float,
            help="Seconds between requests to a host. [default: 1]",
        ),
        click.option(
            "--timeout", "timeout_s", type=float, help="Seconds for one request. [default: 30]"
        ),
        click.option(
            "--concurrency",
            type=int,
            help="Requests in flight, each to another host. [default: 64]",
        ),
        click.option(
            "--allow-private",
            multiple=True,
            help="A network beyond the public internet that may be fetched.",
        ),
        click.option(
            "--connect-to", help="ADDRESS:HTTP_PORT:HTTPS_PORT for every host: a web under test."
        ),
    )[::-1]:
        command = option(command)
    return command


def crawl_flags(
    contact: str | None,
    delay_s: float | None,
    timeout_s: float | None,
    concurrency: int | None,
    allow_private: tuple[str, ...],
    connect_to: str | None,
) -> dict[str, Any]:
    return {
        "contact": contact, "delay_s": delay_s, "timeout_s": timeout_s, "concurrency": concurrency,
        "allow_private": list(allow_private) or None, "connect_to": connect_to,
    }  # fmt: skip
