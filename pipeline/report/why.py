"""`show DOMAIN --why`: every score of a domain with its reasons, on one screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.report.output import cell, safe
from pipeline.report.overview import day

WIDE = 110  # columns of a terminal, from which on each figure is told what it is


def write_why(found: Mapping[str, Any], to: TextIO, *, width: int | None = None) -> None:
    """`found`: what Index.why gives."""
    console = Console(file=to, width=width, highlight=False)
    row = found["quality"]
    if row is None:
        console.print(Text(found["domain"], style="bold"))
        console.print(
            Text("in no snapshot: run `backlinks score`, once pages of it or to it are in")
        )
        return
    told = f"· snapshot of {day(row['snapshot'])} of {row['domains']:,} domains"
    console.print(Text(safe(found["domain"]), style="bold"), Text(told, style="dim"))
    for line in [*_scores(found), *_confidence(found["confidence"]), *_marks(found["marks"])]:
        console.print(Text(line))
    for head, table in (
        ("Links behind it", _links(found["links"], row["portfolio_worth"])),
        ("Without it", _without(found["without"])),
        ("This page", _page(found["page"], found["confidence"]["numbers"])),
        ("Its pages", _pages(found["pages"], found["confidence"]["numbers"])),
        ("Evidence", _evidence(found["evidence"], console.width)),
    ):
        if table.row_count:
            console.print(Text(f"\n{head}", style="bold"))
            console.print(table)
    for line in _unknown(found["evidence"]):
        console.print(Text(line, style="dim"))
    domain = safe(found["domain"])
    told = f"backlinks show {domain} --why --json · backlinks links {domain}"
    console.print(Text(f"\nNext: {told}   ({found['milliseconds']} ms)", style="dim"))


def _scores(found: Mapping[str, Any]) -> list[str]:
    """One line each: the number where there is ground for it, and its place always."""
    row, numbers = found["quality"], found["confidence"]["numbers"]
    by = {each["measure"]: each for each in found["evidence"]}
    lines = [_authority(row, by, numbers), _portfolio(row, by, numbers)]
    risk = row.get("spam_risk")
    if "spam_risk" in row:
        points = " + ".join(f"{each['points']} {each['measure']}" for each in found["risk"])
        told = (
            "unknown" if risk is None else f"{risk:.0f} of 100   {points or 'nothing speaks of it'}"
        )
        lines.append(f"Spam risk     {told}")
    return lines


def _authority(row: Mapping[str, Any], by: Mapping[str, Any], numbers: bool) -> str:
    if row["authority"] is None:
        place = _place(by.get("harmonic"))
        return f"Authority     unknown without trusted seeds; harmonic centrality {place}"
    number = f"{row['authority']:.1f}   " if numbers else ""
    return f"Authority     {number}{_place(by.get('trusted_harmonic'))}"


def _portfolio(row: Mapping[str, Any], by: Mapping[str, Any], numbers: bool) -> str:
    if row["portfolio"] is None:
        why = (by.get("portfolio") or {}).get(
            "unknown"
        ) or "the snapshot is from before it was told"
        return f"Portfolio     unknown: {why}"
    number = ""
    if numbers:
        number = (
            f"{row['portfolio']:.1f} ({row['portfolio_low']:.0f} to {row['portfolio_high']:.0f})   "
        )
    worth = f"{row['portfolio_worth']:.4g}"
    place = _place(by.get("portfolio_worth"))
    return f"Portfolio     {number}{place}; its links' shares sum to {worth}"


def _place(told: Mapping[str, Any] | None) -> str:
    if told is None or told["rank"] is None:
        return "unranked"
    if told["percentile"] is None:
        return f"rank {told['rank']:,.10g}"
    return f"rank {told['rank']:,.10g} of {told['n']:,}, percentile {told['percentile']:.1f}"


def _confidence(told: Mapping[str, Any]) -> list[str]:
    reasons = "; ".join(each["text"] for each in told["reasons"])
    line = f"Confidence    {told['level'] or 'unknown'}" + (f": {reasons}" if reasons else "")
    if told["numbers"]:
        return [line]
    return [line, "              too little ground for a number: ranks and reasons alone are told"]


def _marks(marks: list[dict[str, Any]]) -> list[str]:
    return [f"Look at       {mark['text']}" for mark in marks]


def _links(links: list[dict[str, Any]], total: float | None) -> Table:
    table = _plain("right", "left", "left")
    for link in links:
        share = link["portfolio_share"]
        part = f"  {100 * share / total:.0f}%" if share is not None and total else "  0%"
        table.add_row(part, safe(link["source_domain"]), Text(_product(link)))
    return table


def _product(link: Mapping[str, Any]) -> str:
    """`0.012 = authority 0.31 × trust 1.2 × relevance 0.8? ...`; a ? is a neutral value."""
    if link["worth"] is None:
        return "unknown: the snapshot is from before links had a worth"
    unknown = set(link["worth_unknown"])
    factors = [
        f"{each['factor']} {each['value']:.2g}" + ("?" if each["factor"] in unknown else "")
        for each in link["worth_factors"]
    ]
    told = f"{link['worth']:.3g} = {' × '.join(factors)}"
    if link["owner_place"] > 1:
        told += f"; number {link['owner_place']:,} of its owner"
    if link["page_relevance"] is not None:
        pairs = link["page_relevance_pairs"]
        told += f"; its pages {link['page_relevance']:.2f} near, the best of {pairs}"
    return told


_SCORED = {
    "all": "",
    "itself": " (the others as they are)",
    "between": " (by a part of the links, trust as it is)",
}


def _without(found: list[dict[str, Any]]) -> Table:
    table = _plain("left", "left", "left")
    for each in found:
        before, best, worst = (f"{each[name]:,.10g}" for name in ("rank", "best", "worst"))
        after = worst if best == worst else f"{best} to {worst}"
        told = "rank stays" if best == worst == before else f"rank {before} → {after}"
        told += _SCORED[each["scored"]]
        table.add_row("  without", safe(each["source_domain"]), told)
    return table


def _page(page: Mapping[str, Any] | None, numbers: bool) -> Table:
    """A URL that was asked for: its authority, and what it would be without those who bring it."""
    table = _plain("left", "left", "left")
    if page is None:
        return table
    counted = (
        f"{page['counted_domains']:,} of {page['referring_domains']:,} referring domains count"
    )
    if page["authority"] is None:
        table.add_row("  Authority", "", "unknown: there are no trusted seeds, or one page alone")
        return table
    number = f"{page['authority']:.1f}" if numbers else ""
    rank = page["trusted_harmonic_rank"]
    table.add_row("  Authority", number, f"rank {rank:,.10g} of {page['pages']:,} pages, {counted}")
    for each in page["brings"]:
        told = "rank stays" if each["rank"] == rank else f"rank {rank:,.10g} → {each['rank']:,.10g}"
        by = f"   {each['source_url']}" if each["source_url"] else ""
        table.add_row("  without", safe(each["source_domain"]), Text(safe(told + by)))
    return table


def _pages(pages: list[dict[str, Any]], numbers: bool) -> Table:
    table = _plain("right", "left", "left")
    for page in pages:
        score = "" if page["score"] is None or not numbers else f"{page['score']:.1f}"
        domains = f"{page['referring_domains']:,} referring domains"
        place = f"rank {page['worth_rank']:,.10g} of {page['pages']:,} pages, {domains}"
        if page["trusted_harmonic_rank"] is not None:
            place += f"; by authority rank {page['trusted_harmonic_rank']:,.10g}"
        table.add_row(f"  {score}", Text(safe(page["page"])), place)
    return table


def _evidence(evidence: list[dict[str, Any]], width: int) -> Table:
    """Of a narrow terminal the unit alone: what each is stands in docs/features.md."""
    table = _plain("left", "right", "left", "left")
    for each in evidence:
        if each["value"] is not None:
            place = "" if each["rank"] is None else _place(each)
            told = safe(each["unit"])
            told += f": {safe(each['meaning'])}" if width >= WIDE else ""
            table.add_row(f"  {safe(each['measure'])}", _figure(each), place, Text(told))
    return table


def _figure(told: Mapping[str, Any]) -> str:
    """What is counted has no fraction."""
    value = told["value"]
    return f"{value:,.0f}" if value.is_integer() and told["unit"] != "share" else cell(value)


def _unknown(evidence: list[dict[str, Any]]) -> list[str]:
    """What is not known, by why."""
    by: dict[str, list[str]] = {}
    for each in evidence:
        if each["value"] is None:
            by.setdefault(safe(each["unknown"]), []).append(safe(each["measure"]))
    return [f"  unknown, as {why}: {', '.join(names)}" for why, names in by.items()]


def _plain(*justified: Any) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for justify in justified[:-1]:
        table.add_column(justify=justify, no_wrap=True)
    table.add_column(justify=justified[-1])
    return table
