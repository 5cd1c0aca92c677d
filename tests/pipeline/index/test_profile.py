"""Questions about a whole profile: in order, filtered, in pages without gaps or repeats."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.index.answer import Answer
from pipeline.index.lifecycle import Lifecycle
from pipeline.index.outward import between, is_page, outlink_counts, outlinks
from pipeline.index.profile import By, change_counts, changes, history, networks, places
from pipeline.index.prospects import broken, broken_pages, gap
from pipeline.index.question import Paged
from pipeline.index.questions import Index
from pipeline.store import Store, rows
from tests.pipeline.index.world import FIRST, TARGETS, World, made
from tests.support.records import DAY, TODAY, page, write
from tests.support.stores import AnyStore

pytestmark = pytest.mark.engine

Asked = Callable[..., Paged]
VS = ["u.org", "v.co.uk"]
NETWORK = ("-referring_domains", "network")
QUESTIONS: dict[str, tuple[Asked, tuple[Any, ...]]] = {
    "networks by ip": (lambda **more: networks("t.org", by="ip", **more), NETWORK),
    "networks": (lambda **more: networks("t.org", **more), NETWORK),
    "owners": (lambda **more: networks("t.org", by="owner", **more), NETWORK),
    "places": (lambda **more: places("t.org", **more), ("-referring_domains", "place")),
    "history": (lambda **more: history("t.org", by="week", **more), ("period",)),
    "history of links": (lambda **more: history("t.org", links=True, **more), ("period",)),
    "change counts": (lambda **more: change_counts("t.org", **more), ("period",)),
    "changes": (
        lambda **more: changes("t.org", **more),
        ("-at", "source_domain", "source_url", "target_url", "kind", "change"),
    ),
    "changes under": (
        lambda **more: changes("t.org/blog/*", only="lost", **more),
        ("-at", "source_domain", "source_url", "target_url", "kind", "change"),
    ),
    "broken": (
        lambda **more: broken("t.org", **more),
        ("-authority", "source_domain", "source_url", "target_url", "kind"),
    ),
    "broken pages": (
        lambda **more: broken_pages("t.org", **more),
        ("-authority", "-referring_domains", "url"),
    ),
    "gap": (
        lambda **more: gap("t.org", VS, **more),
        ("-authority", "-sites", "source_domain"),
    ),
    "outlinks": (
        lambda **more: outlinks("u.org", state="all", **more),
        ("page", "target_url", "kind"),
    ),
    "outlinks by page": (
        lambda **more: outlink_counts("u.org", per="page", **more),
        ("-live", "name"),
    ),
    "outlinks by domain": (lambda **more: outlink_counts("u.org", **more), ("-live", "name")),
    "between": (
        lambda **more: between("t.org", "u.org", **more),
        ("source_url", "target_url", "kind"),
    ),
}  # fmt: skip
LATEST_FIRST = ("history", "history of links", "change counts")


@pytest.fixture(scope="module")
def world(shared_store: AnyStore) -> World:
    found = made(shared_store, 11)
    # A snapshot's authority, of some: the others' is unknown.
    found.store.execute(
        "INSERT INTO referrers SELECT * REPLACE (written + 1 AS written, "
        "if(source_domain < 'g4', cityHash64(source_domain) % 3 * 10.5, NULL) AS authority) "
        "FROM referrers FINAL"
    )
    return found


def order(row: dict[str, Any], keys: tuple[str, ...]) -> tuple[Any, ...]:
    found = []
    for key in keys:
        value = row[key.lstrip("-")]
        if key == "-at":
            found.append(-value.timestamp())
        elif key.startswith("-"):
            found.append(1.0 if value is None else -float(value))
        else:
            found.append(value)
    return tuple(found)


def in_pages(asked: Asked, store: Store, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        question = asked(limit=limit, after=after)
        told = question.rows(store)
        assert len(told) <= limit
        found += told
        after = question.next
        if after is None:
            return found
        assert len(told) == limit


@pytest.mark.parametrize("name", QUESTIONS)
def test_answers_are_in_order_and_pages_of_them_are_the_whole(world: World, name: str) -> None:
    asked, keys = QUESTIONS[name]
    whole = asked(limit=10_000).rows(world.store)
    assert whole, "there is something to tell"
    places = [order(row, keys) for row in whole]
    if name == "between":
        places = [
            (row["target_domain"] != "t.org", *p) for row, p in zip(whole, places, strict=True)
        ]
    assert places == sorted(places, reverse=name in LATEST_FIRST)
    assert len(set(places)) == len(places), "no two rows have the same place"
    for limit in {1 + len(whole) // 4, len(whole)}:
        assert in_pages(asked, world.store, limit) == whole


@pytest.mark.embedded
def test_what_arrives_between_pages_makes_no_gap_and_no_repeat(store: AnyStore) -> None:
    made(store, 13, visits=40)
    fresh = itertools.count()

    @settings(max_examples=5, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(["changes under", "broken", "gap", "outlinks", "between"]),
        st.integers(2, 5),
        st.lists(st.integers(0, 3), max_size=3),
    )
    def held(name: str, pages: int, arrivals: list[int]) -> None:
        asked, keys = QUESTIONS[name]
        before = {order(row, keys) for row in asked(limit=10_000).rows(store)}
        limit, after = 1 + len(before) // pages, None
        told: list[tuple[Any, ...]] = []
        while True:
            question = asked(limit=limit, after=after)
            told += [order(row, keys) for row in question.rows(store)]
            after = question.next
            if after is None:
                break
            for _ in range(arrivals.pop() if arrivals else 0):
                arrive(store, next(fresh))
        assert len(told) == len(set(told)), "no row twice"
        now = {order(row, keys) for row in asked(limit=10_000).rows(store)}
        assert before & now <= set(told), "no row left out"

    held()


def arrive(store: Store, number: int) -> None:
    """A visit of a page that wasn't known, anywhere in the order of things."""
    domain = ("u.org", "a.de", f"n{number}.com", "t.org")[number % 4]
    linked = [x for x in (*TARGETS, "https://u.org/", "https://v.co.uk/") if domain not in x]
    at = FIRST + (number * 7) % 60 * DAY
    now = TODAY + (number + 1) * 61_000
    write(store, [page(f"https://{domain}/{number}", at, linked)], now)
    Lifecycle(store, 0, clock=lambda: now / 1000).run()


