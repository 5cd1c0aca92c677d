"""How sure a domain's scores are, apart from how good they are: one level, with its reasons.

The level is the worst of what is looked at; each that is not high is a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.graph.blocks import share_of
from pipeline.quality.scored import Floats, Measure, Part, Scored, as_floats, looked_up, nullable
from pipeline.quality.worth_formula import Steps, formula
from pipeline.store import sql

LEVELS = ("none", "low", "medium", "high")  # from the worst on
NONE, LOW, MEDIUM, HIGH = range(4)

Levels = npt.NDArray[np.int8]


class Reason(NamedTuple):
    level: str
    text: str


def _add(scored: Scored) -> None:
    scored.columns["crawled_share"] = nullable(_crawled_share(scored))
    n = scored.graph.n
    width = scored.floats("portfolio_high") - scored.floats("portfolio_low")
    worst = np.full(n, HIGH if len(scored.seeds) else NONE, np.int8)
    rules = formula().confidence
    looked_at = (
        (np.full(n, float(n)), rules.domains),
        (scored.floats("crawled_share"), rules.crawled_share),
        (scored.floats("independent_referrers"), rules.independent_referrers),
        (-width, _negative(rules.interval_points)),
    )
    for values, steps in looked_at:
        worst = np.minimum(worst, _levels(values, steps))
    scored.columns["confidence"] = pa.array(LEVELS, pa.string()).take(pa.array(worst))


def reasons(row: Mapping[str, Any]) -> list[Reason]:
    """Why a row of domain_quality has the confidence it has; none where that is high."""
    if not row["confidence"]:
        return [Reason("none", "the snapshot is from before confidence was told")]
    rules = formula().confidence
    found = []
    if row["portfolio"] is None:
        found.append(Reason("none", "there are no trusted seeds: what links are worth is unknown"))
    else:
        width = row["portfolio_high"] - row["portfolio_low"]
        level = _level(-width, _negative(rules.interval_points))
        text = f"with other pages crawled the portfolio might be {width:.0f} points apart"
        found.append(Reason(level, text))
    share = row["crawled_share"]
    text = (
        "nothing links to it" if share is None else f"{100 * share:.0f}% of the linking sites read"
    )
    found += [
        Reason(_level(row["domains"], rules.domains), f"{row['domains']:,} domains in all"),
        Reason(_level(share, rules.crawled_share), text),
        Reason(
            _level(row["independent_referrers"], rules.independent_referrers),
            f"{row['independent_referrers']:,} independent owners link to it",
        ),
    ]
    return [reason for reason in found if reason.level != "high"]


def _crawled_share(scored: Scored) -> Floats:
    """Mean over the edges that count, by weight, of how much of the linking site was read."""
    unfetched = scored.store.query(sql("pipeline/quality/unfetched"), {"snapshot": scored.snapshot})
    waiting = as_floats(looked_up(scored.names, unfetched, "urls", pa.uint64()))
    pages = scored.floats("pages")
    known = pages + np.nan_to_num(waiting)
    read = np.divide(pages, known, out=np.zeros(scored.graph.n), where=known > 0)
    source, target = scored.ends
    weight = as_floats(scored.edges["weight"].combine_chunks()) if len(source) else np.empty(0)
    total = np.bincount(target, weights=weight * read[source], minlength=scored.graph.n)
    of = np.bincount(target, weights=weight, minlength=scored.graph.n)
    return share_of(total, of)


def _levels(values: Floats, steps: Steps) -> Levels:
    """int8[n]; what is unknown is low."""
    found = np.where(values < steps.medium, MEDIUM, HIGH)
    return np.where((values < steps.low) | np.isnan(values), LOW, found).astype(np.int8)


def _level(value: float | None, steps: Steps) -> str:
    return LEVELS[int(_levels(np.array([np.nan if value is None else value]), steps)[0])]


def _negative(steps: Steps) -> Steps:
    return Steps(low=-steps.low, medium=-steps.medium)


PART = Part(
    "confidence",
    (
        Measure("crawled_share", "share", "of the linking sites that was read, by weight",
                "nothing links to it"),
    ),
    _add,
)  # fmt: skip
