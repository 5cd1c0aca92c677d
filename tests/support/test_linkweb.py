"""The generated web of links: the same for a seed, by power laws, its truth the rules' truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from consumers.pages import SCHEMA
from pipeline.page import KINDS, OUTCOMES, POSITIONS, Page
from pipeline.url import canonical
from tests.support.dice import Dice, zipf
from tests.support.link_life import lives
from tests.support.linkvisits import Arrivals, once_more
from tests.support.linkweb import LINKS_A_PAGE, LIVE, LOST, UNVERIFIED, LinkWeb
from tests.support.records import START, Link, page
from tests.support.webwords import words

LINKS = 20_000
STATES = {"live": LIVE, "lost": LOST, "unverified": UNVERIFIED}


@cache
def a_web(seed: int = 1) -> LinkWeb:
    return LinkWeb(LINKS, seed, START, of_corpus=False)


@cache
def arrived(seed: int = 1) -> pa.Table:
    arrivals = Arrivals(a_web(seed), 300)
    return pa.concat_tables(arrivals.columns(insert, 5) for insert in arrivals)


def test_the_same_seed_gives_the_same_visits_and_another_seed_others() -> None:
    again = LinkWeb(LINKS, 1, START, of_corpus=False)
    arrivals = Arrivals(again, 300)
    same = pa.concat_tables(arrivals.columns(insert, 5) for insert in arrivals)
    assert same.equals(arrived())
    assert not same.equals(arrived(2))


def test_its_columns_are_the_consumers_with_values_of_the_contract() -> None:
    table = arrived()
    assert table.schema.equals(SCHEMA)
    assert not any(column.null_count for column in table.columns)
    assert set(table["outcome"].to_pylist()) <= set(OUTCOMES)
    links = {name: table[name].combine_chunks().values for name in ("kinds", "positions")}
    assert set(links["kinds"].to_pylist()) <= set(KINDS)
    assert set(links["positions"].to_pylist()) <= set(range(len(POSITIONS)))
    assert max(table["at"].to_pylist()) < START, "none is of the future"


def test_domains_hosts_and_targets_are_what_canonical_urls_have() -> None:
    for row in arrived().slice(0, 40).to_pylist():
        url = canonical(f"https://{row['host']}/")
        assert (url.host, url.domain) == (row["host"], row["domain"])
        for target, domain in zip(row["targets"], row["target_domains"], strict=True):
            assert canonical(target).domain == domain


def test_links_of_a_page_are_all_in_one_order() -> None:
    for row in arrived().slice(0, 200).to_pylist():
        lengths = {len(row[name]) for name in SCHEMA.names if name in _PARALLEL}
        assert len(lengths) == 1
        assert row["outcome"] == "ok" or lengths == {0}
        identities = set(zip(row["targets"], row["kinds"], strict=True))
        assert len(identities) == len(row["targets"]), "a page has a target once by each element"


_PARALLEL = (
    "targets", "target_domains", "kinds", "rels", "positions", "anchors", "befores", "afters",
    "ordinals", "counts",
)  # fmt: skip


def test_how_often_domains_are_linked_follows_a_power_law() -> None:
    web = LinkWeb(200_000, 3, START, of_corpus=False)
    counts = np.sort(np.bincount(web.links(web.some(0, web.pages)).target))[::-1]
    assert abs(counts.sum() / web.pages - LINKS_A_PAGE) < 0.6
    assert 0.01 < counts[0] / counts.sum() < 0.05
    ranks = np.arange(10, 1_000)
    slope = np.polyfit(np.log(ranks + 1), np.log(counts[ranks]), 1)[0]
    assert -1.0 < slope < -0.7


def test_how_many_pages_sites_have_follows_a_power_law_and_every_page_has_a_place_of_its_own() -> (
    None
):
    web = a_web()
    pages = web.some(0, web.pages)
    places = set(zip(pages.site.tolist(), pages.place.tolist(), strict=True))
    assert len(places) == web.pages
    sizes = np.sort(np.bincount(pages.site))[::-1]
    assert sizes[0] > 10 * np.median(sizes)


def test_a_site_repeats_its_first_links_on_its_pages() -> None:
    web = a_web()
    pages = web.some(0, web.pages)
    links = web.links(pages)
    targets = defaultdict(set)
    for link in np.flatnonzero(links.is_sitewide):
        site = int(pages.site[links.page[link]])
        targets[site, int(links.slot[link])].add(int(links.target[link]))
    assert len(targets) > 50
    assert all(len(found) == 1 for found in targets.values())


def test_some_visits_come_twice_and_some_after_later_ones() -> None:
    came: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row in arrived().select(["host", "path", "at"]).to_pylist():
        came[row["host"], row["path"]].append(row["at"])
    assert len(came) == a_web().pages, "every page comes"
    assert sum(len(set(at)) < len(at) for at in came.values()) > 5
    assert sum(at != sorted(at) for at in came.values()) > 5
    again = sum(len(set(at)) > 1 for at in came.values()) / len(came)
    assert 0.2 < again < 0.3


@pytest.mark.parametrize("more", [0, 400])
def test_what_it_says_became_of_links_is_what_the_rules_say_of_its_visits(more: int) -> None:
    web = a_web()
    table = pa.concat_tables([arrived(), once_more(web, 0, more, 5)])
    of_page: defaultdict[str, list[Page]] = defaultdict(list)
    for row in table.to_pylist():
        of_page[f"http://{row['host']}{row['path']}"].append(_record(row))
    ruled: Counter[tuple[str, int]] = Counter()
    for records in of_page.values():
        for (target, _), life in lives(records).items():
            ruled[canonical(target).domain, STATES[life.state]] += 1
    said: Counter[tuple[str, int]] = Counter()
    for pages, again in ((web.some(0, more), True), (web.some(more, web.pages - more), False)):
        links = web.links(pages, once_more=again)
        names = web.names.take(links.target).to_pylist()
        said.update(zip(names, links.state.tolist(), strict=True))
    assert said == ruled
    assert {state for _, state in said} == {LIVE, LOST, UNVERIFIED}


def _record(row: dict[str, object]) -> Page:
    links = zip(row["targets"], row["kinds"], strict=True)  # type: ignore[call-overload]
    return page(
        f"http://{row['host']}{row['path']}",
        row["at"],  # type: ignore[arg-type]
        [Link(target, kind) for target, kind in links],
        outcome=row["outcome"],  # type: ignore[arg-type]
        status=row["status"],  # type: ignore[arg-type]
        noindex=bool(row["noindex"]),
        extractor=1,
    )


def test_words_are_as_many_as_asked_for_and_the_same_for_a_seed() -> None:
    found = words(2_000, 4, of_corpus=False)
    assert found == words(2_000, 4, of_corpus=False)
    assert len(set(found.paths.to_pylist())) == 2_000
    assert all(path.startswith("/") and path != "/" for path in found.paths.to_pylist())
    assert len(found.anchors) == len(found.texts) == 2_000


def test_dice_give_a_key_its_number_whatever_else_is_drawn() -> None:
    dice = Dice(7)
    many = dice.uniform(3, np.arange(1_000))
    assert dice.uniform(3, np.array([500]))[0] == many[500]
    assert 0.45 < many.mean() < 0.55
    assert len({*dice.bits(1, np.arange(9)).tolist(), *dice.bits(2, np.arange(9)).tolist()}) == 18


def test_ranks_rise_with_what_they_are_drawn_by_and_stay_below_their_count() -> None:
    ranks = zipf(np.linspace(0, 1, 1_000, endpoint=False), 50, 0.85)
    assert ranks[0] == 0
    assert ranks[-1] == 49
    assert (np.diff(ranks) >= 0).all()
