"""Where referring domains are, as plain Python counts them: networks, countries, languages."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.store import rows
from tests.pipeline.index.world import UNDERS, World, grouped, made, owner
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
    """Every referring domain with a live link there, as Python tells it."""
    kept = referrers(world)
    live = [link for link in world.to(under=under) if link["state"] == "live"]
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
        }


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
        assert row["share"] == (pytest.approx(len(group) / known) if row[name] else None)
        if "effective" in row:
            shares = [len(group) / known for key, group in groups.items() if key]
            assert row["effective"] == pytest.approx(1 / sum(share**2 for share in shares))


def test_a_platforms_sites_have_one_owner(world: World) -> None:
    assert owner("jo.github.io") == "github.io"
    told = rows(world.store.query("SELECT * FROM platforms FINAL"))
    assert told == [{"suffix": "github.io", "owner": "github.io"}]
