"""Links to pages that lead on, and to pages that are gone: what `backlinks` tells of them.

At the end random webs of a few domains, whose pages link, redirect and name canonicals at random,
come in any order, and the view must say what the plain rules say.
"""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.index import referrers, uses
from pipeline.index import ways as subject
from pipeline.index.erase import erase
from pipeline.index.lifecycle import Lifecycle
from pipeline.index.questions import Index
from pipeline.index.referrers import RollUp
from pipeline.index.target import Mode, Target, target_of
from pipeline.index.walks import HOPS, Place, Step
from pipeline.index.ways import ways
from pipeline.page import Page
from pipeline.store import Store, rows
from pipeline.url import canonical
from tests.pipeline.index.small_web import bare
from tests.pipeline.index.test_histories import deliver
from tests.pipeline.index.world import like
from tests.support.longest import one_and_more
from tests.support.page_fates import Coming, Reached, came_and_went, reached
from tests.support.records import DAY, START, TODAY, Link, page, write
from tests.support.stores import AnyStore

_webs = itertools.count()
_arrivals = itertools.count(TODAY, 61_000)


class Web:
    """Domains of its own: `url("b/x")` is a page of its second one."""

    def __init__(self, store: Store) -> None:
        self.store, self.number = store, next(_webs)
        self.job = Lifecycle(store, 0, clock=lambda: next(_arrivals) / 1000)
        self.job.referrers = RollUp(store, timer=lambda: 0.0)  # however slow the machine is
        self.pages: list[Page] = []
        self.written = 0

    def url(self, name: str) -> str:
        host, _, path = name.partition("/")
        return f"https://{host}-{self.number}.org/{path}"

    def visit(self, at: float, name: str, *links: str, to: str = "", **more: Any) -> None:
        """links: names. to: where it redirects; as `canonical` it is a name too."""
        if to:
            more.setdefault("status", 301)
            more |= {"outcome": "redirect", "final_url": self.url(to)}
        if "canonical" in more:
            more["canonical"] = self.url(more["canonical"])
        linked = [Link(self.url(link), anchor=text(name, link)) for link in links]
        self.pages.append(page(self.url(name), START + int(at * DAY), linked, **more))

    def update(self) -> None:
        if self.written < len(self.pages):
            write(self.store, self.pages[self.written :], next(_arrivals))
            self.written = len(self.pages)
        self.job.run()

    def told(self, host: str) -> dict[tuple[str, str], Reached]:
        """By source and named page, of links. What the view says, which is what the model says."""
        self.update()
        domain = f"{host}-{self.number}.org"
        found = backlinks(self.store, domain)
        assert found == reached(self.pages).get(domain, {})
        return {(self.name(key[0]), self.name(key[1])): one for key, one in found.items()}

    def name(self, url: str) -> str:
        host, _, path = url.partition("://")[2].partition("/")
        return f"{host.partition('-')[0]}/{path}"

    def names(self, urls: Sequence[str]) -> list[str]:
        return [self.name(url) for url in urls]

    def referring(self, host: str) -> dict[str, tuple[int, int]]:
        """Domains with live links: how many name the target, and how many arrive by others."""
        self.update()
        found = Index(self.store).refs(f"{host}-{self.number}.org").rows()
        return {row.source_domain.partition("-")[0]: (row.live, row.indirect) for row in found}


def text(source: str, target: str) -> str:
    """The anchor with which one page links to another; some have the same."""
    return f"{source[0]} to {target[-1]}"


QUESTION = """
SELECT *, toUnixTimestamp64Milli(broken_since) AS since
FROM backlinks(domain = {domain:String})
"""


def backlinks(store: Store, domain: str) -> dict[tuple[str, str, str], Reached]:
    found = {}
    for row in rows(store.query(QUESTION, {"domain": domain})):
        key = row["source_url"], row["target_url"], row["kind"]
        assert key not in found
        assert row["indirect"] == bool(row["via"])
        assert row["broken"] == bool(row["since"])
        found[key] = Reached(
            row["state"], row["end_url"], tuple(row["via"]), tuple(row["hops"]), bool(row["hint"]),
            row["target_outcome"], row["since"] or 0,
        )  # fmt: skip
    return found


