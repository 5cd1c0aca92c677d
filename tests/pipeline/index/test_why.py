"""Why a domain's scores are what they are, and where it would rank without a link."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipeline.errors import UsageError
from pipeline.graph.csr import from_names
from pipeline.graph.dominators import dominators
from pipeline.graph.ranks import rank_of, weighted_harmonic
from pipeline.graph.trusted import redrawn_trust
from pipeline.index.lifecycle import Lifecycle
from pipeline.index.question import Question
from pipeline.index.questions import Index
from pipeline.index.without import _depth, strongest, without
from pipeline.quality.score import score
from pipeline.settings import ScoreSettings
from pipeline.store import Store, rows
from tests.support.records import DAY, START, TODAY, Link, page, write
from tests.support.stores import AnyStore

SETTINGS = ScoreSettings()
SEEDS = ("s20.org", "s25.org", "s7.org")
DOMAINS = ("s10.org", "s15.org", "s22.org", "s4.org")


def web(seed: int) -> list[Any]:
    """A thin web of thirty domains, so that links matter; the last links nofollow alone."""
    dice = random.Random(seed)
    found = [
        page(
            f"https://s{source}.org/",
            START,
            [f"https://s{dice.randrange(max(1, source - 9), source + 3)}.org/" for _ in range(2)],
        )
        for source in range(28)
    ]
    return [*found, page("https://nofollow.org/", START, [Link("https://s4.org/", rel=1)])]


@pytest.fixture
def scored(store: AnyStore) -> AnyStore:
    write(store, web(4), TODAY)
    score(store, SETTINGS, seeds=SEEDS)
    return store


def quality(store: Store, domain: str) -> dict[str, Any]:
    (row,) = rows(
        store.query("SELECT * FROM domain_quality WHERE domain = {d:String}", {"d": domain})
    )
    return row


def newest(store: Store, domain: str) -> dict[str, Any]:
    return next(iter(Question("quality", {"domain": domain}).rows(store)))


def edges(store: Store) -> list[tuple[str, str]]:
    asked = "SELECT source_domain, target_domain FROM domain_edges WHERE weight > 0"
    return [(row["source_domain"], row["target_domain"]) for row in rows(store.query(asked))]


def truth(store: Store, domain: str, source: str) -> dict[str, float]:
    """Rank and centrality by the whole graph scored anew without the link: "all"; by its own
    centrality among the others' of the snapshot: "itself"; and with the trust of the snapshot too:
    "held"."""
    told = {row["domain"]: row for row in rows(store.query("SELECT * FROM domain_quality"))}
    asked = "SELECT source_domain, target_domain, weight FROM domain_edges WHERE weight > 0"
    kept = [e for e in rows(store.query(asked)) if tuple(e.values())[:2] != (source, domain)]
    ends = [pa.array([edge[f"{end}_domain"] for edge in kept]) for end in ("source", "target")]
    weights = np.array([edge["weight"] for edge in kept])
    graph = from_names(ends[0], ends[1], weights, also=pa.array(list(told)))
    names = graph.names.to_pylist()
    seeds = np.array(sorted(names.index(seed) for seed in SEEDS))
    hangs_on, at = dominators(graph, seeds), names.index(domain)
    again = weighted_harmonic(graph, redrawn_trust(graph, seeds).mean, hangs_on=hangs_on)[0]
    trust = np.array([told[name]["trust"] for name in names])
    held = weighted_harmonic(graph, trust, hangs_on=hangs_on)[0][at]
    others = np.array([told[name]["trusted_harmonic"] for name in names])

    def among(value: float) -> float:
        found = np.where(np.arange(len(names)) == at, value, others)
        return float(rank_of(found)[0][at])

    return {"all": float(rank_of(again)[0][at]), "itself": among(again[at]), "held": among(held)}


def linking_to(store: Store, domain: str) -> list[str]:
    return sorted({source for source, target in edges(store) if target == domain})


@pytest.mark.parametrize("how", ["all", "itself"])
def test_without_a_link_it_ranks_as_in_the_graph_without_it(scored: AnyStore, how: str) -> None:
    moved = 0
    for domain in DOMAINS:
        row, linking = quality(scored, domain), linking_to(scored, domain)
        found = without(scored, row, linking, all_again=1000 if how == "all" else 0)
        assert [each.source_domain for each in found] == linking
        for each in found:
            assert each.scored == how
            assert each.rank == row["trusted_harmonic_rank"]
            assert each.best == each.worst == truth(scored, domain, each.source_domain)[how]
            moved += each.worst > each.rank
    assert moved >= 2


def test_a_score_of_the_links_without_it_says_the_same(scored: AnyStore, store: AnyStore) -> None:
    """The page is gone with its one link that leads to the domain, and all else is as it was."""
    domain, source = "s10.org", "only.org"
    one = page("https://only.org/", START, [f"https://{domain}/"])
    lead = page("https://s7.org/more", START, ["https://only.org/"])
    write(store, [one, lead], TODAY + 1)
    score(store, SETTINGS, seeds=SEEDS)
    row = newest(store, domain)
    (found,) = without(store, row, [source])
    write(store, [page("https://only.org/", START + n * DAY, []) for n in (1, 2)], TODAY + 2)
    Lifecycle(store, 60).run()
    score(store, SETTINGS, seeds=SEEDS)
    assert (
        newest(store, domain)["trusted_harmonic_rank"] == found.worst > row["trusted_harmonic_rank"]
    )


@pytest.mark.parametrize("bound", [1, 6, 20])
def test_by_a_part_of_the_graph_the_rank_lies_between_two(scored: AnyStore, bound: int) -> None:
    for domain in DOMAINS:
        linking = linking_to(scored, domain)
        found = without(scored, quality(scored, domain), linking, edges=bound)
        for each in found:
            assert each.scored == "between"
            held = truth(scored, domain, each.source_domain)["held"]
            assert each.rank <= each.best <= held <= each.worst
            if not quality(scored, each.source_domain)["trust"]:
                assert each.best == each.worst == each.rank, "what lies further leads not by it"


def test_of_a_snapshot_that_does_not_tell_its_seeds_nothing_is_told(scored: AnyStore) -> None:
    scored.execute(
        "ALTER TABLE domain_quality UPDATE seed_distance = NULL WHERE 1 SETTINGS mutations_sync = 1"
    )
    assert without(scored, quality(scored, "s10.org"), ["s9.org"]) == []


@pytest.mark.engine
def test_a_link_that_no_rank_counts_changes_none(scored: AnyStore) -> None:
    row = quality(scored, "s4.org")
    (found,) = without(scored, row, ["nofollow.org"])
    assert found.best == found.worst == row["trusted_harmonic_rank"]


def test_how_far_back_a_search_goes_is_what_the_bound_allows() -> None:
    count = {"every": 100, "one": 3, "two": 20, "three": 60}
    assert [_depth(count, most) for most in (1, 3, 20, 60, 99, 100)] == [1, 1, 2, 3, 3, 0]


def test_why_has_the_reasons_of_every_score(scored: AnyStore) -> None:
    found = Index(scored).why("https://www.s10.org/page", links=3)
    row = quality(scored, "s10.org")
    assert found["domain"] == "s10.org"
    assert found["quality"] == row
    assert {each["measure"] for each in found["evidence"]} >= {"authority", "portfolio"}
    shares = [each["portfolio_share"] for each in found["links"]]
    assert shares == sorted(shares, reverse=True)
    assert len(shares) <= 3
    assert [e["source_domain"] for e in found["without"]] == [
        e["source_domain"] for e in found["links"]
    ]
    assert sum(each["worth"] for each in found["pages"]) == pytest.approx(row["portfolio_worth"])
    assert found["confidence"]["level"] == row["confidence"] == "low"
    assert not found["confidence"]["numbers"]
    texts = [each["text"] for each in found["confidence"]["reasons"]]
    assert f"{row['domains']} domains in all" in texts


def test_of_a_page_it_tells_which_domains_bring_its_authority(scored: AnyStore) -> None:
    assert Index(scored).why("s10.org")["page"] is None, "a domain is asked for"
    found = Index(scored).why("https://s10.org/", mode="url")["page"]
    (row,) = rows(scored.query("SELECT * FROM page_quality WHERE domain = 's10.org'"))
    assert found["authority"] == row["authority"]
    assert found["counted_domains"] == row["counted_domains"] > 0
    told = [(each["source_domain"], each["without"], each["rank"]) for each in found["brings"]]
    assert told == [tuple(each.values()) for each in row["brings"]]
    assert told
    for each in found["brings"]:
        assert each["source_url"] == f"https://{each['source_domain']}/"
    assert Index(scored).why("https://s10.org/none")["page"] is None


def test_without_seeds_nothing_is_told_of_what_if(store: AnyStore) -> None:
    write(store, web(4), TODAY)
    score(store, SETTINGS)
    found = Index(store).why("s10.org")
    assert found["without"] == []
    assert found["quality"]["portfolio"] is None
    assert found["confidence"]["level"] == "none"


def test_of_a_domain_that_is_in_no_snapshot_there_is_nothing(store: AnyStore) -> None:
    found = Index(store).why("nowhere.org")
    assert found["quality"] is None
    assert found["links"] == found["evidence"] == []
    with pytest.raises(UsageError):
        Index(store).why("no domain at all")


def test_an_edge_of_a_snapshot_from_before_has_no_worth_and_is_told_so(store: AnyStore) -> None:
    at = pa.array([1], pa.uint64())
    pair = {"source_domain": ["a.org"], "target_domain": ["t.org"], "weight": [1.0]}
    store.insert("domain_edges", pa.table({"snapshot": at, **pair}))
    (edge,) = strongest(store, 1, "t.org", 5)
    assert edge["worth"] is edge["portfolio_share"] is None
    assert edge["worth_factors"] == edge["worth_unknown"] == []
