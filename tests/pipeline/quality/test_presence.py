"""How long a domain is known, how many hosts it has, and how far one gets from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.csr import from_edges
from pipeline.graph.ranks import pagerank
from pipeline.quality.score import score
from pipeline.settings import ScoreSettings
from pipeline.store import Store, rows
from tests.support.records import DAY, START, TODAY, page, write
from tests.support.stores import AnyStore


def quality(store: Store) -> dict[str, dict[str, Any]]:
    score(store, ScoreSettings())
    return {row["domain"]: row for row in rows(store.query("SELECT * FROM domain_quality"))}


def test_hosts_and_days_are_counted_from_pages_and_links(store: AnyStore) -> None:
    write(
        store,
        [
            page("https://a.example/", TODAY - 10 * DAY, ["https://www.b.example/"]),
            page("https://blog.a.example/", TODAY - 3 * DAY, ["https://b.example/"]),
            page("https://a.example/", TODAY - DAY, ["https://shop.b.example/"]),
            page("https://l.example/", TODAY - DAY, ["https://listed.b.example/"], source="list",
                 complete=False),
        ],
        TODAY,
    )  # fmt: skip
    found = quality(store)
    assert (found["a.example"]["hosts"], found["a.example"]["days_known"]) == (2, 10)
    assert (found["b.example"]["hosts"], found["b.example"]["days_known"]) == (3, 10)


@pytest.mark.embedded
def test_who_links_to_all_has_the_greatest_inverse_pagerank(store: AnyStore) -> None:
    hub = page("https://hub.example/", START, [f"https://s{n}.example/" for n in range(5)])
    write(store, [hub, page("https://s0.example/", START, ["https://s1.example/"])], TODAY)
    found = quality(store)
    assert found["hub.example"]["inverse_pagerank_rank"] == 1.0
    assert sum(row["inverse_pagerank"] for row in found.values()) == pytest.approx(1)


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=30))
def test_turned_round_is_the_graph_of_the_edges_turned_round(pairs: list[tuple[int, int]]) -> None:
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    weights = np.arange(1, len(ends) + 1, dtype=np.float64)
    graph = from_edges(ends[:, 0], ends[:, 1], weights, n=8)
    wanted = from_edges(ends[:, 1], ends[:, 0], weights, n=8)
    np.testing.assert_array_equal(graph.turned().out_offsets, wanted.out_offsets)
    np.testing.assert_array_equal(graph.turned().out_targets, wanted.out_targets)
    np.testing.assert_allclose(pagerank(graph.turned()), pagerank(wanted))
