"""What referrers are like, on graphs small enough to see, and bounded and named as promised."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph import referrers
from pipeline.graph.csr import DomainGraph, from_edges, from_names
from pipeline.graph.referrers import Referrers, fellows_of, hashes_of, referrers_of
from tests.pipeline.graph.corpus import power_law
from tests.pipeline.graph.test_ranks import graph_of


def of(graph: DomainGraph, t: int) -> tuple[float, ...]:
    """undivided, shells, ring, traded, strangers, apart."""
    found = referrers_of(graph)
    return tuple(round(float(values[t]), 3) for values in vars(found).values())


def star(size: int, *more: tuple[int, int]) -> DomainGraph:
    return graph_of(*((u, 0) for u in range(1, size + 1)), *more)


def test_a_star_is_all_shells_who_link_to_nothing_else_and_have_nothing_in_common() -> None:
    assert of(star(5), 0) == (1, 1, 0, 0, 1, 0.714)


def test_of_few_referrers_nothing_is_said() -> None:
    found = referrers_of(star(2))
    assert all(np.isnan(values).all() for values in vars(found).values())
    found = referrers_of(star(4))
    assert found.shells[0] == 1
    assert np.isnan(found.strangers[0]), "of fewer than five it is often nothing"
    assert found.apart[0] == pytest.approx(4 / 6), "two are counted beside"


def test_a_ring_links_itself_and_is_not_linked_back() -> None:
    around = [(1, 2), (2, 3), (3, 4), (4, 5), (5, 1)]
    assert of(star(5, *around), 0) == (0.5, 1, 1, 0, 0, 0)
    back = [(0, u) for u in range(1, 6)]
    assert of(star(5, *around, *back), 0) == (0.5, 0, 0, 0, 0, 0)


def test_a_trade_is_answered_and_leads_to_no_other_referrer() -> None:
    back = [(0, u) for u in range(1, 6)]
    # 0 is left out of what they have in common, though it links to all of them.
    assert of(star(5, *back), 0) == (1, 0, 0, 1, 1, 0.714)


def test_who_is_held_up_from_elsewhere_is_half_a_shell_or_less() -> None:
    # 6 and 7 link to 1, four others to 2; each to one of them alone.
    elsewhere = [(6, 1), (7, 1), *((u, 2) for u in range(8, 12))]
    assert of(star(5, *elsewhere), 0)[1] == pytest.approx((1 / 2 + 1 / 4 + 3) / 5, abs=1e-3)
    many = [(u, 1) for u in range(6, 6 + referrers.SUPPORT + 1)]
    assert of(star(5, *many), 0)[1] == pytest.approx(4 / 5)


def test_a_directory_that_nobody_links_to_is_no_whole_shell() -> None:
    others = [(1, u) for u in range(6, 6 + 31)]
    assert of(star(5, *others), 0)[1] == pytest.approx((4 + 16 / 32) / 5)


def test_what_two_have_in_common_makes_them_known() -> None:
    assert of(star(5, (1, 6), (2, 6)), 0)[4] == pytest.approx(3 / 5), "both link to 6"
    assert of(star(5, (6, 1), (6, 2)), 0)[4] == pytest.approx(3 / 5), "6 links to both"
    assert of(star(5, (1, 2)), 0)[4] == pytest.approx(3 / 5), "one links to the other"
    assert of(star(5, (6, 1), (2, 6)), 0)[4] == 1, "one each way is nothing in common"


def test_fellows_link_to_a_suspect_that_it_links_to_itself() -> None:
    # 1, 2, 3 link each other and 0; 4 links to 1 alone.
    graph = graph_of((1, 0), (2, 0), (3, 0), (1, 2), (2, 3), (3, 1), (2, 1), (4, 1))
    fellows, same = fellows_of(graph, np.arange(5) == 0)
    assert fellows[1] == pytest.approx(2 / 3)
    assert same[1] == pytest.approx(2 / 3), "2 and 3 link to both, 4 to it alone"
    for each in (fellows, same):
        assert np.isnan(each[4]), "nobody links to it"
        assert np.isnan(each[0]), "it links to nobody"
    assert [each[1] for each in fellows_of(graph, np.zeros(5, np.bool_))] == [0, 0]
    with pytest.raises(ValueError, match="a mask of 5 domains"):
        fellows_of(graph, np.zeros(4, np.bool_))


def test_members_of_a_clique_have_the_referrers_of_what_it_is_for() -> None:
    members = range(1, 9)
    clique = [(u, t) for u in members for t in members if u != t]
    graph = star(8, *clique, (9, 0))
    fellows, same = fellows_of(graph, np.arange(10) == 0)
    assert fellows[1:9].tolist() == [1] * 8
    assert same[1:9] == pytest.approx([7 / 8] * 8), "9 links to 0 alone"


def test_names_have_the_same_hash_in_a_graph_with_more_domains() -> None:
    few = from_names(pa.array(["b.org"]), pa.array(["c.org"]))
    more = from_names(pa.array(["a.org", "b.org"]), pa.array(["b.org", "c.org"]))
    by_name = dict(zip(more.names.to_pylist(), hashes_of(more).tolist(), strict=True))
    assert hashes_of(few).tolist() == [by_name[name] for name in few.names.to_pylist()]
    assert len(set(by_name.values())) == 3
    assert len(hashes_of(from_edges(np.empty(0, np.int64), np.empty(0, np.int64), n=0))) == 0


def values_of(found: Referrers) -> list[list[float]]:
    return [values.tolist() for values in vars(found).values()]


def test_more_domains_elsewhere_change_nothing() -> None:
    graph = power_law(300, 3000)
    sources = np.repeat(np.arange(300), graph.out_degree)
    named = [f"d{i:03}.org" for i in range(300)]

    def scored(extra: list[tuple[str, str]]) -> dict[str, list[float]]:
        source = [*(named[u] for u in sources), *(u for u, _ in extra)]
        target = [*(named[t] for t in graph.out_targets), *(t for _, t in extra)]
        made = from_names(pa.array(source), pa.array(target), also=pa.array(named))
        each = np.array(values_of(referrers_of(made)))
        return {name: each[:, i].tolist() for i, name in enumerate(made.names.to_pylist())}

    before, after = scored([]), scored([("a.org", "d1500.org"), ("zz.org", "a.org")])
    for name in named:
        assert np.array_equal(before[name], after[name], equal_nan=True), name


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=80))
def test_all_are_shares_and_a_shell_is_no_trade(pairs: list[tuple[int, int]]) -> None:
    graph = graph_of(*pairs, n=12)
    found = referrers_of(graph)
    for values in vars(found).values():
        known = values[~np.isnan(values)]
        assert ((known >= 0) & (known <= 1)).all()
    few = graph.in_degree < referrers.FEW
    assert np.isnan(found.shells[few]).all()
    assert not np.isnan(found.shells[~few]).any()
    both = ~few & (found.traded + found.shells > 1 + 1e-9)
    assert not both.any(), "a referrer is one or the other"
    assert (found.ring[~few] <= found.shells[~few] + 1e-9).all()
