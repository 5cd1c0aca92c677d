"""What about a link speaks for it being bought: points for each mark, which add up, with reasons.

No single link tells that it was paid for; these are marks that such links have more often than
others. Where a figure is not known it gives no points. The figures are columns of domain_edges,
and may as well be those of one link (shares of 0 or 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.quality.owned import WHOLE, pages_of
from pipeline.quality.pairs import is_kind
from pipeline.quality.scored import Floats, Ids32, Scored, as_floats

VERSION = 1  # goes up when the same link may get other points


class Rule(NamedTuple):
    """steps: from which value on it has how many points, rising; of a rule that falls, up to which
    value, falling. says: what it means, with the value put into it."""

    figure: str
    says: str
    steps: tuple[tuple[float, int], ...]
    falls: bool = False

    def points(self, values: Floats) -> npt.NDArray[np.int64]:
        """int64[k]; 0 for nan."""
        found = np.zeros(len(values), np.int64)
        for bound, points in self.steps:
            found[values <= bound if self.falls else values >= bound] = points
        return found


# About twice the logarithm of how much more often bought links show it than others. How often
# others do was counted on the corpus' 86 sites, each as one: .1% of anchors have a word of what is
# sold, .3% of the text around links, 6% are keywords, 84% are followed, 57% stand in the text. How
# often bought links do nobody knows; the first four are said to be what most are bought for.
RULES = (
    Rule("declared", "it is declared to be paid for", ((0.5, 12),)),
    Rule(
        "money_share",
        "{:.0%} of its anchors have a word of what is sold by links",
        ((0.01, 6), (0.5, 8)),
    ),
    Rule(
        "keyword_share", "{:.0%} of its anchors are keywords as they are searched for", ((0.5, 5),)
    ),
    Rule(
        "near_money_share", "{:.0%} stand by words of what is sold by links", ((0.01, 4), (0.5, 6))
    ),
    Rule(
        "others_sell",
        "{:.0%} of the other domains that link there do so by such words",
        ((0.2, 3), (0.4, 6)),
    ),
    Rule(
        "relevance",
        "its page is about something else: relevance {:.2f}",
        ((0.05, 1), (0.02, 2)),
        True,
    ),
    Rule("sitewide_share", "it stands on {:.0%} of the pages of its site", ((0.5, 1),)),
    Rule("main_share", "{:.0%} stand in the text of their page", ((0.5, 1),), True),
    Rule("followed_share", "{:.0%} are followed, as is paid for", ((0.5, 1),)),
    Rule("page_links", "its page has {:.0f} external links", ((50.0, 1),)),
)
MOST = sum(max(points for _, points in rule.steps) for rule in RULES)

FEWEST = 3  # referring domains, of which the others tell something

FROM_EDGES = (
    "money_share", "keyword_share", "near_money_share", "relevance", "sitewide_share", "main_share",
    "followed_share", "page_links",
)  # fmt: skip


def figures_of(scored: Scored) -> dict[str, Floats]:
    """Of each edge, float64[edges] each, as far as parts before have put them there."""
    told = scored.edge_columns
    found = {name: as_floats(told[name]) for name in FROM_EDGES if name in told}
    few = pages_of(scored)[scored.ends[0]] < WHOLE
    found["sitewide_share"] = np.where(few, np.nan, found["sitewide_share"])
    declared = is_kind(told["kind"], "sponsored")
    selling = np.fmax(found["money_share"], found["keyword_share"])
    others = others_sell(scored.ends[1], np.nan_to_num(selling), scored.graph.n)
    return found | {"declared": declared.astype(np.float64), "others_sell": others}


def others_sell(target: Ids32, selling: Floats, n: int) -> Floats:
    """float64[edges]: the mean of `selling` over the other edges to the same domain, nan where
    there are too few."""
    many = np.bincount(target, minlength=n)[target]
    rest = np.bincount(target, selling, minlength=n)[target] - selling
    found = np.full(len(target), np.nan)
    np.divide(rest, many - 1, out=found, where=many >= FEWEST)
    rounded: Floats = np.round(found, 9)  # what is taken away again leaves a trace
    return rounded


class Reason(NamedTuple):
    figure: str
    value: float
    points: int
    says: str


def bought_marks(figures: Mapping[str, float | None]) -> list[Reason]:
    """Why one link, or a pair's links, may be bought: most points first. Their points' sum is what
    `bought_points` gives."""
    found = []
    for rule in RULES:
        value = figures.get(rule.figure)
        if value is not None and (points := int(rule.points(np.array([value]))[0])):
            found.append(Reason(rule.figure, value, points, rule.says.format(value)))
    return sorted(found, key=lambda reason: -reason.points)


def bought_points(figures: Mapping[str, Floats]) -> npt.NDArray[np.int64]:
    """int64[k], 0 to MOST. figures: float64[k] each, nan where unknown; what is missing is
    unknown. Raises ValueError without any."""
    if not figures:
        raise ValueError("points need a figure at least")
    found = np.zeros(len(next(iter(figures.values()))), np.int64)
    for rule in RULES:
        if rule.figure in figures:
            found += rule.points(figures[rule.figure])
    return found
