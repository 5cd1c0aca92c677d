"""From pages to a snapshot, over each store: what counts, what it weighs, and what it comes to."""

from __future__ import annotations

import json
import math
import random
from collections import Counter, defaultdict
from typing import Any

import pyarrow as pa
import pytest

from pipeline.errors import BacklinksError
from pipeline.index.lifecycle import Lifecycle, job_of
from pipeline.index.paging import stamp_of
from pipeline.mirror import Mirror
from pipeline.page import Page
from pipeline.quality import written
from pipeline.quality.ranked import EXACT_HARMONIC
from pipeline.quality.score import score
from pipeline.settings import ScoreSettings, Settings
from pipeline.store import Store, rows, sql
from pipeline.store.migrate import migrations
from tests.pipeline.said import controls, said
from tests.support.records import DAY, START, TODAY, Link, page, write
from tests.support.stores import AnyStore

SETTINGS = ScoreSettings()
WEIGHTS = {"main": 1.0, "aside": 0.5, "header": 0.4, "nav": 0.4, "comment": 0.3, "footer": 0.2}


def snapshot(store: Store, *, seeds: tuple[str, ...] = (), **settings: Any) -> dict[str, Any]:
    """The newest snapshot's row, its manifest read."""
    made = score(store, SETTINGS.model_copy(update=settings), seeds=seeds)
    assert made is not None
    (row,) = rows(
        store.query("SELECT * FROM snapshots FINAL WHERE snapshot = {s:UInt64}", {"s": made[0]})
    )
    return row | {"manifest": json.loads(row["manifest"])}


