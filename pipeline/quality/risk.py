"""Spam risk: points for what speaks of links that were made and not given, with every reason.

Two looks: first at who links to a domain, then at what it links to itself, by the points of the
first look. All evidence is in shares of a domain's own links, so that a domain which is new
elsewhere changes nothing. It is evidence for a person, and no verdict.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.graph.blocks import share_of
from pipeline.graph.links import Graph
from pipeline.graph.ranks import pagerank
from pipeline.graph.referrers import FEW, fellows_of, referrers_of
from pipeline.graph.step import received
from pipeline.graph.suspicion import DAMPING, linear
from pipeline.graph.trusted import seed_distance
from pipeline.graph.unlisted import serves_of, unlisted_of
from pipeline.quality.formula import Formula, Points, load
from pipeline.quality.scored import Columns, Floats, Ids, Measure, Part, Scored, as_floats, nullable

OWN = (
    "undivided", "shells", "ring", "traded", "strangers", "apart", "untrusted_mass",
    "unreached", "unlisted_undivided", "unlisted_shells", "unlisted_ring", "unlisted_knot",
)  # fmt: skip
AFTER = ("linked_risk", "fellows", "same_referrers", "serves", "serves_alike")
LEAST = 16  # points, of the first look, of which a domain that is served says anything
EXACT = 1e-12  # of a visit: a bin must not depend on where an iteration stopped

# What others may have measured that does not depend on how many domains there are.
OTHERS = (
    "top_network_share", "template_share", "money_anchor_share", "top_anchor_share",
    "anchor_entropy", "empty_anchor_share", "sitewide_share", "footer_share", "editorial_share",
    "nofollow_share", "out_in_ratio", "name_marks", "new_share", "velocity", "reciprocity",
    "in_out_overlap", "truncated_pagerank", "seed_distance", "relevance", "supporters_2",
    "trusted_supporters_2", "dense_size", "follow_share",
)  # fmt: skip
OF_ITSELF = ("name_marks", "out_in_ratio", "seed_distance", "dense_size")
OF_ANYBODY = frozenset({"name_marks", "unreached"})  # told without a link to go by
KNOWN = frozenset((*OWN, *AFTER, *OTHERS))
REASON = pa.struct([("measure", pa.string()), ("value", pa.float64()), ("points", pa.uint8())])


class Rated(NamedTuple):
    """By a formula. values, points: by measure, of those that were known of any."""

    values: dict[str, Floats]
    points: dict[str, Points]
    total: Points
    risk: Floats  # nan where nothing is known

    @property
    def n(self) -> int:
        return len(self.total)


def evidence(graph: Graph, seeds: Ids) -> dict[str, Floats]:
    """float64[n] for each of OWN, nan where it is unknown: under three referring domains, and the
    mass without seeds."""
    found = dict(vars(referrers_of(graph)))
    for name, each in vars(unlisted_of(graph)).items():
        each[seeds] = np.nan  # somebody vouches for them: whom their referrers serve is known
        found[f"unlisted_{name}"] = each
    found["unreached"] = _unreached(graph, seeds)
    found["untrusted_mass"] = _untrusted_mass(graph, seeds)
    return {name: np.round(values, 6) for name, values in found.items()}


def _unreached(graph: Graph, seeds: Ids) -> Floats:
    if not len(seeds):
        return np.full(graph.n, np.nan)
    return (seed_distance(graph, seeds) < 0).astype(np.float64)


def _untrusted_mass(graph: Graph, seeds: Ids) -> Floats:
    """The share of a domain's visits that set out from where no path from a seed leads.

    Both are sums over paths, linear: domains elsewhere play no part in them.
    """
    mass = np.full(graph.n, np.nan)
    if not len(seeds):
        return mass
    enough = graph.in_degree >= FEW
    outside = (seed_distance(graph, seeds) < 0).astype(np.float64)
    if not outside.any():
        mass[enough] = 0.0
        return mass
    visits = linear(graph, pagerank(graph, damping=DAMPING, tolerance=EXACT)) * graph.n
    strange = linear(graph, pagerank(graph, damping=DAMPING, tolerance=EXACT, personal=outside))
    share = np.clip(strange * outside.sum() / visits, 0.0, 1.0)
    mass[enough] = share[enough]
    return mass


def rated(formula: Formula, values: dict[str, Floats], graph: Graph) -> Rated:
    """Points, total and risk of every domain.

    values: float64[n] by measure, nan where unknown. graph: for what a domain links to.
    """
    card = formula.risk
    used = {name: values[name] for name in card.measures if name in values}
    points = card.points(used, graph.n)
    first = sum(points.values(), np.zeros(graph.n, np.int64))
    fellows, same = fellows_of(graph, first >= card.suspect)
    serves, alike = serves_of(graph, first, LEAST, card.suspect)
    serves *= _doubt(values, graph.n)
    after = linked_risk(graph, first), fellows, same, serves, alike
    second = dict(zip(AFTER, after, strict=True))
    used |= {name: np.round(each, 6) for name, each in second.items() if name in card.measures}
    points |= card.points({name: used[name] for name in AFTER if name in used}, graph.n)
    total = sum(points.values(), np.zeros(graph.n, np.int64))
    return Rated(used, points, total, np.where(_known(used, total), card.score(total), np.nan))


def _known(used: dict[str, Floats], total: Points) -> npt.NDArray[np.bool_]:
    """bool[n]: something is known of its links, or speaks against it. A name without marks is
    as anybody's, and says nothing of who bears it."""
    known: npt.NDArray[np.bool_] = total > 0
    for name in used.keys() - OF_ANYBODY:
        known |= ~np.isnan(used[name])
    return known


