"""What in a domain's row of a snapshot speaks against it, each with the figures that say so.

Marks are evidence for a person to look at. They are no verdict and no search engine's penalty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

SMALL = 30  # domains; below this a rank says little
GAP = 25.0  # percentile points of PageRank above authority
SPAM_MASS = 0.9  # share of its PageRank that does not come from trusted seeds
FLOOR = 2.0  # times the PageRank of a domain that nobody links to; below, a share says nothing
EXCHANGE = 0.5  # share of the referring domains that it links back to
FEW = 4  # referring domains; below this a share says little


class Mark(NamedTuple):
    name: str  # untrusted, overranked, exchange
    text: str


def percentile(rank: float, n: int) -> float:
    """Share of the others that it stands above, in per cent."""
    return 100.0 if n <= 1 else 100.0 * (n - rank) / (n - 1)


def marks(row: Mapping[str, Any]) -> list[Mark]:
    """The marks of a row of domain_quality; those that need trust only where there are seeds."""
    found = [_exchange(row)]
    if row["trust"] is not None and row["domains"] >= SMALL:
        found += [_untrusted(row), _overranked(row)]
    return [mark for mark in found if mark is not None]


def is_flagged(row: Mapping[str, Any]) -> bool:
    """Two marks that speak of a farm: no trust behind its links, and rank or exchange beside."""
    names = {mark.name for mark in marks(row)}
    return "untrusted" in names and len(names) > 1


def _untrusted(row: Mapping[str, Any]) -> Mark | None:
    """Source: Gyongyi et al. 2006, relative spam mass, with its floor on PageRank."""
    floor = FLOOR * (1 - row["damping"]) / row["domains"]
    if row["pagerank"] < floor:
        return None
    mass = 1 - row["trust"] / row["pagerank"]
    if mass < SPAM_MASS:
        return None
    return Mark("untrusted", f"{100 * mass:.0f}% of its PageRank does not come from trusted sites")


def _overranked(row: Mapping[str, Any]) -> Mark | None:
    n = row["domains"]
    gap = percentile(row["pagerank_rank"], n) - percentile(row["trusted_harmonic_rank"], n)
    if gap < GAP:
        return None
    return Mark(
        "overranked",
        f"PageRank puts it {gap:.0f} percentile points above its authority: many links, "
        "little trust near them",
    )


def _exchange(row: Mapping[str, Any]) -> Mark | None:
    referring, back = row["referring_domains"], row["reciprocal"]
    if referring < FEW or back <= EXCHANGE * referring:
        return None
    return Mark(
        "exchange",
        f"it links back to {back:,} of its {referring:,} referring domains: an exchange or a farm?",
    )