EVENTS = """
SELECT *, toUnixTimestamp64Milli(at) AS by, toUnixTimestamp64Milli(after) AS since
FROM changes_of(domain = {domain:String}, under = {under:String})
WHERE change != 'changed'
"""


def events(store: Store, domain: str, under: str = "%") -> dict[tuple[str, str, str], set[Coming]]:
    """What came and went, by link. `moved` is told as what it is else: that is tested elsewhere."""
    found: dict[tuple[str, str, str], set[Coming]] = {}
    for row in rows(store.query(EVENTS, {"domain": domain, "under": under})):
        key = row["source_url"], row["target_url"], row["kind"]
        one = Coming(
            row["by"], row["change"], row["reason"], row["since"] or 0, bool(row["indirect"])
        )
        assert one not in found.setdefault(key, set()), "once"
        found[key].add(one)
    return found


@pytest.fixture
def web(shared_store: Store) -> Web:
    return Web(shared_store)


@pytest.mark.engine
def test_a_link_to_a_page_that_redirects_is_a_backlink_of_where_it_ends(web: Web) -> None:
    web.visit(1, "a/", "short/x")
    web.visit(2, "short/x", to="b/page")
    ((key, one),) = web.told("b").items()
    assert key == ("a/", "short/x")
    assert (one.state, web.name(one.end), one.hops) == ("live", "b/page", ("redirect",))
    assert web.names(one.via) == ["short/x"]
    assert set(web.told("short")) == {("a/", "short/x")}, "of the domain that it names too"


@pytest.mark.engine
def test_it_is_found_whichever_came_first(web: Web) -> None:
    web.visit(2, "short/x", to="b/page")
    assert web.told("b") == {}
    web.visit(1, "a/", "short/x")
    web.visit(1, "c/", "b/page")
    assert set(web.told("b")) == {("a/", "short/x"), ("c/", "b/page")}


@pytest.mark.engine
def test_its_state_is_that_of_the_link(web: Web) -> None:
    web.visit(1, "a/", "short/x")
    web.visit(2, "short/x", to="b/page")
    assert [one.state for one in web.told("b").values()] == ["live"]
    web.visit(3, "a/")
    web.visit(4, "a/")
    assert [one.state for one in web.told("b").values()] == ["lost"]
    web.visit(5, "a/", "short/x")
    assert [one.state for one in web.told("b").values()] == ["live"]


@pytest.mark.engine
def test_it_ends_with_the_redirect_and_goes_where_that_goes(web: Web) -> None:
    web.visit(1, "a/", "short/x")
    web.visit(2, "short/x", to="b/page")
    assert web.told("b")
    web.visit(3, "short/x", to="c/page")
    assert web.told("b") == {}
    assert set(web.told("c")) == {("a/", "short/x")}
    web.visit(4, "short/x")
    assert web.told("c") == {}
    web.visit(5, "a/", "short/x", "b/other")
    web.visit(6, "short/x", to="b/page")
    assert len(web.told("b")) == 2
    assert {one.state for one in web.told("b").values()} == {"live"}


@pytest.mark.engine
def test_links_of_pages_that_came_in_long_ago_are_found(web: Web) -> None:
    """The job looks again at what came in just before: another page came since."""
    web.visit(1, "a/", "short/x", "short/y")
    web.update()
    web.visit(1, "z/")
    web.update()
    web.visit(2, "short/x", to="b/page")
    assert set(web.told("b")) == {("a/", "short/x")}


