"""What in a domain's row of a snapshot speaks against it, each with the figure that says so.

They are the reasons of its spam risk (pipeline/quality/risk.py), told to a person: evidence to look
at, and no verdict and no search engine's penalty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

SMALL = 30  # domains; below this a rank says little
FLAGGED = 50.0  # of 100; a formula's table says how many points that takes

# A share as per cent, or a figure as it is.
_SAYS = {
    "undivided": "its referring domains link to little else: it is {share} of their links (mean)",
    "shells": "{share} of its referring domains are shells: hardly anyone else links to them",
    "ring": "{share} of its referring domains are linked by one another and hardly anyone else",
    "traded": "it links back to {share} of its referring domains, linked by no other: a trade?",
    "strangers": "{share} of its referring domains have nothing in common with any other of them",
    "apart": "its referring domains have nothing in common with one another ({share})",
    "unlisted_undivided": "its referring domains link to little else, and no list names them: "
    "it is {share} of their links (mean)",
    "unlisted_shells": "{share} of its referring domains are shells that no list names either",
    "unlisted_ring": "{share} of its referring domains are linked by one another, and on no list",
    "unlisted_knot": "{share} of its referring domains are linked by many of the others",
    "untrusted_mass": "{share} of its visits set out from where no trusted site leads",
    "linked_risk": "what it links to is suspect: {figure} risk points on average",
    "fellows": "{share} of its referring domains link to the same suspect domains as it does",
    "same_referrers": "it links to a suspect domain and shares {share} of the referrers with it",
    "serves": "it serves a suspect domain of {figure} points: hardly anyone else links to it",
    "serves_alike": "{share} of the referrers of it, or of the suspect it serves, link to both",
    "top_network_share": "{share} of its referring domains are in one network",
    "template_share": "{share} of its referring domains are made from one template",
    "money_anchor_share": "{share} of its links are anchored in words of money",
    "footer_share": "{share} of its links stand in footers",
    "sitewide_share": "{share} of its referring domains link from nearly all of their pages",
    "name_marks": "its name bears {figure} marks of a made-up name",
    "velocity": "its new referring domains come at {figure} times the former rate",
}


class Mark(NamedTuple):
    name: str  # of the measure
    text: str


def percentile(rank: float, n: int) -> float:
    """Share of the others that it stands above, in per cent."""
    return 100.0 if n <= 1 else 100.0 * (n - rank) / (n - 1)


def marks(row: Mapping[str, Any]) -> list[Mark]:
    """The reasons of a row of domain_quality, those that weigh most first."""
    return [_told(reason) for reason in row.get("risk_reasons") or []]


def is_flagged(row: Mapping[str, Any]) -> bool:
    """No one measure gives the points that this takes."""
    return row.get("spam_risk") is not None and row["spam_risk"] >= FLAGGED


def shows_numbers(row: Mapping[str, Any]) -> bool:
    """Whether there is ground enough for a headline number: else ranks and reasons alone.

    A snapshot from before confidence was told has none.
    """
    return row.get("confidence") in ("medium", "high")


def _told(reason: Mapping[str, Any]) -> Mark:
    name, value = str(reason["measure"]), float(reason["value"])
    says = _SAYS.get(name, name.replace("_", " ") + " is {figure}")
    text = says.format(share=f"{100 * value:.0f}%", figure=f"{value:,.3g}")
    return Mark(name, f"{text} (risk {reason['points']:+d})")
