"""`backlinks sql`: the index asked in SQL, by whoever has it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from pipeline.errors import StoreBusy, StoreError, StoreRefused, UsageError
from pipeline.index.question import Ask
from pipeline.report.commands import cli, output_options, reading, settings_of, show_statement, tell
from pipeline.settings import Settings
from pipeline.store.asked import bound, only_reads, parsed
from pipeline.store.opening import open_to_write

_MOST_BYTES = 4 << 20  # of a query; the engine itself stops at 256 KiB of what it has to parse
_FRAME = re.compile(r"^.*?(?:DB::Exception: |Code: \d+\. (?!DB::))", re.DOTALL)
_VERSION = re.compile(r" \(version [\d.]+[^)]*\)\.?")
_SYNTAX = re.compile(r"position (\d+)(?: \((.*?)\))?(?: \(line (\d+), col (\d+)\))?: ")
_SCOPE = re.compile(r": In scope SELECT formatQuery\(.*", re.DOTALL)
_LIMITS = {
    "TIMEOUT_EXCEEDED": "sql.time_s",
    "MEMORY_LIMIT_EXCEEDED": "sql.memory_bytes",
    "TOO_MANY_ROWS_OR_BYTES": "sql.rows",
}
_INSERTED = re.compile(r"(?s)INSERT INTO .*\bFORMAT Values\s*\Z")


@cli.command(context_settings={"ignore_unknown_options": True})  # a query may begin with a comment
@click.argument("query")
@click.option(
    "-p",
    "parameters",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="For {NAME:Type} in the query. Text as it is; arrays and maps as in SQL; NULL for none.",
)
@click.option(
    "--outside",
    is_flag=True,
    help="Let it read files and other servers: file(), url(), s3(), remote() and so on.",
)
@click.option(
    "--write",
    is_flag=True,
    help="Let it change what the store has, and do all else that the engine can.",
)
@output_options
@click.pass_context
def sql(
    ctx: click.Context,
    /,
    query: str,
    parameters: tuple[tuple[str, str], ...],
    outside: bool,
    write: bool,
    form: str | None,
    output: Path | None,
    show_sql: bool,
) -> None:
    """Ask the index in SQL (ClickHouse's). docs/sql.md has examples, docs/schema.md the tables.

    QUERY is one statement; - reads it from stdin, @FILE from a file. It only reads, and the index
    alone, unless told otherwise. It has ten minutes and 4 GB (settings sql.time_s and
    sql.memory_bytes); Ctrl-C stops it.

    \b
    backlinks sql "SELECT domain, count() FROM pages GROUP BY domain ORDER BY 2 DESC LIMIT 10"
    backlinks sql "SELECT * FROM backlinks(domain = {d:String})" -p d example.org --csv
    backlinks sql "SELECT * FROM links WHERE kind IN {k:Array(String)}" -p k "['form', 'iframe']"
    backlinks sql @question.sql -p since 2026-11-01 -o answer.parquet
    backlinks sql --outside "SELECT * FROM file('mine.csv') WHERE d IN (SELECT domain FROM pages)"
    """
    text = _text(query)
    if show_sql:
        show_statement(text, dict(parameters))
        return
    settings = settings_of(ctx)
    with _plainly_told(text):
        if write:
            _change(settings, text, parameters, form, output)
            return
        with reading(settings, settings.sql.limits()) as store:
            statement = parsed(store, text)
            given = bound(statement, parameters)
            only_reads(store, statement, given, outside=outside)
            tell(store, Ask(statement, given), form, output)


def _text(query: str) -> str:
    """The query as it was given, from stdin, or from a file. Raises UsageError."""
    if query == "-":
        text = sys.stdin.read(_MOST_BYTES + 1)
    elif query.startswith("@"):
        try:
            with open(query[1:], encoding="utf-8") as file:
                text = file.read(_MOST_BYTES + 1)
        except (OSError, UnicodeDecodeError) as error:
            said = getattr(error, "strerror", None) or "it is not UTF-8"
            raise UsageError(f"can't read the query from {query[1:]}: {said}") from error
    else:
        text = query
    if len(text) > _MOST_BYTES:
        raise UsageError(f"the query is longer than {_MOST_BYTES:,} characters; shorten it")
    if not text.strip():
        raise UsageError('there is no query; give one such as "SELECT count() FROM pages"')
    return text.rstrip().rstrip(";").rstrip()


def _change(
    settings: Settings,
    text: str,
    parameters: tuple[tuple[str, str], ...],
    form: str | None,
    output: Path | None,
) -> None:
    store, close = open_to_write(settings, "backlinks sql --write")
    try:
        statement = parsed(store, text)  # one alone, whatever it is
        if _INSERTED.match(statement):
            raise UsageError("write INSERT INTO ... SELECT 1, 'a' in place of VALUES (1, 'a')")
        given = bound(statement, parameters)
        if _answers(statement):
            tell(store, Ask(statement, given), form, output)
        else:
            store.execute(statement, given)
    finally:
        close()


def _answers(statement: str) -> bool:
    """Whether there is something to show."""
    return (
        re.match(r"\(*(?:SELECT|WITH|SHOW|DESC|EXPLAIN|EXISTS|CHECK|KILL)\b", statement) is not None
    )


@contextmanager
def _plainly_told(text: str) -> Iterator[None]:
    """The engine's errors in one line, with the place in the query where it has one."""
    try:
        yield
    except StoreError as error:
        if type(error) not in (StoreRefused, StoreBusy) or not re.search("DB::|Code: ", str(error)):
            raise
        raise type(error)(plainly(str(error), text)) from error


def plainly(message: str, text: str) -> str:
    """ClickHouse's message without its frame; a position as a line and a column of the query."""
    message = _FRAME.sub("", _VERSION.sub("", _SCOPE.sub(" (SYNTAX_ERROR)", message)), count=1)
    match = _SYNTAX.search(message)
    if match is None or "yntax error" not in message:
        limit = next((of for name, of in _LIMITS.items() if name in message), "")
        return f"the store says: {message}" + (f"; {limit} allows more" if limit else "")
    place = max(0, min(int(match[1]) - 1, len(text)))
    before = text.encode()[:place].decode(errors="ignore")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return (
        f"can't read the query at line {line}, column {column}: {_expected(message, text, before)}"
    )


def _expected(message: str, text: str, before: str) -> str:
    if "Multi-statements" in message:
        return "one statement at a time; another begins there"
    if "is not closed" in message:
        return "a quote is not closed"
    rest = " ".join(text[len(before) :].split())
    near = f"near {rest[:40]!r}" if rest else "it ends too early"
    wanted = message.partition("Expected one of: ")[2].partition(" (SYNTAX")[0].split(", ")
    return f"{near}; expected {', '.join(wanted[:6])}{' ...' if len(wanted) > 6 else ''}"
