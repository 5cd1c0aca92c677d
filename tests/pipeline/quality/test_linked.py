"""What links come to, of pairs and of domains, by a small world that is counted by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

import pipeline.quality.pairs as pairs
from pipeline.index.lifecycle import job_of
from pipeline.mirror import Mirror
from pipeline.quality.pairs import looked_at
from pipeline.quality.score import PARTS, build, score
from pipeline.quality.scored import Scored
from pipeline.settings import ScoreSettings, Settings
from pipeline.store import Store, rows
from tests.pipeline.said import controls, said
from tests.support.records import DAY, TODAY, Link, page, write
from tests.support.stores import AnyStore, Databases, made

pytestmark = pytest.mark.engine

Row = dict[str, Any]
AGO = TODAY - 200 * DAY
TO = "https://t.org/"

VISITS = [
    # In the footer of all five pages.
    *(
        page(f"https://foot.org/{i}", AGO, [Link(TO, position="footer", anchor="Cheap pills")])
        for i in range(5)
    ),
    # One in the text of one page of two, nofollow; and one beside it.
    page(
        "https://text.org/1", AGO,
        [Link(TO, rel=1, anchor="Bread", after="cheap casino"), Link(f"{TO}b", position="aside")],
    ),
    page("https://text.org/2", AGO),
    # An archive's word, of a page that was never read.
    page("https://wat.org/", AGO, [Link(TO, anchor="")], source="wat", complete=False),
    # Of the last 30 days, and of the 90 before.
    page("https://new.org/", TODAY - 10 * DAY, [Link(TO, anchor="bread")]),
    page("https://before1.org/", TODAY - 40 * DAY, [Link(TO, anchor="bread")]),
    page("https://before2.org/", TODAY - 100 * DAY, [Link(TO, anchor="bread")]),
    # What is suppressed has no part in any of it.
    page("https://www.hidden.org/", TODAY - DAY, [Link(TO, anchor="hidden")]),
    page("https://foot.org/hidden", AGO, [f"{TO}{i}" for i in range(9)]),
    page(TO, AGO, ["https://u.org/"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def world(databases: Databases) -> Iterator[AnyStore]:
    store = databases.new()
    made(store)
    write(store, VISITS, TODAY)
    hidden = said(TODAY, "suppress", "hidden.org"), said(TODAY + 1, "suppress", "foot.org/hidden")
    Mirror(store, controls(*hidden)).write()
    score(store, ScoreSettings())
    yield store
    databases.drop(store)


def edges(store: Store) -> dict[str, Row]:
    """To t.org, by the source."""
    found = store.query("SELECT * FROM domain_edges WHERE target_domain = 't.org'")
    return {row["source_domain"]: row for row in rows(found)}


def quality(store: Store, domain: str = "t.org") -> Row:
    asked = "SELECT * FROM domain_quality WHERE domain = {domain:String}"
    return rows(store.query(asked, {"domain": domain}))[0]


def test_a_pair_has_the_kind_of_most_of_its_links(world: AnyStore) -> None:
    found = {name: (row["kind"], row["kind_evidence"]) for name, row in edges(world).items()}
    assert found["foot.org"] == ("sitewide", "it stands on 5 of 6 pages of its host")
    assert found["text.org"] == ("editorial", "it stands in the text of its page"), "of as many"
    assert found["wat.org"] == ("", "")
    assert "hidden.org" not in found


def test_a_pairs_shares_are_counted(world: AnyStore) -> None:
    found = edges(world)
    foot, text, wat = (found[name] for name in ("foot.org", "text.org", "wat.org"))
    assert [row["sitewide_share"] for row in (foot, text, wat)] == [1.0, 0.5, None]
    assert [row["followed_share"] for row in (foot, text, wat)] == [1.0, 0.5, 1.0]
    assert [row["main_share"] for row in (foot, text, wat)] == [0.0, 0.5, None]
    assert [row["money_share"] for row in (foot, text, wat)] == [1.0, 0.0, 0.0]
    assert [row["near_money_share"] for row in (foot, text, wat)] == [None, 1.0, None]
    assert [row["page_links"] for row in (foot, text, wat)] == [1.0, 2.0, None]


def test_a_referring_domain_counts_once_however_many_links_it_has(world: AnyStore) -> None:
    """Six of them, five of known kind and place."""
    found = quality(world)
    assert found["sitewide_share"] == pytest.approx(1 / 5)
    assert found["editorial_share"] == pytest.approx(4 / 5)
    assert found["footer_share"] == pytest.approx(1 / 5)
    assert found["nofollow_share"] == 0.0, "text.org has one that is followed"
    assert found["out_in_ratio"] == pytest.approx(1 / 6)
    nobody = quality(world, "foot.org")
    for name in ("sitewide_share", "editorial_share", "nofollow_share", "out_in_ratio"):
        assert nobody[name] is None, name


def test_who_links_by_another_site_is_not_taken_for_one_without_a_followed_link(
    databases: Databases,
) -> None:
    store = databases.new()
    made(store)
    visits = [  # two followed, two not
        page("https://a.org/", AGO, [Link("https://short.org/x")]),
        page("https://b.org/", AGO, [Link("https://end.org/", rel=1)]),
        page("https://c.org/", AGO, [Link("https://short.org/x", rel=1)]),
        page("https://d.org/", AGO, [Link("https://end.org/")]),
        page("https://short.org/x", AGO + DAY, outcome="redirect", status=301,
             final_url="https://end.org/"),
    ]  # fmt: skip
    write(store, visits, TODAY)
    job_of(store, Settings()).finish()
    score(store, ScoreSettings())
    assert quality(store, "end.org")["nofollow_share"] == pytest.approx(2 / 4)
    databases.drop(store)


def test_new_referring_domains_are_told_from_those_of_before(world: AnyStore) -> None:
    found = quality(world)
    assert found["new_share"] == pytest.approx(1 / 6)
    assert found["velocity"] == pytest.approx(1 / (2 / 3)), "two in 90 days are 2/3 in 30"
    assert quality(world, "u.org")["new_share"] == 0.0
    assert quality(world, "u.org")["velocity"] is None


def test_in_a_young_index_all_would_be_new(store: AnyStore) -> None:
    for days, known in ((29, (False, False)), (31, (True, False)), (121, (True, True))):
        visits = [
            page("https://first.org/", TODAY - days * DAY, ["https://else.org/"]),
            page("https://second.org/", TODAY - 31 * DAY if days > 31 else TODAY, [TO]),
            page("https://third.org/", TODAY - DAY, [TO]),
        ]
        write(store, visits, TODAY + days)
        score(store, ScoreSettings())
        asked = "SELECT * FROM domain_quality WHERE domain = 't.org' ORDER BY snapshot DESC"
        found = rows(store.query(asked))[0]
        assert (found["new_share"] is not None, found["velocity"] is not None) == known, days


def test_anchors_count_once_a_referring_domain(world: AnyStore) -> None:
    """Of six: cheap pills 1, bread 3 and a half, anchor a half, empty 1."""
    found = quality(world)
    assert found["distinct_anchors"] == 3
    assert found["top_anchor_share"] == pytest.approx(3.5 / 6, abs=1e-6)
    assert found["money_anchor_share"] == pytest.approx(1 / 6, abs=1e-6)
    assert found["empty_anchor_share"] == pytest.approx(1 / 6, abs=1e-6)
    shares = [1 / 6, 3.5 / 6, 0.5 / 6, 1 / 6]
    entropy = -sum(share * math.log2(share) for share in shares)
    assert found["anchor_entropy"] == pytest.approx(entropy, abs=1e-5)
    nobody = quality(world, "foot.org")
    assert (nobody["distinct_anchors"], nobody["anchor_entropy"]) == (0, None)


def test_slices_and_one_thread_come_to_the_same_as_all_at_once(
    world: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = quality(world), quality(world, "u.org"), edges(world)
    monkeypatch.setattr(pairs, "SLICE", 1)
    world.execute("SET max_threads = 1")
    score(world, ScoreSettings())
    world.execute("SET max_threads = 0")
    assert (quality(world), quality(world, "u.org"), edges(world)) == whole


def test_an_edge_whose_links_are_gone_meanwhile_is_of_no_kind(world: AnyStore) -> None:
    """What is read of its links is put to an edge by its names, and not by its row."""
    table = world.query("SELECT * FROM domain_edges ORDER BY target_domain, source_domain")
    more = table.slice(0, 1).set_column(
        table.schema.get_field_index("source_domain"), "source_domain", pa.array(["aaa.org"])
    )
    both = pa.concat_tables([more, table], promote_options="permissive")
    pages = world.query("SELECT 'aaa.org' AS domain, toUInt32(0) AS pages")
    graph = build(both, pages)
    scored = Scored(
        world, TODAY, ScoreSettings(), graph.out_targets[:0].astype("int64"), graph, both, pages,
        lambda step: None,
    )  # fmt: skip
    found = looked_at(scored)
    assert pairs.ORDER[found.kind[0]] == ""
    assert found.evidence[0].as_py() == ""
    told = [pairs.ORDER[code] for code in found.kind[1:]]
    assert told == table["kind"].to_pylist()


def test_every_measure_is_a_column_with_its_ranks(world: AnyStore) -> None:
    columns = set(quality(world))
    for part in PARTS:
        for measure in part.measures:
            assert measure.name in columns, measure.name
            assert not measure.ranked or f"{measure.name}_rank" in columns
