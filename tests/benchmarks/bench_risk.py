"""Spam risk on planted attacks: who is told from the honest, and what the simplest scores tell.

python -m tests.benchmarks.bench_risk [TARGETS [FORMULA]]. The attacks are planted (risky.py) into
the UK host graph of 1996 and LAW's cnr-2000, at most 5% of the domains, with other sizes into drawn
graphs (drawn.py); the seeds are the 50 with most links. Bins were set while UK-1996 and cnr-2000
were looked at; on the drawn graphs none was.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.quality.formula import VERSION
from tests.benchmarks.attacks import Ids
from tests.benchmarks.drawn import drawn
from tests.benchmarks.measure import Row, row
from tests.benchmarks.risky import (
    APART,
    BASELINES,
    FAMILIES,
    HARD,
    RISK,
    Floats,
    Plan,
    Told,
    macro,
    plant,
    tell,
)
from tests.pipeline.graph.corpus import CNR, cnr_2000, in_corpus, power_law, sources_of, uk_1996

SEEDS, TARGETS = 50, 30


@dataclass(frozen=True, eq=False)
class Base:
    name: str
    graph: DomainGraph
    plans: tuple[Plan, ...] = FAMILIES
    hard: tuple[Plan, ...] = HARD

    @property
    def seeds(self) -> Ids:
        return np.argsort(-self.graph.in_degree, kind="stable")[:SEEDS].astype(np.int64)


def bases() -> list[Base]:
    """Unweighted, as the planted links are."""
    if not in_corpus(CNR).exists():
        return [Base("drawn", power_law(20_000, 80_000))]
    hosts = uk_1996()
    plain = from_edges(sources_of(hosts), hosts.out_targets, n=hosts.n)
    apart = [Base(name, graph, APART, ()) for name, graph in drawn().items()]
    return [Base("UK-1996", plain), Base("cnr-2000", cnr_2000()), *apart]


def run(targets: int = TARGETS) -> list[Row]:
    return [each for base in bases() for each in rows(base, targets)]


def rows(base: Base, targets: int, version: str = VERSION) -> list[Row]:
    told = {
        plan.name: tell(plant(base.graph, base.seeds, plan, targets), base.seeds, version)
        for plan in (*base.plans, *base.hard)
    }
    seven = {plan.name: told[plan.name] for plan in base.plans}
    found = [
        _macro("targets", {name: one.targets for name, one in seven.items()}),
        _macro("members", {name: one.members for name, one in seven.items()}),
        *_flagged(seven),
        *(_family(name, one) for name, one in told.items()),
    ]
    return [{**each, "name": f"{base.name}: {each['name']}"} for each in found]


def _macro(who: str, families: dict[str, dict[str, Floats]]) -> Row:
    value, low, high = macro([one[RISK] for one in families.values()])
    means = {name: one[RISK].mean() for name, one in families.items() if len(one[RISK])}
    worst = min(means, key=lambda name: means[name])
    others = ", ".join(
        f"{name} {macro([one[name] for one in families.values()])[0]:.2f}" for name in BASELINES
    )
    note = f"95% of draws {low:.3f} to {high:.3f}; worst {worst} {means[worst]:.3f}; {others}"
    return row(f"{who}, macro AUC", value, "AUC", note)


def _flagged(families: dict[str, Told]) -> list[Row]:
    """Of victims the worst family counts; of the rest the mean."""
    shares = [one.flagged for one in families.values()]
    victims = {name: one.flagged["victims"] for name, one in families.items()}
    worst = max(victims, key=lambda name: victims[name])
    honest = {who: np.mean([one[who] for one in shares]) for who in ("honest", "honest that link")}
    return [
        row("victims flagged, worst family", 100 * victims[worst], "%", worst),
        row("honest flagged", 100 * float(honest["honest"]), "%",
            f"{honest['honest that link']:.2%} of those that link out"),
    ]  # fmt: skip


def _family(name: str, told: Told) -> Row:
    members = told.members[RISK]
    farm = (
        f"members AUC {members.mean():.3f}, recall {told.recall_members:.2f}, "
        f"flagged {told.flagged['members']:.2f}; " if len(members) else ""
    )  # fmt: skip
    note = (
        f"recall at 1% {told.recall_targets:.2f}, flagged {told.flagged['targets']:.2f}; {farm}"
        f"victims flagged {told.flagged['victims']:.3f}"
    )
    return row(f"{name}, targets", float(told.targets[RISK].mean()), "AUC", note)


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else TARGETS
    which = sys.argv[2] if len(sys.argv) > 2 else VERSION
    for base in bases():
        for figure in rows(base, asked, which):
            print(f"{figure['name']:<44}{figure['value']:>8.3f} {figure['note']}", flush=True)
