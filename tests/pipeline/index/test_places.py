"""Where referring domains are, as plain Python counts them: networks, countries, languages."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.index.questions import Index
from pipeline.store import rows
from pipeline.url import canonical
from tests.pipeline.index.world import TARGET, UNDERS, World, grouped, like, made, owner
from tests.support.stores import AnyStore

GENERIC = ("io", "com", "org")
COUNTRIES = {"de": "DE", "uk": "GB", "fr": "FR", "xn--p1ai": "RU"}


pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def world(shared_store: AnyStore) -> World:
    return made(shared_store, 5)


def referrers(world: World) -> dict[str, dict[str, Any]]:
    found = rows(world.store.query("SELECT * FROM referrers FINAL WHERE target_domain = 't.org'"))
    return {row["source_domain"]: row for row in found}


def located(world: World, under: str) -> Iterator[dict[str, Any]]:
    """Every referring domain with a live link there, or to what leads there, as Python tells it."""
    kept = referrers(world)
    live = [
        {**link, "named": is_named(link, under)}
        for link in world.links
        if link["state"] == "live" and link["target_domain"] == TARGET
        and (is_named(link, under) or (link["indirect"] and like(bare(link["end_url"]), under)))
    ]  # fmt: skip
    for domain, links in grouped(live, "source_domain").items():
        tld = domain.rpartition(".")[2]
        ip = kept[domain]["ip"]
        net = ""
        if ip:
            length = 24 if "." in ip else 48
            net = str(ipaddress.ip_network(f"{ip}/{length}", strict=False))
        yield {
            "source_domain": domain,
            "tld": tld,
            "country": "" if tld in GENERIC else COUNTRIES[tld],
            "language": kept[domain]["language"],
            "ip": ip,
            "net": net,
            "owner": owner(domain),
            "links": len(links),
            "followed": sum(link["followed"] for link in links),
            "indirect": sum(not link["named"] for link in links),
        }


def is_named(link: dict[str, Any], under: str) -> bool:
    """Does it name a page that is asked for?"""
    return canonical(link["target_url"]).domain == TARGET and like(link["target"], under)


def bare(url: str) -> str:
    return url.partition("://")[2]


@pytest.mark.parametrize("under", UNDERS)
def test_each_referring_domain_has_its_place(world: World, under: str) -> None:
    told = rows(
        world.store.query(
            "SELECT * EXCEPT authority "
            "FROM referrer_places(domain = 't.org', under = {under:String}) "
            "ORDER BY source_domain",
            {"under": under},
        )
    )
    wanted = sorted(located(world, under), key=lambda one: str(one["source_domain"]))
    assert told == [{k: v for k, v in one.items() if k != "owner"} for one in wanted]
    assert len(wanted) > (4 if under == "%" else 0)
    if under in ("%", "t.org/%"):
        assert any(one["indirect"] for one in wanted)
        assert any(one["links"] > one["indirect"] for one in wanted)


def test_a_domain_that_links_by_way_of_others_alone_has_its_place(world: World) -> None:
    told = rows(world.store.query("SELECT * FROM referrer_places(domain = 't.org', under = '%')"))
    alone = {row["source_domain"] for row in told if row["links"] == row["indirect"]}
    refs = Index(world.store).refs(TARGET, limit=1_000).rows()
    assert alone == {row.source_domain for row in refs if row.live == 0} != set()
    assert {row["source_domain"] for row in told} == {row.source_domain for row in refs}


@pytest.mark.parametrize("under", ["%", "t.org/blog/%"])
@pytest.mark.parametrize("by", ["ip", "net", "owner", "tld", "country", "language"])
def test_groups_are_what_their_domains_come_to(world: World, by: str, under: str) -> None:
    view, name = (
        ("networks_of", "network") if by in ("ip", "net", "owner") else ("places_of", "place")
    )
    told = rows(
        world.store.query(
            f"SELECT * FROM {view}(domain = 't.org', under = {{under:String}}, by = {{by:String}}) "
            f"ORDER BY {name}",
            {"under": under, "by": by},
        )
    )
    groups = grouped(located(world, under), by)
    known = sum(len(group) for key, group in groups.items() if key)
    assert [row[name] for row in told] == sorted(groups)
    for row in told:
        group = groups[row[name]]
        assert row["referring_domains"] == len(group)
        assert row["links"] == sum(one["links"] for one in group)
        assert row["followed"] == sum(one["followed"] for one in group)
        assert row["indirect"] == sum(one["indirect"] for one in group)
        assert row["share"] == (pytest.approx(len(group) / known) if row[name] else None)
        if "effective" in row:
            shares = [len(group) / known for key, group in groups.items() if key]
            assert row["effective"] == pytest.approx(1 / sum(share**2 for share in shares))


def test_a_platforms_sites_have_one_owner(world: World) -> None:
    assert owner("jo.github.io") == "github.io"
    told = rows(world.store.query("SELECT * FROM platforms FINAL"))
    assert told == [{"suffix": "github.io", "owner": "github.io"}]
