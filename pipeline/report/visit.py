"""What one visit found, for a person: `backlinks check`."""

from __future__ import annotations

import click

from pipeline.page import Page
from pipeline.report.output import safe


def tell(page: Page, domain: str) -> None:
    say = click.echo
    status = f", status {page.status}" if page.status else ""
    say(f"{safe(page.url)}: {page.outcome}{status}, {page.request.latency_ms:,} ms")
    if page.outcome == "robots":
        say(f"  forbidden by {page.incomplete}")
    elif page.complete:
        say("  complete: a link that is not on it is not there")
    else:
        say(f"  not complete: {page.incomplete or page.outcome}; no evidence that a link is gone")
    if page.final_url:
        say(f"  leads to {safe(page.final_url)}")
    if page.title:
        say(f"  {safe(page.title)}" + (f" ({page.language})" if page.language else ""))
    robots = ", ".join(part for part in (page.robots_meta, page.robots_header) if part)
    if robots:
        say(f"  robots: {safe(robots)}")
    if page.outcome == "ok" or len(page.external):
        refused = sum(page.refused.values())
        reasons = ", ".join(f"{count} {name}" for name, count in sorted(page.refused.items()))
        say(
            f"  {len(page.internal.target):,} internal links, {len(page.external):,} external, "
            f"{refused:,} refused" + (f" ({reasons})" if reasons else "")
        )
    links = page.external
    for i, target in enumerate(links.target):
        if domain and links.domain[i] != domain:
            continue
        rel = " ".join(
            name
            for bit, name in ((1, "nofollow"), (2, "ugc"), (4, "sponsored"))
            if links.rel[i] & bit
        )
        say(
            f"  {links.kind[i]} {links.position[i]}{' ' + rel if rel else ''} "
            f"{safe(target)} {safe(links.anchor[i])!r}"
        )
    if domain and domain not in links.domain:
        say(f"  no link to {domain}")
