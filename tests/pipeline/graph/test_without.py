"""A domain's centrality without one of its links, against the graph made anew without it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.graph.blocks import Mask, Scores
from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.dominators import dominators
from pipeline.graph.ranks import weighted_harmonic
from pipeline.graph.trusted import redrawn_trust
from pipeline.graph.without import (
    Part,
    between,
    centralities_again,
    centrality_again,
    hanging_on,
    without_link,
)

N, DRAWS, DAMPING = 12, 4, 0.8
Edges = list[tuple[int, int]]
edges = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), min_size=1, max_size=40)
chosen = st.sets(st.integers(0, N - 1), min_size=1, max_size=4)


def graph_of(pairs: Edges, n: int = N) -> DomainGraph:
    """Links weigh differently, each always the same."""
    ends = np.array(sorted(set(pairs)), np.int64).reshape(-1, 2)
    return from_edges(ends[:, 0], ends[:, 1], 1.0 + (ends @ [3, 5]) % 7, n=n)


def trust_of(graph: DomainGraph, seeds: set[int]) -> Scores:
    told = np.array(sorted(seeds))
    return redrawn_trust(graph, told, draws=DRAWS, damping=DAMPING, tolerance=1e-12).mean


def scored(graph: DomainGraph, seeds: set[int], trust: Scores | None = None) -> Scores:
    """As the score has it; with the trust of its own if none is given."""
    on = dominators(graph, np.array(sorted(seeds)))
    trust = trust_of(graph, seeds) if trust is None else trust
    return weighted_harmonic(graph, trust, hangs_on=on)[0]


def linking_to(pairs: Edges, target: int) -> list[int]:
    return sorted({u for u, t in pairs if t == target != u})


def less(pairs: Edges, u: int, target: int) -> DomainGraph:
    return graph_of([pair for pair in pairs if pair != (u, target)])


@given(edges, st.integers(0, N - 1), st.integers(0, N - 1))
def test_one_link_is_gone_and_no_other(pairs: Edges, source: int, target: int) -> None:
    left, made = without_link(graph_of(pairs), source, target), less(pairs, source, target)
    assert left.out_offsets.tolist() == made.out_offsets.tolist()
    assert left.out_targets.tolist() == made.out_targets.tolist()
    assert np.array_equal(left.out_weights, made.out_weights)  # type: ignore[arg-type]
    assert left.in_sources.tolist() == made.in_sources.tolist()


@settings(max_examples=60)
@given(edges, chosen, st.integers(0, N - 1))
def test_it_is_scored_as_in_the_graph_without_the_link(
    pairs: Edges, seeds: set[int], target: int
) -> None:
    """Trust that goes elsewhere, distances, and what hangs on a domain: all of them."""
    graph, told = graph_of(pairs), np.array(sorted(seeds))
    hanging = hanging_on(graph, told, target)
    for u in linking_to(pairs, target):
        truth = scored(less(pairs, u, target), seeds)
        how = {"damping": DAMPING, "draws": DRAWS}
        again = centralities_again(graph, told, u, target, **how)  # type: ignore[arg-type]
        assert again.tolist() == pytest.approx(truth.tolist(), abs=1e-7)
        alone = centrality_again(graph, told, u, target, hanging, **how)  # type: ignore[arg-type]
        assert alone == pytest.approx(truth[target], abs=1e-7)


def test_trust_that_a_link_took_goes_elsewhere_without_it() -> None:
    """0 links to 1 and 2, who both link to 3: without its link to 1 all it gives comes by 2."""
    pairs = [(0, 1), (0, 2), (1, 3), (2, 3), (2, 1)]
    graph, seeds = graph_of(pairs), {0}
    again = centralities_again(graph, np.array([0]), 0, 1, damping=DAMPING, draws=DRAWS)
    trust = trust_of(less(pairs, 0, 1), seeds)
    assert again[1] == pytest.approx(trust[0] / 2 + trust[2], abs=1e-7)
    assert trust[2] > trust_of(graph, seeds)[2]


def test_what_hangs_on_a_domain_is_all_that_it_alone_leads_to() -> None:
    pairs = [(0, 1), (1, 2), (2, 3), (3, 1), (0, 4), (4, 5), (2, 5)]
    found = hanging_on(graph_of(pairs), np.array([0]), 1)
    assert np.flatnonzero(found).tolist() == [2, 3]


def part_of(
    pairs: Edges, seeds: set[int], target: int, depth: int, heavy: set[int]
) -> tuple[Part, Scores]:
    """The links into what is nearer to the target than `depth`, and those of the heavy into what is
    at `depth`; and the centralities of all in the whole graph."""
    rings = [{target}]
    for _ in range(depth):
        known = set().union(*rings)
        rings.append({u for u, t in pairs if t in rings[-1]} - known)
    nearer = set().union(*rings[:-1])
    kept = [(u, t) for u, t in pairs if t in nearer or (u in heavy and t in rings[-1])]
    whole = graph_of(pairs)
    trust, own = trust_of(whole, seeds), scored(whole, seeds)
    graph = graph_of([*kept, (0, 0)])
    return Part(graph, target, depth, trust, own, float(own[target]), DAMPING), own


@settings(max_examples=300)
@given(edges, chosen, st.integers(0, N - 1), st.integers(1, 3), st.sets(st.integers(0, N - 1)))
def test_it_lies_within_what_a_part_of_the_graph_tells(
    pairs: Edges, seeds: set[int], target: int, depth: int, heavy: set[int]
) -> None:
    part, own = part_of(pairs, seeds, target, depth, heavy)
    linking = linking_to(pairs, target)
    found = between(part, np.array(linking, np.int64))
    for u, low, high in zip(linking, found.low, found.high, strict=True):
        left = less(pairs, u, target)
        # What hung on it hangs on it still, whether or not anything leads to it.
        weight = np.where(hanging(pairs, seeds, target), 0.0, part.weight)
        value = weighted_harmonic(left, weight)[0][target]
        assert low - 1e-9 <= value <= high + 1e-9
        assert high <= own[target] + 1e-9


def hanging(pairs: Edges, seeds: set[int], target: int) -> Mask:
    return hanging_on(graph_of(pairs), np.array(sorted(seeds)), target)


@settings(max_examples=60)
@given(edges, chosen, st.integers(0, N - 1), st.integers(1, 3))
def test_whom_trust_makes_heaviest_make_the_bounds_no_wider(
    pairs: Edges, seeds: set[int], target: int, depth: int
) -> None:
    linking = np.array(linking_to(pairs, target), np.int64)
    assume(len(linking))
    wide = between(part_of(pairs, seeds, target, depth, set())[0], linking)
    narrow = between(part_of(pairs, seeds, target, depth, set(range(N)))[0], linking)
    assert (narrow.low >= wide.low - 1e-9).all()


def bounds(
    pairs: Edges, weight: dict[int, float], gone: int, depth: int, own: dict[int, float]
) -> tuple[float, float, float]:
    """At least, in truth and at most, of 1 without the link of `gone`; nothing hangs on it."""
    known = np.zeros(N)
    for each, value in weight.items():
        known[each] = value
    rings = [{1}]
    for _ in range(depth - 1):
        rings.append({u for u, t in pairs if t in rings[-1]})
    near = [pair for pair in pairs if pair[1] in set().union(*rings)]
    others = np.full(N, np.inf)
    for each, value in own.items():
        others[each] = value
    whole = float(weighted_harmonic(graph_of(pairs), known)[0][1])
    part = Part(graph_of(near), 1, depth, known, others, whole, DAMPING)
    found = between(part, np.array([gone]))
    truth = weighted_harmonic(less(pairs, gone, 1), known)[0][1]
    return float(found.low[0]), float(truth), float(found.high[0])


def test_a_bound_is_tight_where_the_link_was_one_of_two_ways() -> None:
    """5 → 4 → both 2 and 3 → 1: what is further than two links away moves not at all."""
    pairs = [(5, 4), (4, 2), (4, 3), (2, 1), (3, 1), (6, 5)]
    low, value, high = bounds(pairs, {4: 1, 5: 1, 6: 6}, 2, 2, {})
    assert low == high == pytest.approx(value) == pytest.approx(1 / 2 + 1 / 3 + 6 / 4)


def test_what_is_further_moves_no_more_than_what_it_leads_through() -> None:
    """5 → 4 → 2, which without its link gets to 1 by 3: all behind it are one link further."""
    pairs = [(2, 1), (2, 3), (3, 1), (4, 2), (5, 4)]
    low, value, _ = bounds(pairs, {2: 1, 4: 1, 5: 6}, 2, 2, {})
    assert low == pytest.approx(value)


def test_what_comes_by_a_domain_is_no_more_than_its_own_centrality() -> None:
    """1 has much by 3; 2, whose link is gone, has but 5 behind it."""
    pairs = [(2, 1), (3, 1), (5, 2), (6, 3), (7, 6)]
    weight = {2: 0.001, 3: 1, 5: 0.5, 6: 8, 7: 8}
    wide, value, _ = bounds(pairs, weight, 2, 1, {})
    low, _, _ = bounds(pairs, weight, 2, 1, {2: 0.5})
    assert wide == pytest.approx(1), "all that is further could have come by 2"
    assert value - 0.3 < low < value


def test_a_way_that_was_not_read_may_be_shorter() -> None:
    """6 gets to 1 by 7 and 3 in four links; of those read, the shortest way has five."""
    pairs = [(2, 1), (2, 3), (3, 4), (4, 1), (5, 2), (6, 5), (6, 7), (7, 3)]
    low, value, high = bounds(pairs, {6: 1.0}, 2, 3, {})
    assert low == pytest.approx(1 / 5)
    assert value == high == pytest.approx(1 / 4)
