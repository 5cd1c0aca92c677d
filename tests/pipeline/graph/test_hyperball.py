"""HyperBall beside the exact measure, and beside balls that are joined the plain way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from pipeline.graph.blocks import Scores
from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.hyperball import Balls, harmonic_estimate, weighted_harmonic_estimate
from pipeline.graph.ranks import harmonic, rank_of, trust, weighted_harmonic
from pipeline.graph.registers import of_members
from pipeline.graph.sampled import weighted_harmonic_sampled
from pipeline.graph.threads import at_most
from tests.pipeline.graph.corpus import power_law, sources_of
from tests.pipeline.graph.test_peers import uk
from tests.pipeline.graph.test_ranks import EDGES, Edge, N, graph_of

SALTS = range(32)


def agreement(one: Scores, other: Scores) -> float:
    """Spearman's correlation of ranks."""
    return float(np.corrcoef(rank_of(one)[0], rank_of(other)[0])[0, 1])


def errors(estimates: list[Scores], exact: Scores) -> tuple[float, float]:
    """Root of the mean square of the relative errors, and the mean error's size, over domains
    that anyone reaches."""
    off = np.array(estimates)[:, exact > 0] / exact[exact > 0] - 1
    return float(np.sqrt((off**2).mean())), float(np.abs(off.mean(axis=0)).mean())


def test_direct_links_are_counted_and_not_estimated() -> None:
    star = graph_of(*((i, 0) for i in range(1, 100)), (0, 100), n=102)
    scores = harmonic_estimate(star, log2m=5)
    assert scores[0] == 99
    assert scores[1:100].tolist() == [0] * 99
    assert scores[100] == pytest.approx(1 + 99 / 2, rel=0.5)
    weight = np.arange(102.0)
    assert weighted_harmonic_estimate(star, weight, log2m=5)[0] == sum(range(1, 100))


@pytest.mark.parametrize("n", [0, 1, 3])
def test_nothing_is_near_without_links(n: int) -> None:
    assert harmonic_estimate(graph_of(n=n)).tolist() == [0] * n
    assert weighted_harmonic_estimate(graph_of(n=n), np.ones(n)).tolist() == [0] * n
    assert weighted_harmonic_sampled(graph_of(n=n), np.ones(n), 2).tolist() == [0] * n


@given(EDGES)
def test_balls_are_the_plain_unions_of_their_links(edges: list[Edge]) -> None:
    graph = graph_of(*edges, n=N)
    rows = of_members(N, 6, 0, np.ones(N, dtype=np.bool_))
    balls, plain = Balls(graph, rows.copy(), 6), rows.reshape(N, 64).copy()
    for _ in range(N + 1):
        before = plain.copy()
        np.maximum.at(plain, graph.out_targets, before[sources_of(graph)])
        assert balls.round(1.0) == (plain != before).any()
        assert balls.now.reshape(N, 64).tolist() == plain.tolist()


@pytest.mark.parametrize("log2m", [6, 8, 10])
def test_estimates_stay_within_the_published_error(log2m: int) -> None:
    # All balls grow into the same one, so an error is shared by nearly all domains, and a salt
    # is one sample: of 32, the error of an error is 12%.
    graph = power_law(1000, 6_000)
    weight = trust(graph, np.arange(10))
    published = 1.04 / 2 ** (log2m / 2)
    plain = [harmonic_estimate(graph, log2m=log2m, salt=salt) for salt in SALTS]
    weighted = [weighted_harmonic_estimate(graph, weight, log2m=log2m, salt=salt) for salt in SALTS]
    for estimates, exact in (
        (plain, harmonic(graph)),
        (weighted, weighted_harmonic(graph, weight)[0]),
    ):
        size, bias = errors(estimates, exact)
        assert size < published
        assert bias < 2 * published / np.sqrt(len(SALTS))
        assert min(agreement(scores, exact) for scores in estimates) > 1 - published / 8


def test_what_no_weight_reaches_scores_exactly_nothing() -> None:
    # 0 -> 1 -> 2; a farm 3, 4, 5 -> 1; only 0 has weight, and its own counts for nothing.
    farm = graph_of((0, 1), (1, 2), (3, 1), (4, 3), (5, 4))
    weight = np.array([1.0, 0, 0, 0, 0, 0])
    scores = weighted_harmonic_estimate(farm, weight)
    assert scores[[0, 3, 4, 5]].tolist() == [0, 0, 0, 0]
    honest = weighted_harmonic_estimate(graph_of((0, 1), (1, 2)), weight[:3])
    assert scores[:3].tobytes() == honest.tobytes()