@pytest.mark.engine
def test_the_way_is_told_hop_by_hop(web: Web) -> None:
    web.visit(1, "a/", "x/1")
    web.visit(2, "x/1", to="x/2")
    web.visit(2, "y/3", canonical="b/4")
    web.update()
    web.visit(2, "x/2", to="y/3")
    (one,) = web.told("b").values()
    assert web.names(one.via) == ["x/1", "x/2", "y/3"]
    assert one.hops == ("redirect", "redirect", "canonical")
    assert one.hint, "a canonical of another domain is a hint alone"
    assert web.told("y") == {}, "the way goes on from there"
    web.visit(3, "x/2", to="x/9")
    assert web.told("b") == {}
    (one,) = web.told("x").values()
    assert web.names([*one.via, one.end]) == ["x/1", "x/2", "x/9"]


@pytest.mark.engine
def test_referring_domains_follow_the_ways_run_by_run(web: Web) -> None:
    """Pages that lead on are read long after the pages with the links, and the other way round."""
    web.visit(1, "a/", "x/1", "b/")
    web.visit(1, "d/", "x/1")
    assert web.referring("b") == {"a": (1, 0)}
    web.visit(2, "x/1", to="b/page")
    assert web.referring("b") == {"a": (1, 1), "d": (0, 1)}
    assert web.referring("x") == {"a": (1, 0), "d": (1, 0)}
    web.visit(3, "e/", "x/1")
    assert web.referring("b")["e"] == (0, 1)
    web.visit(4, "x/1", to="c/")
    assert web.referring("b") == {"a": (1, 0)}
    assert web.referring("c") == {"a": (0, 1), "d": (0, 1), "e": (0, 1)}
    (shown,) = Index(web.store).links(f"b-{web.number}.org").rows()
    assert not shown.indirect
    web.visit(5, "b/", to="b/moved")
    web.update()
    (shown,) = Index(web.store).links(f"b-{web.number}.org").rows()
    assert (web.names(shown.via), web.name(shown.end_url)) == (["b/"], "b/moved")
    web.visit(6, "d/")
    web.visit(7, "d/")
    assert web.referring("c") == {"a": (0, 1), "e": (0, 1)}


@pytest.mark.engine
def test_a_link_within_its_domain_by_way_of_another_is_none(web: Web) -> None:
    """Or every site could have backlinks of its own making."""
    web.visit(1, "b/", "short/x")
    web.visit(2, "short/x", to="b/page")
    assert web.told("b") == {}


@pytest.mark.engine
def test_a_redirect_within_the_domain_doubles_no_link(web: Web) -> None:
    web.visit(1, "a/", "b/old", "b/new")
    web.visit(2, "b/old", to="b/new")
    found = web.told("b")
    assert {key: web.name(one.end) for key, one in found.items()} == {
        ("a/", "b/old"): "b/new",
        ("a/", "b/new"): "b/new",
    }
    assert web.names(found["a/", "b/old"].via) == ["b/old"]
    assert not found["a/", "b/old"].hint


@pytest.mark.engine
def test_a_loop_ends_nowhere(web: Web) -> None:
    web.visit(1, "a/", "b/1")
    web.visit(2, "b/1", to="c/2")
    web.visit(2, "c/2", to="b/1")
    assert web.told("c") == {}
    (one,) = web.told("b").values()
    assert one.via == ()
    assert one.outcome == "redirect"
    web.visit(3, "c/2")
    assert set(web.told("c")) == {("a/", "b/1")}


@pytest.mark.engine
@pytest.mark.parametrize("hops", [5, 6])
def test_a_way_has_five_hops_at_most(web: Web, hops: int) -> None:
    web.visit(1, "a/", "x/0")
    for number in range(hops - 1):
        web.visit(2, f"x/{number}", to=f"x/{number + 1}")
    web.visit(2, f"x/{hops - 1}", to="b/end")
    assert len(web.told("b")) == (hops == HOPS)


@pytest.mark.engine
def test_a_redirect_for_now_must_be_seen_twice(web: Web) -> None:
    web.visit(1, "a/", "x/1")
    web.visit(2, "x/1", to="b/", status=302)
    assert web.told("b") == {}
    web.visit(3, "x/1", to="b/", status=302)
    assert len(web.told("b")) == 1
    web.visit(4, "x/1", to="c/", status=302)
    assert len(web.told("b")) == 1, "once somewhere else is none"


