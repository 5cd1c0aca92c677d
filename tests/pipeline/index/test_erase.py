"""Erasure: all of what is suppressed goes, from every table, and nothing else; it stays gone."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pytest

from pipeline.control import Controls
from pipeline.frontier.sites import Sites
from pipeline.index import uses
from pipeline.index.erase import AGAIN_S, Erasure, count, erase
from pipeline.index.erased import MENTIONS, ROWS, _page, _url, parameters
from pipeline.index.lifecycle import Lifecycle
from pipeline.quality.score import score
from pipeline.settings import PlanSettings, ScoreSettings
from pipeline.store import rows
from pipeline.store.migrate import tables
from pipeline.url import canonical
from tests.pipeline.said import controls, said
from tests.support.records import DAY, HOUR, TODAY, Link, page, write
from tests.support.stores import AnyStore

TERMS = "harbour crane quay ship hull anchor".split()
GONE = "gone.example"  # the name stands in nothing but what is to be erased
# Tables that name a domain, host or page, and why they keep it.
KEPT = {
    "controls": "what is suppressed must be known",
    "page_records": "keeps nothing",
    "frontier_in": "keeps nothing",
    "domain_edges_next": "empty but while a snapshot is swapped in, or until the next",
    "domain_quality_next": "as that",
    "page_strength_next": "as that",
    "domain_terms_next": "as that",
    "page_quality_next": "as that",
}


def web(*, at: int = TODAY) -> list[Any]:
    """Pages of three sites; of and to the one that goes."""
    to = Link(f"https://www.{GONE}/people/jo?x=1", anchor="jo", before="about", after="there")
    other = Link(f"http://{GONE}:8080/", "canonical")
    through = Link(f"https://{GONE}/through", "redirect")
    c = Link("https://c.example/", anchor="c", before="x")
    stays: list[Link | str] = ["https://b.example/", c]
    return [
        page("https://a.example/", at, [to, *stays, other], canonical=f"http://{GONE}:8080/"),
        page("https://a.example/moved", at, [Link(to.target, "redirect")], outcome="redirect",
             final_url=to.target),
        page("https://d.example/", at, ["https://a.example/moved", "https://a.example/way"]),
        page("https://a.example/way", at, [through], outcome="redirect", final_url=through.target),
        page(through.target, at, [Link("https://e.example/", "redirect")], outcome="redirect",
             final_url="https://e.example/"),
        page(f"https://www.{GONE}/people/jo", at, stays, inner=[f"https://{GONE}/in"],
             ip="192.0.2.1", terms=TERMS, country="AT", country_by="lang"),
        page(f"http://{GONE}:8080/", at, stays),
        page("https://b.example/", at, ["https://c.example/"], terms=TERMS),
    ]  # fmt: skip


@pytest.fixture
def indexed(store: AnyStore, monkeypatch: pytest.MonkeyPatch) -> AnyStore:
    monkeypatch.setattr(uses, "LARGE", 1)
    write(store, web(), TODAY)
    write(store, web(at=TODAY + HOUR), TODAY + HOUR)
    Lifecycle(store, 0).run()
    score(store, ScoreSettings(), seeds=("a.example", "d.example", GONE))
    Sites(store, PlanSettings(), clock=lambda: (TODAY + DAY) / 1000).run()
    pairs = {"target_domain": [GONE, "b.example"], "source_domain": ["a.example", GONE]}
    store.insert("graph_referrers", pa.table({**pairs, "graph": ["g", "g"]}))
    store.insert("due_pairs", pa.table(pairs))  # a first run makes all anew, and notes none
    store.insert("labels", pa.table({"domain": [GONE, "b.example"], "label": ["bad", "ok"]}))
    return store


def test_what_brings_other_pages_their_authority_is_no_longer_named(indexed: AnyStore) -> None:
    asked = "SELECT domain, arrayMap(b -> b.1, brings) AS by FROM page_quality ORDER BY ALL"
    before = rows(indexed.query(asked))
    assert any(GONE in row["by"] and row["domain"] != GONE for row in before)
    erase(indexed, [GONE])
    left = [
        {"domain": row["domain"], "by": [name for name in row["by"] if name != GONE]}
        for row in before
        if row["domain"] != GONE
    ]
    assert sorted(map(str, rows(indexed.query(asked)))) == sorted(map(str, left))


def everything(store: AnyStore) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, states as what they come to."""
    found = {}
    for table in tables() - KEPT.keys():
        states = rows(
            store.query(
                "SELECT name FROM system.columns WHERE database = currentDatabase() "
                "AND table = {table:String} AND type LIKE 'AggregateFunction%'",
                {"table": table},
            )
        )
        names = [row["name"] for row in states]
        more = "".join(f", toString(finalizeAggregation({name})) AS {name}_is" for name in names)
        hidden = f" EXCEPT ({', '.join(names)})" if names else ""
        found[table] = rows(store.query(f"SELECT *{hidden}{more} FROM {table}"))
    return found


