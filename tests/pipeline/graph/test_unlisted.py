"""Who is listed is no shell, on graphs small enough to see; and whom a domain serves."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.csr import DomainGraph, from_names
from pipeline.graph.referrers import BESIDE, FEW, referrers_of
from pipeline.graph.threads import at_most
from pipeline.graph.unlisted import KNOT, SEEN, serves_of, unlisted_of
from tests.pipeline.graph.corpus import power_law
from tests.pipeline.graph.test_ranks import graph_of

STAR = [(u, 0) for u in range(1, 6)]  # around 0
INDEX, OUTSIDE = 6, 7  # who lists the five, and who links to it


def of(graph: DomainGraph, t: int = 0) -> tuple[float, ...]:
    """undivided, shells, ring, knot."""
    return tuple(round(float(values[t]), 3) for values in vars(unlisted_of(graph)).values())


def served(
    graph: DomainGraph, points: dict[int, int], suspect: int = 30
) -> tuple[list[float], ...]:
    given = np.zeros(graph.n, np.int64)
    given[list(points)] = list(points.values())
    serves, same = serves_of(graph, given, 10, suspect)
    return serves.tolist(), same.tolist()


def test_of_a_star_all_but_the_two_beside_are_shells() -> None:
    assert of(graph_of(*STAR)) == (1, round(5 / (5 + BESIDE), 3), 0, 0)
    assert np.isnan(of(graph_of(*STAR[: FEW - 1]))).all()


def test_whom_a_list_names_that_is_linked_from_elsewhere_does_not_count() -> None:
    lists = [(INDEX, u) for u in range(1, 6)]
    assert of(graph_of(*STAR, *lists, (OUTSIDE, INDEX))) == (0, 0, 0, 0)
    assert of(graph_of(*STAR, *lists))[0] == 1, "nobody links to the list"
    assert of(graph_of(*STAR, *lists, (1, INDEX)))[0] == 0.9, "only those it lists link to it"
    one = [(INDEX, 1), (OUTSIDE, INDEX)]
    assert of(graph_of(*STAR, *one))[0] == 1, "it names one of them alone"


def test_a_list_is_outweighed_by_those_who_are_none() -> None:
    lists = [(INDEX, u) for u in range(1, 6)] + [(OUTSIDE, INDEX)]
    shells = [(u, 1) for u in (8, 9)]
    assert of(graph_of(*STAR, *lists, *shells))[:2] == (0.2, round(1 / 3 / 7, 3))


def test_a_page_of_its_own_which_it_alone_links_to_is_listed() -> None:
    back = [(0, u) for u in range(1, 6)]
    assert of(graph_of(*STAR, *back)) == (0, 0, 0, 0)
    assert of(graph_of(*STAR, *back[:1]))[:2] == (0.8, round(4 / 7, 3))
    around = [(u, u % 5 + 1) for u in range(1, 6)]
    assert of(graph_of(*STAR, *back, *around)) == (0.5, 0, 0, 0), "linked back, they are no shells"


def test_a_ring_is_tied_by_as_many_as_link_to_each() -> None:
    around = [(u, u % 5 + 1) for u in range(1, 6)]
    assert of(graph_of(*STAR, *around)) == (
        0.5, round(5 / 7, 3), round(5 / 7, 3), round(5 / KNOT / 7, 3),
    )  # fmt: skip
    size = KNOT + 1
    everyone = [(u, t) for u in range(1, size + 1) for t in range(size + 1) if u != t]
    shells = round(size / (size + BESIDE), 3)
    assert of(graph_of(*everyone))[1:] == (shells, shells, shells)


def test_many_links_into_a_referrer_are_looked_at_evenly() -> None:
    last = 10 + 4 * SEEN
    crowd = [(u, 1) for u in range(10, last)]
    assert of(graph_of(*STAR, *crowd))[1] == round(4 / 7, 3), "it stands by itself"
    first = range(10, 10 + SEEN)  # a quarter of those who link to 1, and all who link to 2
    lists = [*((u, 2) for u in first), *((last, u) for u in first)]
    assert of(graph_of(*STAR, *crowd, *lists))[0] == 0.8, "2 alone is listed"


def test_a_member_serves_what_it_is_for_and_an_honest_link_serves_nothing() -> None:
    honest = [(8, 0), *((u, 8) for u in range(9, 19))]
    graph = graph_of(*STAR, *honest)
    serves, same = served(graph, {0: 40})
    assert serves[1:6] == [40] * 5
    assert serves[8] == 0, "ten from elsewhere link to it"
    assert np.isnan(serves[0]), "it links to nobody"
    assert np.isnan(same[1]), "nobody links to it"
    assert served(graph, {0: 9})[0][1] == 0, "so few points are none"
    two = graph_of(*STAR, (8, 1), (9, 1))
    assert served(two, {0: 40})[0][1] == 20


def test_who_is_linked_back_or_listed_serves_nobody() -> None:
    back = [(0, u) for u in range(1, 6)]
    assert served(graph_of(*STAR, *back), {0: 40})[0][1:6] == [0] * 5
    lists = [(INDEX, u) for u in range(1, 6)] + [(OUTSIDE, INDEX)]
    assert served(graph_of(*STAR, *lists), {0: 40})[0][1:6] == [0] * 5


def test_a_cliques_members_have_the_referrers_of_what_they_serve() -> None:
    clique = [(u, t) for u in range(1, 6) for t in range(6) if u != t]
    graph = graph_of(*clique, (6, 0))
    serves, same = served(graph, {0: 40})
    assert serves[1:6] == [40] * 5
    assert same[1] == pytest.approx(4 / 5), "four link to both, and 6 to one"
    assert served(graph, {0: 40}, suspect=41)[1][1] == 0


def test_more_domains_elsewhere_change_nothing() -> None:
    graph = power_law(300, 3000)
    sources = np.repeat(np.arange(300), graph.out_degree)
    named = [f"d{i:03}.org" for i in range(300)]

    def scored(extra: list[tuple[str, str]]) -> dict[str, list[float]]:
        source = [*(named[u] for u in sources), *(u for u, _ in extra)]
        target = [*(named[t] for t in graph.out_targets), *(t for _, t in extra)]
        made = from_names(pa.array(source), pa.array(target), also=pa.array(named))
        points = np.where(made.in_degree > 20, 50, 0)
        each = np.array([*vars(unlisted_of(made)).values(), *serves_of(made, points, 10, 30)])
        return {name: each[:, i].tolist() for i, name in enumerate(made.names.to_pylist())}

    before = scored([])
    after = scored([("a.org", "d1500.org"), *((f"z{i}.org", "zz.org") for i in range(40))])
    for name in named:
        assert np.array_equal(before[name], after[name], equal_nan=True), name


def test_points_of_every_domain_are_needed() -> None:
    with pytest.raises(ValueError, match="points of 6 domains"):
        serves_of(graph_of(*STAR), np.zeros(2, np.int64), 1, 1)


def test_the_same_whatever_the_number_of_threads() -> None:
    graph = power_law(2000, 20_000)
    points = graph.in_degree % 50
    many = *vars(unlisted_of(graph)).values(), *serves_of(graph, points, 10, 30)
    with at_most(1):
        one = *vars(unlisted_of(graph)).values(), *serves_of(graph, points, 10, 30)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(many, one, strict=True))


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=80))
def test_whom_a_list_names_is_only_ever_taken_out(pairs: list[tuple[int, int]]) -> None:
    graph = graph_of(*pairs, n=12)
    found, all_of_them = unlisted_of(graph), referrers_of(graph)
    few = graph.in_degree < FEW
    for name in ("undivided", "shells", "ring"):
        values, before = vars(found)[name], vars(all_of_them)[name]
        assert np.array_equal(np.isnan(values), few)
        assert (values[~few] <= before[~few] + 1e-9).all(), name
        assert (values[~few] >= 0).all()
    assert (found.knot[~few] <= found.ring[~few] + 1e-9).all()
    assert (found.ring[~few] <= found.shells[~few] + 1e-9).all()
    serves, same = serves_of(graph, np.full(12, 50), 10, 30)
    linking = graph.out_degree > 0
    assert ((serves[linking] >= 0) & (serves[linking] <= 50)).all()
    known = ~np.isnan(same)
    assert ((same[known] >= 0) & (same[known] <= 1 + 1e-9)).all()
