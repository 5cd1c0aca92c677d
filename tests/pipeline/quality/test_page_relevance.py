"""How near linking pages are to the pages that they link to, over each store."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pipeline.graph.said import MOST, cosines_of_pages, templates
from pipeline.index.lifecycle import job_of
from pipeline.page import Page
from pipeline.quality import page_relevance, pairs
from pipeline.quality.score import score
from pipeline.settings import ScoreSettings, Settings
from pipeline.store import Store
from tests.pipeline.quality.test_relevant import BREAD, SHIPS, edges, said_by, scored
from tests.support.records import START, TODAY, Link, page, write
from tests.support.stores import AnyStore

OTHERS = "violin cello bow string score tuning".split()


def near(store: Store, source: str, target: str) -> tuple[Any, Any, int]:
    edge = edges(store)[source, target]
    return edge["page_relevance"], edge["page_relevance_mean"], edge["page_relevance_pairs"]


def by_hand(first: Sequence[str], second: Sequence[str], domains: dict[str, int], n: int) -> float:
    """Each page's terms by place and by how few domains say them."""

    def row(terms: Sequence[str]) -> dict[str, float]:
        found = {}
        for place, term in enumerate(terms):
            loud = math.log1p(round(100 / math.sqrt(1 + place / 5)) / 100)
            found[term] = loud * math.log((1 + n) / domains[term])
        return found

    one, other = row(first), row(second)
    both = sum(one[t] * other[t] for t in one if t in other)
    return both / math.hypot(*one.values()) / math.hypot(*other.values())


def sites(store: Store) -> None:
    """Two sites that are about bread and ships alike; their pages are about one of both."""
    scored(
        store,
        said_by("https://a.org/bread", BREAD, "https://b.org/bread"),
        said_by("https://a.org/ships", SHIPS, "https://b.org/bread", "https://b.org/unread"),
        said_by("https://b.org/bread", [*BREAD[:5], "rye"], "https://c.org/"),
        said_by("https://b.org/ships", SHIPS, "https://a.org/none"),
        said_by("https://c.org/", BREAD[:4], "https://a.org/bread"),
        said_by("https://d.org/", OTHERS, "https://a.org/bread"),
    )


def test_an_edge_has_the_best_and_the_mean_of_its_pairs_of_pages(store: AnyStore) -> None:
    sites(store)
    said_by_domains = dict.fromkeys(SHIPS, 2) | dict.fromkeys(BREAD, 2)
    said_by_domains |= dict.fromkeys(BREAD[:4], 3) | {BREAD[5]: 1, "rye": 1}
    told = by_hand(BREAD, [*BREAD[:5], "rye"], said_by_domains, 4)
    best, mean, count = near(store, "a.org", "b.org")
    assert best == pytest.approx(told, abs=1e-3)
    assert mean == pytest.approx(told / 2, abs=1e-3), "a page about ships links there too"
    assert count == 2
    assert edges(store)["a.org", "b.org"]["relevance"] > best, "the domains are nearer than pages"
    assert near(store, "d.org", "a.org") == (0.0, 0.0, 1)


def test_where_the_linked_page_was_not_read_or_says_too_little_nothing_is_known(
    store: AnyStore,
) -> None:
    sites(store)
    assert near(store, "b.org", "a.org") == (None, None, 0), "a.org/none was never read"
    assert near(store, "b.org", "c.org") == (None, None, 0), "four terms are too few"
    assert near(store, "c.org", "a.org") == (None, None, 0)


def test_of_many_pairs_so_many_are_looked_at_always_the_same_however_links_are_sliced(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    linking = [
        said_by(f"https://a.org/{n}", BREAD if n % 3 else SHIPS, "https://b.org/", "https://c.org/")
        for n in range(9)
    ]
    scored(store, *linking, said_by("https://b.org/", BREAD), said_by("https://c.org/", SHIPS))
    first = near(store, "a.org", "b.org"), near(store, "a.org", "c.org")
    assert {count for *_, count in first} == {page_relevance.PAIRS}
    monkeypatch.setattr(pairs, "SLICE", 5)
    assert score(store, ScoreSettings()) is not None
    assert (near(store, "a.org", "b.org"), near(store, "a.org", "c.org")) == first


def test_what_stands_on_most_pages_of_a_host_makes_no_pages_alike(store: AnyStore) -> None:
    shell = [f"menu{n}" for n in range(9)]

    def site(host: str, pages: int) -> list[Page]:
        return [
            said_by(f"https://{host}/{n}", [*shell, *(BREAD if n % 2 else SHIPS)])
            for n in range(pages)
        ]

    links = [
        said_by("https://one.org/x", [*shell, *BREAD], "https://two.org/0"),
        said_by("https://few.org/x", [*shell, *BREAD], "https://two.org/0"),
        said_by("https://also.org/", shell, "https://few.org/x"),
    ]
    scored(store, *links, *site("one.org", 10), *site("two.org", 10))
    assert near(store, "also.org", "few.org")[0] > 0, "of few pages, most are no evidence"
    assert near(store, "one.org", "two.org") == (0.0, 0.0, 1)
    assert near(store, "few.org", "two.org") == (0.0, 0.0, 1)


def test_a_link_that_leads_on_is_compared_with_the_page_where_it_ends(store: AnyStore) -> None:
    new = "https://t.org/new"
    moved = page("https://old.org/x", START, [Link(new, "redirect")], outcome="redirect",
                 final_url=new)  # fmt: skip
    linking = said_by("https://a.org/", BREAD, "https://old.org/x")
    write(store, [linking, moved, said_by(new, BREAD)], TODAY)
    job_of(store, Settings()).run()
    assert score(store, ScoreSettings()) is not None
    assert near(store, "a.org", "t.org")[0] == pytest.approx(1, abs=1e-3)


def test_terms_of_one_slot_count_once_and_what_one_domain_alone_says_makes_a_page_longer() -> None:
    rarity, loud = np.array([0, 1, 1, -2], np.float32), np.ones(MOST, np.float32)
    found = np.empty(3, np.float32)
    first, second = np.array([1, 1, 2, 1, 3, 1, 2], np.uint32), np.array([2, 1, 1, 1], np.uint32)
    hosts = np.array([7, 7, 8], np.uint64)
    known = templates(np.array([8], np.uint64), np.array([2], np.uint32))
    cosines_of_pages(
        hosts, np.array([0, 3, 5, 7]), first, np.array([9, 9, 9], np.uint64),
        np.array([0, 2, 3, 4]), second, known, rarity, loud, 1, found,
    )  # fmt: skip
    assert found.tolist() == pytest.approx([1.0, 1 / math.sqrt(5), 1.0])
