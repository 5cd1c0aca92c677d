"""What links are worth and portfolios are, by hand and recomputed from their reasons."""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipeline.index.lifecycle import job_of
from pipeline.page import Page
from pipeline.quality import portfolio, worth
from pipeline.quality.portfolio import owners, points
from pipeline.quality.score import PARTS, build, score
from pipeline.quality.scored import Scored, run
from pipeline.quality.worth_formula import FACTORS, formula
from pipeline.settings import ScoreSettings, Settings
from pipeline.store import Store, rows
from tests.support.records import START, TODAY, Link, page, write
from tests.support.stores import AnyStore

SETTINGS = ScoreSettings()
RULES = formula()
_EDGES = (
    "SELECT *, worth_factors, worth_unknown FROM domain_edges ORDER BY target_domain, source_domain"
)


def edges(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["source_domain"], row["target_domain"]): row for row in rows(store.query(_EDGES))}


def quality(store: Store) -> dict[str, dict[str, Any]]:
    return {row["domain"]: row for row in rows(store.query("SELECT * FROM domain_quality"))}


def factors(edge: dict[str, Any]) -> dict[str, float]:
    return {each["factor"]: each["value"] for each in edge["worth_factors"]}


def a_web(dice: random.Random) -> list[Page]:
    """Ten domains that link in many ways, and two that link each other alone."""
    places = list(RULES.worth.position.places)
    honest = [
        page(
            f"https://s{source}.org/{number}",
            START,
            [
                Link(
                    f"https://s{target}.org/{dice.randrange(3)}",
                    rel=dice.choice([0, 0, 0, 1, 4]),
                    position=dice.choice(places),  # type: ignore[arg-type]
                )
                for target in dice.sample([t for t in range(10) if t != source], 4)
            ],
        )
        for source in range(8)
        for number in range(3)
    ]
    return [
        *honest,
        page("https://farm.org/", START, ["https://money.org/", "https://s1.org/"]),
        page("https://money.org/", START, ["https://farm.org/"]),
    ]


@pytest.fixture
def scored(store: AnyStore) -> AnyStore:
    write(store, a_web(random.Random(3)), TODAY)
    score(store, SETTINGS, seeds=("s0.org", "s2.org"))
    return store


def test_every_worth_is_the_product_of_its_factors_and_their_logs_add_up(
    scored: AnyStore,
) -> None:
    found = edges(scored)
    assert len(found) > 20
    for edge in found.values():
        assert [each["factor"] for each in edge["worth_factors"]] == list(FACTORS)
        logs = sum(each["ln"] for each in edge["worth_factors"])
        assert edge["worth"] == pytest.approx(math.exp(logs), rel=1e-12, abs=0)
        for each in edge["worth_factors"]:
            assert each["ln"] == pytest.approx(
                math.log(each["value"]) if each["value"] else -math.inf
            )


def test_every_portfolio_is_recomputed_from_its_links_shares(scored: AnyStore) -> None:
    shares: dict[str, float] = defaultdict(float)
    for (_, target), edge in edges(scored).items():
        assert edge["portfolio_share"] == pytest.approx(
            edge["worth"] * RULES.portfolio.gamma ** (edge["owner_place"] - 1)
        )
        shares[target] += edge["portfolio_share"]
    found = quality(scored)
    assert max(shares.values()) > 0
    for domain, row in found.items():
        assert row["portfolio_worth"] == pytest.approx(shares[domain], rel=1e-12, abs=1e-300)
        told = 100 * (1 - 2 ** (-shares[domain] / RULES.portfolio.p50))
        assert row["portfolio"] == pytest.approx(told)
        assert row["portfolio_low"] <= row["portfolio_high"]
    best = min(found.values(), key=lambda row: row["portfolio_worth_rank"])
    assert best["portfolio_worth"] == max(shares.values())


@pytest.mark.engine
def test_what_no_trust_leads_to_is_worth_nothing_to_whom_it_links(scored: AnyStore) -> None:
    found = edges(scored)
    assert found["farm.org", "money.org"]["worth"] == 0.0
    assert found["farm.org", "s1.org"]["portfolio_share"] == 0.0
    assert "trust" not in found["farm.org", "money.org"]["worth_unknown"], "0 is known"
    assert quality(scored)["money.org"]["portfolio"] == 0.0


