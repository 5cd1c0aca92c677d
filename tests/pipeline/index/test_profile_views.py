"""What the views with parameters answer is what plain Python makes of visits and links."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.store import rows
from tests.pipeline.index.world import OTHERS, SHORT, TARGETS, UNDERS, World, grouped, like, made
from tests.support.stores import AnyStore

START_OF: dict[str, Callable[[datetime.date], datetime.date]] = {
    "day": lambda day: day,
    "week": lambda day: day - datetime.timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}


pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def world(shared_store: AnyStore) -> World:
    return made(shared_store, 7)


def asked(world: World, call: str, **given: Any) -> list[dict[str, Any]]:
    return rows(world.store.query(f"SELECT * FROM {call}", given))


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[c] for c in ("source_url", "target_url", "kind"))


def end(row: dict[str, Any]) -> str:
    return str(row["end_url"].partition("://")[2])


def when(row: dict[str, Any]) -> datetime.datetime:
    """When a link is known to be gone."""
    found = row["lost_by"] or row["last_seen"]
    assert isinstance(found, datetime.datetime)
    return found


# --- changes ---


@pytest.mark.parametrize("under", UNDERS)
def test_every_coming_and_going_is_told(world: World, under: str) -> None:
    told = asked(world, "changes_of(domain = 't.org', under = {under:String})", under=under)
    wanted = set()
    for link in world.to(under=under):
        how = "appeared" if link["not_before"] else "discovered"
        wanted.add((link["first_seen"], how, "", link["not_before"], *key(link)))
        if link["state"] == "lost":
            counted = link["lost_by"] is None or link["reason"] in ("noindex", "canonicalised")
            until = link["counted_until"] if counted else link["last_seen"]
            wanted.add((when(link), "lost", link["reason"], until, *key(link)))
    for row in asked(world, "link_changes(domain = 't.org')"):
        if like(row["target_url"].partition("://")[2], under):
            span = (row["changed_by"], "changed", " ".join(row["what"]), row["changed_after"])
            wanted.add((*span, *key(row)))
    indirect = [row for row in told if row["indirect"]]
    told = [row for row in told if not row["indirect"]]
    found = [(r["at"], r["change"], r["reason"], r["after"], *key(r)) for r in told]
    assert {row["end_url"] for row in told} == {row["target_url"] for row in told}
    if under in ("%", "t.org/%"):
        assert {row["target_url"] for row in indirect} >= {SHORT}
        assert {row["end_url"] for row in indirect if row["target_url"] == SHORT} == {TARGETS[0]}
        assert {row["reason"] for row in indirect} >= {"", "way opened"}
    assert len(found) == len(set(found))
    assert set(found) == wanted
    if under == "%":
        assert {one[1] for one in found} == {"appeared", "discovered", "lost", "changed"}
        was = [row["was"].split(" · ") for row in told if row["change"] == "changed"]
        assert {len(one) for one in was} >= {1, 2}, "of several things at once"
        assert len({one[2] for one in found}) > 3, "of many reasons"


# --- broken ---


def gone(world: World, under: str = "%") -> list[dict[str, Any]]:
    """Live links that end on a page that is gone."""
    return [
        x for x in world.to()
        if x["state"] == "live" and x["broken"] and like(end(x), under)
    ]  # fmt: skip


@pytest.mark.parametrize("under", UNDERS)
def test_live_links_to_pages_that_are_gone_are_broken(world: World, under: str) -> None:
    told = asked(world, "broken_links_of(domain = 't.org', under = {under:String})", under=under)
    wanted = gone(world, under)
    same = ("end_url", "broken_since", "first_seen", "last_seen", "anchor", "nofollow")
    assert sorted((*key(row), *(row[c] for c in same)) for row in told) == sorted(
        (*key(row), *(row[c] for c in same)) for row in wanted
    )
    for row in told:
        assert (row["outcome"], row["status"]) == ("gone", 404)
    if under == "%":
        assert len({row["end_url"] for row in wanted}) > 1
        assert {row["target_url"] for row in wanted} - {row["end_url"] for row in wanted}


def test_broken_pages_are_counted_by_who_links_there(world: World) -> None:
    told = asked(world, "broken_pages_of(domain = 't.org', under = '%')")
    groups = grouped(({**x, "end": end(x)} for x in gone(world)), "end")
    assert {row["url"].partition("://")[2] for row in told} == groups.keys()
    for row in told:
        links = groups[row["url"].partition("://")[2]]
        assert row["links"] == len(links)
        assert row["referring_domains"] == len({link["source_domain"] for link in links})
        assert row["followed"] == sum(link["followed"] for link in links)
        best = min(
            links,
            key=lambda x: (
                not x["followed"], x["position"] != "main", x["source_url"], x["target_url"],
                x["kind"],
            ),
        )  # fmt: skip
        assert (row["source_url"], row["anchor"]) == (best["source_url"], best["anchor"])


# --- outlinks and between ---


def is_elsewhere(world: World, link: dict[str, Any]) -> bool:
    """Its domain links the very page from another one."""
    return any(
        x["state"] == "live" and x["first_seen"] >= link["last_seen"]
        for x in world.to(link["target_domain"])
        if (x["source_domain"], x["target"]) == (link["source_domain"], link["target"])
    )


@pytest.mark.parametrize("under", ["%", "u.org/%", "u.org/p", "www.u.org/%"])
def test_outlinks_are_the_backlinks_of_others_from_here(world: World, under: str) -> None:
    told = asked(world, "outlinks_of(domain = 'u.org', under = {under:String})", under=under)
    wanted = [
        x for x in world.named() if x["source_domain"] == "u.org" and like(x["source"], under)
    ]
    same = ("source_url", "target_domain", "target_url", "kind", "state", "reason", "anchor",
            "position", "nofollow", "first_seen", "not_before", "last_seen", "lost_by")  # fmt: skip
    assert sorted(key(row) for row in told) == sorted(key(row) for row in wanted)
    by_key = {key(row): row for row in wanted}
    for row in told:
        one = by_key[key(row)]
        if one["reason"] == "moved" and not is_elsewhere(world, one):
            # To the same end by another way: what a link's own page can't tell.
            one = {**one, "reason": row["reason"]}
            assert row["reason"] in ("removed", "gone", "redirected")
        assert {c: row[c] for c in same} == {c: one[c] for c in same}
        assert row["page"] == row["source_url"].partition("://")[2]
    assert wanted


@pytest.mark.parametrize("under", ["%", "t.org/%"])
@pytest.mark.parametrize("other_under", ["%", "u.org/p"])
def test_links_between_two_go_both_ways(world: World, under: str, other_under: str) -> None:
    told = asked(
        world,
        "links_between(domain = 't.org', under = {u:String}, "
        "other = 'u.org', other_under = {o:String})",
        u=under, o=other_under,
    )  # fmt: skip
    there = [
        x for x in world.links
        if x["source_domain"] == "u.org" and like(x["source"], other_under)
        and x["target_domain"] == "t.org" and (like(x["target"], under) or like(end(x), under))
    ]  # fmt: skip
    back = [
        x for x in world.to("u.org", other_under)
        if x["source_domain"] == "t.org" and like(x["source"], under)
    ]  # fmt: skip
    assert sorted(map(key, told)) == sorted(map(key, [*there, *back]))
    assert {key(row): row["target_domain"] for row in told} == {
        key(x): x["target_domain"] for x in [*there, *back]
    }
    turned = asked(
        world,
        "links_between(domain = 'u.org', under = {o:String}, "
        "other = 't.org', other_under = {u:String})",
        u=under, o=other_under,
    )  # fmt: skip
    assert sorted(map(key, turned)) == sorted(map(key, told))
    assert there
    assert {row["indirect"] for row in told} == {0, 1}, "some by way of another page"
    assert back or other_under != "%"


# --- history ---


@pytest.mark.parametrize("under", ["%", "t.org/blog/%"])
@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_history_counts_domains_with_the_pages_read_beneath(
    world: World, by: str, under: str
) -> None:
    call = "history_of(domain = 't.org', under = {under:String}, by = {by:String})"
    told = sorted(asked(world, call, under=under, by=by), key=lambda row: row["period"])
    spans = []
    for links in grouped(world.to(under=under), "source_domain").values():
        lost = all(link["state"] == "lost" for link in links)
        known = [link["lost_by"] for link in links if link["lost_by"]]
        went = max(known or [link["last_seen"] for link in links]) if lost else None
        spans.append((min(link["first_seen"] for link in links), went))
    domains = {link["source_domain"] for link in world.to(under=under)}
    for row in told:
        begins = row["period"]
        assert START_OF[by](begins) == begins

        def in_it(at: datetime.datetime | None, begins: datetime.date = begins) -> bool:
            return at is not None and START_OF[by](at.date()) == begins

        def by_then(at: datetime.datetime | None, begins: datetime.date = begins) -> bool:
            return at is not None and START_OF[by](at.date()) <= begins

        assert row["gained"] == sum(in_it(came) for came, _ in spans)
        assert row["lost"] == sum(in_it(went) for _, went in spans)
        assert row["referring_domains"] == sum(
            by_then(came) and not by_then(went) for came, went in spans
        )
        read = {
            (page.domain, page.host, page.path)
            for page in world.pages
            if page.outcome == "ok"
            and by_then(datetime.datetime.fromtimestamp(page.fetched_at / 1000, datetime.UTC))
        }
        assert row["pages_read"] == len(read), "exact for few"
        assert row["sites_read"] == len({one[0] for one in read})
        assert row["their_pages_read"] == len({one for one in read if one[0] in domains})
    assert sum(row["gained"] for row in told) == len(spans)
    assert told[-1]["referring_domains"] == sum(went is None for _, went in spans)
    listed = asked(world, "changes_of(domain = 't.org', under = {under:String})", under=under)
    came: dict[str, int] = defaultdict(int)
    for row in listed:
        if row["indirect"]:
            came[row["source_domain"]] += 1 if row["change"] != "lost" else -1
    assert told[-1]["indirect_domains"] == sum(kept > 0 for kept in came.values())
    assert sum(row["indirect_gained"] for row in told) == len(came)
    assert came or under != "%"


# --- gap ---


@pytest.mark.parametrize("under", UNDERS)
@pytest.mark.parametrize("others", [["u.org"], ["u.org", "v.co.uk"], ["t.org", "g0.com", "u.org"]])
def test_the_gap_is_who_links_to_others_and_not_here(
    world: World, under: str, others: list[str]
) -> None:
    call = "gap_of(domain = 't.org', under = {under:String}, others = {others:Array(String)})"
    told = asked(world, call, under=under, others=others)
    live = [x for x in world.named() if x["state"] == "live"]
    mine = {x["source_domain"] for x in live if x in world.to(under=under)}
    if under == "%":  # and by pages elsewhere that lead on
        there = [x for x in world.links if x["target_domain"] == "t.org" and x["state"] == "live"]
        mine = {x["source_domain"] for x in there}
    lost = {x["source_domain"] for x in world.to() if x["state"] == "lost"}
    wanted = {}
    for domain, links in grouped(live, "source_domain").items():
        to = sorted({x["target_domain"] for x in links} & set(others) - {"t.org"})
        if to and domain not in mine and domain not in (*others, "t.org"):
            counted = [x for x in links if x["target_domain"] in to]
            wanted[domain] = (
                len(to), to, len(counted), sum(x["followed"] for x in counted), domain in lost,
            )  # fmt: skip
    found = {
        row["source_domain"]: (
            row["sites"], row["links_to"], row["links"], row["followed"], bool(row["lost"]),
        )
        for row in told
    }  # fmt: skip
    assert found == wanted
    for row in told:
        for to, source_url, target_url, anchor in zip(
            row["links_to"], row["source_urls"], row["target_urls"], row["anchors"], strict=True
        ):
            (best,) = [
                x for x in live if (x["source_url"], x["target_url"]) == (source_url, target_url)
            ]
            assert (best["target_domain"], best["anchor"]) == (to, anchor)
            assert best["source_domain"] == row["source_domain"]


def test_the_world_has_what_is_to_be_told_apart(world: World) -> None:
    assert {x["target"] for x in world.to()} == {u.partition("://")[2] for u in TARGETS}
    assert {x["target_domain"] for x in world.links} == {"t.org", "u.org", "v.co.uk", "w.net"}
    assert {x["state"] for x in world.links} >= {"live", "lost"}
    assert len(OTHERS) == 4
    assert [x for x in world.links if x["indirect"] and x not in world.named()]