def mentions(store: AnyStore, text: str) -> dict[str, int]:
    """Rows that have this in any column, by table; of marks none, whose jobs have names."""
    found = {
        table: sum(text in repr(row) for row in content)
        for table, content in everything(store).items()
        if table != "marks"
    }
    return {table: number for table, number in found.items() if number}


def links(store: AnyStore) -> set[tuple[str, str, str]]:
    found = rows(store.query("SELECT source_url, target_url, state FROM link_states"))
    return {(row["source_url"], row["target_url"], row["state"]) for row in found}


def test_nothing_of_a_domain_is_left_in_any_table_and_all_else_is_as_before(
    indexed: AnyStore,
) -> None:
    before = links(indexed)
    assert mentions(indexed, GONE).keys() == {place.table for place in ROWS}
    told = sum(found.rows for found in count(indexed, [GONE]))
    assert erase(indexed, [GONE]) >= told > 20
    assert mentions(indexed, GONE) == {}
    assert links(indexed) == {link for link in before if GONE not in link[0] + link[1]}
    assert erase(indexed, [GONE]) == 0


@pytest.mark.embedded
def test_of_the_beginning_of_a_path_only_that_is_erased(indexed: AnyStore) -> None:
    erase(indexed, [f"www.{GONE}/people/jo?x"])
    named = {url for link in links(indexed) for url in link[:2] if GONE in url}
    assert named == {
        f"http://{GONE}:8080/", f"https://www.{GONE}/people/jo", f"https://{GONE}/through"
    }  # fmt: skip
    assert mentions(indexed, "jo?x=1") == {}
    counts = "SELECT {what} AS live FROM {table} WHERE target_domain = 'gone.example' {more}"
    kept, told = (
        rows(indexed.query(counts.format(what=what, table=table, more=more)))
        for what, table, more in (
            ("live", "referrers FINAL", "AND live > 0"),
            ("count()", "link_states", "GROUP BY source_domain"),
        )
    )
    assert kept == told == [{"live": 2}], "the rest is counted anew"


@pytest.mark.embedded
@pytest.mark.parametrize(
    "name",
    ["example.org", "www.example.org", "www.example.org:81", "example.org/people/", "github.io",
     "www.example.org:81/a?b", "[2001:db8::1]", "192.0.2.1"],
)  # fmt: skip
def test_the_store_and_the_workers_agree_on_what_a_name_suppresses(
    shared_store: AnyStore, name: str
) -> None:
    hosts = ["example.org", "www.example.org", "www.example.org:81", "notexample.org", "github.io",
             "a.github.io", "[2001:db8::1]:81", "192.0.2.1:81",
             "example.org.example.net"]  # fmt: skip
    urls = [f"https://{h}{p}" for h in hosts for p in ("/", "/people/jo", "/people", "/a?b")]
    pages = [canonical(url, allow_ip=True) for url in urls]
    heard = controls(said(1, "suppress", name))
    wanted = [heard.suppressed(page.host, page.path, page.domain) for page in pages]
    assert any(wanted)
    columns = {
        "d": [page.domain for page in pages],
        "h": [page.host for page in pages],
        "p": [page.path for page in pages],
        "u": [page.url for page in pages],
    }
    found = shared_store.query(
        "SELECT tupleElement(one, 1) AS domain, tupleElement(one, 2) AS host, "
        "tupleElement(one, 3) AS path, tupleElement(one, 4) AS url, "
        f"{_page('domain', 'host', 'path')} AS by_page, {_url('url', 'domain')} AS by_target, "
        f"{_url('url')} AS by_url FROM (SELECT arrayJoin(arrayZip("
        "{d:Array(String)}, {h:Array(String)}, {p:Array(String)}, {u:Array(String)})) AS one)",
        {**columns, **parameters([name])},
    )
    for by in ("by_page", "by_target", "by_url"):
        assert [bool(row[by]) for row in rows(found)] == wanted, by