@pytest.mark.engine
def test_a_links_factors_by_hand(store: AnyStore) -> None:
    """a, trusted, links b from two footers and once nofollow; c links b too, untrusted."""
    write(
        store,
        [
            page("https://a.org/", START, [Link("https://b.org/", position="footer"),
                                           Link("https://b.org/x", rel=1)]),
            page("https://a.org/2", START, [Link("https://b.org/", position="footer")]),
            page("https://c.org/", START, ["https://b.org/"]),
        ],
        TODAY,
    )  # fmt: skip
    score(store, SETTINGS, seeds=("a.org",))
    found = factors(edges(store)["a.org", "b.org"])
    scores = quality(store)["a.org"]
    assert found == {
        "authority": pytest.approx(scores["trust"] + scores["trusted_harmonic"]),
        "trust": pytest.approx(scores["trust"] / (1 - SETTINGS.damping)),
        "relevance": pytest.approx(RULES.worth.relevance.unknown),
        "position": pytest.approx(0.2),
        "rel": pytest.approx(2 / 3 + RULES.worth.rel.other / 3),
        "kind": pytest.approx(0.3),  # sitewide: most of the links stand in the footer
        "owner": pytest.approx(RULES.worth.owner.unknown),
        "pages": pytest.approx(math.log2(3)),
        "dilution": pytest.approx((1 + 1 / 25) ** -0.5),
    }
    assert edges(store)["a.org", "b.org"]["worth_unknown"] == ["relevance"]
    assert edges(store)["c.org", "b.org"]["worth"] == 0.0


def test_without_seeds_worth_is_relative_and_portfolio_unknown(store: AnyStore) -> None:
    write(store, a_web(random.Random(3)), TODAY)
    score(store, SETTINGS)
    for edge in edges(store).values():
        assert {"authority", "trust"} <= set(edge["worth_unknown"])
        assert factors(edge)["trust"] == pytest.approx(RULES.worth.trust_unknown)
        assert edge["worth"] > 0
    for row in quality(store).values():
        assert row["portfolio"] is row["portfolio_low"] is row["portfolio_high"] is None
        assert row["confidence"] == "none"
        assert row["portfolio_worth"] >= 0


@pytest.mark.engine
def test_a_rerun_and_a_domain_elsewhere_change_no_portfolio(store: AnyStore) -> None:
    web = a_web(random.Random(3))
    write(store, web, TODAY)
    score(store, SETTINGS, seeds=("s0.org",))
    names = ("portfolio", "portfolio_low", "portfolio_high", "crawled_share")
    first = {name: [row[each] for each in names] for name, row in quality(store).items()}
    score(store, SETTINGS, seeds=("s0.org",))
    assert {n: [row[each] for each in names] for n, row in quality(store).items()} == first
    write(store, [page("https://aaa.org/", START, ["https://aab.org/"])], TODAY)
    score(store, SETTINGS, seeds=("s0.org",))
    again = quality(store)
    assert len(again) == len(first) + 2
    for name, values in first.items():
        assert [again[name][each] for each in names] == pytest.approx(values, rel=1e-6), name


def in_the_making(pairs: dict[tuple[str, str], int]) -> Scored:
    """Edges that all trust leads along, with as many linking pages; nothing in a store."""
    made = sorted((target, source, pages) for (source, target), pages in pairs.items())
    count = len(made)
    table = pa.table(
        {
            "source_domain": [source for _, source, _ in made],
            "target_domain": [target for target, _, _ in made],
            "links": pa.array([pages for *_, pages in made], pa.uint32()),
            "follow_links": pa.array([pages for *_, pages in made], pa.uint32()),
            "pages": pa.array([pages for *_, pages in made], pa.uint32()),
            "weight": np.ones(count),
        }
    )
    graph = build(table, pa.table({"domain": pa.array([], pa.string())}))
    store: Any = None  # none of the parts asks it
    seeds = np.array([0])
    found = Scored(store, 1, SETTINGS, seeds, graph, table, pa.table({}), lambda _: None)
    for name, value in (("trust", 0.1), ("trusted_harmonic", 0.2), ("out_domains", 0.0)):
        found.columns[name] = pa.array(np.full(graph.n, value))
    return found