@pytest.mark.engine
def test_a_target_that_is_gone_twice_is_broken_since_the_first(web: Web) -> None:
    web.visit(1, "a/", "b/1", "b/2")
    web.visit(2, "b/1")
    web.visit(3, "b/1", outcome="gone")
    assert not any(one.broken_since for one in web.told("b").values())
    web.visit(5, "b/1", outcome="gone", status=410)
    found = web.told("b")
    assert (found["a/", "b/1"].outcome, found["a/", "b/1"].broken_since) == (
        "gone",
        START + 3 * DAY,
    )
    assert not found["a/", "b/2"].broken_since
    assert found["a/", "b/1"].state == "live", "the link still stands"
    web.visit(6, "b/1")
    assert not any(one.broken_since for one in web.told("b").values())


@pytest.mark.engine
def test_a_link_that_ends_at_what_is_gone_is_broken(web: Web) -> None:
    web.visit(1, "a/", "x/1")
    web.visit(2, "x/1", to="b/1")
    web.visit(3, "b/1", outcome="gone")
    web.visit(4, "b/1", outcome="gone")
    (one,) = web.told("b").values()
    assert one.broken_since == START + 3 * DAY


@pytest.mark.engine
@pytest.mark.parametrize(
    ("outcome", "why"),
    [("error", "dns"), ("robots", "robots.txt: connection"), ("timeout", "timeout")],
)
def test_a_host_that_is_away_for_a_week_is_unreachable(web: Web, outcome: Any, why: str) -> None:
    web.visit(1, "a/", "b/1")
    for at in (2, 4, 8.9):
        web.visit(at, "b/1", outcome=outcome, status=0, incomplete=why)
        assert not any(one.broken_since for one in web.told("b").values())
    web.visit(9, "b/1", outcome=outcome, status=0, incomplete=why)
    (one,) = web.told("b").values()
    assert (one.outcome, one.broken_since) == ("unreachable", START + 2 * DAY)
    web.visit(9.5, "b/1", outcome="error", status=503)
    assert not any(one.broken_since for one in web.told("b").values()), "it answers"


@pytest.mark.engine
def test_a_304_says_again_what_the_last_body_said(web: Web) -> None:
    web.visit(1, "a/", "x/1")
    web.visit(2, "x/1", canonical="b/")
    web.visit(3, "x/1", outcome="not_modified")
    assert len(web.told("b")) == 1
    web.visit(4, "x/1", to="c/")
    web.visit(5, "x/1", outcome="not_modified")
    assert len(web.told("b")) == 1


@pytest.mark.engine
def test_a_link_that_goes_straight_now_has_moved(web: Web) -> None:
    web.visit(1, "a/", "short/x")
    web.visit(2, "short/x", to="b/page")
    web.visit(3, "a/", "b/page")
    web.visit(4, "a/", "b/page")
    web.told("b")
    reasons = web.store.query(
        f"SELECT target_url, reason FROM backlinks(domain = 'b-{web.number}.org') ORDER BY indirect"
    )
    assert [row["reason"] for row in rows(reasons)] == ["", "moved"]


def at(day: float) -> int:
    return START + int(day * DAY)


@pytest.mark.engine
def test_a_link_comes_and_goes_with_its_way(web: Web) -> None:
    """Its own sightings are older: the page that it names began to lead there, and did no more."""
    web.visit(0.5, "a/")
    web.visit(1, "a/", "x/1")
    web.visit(2, "x/1")
    web.visit(4, "x/1", to="y/2")
    web.visit(5, "y/2", to="b/page")
    web.visit(6, "y/2", to="b/page")
    web.visit(9, "y/2")
    web.update()
    key = web.url("a/"), web.url("x/1"), "a"
    came = Coming(at(5), "appeared", "way opened", at(2), True)
    went = Coming(at(9), "lost", "way closed", at(6), True)
    assert events(web.store, f"b-{web.number}.org") == {key: {came, went}}
    direct = Coming(at(1), "appeared", "", at(0.5), False)
    assert events(web.store, f"x-{web.number}.org") == {key: {direct}}
    (told,) = Index(web.store).history(f"b-{web.number}.org").rows()
    assert (told.gained, told.indirect_gained, told.indirect_lost) == (0, 1, 1)
    assert told.indirect_domains == 0


