"""The measures of the graph in a snapshot: by hand on a small web, and what is unknown."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pyarrow as pa
import pytest

from pipeline.graph.csr import from_names
from pipeline.graph.gathered import gathered
from pipeline.graph.ranks import harmonic, rank_of, trust, weighted_harmonic
from pipeline.graph.threads import at_most
from pipeline.quality import ranked, shaped, suspected
from pipeline.quality.scored import Part, Scored, run
from pipeline.quality.steps import Steps
from pipeline.quality.taken import build, counting, take, taken, weights
from pipeline.settings import ScoreSettings
from pipeline.store import sql
from pipeline.store.chdb import ChdbStore
from tests.pipeline.graph.corpus import power_law, sources_of
from tests.pipeline.quality.test_score import a_web, chain, quality, snapshot
from tests.support.records import START, TODAY, page, write
from tests.support.stores import AnyStore

PARTS: tuple[Part, ...] = (*ranked.PARTS, *shaped.PARTS, *suspected.PARTS)
RANKED = [m.name for part in PARTS for m in part.measures if m.ranked]


def column(found: dict[str, dict[str, Any]], name: str) -> list[Any]:
    return [found[domain][name] for domain in sorted(found)]


@pytest.mark.engine
def test_ties_and_neighbours_of_a_chain_by_hand(store: AnyStore) -> None:
    chain(store)  # a -> b -> c, b -> a, and d that nobody links
    row = snapshot(store, seeds=("a.org",))
    found = quality(store)
    assert column(found, "in_degree") == [1, 1, 1, 0]
    assert column(found, "out_degree") == [1, 2, 0, 0]
    assert column(found, "reciprocity") == [1.0, 1.0, 0.0, None]
    assert column(found, "in_out_overlap") == [1.0, 0.5, 0.0, None]
    assert column(found, "component") == [2, 2, 1, 1]
    assert column(found, "dense_group") == column(found, "dense_size") == [None] * 4
    assert column(found, "supporters_2") == [1, 1, 2, 0]
    assert column(found, "seed_distance") == [0, 1, 2, None]
    assert column(found, "trust_spread") == [None] * 4, "of one seed nothing can be redrawn"
    # Trust of a is 1 / (1 + .85 (1 + .425)) of all or so, c's below a quarter: an even share.
    assert column(found, "trusted_supporters_2") == [1, 1, 2, 0]
    assert column(found, "anti_trust") == [None] * 4
    assert column(found, "in_degree_rank") == [2.0, 2.0, 2.0, 4.0]
    assert row["manifest"]["known"]["reciprocity"] == 3
    assert row["manifest"]["supporters_estimated"] == 0


def test_without_seeds_what_goes_by_trust_is_unknown(store: AnyStore) -> None:
    chain(store)
    snapshot(store)
    found = quality(store)
    for name in ("trust_spread", "seed_distance", "spam_mass", "trust_gap", "trusted_supporters_2"):
        assert column(found, name) == [None] * 4, name
    assert None not in column(found, "truncated_pagerank")
    assert None not in column(found, "supporters_2")


@pytest.mark.engine
def test_what_links_to_known_spam_has_anti_trust(store: AnyStore) -> None:
    chain(store)
    made = snapshot_with_spam(store, ["c.org", "nowhere.org"])
    found = quality(store)
    assert found["d.org"]["anti_trust"] == 0
    # Walked backwards from c: b = .85 (c + a), a = .85 b, and every restart is at c.
    b = 0.85 * 0.15 / (1 - 0.85 * 0.85)
    told = [found[f"{name}.org"]["anti_trust"] for name in "abc"]
    assert told == pytest.approx([0.85 * b, b, 0.15], abs=1e-8)
    assert sum(column(found, "anti_trust")) == pytest.approx(1)
    assert (made["spam"], made["spam_in_graph"]) == (2, 1)
    assert len(made["spam_sha256"]) == 64


def snapshot_with_spam(store: AnyStore, spam: list[str]) -> dict[str, Any]:
    from pipeline.quality.score import score

    made = score(store, ScoreSettings(), spam=spam)
    assert made is not None
    manifest: dict[str, Any] = json.loads(json.dumps(made.manifest))
    return manifest


@pytest.mark.engine
def test_groups_of_answered_links_are_numbered_and_counted(store: AnyStore) -> None:
    clique = [f"{name}.org" for name in "abcd"]
    pages = [
        page(f"https://{one}/", START, [f"https://{other}/" for other in clique if other != one])
        for one in clique
    ]
    friends = [
        page("https://x.org/", START, ["https://y.org/"]),
        page("https://y.org/", START, ["https://x.org/", "https://a.org/"]),
    ]
    write(store, pages + friends, TODAY)
    snapshot(store)
    found = quality(store)
    assert [found[one]["dense_size"] for one in clique] == [4] * 4
    assert {found[one]["dense_group"] for one in clique} == {1}
    assert found["x.org"]["dense_group"] is None, "two friends are no group"


def test_trust_is_the_mean_over_halves_of_the_seeds_with_its_spread(store: AnyStore) -> None:
    web = [page(f"https://s{i}.org/", START, [f"https://t{i % 3}.org/"]) for i in range(6)]
    write(store, web, TODAY)
    row = snapshot(store, seeds=tuple(f"s{i}.org" for i in range(6)))
    found = quality(store)
    assert row["manifest"]["trust_draws"] == 16
    assert sum(each["trust"] for each in found.values()) == pytest.approx(1)
    # Six seeds alike, a half of them in each draw: s0 has all or nothing, and 1/3 or 0 of it.
    assert found["s0.org"]["trust_spread"] == pytest.approx(found["s0.org"]["trust"])
    assert 0 < found["t0.org"]["trust_spread"] < found["t0.org"]["trust"]


# --- at a size where nearness is estimated ---


def scored(n: int, m: int, seeds: int = 40) -> Scored:
    graph = power_law(n, m)
    names = pa.array([f"s{i:06}.example" for i in range(n)])
    ends = sources_of(graph), graph.out_targets
    named = from_names(names.take(pa.array(ends[0])), names.take(pa.array(ends[1])), also=names)
    chosen = np.argsort(-named.in_degree, kind="stable")[:seeds]
    none = pa.table({})
    return Scored(
        ChdbStore.__new__(ChdbStore), 1, ScoreSettings(sources=400), np.sort(chosen),
        named, none, none, lambda step: None, spam=chosen[:3],
    )  # fmt: skip


def test_nearness_of_a_large_graph_is_estimated_in_ranks_and_said_to_be() -> None:
    one = scored(ranked.EXACT_HARMONIC + 1, 80_000)
    for part in ranked.PARTS:
        run(part, one)
    assert one.manifest["harmonic"] == "HyperBall of 2^8 registers"
    assert one.manifest["authority_searches"] == 400
    exact = harmonic(one.graph)
    near = exact > 0
    assert correlation(one.floats("harmonic"), exact, near) > 0.98
    mean = one.floats("trust")
    wanted = weighted_harmonic(one.graph, mean)[0]
    reached = wanted > 0
    assert correlation(one.floats("trusted_harmonic"), wanted, reached) > 0.99
    assert not one.floats("trusted_harmonic")[~reached].any(), "what no trust leads to gains 0"
    alone = trust(one.graph, one.seeds)
    assert correlation(mean, alone, alone > 0) > 0.98


def correlation(found: Any, exact: Any, which: Any) -> float:
    ranks = rank_of(found[which])[0], rank_of(exact[which])[0]
    return float(np.corrcoef(*ranks)[0, 1])


def test_every_column_is_the_same_on_one_thread_as_on_many() -> None:
    columns = []
    for threads in (1, numba.get_num_threads()):
        one = scored(21_000, 60_000)
        with at_most(threads):
            for part in PARTS:
                run(part, one)
        columns.append(one.columns)
    assert columns[0].keys() == columns[1].keys()
    for name, values in columns[0].items():
        assert values.equals(columns[1][name]), name


def test_every_measure_is_told_and_ranked_as_it_says() -> None:
    one = scored(300, 2_000)
    for part in PARTS:
        run(part, one)
    told = {measure.name for part in PARTS for measure in part.measures}
    assert one.columns.keys() == told | {f"{name}_rank" for name in RANKED}
    for name in RANKED:
        ranks, n = rank_of(one.floats(name))
        assert np.array_equal(one.floats(f"{name}_rank"), ranks, equal_nan=True)
        assert n == len(one.columns[name]) - one.columns[name].null_count
    assert {len(values) for values in one.columns.values()} == {300}


@pytest.mark.embedded
def test_links_that_stream_make_the_graph_that_they_make_by_name(
    store: ChdbStore, tmp_path: Path
) -> None:
    write(store, a_web(random.Random(5)), TODAY)
    steps, settings = Steps(tmp_path), ScoreSettings()
    size = take(store, settings, TODAY, steps)
    names, edges, pages = taken(steps, size["edges"])
    streamed = gathered(len(names), lambda: counting(edges), names=names, distinct=True)
    by_name = build(edges, pages)
    assert streamed.names.to_pylist() == by_name.names.to_pylist()
    assert streamed.out_targets.tolist() == by_name.out_targets.tolist()
    assert streamed.out_offsets.tolist() == by_name.out_offsets.tolist()
    assert streamed.out_weights is not None
    assert by_name.out_weights is not None
    assert streamed.out_weights.tobytes() == by_name.out_weights.tobytes()
    asked = store.query(sql("pipeline/quality/edges"), {**weights(settings), "snapshot": TODAY})
    for name in asked.column_names:
        assert edges[name].to_pylist() == asked[name].to_pylist(), name
    coded = Scored(store, 1, settings, np.empty(0, np.int64), streamed, edges, pages, print)
    named = Scored(store, 1, settings, np.empty(0, np.int64), streamed, plain(edges), pages, print)
    assert [end.tolist() for end in coded.ends] == [end.tolist() for end in named.ends]


def plain(edges: pa.Table) -> pa.Table:
    """Names as strings, as another caller may hold them."""
    return pa.table({n: edges[n].cast(pa.string()) for n in ("source_domain", "target_domain")})
