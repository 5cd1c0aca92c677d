"""How spam risk tells planted attacks from the honest: many targets of a family at once.

All attacks are planted (tests/benchmarks/attacks.py). Targets stand against honest domains of like
in-degree, members against honest domains that also link out; whose link the attacker got is a
victim.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.mixing import mixed
from pipeline.graph.ranks import pagerank, trust
from pipeline.graph.suspicion import trust_minus_pagerank
from pipeline.graph.trusted import seed_distance
from pipeline.quality.formula import VERSION, load
from pipeline.quality.marks import FLAGGED
from pipeline.quality.risk import KNOWN, evidence, rated
from tests.benchmarks.attacks import (
    Edges,
    Family,
    Ids,
    Trial,
    bought,
    clique,
    exchange,
    hidden,
    old_names,
    pbn,
    star,
    tiered,
)
from tests.pipeline.graph.corpus import sources_of

Floats = npt.NDArray[np.float64]
RISK, BASELINES = "spam risk", ("has out-links", "in-degree", "trust minus PageRank")
NAMES = (RISK, *BASELINES)
LIKE = 0.75, 1.33  # times the target's in-degree
AT_LEAST = 20  # honest domains that a target is held against
REDRAWS = 1_000


class Plan(NamedTuple):
    """What is planted: farm sizes and honest links in, taken in turn by the targets."""

    name: str
    family: Family
    sizes: tuple[int, ...]
    links: tuple[int, ...]

    def of(self, i: int) -> tuple[int, int]:
        """Every size meets every number of links."""
        size = self.sizes[i % len(self.sizes)]
        links = self.links[(i // len(self.sizes) + i) % len(self.links)]
        return size, size if links < 0 else links


FARMS = (10, 15, 20, 30, 40, 60, 80, 100, 150, 200)
FAMILIES = (
    Plan("star", star, FARMS, (0,)),
    Plan("clique", clique, FARMS, (0, 1, 3, 5)),
    Plan("hijacked", star, FARMS, (1, 3, 5, 10)),
    Plan("tiered", tiered, (40, 60, 80, 100, 150), (0, 1, 3, 5)),
    Plan("private network", pbn, (10, 15, 20, 30, 40, 60), (-1,)),  # -1: as many as members
    Plan("exchange", exchange, (0,), (5, 8, 12, 20, 30, 40)),
    Plan("bought", bought, (0,), (3, 5, 8, 12, 20, 30)),
)
HARD = (  # not in the macro average: what links alone hardly tell
    Plan("names once honest", old_names, (10, 15, 20, 30, 40, 60), (60,)),
    Plan("members hidden", hidden, FARMS, (0, 1, 3, 5)),
)

_SIZES = (7, 12, 25, 50, 90, 130, 250)
APART = (  # other sizes and numbers of links, for graphs that no bin was set on
    Plan("star", star, _SIZES, (0,)),
    Plan("clique", clique, _SIZES, (0, 2, 4, 7)),
    Plan("hijacked", star, _SIZES, (2, 4, 7)),
    Plan("tiered", tiered, (35, 50, 70, 120, 200), (0, 2, 4, 7)),
    Plan("private network", pbn, (8, 12, 25, 50), (-1,)),
    Plan("exchange", exchange, (0,), (6, 10, 15, 25)),
    Plan("bought", bought, (0,), (4, 6, 10, 15, 25)),
)


@dataclass(frozen=True, eq=False)
class Planted:
    """groups: the members of each target, empty without a farm."""

    graph: DomainGraph
    honest: int  # ids below are of the graph that it was planted in
    targets: Ids
    groups: list[Ids]
    victims: Ids


def plant(graph: DomainGraph, seeds: Ids, plan: Plan, targets: int, salt: int = 1) -> Planted:
    """Attacks on so many weak targets: one or two domains link to each, and trust reaches it."""
    distance, degree = seed_distance(graph, seeds), graph.in_degree
    weak = np.flatnonzero((degree >= 1) & (degree <= 2) & (distance > 0))
    linking = np.flatnonzero((distance >= 0) & (graph.out_degree > 0))
    edges: Edges = [(sources_of(graph), graph.out_targets.astype(np.int64))]
    groups, victims = [], []
    first = graph.n
    chosen = _drawn(weak, targets, salt)
    for i, target in enumerate(chosen):
        size, links = plan.of(i)
        entries = _drawn(linking[linking != target], links, int(target))
        trial = Trial(graph, int(target), entries, first)
        edges += plan.family(trial, size, links)
        groups.append(trial.farm(size))
        victims.append(entries)
        first += size
    sources, ends = (np.concatenate([pair[end] for pair in edges]) for end in (0, 1))
    mixed_in = from_edges(sources, ends, n=first)
    return Planted(mixed_in, graph.n, chosen, groups, np.unique(np.concatenate(victims)))


@dataclass(frozen=True, eq=False)
class Told:
    """auc: by score; of each target among its like, and of each target's members. recall: at 1% of
    the honest. flagged: shares of targets, members, victims, honest, honest that link out."""

    targets: dict[str, Floats]
    members: dict[str, Floats]
    recall_targets: float
    recall_members: float
    flagged: dict[str, float]


def tell(planted: Planted, seeds: Ids, version: str = VERSION) -> Told:
    risk, scores = _scores(planted.graph, seeds, version)
    clear = np.ones(planted.honest, np.bool_)
    clear[planted.targets] = clear[planted.victims] = False
    honest = np.flatnonzero(clear)
    linking = honest[planted.graph.out_degree[honest] > 0]
    alike = list(_alike(planted, honest))
    members = np.concatenate(planted.groups)
    points = scores[RISK]
    top = float(np.quantile(points[linking], 0.99))
    tops = [float(np.quantile(points[like], 0.99)) for like in alike]
    of = {
        "targets": planted.targets, "members": members, "victims": planted.victims,
        "honest": honest, "honest that link": linking,
    }  # fmt: skip
    return Told(
        {name: _each(each, planted.targets[:, None], alike) for name, each in scores.items()},
        {
            name: _each(each, [group for group in planted.groups if len(group)], [linking])
            for name, each in scores.items()
        },
        float(np.mean([points[t] > top for t, top in zip(planted.targets, tops, strict=True)])),
        float(np.mean(points[members] > top)) if len(members) else np.nan,
        {who: float(np.mean(risk[ids] >= FLAGGED)) if len(ids) else 0.0 for who, ids in of.items()},
    )


def _scores(graph: DomainGraph, seeds: Ids, version: str) -> tuple[Floats, dict[str, Floats]]:
    """Risk, and by name what the domains are ranked by, the worst highest."""
    found = rated(load(version, KNOWN), evidence(graph, seeds), graph)
    gap = trust_minus_pagerank(trust(graph, seeds), pagerank(graph))
    return found.risk, {
        RISK: found.total.astype(np.float64),
        "has out-links": (graph.out_degree > 0).astype(np.float64),
        "in-degree": graph.in_degree.astype(np.float64),
        "trust minus PageRank": -gap,
    }


def _alike(planted: Planted, honest: Ids) -> Iterator[Ids]:
    """For each target the honest of like in-degree, or the twenty nearest by it."""
    degree = planted.graph.in_degree
    for target in planted.targets:
        low, high = (times * degree[target] for times in LIKE)
        like = honest[(degree[honest] >= low) & (degree[honest] <= high)]
        if len(like) < AT_LEAST:
            off = np.abs(np.log(np.maximum(degree[honest], 0.5) / degree[target]))
            like = honest[np.argsort(off, kind="stable")[:AT_LEAST]]
        yield like


def _each(score: Floats, groups: Any, others: list[Ids]) -> Floats:
    """The AUC of every group against its others, or all against the same."""
    against = [np.sort(score[ids]) for ids in others]
    return np.array(
        [auc(score[group], against[i % len(against)]) for i, group in enumerate(groups)]
    )


def auc(worse: Floats, honest: Floats) -> float:
    """The chance that one of the worse stands above one of the honest (sorted); ties count half."""
    below = np.searchsorted(honest, worse, "left") + np.searchsorted(honest, worse, "right")
    return float(np.mean(below) / 2 / len(honest))


def macro(families: list[Floats]) -> tuple[float, float, float]:
    """The mean over families of the mean over targets, and where 95% of redrawn targets put it."""
    known = [each for each in families if len(each)]
    draws = [np.mean([np.mean(_redrawn(each, k)) for each in known]) for k in range(REDRAWS)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(np.mean([each.mean() for each in known])), float(low), float(high)


def _redrawn(values: Floats, draw: int) -> Floats:
    places = mixed(np.arange(len(values)), draw) % np.uint64(len(values))
    found: Floats = values[places.astype(np.int64)]
    return found


def _drawn(ids: npt.NDArray[Any], count: int, salt: int) -> Ids:
    chosen: Ids = ids[np.argsort(mixed(ids, salt), kind="stable")][:count].astype(np.int64)
    return chosen
