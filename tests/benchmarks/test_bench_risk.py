"""What the risk benchmarks plant and count, on a drawn graph."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.graph.csr import DomainGraph
from tests.benchmarks import bench_risk, bench_stability
from tests.benchmarks.attacks import Trial, hidden, old_names, planted
from tests.benchmarks.drawn import drawn
from tests.benchmarks.risky import (
    FAMILIES,
    HARD,
    RISK,
    Plan,
    auc,
    macro,
    plant,
    tell,
)
from tests.pipeline.graph.corpus import power_law, sources_of
from tests.pipeline.graph.test_ranks import graph_of

SEEDS = np.arange(10)


@pytest.fixture(scope="module")
def honest() -> DomainGraph:
    return power_law(1500, 6000)


def links(graph: DomainGraph) -> set[tuple[int, int]]:
    return set(zip(sources_of(graph).tolist(), graph.out_targets.tolist(), strict=True))


@pytest.mark.parametrize("plan", [*FAMILIES, *HARD], ids=lambda plan: plan.name)
def test_farms_stand_side_by_side_and_nothing_honest_is_taken_away(
    plan: Plan, honest: DomainGraph
) -> None:
    made = plant(honest, SEEDS, plan, 4)
    assert links(honest) <= links(made.graph)
    members = np.concatenate(made.groups)
    assert members.tolist() == list(range(honest.n, made.graph.n))
    assert len(set(made.targets.tolist())) == 4
    for target, group in zip(made.targets, made.groups, strict=True):
        outside = [(u, t) for u, t in links(made.graph) if u in group and t >= honest.n]
        assert all(t in group for _, t in outside), "no farm links to another"
        if len(group):
            assert any((u, int(target)) in links(made.graph) for u in group.tolist())
    assert (made.victims < honest.n).all()


def test_every_size_meets_every_number_of_links() -> None:
    plan = Plan("", FAMILIES[0].family, (1, 2), (3, 4))
    assert {plan.of(i) for i in range(4)} == {(1, 3), (1, 4), (2, 3), (2, 4)}
    assert Plan("", FAMILIES[0].family, (7,), (-1,)).of(0) == (7, 7)


def test_hard_families_add_the_links_they_are_named_after() -> None:
    graph = graph_of((0, 1), (1, 2), (2, 3), (3, 4))
    trial = Trial(graph, 0, np.array([2, 3, 4]))
    new = links(planted(trial, old_names, 4, 3)) - links(graph)
    for member in range(5, 9):
        assert (member, 0) in new
        assert sum(t == member and u < 5 for u, t in new) == 3
    assert {(5, 0), (6, 0), (2, 5)} <= links(planted(trial, hidden, 2, 1)) - links(graph)


def test_auc_counts_ties_half() -> None:
    honest = np.array([0.0, 1.0, 1.0, 2.0])
    assert auc(np.array([1.0]), honest) == 0.5
    assert auc(np.array([3.0, -1.0]), honest) == 0.5
    assert auc(np.array([3.0]), honest) == 1


def test_the_macro_average_is_over_families_whatever_their_sizes() -> None:
    value, low, high = macro([np.ones(30), np.zeros(3), np.empty(0)])
    assert value == low == high == 0.5
    value, low, high = macro([np.array([0.0, 1.0] * 20)])
    assert low < value == 0.5 < high


def test_targets_and_members_of_a_star_are_told_from_the_honest(honest: DomainGraph) -> None:
    told = tell(plant(honest, SEEDS, FAMILIES[0], 4), SEEDS)
    assert told.targets[RISK].shape == (4,)
    assert told.targets[RISK].min() > 0.95
    assert told.flagged["targets"] == told.flagged["members"] == 1
    assert told.flagged["victims"] == 0
    assert told.targets["in-degree"].mean() < 0.95, "they are held against their like"


def test_the_bench_says_what_the_issue_asks(honest: DomainGraph) -> None:
    found = {row["name"]: row for row in bench_risk.rows(bench_risk.Base("made", honest), 2)}
    assert "worst" in found["made: targets, macro AUC"]["note"]
    assert "trust minus PageRank" in found["made: members, macro AUC"]["note"]
    assert "recall at 1%" in found["made: clique, targets"]["note"]
    assert 0 <= found["made: victims flagged, worst family"]["value"] <= 100
    assert "made: names once honest, targets" in found


@pytest.mark.parametrize("name", ["R-MAT", "menus", "grown"])
def test_drawn_graphs_are_the_same_each_time(name: str) -> None:
    one, other = drawn(10)[name], drawn(10)[name]
    assert one.n == 1024
    assert links(one) == links(other)
    assert one.m > 2 * one.n


def test_a_menus_members_link_each_other() -> None:
    found = links(drawn(10)["menus"])
    assert {(u, t) for u in range(5) for t in range(5) if u != t} <= found


def test_a_formula_before_can_be_asked_for(honest: DomainGraph) -> None:
    made = plant(honest, SEEDS, FAMILIES[0], 2)
    one, two = (tell(made, SEEDS, version).targets for version in ("1", "2"))
    assert one["in-degree"].tolist() == two["in-degree"].tolist()
    assert min(one[RISK].min(), two[RISK].min()) > 0.95


def test_a_tenth_of_the_pages_goes_and_takes_its_links(honest: DomainGraph) -> None:
    by_page = bench_stability.Base("", honest, None)
    thin = bench_stability.thinned(by_page, 1)
    assert thin.n == honest.n
    gone = (honest.out_degree > 0) & (thin.out_degree == 0)
    assert ((thin.out_degree == honest.out_degree) | gone).all(), "all of its links or none"
    assert 0.05 < gone.sum() / (honest.out_degree > 0).sum() < 0.15
    many = bench_stability.Base("", honest, np.full(honest.m, 20.0))
    assert bench_stability.thinned(many, 1).m == honest.m, "all of twenty pages never go"
    one = bench_stability.Base("", honest, np.ones(honest.m))
    assert 0.05 < 1 - bench_stability.thinned(one, 1).m / honest.m < 0.15


def test_rank_correlation_by_hand() -> None:
    everyone = np.ones(4, np.bool_)
    rising, falling, flat = np.arange(4.0), -np.arange(4.0), np.zeros(4)
    assert bench_stability.alike(rising, rising, everyone) == pytest.approx(1)
    assert bench_stability.alike(rising, falling, everyone) == pytest.approx(-1)
    assert bench_stability.alike(flat, flat, everyone) == 1
    assert bench_stability.alike(rising, flat, everyone) == 0


def test_either_half_of_the_seeds_is_what_the_other_leaves() -> None:
    seeds = np.arange(10, 31)
    one, other = bench_stability.halves_of(seeds, 1)
    assert (len(one), len(other)) == (10, 11)
    assert np.sort(np.append(one, other)).tolist() == seeds.tolist()
    assert one.tolist() != bench_stability.halves_of(seeds, 2)[0].tolist()


def test_stability_is_told_by_bucket_beside_in_degree(honest: DomainGraph) -> None:
    base = bench_stability.Base("made", honest, None)
    found = {row["name"]: row for row in bench_stability.rows(base)}
    assert len(found) == 8 * len(bench_stability.BUCKETS)
    assert all(-2 <= row["value"] <= 1 for row in found.values())
    other = found["made, 4 to 15: wH, seeds redrawn: over other halves"]["value"]
    assert other > 0.999 > found["made, 4 to 15: wH, seeds redrawn: half of them"]["value"]
    assert "in-degree" in found["made, 64 up: wH, 10% of pages gone, less in-degree"]["note"]
