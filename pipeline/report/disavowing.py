"""`backlinks export disavow`: first a table to review, then the file that Google takes."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pyarrow as pa

from pipeline.errors import UsageError
from pipeline.export.disavow import Candidate, candidates, disavow_file, never
from pipeline.index.question import Question
from pipeline.index.snapshots import Snapshot, chosen
from pipeline.index.target import domain_of
from pipeline.labels.kept import now
from pipeline.lists.text import lines, opened, shown
from pipeline.report.commands import put, reading, settings_of
from pipeline.report.exporting import export
from pipeline.report.lines import say
from pipeline.report.output import safe, whole
from pipeline.report.saying import who
from pipeline.report.snapshots import snapshot_option
from pipeline.settings import Settings
from pipeline.store import Store

_YES, _NO = "yes", "no"
_MOST = 1_000_000  # lines of a reviewed table
_SCHEMA = pa.schema(
    [
        ("domain", pa.string()),
        ("disavow", pa.string()),
        ("reasons", pa.string()),
        ("kept_because", pa.string()),
        ("links", pa.uint64()),
        ("followed_links", pa.uint64()),
        ("pages", pa.uint64()),
        ("authority", pa.float64()),
    ]
)


class Chosen(NamedTuple):
    """`kept`: domains that must stay, with why."""

    domains: list[tuple[str, str]]
    kept: list[tuple[str, str]]


@export.command()
@click.argument("target", metavar="DOMAIN")
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path),
    help="Where to: the table as .csv .json .nl .parquet, the disavow file as .txt.",
)
@click.option(
    "--i-have-reviewed-it",
    "reviewed",
    is_flag=True,
    help="Write the disavow file. A wrong one costs good links.",
)
@click.option(
    "--from",
    "table",
    metavar="FILE",
    help="The reviewed table as CSV: what it says yes to is disavowed, and nothing else.",
)
@snapshot_option
@click.pass_context
def disavow(
    ctx: click.Context,
    target: str,
    output: Path | None,
    reviewed: bool,
    table: str | None,
    which: str,
) -> None:
    """Which domains' links to DOMAIN to disavow at Google: a table to review, then the file.

    Proposed is what people have labelled bad, and what is flagged or of high spam risk; each with
    its reasons. Never a public suffix or a platform, nor what is labelled ok, ours or platform.
    Search engines ignore most bad links by themselves: disavow what you would have to answer for.

    \b
    backlinks export disavow example.org -o review.csv
    backlinks export disavow example.org --from review.csv --i-have-reviewed-it -o disavow.txt
    """
    domain = domain_of(target)
    if not reviewed:
        if table is not None:
            raise UsageError("--from takes a reviewed table; say so with --i-have-reviewed-it")
        _review(settings_of(ctx), domain, which, output)
        return
    if output is None or output.suffix != ".txt":
        raise UsageError("Google takes a file that ends in .txt; name one with -o disavow.txt")
    with reading(settings_of(ctx)) as store:
        snapshot = chosen(store, which)
        if table is None:
            found = _proposed(candidates(store, snapshot, domain))
        else:
            found = _allowed(store, domain, _ticked(table))
    _write(output, domain, snapshot, found)


def _review(settings: Settings, domain: str, which: str, output: Path | None) -> None:
    with reading(settings) as store:
        found = list(candidates(store, chosen(store, which), domain))
    put(pa.Table.from_pylist([_row(one) for one in found], _SCHEMA), None, output)
    say(
        f"{_domains(sum(not one.kept for one in found))} to review; change yes to no where you "
        "know better, and hand the table back with --from and --i-have-reviewed-it"
    )


def _row(one: Candidate) -> dict[str, Any]:
    return {
        "domain": one.domain, "disavow": _NO if one.kept else _YES,
        "reasons": "; ".join(one.reasons), "kept_because": one.kept, "links": one.links,
        "followed_links": one.followed, "pages": one.pages, "authority": one.authority,
    }  # fmt: skip


def _proposed(found: Iterable[Candidate]) -> Chosen:
    listed = list(found)
    return Chosen(
        [(one.domain, "; ".join(one.reasons)) for one in listed if not one.kept],
        [(one.domain, one.kept) for one in listed if one.kept],
    )


def _ticked(table: str) -> Iterator[tuple[str, str]]:
    """Domains that a reviewed table says yes to, and the reasons that it gives."""
    name = shown(table)
    with opened(table).file as file:
        text = (line + "\n" for line in lines(file, name) if line is not None)
        reader = csv.DictReader(text)
        if not {"domain", "disavow"} <= set(reader.fieldnames or ()):
            raise UsageError(
                f"{name} has no columns domain and disavow; take the table of a review"
            )
        try:
            for row in reader:
                if reader.line_num > _MOST:
                    raise UsageError(
                        f"{name} has more than {_MOST:,} lines; take the worst of them"
                    )
                yield from _yes(row, f"{name}, line {reader.line_num}")
        except csv.Error as error:
            raise UsageError(f"{name}, line {reader.line_num}: {error}") from error


def _yes(row: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
    said = (row["disavow"] or "").strip().lower()
    if said not in (_YES, _NO, ""):
        raise UsageError(f"{where}: {said[:40]!r} is neither yes nor no")
    if said == _YES:
        try:
            yield domain_of(row["domain"] or ""), (row.get("reasons") or "")
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None


def _allowed(store: Store, target: str, ticked: Iterable[tuple[str, str]]) -> Chosen:
    """However it was ticked: what must never be disavowed is not."""
    listed = list(ticked)
    names = {name for name, _ in listed}
    said, hosts = now(store, names), _platforms(store)
    why = {name: never(name, target, said.get(name), name in hosts) for name in names}
    return Chosen(
        [(name, reasons) for name, reasons in listed if not why[name]],
        sorted((name, told) for name, told in why.items() if told),
    )


def _platforms(store: Store) -> set[str]:
    found = Question("platforms", {}).rows(store)
    return {row["suffix"] for row in found} | {row["owner"] for row in found}


def _write(output: Path, domain: str, snapshot: Snapshot, found: Chosen) -> None:
    head = [
        f"Links to {domain} to be disavowed, by the snapshot of {snapshot.day} UTC",
        f"Reviewed by {safe(who())}",
    ]
    done = disavow_file(head, ((name, safe(reasons)) for name, reasons in found.domains))
    with whole(output) as beside:
        beside.write_text(done.text, encoding="utf-8")
    for name, why in found.kept:
        say(f"left out: {safe(name)}, {safe(why)}")
    if done.left_out:
        say(f"left out: {done.left_out:,} domains, since Google takes 100,000 lines and 2 MB")
    click.echo(f"{_domains(done.domains)} in {output}")


def _domains(count: int) -> str:
    return "1 domain" if count == 1 else f"{count:,} domains"
