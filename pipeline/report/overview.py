"""`show DOMAIN`: what the index knows of a domain's backlinks, on one screen."""

from __future__ import annotations

import datetime
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.quality.marks import SMALL, is_flagged, marks, percentile, shows_numbers
from pipeline.report.output import safe

_BARS = "·▁▂▃▄▅▆▇█"
_DAYS = 31


def write_overview(found: dict[str, Any], to: TextIO, *, width: int | None = None) -> None:
    """`found`: what Index.overview gives."""
    console = Console(file=to, width=width, highlight=False)
    console.print(Text(_title(found), style="bold"), Text(_known(found), style="dim"))
    console.print(Text(_authority(found)))
    for line in _risk(found["quality"]):
        console.print(Text(line))
    if found["verdict"]["told"]:
        console.print(Text(f"Label         {safe(found['verdict']['told'])}"))
    for line in [*_links(found), _trend(found["trend"])]:
        console.print(Text(line))
    if found["strongest"]:
        console.print(Text("\nStrongest links", style="bold"))
        console.print(_strongest(found["strongest"]))
    if found["lost"]:
        console.print(Text("\nStrongest that were lost", style="bold"))
        console.print(_lost(found["lost"]))
    notes = advice(found)
    if notes:
        console.print(Text("\nLook at", style="bold"))
        for note in notes:
            console.print(Text(f"  {note}"))
    console.print(Text(f"\n{_next(found)}   ({found['milliseconds']} ms)", style="dim"))


def _next(found: dict[str, Any]) -> str:
    target, counts = safe(found["target"]), found["counts"]
    state = "unverified" if counts["unverified"] and not counts["lost"] else "lost"
    return (
        f"Next: backlinks links {target} · backlinks refs {target} · "
        f"backlinks links {target} --state {state} --all"
    )


def _title(found: dict[str, Any]) -> str:
    """What was asked about; its domain where that is more."""
    if found["mode"] == "domain":
        return str(found["domain"])
    return f"{safe(found['target'])} ({found['mode']} of {found['domain']})"


def _known(found: dict[str, Any]) -> str:
    known = found["known"]
    snapshot = f"snapshot of {day(known['snapshot'])}" if known["snapshot"] else "no snapshot yet"
    own = f"{known['own_pages']:,} of its pages crawled"
    if known["own_unfetched"]:
        own += f", {known['own_unfetched']:,} known and not fetched"
    return f"· {snapshot} of {known['domains'] or 0:,} domains · {own}"


def _authority(found: dict[str, Any]) -> str:
    quality = found["quality"]
    if quality is None and not _is_met(found):
        return "Authority     unknown: the index has no link to this domain and no page of it"
    if quality is None:
        return "Authority     unknown: not in a snapshot; run `backlinks score`"
    n = quality["domains"]
    if quality["authority"] is None:
        rank = quality["harmonic_rank"]
        return (
            f"Authority     unknown without trusted seeds; harmonic centrality rank "
            f"{rank:,.10g} of {n:,}, percentile {percentile(rank, n):.1f}"
        )
    rank = quality["trusted_harmonic_rank"]
    text = f"rank {rank:,.10g} of {n:,}, percentile {percentile(rank, n):.1f}"
    if n < SMALL:
        return f"Authority     {text} (too few domains for a number)"
    if not shows_numbers(quality):
        return f"Authority     {text} (too little ground for a number: --why says why)"
    return f"Authority     {quality['authority']:.1f}   {text}"


def _is_met(found: dict[str, Any]) -> bool:
    """Else a score would not have it either."""
    counts = ("live", "lost", "unverified", "indirect")
    links = sum(found["counts"][name] or 0 for name in counts) + found["known"]["graph_domains"]
    return bool(links or found["known"]["own_pages"] or found["mode"] != "domain")


def _risk(quality: dict[str, Any] | None) -> list[str]:
    """A snapshot of before there was one says nothing of it."""
    if quality is None or quality.get("spam_risk") is None:
        return []
    flag = "  flagged: see below" if is_flagged(quality) else ""
    points = quality["risk_points"]
    return [f"Spam risk     {quality['spam_risk']:.0f} of 100 ({points:,} points){flag}"]


def _links(found: dict[str, Any]) -> list[str]:
    counts, live = found["counts"], found["counts"]["live"]
    lines = [
        f"Domains       {counts['live_domains']:,} live, {counts['lost_domains']:,} lost, "
        f"{counts['unverified_domains']:,} unverified{_graphed(found)}",
        f"Links         {live:,} live{_new(counts)}, {counts['lost']:,} lost"
        f"{_mix(counts['reasons'])}, {counts['unverified']:,} unverified",
    ]
    if counts["indirect"]:
        lines.append(
            f"Indirect      {counts['indirect']:,} more live links of "
            f"{counts['indirect_domains']:,} domains arrive by redirects or canonicals elsewhere"
        )
    if live:
        lines.append(
            f"Kind          {100 * counts['followed'] / live:.0f}% followed, "
            f"{counts['ugc']:,} ugc, {counts['sponsored']:,} sponsored; "
            + ", ".join(f"{share:,} {place}" for place, share in _pairs(counts["positions"]))
        )
    return lines


