"""How near trust is to pages, from links in the store: recomputed from its edges by searches."""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from pipeline.index.lifecycle import job_of
from pipeline.page import Page
from pipeline.quality import page_authority, pairs, ranked, written
from pipeline.quality.score import score
from pipeline.settings import ScoreSettings, Settings
from pipeline.store import Store, rows
from tests.pipeline.quality.test_worth import a_web
from tests.support.records import START, TODAY, Link, page, write
from tests.support.stores import AnyStore

SETTINGS = ScoreSettings()
SEEDS = ("s0.org", "s2.org")
FOLLOWED = """
    SELECT target_domain, target_host, target_path, groupUniqArray(source_domain) AS sources
    FROM link_states WHERE nofollow = 0 AND ugc = 0 AND sponsored = 0
    GROUP BY target_domain, target_host, target_path
"""


def pages(store: Store) -> dict[str, dict[str, Any]]:
    found = rows(store.query("SELECT * FROM page_quality"))
    return {row["host"] + row["path"]: row for row in found}


def quality(store: Store) -> dict[str, dict[str, Any]]:
    return {row["domain"]: row for row in rows(store.query("SELECT * FROM domain_quality"))}


def edges(store: Store) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows(
        store.query("SELECT source_domain, target_domain FROM domain_edges WHERE weight > 0")
    ):
        found[row["source_domain"]].add(row["target_domain"])
    return found


def distances(out: dict[str, set[str]], u: str, without: str = "") -> dict[str, int]:
    found, level = {u: 0}, [u]
    while level:
        after = [t for v in level for t in sorted(out.get(v, ())) if t != without]
        steps = found[level[0]] + 1
        level = [t for t in dict.fromkeys(after) if t not in found]
        found |= dict.fromkeys(level, steps)
    return found


def slow(store: Store, seeds: tuple[str, ...], domain: str, linking: set[str]) -> float:
    out, trusts = edges(store), {d: row["trust"] for d, row in quality(store).items()}
    reached = {t for s in seeds for t in distances(out, s)}
    around = {t for s in seeds if s != domain for t in distances(out, s, without=domain)}
    own = (reached - around) | {domain}
    total = 0.0
    for u, trust in trusts.items():
        ways = distances(out, u)
        near = [ways[r] for r in linking - own if r in ways]
        total += trust / (1 + min(near)) if near and u not in own else 0.0
    return total


@pytest.fixture
def scored(store: AnyStore) -> AnyStore:
    write(store, a_web(random.Random(3)), TODAY)
    score(store, SETTINGS, seeds=SEEDS)
    return store


def test_every_page_has_what_plain_searches_find_and_would_lose_what_they_lose(
    scored: AnyStore,
) -> None:
    found, n = pages(scored), len(pages(scored))
    linked = {row["target_host"] + row["target_path"]: row for row in rows(scored.query(FOLLOWED))}
    assert max(row["trusted_harmonic"] for row in found.values()) > 0
    for name, row in found.items():
        linking = set(linked[name]["sources"]) if name in linked else set()
        told = slow(scored, SEEDS, row["domain"], linking)
        assert row["trusted_harmonic"] == pytest.approx(told, rel=1e-9, abs=1e-15)
        others = [each["trusted_harmonic"] for key, each in found.items() if key != name]
        assert row["trusted_harmonic_rank"] == pytest.approx(place(told, others))
        points = 100 * (1 - math.log(row["trusted_harmonic_rank"]) / math.log(n))
        assert row["authority"] == pytest.approx(max(points, 0.0), abs=1e-9)
        for each in row["brings"]:
            left = slow(scored, SEEDS, row["domain"], linking - {each["source_domain"]})
            assert each["without"] == pytest.approx(left, rel=1e-9, abs=1e-15)
            assert each["rank"] == pytest.approx(place(each["without"], others))
        assert [e["without"] for e in row["brings"]] == sorted(e["without"] for e in row["brings"])
        assert {each["source_domain"] for each in row["brings"]} <= linking


def place(value: float, others: list[float]) -> float:
    above = sum(other > value * (1 + 1e-12) for other in others)
    alike = sum(abs(other - value) <= value * 1e-12 for other in others)
    return 1 + above + alike / 2


def test_no_page_is_nearer_to_trust_than_its_domain(scored: AnyStore) -> None:
    of_domains = quality(scored)
    for row in pages(scored).values():
        assert row["trusted_harmonic"] <= of_domains[row["domain"]]["trusted_harmonic"] * (
            1 + 1e-12
        )


def test_a_farm_without_an_honest_link_brings_a_page_exactly_nothing(store: AnyStore) -> None:
    """Not even one that the page's own domain links to, which trust leads to."""
    farm = [f"https://f{i}.net/" for i in range(12)]
    money = "https://t.org/money"
    write(
        store,
        [
            page("https://seed.org/", START, ["https://t.org/", "https://other.org/"]),
            page("https://t.org/", START, farm),
            *(page(f, START, [money, farm[(i + 1) % 12]]) for i, f in enumerate(farm)),
        ],
        TODAY,
    )
    score(store, SETTINGS, seeds=["seed.org"])
    found = pages(store)
    assert found["t.org/money"]["trusted_harmonic"] == 0.0
    assert found["t.org/money"]["brings"] == []
    assert found["t.org/money"]["referring_domains"] == 12
    assert found["t.org/money"]["counted_domains"] == 0
    assert found["t.org/"]["trusted_harmonic"] == quality(store)["seed.org"]["trust"]


