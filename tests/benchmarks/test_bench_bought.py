"""Parts of the benchmark of bought links: what is planted, and how it is told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.quality.words import money_words
from tests.benchmarks.bench_bought import Told, auc, interval, recall, rows, told
from tests.benchmarks.bought import FAMILIES, LISTED, SIZES, UNLISTED, Corpus, Planted, plant
from tests.support.records import START, Link, page
from tests.support.stores import AnyStore

HOSTS, PAGES = 12, 6


def made(hosts: int = HOSTS) -> Corpus:
    """Sites of six pages, each with a credit on all of them and a link of its own on each."""
    return Corpus(
        [
            page(
                f"https://h{h}.org/{p}", START,
                [
                    Link("https://maker.org/", position="footer", anchor="Maker", rel=1),
                    Link(f"https://d{h}{p}.org/", anchor=f"What {h} and {p} Wrote"),
                ],
            )
            for h in range(hosts)
            for p in range(PAGES)
        ]
    )  # fmt: skip


def anchors(overlap: float) -> tuple[set[str], set[str]]:
    """Those of planted links, and those of the corpus."""
    corpus = made()
    pages, planted = plant(corpus, overlap, 100, 1)
    targets = {one.target for one in planted}
    rows = [
        (t, a) for p in pages for t, a in zip(p.external.target, p.external.anchor, strict=True)
    ]
    there = {a for t, a in rows if t not in targets}
    return {a for t, a in rows if t in targets}, there


def test_at_overlap_one_all_is_drawn_from_real_links_and_at_nought_nothing_is() -> None:
    drawn, there = anchors(1.0)
    assert drawn <= there
    drawn, there = anchors(0.0)
    assert not drawn & there


def test_each_family_stands_where_it_should() -> None:
    pages, planted = plant(made(), 0.0, 200, 2)
    assert {one.family for one in planted} == set(FAMILIES)
    assert {one.size for one in planted} == set(SIZES)
    for one in planted:
        found = [
            p.external.position[p.external.target.index(one.target)]
            for p in pages
            if p.host == one.host and one.target in p.external.target
        ]
        position = dict(zip(FAMILIES, ("main", "footer", "aside"), strict=True))[one.family]
        assert set(found) == {position}
        assert len(found) == (1 if one.family == FAMILIES[0] else PAGES)


def test_what_stood_there_stands_there_still() -> None:
    corpus = made()
    pages, _ = plant(corpus, 0.3, 100, 3)
    for before, after in zip(corpus.pages, pages, strict=True):
        k = len(before.external)
        assert after.external.target[:k] == before.external.target
        assert len({len(getattr(after.external, f)) for f in after.external.__struct_fields__}) == 1


def test_half_of_what_is_sold_is_in_no_list() -> None:
    """So that the benchmark does not ask a list for what was drawn from it."""
    words = money_words()
    assert all(words.found(goods) for goods in LISTED)
    assert not any(words.found(goods) for goods in UNLISTED)
    assert len(LISTED) == len(UNLISTED)


def test_auc_is_the_chance_to_stand_above_with_ties_at_half() -> None:
    score = np.array([3.0, 1.0, 1.0, 0.0])
    positive = np.array([True, True, False, False])
    assert auc(score, positive, np.ones(4)) == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    weight = np.array([1.0, 1.0, 3.0, 1.0])
    assert auc(score, positive, weight) == pytest.approx((4 + 1.5 + 1) / 8)


def test_recall_is_of_what_stands_above_all_but_some() -> None:
    planted = np.array([True] * 2 + [False] * 100)
    ones = np.ones(102)
    pairs = Told({}, planted, ones, np.arange(102), [""] * 102, np.zeros(102, np.int64))
    points = np.concatenate([[9.0, 4.0], [5.0], np.zeros(99)])
    assert recall(points, pairs, 0.01) == 1.0
    assert recall(points, pairs, 0.001) == 0.5


@pytest.mark.embedded
def test_a_whole_snapshot_tells_them_apart(store: AnyStore, tmp_path: Path) -> None:
    visits, planted = plant(made(), 0.0, 60, 4)
    found = told(store, visits, planted)
    assert found.planted.sum() == len({(p.host, p.target) for p in planted})
    assert found.weight[~found.planted].sum() == pytest.approx(HOSTS)
    (head, *_) = rows(found, 0.0)
    assert head["value"] > 0.8
    low, high = interval(np.zeros(len(found.planted)), found)
    assert low == high == 0.5, "who gives all the same points tells nothing"
    assert isinstance(planted[0], Planted)