def total(made: Scored, domain: str) -> float:
    run(worth.PART, made)
    run(portfolio.PART, made)
    found = dict(
        zip(made.names.to_pylist(), made.columns["portfolio_worth"].to_pylist(), strict=True)
    )
    return float(found[domain])


def test_domains_of_one_owner_count_half_and_half_again() -> None:
    pairs = {(f"s{k}.org", "t.org"): 1 for k in range(4)}
    alone = total(in_the_making(pairs), "t.org")
    owned = in_the_making(pairs)
    group = ["s1.org" if name in ("s1.org", "s2.org", "s3.org") else "" for name in
             owned.names.to_pylist()]  # fmt: skip
    owned.columns["owner_group"] = pa.array(group)
    assert total(owned, "t.org") == pytest.approx(alone / 4 * (1 + 1 + 0.5 + 0.25))
    names = owned.names.to_pylist()
    independent = dict(zip(names, owned.columns["independent_referrers"].to_pylist(), strict=True))
    assert independent["t.org"] == 2
    assert owners(owned)[names.index("s3.org")] == names.index("s1.org")


def test_evidence_of_other_parts_is_taken_where_it_is_there() -> None:
    made = in_the_making({("a.org", "t.org"): 1, ("b.org", "t.org"): 1, ("c.org", "t.org"): 1})
    made.edge_columns |= {
        "relevance": pa.array([0.5, None, 0.01]),
        "kind": pa.array(["editorial", "", "widget"]),
        "same_owner": pa.array([0, 1, 0], pa.uint8()),
    }
    run(worth.PART, made)
    values = made.edge_columns["worth_values"].to_pylist()
    place = {name: number for number, name in enumerate(FACTORS)}
    told = {name: [row[place[name]] for row in values] for name in ("relevance", "kind", "owner")}
    assert told["relevance"] == pytest.approx([1.25, 0.8, 0.5])
    assert told["kind"] == pytest.approx([1.0, 0.7, 0.1])
    assert told["owner"] == pytest.approx([1.0, 0.1, 1.0])
    bits = made.edge_columns["worth_unknown_bits"].to_pylist()
    assert bits == [0, 1 << place["relevance"] | 1 << place["kind"], 0]


def test_an_owner_that_links_itself_is_no_independent_referrer() -> None:
    made = in_the_making({("a.org", "t.org"): 1, ("b.org", "t.org"): 1})
    made.columns["owner_group"] = pa.array(
        ["a.org" if name != "b.org" else "" for name in made.names.to_pylist()]
    )
    total(made, "t.org")
    names = made.names.to_pylist()
    assert made.columns["independent_referrers"].to_pylist()[names.index("t.org")] == 1


def test_points_halve_what_is_left_with_each_p50() -> None:
    p50 = RULES.portfolio.p50
    assert points(np.array([0.0, p50, 2 * p50, 1e9])).tolist() == pytest.approx([0, 50, 75, 100])


def test_the_formula_of_the_snapshot_stands_in_its_manifest(scored: AnyStore) -> None:
    (row,) = rows(scored.query("SELECT manifest FROM snapshots FINAL"))
    told = json.loads(row["manifest"])
    assert told["worth_formula"]["portfolio"]["p50"] == RULES.portfolio.p50
    assert told["worth_formula"]["version"] == RULES.version


