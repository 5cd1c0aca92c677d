"""`backlinks formulas`: what another formula of spam risk would say of the newest snapshot."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.report.commands import cli, form_options, put, reading, settings_of
from pipeline.report.lines import say


@cli.command()
@click.argument("before")
@click.argument("after")
@click.option("--limit", type=click.IntRange(min=0), default=100, help="Domains that move.")
@form_options
@click.pass_context
def formulas(
    ctx: click.Context,
    before: str,
    after: str,
    limit: int,
    form: str | None,
    output: Path | None,
) -> None:
    """Run two formulas of spam risk on the newest snapshot: how alike they rank, who moves and why.

    A formula is a version that comes with the program, or a file; nothing is written.

    \b
    backlinks formulas 1 2
    backlinks formulas 2 my-formula.json
    backlinks formulas 2 my-formula.json --limit 1000 -o moves.csv
    """
    from pipeline.quality.compared import compare
    from pipeline.quality.formula import load
    from pipeline.quality.risk import KNOWN

    one, other = load(before, KNOWN), load(after, KNOWN)
    with reading(settings_of(ctx)) as store:
        found = compare(store, one, other, limit=limit)
    alike = "no rank correlation" if found.correlation is None else (
        f"rank correlation {found.correlation:.4f}"
    )  # fmt: skip
    say(
        f"{found.domains:,} domains, {alike}; {found.moved:,} get other points; "
        f"flagged {found.flagged_before:,} before, {found.flagged_after:,} after"
    )
    put(found.moves, form, output)
