"""`backlinks import warc`: web archives into the log."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa

from pipeline.page import KINDS
from pipeline.report.commands import form_options, put, put_batches, settings_of
from pipeline.report.importing import import_
from pipeline.report.output import safe
from pipeline.report.progress import Progress
from pipeline.report.stopping import on_signal

if TYPE_CHECKING:
    from spiders.archive.many import Filed, Importing

_STOP_S = 60.0  # a record may take some seconds, and what was sent is waited for
_FIRST = ("records", "responses", "html_pages", "hosts", "links", "damaged")
_OTHERS = (
    "published", "not_html", "redirects", "other_statuses", "unmodified", "revisits_of_others",
    "requests", "conversions", "future", "suppressed",
)  # fmt: skip
_SCHEMA = pa.schema(
    [
        ("file", pa.string()),
        *((name, pa.int64()) for name in _FIRST),
        *((kind, pa.int64()) for kind in KINDS),
        *((name, pa.int64()) for name in _OTHERS),
        ("damaged_at", pa.list_(pa.string())),
        ("state", pa.string()),
    ]
)


@import_.command(name="warc")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--to", "to", multiple=True, metavar="DOMAIN", help="Only links to it; may be given again. [default: to all]")  # fmt: skip  # noqa: E501
@click.option("--base", default="", metavar="PREFIX", help="Before the lines of *.paths lists: a directory, or a URL such as s3://bucket/")  # fmt: skip  # noqa: E501
@click.option("--workers", type=click.IntRange(1, 256), help="Processes, each with a file of its own. [default: one a core]")  # fmt: skip  # noqa: E501
@click.option("--again", is_flag=True, help="From the beginning, whatever was imported before.")
@form_options
@click.pass_context
def warc(
    ctx: click.Context,
    /,
    sources: tuple[str, ...],
    to: tuple[str, ...],
    base: str,
    workers: int | None,
    again: bool,
    form: str | None,
    output: Path | None,
) -> None:
    """Put the pages of web archives into the log: WARC, and Common Crawl's WAT, plain or gzip.

    SOURCE is a file, a directory, a pattern, a URL (https, s3, ...), or a list of paths such as
    Common Crawl's warc.paths.gz. `run` or `worker consume` then writes the index from the log. Each
    file ends with its counts. Stopped or killed and run again, it goes on where it was.

    \b
    backlinks import warc crawl.warc.gz
    backlinks import warc archives/ --workers 8
    backlinks import warc wat.paths.gz --base s3://commoncrawl/ --to example.org
    backlinks import warc "s3://bucket/2026/*.warc.gz" --nl -o counts.nl
    backlinks worker consume                # writes the index; stop it when it idles
    """
    from spiders.archive.many import Importing, Wanted
    from spiders.archive.sources import archives

    settings = settings_of(ctx)
    wanted = Wanted(archives(sources, base), to, again, workers or os.cpu_count() or 1)
    importing = Importing(settings, wanted)
    on_signal(importing.stop, _STOP_S)
    failed: list[Filed] = []
    junk: list[str] = []
    rows = _rows(importing, failed, junk)
    is_shown = output is None and (form == "table" or (form is None and sys.stdout.isatty()))
    with Progress(importing.describe):
        if is_shown:  # a terminal has but one place to write to
            table = pa.Table.from_batches(rows, _SCHEMA)
        else:
            put_batches(rows, _SCHEMA, form, output)
    if is_shown:
        put(_short(table), "table", None)
    for filed in failed:
        click.echo(f"backlinks: {safe(filed.wrong)}", err=True)
    for told in junk:
        click.echo(f"backlinks: {safe(told)}", err=True)
    click.echo(_ended(importing, len(failed)), err=True)
    ctx.exit(1 if failed or junk else 0)


def _rows(importing: Importing, failed: list[Filed], junk: list[str]) -> Iterator[pa.RecordBatch]:
    """A row a file as it ends; of one that could not be read, or has not one record that can, it is
    told at the end."""
    for filed in importing.run():
        if filed.note is None:
            failed.append(filed)
        else:
            row = _row(filed)
            if row["damaged"] and not row["records"]:
                why = f"damaged at byte {row['damaged_at'][0]}"
                junk.append(
                    f"{row['file']} has no record that can be read, {why}: give WARC or WAT"
                )
            yield pa.RecordBatch.from_pylist([row], _SCHEMA)
            if not sys.stdout.isatty():
                sys.stdout.flush()


def _short(table: pa.Table) -> pa.Table:
    """For a person: names from where they differ on, and no column of zeros."""
    names = table.column("file").to_pylist()
    # Of letters, and not of paths, since some may be URLs.
    same = os.path.commonprefix(names).rpartition("/")[0] if len(names) > 1 else ""  # noqa: RUF071
    short = [name.removeprefix(f"{same}/") for name in names]
    zeros = [
        name
        for name in table.schema.names[len(_FIRST) + 1 :]
        if pa.types.is_integer(table.schema.field(name).type) and not any(table[name].to_pylist())
    ]
    return table.set_column(0, "file", pa.array(short, pa.string())).drop_columns(zeros)


def _row(filed: Filed) -> dict[str, Any]:
    from spiders.archive.storage import shown

    assert filed.note is not None
    counts = filed.note.counts
    said, records = counts.captures, counts.records
    return {
        "file": shown(filed.source),
        "records": counts.all,
        "responses": counts.responses,
        "html_pages": said.get("page", 0),
        "hosts": len(counts.hosts),
        "links": sum(counts.links.values()),
        "damaged": counts.damaged,
        **{kind: counts.links.get(kind, 0) for kind in KINDS},
        "published": counts.published,
        "not_html": said.get("not_html", 0),
        "redirects": said.get("redirect", 0) + said.get("same_page", 0),
        "other_statuses": said.get("other_status", 0),
        "unmodified": said.get("unmodified", 0),
        "revisits_of_others": said.get("other_url", 0),
        "requests": records.get("request", 0),
        "conversions": records.get("conversion", 0),
        "future": counts.future,
        "suppressed": counts.suppressed,
        "damaged_at": [f"{damage.offset}: {damage.why}" for damage in counts.damages],
        "state": "whole" if filed.note.ended else "stopped",
    }


def _ended(importing: Importing, failed: int) -> str:
    total = len(importing.wanted.sources)
    said = f"{importing.pages:,} pages of {importing.ended - failed:,} files are in the log"
    if failed:
        said += f"; {failed:,} files could not be read"
    if importing.stopped:
        return f"{said}; {total - importing.ended:,} are left: run it again, and it goes on"
    return f"{said}. Next: backlinks worker consume" if importing.pages else said
