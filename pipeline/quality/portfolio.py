"""What a domain's backlinks are worth together: a sum over owners, each link's own share kept.

Of an owner's domains the first in worth counts whole, each further one `gamma` of the one before.
The interval says how far the score hangs on which pages happened to be crawled: pages are redrawn
(Poisson with mean 1 each, so of a pair with k linking pages Poisson with mean k) and the sum taken
again. Draws go by the domains' names, so that a new domain elsewhere doesn't move an interval.
Source: Efron 1979 for the bootstrap; Hanley and MacGibbon 2006 for Poisson counts in its place.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.csr import Offsets
from pipeline.graph.hashed import hashed
from pipeline.graph.mixing import start_of
from pipeline.graph.owned import AT_A_TIME, draws, ordered, redrawn, shares
from pipeline.graph.threads import at_most
from pipeline.quality.scored import (
    BEFORE,
    Floats,
    Ids,
    Ids32,
    Measure,
    Part,
    Scored,
    as_floats,
    nullable,
)
from pipeline.quality.worth_formula import formula

_UNSEEDED = "there are no trusted seeds"


def _add(scored: Scored) -> None:
    source, target = scored.ends
    rules = formula().portfolio
    worth = as_floats(scored.edge_columns["worth"])
    owner = owners(scored)
    starts = _starts(target)
    order = ordered(starts, source, owner, worth)
    found = shares(starts, order, source, target, owner, worth, rules.gamma)
    scored.edge_columns["owner_place"] = pa.array(found.place)
    scored.edge_columns["portfolio_share"] = pa.array(found.share)
    linked = target[starts[:-1]]
    total, independent = np.zeros(scored.graph.n), np.zeros(scored.graph.n, np.uint32)
    total[linked], independent[linked] = found.total, found.owners
    seeded = len(scored.seeds) > 0
    scored.columns["portfolio_worth"] = pa.array(total)
    scored.columns["independent_referrers"] = pa.array(independent)
    low, high = _interval(scored, source, target, starts, order, worth)
    for name, each in (("", total), ("_low", low), ("_high", high)):
        made = nullable(points(each) if seeded else None, scored.graph.n)
        scored.columns[f"portfolio{name}"] = made


def points(worth: Floats) -> Floats:
    """0 to 100: half of what is left with each further P50."""
    found: Floats = 100 * (1 - np.exp2(-worth / formula().portfolio.p50))
    return found


def owners(scored: Scored) -> Ids:
    """int64[n]: the id of the first domain of each one's owner; its own where it stands alone."""
    alone = np.arange(scored.graph.n, dtype=np.int64)
    group = scored.columns.get("owner_group")
    if group is None:
        return alone
    found = as_floats(pc.index_in(group.cast(pa.string()), scored.names))
    return np.where(np.isnan(found), alone, found).astype(np.int64)


def _starts(target: Ids32) -> Offsets:
    """Where each target's edges begin, and where the last one's end: edges come by target."""
    first = np.flatnonzero(np.diff(target, prepend=-1))
    return np.append(first, len(target)).astype(np.int64)


def _interval(
    scored: Scored, source: Ids32, target: Ids32, starts: Offsets, order: Ids, worth: Floats
) -> tuple[Floats, Floats]:
    """Lower and upper end of each domain's sum over redrawn pages, float64[n]; 0 without links."""
    rules = formula()
    replicates, ends_at = rules.confidence.replicates, rules.confidence.interval
    low, high = np.zeros(scored.graph.n), np.zeros(scored.graph.n)
    if not len(source):
        return low, high
    pages = scored.edges["pages"].combine_chunks().to_numpy(zero_copy_only=False)
    salts = np.array([start_of(number) for number in range(-(-replicates // AT_A_TIME))])
    with at_most(max(1, (len(starts) - 1) // 64)):
        found = redrawn(
            starts, order, source, target, owners(scored), worth, pages,
            hashed(scored.graph.names), salts, replicates, *draws(rules.worth.pages.most),
            rules.portfolio.gamma, np.array(ends_at),
        )  # fmt: skip
    linked = target[starts[:-1]]
    low[linked], high[linked] = found[:, 0], found[:, 1]
    return low, high


PART = Part(
    "portfolios",
    (
        Measure("portfolio", "points", "what its backlinks are worth together: "
                "100 * (1 - 2 ^ (-portfolio_worth / P50))", _UNSEEDED),
        Measure("portfolio_worth", "worth", "the sum of its links' shares", BEFORE, ranked=True),
        Measure("portfolio_low", "points", "portfolio at the lower end of the interval over "
                "redrawn pages", _UNSEEDED),
        Measure("portfolio_high", "points", "at its upper end", _UNSEEDED),
        Measure("independent_referrers", "owners", "behind its referring domains and "
                "those whose links get here by a redirect", BEFORE),
    ),
    _add,
)  # fmt: skip
