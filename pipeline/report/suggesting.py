"""`backlinks seeds`: whom to trust, proposed with what speaks for it, for a person to accept."""

from __future__ import annotations

from pathlib import Path

import click
import pyarrow as pa

from pipeline.errors import UsageError
from pipeline.index.snapshots import Snapshot, chosen
from pipeline.quality.candidates import MARKS, MOST_LISTED, SeedCandidate, suggest
from pipeline.report.commands import cli, form_options, put, reading, settings_of
from pipeline.report.lines import say
from pipeline.report.output import safe, whole
from pipeline.report.progress import Progress
from pipeline.report.snapshots import snapshot_option

_SCHEMA = pa.schema(
    [("domain", pa.string()), ("marks", pa.uint32()), ("because", pa.list_(pa.string()))]
)


@cli.group()
def seeds() -> None:
    """The domains that you trust, from which trust and authority are computed."""


@seeds.command(name="suggest")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=200, show_default=True, help="At most."
)
@click.option(
    "--listed",
    multiple=True,
    metavar="FILE",
    help="A file of domains that you have reason to trust, one a line: a mark for those in it. "
    "May be repeated.",
)
@snapshot_option
@form_options
@click.pass_context
def suggest_(
    ctx: click.Context,
    limit: int,
    listed: tuple[str, ...],
    which: str,
    form: str | None,
    output: Path | None,
) -> None:
    """Candidates for trusted seeds, with the marks that speak for each, for you to accept.

    Marks: linked from many networks, endings and languages, and by domains that others link to;
    known for long; crawled; linking back to few; much of the web is near; good in a web graph that
    was imported, or by the seeds that you have. No mark is proof, and whoever owns many networks
    can have most of them: look at each. To a .txt file it writes what `backlinks score --seeds`
    reads; delete there whom you don't trust.

    \b
    backlinks seeds suggest
    backlinks seeds suggest --listed top-sites.txt -o trusted.txt
    backlinks score --seeds trusted.txt
    """
    from pipeline.quality.listed import read_domains

    names = {name for file in listed for name in read_domains(file, "listed domains")}
    if len(names) > MOST_LISTED:
        raise UsageError(f"--listed names {len(names):,} domains; give the best {MOST_LISTED:,}")
    with reading(settings_of(ctx)) as store, Progress() as progress:
        progress.step("looking at who links to whom")
        snapshot = chosen(store, which)
        found = suggest(store, snapshot, limit, listed=names)
    if output is not None and output.suffix == ".txt":
        _write(output, snapshot, found)
        return
    put(pa.Table.from_pylist([_row(one) for one in found], _SCHEMA), form, output)


def _row(one: SeedCandidate) -> dict[str, object]:
    return {"domain": one.domain, "marks": len(one.marks), "because": list(one.told)}


def _write(output: Path, snapshot: Snapshot, found: list[SeedCandidate]) -> None:
    lines = [
        f"# Candidates for trusted seeds, by the snapshot of {snapshot.day} UTC. Look at each,",
        "# and delete whom you don't trust: all that is scored stands on them.",
        *(
            f"{one.domain}  # {len(one.marks)} of {len(MARKS)}: {safe(', '.join(one.told))}"
            for one in found
        ),
    ]
    with whole(output) as beside:
        beside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    say(f"{len(found):,} candidates in {output}; look at each before you score with them")
