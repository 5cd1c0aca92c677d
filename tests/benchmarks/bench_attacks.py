"""What planted attacks gain, by authority (wH) and by other scores, in percentile points.

python -m tests.benchmarks.bench_attacks [TARGETS]. All attacks are planted (tests/benchmarks/
attacks.py) into the UK host graph of 1996 and LAW's cnr-2000, or into a drawn graph where there is
no corpus; the seeds are the 50 domains with most links, standing in for a list of trusted ones.
Means over targets. Farms of up to 5% of the domains decide; 17% is a stress.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import numpy as np

from pipeline.graph.csr import DomainGraph, from_edges
from tests.benchmarks.attacks import (
    NAMES,
    WH,
    Family,
    Standing,
    Trial,
    bought,
    clique,
    exchange,
    gains,
    loop,
    pbn,
    pbn_as_one,
    star,
    tiered,
    trials,
)
from tests.benchmarks.measure import Row, row
from tests.pipeline.graph.corpus import CNR, cnr_2000, in_corpus, power_law, sources_of, uk_1996

SEEDS, SMALL, PBN = 50, 100, 30
Values = dict[str, float]  # by score
Key = tuple[Family, int, int]  # farm size, honest links

SHOWN: dict[Family, str] = {
    star: "star", loop: "star linked back", clique: "cliques", tiered: "tiers", bought: "links",
    pbn: "private network", pbn_as_one: "private network, its /24 as one", exchange: "exchange",
}  # fmt: skip


@dataclass
class Base:
    """A graph that attacks are planted in, and what every target gained by each."""

    name: str
    graph: DomainGraph
    targets: int
    thorough: bool
    gained: dict[Key, list[Values]] = field(default_factory=dict)
    from_the_best: list[Values] = field(default_factory=list)

    @property
    def five(self) -> int:
        return self.graph.n // 20

    @property
    def stress(self) -> int:
        return self.graph.n * 17 // 100

    def keys(self) -> list[Key]:
        five, stress = self.five, self.stress
        few: list[Key] = [
            (star, five, 0), (star, SMALL, 3), (star, five, 3), (star, stress, 3),
            (tiered, SMALL, 3), (tiered, five, 3), (bought, 0, 3), (bought, 0, 10),
        ]  # fmt: skip
        if not self.thorough:
            return few
        return [
            *few,
            (star, SMALL, 0), (star, stress, 0), (clique, five, 0), (tiered, five, 0),
            (loop, five, 0), (star, five, 1), (star, five, 10), (loop, five, 3),
            (clique, SMALL, 3), (clique, five, 3), (tiered, stress, 3), (pbn, PBN, PBN),
            (pbn_as_one, PBN, PBN), (exchange, 0, 10), (bought, 0, 1), (bought, 0, PBN),
        ]  # fmt: skip

    def work(self) -> None:
        seeds = np.argsort(-self.graph.in_degree, kind="stable")[:SEEDS].astype(np.int64)
        before = Standing.of(self.graph, seeds, self.graph.n)

        def each(drawn: list[Trial], key: Key) -> list[Values]:
            return [gains(trial, *key, seeds, before) for trial in drawn]

        drawn = trials(self.graph, seeds, self.targets, PBN)
        self.gained = {key: each(drawn, key) for key in self.keys()}
        if self.thorough:
            best = trials(self.graph, seeds, self.targets, PBN, best=True)
            self.from_the_best = each(best, (bought, 0, 3))

    def mean(self, key: Key) -> Values:
        return {name: float(np.mean([one[name] for one in self.gained[key]])) for name in NAMES}

    def shown(self, key: Key) -> str:
        family, size, links = key
        farm = f" of {size}, {size / self.graph.n:.1%}" if size > SMALL else f" of {size}"
        return f"{SHOWN[family]}{farm if size else ''}, {links} honest links"


def run() -> list[Row]:
    """Rows of name, the value of wH, unit, and those of the other scores."""
    return [each for base in bases(4) for each in rows(base)]


def bases(targets: int) -> list[Base]:
    """The UK's hosts in all families, cnr-2000 in those that tell most."""
    if not in_corpus(CNR).exists():
        return [Base("drawn", power_law(20_000, 80_000), targets, thorough=True)]
    hosts = uk_1996()
    plain = from_edges(sources_of(hosts), hosts.out_targets, n=hosts.n)
    return [
        Base("UK-1996", plain, targets, thorough=True),
        Base("cnr-2000", cnr_2000(), max(1, targets // 2), thorough=False),
    ]


def rows(base: Base) -> list[Row]:
    base.work()
    found = {f"gain: {base.shown(key)}": base.mean(key) for key in base.gained}
    if base.from_the_best:
        found["gain: 3 links from the best tenth"] = {
            name: float(np.mean([one[name] for one in base.from_the_best])) for name in NAMES
        }
    found["1. largest gain without an honest link"] = no_honest_link(base)
    found["2. farm less the same links given, worst mean"] = leverage(base)
    found["3. farm of 5% less one of 100, worst mean"] = by_size(base, base.five)
    found["3. stress: 17% less 100, worst mean"] = by_size(base, base.stress)
    unit = dict.fromkeys(found, "points")
    for way, values in cost(base).items():
        found[f"4. honest links per 10 points, {way}"] = values
        unit[f"4. honest links per 10 points, {way}"] = "links"
    return [
        row(f"{base.name}: {name}", values[WH], unit[name], _others(values))
        for name, values in found.items()
    ]


def no_honest_link(base: Base) -> Values:
    """1: farms that nobody honest links into but the target. The largest gain of any."""
    each = [one for key, gained in base.gained.items() for one in gained if _alone(key)]
    return {name: max(one[name] for one in each) for name in NAMES}


def leverage(base: Base) -> Values:
    """2: the mean gain of a farm behind k links, less that of the k links; the worst family."""
    farms = [key for key in base.gained if key[1] and (bought, 0, key[2]) in base.gained]
    off = [_less(base.mean(key), base.mean((bought, 0, key[2]))) for key in farms]
    return {name: max(one[name] for one in off) for name in NAMES}


def by_size(base: Base, size: int) -> Values:
    """3: the mean gain of a farm of this size less that of 100, the links in being the same."""
    larger = [
        (base.mean(key), base.mean((key[0], SMALL, key[2])))
        for key in base.gained
        if key[1] == size and key[2] and (key[0], SMALL, key[2]) in base.gained
    ]
    off = [_less(large, small) for large, small in larger]
    return {name: max(one[name] for one in off) for name in NAMES}


def cost(base: Base) -> dict[str, Values]:
    """4: how many honest links 10 points take, given directly or into a star of 5%: between the
    numbers that were tried, in proportion; infinite where the most tried gained less."""
    found = {}
    for way, family, size in (("given", bought, 0), ("into a farm of 5%", star, base.five)):
        tried = sorted(key[2] for key in base.gained if key[:2] == (family, size))
        curve = {k: base.mean((family, size, k)) for k in tried}
        found[way] = {
            name: _links_for(10.0, {k: values[name] for k, values in curve.items()})
            for name in NAMES
        }
    return found


def _alone(key: Key) -> bool:
    return key[1] > 0 and key[2] == 0


def _less(one: Values, other: Values) -> Values:
    return {name: one[name] - other[name] for name in NAMES}


def _links_for(points: float, curve: dict[int, float]) -> float:
    last, gained = 0, 0.0
    for links, more in sorted(curve.items()):
        if more >= points:
            return last + (links - last) * (points - gained) / (more - gained) if links else 0.0
        last, gained = links, more
    return float("inf")


def _others(values: Values) -> str:
    return ", ".join(f"{name} {values[name]:.3g}" for name in NAMES if name != WH)


if __name__ == "__main__":
    print(f"{'in percentile points unless said':<72}" + "".join(f"{name:>14}" for name in NAMES))
    for base in bases(int(sys.argv[1]) if len(sys.argv) > 1 else 4):
        for figure in rows(base):
            others = [part.rsplit(" ", 1)[1] for part in figure["note"].split(", ")]
            shown = [f"{figure['value']:.3g}", *others]
            print(f"{figure['name']:<72}" + "".join(f"{value:>14}" for value in shown), flush=True)
