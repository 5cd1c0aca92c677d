"""The planner: which URLs are fetched next, how many of each site, in what order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.frontier.plan import Planner
from pipeline.frontier.request import Wanted, decode
from pipeline.frontier.waiting import beyond_budgets
from pipeline.log import REQUESTS
from pipeline.log.sqlite import SqliteLog
from pipeline.page import Request
from pipeline.settings import PlanSettings
from pipeline.store.migrate import migrate
from pipeline.url import canonical
from tests.support.faults import Clock
from tests.support.records import START, TODAY, page, write
from tests.support.stores import AnyStore, Databases

NOW = START / 1000
LEASE_S = 180 + 120


class Plans:
    """A planner over a store and a log of its own."""

    def __init__(self, store: AnyStore, path: Path) -> None:
        self.store, self.clock = store, Clock(NOW)
        self.log = SqliteLog(path, partitions=1, clock=self.clock, heartbeat_s=0)
        self.reader = self.log.reader("crawl", [REQUESTS])
        self.arrived = TODAY

    def planner(self, *, delay_s: float = 0.0, timeout_s: float = 30.0, **settings: Any) -> Planner:
        settings.setdefault("scope", "open")
        plan = PlanSettings(**settings)
        return Planner(self.store, self.log, plan, delay_s, timeout_s=timeout_s, clock=self.clock)

    def seed(self, *urls: str) -> None:
        self.planner().seed(canonical(url) for url in urls)

    def fetched(self, url: str, *links: str, ago_s: int = 0, **more: Any) -> None:
        self.arrived += 1
        at = int((self.clock.now - ago_s) * 1000)
        write(self.store, [page(url, at, links, **more)], self.arrived)

    def plan(
        self, pages: int = 2_000, *, ignore_leases: bool = False, **settings: Any
    ) -> list[str]:
        return [wanted.url for wanted in self.requests(pages, ignore_leases, **settings)]

    def requests(
        self, pages: int = 2_000, ignore_leases: bool = False, **settings: Any
    ) -> list[Wanted]:
        planned = self.planner(**settings).plan(pages, ignore_leases=ignore_leases)
        found = self.reader.poll(timeout_s=0, max_records=5_000)
        assert len(found) == planned
        for record in found:
            assert record.key == canonical(decode(record.value).url).domain.encode()
        return [decode(record.value) for record in found]


@pytest.fixture
def plans(store: AnyStore, tmp_path: Path) -> Iterator[Plans]:
    made = Plans(store, tmp_path / "log.sqlite")
    yield made
    made.reader.close()
    made.log.close()


def test_nothing_known_is_nothing_planned(plans: Plans) -> None:
    assert plans.plan() == []


def test_a_seed_is_planned_with_its_deadline(plans: Plans) -> None:
    plans.seed("https://a.org/x?y=1", "http://b.org/")
    found = plans.requests()
    assert sorted(wanted.url for wanted in found) == ["http://b.org/", "https://a.org/x?y=1"]
    assert {wanted.deadline for wanted in found} == {START + 180_000}
    assert {wanted.carried for wanted in found} == {Request()}


def test_where_only_what_is_asked_for_is_fetched_nothing_else_is_nor_is_a_site_s_room_asked(
    plans: Plans,
) -> None:
    """As to verify a list: of 30 due URLs, the 20 that were asked for now, beyond a budget of 5."""
    plans.seed(*(f"https://a.org/old{n}" for n in range(5)))
    plans.fetched("https://a.org/again", ago_s=1_000)
    plans.clock.now += 100
    asked = {f"https://a.org/{n}" for n in range(20)} | {"https://a.org/again"}
    plans.seed(*asked)
    planner = plans.planner(scope="site", site_pages=5, least_site_pages=5, most_site_pages=5)
    planner.only = int(plans.clock.now)
    assert planner.plan(2_000) == len(asked)
    found = {decode(record.value).url for record in plans.reader.poll(timeout_s=0)}
    assert found == asked
    for url in sorted(asked):
        plans.fetched(url)
    assert planner.plan(2_000, ignore_leases=True) == 0


def test_nothing_is_planned_twice_while_it_is_leased(plans: Plans) -> None:
    plans.seed("https://a.org/")
    assert plans.plan() == ["https://a.org/"]
    plans.clock.now += LEASE_S - 1
    assert plans.plan() == []
    plans.clock.now += 1
    assert plans.plan() == ["https://a.org/"], "whoever had it never fetched it"


@pytest.mark.embedded
@pytest.mark.parametrize("timeout_s", [0.5, 600])
def test_a_lease_outlives_the_slowest_visit_that_begins_at_its_deadline(
    plans: Plans, timeout_s: float
) -> None:
    plans.seed("https://a.org/")
    (wanted,) = plans.requests(timeout_s=timeout_s)
    robots_and_page, clocks = 2 * timeout_s, 59
    plans.clock.now = wanted.deadline / 1000 + robots_and_page + clocks
    assert plans.plan(timeout_s=timeout_s) == [], "it may still be on its way"
    plans.clock.now += 2
    assert plans.plan(timeout_s=timeout_s) == ["https://a.org/"]


def test_a_lease_ends_when_the_page_is_fetched(plans: Plans) -> None:
    plans.seed("https://a.org/")
    plans.plan()
    plans.clock.now += 5
    plans.fetched("https://a.org/")
    assert plans.plan() == [], "it is not due"
    plans.clock.now += 5
    plans.planner().again()
    assert plans.plan() == ["https://a.org/"]
    assert plans.plan() == [], "and leased again"


def test_a_clock_moved_back_delays_what_was_planned_and_loses_nothing(plans: Plans) -> None:
    plans.seed("https://leased.org/", "https://fetched.org/")
    plans.plan()
    plans.fetched("https://fetched.org/", "https://found.org/")
    plans.clock.now -= 3600
    plans.seed("https://new.org/")
    assert sorted(plans.plan()) == ["https://found.org/", "https://new.org/"]
    plans.clock.now += 3600 + LEASE_S + 1
    assert sorted(plans.plan()) == [
        "https://found.org/", "https://leased.org/", "https://new.org/",
    ]  # fmt: skip


def test_a_planner_that_knows_better_may_ignore_leases(plans: Plans) -> None:
    plans.seed("https://a.org/")
    plans.plan()
    assert plans.plan(ignore_leases=True) == ["https://a.org/"]


def test_a_page_is_planned_again_when_it_is_due(plans: Plans) -> None:
    plans.fetched("https://a.org/")
    week = 7 * 86_400
    plans.clock.now += week - 1
    assert plans.plan() == []
    plans.clock.now += 1
    assert plans.plan() == ["https://a.org/"]


def test_a_failed_page_is_tried_again_with_its_attempt(plans: Plans) -> None:
    plans.seed("https://a.org/")
    plans.fetched("https://a.org/", outcome="error", request=Request(attempt=2))
    plans.clock.now += 16 * 3_600
    (wanted,) = plans.requests()
    assert wanted.carried.attempt == 3
    plans.clock.now += 60
    plans.fetched("https://a.org/")
    plans.clock.now += 8 * 86_400
    (wanted,) = plans.requests()
    assert wanted.carried.attempt == 0


def test_what_the_last_visit_left_is_carried_to_the_next(plans: Plans) -> None:
    plans.fetched("https://a.org/", etag='"1"', ago_s=100, request=Request(hops=2))
    plans.fetched(
        "https://a.org/", "https://b.org/", etag='"2"', last_modified="yesterday",
        request=Request(hops=2, interval_s=86_400),
    )  # fmt: skip
    plans.clock.now += 8 * 86_400
    found = {wanted.url: wanted.carried for wanted in plans.requests()}
    carried = found["https://a.org/"]
    assert (carried.etag, carried.last_modified) == ('"2"', "yesterday")
    assert carried.interval_s == 86_400 // 2
    assert carried.digest == page("https://a.org/", 1, ["https://b.org/"]).digest
    assert carried.hops == 2
    assert found["https://b.org/"] == Request(hops=3)


def test_a_failure_between_does_not_lose_the_validators(plans: Plans) -> None:
    plans.fetched("https://a.org/", etag='"1"', ago_s=100)
    plans.fetched("https://a.org/", outcome="timeout")
    plans.clock.now += 3_601
    (wanted,) = plans.requests()
    assert wanted.carried.etag == '"1"'


def test_a_page_asked_for_again_is_fetched_whole(plans: Plans) -> None:
    """A 304 proves nothing gone, and answers nobody who asked."""
    plans.fetched("https://a.org/", etag='"1"', last_modified="yesterday")
    plans.clock.now += 10
    plans.planner().again()
    (wanted,) = plans.requests()
    assert (wanted.carried.etag, wanted.carried.last_modified) == ("", "")
    assert wanted.carried.digest != ""


def test_again_wants_what_was_fetched_and_nothing_else(plans: Plans) -> None:
    plans.fetched("https://a.org/", "https://b.org/")
    plans.clock.now += 10
    plans.planner().again()
    assert plans.plan(scope="site") == ["https://a.org/"]
    plans.clock.now += 1
    plans.fetched("https://a.org/")
    plans.clock.now += 1
    assert plans.plan(scope="site") == [], "the wish is fulfilled"


def test_a_wish_for_later_waits_until_then(plans: Plans) -> None:
    plans.fetched("https://a.org/")
    later = int(NOW) + 1_000
    plans.store.execute(
        "INSERT INTO frontier_in (domain, host, path, wanted) VALUES "
        f"('a.org', 'a.org', '/', {later})"
    )
    plans.clock.now += 999
    assert plans.plan() == []
    plans.clock.now += 1
    assert plans.plan() == ["https://a.org/"]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("site", {"https://a.org/", "https://a.org/in"}),
        ("hops:1", {"https://a.org/", "https://a.org/in", "https://b.org/"}),
        ("hops:2", {"https://a.org/", "https://a.org/in", "https://b.org/", "https://c.org/"}),
        ("open", {"https://a.org/", "https://a.org/in", "https://b.org/", "https://c.org/"}),
    ],
)
def test_the_scope_is_how_far_from_a_seed(plans: Plans, scope: str, expected: set[str]) -> None:
    plans.seed("https://a.org/")
    plans.fetched("https://a.org/", "https://b.org/", inner=["https://a.org/in"])
    plans.fetched("https://b.org/", "https://c.org/", request=Request(hops=1))
    plans.clock.now += 30 * 86_400
    assert set(plans.plan(scope=scope)) == expected


def test_a_seed_found_far_away_is_a_seed(plans: Plans) -> None:
    plans.fetched("https://b.org/", "https://a.org/", request=Request(hops=5))
    plans.seed("https://a.org/")
    assert plans.plan(scope="site") == ["https://a.org/"]


def test_the_site_budget_counts_what_is_known_and_fetched(plans: Plans) -> None:
    inner = [f"https://a.org/{i}" for i in range(10)]
    plans.fetched("https://a.org/", inner=inner)
    plans.fetched("https://b.org/", inner=[f"https://b.org/{i}" for i in range(3)])
    counts = Counter(canonical(url).domain for url in plans.plan(site_pages=6))
    assert counts == {"a.org": 5, "b.org": 3}
    assert plans.plan(site_pages=6) == [], "what is leased counts"
    for url in inner[:5]:
        plans.fetched(url)
    plans.clock.now += 30 * 86_400
    revisits = plans.plan(site_pages=6)
    assert sum(canonical(url).domain == "a.org" for url in revisits) == 6, "revisits are no growth"


def test_the_site_budget_takes_subdomains_together(plans: Plans) -> None:
    plans.seed(*(f"https://{name}.a.org/" for name in "bcdefgh"))
    assert len(plans.plan(site_pages=4)) == 4


def test_a_host_gets_no_more_than_it_can_answer_in_time(plans: Plans) -> None:
    plans.seed(
        *(f"https://a.org/{i}" for i in range(60)), *(f"https://b.org/{i}" for i in range(5))
    )
    cap = int(0.25 * 180 / (1 + 0.2))
    counts = Counter(canonical(url).host for url in plans.plan(delay_s=1))
    assert counts == {"a.org": cap, "b.org": 5}
    assert plans.plan(delay_s=1) == [], "they are still on their way"
    plans.clock.now += LEASE_S
    assert Counter(canonical(url).host for url in plans.plan(delay_s=1))["a.org"] == cap


def test_a_slow_host_gets_at_least_one(plans: Plans) -> None:
    plans.seed("https://a.org/1", "https://a.org/2")
    assert len(plans.plan(delay_s=3_600)) == 1


def test_hosts_are_interleaved(plans: Plans) -> None:
    plans.seed(*(f"https://{host}.org/{i}" for host in "abc" for i in range(4)))
    hosts = [canonical(url).host for url in plans.plan()]
    for start in range(0, 12, 3):
        assert sorted(hosts[start : start + 3]) == ["a.org", "b.org", "c.org"]


def test_no_more_pages_than_asked_for(plans: Plans) -> None:
    plans.seed(*(f"https://a{i}.org/" for i in range(9)))
    assert len(plans.plan(4)) == 4
    assert len(plans.plan(4)) == 4
    assert len(plans.plan(4)) == 1


def test_what_is_near_and_new_goes_first(plans: Plans) -> None:
    plans.fetched("https://old.org/", ago_s=30 * 86_400)
    plans.fetched("https://old.org/x", "https://far.org/", ago_s=1)
    plans.seed("https://seed.org/")
    assert plans.plan(1) == ["https://seed.org/"]
    assert plans.plan(1) == ["https://far.org/"]
    assert plans.plan(1) == ["https://old.org/"]


def strengths(plans: Plans, snapshot: int, **strength: float) -> None:
    """Of domains `name`.org as a whole, as the scorer writes them."""
    for name, value in strength.items():
        plans.store.execute(
            "INSERT INTO page_strength SELECT {s:UInt64}, cityHash64({d:String}) % 1024, "
            "{d:String}, '', '', {v:Float32}",
            {"s": snapshot, "d": f"{name}.org", "v": value},
        )
    plans.store.execute("INSERT INTO snapshots (snapshot) VALUES ({s:UInt64})", {"s": snapshot})


def test_authority_in_the_last_snapshot_chooses_among_equals(plans: Plans) -> None:
    plans.seed("https://a.org/", "https://b.org/", "https://c.org/")
    strengths(plans, 1, a=0.9)
    strengths(plans, 2, a=0.01, c=0.5)
    assert [plans.plan(1)[0] for _ in range(3)] == [
        "https://c.org/", "https://a.org/", "https://b.org/",
    ]  # fmt: skip


def test_https_is_preferred_once_it_was_seen(plans: Plans) -> None:
    plans.seed("http://a.org/")
    plans.seed("https://a.org/")
    assert plans.plan() == ["https://a.org/"]


@pytest.mark.engine
def test_the_order_of_discovery_in_the_store_changes_nothing(
    databases: Databases, tmp_path: Path
) -> None:
    """The same frontier gives the same plan, however its rows came to be and were merged."""
    plans = []
    urls = [f"https://a{i % 4}.org/{i}" for i in range(30)]
    for seed in range(2):
        dice = random.Random(seed)
        other = databases.new()
        migrate(other)
        one = Plans(other, tmp_path / f"{seed}.sqlite")
        dice.shuffle(urls)
        for start in range(0, 30, 10):
            one.seed(*urls[start : start + 10])
        if seed:
            other.execute("OPTIMIZE TABLE frontier FINAL")
        plans.append(one.plan(20, site_pages=6, delay_s=5))
        one.reader.close()
        one.log.close()
        databases.drop(other)
    assert plans[0] == plans[1]
    assert len(plans[0]) == 20


# --- the order, and room ---


def said(plans: Plans, verb: str, name: str, value: float, at: int = 1) -> None:
    plans.store.execute(
        "INSERT INTO controls SELECT {v:String}, {n:String}, {x:Float64}, {at:UInt64}, '', ''",
        {"v": verb, "n": name, "x": value, "at": at},
    )


@pytest.mark.embedded
def test_each_pool_has_its_share_of_a_plan_and_what_it_leaves_goes_to_the_others(
    plans: Plans,
) -> None:
    for i in range(20):
        plans.fetched(f"https://old{i}.org/", ago_s=30 * 86_400)
    plans.fetched("https://from.org/", *(f"https://new{i}.org/" for i in range(40)), ago_s=1)
    counts = Counter(canonical(url).host[:3] for url in plans.plan(20, revisit_share=0.5))
    assert counts == {"new": 10, "old": 10}
    counts = Counter(canonical(url).host[:3] for url in plans.plan(40, revisit_share=0.5))
    assert counts == {"new": 30, "old": 10}, "revisits have no more"


@pytest.mark.embedded
def test_exploration_draws_some_domains_without_authority_each_day(plans: Plans) -> None:
    names = {f"known{i}": 0.2 + i / 1000 for i in range(40)}
    plans.fetched("https://from.org/", *(f"https://{name}.org/" for name in names), ago_s=2)
    plans.fetched("https://from.org/2", *(f"https://far{i}.org/" for i in range(40)), ago_s=1)
    strengths(plans, 1, **names)
    found = [canonical(url).host[:3] for url in plans.plan(9, revisit_share=0.4, explore_share=0.2)]
    assert Counter(found) == {"kno": 6, "far": 3}, "as 0.4 to 0.2, since there is no revisit"


@pytest.mark.embedded
def test_a_url_that_strong_domains_link_to_goes_first_on_its_host_and_beyond(
    plans: Plans,
) -> None:
    plans.seed("https://seed.org/")
    plans.plan()
    inner = [f"https://seed.org/{i}" for i in range(5)]
    plans.fetched("https://seed.org/", "https://else.org/", inner=inner)
    plans.store.execute(
        "INSERT INTO page_strength SELECT 3, cityHash64('seed.org') % 1024, 'seed.org', "
        "'seed.org', '/3', 0.9"
    )
    plans.store.execute("INSERT INTO snapshots (snapshot) VALUES (3)")
    assert plans.plan(1, explore_share=0.01) == ["https://seed.org/3"]


@pytest.mark.embedded
def test_of_revisits_the_most_overdue_by_its_interval_goes_first(plans: Plans) -> None:
    week, day = 7 * 86_400, 86_400
    plans.fetched("https://slow.org/", ago_s=0)
    plans.fetched("https://fast.org/", ago_s=0, request=Request(interval_s=2 * day, digest="x"))
    plans.clock.now += week + day
    assert plans.plan(1, explore_share=0.01)[0] == "https://fast.org/", "eight days over one"
    strengths(plans, 1, strong=0.9)
    plans.fetched("https://strong.org/", ago_s=week + day)
    assert plans.plan(1, explore_share=0.01)[0] == "https://strong.org/", "times its authority"


@pytest.mark.embedded
def test_a_slow_host_gets_less_by_what_was_measured(plans: Plans) -> None:
    for host, latency in (("fast.org", 100), ("slow.org", 8_900)):
        plans.fetched(
            f"https://{host}/", inner=[f"https://{host}/{i}" for i in range(60)],
            request=Request(latency_ms=latency),
        )  # fmt: skip
    counts = Counter(canonical(url).host for url in plans.plan(delay_s=0.1))
    assert counts == {"fast.org": 60, "slow.org": int(0.25 * 180 / 9)}
    said(plans, "delay", "fast.org", 4.9)
    plans.clock.now += LEASE_S
    counts = Counter(canonical(url).host for url in plans.plan(delay_s=0.1))
    assert counts["fast.org"] == int(0.25 * 180 / 5)


def test_what_a_host_was_last_seen_to_need_travels_with_each_request_to_it(plans: Plans) -> None:
    inner = [f"https://a.org/{i}" for i in range(9)]
    plans.fetched(
        "https://a.org/", "https://b.org/", inner=inner, ago_s=40,
        request=Request(latency_ms=50, delay_s=20.5),
    )  # fmt: skip
    plans.fetched(inner[0], ago_s=30, request=Request(latency_ms=700, delay_s=10.25))
    plans.fetched(inner[1], ago_s=20, outcome="robots", request=Request(delay_s=10.25))
    found = {wanted.url: wanted.carried for wanted in plans.requests(delay_s=1)}
    assert found.pop("https://b.org/") == Request(hops=1), "nobody was there"
    assert len(found) == int(0.25 * 180 / (10.25 + 0.25)), "its delay and its mean latency"
    assert set(found.values()) == {Request(latency_ms=700, delay_s=10.25)}, "as last measured"


@pytest.mark.embedded
def test_the_greatest_delay_of_ours_of_operators_and_of_the_host_says_how_many_it_gets(
    plans: Plans,
) -> None:
    plans.fetched(
        "https://a.org/", inner=[f"https://a.org/{i}" for i in range(60)],
        request=Request(delay_s=2.0),
    )  # fmt: skip
    said(plans, "delay", "a.org", 1)
    for expected, ours_s, said_s in ((22, 0.5, 1), (11, 4, 1), (5, 4, 9)):
        said(plans, "delay", "a.org", said_s, at=said_s)
        assert len(plans.plan(delay_s=ours_s, ignore_leases=True)) == expected
        plans.clock.now += LEASE_S


@pytest.mark.embedded
def test_a_host_that_asked_for_a_long_rest_gets_nothing_until_it_is_over(plans: Plans) -> None:
    inner = [f"https://a.org/{i}" for i in range(4)]
    plans.fetched("https://a.org/", inner=[*inner, "https://www.a.org/"], ago_s=1)
    rest = Request(delay_s=900)
    plans.fetched(inner[0], ago_s=0, outcome="error", status=503, request=rest)
    plans.clock.now += 1
    plans.fetched(inner[1], outcome="robots", request=Request(delay_s=1))
    assert plans.plan() == ["https://www.a.org/"], "the host rests, and no other"
    plans.clock.now += 898
    assert plans.plan(site_pages=1) == [], "and what it had counts for its site"
    plans.clock.now += 1
    assert sorted(plans.plan()) == [*inner[2:], "https://www.a.org/"]


@pytest.mark.embedded
def test_a_delay_that_a_spider_keeps_of_itself_holds_no_plan_up(plans: Plans) -> None:
    """A host that is asked all the time always rests: it would have to run dry before each plan."""
    plans.fetched("https://a.org/", inner=["https://a.org/1"], request=Request(delay_s=60))
    (wanted,) = plans.requests()
    assert wanted.carried.delay_s == 60


@pytest.mark.embedded
def test_a_host_that_fails_gets_few_and_then_nothing_new(plans: Plans) -> None:
    inner = [f"https://a.org/{i}" for i in range(50)]
    plans.fetched("https://a.org/", inner=inner, ago_s=10)
    plans.fetched(inner[0], outcome="timeout", ago_s=5)
    assert len(plans.plan(delay_s=0.8)) == int(0.25 * 180 / 0.8 / 2)
    plans.fetched(inner[1], outcome="timeout", ago_s=4)
    plans.fetched(inner[2], outcome="timeout", ago_s=3)
    plans.clock.now += LEASE_S
    assert plans.plan(delay_s=0.8) == []
    plans.clock.now += 3_600
    assert set(plans.plan(delay_s=0.8)) <= set(inner[:3]), "until one of those answers"


@pytest.mark.embedded
def test_what_operators_say_is_done(plans: Plans) -> None:
    plans.seed(
        "https://a.org/1", "https://a.org/22", "https://www.b.org/", "https://c.org/people/x",
        "https://c.org/peak", "https://d.org/", "https://e.org/",
    )  # fmt: skip
    said(plans, "pause", "", 1)
    assert plans.plan() == []
    said(plans, "pause", "", 0, at=2)
    said(plans, "block", "b.org", 1)
    said(plans, "suppress", "c.org/people/", 1)
    said(plans, "suppress", "d.org", 1)
    said(plans, "budget", "a.org", 1)
    said(plans, "priority", "e.org", 5)
    assert plans.plan(1) == ["https://e.org/"]
    assert sorted(plans.plan()) == ["https://a.org/1", "https://c.org/peak"]
    said(plans, "block", "b.org", 0, at=2)
    said(plans, "budget", "a.org", -1, at=2)
    assert sorted(plans.plan()) == ["https://a.org/22", "https://www.b.org/"]


@pytest.mark.embedded
def test_what_is_said_of_a_host_is_said_of_it_at_any_port(plans: Plans) -> None:
    plans.seed(
        "https://www.b.org:8443/", "https://www.c.org:8443/people/x", "https://www.c.org:8443/y",
        "https://d.org:8443/", "https://www.e.org/",
    )  # fmt: skip
    said(plans, "block", "www.b.org", 1)
    said(plans, "suppress", "www.c.org/people/", 1)
    said(plans, "priority", "d.org", 5)
    said(plans, "priority", "e.org", 2)
    said(plans, "priority", "www.e.org", 4)
    assert plans.plan(1) == ["https://www.e.org/"], "6 of two names is more than 5 of one"
    assert plans.plan(1) == ["https://d.org:8443/"]
    assert plans.plan() == ["https://www.c.org:8443/y"]


@pytest.mark.embedded
def test_what_is_purged_while_it_is_chosen_is_not_asked_for(
    plans: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans.seed("https://a.org/", "https://b.org/")
    query = plans.store.query

    def purging(question: str, *rest: Any, **named: Any) -> Any:
        if "path_ids" in question:
            plans.store.execute("ALTER TABLE frontier DELETE WHERE domain = 'a.org'")
        return query(question, *rest, **named)

    monkeypatch.setattr(plans.store, "query", purging)
    assert plans.plan() == ["https://b.org/"]


@pytest.mark.embedded
def test_what_waits_behind_spent_budgets_is_counted(plans: Plans) -> None:
    settings = PlanSettings(scope="site", site_pages=2)

    def waiting() -> tuple[int, str]:
        return beyond_budgets(plans.store, settings, clock=plans.clock)

    assert waiting() == (0, "")
    plans.seed(*(f"https://{host}.org/{i}" for host in "ab" for i in range(4)), "https://c.org/")
    assert waiting() == (0, ""), "all of them have room"
    assert len(plans.plan(scope="site", site_pages=2)) == 5
    assert waiting()[0] == 4
    said(plans, "block", "b.org", 1)
    assert waiting() == (2, "a.org")
    said(plans, "budget", "a.org", 3)
    assert waiting() == (0, "")


@pytest.mark.embedded
def test_a_site_that_yields_nothing_is_left_and_a_full_platform_too(plans: Plans) -> None:
    def site(host: str, text: str) -> None:
        inner = [f"https://{host}/{i}" for i in range(40)]
        found: dict[str, Any] = {"request": Request(hops=1)}  # nobody named it
        other = "https://other.org/"
        plans.fetched(
            f"https://{host}/", other, inner=inner, text="1" * 16 if text else "", **found
        )
        for i in range(4):
            plans.fetched(inner[i], other, text=(f"{i:x}" * 16) if text else "", **found)

    site("good.org", "own")
    site("trap.org", "")
    site("me.github.io", "own")
    counts = Counter(
        canonical(url).host
        for url in plans.plan(least_site_pages=4, site_pages=8, platform_pages=3)
    )
    assert counts == {"good.org": 3, "other.org": 1}


@pytest.mark.embedded
def test_a_sitemap_and_what_it_lists_become_known_and_it_is_due_again_by_its_digest(
    plans: Plans,
) -> None:
    plans.fetched(
        "https://a.org/", ago_s=1,
        sitemaps=["https://a.org/map.xml", "https://cdn.org/map.xml", "mailto:nobody"],
    )  # fmt: skip
    assert sorted(plans.plan(scope="site")) == ["https://a.org/map.xml"]
    plans.clock.now += 10
    plans.fetched(
        "https://a.org/map.xml", inner=["https://a.org/1", "https://a.org/22"],
        complete=False, incomplete="sitemap",
        request=Request(interval_s=8 * 86_400, digest="before"),
    )  # fmt: skip
    assert sorted(plans.plan(scope="site")) == ["https://a.org/1", "https://a.org/22"]
    plans.clock.now += 4 * 86_400
    assert "https://a.org/map.xml" in plans.plan(scope="site"), "it changed: sooner"


@pytest.mark.embedded
def test_a_planner_that_dies_before_its_leases_has_its_urls_planned_again(
    plans: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans.seed("https://a.org/")

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("pipeline.frontier.plan._Turn._lease", dies)
        with pytest.raises(KeyboardInterrupt):
            plans.planner().plan(10)
    assert [decode(r.value).url for r in plans.reader.poll(timeout_s=0)] == ["https://a.org/"]
    assert plans.plan() == ["https://a.org/"], "twice, and never not at all"