def test_links_that_do_not_count_bring_nothing_and_one_through_a_redirect_does(
    store: AnyStore,
) -> None:
    new = "https://t.org/new"
    write(
        store,
        [
            page("https://a.org/", START, ["https://old.org/x", Link("https://t.org/no", rel=1)]),
            page("https://old.org/x", START, [Link(new, "redirect")], outcome="redirect",
                 final_url=new),
            page(new, START),
        ],
        TODAY,
    )  # fmt: skip
    job_of(store, Settings()).run()
    score(store, SETTINGS, seeds=["a.org"])
    found, trust = pages(store), quality(store)["a.org"]["trust"]
    assert found["t.org/no"]["trusted_harmonic"] == 0.0
    assert found["t.org/no"]["counted_domains"] == 0
    assert found["t.org/new"]["counted_domains"] == 2, "who links, and who redirects"
    assert found["t.org/new"]["trusted_harmonic"] == trust
    (best, *_) = found["t.org/new"]["brings"]
    assert best["source_domain"] == "a.org"
    assert best["without"] == 0.0


def test_without_seeds_authority_of_pages_is_unknown(store: AnyStore) -> None:
    write(store, a_web(random.Random(3)), TODAY)
    score(store, SETTINGS)
    for row in pages(store).values():
        assert row["trusted_harmonic"] is row["trusted_harmonic_rank"] is row["authority"] is None
        assert row["brings"] == []


@pytest.mark.long
def test_a_sample_of_searches_and_pieces_of_any_size_tell_the_same_pages(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, a_web(random.Random(3)), TODAY)
    score(store, SETTINGS, seeds=SEEDS)
    exact = pages(store)
    monkeypatch.setattr(pairs, "SLICE", 20)
    score(store, SETTINGS, seeds=SEEDS)
    assert pages(store) == exact
    monkeypatch.setattr(ranked, "EXACT_HARMONIC", 5)
    score(store, ScoreSettings(sources=4), seeds=SEEDS)
    (row,) = rows(store.query("SELECT manifest FROM snapshots FINAL"))
    assert json.loads(row["manifest"])["page_authority"]["pages"] == len(exact)
    of_domains = quality(store)
    for found in pages(store).values():
        most = of_domains[found["domain"]]["trusted_harmonic"]
        assert found["trusted_harmonic"] <= most * (1 + 1e-12)


def test_killed_after_the_searches_it_goes_on_from_them(
    store: AnyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, a_web(random.Random(3)), TODAY)
    score(store, SETTINGS, seeds=SEEDS)
    whole = pages(store)

    def killed(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(written, "swap_in", killed)
        with pytest.raises(KeyboardInterrupt):
            score(store, SETTINGS, seeds=SEEDS, beside=tmp_path)
    monkeypatch.setattr(page_authority, "brought", killed)
    score(store, SETTINGS, seeds=SEEDS, beside=tmp_path)
    assert pages(store) == whole


def test_a_page_that_one_domain_links_to_has_nothing_without_it(store: AnyStore) -> None:
    pages_: list[Page] = [
        page("https://a.org/", START, ["https://t.org/1", "https://t.org/2", "https://b.org/"]),
        page("https://b.org/", START, ["https://t.org/2"]),
    ]
    write(store, pages_, TODAY)
    score(store, SETTINGS, seeds=["a.org"])
    found = pages(store)
    assert [each["without"] for each in found["t.org/1"]["brings"]] == [0.0]
    assert found["t.org/1"]["brings"][0]["rank"] == 3.0, "behind all three pages but itself"
    trusts = {d: row["trust"] for d, row in quality(store).items()}
    told = {e["source_domain"]: e["without"] for e in found["t.org/2"]["brings"]}
    assert told["b.org"] == pytest.approx(trusts["a.org"])
    assert told["a.org"] == pytest.approx(trusts["b.org"] + trusts["a.org"] / 2)


def test_what_hangs_on_a_pages_domain_counts_for_nothing_by_an_honest_link_either(
    store: AnyStore,
) -> None:
    write(
        store,
        [
            page("https://seed.org/", START, ["https://t.org/", "https://h.org/"]),
            page("https://t.org/", START, ["https://own.org/"]),
            page("https://own.org/", START, ["https://h.org/"]),
            page("https://h.org/", START, ["https://t.org/money"]),
        ],
        TODAY,
    )
    score(store, SETTINGS, seeds=["seed.org"])
    trusts = {domain: row["trust"] for domain, row in quality(store).items()}
    told = pages(store)["t.org/money"]["trusted_harmonic"]
    assert told == pytest.approx(trusts["h.org"] + trusts["seed.org"] / 2)
    assert trusts["own.org"] > 0