@pytest.mark.embedded
def test_no_loss_is_told_of_what_was_taken_out_of_a_visit(indexed: AnyStore) -> None:
    erase(indexed, [GONE])
    kept = [one for one in web(at=TODAY + DAY) if GONE not in one.host]
    for number in (1, 2, 3):
        left = [
            page(one.url, TODAY + number * DAY, ["https://b.example/"], outcome=one.outcome)
            for one in kept
        ]
        write(indexed, left, TODAY + 2 * HOUR + number)
        Lifecycle(indexed, 0).run()
    assert mentions(indexed, GONE) == {}
    assert ("https://a.example/", "https://c.example/", "lost") in links(indexed)


class Clock:
    def __init__(self) -> None:
        self.now = TODAY / 1000

    def __call__(self) -> float:
        return self.now


def again(store: AnyStore) -> None:
    """What a consumer had in hand comes after all."""
    write(store, web(at=TODAY + 2 * HOUR), TODAY + 2 * HOUR)


@pytest.mark.embedded
def test_what_comes_late_is_looked_for_again_and_ever_more_seldom(store: AnyStore) -> None:
    indexed = store
    again(indexed)
    clock, heard = Clock(), controls(said(TODAY, "suppress", GONE))
    erasure = Erasure(indexed, heard, clock=clock)
    assert erasure.run() > 0
    again(indexed)
    assert erasure.run() == 0, "not so soon"
    clock.now += AGAIN_S
    assert Erasure(indexed, heard, clock=clock).run() > 0, "by whoever has the store then"
    assert mentions(indexed, GONE) == {}
    looks = []
    for _ in range(60):
        before = _looked(indexed)
        clock.now += AGAIN_S
        erasure.run()
        if _looked(indexed) != before:
            looks.append(clock.now)
    assert 3 <= len(looks) <= 7, "each time as long again as it is suppressed"


def _looked(store: AnyStore) -> int:
    return int(
        rows(store.query("SELECT max(version) AS at FROM marks WHERE job LIKE 'erase%'"))[0]["at"]
    )


@pytest.mark.embedded
def test_what_was_lifted_is_not_erased_and_what_is_said_again_is(store: AnyStore) -> None:
    again(store)
    clock, indexed = Clock(), store
    heard = controls(said(TODAY, "suppress", GONE), said(TODAY + 1, "suppress", GONE, 0))
    erasure = Erasure(indexed, heard, clock=clock)
    assert erasure.run() == 0
    assert mentions(indexed, GONE)
    heard.take([said(TODAY + 2, "suppress", GONE)])
    assert erasure.run() > 0
    again(indexed)
    heard.take([said(TODAY + 3, "suppress", GONE, 0), said(TODAY + 4, "suppress", GONE)])
    assert erasure.run() > 0
    assert mentions(indexed, GONE) == {}
    again(indexed)
    lifted = said(TODAY + 5, "suppress", GONE, 0)
    earlier = said(TODAY - 3_600_000, "suppress", GONE, offset=TODAY + 6)
    heard.take([lifted, earlier])
    assert erasure.run() > 0, "said once more, after the clock was moved back"


@pytest.mark.embedded
def test_nothing_suppressed_is_nothing_asked() -> None:
    assert Erasure(None, Controls()).run() == 0  # type: ignore[arg-type]


@pytest.mark.embedded
def test_every_column_that_names_a_page_is_erased_from_or_the_table_says_why_not(
    store: AnyStore,
) -> None:
    """A table that is added must be added to the erasure too."""
    named = re.compile(r"(?:.*_)?(?:domain|host|path|url|domains|targets|canonical)\Z")
    held = "name NOT IN ('migrations', 'marks', 'snapshots')"
    found = rows(
        store.query(
            "SELECT table, name, type, if(default_kind = 'ALIAS', default_expression, '') AS alias "
            "FROM system.columns WHERE database = currentDatabase() "
            "AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() "
            f"AND engine LIKE '%MergeTree' AND {held})"
        )
    )
    covered = {(place.table, c) for place in ROWS for c in place[1:] if c}
    covered |= {(mention.table, c) for mention in MENTIONS for c in mention.columns}
    # What is erased by another name of a column is erased of the column.
    covered |= {
        (row["table"], name)
        for row in found
        if (row["table"], row["name"]) in covered
        for name in re.findall(r"\w+", row["alias"])
    }
    naming = {
        (row["table"], row["name"])
        for row in found
        if not row["alias"]
        and (
            (named.match(row["name"]) and "String" in row["type"])
            or re.search(r"\b(?:\w+_)?(?:url|canonical) String", row["type"])
        )
    }
    assert {one for one in naming - covered if one[0] not in KEPT} == set()
