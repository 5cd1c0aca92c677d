"""What domains are about and how near the ends of a link are, over each store."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from pipeline.mirror import Mirror
from pipeline.page import Page
from pipeline.quality import relevant, topics
from pipeline.quality.score import score
from pipeline.settings import ScoreSettings
from pipeline.store import Store, rows
from tests.pipeline.said import controls, said
from tests.support.records import START, TODAY, Link, page, write
from tests.support.stores import AnyStore

BREAD = "bread flour oven dough yeast crust".split()
SHIPS = "ship harbour crane quay hull anchor".split()


def said_by(url: str, terms: Sequence[str], *links: Link | str, **more: Any) -> Page:
    return page(url, START, links, terms=list(terms), **more)


def edges(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    found = rows(store.query("SELECT * FROM domain_edges"))
    return {(row["source_domain"], row["target_domain"]): row for row in found}


def quality(store: Store) -> dict[str, dict[str, Any]]:
    found = rows(store.query("SELECT * FROM domain_quality"))
    return {row["domain"]: row for row in found}


def scored(store: Store, *pages: Page) -> None:
    write(store, pages, TODAY)
    assert score(store, ScoreSettings()) is not None


def bakers_and_ships(store: Store) -> None:
    scored(
        store,
        said_by("https://baker.org/", BREAD, "https://miller.org/", "https://port.org/"),
        said_by("https://miller.org/", [*BREAD[:5], "wheat"], "https://silent.org/"),
        said_by("https://port.org/", SHIPS, "https://miller.org/"),
        said_by("https://wharf.org/", SHIPS, "https://port.org/"),
        said_by("https://silent.org/", SHIPS[:4], "https://port.org/"),
    )


@pytest.mark.engine
def test_an_edge_is_as_relevant_as_what_its_ends_say_in_common(store: AnyStore) -> None:
    bakers_and_ships(store)
    found = edges(store)
    near = found["baker.org", "miller.org"]
    # Of five words in common one stands first for both; the rest by its place. Each is said by two.
    loud = [math.log1p(round(100 / math.sqrt(1 + place / 5)) / 100) for place in range(6)]
    rarity = math.log(6 / 2)  # of five domains
    shared = sum((each * rarity) ** 2 for each in loud[:5])
    baker = shared + (loud[5] * math.log(6 / 1)) ** 2
    assert near["relevance"] == pytest.approx(shared / baker, abs=2e-3)  # both are as long
    assert near["shared_terms"] == BREAD[:3]
    assert found["baker.org", "port.org"]["relevance"] == 0
    assert found["baker.org", "port.org"]["shared_terms"] == []
    assert found["wharf.org", "port.org"]["relevance"] == pytest.approx(1, abs=1e-3)


@pytest.mark.engine
def test_of_whom_too_little_is_known_nothing_is_said(store: AnyStore) -> None:
    bakers_and_ships(store)
    found = edges(store)
    assert found["miller.org", "silent.org"]["relevance"] is None
    assert found["miller.org", "silent.org"]["shared_terms"] == []
    assert found["silent.org", "port.org"]["relevance"] is None
    told = quality(store)
    assert told["silent.org"]["relevance"] is None
    assert told["silent.org"]["relevance_known"] == 0
    assert told["silent.org"]["topical_terms"] == []
    assert told["baker.org"]["relevance"] is None
    assert told["baker.org"]["relevance_known"] is None, "nobody links to it"


@pytest.mark.engine
def test_a_domain_has_the_mean_of_its_referring_domains_by_weight(store: AnyStore) -> None:
    scored(
        store,
        said_by("https://a.org/", SHIPS, "https://t.org/"),
        said_by("https://b.org/", BREAD, Link("https://t.org/", position="footer")),
        said_by("https://c.org/", BREAD, Link("https://t.org/", rel=1)),
        said_by("https://d.org/", SHIPS[:2], "https://t.org/"),
        said_by("https://t.org/", SHIPS),
    )
    found = edges(store)
    assert found["a.org", "t.org"]["relevance"] == pytest.approx(1, abs=1e-3)
    footer = math.log2(1.2)
    told = quality(store)["t.org"]
    assert told["relevance"] == pytest.approx(1 / (1 + footer), abs=1e-3)
    assert told["relevance_known"] == 3 / 4
    assert told["relevance_rank"] == 1


def test_domains_are_found_by_their_terms(store: AnyStore) -> None:
    bakers_and_ships(store)
    assert quality(store)["wharf.org"]["topical_terms"][:2] == SHIPS[4:]  # those that fewest say
    found = rows(store.query("SELECT * FROM domain_terms WHERE domain = 'wharf.org'"))
    assert {row["term"] for row in found} == set(SHIPS)
    assert sum(row["weight"] ** 2 for row in found) == pytest.approx(1, abs=1e-3)
    assert {row["snapshot"] for row in found} == {TODAY}
    assert rows(store.query("SELECT count() AS n FROM domain_terms_next")) == [{"n": 0}]
    assert rows(store.query("SELECT term FROM domain_terms WHERE term = 'wheat'")) == []
    assert score(store, ScoreSettings()) is not None
    again = rows(store.query("SELECT * FROM domain_terms WHERE domain = 'wharf.org'"))
    assert again == found, "a rerun replaces it by the same"


@pytest.mark.engine
def test_what_stands_on_most_pages_of_a_large_host_is_its_template(store: AnyStore) -> None:
    def site(pages: int) -> list[Page]:
        return [
            said_by(f"https://t.org/{n}", ["cookie", *(SHIPS if n % 2 else BREAD)])
            for n in range(pages)
        ]

    other = said_by("https://o.org/", ["cookie", *SHIPS, *BREAD])
    scored(store, other, *site(topics.TEMPLATE_PAGES - 1))
    assert "cookie" in quality(store)["t.org"]["topical_terms"], "of a few pages, most are nothing"
    scored(store, *site(topics.TEMPLATE_PAGES))
    told = quality(store)["t.org"]["topical_terms"]
    assert "cookie" not in told
    assert {"ship", "bread"} <= set(told), "half of the pages are no template"


@pytest.mark.engine
def test_pages_say_what_they_said_last_and_incomplete_ones_nothing(store: AnyStore) -> None:
    old = page("https://a.org/", START - 1000, terms=BREAD)
    new = page("https://a.org/", START, terms=SHIPS)
    wall = page("https://b.org/", START, terms=BREAD, complete=False)
    scored(store, old, new, wall, page("https://c.org/", START, terms=SHIPS))
    told = quality(store)
    assert set(told["a.org"]["topical_terms"]) == set(SHIPS)
    assert "b.org" not in told or told["b.org"]["topical_terms"] == []


@pytest.mark.engine
def test_what_is_suppressed_has_no_part(store: AnyStore) -> None:
    heard = controls(said(TODAY, "suppress", "a.org/secret"), said(TODAY + 1, "suppress", "aa.org"))
    Mirror(store, heard).write()
    secret = said_by("https://a.org/secret/1", SHIPS)
    plain = said_by("https://a.org/", BREAD)
    gone = said_by("https://www.aa.org/", SHIPS)
    scored(store, secret, plain, gone, said_by("https://b.org/", BREAD + SHIPS))
    assert {row["domain"] for row in rows(store.query("SELECT domain FROM domain_terms"))} == {
        "a.org", "b.org",
    }  # fmt: skip
    said_twice = "SELECT DISTINCT term FROM domain_terms WHERE domain = 'b.org'"
    assert {row["term"] for row in rows(store.query(said_twice))} == set(BREAD)
    assert set(quality(store)["a.org"]["topical_terms"]) == set(BREAD)


@pytest.mark.engine
def test_of_a_large_domain_some_pages_are_looked_at(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "MOST_PAGES", 5)
    pages = [said_by(f"https://a.org/{n}", [f"w{chr(97 + n)}x", *SHIPS]) for n in range(20)]
    scored(store, *pages, said_by("https://b.org/", [f"w{chr(97 + n)}x" for n in range(20)]))
    words = [t for t in quality(store)["a.org"]["topical_terms"] if t not in SHIPS]
    assert 0 < len(words) < 15


@pytest.mark.engine
def test_slices_of_any_size_come_to_the_same(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bakers_and_ships(store)
    terms = "SELECT * FROM domain_terms ORDER BY domain, term"
    before = edges(store), quality(store), rows(store.query(terms))
    monkeypatch.setattr(topics, "SLICE", 1)
    monkeypatch.setattr(relevant, "SOME", 2)
    assert score(store, ScoreSettings()) is not None
    assert (edges(store), quality(store), rows(store.query(terms))) == before


def test_words_of_any_script_are_shared(store: AnyStore) -> None:
    terms = ["東京", "大阪", "港湾", "船舶", "貿易"]
    scored(
        store,
        said_by("https://a.jp/", terms, "https://b.jp/"),
        said_by("https://b.jp/", terms),
        said_by("https://c.jp/", BREAD),
    )
    assert edges(store)["a.jp", "b.jp"]["shared_terms"] == terms[:3]


def test_similarity_stands_on_edges_but_for_what_they_say_themselves(store: AnyStore) -> None:
    scored(
        store,
        said_by("https://a.org/", [], "https://x.org/", "https://y.org/"),
        said_by("https://b.org/", [], "https://x.org/", "https://y.org/"),
        said_by("https://x.org/", [], "https://y.org/"),
        said_by("https://lone.org/", [], "https://y.org/"),
    )
    found = edges(store)
    assert found["lone.org", "y.org"]["similarity"] is None
    assert -1 <= found["x.org", "y.org"]["similarity"] <= 1


def test_a_snapshot_without_links_or_words_has_none(store: AnyStore) -> None:
    scored(store, page("https://a.org/", START))
    assert edges(store) == {}
    assert quality(store)["a.org"]["topical_terms"] == []


@pytest.mark.engine
def test_what_nobody_else_says_finds_nobody(store: AnyStore) -> None:
    terms = ["oven", "crumb", "crust", "flour", "yeast", "salt"]
    write(store, [page("https://alone.org/", START, terms=terms)], TODAY)
    assert score(store, ScoreSettings()) is not None
    assert rows(store.query("SELECT count() AS n FROM domain_terms")) == [{"n": 0}]