@pytest.mark.embedded
def test_ways_that_an_older_program_found_are_found_anew_with_their_times(store: AnyStore) -> None:
    web = Web(store)
    web.visit(1, "a/", "x/1")
    web.visit(2, "x/1")
    web.visit(4, "x/1", to="b/page")
    web.update()
    told = events(store, f"b-{web.number}.org")
    assert {one.at for found in told.values() for one in found} == {at(4)}
    store.execute(
        "INSERT INTO leads SELECT * REPLACE (version + 1 AS version, [] AS opened, [] AS closed, "
        "[] AS opened_after, [] AS closed_after, 0 AS end_turns) FROM leads FINAL"
    )
    store.execute(
        f"ALTER TABLE marks DELETE WHERE job = '{subject.JOB}' SETTINGS mutations_sync = 1"
    )
    assert events(store, f"b-{web.number}.org") == {}, "not known"
    web.visit(1, "z/")
    web.update()
    assert events(store, f"b-{web.number}.org") == told


@pytest.mark.engine
def test_more_ways_through_a_page_than_are_found_at_once(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "_THROUGH", 3)
    monkeypatch.setattr(subject, "_AT_ONCE", 2)
    names = [f"x/{number}" for number in range(8)]
    web.visit(1, "a/", *names)
    for name in names:
        web.visit(2, name, to="y/")
    assert len(web.told("y")) == 8
    web.visit(3, "y/", to="b/")
    assert len(web.told("b")) == 8
    assert web.told("y") == {}


