"""Packed links say what plain ones do, and every measure has the same bits by either."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import astuple
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.blocks import per_weight
from pipeline.graph.components import strong_components
from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.dense import dense_groups
from pipeline.graph.gathered import Batch, gathered
from pipeline.graph.hyperball import harmonic_estimate
from pipeline.graph.links import (
    Bytes,
    Graph,
    Packed,
    Starts,
    following,
    start,
    unpacked_ids,
    weight_of,
)
from pipeline.graph.mutual import overlap, reciprocity
from pipeline.graph.packed import PackedGraph, pack
from pipeline.graph.ranks import harmonic, pagerank
from pipeline.graph.sampled import weighted_harmonic_sampled
from pipeline.graph.supporters import supporters
from pipeline.graph.suspicion import anti_trust, spam_mass, truncated_pagerank_ratio
from pipeline.graph.threads import at_most
from pipeline.graph.trusted import redrawn_trust, seed_distance
from tests.pipeline.graph.corpus import power_law, sources_of

N = 12
Edge = tuple[int, int, int]
EDGES = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.integers(1, 5)), max_size=60)
SEEDS = np.array([3, 5, 77, 400])


def batches_of(graph: DomainGraph, size: int) -> Callable[[], Iterable[Batch]]:
    sources = sources_of(graph).astype(np.int32)

    def read() -> Iterable[Batch]:
        for first in range(0, graph.m, size):
            some = slice(first, first + size)
            weights = None if graph.out_weights is None else graph.out_weights[some]
            yield Batch(sources[some], graph.out_targets[some], weights)

    return read


def packed(graph: DomainGraph, size: int = 1000, room: int = 3000) -> PackedGraph:
    found = gathered(graph.n, batches_of(graph, size), packed=True, distinct=True, room=room)
    assert isinstance(found, PackedGraph)
    return found


def same(one: Graph, other: Any) -> None:
    for name in ("out_offsets", "out_targets", "in_offsets", "in_sources"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine.dtype == theirs.dtype
        assert mine.tolist() == theirs.tolist(), name
    for name in ("out_weights", "in_weights"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine is None) == (theirs is None)
        assert mine is None or mine.tobytes() == theirs.tobytes(), name


@given(EDGES, st.integers(1, 7), st.integers(1, 9), st.booleans(), st.booleans())
def test_gathered_links_are_the_graph_of_all_edges_at_once(
    edges: list[Edge], size: int, room: int, weighted: bool, pack: bool
) -> None:
    table = np.array(edges, dtype=np.int32).reshape(-1, 3)
    weights = table[:, 2] / 10.0 if weighted else None

    def read() -> Iterable[Batch]:
        for i in range(0, len(table), size):
            some = slice(i, i + size)
            given_weights = None if weights is None else weights[some]
            yield Batch(table[some, 0].copy(), table[some, 1].copy(), given_weights)

    found = gathered(N, read, packed=pack, room=room)
    direct = from_edges(table[:, 0], table[:, 1], weights, n=N)
    if weights is not None and not len(table):
        direct = from_edges(table[:, 0], table[:, 1], n=N)
    # What is given to itself alone leaves no weight behind.
    if direct.m or not weighted:
        same(found, direct)
    assert found.m == direct.m


@given(EDGES, st.booleans())
def test_links_of_a_group_count_as_its_first_and_none_within_it(
    edges: list[Edge], pack: bool
) -> None:
    table = np.array(edges, dtype=np.int32).reshape(-1, 3)
    group = (np.arange(N) // 3 * 3).astype(np.int32)
    read = lambda: [Batch(table[:, 0].copy(), table[:, 1].copy(), table[:, 2] / 10.0)]  # noqa: E731
    found = gathered(N, read, packed=pack, group=group, room=4)
    direct = from_edges(group[table[:, 0]], group[table[:, 1]], table[:, 2] / 10.0, n=N)
    assert found.m == direct.m
    if direct.m:
        same(found, direct)


def undone(offsets: Starts, places: Starts, gaps: Bytes) -> list[int]:
    links = Packed(offsets, places, gaps, np.empty(0, np.uint8), np.empty(0))
    ids: list[int] = unpacked_ids(links).view(np.uint32).tolist()
    return ids


def test_large_gaps_take_more_bytes_and_come_back() -> None:
    ids = [1, 130, 2**28 + 5, 0, 2**31 - 2]
    gaps, places = pack(np.array([0, 3, 3, 5], np.uint64), np.array(ids, np.uint32))
    assert places.tolist() == [0, 1 + 2 + 4, 7, 7 + 1 + 5]
    assert undone(np.array([0, 3, 3, 5], np.uint64), places, gaps) == ids


@given(st.lists(st.sets(st.integers(0, 2**32 - 2), max_size=20), max_size=8))
def test_ids_of_any_size_come_back(rows: list[set[int]]) -> None:
    ids = np.array([one for row in rows for one in sorted(row)], np.uint32)
    offsets = np.append(0, np.cumsum([len(row) for row in rows])).astype(np.uint64)
    gaps, places = pack(offsets, ids)
    assert undone(offsets, places, gaps) == ids.tolist()


@pytest.mark.parametrize("power", range(33))
def test_gaps_at_the_ends_of_each_length_come_back(power: int) -> None:
    around = {2**power + off for off in (-2, -1, 0, 1)}
    ids = np.array([max(0, min(one, 2**32 - 2)) for one in sorted(around)], np.uint32)
    for one in ids:
        offsets = np.array([0, 1], np.uint64)
        gaps, places = pack(offsets, np.array([one], np.uint32))
        assert undone(offsets, places, gaps) == [one]


def test_a_link_takes_under_three_bytes_where_a_plain_one_takes_four() -> None:
    graph = power_law(20_000, 200_000)
    small = packed(graph, 50_000, 50_000)
    assert len(small.out_links.gaps) / small.m < 3
    assert small.out_links.codes.size == 0
    weighted = packed(power_law(2_000, 20_000, weighted=True), 5_000, 5_000)
    assert weighted.out_links.codes.dtype == np.uint8


def test_rows_are_walked_in_python_as_in_kernels() -> None:
    graph = from_edges(np.array([0, 0, 1]), np.array([2, 1, 2]), np.array([0.5, 2.0, 0.25]))
    for links in (graph.out_links, packed(graph).out_links):
        place, u = start(links, 0)
        met = []
        for j in range(int(links.offsets[0]), int(links.offsets[1])):
            u, place = following(links, np.uint64(j), place, u)
            met.append((int(u), float(weight_of(links, j))))
        assert met == [(1, 2.0), (2, 0.5)]


Measured = npt.NDArray[Any]
MEASURES: dict[str, Callable[[Graph], Any]] = {
    "pagerank": pagerank,
    "per_weight": per_weight,
    "harmonic": harmonic,
    "estimate": harmonic_estimate,
    "trust": lambda g: astuple(redrawn_trust(g, SEEDS)),
    "distance": lambda g: seed_distance(g, SEEDS),
    "sampled": lambda g: weighted_harmonic_sampled(g, np.arange(g.n) % 7, 40),
    "supporters": lambda g: supporters(g)[0],
    "trusted supporters": lambda g: supporters(g, np.arange(g.n) % 3 == 0)[0],
    "reciprocity": lambda g: reciprocity(g.turned()),
    "overlap": overlap,
    "components": lambda g: astuple(strong_components(g)),
    "groups": lambda g: astuple(dense_groups(g)),
    "groups of either": lambda g: astuple(dense_groups(g, mutual=False)),
    "spam mass": lambda g: spam_mass(g, SEEDS),
    "truncated": truncated_pagerank_ratio,
    "anti-trust": lambda g: anti_trust(g, SEEDS),
}


@pytest.fixture(scope="module", params=[False, True], ids=["alike", "weighted"])
def both(request: pytest.FixtureRequest) -> tuple[DomainGraph, PackedGraph]:
    plain = power_law(1_500, 30_000, weighted=request.param)
    return plain, packed(plain)


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_has_the_same_bits_packed_and_on_one_thread(
    both: tuple[DomainGraph, PackedGraph], name: str
) -> None:
    first = bits(MEASURES[name](both[0]))
    assert bits(MEASURES[name](both[1])) == first
    with at_most(1):
        assert bits(MEASURES[name](both[0])) == first
        assert bits(MEASURES[name](both[1])) == first


def bits(found: Any) -> list[bytes]:
    return [each.tobytes() for each in (found if isinstance(found, tuple) else (found,))]