def test_a_place_of_another_question_is_refused(world: World) -> None:
    question = outlinks("u.org", limit=1)
    question.rows(world.store)
    with pytest.raises(UsageError, match="belongs to another question"):
        outlinks("u.org", state="lost", after=question.next)
    with pytest.raises(UsageError, match="belongs to another question"):
        outlinks("a.de", after=question.next)
    with pytest.raises(UsageError, match="belongs to another question"):
        networks("u.org", after=question.next)


def test_only_some_changes_are_told(world: World) -> None:
    whole = changes("t.org", limit=10_000).rows(world.store)
    middle = sorted(row["at"].timestamp() for row in whole)[len(whole) // 2]
    at = int(middle * 1000)
    for only in ("appeared", "discovered", "lost", "changed"):
        told = changes("t.org", only=only, since=at, limit=10_000).rows(world.store)
        assert told == [r for r in whole if r["change"] == only and r["at"].timestamp() >= middle]
    told = changes("t.org", until=at, limit=10_000).rows(world.store)
    assert told == [row for row in whole if row["at"].timestamp() < middle]
    told = changes("t.org", authority=5.0, limit=10_000).rows(world.store)
    assert told == [row for row in whole if (row["authority"] or 0) >= 5]
    assert 0 < len(told) < len(whole)


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_changes_are_counted_as_they_are_listed(world: World, by: Any) -> None:
    counts = change_counts("t.org", by=by, limit=10_000).rows(world.store)
    listed = changes("t.org", limit=10_000).rows(world.store)
    indirect = [row["change"] != "lost" for row in listed if row["indirect"]]
    assert sum(row["indirect_gained"] for row in counts) == sum(indirect) > 0
    assert sum(row["indirect_lost"] for row in counts) == len(indirect) - sum(indirect)
    assert counts[0]["indirect_links"] == 2 * sum(indirect) - len(indirect)
    listed = [row for row in listed if not row["indirect"]]
    for change in ("appeared", "discovered", "lost", "changed"):
        assert sum(row[change] for row in counts) == sum(r["change"] == change for r in listed)
    lost = [row["reason"] for row in listed if row["change"] == "lost"]
    reasons: dict[str, int] = {}
    for row in counts:
        for reason, number in row["reasons"]:
            reasons[reason] = reasons.get(reason, 0) + number
    assert reasons == {reason: lost.count(reason) for reason in set(lost)}
    kept = [link for link in world.to() if link["state"] != "lost"]
    assert counts[0]["links"] == len(kept)
    spans = history("t.org", by=by, limit=10_000).rows(world.store)
    gained = {row["period"]: (row["gained"], row["lost"]) for row in spans}
    for row in counts:
        assert (row["domains_gained"], row["domains_lost"]) == gained[row["period"]]


def test_a_span_of_time_is_told_in_whole_periods(world: World) -> None:
    for asked in (change_counts, history):
        whole = asked("t.org", by="week", limit=10_000).rows(world.store)
        since, until = FIRST + 15 * DAY, FIRST + 40 * DAY
        part = asked("t.org", by="week", since=since, until=until, limit=10_000).rows(world.store)
        assert part == [row for row in whole if row in part]
        assert 4 <= len(part) <= 5
        assert len(part) < len(whole)


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_what_begins_when_a_span_ends_is_not_told(world: World, by: By) -> None:
    for asked in (change_counts, history, partial(history, links=True)):
        whole = asked("t.org", by=by, limit=10_000).rows(world.store)
        middle = whole[len(whole) // 2]["period"]
        midnight = int(datetime.fromisoformat(f"{middle}T00:00:00+00:00").timestamp() * 1000)
        part = asked("t.org", by=by, until=midnight, limit=10_000).rows(world.store)
        assert part == [row for row in whole if row["period"] < middle]
        touched = asked("t.org", by=by, until=midnight + 1, limit=10_000).rows(world.store)
        assert touched == [row for row in whole if row["period"] <= middle]


def test_links_over_time_come_to_those_that_are_not_lost(world: World) -> None:
    told = history("t.org", links=True, limit=10_000).rows(world.store)
    plain = history("t.org", limit=10_000).rows(world.store)
    assert [{name: row[name] for name in plain[0]} for row in told] == plain
    assert told[0]["links"] == sum(link["state"] != "lost" for link in world.to())
    assert sum(row["links_gained"] for row in told) == len(world.to())


def test_groups_of_few_are_left_out(world: World) -> None:
    whole = networks("t.org", by="net", limit=100).rows(world.store)
    told = networks("t.org", by="net", at_least=2, limit=100).rows(world.store)
    assert told == [row for row in whole if row["referring_domains"] >= 2]
    assert 0 < len(told) < len(whole)
    question = networks("t.org", by="net")
    question.rows(world.store)
    assert question.effective == whole[0]["effective"]


def test_broken_links_are_filtered(world: World) -> None:
    whole = broken("t.org", limit=1000).rows(world.store)
    assert broken("t.org", followed=True, limit=1000).rows(world.store) == [
        row for row in whole if row["rel"] == ""
    ]
    told = broken("t.org", authority=5.0, limit=1000).rows(world.store)
    assert told == [row for row in whole if (row["authority"] or 0) >= 5]
    pages = broken_pages("t.org", followed=True, limit=1000).rows(world.store)
    assert all(row["followed"] for row in pages)


def test_the_gap_is_to_at_least_so_many(world: World) -> None:
    whole = gap("t.org", VS, limit=1000).rows(world.store)
    both = gap("t.org", VS, at_least=2, limit=1000).rows(world.store)
    assert both == [row for row in whole if row["sites"] == 2]
    told = gap("t.org", VS, followed=True, authority=5.0, limit=1000).rows(world.store)
    assert told == [r for r in whole if r["followed"] and (r["authority"] or 0) >= 5]


def test_a_gap_to_nobody_or_to_too_many_is_refused() -> None:
    with pytest.raises(UsageError, match=r"other than t\.org"):
        gap("t.org", ["www.t.org"])
    with pytest.raises(UsageError, match="give 100 at most"):
        gap("t.org", [f"d{n}.org" for n in range(101)])
    with pytest.raises(UsageError, match="link to 3 of 2"):
        gap("t.org", VS, at_least=3)


def test_outlinks_are_filtered(world: World) -> None:
    whole = outlinks("u.org", state="all", limit=1000).rows(world.store)
    for state in ("live", "lost"):
        told = outlinks("u.org", state=state, limit=1000).rows(world.store)
        assert told == [row for row in whole if row["state"] == state]
        assert told
    told = outlinks("u.org", state="all", rel="ugc", limit=1000).rows(world.store)
    assert told == [row for row in whole if "ugc" in row["rel"]]
    told = outlinks("u.org", state="all", rel="followed", to=["www.t.org"], limit=1000).rows(
        world.store
    )
    assert told == [r for r in whole if r["rel"] == "" and r["target_domain"] == "t.org"]


@pytest.mark.parametrize("source", ["u.org", "u.org/*", "www.u.org", "u.org/p"])
@pytest.mark.parametrize("per", ["domain", "page"])
def test_outlinks_are_counted_as_they_are_listed(world: World, per: Any, source: str) -> None:
    listed = outlinks(source, state="all", limit=1000).rows(world.store)
    counts = outlink_counts(source, per=per, state="all", limit=1000).rows(world.store)
    by = "target_domain" if per == "domain" else "page"
    assert {row["name"] for row in counts} == {row[by] for row in listed}
    for row in counts:
        links = [link for link in listed if link[by] == row["name"]]
        live = [link for link in links if link["state"] == "live"]
        assert row["live"] == len(live)
        assert row["lost"] == sum(link["state"] == "lost" for link in links)
        assert row["unverified"] == sum(link["state"] == "unverified" for link in links)
        assert row["followed"] == sum(link["rel"] == "" for link in live)
        assert row["pages"] == len({link["page"] for link in live})
        assert row["target_pages"] == len({x["target_url"].partition("://")[2] for x in live})


def test_one_page_is_told_from_many() -> None:
    assert is_page("u.org/p")
    assert not is_page("u.org")
    assert is_page("u.org", "url")


def test_both_ends_of_links_are_of_two_domains() -> None:
    with pytest.raises(UsageError, match=r"both of t\.org"):
        between("t.org", "www.t.org")


def test_rows_are_typed_by_the_columns_that_there_are(world: World) -> None:
    index = Index(world.store)
    answers: list[Answer[Any]] = [
        index.networks("t.org"), index.places("t.org"), index.history("t.org"),
        index.history("t.org", links=True), index.change_counts("t.org"), index.changes("t.org"),
        index.broken("t.org"), index.broken_pages("t.org"), index.gap("t.org", VS),
        index.outlinks("u.org"), index.outlink_counts("u.org"), index.between("t.org", "u.org"),
    ]  # fmt: skip
    for answer in answers:
        told = answer.arrow()
        named = msgspec.structs.fields(answer.kind)
        required = {field.name for field in named if field.required}
        assert required <= set(told.column_names) <= {field.name for field in named}, answer.kind
        assert told.num_rows, answer.kind
        for row in rows(told):
            msgspec.convert(msgspec.to_builtins(answer.kind(**row)), answer.kind)
    first = index.changes("t.org", limit=3)
    rest = index.changes("t.org", limit=3, after=(first.rows() and first.next))
    assert [*first, *rest] == index.changes("t.org", limit=6).rows()


def test_questions_of_nobody_have_no_rows(world: World) -> None:
    for asked in (networks, places, change_counts, changes, broken, broken_pages, outlinks):
        assert asked("nobody.example").rows(world.store) == []
    assert between("nobody.example", "t.org").rows(world.store) == []
    told = history("nobody.example").rows(world.store)
    assert {row["referring_domains"] for row in told} == {0}, "pages were read all the same"
    assert rows(world.store.query("SELECT 1 AS one")) == [{"one": 1}]