@pytest.mark.embedded
def test_who_was_stopped_between_links_and_ways_does_both_again(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = Web(store)
    web.visit(1, "a/", "short/x")
    web.update()
    web.visit(2, "short/x", to="b/page")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for step_of_it in ("_keep_links", "_table"):
        with monkeypatch.context() as patch:
            patch.setattr(subject, step_of_it, stop)
            with pytest.raises(KeyboardInterrupt):
                web.update()
    assert set(web.told("b")) == {("a/", "short/x")}


@pytest.mark.embedded
def test_long_urls_fit_into_questions(store: AnyStore) -> None:
    web = Web(store)
    long = ["x/" + letter * 1_990 for letter in "abcdefghijklmnopqrstuvwxyz"]
    web.visit(1, "a/", *[f"{name}{number}" for name in long for number in range(8)])
    for name in long:
        for number in range(8):
            web.visit(2, f"{name}{number}", to="b/")
    assert len(web.told("b")) == 8 * len(long)


def step(to: str, by: str = "redirect") -> Step:
    return Step(1, by, f"https://{to}/", to)


def place(name: str) -> Place:
    return Place(name, name, "/")


def test_a_way_that_does_not_end_names_no_end() -> None:
    steps = {place(a): step(b) for a, b in itertools.pairwise("abcdefg")}
    assert [way.ends for way in ways(place("a"), steps).values()] == [False] * HOPS
    assert [way.ends for way in ways(place("b"), steps).values()] == [False] * 4 + [True]
    round_about = {place("a"): step("b"), place("b"): step("a")}
    assert [way.ends for way in ways(place("a"), round_about).values()] == [False]
    assert ways(place("z"), steps) == {}


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")))
def test_whatever_leads_where_a_way_is_short_and_ends_once_where_nothing_leads_on(
    arrows: dict[str, str],
) -> None:
    steps = {place(a): step(b) for a, b in arrows.items()}
    for start in "abcdefgh":
        found = ways(place(start), steps)
        assert len(found) <= HOPS
        assert place(start) not in found
        ends = [end for end, way in found.items() if way.ends]
        assert len(ends) <= 1
        assert all(end not in steps and end == [*found][-1] for end in ends)
        walked = start
        for end in found:
            walked = arrows[walked]
            assert end == place(walked)


# --- random webs ---

NAMES = [f"{host}/{path}" for host in "pqrst" for path in ("", "1", "2")]


def random_web(dice: random.Random) -> Web:
    web = Web.__new__(Web)
    web.number, web.pages = next(_webs), []
    for name in NAMES:
        at = dice.random()
        mostly = dice.choice(["there", "redirect", "canonical", "gone", "any"])
        for _ in range(dice.randrange(0, 6)):
            at += dice.choice([0.1, 1, 5])
            what = dice.choice(["there", mostly, mostly, "any"])
            other = dice.choice([n for n in NAMES if n != name])
            if what == "any":
                what = dice.choice(["there", "redirect", "canonical", "gone", "304", "away", "503"])
            random_visit(web, dice, at, name, what, other)
    return web


def random_visit(
    web: Web, dice: random.Random, at: float, name: str, what: str, other: str
) -> None:
    if what == "redirect":
        web.visit(at, name, to=other, status=dice.choice([301, 302, 308]))
    elif what == "canonical":
        web.visit(at, name, *some(dice, name), canonical=other, complete=dice.random() < 0.8)
    elif what == "gone":
        web.visit(at, name, outcome="gone")
    elif what == "304":
        web.visit(at, name, outcome="not_modified")
    elif what == "503":
        web.visit(at, name, outcome="error")
    elif what == "away":
        for day in (0, 3, 8)[: dice.randrange(1, 4)]:
            web.visit(at + day, name, outcome="error", status=0, incomplete="dns")
    else:
        web.visit(at, name, *some(dice, name), complete=dice.random() < 0.8)


def some(dice: random.Random, name: str) -> list[str]:
    others = [n for n in NAMES if n[0] != name[0]]
    return dice.sample(others, dice.randrange(4))


@pytest.mark.engine
@pytest.mark.parametrize("seed", one_and_more(range(2)))
def test_the_view_says_what_the_rules_say_of_any_web(
    store: AnyStore, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "LARGE", 1)
    monkeypatch.setattr(referrers, "_AT_ONCE_S", 1e9)  # a busy machine puts nothing off
    dice = random.Random(seed)
    webs = [random_web(dice) for _ in range(6)]
    deliver(store, [web.pages for web in webs], dice)
    met = set[tuple[bool, str, bool, int]]()
    times = set[tuple[str, str, bool]]()
    wanted = list[tuple[Target, tuple[Counts, Counts, Counts]]]()
    for web in webs:
        expected = reached(web.pages)
        for host in "pqrst":
            domain = f"{host}-{web.number}.org"
            found = backlinks(store, domain)
            assert found == expected.get(domain, {})
            if web in webs[:2]:
                assert_all_agree(store, domain, found)
            times |= assert_times_agree(store, web, domain)
            if web is webs[0]:
                wanted += ((one, used(web, one, found)) for one in ways_to_ask(domain, found))
            met |= {(bool(o.via), o.outcome, o.hint, len(o.via)) for o in found.values()}
    assert {outcome for _, outcome, _, _ in met} >= {"there", "gone", "unreachable", "redirect"}
    assert {length for _, _, _, length in met} >= {0, 1, 2}
    assert {hint for _, _, hint, _ in met} == {True, False}
    assert any(count[3] for _, counts in wanted for count in counts[0].values())
    for how in ("from what is kept of large targets", "from the links"):
        for asked, counts in wanted:
            assert uses_told(store, asked) == counts, (how, asked)
        store.execute("TRUNCATE TABLE large_targets")
    assert times >= {("appeared", "way opened", True), ("lost", "way closed", True)}


def assert_times_agree(store: Store, web: Web, domain: str) -> set[tuple[str, str, bool]]:
    """When links came and went, of the whole domain and of one of its pages."""
    met = set[tuple[str, str, bool]]()
    for path in ("", "/1"):
        under = domain + path if path else "%"
        model = came_and_went(web.pages, lambda url, p=path: not p or url.endswith(p))  # type: ignore[misc]
        wanted = {key: found for key, found in model.get(domain, {}).items() if found}
        told = events(store, domain, under)
        assert {key: {unmoved(one) for one in found} for key, found in told.items()} == {
            key: {unmoved(one) for one in found} for key, found in wanted.items()
        }
        met |= {
            (one.change, one.reason, one.after > 0) for found in told.values() for one in found
            if one.indirect
        }  # fmt: skip
    return met


def unmoved(one: Coming) -> Coming:
    """`moved` depends on other links, and is told as in `backlinks`."""
    return one._replace(reason="left") if one.reason in LEFT else one


LEFT = ("moved", "removed", "gone", "redirected")


def assert_all_agree(store: Store, domain: str, found: dict[tuple[str, str, str], Reached]) -> None:
    """Referring domains, links and what ends at each page: as the links themselves say."""
    index = Index(store)
    by_domain: dict[str, dict[tuple[str, str, str], Reached]] = {}
    for key, one in found.items():
        by_domain.setdefault(canonical(key[0]).domain, {})[key] = one
    told = {row.source_domain: row for row in index.refs(domain, state="all")}
    assert set(told) == set(by_domain)
    best = {row.source_domain: row for row in index.links(domain)}
    for name, links in by_domain.items():
        counts = Counter((names(key, domain), one.state) for key, one in links.items())
        row = told[name]
        assert [row.live, row.lost, row.unverified] == [
            counts[True, state] for state in ("live", "lost", "unverified")
        ]
        assert row.indirect == counts[False, "live"]
        live = {key: one for key, one in links.items() if one.state == "live"}
        assert (name in best) == bool(live)
        if live:
            first = min(live, key=lambda key: (not names(key, domain), key))
            shown = best[name]
            assert (shown.source_url, shown.target_url, shown.kind) == first
            assert (shown.end_url, tuple(shown.via)) == (live[first].end, live[first].via)
            assert shown.similar == len(live) - 1
    ends = {one.end: one.via for one in found.values() if canonical(one.end).domain == domain}
    for end in sorted(ends, key=lambda end: (not ends[end], end))[:1]:
        there = {key for key, one in found.items() if end in (key[1], one.end)}
        asked = index.links(end, "url", per="link", state="all")
        assert {(row.source_url, row.target_url, row.kind) for row in asked} == there
        refs = index.refs(end, "url", state="all").rows()
        assert {row.source_domain for row in refs} == {canonical(key[0]).domain for key in there}
        live = {key: one for key, one in found.items() if key in there and one.state == "live"}
        assert sum(row.live for row in refs) == sum(key[1] == end for key in live)
        assert sum(row.indirect for row in refs) == sum(key[1] != end for key in live)


Counts = dict[str, tuple[int, int, int, int]]  # links, referring domains, followed, indirect


def ways_to_ask(domain: str, found: dict[tuple[str, str, str], Reached]) -> list[Target]:
    """All of a domain, and a part of it, by another mode for each."""
    ends = sorted({one.end for one in found.values() if canonical(one.end).domain == domain})
    page = ends[-1] if ends else f"{domain}/1"
    part = {"p": f"{domain}/1*", "q": f"www.{domain}"}.get(domain[0], page)
    mode: Mode = "host" if domain[0] in "qr" else "prefix" if domain[0] == "p" else "url"
    return [target_of(domain, "domain"), target_of(part, mode)]


def used(
    web: Web, asked: Target, found: dict[tuple[str, str, str], Reached]
) -> tuple[Counts, Counts, Counts]:
    """With which texts and words who links where: anchors, terms, pages."""
    texts, words, pages = (defaultdict[str, list[tuple[str, bool]]](list) for _ in range(3))
    for key, one in found.items():
        source = canonical(key[0]).domain
        named = bare(key[1]) if names(key, asked.domain) else ""
        there = {name: name != named for name in (named, bare(one.end) if one.via else "")}
        there = {name: led for name, led in there.items() if name and like(name, asked.under)}
        if one.state != "live" or not there:
            continue
        anchor = text(web.name(key[0]), web.name(key[1]))
        texts[anchor].append((source, named not in there))
        for word in set(re.findall(r"\w+", anchor)):
            words[word].append((source, named not in there))
        for name, led in there.items():
            pages[f"https://{name}"].append((source, led))
    return tally(texts), tally(words), tally(pages)


def tally(found: dict[str, list[tuple[str, bool]]]) -> Counts:
    return {
        name: (
            len(some),
            len({source for source, _ in some}),
            len(some),
            sum(led for _, led in some),
        )
        for name, some in found.items()
    }


def uses_told(store: Store, asked: Target) -> tuple[Counts, Counts, Counts]:
    given = "(domain = {domain:String}, under = {under:String})"
    told = []
    for name, of in (("anchor", "anchors_of"), ("term", "terms_of"), ("url", "target_pages_of")):
        counts = f"SELECT {name} AS name, links, referring_domains, followed, indirect FROM {of}"
        found = rows(store.query(counts + given, asked.parameters()))
        told.append({row.pop("name"): tuple(row.values()) for row in found})
    return told[0], told[1], told[2]


def names(key: tuple[str, str, str], domain: str) -> bool:
    return canonical(key[1]).domain == domain


@pytest.mark.engine
def test_links_by_other_sites_are_told_by_the_language_of_their_page(web: Web) -> None:
    web.visit(1, "a/", "short/x", language="de")
    web.visit(1, "c/", "b/page", language="de")
    web.visit(1, "d/", "short/x", language="fr")
    web.visit(2, "short/x", to="b/page")
    web.update()
    told = Index(web.store).links(f"b-{web.number}.org", per="link", language="de").rows()
    assert {web.name(row.source_url) for row in told} == {"a/", "c/"}


@pytest.mark.engine
def test_who_links_by_another_site_is_no_prospect(web: Web) -> None:
    web.visit(1, "a/", "short/x", "rival/")
    web.visit(1, "c/", "rival/")
    web.visit(2, "short/x", to="b/page")
    web.update()
    told = Index(web.store).gap(f"b-{web.number}.org", [f"rival-{web.number}.org"]).rows()
    assert [row.source_domain.partition("-")[0] for row in told] == ["c"]


@pytest.mark.engine
def test_below_a_public_suffix_each_host_is_another_domain(shared_store: Store) -> None:
    """A page of github.io that another one's redirects to: the link names that other one."""
    web = Web(shared_store)
    name = f"pages{web.number}.github.io"
    web.pages += [
        page(f"https://a-{web.number}.org/", START, [Link(f"https://{name}/")]),
        page(f"https://{name}/", START + DAY, outcome="redirect", status=301,
             final_url="https://github.io/"),
    ]  # fmt: skip
    web.update()
    counts = Index(web.store).overview("github.io")["counts"]
    told = {
        row.source_domain: (row.live, row.indirect)
        for row in Index(web.store).refs("github.io").rows()
    }
    assert told == {f"a-{web.number}.org": (0, 1)}
    assert (counts["live"], counts["indirect"]) == (0, 1)


@pytest.mark.engine
def test_what_led_through_an_erased_page_is_counted_no_more(web: Web) -> None:
    """Of a pair whose best link names the target too."""
    web.visit(1, "a/", "b/page", "short/x")
    web.update()
    web.visit(2, "short/x", to="b/page")
    assert web.referring("b") == {"a": (1, 1)}
    web.visit(3, "z/")  # what came in last is looked at again
    web.update()
    erase(web.store, [f"short-{web.number}.org"])
    assert web.referring("b") == {"a": (1, 0)}
