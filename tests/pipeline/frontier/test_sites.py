"""What sites' pages came to: a pure function of the pages, and what a plan makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.frontier.sites import Sites, spent_owners
from pipeline.page import Request
from pipeline.settings import PlanSettings
from pipeline.store import rows
from tests.support.records import DAY, START, TODAY, page, write
from tests.support.stores import AnyStore

pytestmark = pytest.mark.embedded
SETTINGS = PlanSettings(least_site_pages=4, site_pages=10, most_site_pages=100)
LINK = ["https://other.org/"]
FOUND = Request(hops=1)  # nobody named it


def sites(store: AnyStore) -> dict[str, dict[str, Any]]:
    found = rows(store.query("SELECT * FROM sites FINAL"))
    return {row.pop("domain"): {k: v for k, v in row.items() if k != "at"} for row in found}


def visited(store: AnyStore, host: str, texts: list[str], links: list[str]) -> None:
    pages = [
        page(f"https://{host}/{i}", START + i, links, text=f"{text:0>16}", request=FOUND)
        for i, text in enumerate(texts)
    ]
    write(store, pages, TODAY)


def test_sites_are_judged_by_what_their_pages_came_to(store: AnyStore) -> None:
    visited(store, "good.org", list("12345678"), LINK)
    visited(store, "www.good.org", ["9"], LINK)
    visited(store, "trap.org", ["1"] * 8, LINK)
    visited(store, "me.github.io", ["1"], LINK)
    broken = [
        page(f"https://broken.org/{i}", START, outcome="error", request=FOUND) for i in range(5)
    ]
    write(store, broken, TODAY)
    store.execute(
        "INSERT INTO domain_quality (snapshot, domain, authority, out_domains) "
        "VALUES (7, 'good.org', 50, 999), (6, 'good.org', 1, 1)"
    )
    store.execute("INSERT INTO snapshots (snapshot) VALUES (7)")
    job = Sites(store, SETTINGS, clock=lambda: TODAY / 1000 + 5)
    assert job.run() == 4
    found = sites(store)
    good = found["good.org"]
    assert (good["pages"], good["complete"], good["texts"], good["linking"]) == (9, 9, 9, 9)
    assert (good["authority"], good["out_domains"], good["merit"]) == (50.0, 999, 1.0)
    assert {name: each["budget"] for name, each in found.items()} == {
        "good.org": 18, "trap.org": 4, "broken.org": 4, "me.github.io": 10,
    }  # fmt: skip
    assert found["trap.org"]["texts"] == 1
    assert found["me.github.io"]["owner"] == "github.io"
    assert spent_owners(store, SETTINGS) == []
    one = PlanSettings(platform_pages=1)
    assert spent_owners(store, one) == ["github.io"]

    # Again, in another order, and with a visit that changes one page.
    again = Sites(store, SETTINGS, clock=lambda: TODAY / 1000 + 9)
    assert again.run() == 4, "arrivals may be late"
    assert sites(store) == found
    write(
        store,
        [page("https://trap.org/1", START + DAY, LINK, text=f"{2:016}", request=FOUND)],
        TODAY + 90_000,
    )
    later = Sites(store, SETTINGS, clock=lambda: TODAY / 1000 + 100)
    assert later.run() == 4
    assert later.run() == 1, "what came in since, or late"
    assert sites(store)["trap.org"]["texts"] == 2
    assert sites(store)["good.org"] == good


def test_budgets_follow_the_settings_and_what_was_named(store: AnyStore) -> None:
    for name in ("calm.org", "trap.org", "named.org"):
        visited(store, name, list("12345678") if name == "calm.org" else ["1"] * 8, [])
    store.execute(
        "INSERT INTO frontier_in (domain, host, path, hops) "
        "VALUES ('named.org', 'named.org', '/', 0)"
    )
    now = TODAY / 1000 + 100

    def budgets(settings: PlanSettings) -> dict[str, int]:
        Sites(store, settings, clock=lambda: now).run()
        return {name: each["budget"] for name, each in sites(store).items()}

    assert budgets(SETTINGS) == {"calm.org": 10, "trap.org": 4, "named.org": 10}
    before = sites(store)
    now += 100
    store.execute(
        "INSERT INTO marks (job, version, mark) VALUES ('sites', 9000000000000, 9000000000000)"
    )
    more = PlanSettings(least_site_pages=6, site_pages=30, most_site_pages=30)
    assert budgets(more) == {"calm.org": 30, "trap.org": 7, "named.org": 30}
    assert budgets(SETTINGS) == {"calm.org": 10, "trap.org": 4, "named.org": 10}
    assert sites(store) == before


def test_a_large_site_is_looked_at_rarely_and_its_last_arrival_is_not_forgotten(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.frontier.sites._LARGE", 3)
    monkeypatch.setattr("pipeline.frontier.sites._PAGE_S", 100.0)
    now = TODAY / 1000
    job = Sites(store, SETTINGS, clock=lambda: now)
    visited(store, "large.org", list("1234"), LINK)
    assert job.run() == 1
    write(store, [page("https://large.org/9", START, LINK, text="a" * 16)], TODAY + 1)
    now += 399
    assert job.run() == 0
    now += 1
    assert job.run() == 1
    assert sites(store)["large.org"]["pages"] == 5


def test_pages_of_before_their_texts_were_kept_tell_nothing(store: AnyStore) -> None:
    """Or every site that an old index knows would be judged as one with a single text."""
    store.execute(
        "INSERT INTO pages (domain, host, path, last_complete) VALUES ('a.org', 'a.org', '/', 5)"
    )
    visited(store, "a.org", ["1"], LINK)
    Sites(store, SETTINGS).run()
    assert sites(store)["a.org"]["pages"] == 1
