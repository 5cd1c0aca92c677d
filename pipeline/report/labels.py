"""`backlinks labels`: what people say of domains, which goes before what is measured."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import click

from pipeline.errors import UsageError
from pipeline.index.question import Ask
from pipeline.index.target import domain_of
from pipeline.labels import MEANINGS, MOST_NOTE, TAKEN_BACK, WORDS, Label
from pipeline.labels.kept import Written, write
from pipeline.labels.read import read
from pipeline.report.commands import answer, cli, output_options, settings_of
from pipeline.report.progress import Progress
from pipeline.report.saying import note_option, who
from pipeline.settings import Settings
from pipeline.store import sql
from pipeline.store.opening import open_to_say

_MEANT = "; ".join(f"{word}: {meaning}" for word, meaning in MEANINGS.items())


@cli.group()
def labels() -> None:
    """Say of a domain that it is ok, bad, ours or a platform. It goes before every score.

    The scores stay as they are, and whatever a label changes says by whom and when.
    """


@labels.command(name="set")
@click.argument("label", type=click.Choice(WORDS), metavar="LABEL")
@click.argument("domains", nargs=-1, required=True, metavar="DOMAIN...")
@note_option
@click.pass_context
def set_(ctx: click.Context, label: str, domains: tuple[str, ...], note: str) -> None:
    """Give domains a label: ok, bad, ours or platform. The newest of a domain counts.

    \b
    backlinks labels set bad spam.example farm.example --note "sells links, mail of 3 May"
    backlinks labels set ours example.org example.com
    """
    _say(settings_of(ctx), label, domains, note)


@labels.command()
@click.argument("domains", nargs=-1, required=True, metavar="DOMAIN...")
@note_option
@click.pass_context
def remove(ctx: click.Context, domains: tuple[str, ...], note: str) -> None:
    """Take the labels of domains back: what is measured counts again. That it was said is kept.

    \b
    backlinks labels remove spam.example --note "cleaned up"
    """
    _say(settings_of(ctx), TAKEN_BACK, domains, note)


def _say(settings: Settings, label: str, domains: Iterable[str], note: str) -> None:
    names = list(dict.fromkeys(domain_of(name) for name in domains))
    if len(note) > MOST_NOTE:
        raise UsageError(f"the note has {len(note):,} characters; at most {MOST_NOTE} are kept")
    done = _write(settings, (Label(name, label, note, who(), 0) for name in names))
    what = f"labelled {label}" if label else "without a label now"
    click.echo(f"{done.written:,} {what}" + _unchanged(done))


@labels.command(name="list")
@click.argument("domains", nargs=-1, metavar="[DOMAIN]...")
@click.option("--label", type=click.Choice(WORDS), help=f"Only these. {_MEANT}.")
@click.option(
    "--history", is_flag=True, help="All that was ever said; an empty label took it back."
)
@output_options
@click.pass_context
def list_(
    ctx: click.Context, /, domains: tuple[str, ...], label: str | None, history: bool, **out: Any
) -> None:
    """What people say of domains: with which note, who said it and when.

    \b
    backlinks labels list
    backlinks labels list --label bad
    backlinks labels list spam.example --history
    """
    names = sorted({domain_of(name) for name in domains})
    answer(ctx, _listed(names, label, history), **out)


def _listed(names: list[str], label: str | None, history: bool) -> Ask:
    text = sql("pipeline/labels/history" if history else "pipeline/labels/listed")
    return Ask(text, {"domains": names, "label": label or ""})


@labels.command()
@click.option("--history", is_flag=True, help="All that was ever said, not only what counts.")
@output_options
@click.pass_context
def export(ctx: click.Context, /, history: bool, **out: Any) -> None:
    """All labels as CSV, in the form that `labels import` reads.

    \b
    backlinks labels export > labels.csv
    backlinks labels export --history -o labels.csv
    """
    out["form"] = out["form"] or "csv"
    answer(ctx, _listed([], None, history), **out)


@labels.command(name="import")
@click.argument("file", metavar="FILE")
@click.pass_context
def import_(ctx: click.Context, file: str) -> None:
    """Take labels from a CSV with the columns domain and label, and if you like note, who and at.

    An empty label takes back what was said. Without `at` it is said now; without `who`, by you.
    The same file twice changes nothing. Of a file with a line that can't be read nothing is
    written; of a pipe, what came in whole ten thousands before.

    \b
    backlinks labels import labels.csv
    backlinks labels export | backlinks --data other labels import -
    """
    settings, now_ms = settings_of(ctx), int(time.time() * 1000)
    for _ in read(file, who(), now_ms) if file != "-" else ():
        pass  # the whole of it can be read: all of it is written, or nothing
    done = _write(settings, read(file, who(), now_ms))
    click.echo(f"{done.written:,} labels written" + _unchanged(done))


def _write(settings: Settings, said: Iterable[Label]) -> Written:
    store, close = open_to_say(settings, "backlinks labels")
    try:
        with Progress() as progress:
            progress.step("writing labels")
            return write(store, said, int(time.time() * 1000))
    finally:
        close()


def _unchanged(done: Written) -> str:
    return f", {done.unchanged:,} were as they are" if done.unchanged else ""