def edges(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    found = rows(store.query("SELECT * FROM domain_edges ORDER BY source_domain, target_domain"))
    return {(row["source_domain"], row["target_domain"]): row for row in found}


def quality(store: Store) -> dict[str, dict[str, Any]]:
    found = rows(store.query("SELECT * FROM domain_quality ORDER BY domain"))
    return {row["domain"]: row for row in found}


def chain(store: Store) -> None:
    """a -> b -> c, b -> a, and d that nobody links."""
    write(
        store,
        [
            page("https://a.org/", START, [Link("https://b.org/", anchor="bakers")]),
            page("https://b.org/", START, ["https://c.org/", "https://a.org/x"]),
            page("https://c.org/", START),
            page("https://d.org/", START),
        ],
        TODAY,
    )


def test_referring_domains_have_the_authority_of_the_last_snapshot(store: AnyStore) -> None:
    chain(store)
    job_of(store, Settings()).run()

    def kept() -> dict[str, float | None]:
        found = store.query("SELECT source_domain, authority FROM referrers FINAL")
        return {row["source_domain"]: row["authority"] for row in rows(found)}

    assert kept() == {"a.org": None, "b.org": None}
    snapshot(store, seeds=("a.org",))
    scored = {name: each["authority"] for name, each in quality(store).items()}
    assert kept() == {name: pytest.approx(scored[name], rel=1e-6) for name in ("a.org", "b.org")}
    job_of(store, Settings()).run()
    snapshot(store)
    assert kept() == {"a.org": None, "b.org": None}, "without seeds it is unknown again"


def test_referring_domains_have_the_spam_risk_of_the_last_snapshot(store: AnyStore) -> None:
    chain(store)
    job_of(store, Settings()).run()

    def kept() -> dict[str, float | None]:
        found = store.query("SELECT source_domain, spam_risk FROM referrers FINAL")
        return {row["source_domain"]: row["spam_risk"] for row in rows(found)}

    store.execute(
        "INSERT INTO domain_quality (snapshot, domain, spam_risk) "
        "SELECT 7, 'a.org', 62.5 UNION ALL SELECT 7, 'b.org', NULL"
    )
    store.execute("INSERT INTO snapshots (snapshot, written) SELECT 7, 7")
    filled = next(one for one in migrations() if one.number == 18).statements[-1]
    store.execute(filled)
    assert kept() == {"a.org": 62.5, "b.org": None}, "rows from before have it by the migration"
    store.execute("INSERT INTO domain_quality (snapshot, domain, spam_risk) SELECT 8, 'b.org', 3")
    store.execute(sql("pipeline/quality/referrers"), {"snapshot": 8})
    assert kept() == {"a.org": None, "b.org": 3}


@pytest.mark.embedded
def test_who_pages_while_referring_domains_are_ranked_anew_is_told(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain(store)
    job_of(store, Settings()).run()
    stamps = []
    register = written.register

    def stamped(*given: Any) -> None:
        stamps.append(stamp_of(store))
        register(*given)
        stamps.append(stamp_of(store))

    monkeypatch.setattr(written, "register", stamped)
    assert stamp_of(store) == (0, True, True)
    snapshot(store, seeds=("a.org",))
    assert stamps == [(0, False, True), (TODAY, False, True)]
    snapshot(store, seeds=("a.org",))
    assert stamp_of(store) == (TODAY, True, True)


@pytest.mark.engine
def test_what_only_a_list_says_has_no_part(store: AnyStore) -> None:
    chain(store)
    listed = [("https://d.org/", "https://c.org/listed"), ("https://a.org/", "https://b.org/")]
    for url, target in listed:
        write(store, [page(url, START + DAY, [target], source="list", complete=False)], TODAY)
    row = snapshot(store)
    assert row["edges"] == 3
    assert ("d.org", "c.org") not in edges(store)
    assert quality(store)["c.org"]["referring_domains"] == 1
    linked = rows(store.query("SELECT path FROM page_strength WHERE domain = 'c.org'"))
    assert {row["path"] for row in linked} == {"", "/"}


def test_an_empty_store_has_no_snapshot(store: AnyStore) -> None:
    assert score(store, SETTINGS) is None


@pytest.mark.engine
def test_a_chain_by_hand(store: AnyStore) -> None:
    chain(store)
    row = snapshot(store)
    assert (row["snapshot"], row["domains"], row["edges"]) == (TODAY, 4, 3)
    found = quality(store)
    assert set(found) == {"a.org", "b.org", "c.org", "d.org"}
    # a is 1 from b; b is 1 from a; c is 1 from b and 2 from a.
    harmonic = {name: each["harmonic"] for name, each in found.items()}
    assert harmonic == {"a.org": 1.0, "b.org": 1.0, "c.org": 1.5, "d.org": 0.0}
    assert [found[n]["harmonic_rank"] for n in sorted(found)] == [2.5, 2.5, 1.0, 4.0]
    assert {n: each["referring_domains"] for n, each in found.items()} == {
        "a.org": 1, "b.org": 1, "c.org": 1, "d.org": 0,
    }  # fmt: skip
    assert (found["b.org"]["out_domains"], found["b.org"]["reciprocal"]) == (2, 1)
    assert found["b.org"]["top_anchors"] == ["bakers"]
    assert found["d.org"]["follow_share"] is None
    assert found["d.org"]["top_anchors"] == []
    assert sum(each["pagerank"] for each in found.values()) == pytest.approx(1, abs=1e-9)
    assert {each["pages"] for each in found.values()} == {1}


@pytest.mark.engine
def test_pagerank_of_a_chain_by_hand(store: AnyStore) -> None:
    """b's two edges weigh the same, so a and c get half of it each; c and d hang."""
    chain(store)
    snapshot(store)
    d, n = SETTINGS.damping, 4
    a = b = c = hang = 1 / n
    for _ in range(200):
        base = (1 - d) / n + d * (c + hang) / n
        a, b, c, hang = base + d * b / 2, base + d * a, base + d * b / 2, base
    found = quality(store)
    for name, expected in zip("abcd", (a, b, c, hang), strict=True):
        assert found[f"{name}.org"]["pagerank"] == pytest.approx(expected, abs=1e-8)


def test_without_seeds_trust_and_authority_are_unknown(store: AnyStore) -> None:
    chain(store)
    manifest = snapshot(store)["manifest"]
    assert manifest["authority"] is None
    assert manifest["seeds_sha256"] is None
    for row in quality(store).values():
        assert row["authority"] is row["trust"] is row["trusted_harmonic"] is None
        assert row["trust_rank"] is row["trusted_harmonic_rank"] is None


@pytest.mark.engine
def test_with_seeds_trust_flows_from_them_alone(store: AnyStore) -> None:
    chain(store)
    manifest = snapshot(store, seeds=("a.org", "nowhere.org"))["manifest"]
    assert (manifest["seeds"], manifest["seeds_in_graph"]) == (2, 1)
    found = quality(store)
    assert found["d.org"]["trust"] == 0
    assert found["d.org"]["trusted_harmonic"] == 0
    trust = {name: found[f"{name}.org"]["trust"] for name in "abc"}
    assert sum(trust.values()) == pytest.approx(1, abs=1e-8)
    assert trust["a"] > trust["b"] > trust["c"] > 0
    # From those with trust, by distance: c is 1 from b and 2 from a.
    assert found["c.org"]["trusted_harmonic"] == pytest.approx(trust["b"] + trust["a"] / 2)
    assert found["b.org"]["trusted_harmonic"] == pytest.approx(trust["a"])
    best = min(found.values(), key=lambda row: row["trusted_harmonic_rank"])
    assert best["authority"] == pytest.approx(
        100 * (1 - math.log(best["trusted_harmonic_rank"]) / math.log(4))
    )


@pytest.mark.engine
@pytest.mark.parametrize("rel", [1, 2, 4, 7])
def test_what_is_not_followed_is_counted_and_weighs_nothing(store: AnyStore, rel: int) -> None:
    write(store, [page("https://a.org/", START, [Link("https://b.org/", rel=rel)])], TODAY)
    assert snapshot(store)["edges"] == 0
    edge = edges(store)["a.org", "b.org"]
    assert (edge["links"], edge["follow_links"], edge["weight"]) == (1, 0, 0.0)
    found = quality(store)["b.org"]
    assert (found["links"], found["follow_share"], found["harmonic"]) == (1, 0.0, 0.0)
    row = snapshot(store, nofollow=True)
    assert row["edges"] == 1
    assert row["manifest"]["edge_filter"]["rel"] == "any"
    assert quality(store)["b.org"]["harmonic"] == 1.0


@pytest.mark.engine
@pytest.mark.parametrize("position", WEIGHTS)
def test_a_link_weighs_by_its_place(store: AnyStore, position: Any) -> None:
    link = Link("https://b.org/", position=position)
    write(store, [page("https://a.org/", START, [link])], TODAY)
    snapshot(store)
    assert edges(store)["a.org", "b.org"]["weight"] == pytest.approx(
        math.log2(1 + WEIGHTS[position])
    )


@pytest.mark.engine
def test_a_sitewide_link_is_not_a_thousand_links(store: AnyStore) -> None:
    pages = [page(f"https://a.org/{i}", START, ["https://b.org/"]) for i in range(63)]
    write(store, pages, TODAY)
    snapshot(store)
    edge = edges(store)["a.org", "b.org"]
    assert (edge["links"], edge["pages"], edge["weight"]) == (63, 63, 6.0)


@pytest.mark.engine
def test_a_link_that_is_lost_counts_no_more(store: AnyStore) -> None:
    before = page("https://a.org/", START, ["https://b.org/", "https://c.org/"])
    after = [page("https://a.org/", START + n * DAY, ["https://c.org/"]) for n in (1, 2)]
    write(store, [before, *after], TODAY)
    Lifecycle(store, 60).run()
    snapshot(store)
    assert set(edges(store)) == {("a.org", "c.org")}
    assert quality(store)["c.org"]["links"] == 1
    assert quality(store).get("b.org", {"links": 0})["links"] == 0


@pytest.mark.engine
def test_kinds_that_no_reader_follows_are_no_edge(store: AnyStore) -> None:
    links = [
        Link(f"https://{k}.org/", kind=k) for k in ("iframe", "form", "canonical", "alternate")
    ]
    write(store, [page("https://a.org/", START, links)], TODAY)
    assert snapshot(store)["edges"] == 0
    assert edges(store) == {}


def test_a_rerun_replaces_its_snapshot_and_keeps_the_others(store: AnyStore) -> None:
    chain(store)
    snapshot(store)
    first = quality(store)
    snapshot(store)
    assert quality(store) == first
    write(store, [page("https://d.org/", START + DAY, ["https://c.org/"])], TODAY + 1)
    snapshot(store)
    counts = rows(
        store.query("SELECT snapshot, count() AS n FROM domain_quality GROUP BY 1 ORDER BY 1")
    )
    assert counts == [{"snapshot": TODAY, "n": 4}, {"snapshot": TODAY + 1, "n": 4}]
    newest = rows(
        store.query("SELECT referring_domains AS r FROM domain_quality "
                    "WHERE domain = 'c.org' ORDER BY snapshot")
    )  # fmt: skip
    assert [row["r"] for row in newest] == [1, 2]


def test_what_a_run_that_died_left_beside_is_not_taken_in(store: AnyStore) -> None:
    chain(store)
    snapshot(store)
    whole = quality(store), edges(store)
    for table in ("domain_quality", "domain_edges"):
        store.execute(f"INSERT INTO {table}_next SELECT * FROM {table}")
    snapshot(store)
    assert (quality(store), edges(store)) == whole
    for table in ("domain_quality", "domain_edges"):
        assert rows(store.query(f"SELECT count() AS n FROM {table}_next")) == [{"n": 0}]


def a_web(dice: random.Random) -> list[Page]:
    """Some pages of twelve domains with links of every kind of rel and place."""
    return [
        page(
            f"https://s{source}.org/{number}",
            START,
            [
                Link(
                    f"https://s{target}.org/{dice.randrange(3)}",
                    rel=dice.choice([0, 0, 0, 1, 2, 4]),
                    position=dice.choice(list(WEIGHTS)),  # type: ignore[arg-type]
                    anchor=f"anchor {dice.randrange(4)}",
                )
                for target in dice.sample([t for t in range(12) if t != source], 4)
            ],
        )
        for source in range(9)
        for number in range(3)
    ]


@pytest.mark.parametrize("times", [0, 2], ids=["taken away", "added to"])
def test_rows_that_another_score_puts_or_takes_beside_end_it_and_none_get_in(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    chain(store)
    made = written._piece

    def piece(some: pa.Table, snapshot: int) -> pa.Table:
        one = made(some, snapshot)
        return pa.concat_tables([one, one]) if times else one.slice(0, 0)

    monkeypatch.setattr(written, "_SEEN_S", 0.0)
    monkeypatch.setattr(written, "_piece", piece)
    with pytest.raises(BacklinksError, match="another process scores in the same store"):
        score(store, SETTINGS)
    assert rows(store.query("SELECT count() AS n FROM domain_quality")) == [{"n": 0}]
    monkeypatch.undo()
    assert score(store, SETTINGS) is not None


def test_figures_of_a_web_equal_a_plain_model(store: AnyStore) -> None:
    web = a_web(random.Random(5))
    write(store, web, TODAY)
    row = snapshot(store, seeds=("s0.org", "s1.org"))
    weight: dict[tuple[str, str], float] = defaultdict(float)
    links: Counter[str] = Counter()
    referring: dict[str, set[str]] = defaultdict(set)
    pages: dict[str, set[str]] = defaultdict(set)
    for one in web:
        found = one.external
        for domain, rel, position in zip(found.domain, found.rel, found.position, strict=True):
            links[domain] += 1
            referring[domain].add(one.domain)
            pages[domain].add(one.url)
            weight[one.domain, domain] += 0.0 if rel else WEIGHTS[position]
    made = edges(store)
    assert set(made) == set(weight)
    for pair, total in weight.items():
        assert made[pair]["weight"] == pytest.approx(math.log2(1 + total)), pair
    assert row["edges"] == sum(total > 0 for total in weight.values())
    scored = quality(store)
    for domain in links:
        told = scored[domain]
        assert told["links"] == links[domain]
        assert told["referring_domains"] == len(referring[domain])
        assert told["referring_pages"] == len(pages[domain])
        back = sum((domain, other) in weight for other in referring[domain])
        assert told["reciprocal"] == back
    assert sum(each["trust"] for each in scored.values()) == pytest.approx(1, abs=1e-8)
    assert row["manifest"]["harmonic"] == "exact"
    assert len(scored) < EXACT_HARMONIC


def test_what_is_suppressed_has_no_part_before_it_is_erased(store: AnyStore) -> None:
    write(
        store,
        [
            page("https://a.org/", START, ["https://b.org/", "https://www.c.org:81/x"]),
            page("https://b.org/", START, ["https://c.org/people/jo", "https://c.org/else"]),
            page("https://d.org/people/jo", START, ["https://a.org/"]),
            page("https://d.org/", START, ["https://c.org/else"]),
        ],
        TODAY,
    )
    assert len(edges_after(store)) == 5
    names = ("b.org", "www.c.org", "d.org/people/", "lifted.org")
    heard = controls(*(said(at, "suppress", name) for at, name in enumerate(names, 1)))
    heard.take([said(9, "suppress", "lifted.org", 0)])
    Mirror(store, heard).write()
    assert edges_after(store) == {("d.org", "c.org")}
    found = quality(store)
    assert found.keys() == {"a.org", "c.org", "d.org"}
    assert (found["c.org"]["links"], found["c.org"]["referring_domains"]) == (1, 1)
    assert (found["d.org"]["pages"], found["a.org"]["links"]) == (1, 0)
    assert {url for url in strengths(store) if url[1]} == {("c.org", "/else")}


def test_where_all_is_suppressed_a_snapshot_is_empty(store: AnyStore) -> None:
    chain(store)
    names = ("a.org", "b.org", "c.org", "d.org")
    heard = controls(*(said(at, "suppress", name) for at, name in enumerate(names, 1)))
    Mirror(store, heard).write()
    row = snapshot(store, seeds=("a.org",))
    assert (row["domains"], row["edges"], row["manifest"]["seeds_in_graph"]) == (0, 0, 0)
    assert not quality(store)
    assert not edges(store)


@pytest.mark.engine
def test_places_weigh_what_a_setting_says(store: AnyStore) -> None:
    links: list[Link | str] = [
        Link("https://b.org/", position="footer"), Link("https://c.org/", position="nav"),
    ]  # fmt: skip
    write(store, [page("https://a.org/", START, links)], TODAY)
    told = "footer 0, other 7"
    assert snapshot(store, weights=told)["manifest"]["edge_filter"]["weights"] == {
        "footer": 0,
        "other": 7,
    }
    weights = {target: row["weight"] for (_, target), row in edges(store).items()}
    assert weights == {"b.org": 0, "c.org": pytest.approx(3.0)}
    assert quality(store)["b.org"]["in_degree"] == 0


def edges_after(store: Store) -> set[tuple[str, str]]:
    snapshot(store)
    return set(edges(store))


@pytest.mark.embedded
def test_strength_for_planning_is_of_the_last_snapshot_by_domain_and_by_url(
    store: AnyStore,
) -> None:
    twice: list[Link | str] = ["https://b.org/1", Link("https://b.org/2", rel=1)]
    write(store, [page("https://a.org/", START, twice),
                  page("https://c.org/", START, ["https://b.org/1", "https://a.org/"]),
                  page("https://b.org/", START, ["https://c.org/"])], TODAY)  # fmt: skip
    snapshot(store)
    first = strengths(store)
    assert set(first) == {("a.org", ""), ("b.org", ""), ("c.org", ""), ("a.org", "/"),
                          ("b.org", "/1"), ("c.org", "/")}, "followed links alone"  # fmt: skip
    assert 1 >= first["b.org", "/1"] > first["a.org", "/"] > 0, "two domains link to it"
    snapshot(store)
    assert strengths(store) == first, "a rerun writes the same"
    write(store, [page("https://a.org/", START + DAY), page("https://c.org/", START + DAY),
                  page("https://b.org/", START + DAY)], TODAY + 5)  # fmt: skip
    write(store, [page("https://a.org/", START + 2 * DAY), page("https://c.org/", START + 2 * DAY),
                  page("https://b.org/", START + 2 * DAY)], TODAY + 6)  # fmt: skip
    job_of(store, Settings()).run()
    snapshot(store)
    assert strengths(store) == {}, "nothing links any more, and the old snapshot's are gone"


def strengths(store: AnyStore) -> dict[tuple[str, str], float]:
    found = rows(store.query("SELECT domain, path, strength FROM page_strength"))
    return {(row["domain"], row["path"]): row["strength"] for row in found}


@pytest.mark.engine
def test_a_link_counts_once_where_it_ends(store: AnyStore) -> None:
    """By redirects of other domains too; a canonical of another domain is a hint alone."""
    moved: dict[str, Any] = {"outcome": "redirect", "status": 301}
    write(
        store,
        [
            page("https://a.org/", START, ["https://x.org/go", "https://h.org/", "https://x.org/"]),
            page("https://b.org/", START, ["https://x.org/go", "https://c.org/"]),
            page("https://c.org/", START, ["https://x.org/go"]),
            page("https://x.org/", START),
            page("https://x.org/go", START, [Link("https://c.org/", "redirect")],
                 final_url="https://c.org/", **moved),
            page("https://h.org/", START, [Link("https://c.org/", "canonical")],
                 canonical="https://c.org/"),
        ],
        TODAY,
    )  # fmt: skip
    job_of(store, Settings()).run()
    snapshot(store)
    found = {pair: row["links"] for pair, row in edges(store).items()}
    assert found == {
        ("a.org", "c.org"): 1,
        ("a.org", "x.org"): 1,
        ("a.org", "h.org"): 1,
        ("b.org", "c.org"): 2,
        ("x.org", "c.org"): 1,
    }


@pytest.mark.engine
def test_a_link_that_leads_to_what_is_suppressed_is_one_to_what_it_names(store: AnyStore) -> None:
    write(
        store,
        [
            page("https://a.org/", START, ["https://x.org/go"]),
            page("https://x.org/go", START, outcome="redirect", status=301,
                 final_url="https://c.org/"),
        ],
        TODAY,
    )  # fmt: skip
    job_of(store, Settings()).run()
    Mirror(store, controls(said(1, "suppress", "c.org"))).write()
    snapshot(store)
    assert set(edges(store)) == {("a.org", "x.org")}