@given(EDGES)
def test_a_domain_alone_changes_no_estimate(edges: list[Edge]) -> None:
    graph, more = graph_of(*edges, n=N), graph_of(*edges, n=N + 1)
    weight = np.arange(N) / 8
    assert harmonic_estimate(more).tolist() == [*harmonic_estimate(graph).tolist(), 0]
    longer = weighted_harmonic_estimate(more, np.append(weight, 0))
    assert longer.tolist() == [*weighted_harmonic_estimate(graph, weight).tolist(), 0]


def test_a_long_chain_of_domains_ends() -> None:
    chain = from_edges(np.arange(3000), np.arange(1, 3001))
    scores = harmonic_estimate(chain, log2m=10)
    exact = np.append(0, np.cumsum(1 / np.arange(1, 3001)))[:1000]
    assert np.abs(scores[1:1000] / exact[1:] - 1).max() < 0.15


def test_threads_change_no_bit_of_an_estimate() -> None:
    graph = power_law(20_000, 120_000)
    weight = trust(graph, np.arange(10))
    with at_most(1):
        alone = harmonic_estimate(graph), weighted_harmonic_estimate(graph, weight)
    assert harmonic_estimate(graph).tobytes() == alone[0].tobytes()
    assert weighted_harmonic_estimate(graph, weight).tobytes() == alone[1].tobytes()


def test_a_sample_as_large_as_the_weight_is_exact() -> None:
    graph = power_law(500, 3000)
    weight = np.where(np.arange(500) % 3 == 0, np.arange(500), 0) / 8
    exact = weighted_harmonic(graph, weight)[0]
    assert weighted_harmonic_sampled(graph, weight, 400).tobytes() == exact.tobytes()


def test_searches_are_not_spent_on_who_links_to_nobody() -> None:
    graph = power_law(500, 900)
    weight = np.where(graph.out_degree > 0, 0.001, 1.0)
    linking = int(np.count_nonzero(graph.out_degree))
    exact = weighted_harmonic(graph, weight)[0]
    assert linking < 400
    assert weighted_harmonic_sampled(graph, weight, linking).tobytes() == exact.tobytes()
    assert weighted_harmonic_sampled(graph, weight, linking - 1).tobytes() != exact.tobytes()


def test_samples_are_right_on_average() -> None:
    graph = power_law(500, 3000)
    weight = trust(graph, np.arange(10))
    exact = weighted_harmonic(graph, weight)[0]
    found = [weighted_harmonic_sampled(graph, weight, 40, salt=salt) for salt in range(60)]
    size, bias = errors(found, exact)
    assert 0.01 < size < 0.4
    assert bias < size / 5  # of 60, an error of a 7.7th is expected


def test_heavy_sources_are_never_left_out() -> None:
    # 0 and 1, of 100 and 50, as they are; two of the ones stand for eight.
    graph = graph_of(*((i, 10) for i in range(10)), (0, 11), (1, 12))
    weight = np.array([100.0, 50, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0])
    for salt in range(8):
        scores = weighted_harmonic_sampled(graph, weight, 4, salt=salt)
        assert scores[10:] == pytest.approx([158, 100, 50])


@pytest.mark.corpus
def test_estimates_keep_the_ranks_of_uk_1996() -> None:
    graph: DomainGraph = uk()
    weight = trust(graph, np.argsort(-graph.in_degree)[:50])
    exact = weighted_harmonic(graph, weight, max_sources=4000)[0]
    kept = np.zeros(graph.n)
    heaviest = np.argsort(-weight, kind="stable")[:4000]
    kept[heaviest] = weight[heaviest]
    for salt in range(2):  # one error for nearly all, and so hardly any in the ranks
        scores = weighted_harmonic_estimate(graph, kept, log2m=10, salt=salt)
        assert errors([scores], exact)[0] < 3 * 1.04 / 32
        assert agreement(scores, exact) > 0.999


def test_what_means_nothing_is_refused() -> None:
    graph = graph_of((0, 1))
    for log2m in (4, 17):
        with pytest.raises(ValueError, match="from 5 to 16"):
            harmonic_estimate(graph, log2m=log2m)
        with pytest.raises(ValueError, match="from 5 to 16"):
            weighted_harmonic_estimate(graph, np.ones(2), log2m=log2m)
    with pytest.raises(ValueError, match="2 weights"):
        weighted_harmonic_estimate(graph, np.ones(3))
    with pytest.raises(ValueError, match="2 weights"):
        weighted_harmonic_sampled(graph, np.array([-1, 1]), 1)
    with pytest.raises(ValueError, match="at least 1"):
        weighted_harmonic_sampled(graph, np.ones(2), 0)