def _graphed(found: dict[str, Any]) -> str:
    """A web graph knows domains alone, not which of a domain's pages they link to."""
    domains = found["known"]["graph_domains"] if found["mode"] == "domain" else 0
    return f", {domains:,} more known by a web graph alone" if domains else ""


def _new(counts: dict[str, Any]) -> str:
    """Which are new is not counted where there are very many: the trend of domains tells."""
    if counts["appeared"] is None:
        return ""
    return f" ({counts['appeared']:,} appeared and {counts['discovered']:,} discovered in 30 days)"


def _trend(days: list[dict[str, Any]]) -> str:
    """Domains that first linked here in 30 days, by whatever link, and those that went."""
    new, lost = sum(day["new"] for day in days), sum(day["lost"] for day in days)
    told = f"30 days       {new:,} domains new by any link, {lost:,} lost"
    return f"{told}   new by day: {_bars(days)}" if new else told


def _bars(days: list[dict[str, Any]]) -> str:
    """One letter a day from the first with any to the last, as high as its new domains are many."""
    by_day = {day["day"]: day["new"] for day in days}
    first, most = min(by_day), max(by_day.values())
    span = min((max(by_day) - first).days + 1, _DAYS)
    counts = [by_day.get(first + datetime.timedelta(days=number), 0) for number in range(span)]
    top = len(_BARS) - 1
    return "".join(_BARS[-(-count * top // most)] for count in counts)


def _pairs(found: Any) -> list[tuple[str, int]]:
    pairs = list(found.items()) if isinstance(found, dict) else [tuple(pair) for pair in found]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def _mix(found: Any) -> str:
    pairs = _pairs(found)
    return f" ({', '.join(f'{count:,} {name}' for name, count in pairs)})" if pairs else ""


def _strongest(links: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right", no_wrap=True, min_width=7)
    table.add_column(no_wrap=True, min_width=15)
    table.add_column(overflow="ellipsis", no_wrap=True, max_width=32)
    table.add_column(overflow="ellipsis", no_wrap=True)
    for link in links:
        authority = "" if link["authority"] is None else f"{link['authority']:.1f}"
        table.add_row(
            f"  {authority}",
            Text(f"{link['rel'] or 'follow'}, {link['position']}"),
            Text(safe(link["anchor"])[:40] or "(no text)"),
            Text(safe(link["source_url"])),
        )
    return table


def _lost(links: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    for link in links:
        last, by = _second(link["last_seen"]), _second(link["lost_by"])
        when = f"between {last} and {by}" if by else f"last seen {last}"
        by_others = ", indirect" if link["indirect"] else ""
        table.add_row(f"  {link['reason']}{by_others}", when, Text(safe(link["source_url"])))
    return table


def _second(at: datetime.datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M:%S")


def advice(found: dict[str, Any]) -> list[str]:
    """What a person would want to look at, with the figure that says so."""
    counts, quality = found["counts"], found["quality"]
    notes = []
    live = counts["live"]
    if not live and not counts["indirect"]:
        notes.append(_without_live(found))
    if live and counts["followed"] < live / 2:
        notes.append(
            f"{live - counts['followed']:,} of {live:,} live links are nofollow, ugc or sponsored"
        )
    footer = dict(_pairs(counts["positions"])).get("footer", 0)
    if live >= 5 and footer > live / 3:
        notes.append(f"{footer:,} of {live:,} live links stand in footers: sitewide or bought?")
    if counts["lost"] > live / 4:
        notes.append(f"{counts['lost']:,} links lost beside {live:,} live")
    if quality is not None:
        notes.extend(mark.text for mark in marks(quality))
    return notes


def _without_live(found: dict[str, Any]) -> str:
    unverified, graphed = found["counts"]["unverified"], found["known"]["graph_domains"]
    target = safe(found["target"])
    if unverified:
        return (
            f"no live backlinks known, {unverified:,} unverified: `backlinks links {target} "
            "--state unverified --all` says why; `backlinks import list FILE --verify` looks at "
            "pages of a list"
        )
    if graphed:
        return (
            f"no live backlinks known, {graphed:,} domains that only a web graph tells of: "
            f"crawl them, `backlinks refs {target} --state unverified` names them"
        )
    return "no live backlinks known: crawl the sites that link here, with scope hops:1 or open"


def day(ms: int) -> str:
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC).strftime("%Y-%m-%d %H:%M")