def _doubt(values: dict[str, Floats], n: int) -> Floats:
    """Half for whom a seed leads to: somebody may have found it worth a link."""
    return np.where(values.get("unreached", np.full(n, np.nan)) == 0, 0.5, 1.0)


def linked_risk(graph: Graph, points: Points) -> Floats:
    """float64[n]: the mean points of the domains that each links to; nan where it links to none."""
    given = received(graph.turned(), points.astype(np.float64))
    return share_of(given, graph.out_degree)


def reasons(found: Rated) -> pa.Array:
    """list<REASON>[n]: what gave points, the most first, then by name; they add up to the total."""
    names = sorted(found.points)
    at = [np.flatnonzero(found.points[name]) for name in names]
    row = _joined(at, np.int64)
    way = np.repeat(np.arange(len(names)), [len(each) for each in at])
    points = _joined([found.points[name][i] for name, i in zip(names, at, strict=True)], np.int64)
    values = _joined([found.values[name][i] for name, i in zip(names, at, strict=True)], np.float64)
    order = np.lexsort((way, -points, row))
    told = pa.StructArray.from_arrays(
        [
            pa.array(names, pa.string()).take(pa.array(way[order])),
            pa.array(values[order]),
            pa.array(points[order], pa.uint8()),
        ],
        fields=list(REASON),
    )
    ends = np.append(0, np.cumsum(np.bincount(row, minlength=found.n)))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), told)


def _joined(parts: list[npt.NDArray[Any]], kind: type[Any]) -> npt.NDArray[Any]:
    return np.concatenate([np.empty(0, kind), *parts])


def columns_of(found: Rated) -> Columns:
    """spam_risk, risk_points, risk_reasons."""
    return {
        "spam_risk": nullable(found.risk),
        "risk_points": pa.array(found.total, pa.uint16()),
        "risk_reasons": reasons(found),
    }


def known_of(columns: Columns, graph: Graph) -> dict[str, Floats]:
    """What other parts measured that a formula may use, of those that are there.

    Of what few link to, shares of referring domains say nothing and count as unknown.
    """
    found = {name: as_floats(columns[name]).copy() for name in OTHERS if name in columns}
    for name, values in found.items():
        if name not in OF_ITSELF:
            values[graph.in_degree < FEW] = np.nan
    return found


def manifest_of(formula: Formula) -> dict[str, Any]:
    return {"version": formula.version, "sha256": formula.sha256}


def _add(scored: Scored) -> None:
    formula = load(scored.settings.formula, KNOWN)
    values = evidence(scored.graph, scored.seeds)
    for name, each in values.items():
        scored.columns[name] = nullable(each)
    found = rated(formula, known_of(scored.columns, scored.graph) | values, scored.graph)
    for name in AFTER:
        scored.columns[name] = nullable(found.values.get(name), scored.graph.n)
    scored.columns |= columns_of(found)
    scored.manifest["risk_formula"] = manifest_of(formula)


_NO_FELLOWS = "fewer than two domains link to it, or it links to nobody"
_TOO_FEW = "fewer than three domains link to it"
_UNLISTED = f"{_TOO_FEW}, or it is a trusted seed"

PART = Part(
    "spam risk",
    (
        Measure(
            "undivided", "share", "mean part of a referring domain's links that this is", _TOO_FEW
        ),
        Measure("shells", "share", "referring domains that hardly anyone else links to", _TOO_FEW),
        Measure("ring", "share", "of them linked by one another and hardly anyone else", _TOO_FEW),
        Measure(
            "traded", "share", "referring domains linked back, and by no other of them", _TOO_FEW
        ),
        Measure("strangers", "share", "of them with nothing in common with any other", _TOO_FEW),
        Measure(
            "untrusted_mass",
            "share",
            "of its visits that set out from where no trusted seed leads",
            f"{_TOO_FEW}, or there are no seeds",
        ),
        Measure("apart", "share", "as strangers, two beside who have much in common", _TOO_FEW),
        Measure(
            "unreached",
            "1 or 0",
            "1 where no path from a trusted seed leads to it",
            "there are no seeds",
        ),
        Measure(
            "unlisted_undivided", "share", "as undivided, 0 for those that a list names", _UNLISTED
        ),
        Measure("unlisted_shells", "share", "as shells, 0 for those that a list names", _UNLISTED),
        Measure("unlisted_ring", "share", "of these linked by one another", _UNLISTED),
        Measure(
            "unlisted_knot",
            "share",
            "of these, each by how many of the others link to it",
            _UNLISTED,
        ),
        Measure(
            "linked_risk", "points", "mean risk points of what it links to", "it links to nobody"
        ),
        Measure(
            "fellows",
            "share",
            "of the referring domains that link to a suspect which it links to itself",
            _NO_FELLOWS,
        ),
        Measure(
            "same_referrers",
            "share",
            "of the referring domains of it or of such a suspect, those of both",
            _NO_FELLOWS,
        ),
        Measure(
            "serves",
            "points",
            "of a suspect it links to, as far as hardly anyone else and no list links to it",
            "it links to nobody",
        ),
        Measure(
            "serves_alike",
            "share",
            "of the referring domains of it or of a suspect that it serves, those of both",
            _NO_FELLOWS,
        ),
        Measure("spam_risk", "points", "0 to 100 by the formula's table", "nothing is known of it"),
        Measure("risk_points", "points", "the sum of those of its reasons", "never"),
    ),
    _add,
)