def pages(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    found = rows(store.query("SELECT * FROM page_quality"))
    return {(row["host"], row["path"]): row for row in found}


def test_every_link_and_every_page_has_its_share_of_the_portfolio(scored: AnyStore) -> None:
    """The same sum by links, by pages and by pairs of domains."""
    by_page: dict[tuple[str, str], float] = defaultdict(float)
    for domain, row in quality(scored).items():
        asked = scored.query("SELECT * FROM link_worth(domain = {d:String})", {"d": domain})
        links = rows(asked)
        assert sum(link["share"] for link in links) == pytest.approx(
            row["portfolio_worth"], rel=1e-9, abs=1e-300
        )
        for link in links:
            values = {each["factor"]: each["value"] for each in link["factors"]}
            assert link["worth"] == pytest.approx(math.prod(values.values()))
            assert values["position"] == RULES.worth.position.places[link["position"]]
            assert values["rel"] == (1.0 if link["followed"] else RULES.worth.rel.other)
            host, _, path = link["target_url"].partition("://")[2].partition("/")
            by_page[host, f"/{path}"] += link["share"]
    found = pages(scored)
    assert found.keys() == by_page.keys()
    for page_, row in found.items():
        assert row["worth"] == pytest.approx(by_page[page_], rel=1e-9, abs=1e-300)
        assert row["score"] == pytest.approx(100 * (1 - 2 ** (-row["worth"] / RULES.portfolio.p50)))
        assert row["pages"] == len(found)
        better = sum(other["worth"] > row["worth"] for other in found.values())
        alike = sum(other["worth"] == row["worth"] for other in found.values())
        assert row["worth_rank"] == pytest.approx(better + (alike + 1) / 2)


@pytest.mark.engine
def test_a_link_that_redirects_lead_on_is_worth_something_where_it_ends(store: AnyStore) -> None:
    new = "https://t.org/new"
    write(
        store,
        [
            page("https://a.org/", START, ["https://old.org/x", "https://old.org/y"]),
            page("https://b.org/", START, ["https://t.org/"]),
            page("https://old.org/x", START, [Link(new, "redirect")], outcome="redirect",
                 final_url=new),
            page(new, START),
        ],
        TODAY,
    )  # fmt: skip
    job_of(store, Settings()).run()
    score(store, SETTINGS, seeds=("a.org", "b.org"))
    found = pages(store)
    assert found.keys() == {("t.org", "/"), ("t.org", "/new"), ("old.org", "/y")}
    assert found["t.org", "/new"]["referring_domains"] == 2, "who links, and who redirects"
    for domain, row in quality(store).items():
        asked = store.query("SELECT * FROM link_worth(domain = {d:String})", {"d": domain})
        links = rows(asked)
        assert sum(link["share"] for link in links) == pytest.approx(row["portfolio_worth"])
        by_page = sum(each["worth"] for (host, _), each in found.items() if host == domain)
        assert by_page == pytest.approx(row["portfolio_worth"])
        assert {link["target_url"].split("/")[2] for link in links} <= {domain}


@pytest.mark.engine
def test_pages_are_of_the_newest_snapshot_alone(scored: AnyStore) -> None:
    first = pages(scored)
    score(scored, SETTINGS, seeds=("s0.org", "s2.org"))
    assert pages(scored) == first, "a rerun writes the same"
    write(scored, [page("https://new.org/", START, ["https://s1.org/new"])], TODAY + 1)
    score(scored, SETTINGS)
    assert {row["snapshot"] for row in pages(scored).values()} == {TODAY + 1}
    assert pages(scored)["s1.org", "/new"]["score"] is None, "without seeds it is unknown"
    waiting = "SELECT count() AS n FROM page_quality_next"
    assert rows(scored.query(waiting)) == [{"n": 0}]


def test_evidence_has_every_measure_with_rank_and_percentile(scored: AnyStore) -> None:
    asked = "SELECT * FROM domain_evidence(domain = 's1.org')"
    found = {row["measure"]: row for row in rows(scored.query(asked))}
    row = quality(scored)["s1.org"]
    assert {m.name for part in PARTS for m in part.measures} == found.keys()
    for name, told in found.items():
        assert told["value"] == pytest.approx(row[name])
        assert told["rank"] == row.get(f"{name}_rank")
        assert told["unit"]
        assert told["meaning"]
        assert (told["unknown"] == "") == (told["value"] is not None)
    n, rank = found["portfolio_worth"]["n"], found["portfolio_worth"]["rank"]
    assert n == len(quality(scored))
    assert found["portfolio_worth"]["percentile"] == pytest.approx(100 * (n - rank) / (n - 1))
    score(scored, SETTINGS)
    told = {row["measure"]: row for row in rows(scored.query(asked))}
    assert told["authority"]["value"] is told["authority"]["rank"] is None
    assert told["authority"]["n"] == 0
    assert told["authority"]["unknown"] == "there are no trusted seeds"
    assert told["portfolio_worth"]["unknown"] == ""
    assert rows(scored.query("SELECT * FROM domain_evidence(domain = 'nowhere.org')")) == []
