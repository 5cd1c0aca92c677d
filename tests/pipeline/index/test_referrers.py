"""Referring domains rolled up: what the job keeps is what the links say."""

from __future__ import annotations

import random
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StoreBusy
from pipeline.index import referrers
from pipeline.index.lifecycle import Lifecycle
from pipeline.index.questions import Index
from pipeline.index.referrers import JOB, RollUp, roll_up, slices
from pipeline.page import Page, Position
from pipeline.store import Store, rows
from pipeline.store.marks import mark_of
from tests.support.longest import one_and_more
from tests.support.records import DAY, START, TODAY, Link, page, write
from tests.support.stores import AnyStore

NOW = TODAY
TARGETS = [f"https://{host}.org{path}" for host in ("a", "b", "www.c") for path in ("/", "/x")]
SOURCES = [f"https://s{n}.org/{path}" for n in range(4) for path in "pq"]


class Job:
    """The lifecycle job under a clock that goes a minute on with each run."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, NOW / 1000
        self.lifecycle = Lifecycle(store, 60, clock=lambda: self.now)
        self.lifecycle.referrers = RollUp(store, timer=lambda: 0.0)  # however slow the machine is

    def run(self, *pages: Page) -> None:
        if pages:
            write(self.store, pages, int(self.now * 1000))
        self.now += 60
        self.lifecycle.run()

    def kept(self, columns: str = "*") -> list[dict[str, Any]]:
        return rows(
            self.store.query(
                f"SELECT {columns} FROM referrers FINAL ORDER BY target_domain, source_domain"
            )
        )

    def one(self) -> dict[str, Any]:
        (row,) = self.kept()
        return row


@pytest.fixture
def job(store: AnyStore) -> Job:
    return Job(store)


def visited(at: int, *links: Link | str, url: str = "https://s.org/p", **more: Any) -> Page:
    return page(url, START + at * DAY, list(links), **more)


def test_what_a_list_says_of_a_site_is_rolled_up_until_the_page_is_read(job: Job) -> None:
    some = {"source": "list", "complete": False}
    for number in range(2):
        url = f"https://s{number}.org/"
        job.run(visited(0, "https://t.org/*", url=url, **some))
    assert [(row["unverified"], row["reason"]) for row in job.kept()] == [(1, "list")] * 2
    job.run(visited(1, "https://else.org/", url="https://s0.org/"))
    job.run(visited(1, "https://t.org/x", url="https://s1.org/"))
    kept = {(row["target_domain"], row["source_domain"]): row for row in job.kept()}
    none, found = kept["t.org", "s0.org"], kept["t.org", "s1.org"]
    assert (none["live"], none["unverified"], none["lost"]) == (0, 0, 0)
    assert (found["live"], found["unverified"], found["target_path"]) == (1, 0, "/x")


def test_a_pair_is_counted_by_state_rel_and_place(job: Job) -> None:
    job.run(
        visited(0, "https://t.org/gone"),
        visited(
            1,
            Link("https://t.org/", anchor="one"),
            Link("https://t.org/x", anchor="two", rel=1, position="footer"),
            Link("https://www.t.org/", anchor="two", rel=6, position="footer"),
            language="fr",
            ip="192.0.2.7",
        ),
        visited(2, "https://t.org/", url="https://www.s.org/q"),
    )
    row = job.one()
    assert [row[c] for c in ("target_domain", "source_domain")] == ["t.org", "s.org"]
    counted = ("live", "lost", "unverified", "followed", "nofollow", "ugc", "sponsored")
    assert [row[c] for c in counted] == [5, 0, 0, 3, 1, 1, 1], "one visit proves no loss"
    assert (row["pages"], row["target_pages"]) == (2, 4)
    assert row["places"] == [3, 0, 0, 2, 0, 0]
    assert {tuple(a.values()) for a in row["anchors"]} == {("anchor", 2), ("two", 2), ("one", 1)}
    assert (row["first_seen"], row["not_before"]) == (START, 0)
    assert row["last_seen"] == START + 2 * DAY
    assert (row["ip"], row["language"]) == ("192.0.2.7", "fr"), "of the page of the best link"
    assert (row["source_host"], row["source_path"], row["source_https"]) == ("s.org", "/p", 1)
    assert (row["anchor"], row["rel"], row["authority"]) == ("one", 0, None)


def test_address_and_language_are_of_the_latest_visit_that_tells_them(job: Job) -> None:
    job.run(
        visited(2, "https://t.org/", ip="192.0.2.2", language="de", url="https://s.org/q"),
        visited(3, "https://t.org/", outcome="error", ip="192.0.2.3", url="https://s.org/q"),
    )
    job.run(
        visited(1, "https://t.org/", ip="192.0.2.1", language="en"),
        visited(4, "https://t.org/"),
    )
    assert (job.one()["ip"], job.one()["language"]) == ("192.0.2.3", "de")


def test_more_than_thirty_texts_are_told_by_the_most_frequent(job: Job) -> None:
    texts = [f"text {number}" for number in range(40) for _ in range(1 + 9 * (number == 7))]
    job.run(*(
        visited(0, Link("https://t.org/", anchor=text), url=f"https://s.org/{number}")
        for number, text in enumerate(texts)
    ))  # fmt: skip
    anchors = job.one()["anchors"]
    assert len(anchors) == 10
    assert anchors[0] == {"anchor": "text 7", "links": 10}


@given(
    st.lists(st.sampled_from("abcdefgh"), max_size=40).map(sorted),
    st.integers(0, 5 * referrers.SLICE),
)
def test_slices_are_all_targets_once_and_no_more_than_the_links_need(
    targets: list[str], links: int
) -> None:
    found = slices(links if targets else 0, targets)
    assert found[0][0] == found[-1][1] == ""
    assert [until for _, until in found[:-1]] == [after for after, _ in found[1:]]
    assert len(found) <= max(1, -(-links // referrers.SLICE))
    for target in targets:
        assert sum(after < target and (not until or target <= until) for after, until in found) == 1


class Waiting:
    """A roll-up under a clock of its own, that takes as long as it is told."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.takes, self.spans = 100.0, 0.0, list[tuple[int, int, bool]]()
        monkeypatch.setattr(referrers, "roll_up", self._roll_up)
        self.roll_up = RollUp(store, timer=lambda: self.now)

    def _roll_up(
        self, store: Store, written: int, *, since: int, to: int, led: int, whole: bool
    ) -> None:
        self.spans.append((since, to, whole))
        self.now += self.takes


@pytest.fixture
def waiting(store: AnyStore, monkeypatch: pytest.MonkeyPatch) -> Waiting:
    return Waiting(store, monkeypatch)


@pytest.mark.embedded
def test_what_is_rolled_up_quickly_waits_for_nothing(waiting: Waiting) -> None:
    assert waiting.roll_up.run(0, 10, 1)
    assert waiting.roll_up.run(10, 20, 2)
    assert not waiting.roll_up.catch_up(3), "there is nothing"
    assert waiting.spans == [(0, 10, True), (10, 20, False)], "the first time it is of all links"


@pytest.mark.embedded
def test_where_it_took_long_what_came_since_waits_four_times_as_long_and_then_all_is_done(
    waiting: Waiting,
) -> None:
    waiting.takes = 30
    assert waiting.roll_up.run(0, 10, 1)
    assert waiting.roll_up.took_s == 30
    waiting.now += 119
    assert not waiting.roll_up.run(10, 20, 2)
    assert not waiting.roll_up.run(15, 30, 3), "what came late begins earlier"
    assert waiting.roll_up.took_s == 0
    waiting.now += 1
    assert waiting.roll_up.catch_up(4)
    assert waiting.spans[1:] == [(10, 30, False)]
    assert not waiting.roll_up.run(30, 40, 5)
    assert waiting.roll_up.catch_up(6, at_once=True)
    assert waiting.spans[2:] == [(30, 40, False)]


@pytest.mark.embedded
def test_what_waited_when_it_was_stopped_or_failed_is_done_by_the_next(
    store: AnyStore, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting.takes = 30
    waiting.roll_up.run(0, 10, 1)
    assert not waiting.roll_up.run(10, 20, 2)
    following = RollUp(store)

    def failing(*_: object, **__: object) -> None:
        raise StoreBusy("away")

    monkeypatch.setattr(referrers, "roll_up", failing)
    with pytest.raises(StoreBusy):
        following.run(20, 30, 3)
    monkeypatch.setattr(referrers, "roll_up", waiting._roll_up)
    assert following.catch_up(4)
    assert waiting.spans[1:] == [(10, 30, False)]
    assert mark_of(store, JOB).mark == 30


@pytest.mark.embedded
def test_what_a_stopped_job_left_waiting_is_done_by_the_next_though_nothing_came_in(
    store: AnyStore,
) -> None:
    job = Job(store)
    job.run(visited(0, "https://t.org/"))
    job.lifecycle.referrers._next_s = float("inf")  # the last turn took long
    job.run(visited(1, "https://t.org/", "https://u.org/"))
    assert [row["target_domain"] for row in job.kept()] == ["t.org"], "it waits"
    job.now += 86_400
    Lifecycle(store, 60, clock=lambda: job.now).run()
    assert [row["target_domain"] for row in job.kept()] == ["t.org", "u.org"]
    job.lifecycle.referrers._next_s = float("inf")
    job.run(visited(2, "https://v.org/", url="https://s.org/q"))
    job.lifecycle.finish()
    assert [row["target_domain"] for row in job.kept()] == ["t.org", "u.org", "v.org"]


@pytest.mark.embedded
@pytest.mark.parametrize("arrivals", ["", "TRUNCATE TABLE arrivals"], ids=["new", "none"])
def test_rows_that_an_older_program_made_are_made_anew_once(store: AnyStore, arrivals: str) -> None:
    """Until then what they lack is looked up among the links."""
    job = Job(store)
    job.run(visited(1, "https://t.org/", "https://u.org/"))
    kept = job.kept("* EXCEPT written")
    told = Index(store).links("t.org").rows()
    store.execute(
        "INSERT INTO referrers SELECT * REPLACE (written + 1 AS written, 0 AS best_first_seen, "
        "0 AS best_last_seen) FROM referrers FINAL"
    )
    store.execute(f"ALTER TABLE marks DELETE WHERE job = '{JOB}' SETTINGS mutations_sync = 2")
    if arrivals:
        store.execute(arrivals)
    assert Index(store).links("t.org").rows() == told
    job.now += 600
    Lifecycle(store, 60, clock=lambda: job.now).run()
    assert job.kept("* EXCEPT written") == kept
    assert mark_of(store, JOB).version > 0
    made = job.kept("written")
    following = Lifecycle(store, 60, clock=lambda: job.now + 60)
    following.run()
    assert Index(store).links("t.org").rows() == told
    assert job.kept("written") == made or not arrivals, "once"


def test_a_pair_whose_links_are_all_gone_says_when(job: Job) -> None:
    job.run(visited(0, "https://t.org/", "https://u.org/"), visited(1, "https://u.org/"))
    assert [row["lost_by"] for row in job.kept()] == [0, 0]
    job.run(visited(2, "https://u.org/"))
    lost, live = job.kept()
    assert (lost["live"], lost["lost"], lost["lost_by"]) == (0, 1, START + DAY)
    assert (lost["state"], lost["reason"], lost["anchors"]) == ("lost", "removed", [])
    assert (live["live"], live["lost_by"]) == (1, 0)


def test_the_best_link_is_live_followed_and_in_the_text(job: Job) -> None:
    job.run(
        visited(0, Link("https://t.org/a", rel=1), Link("https://t.org/b", position="footer")),
        visited(0, Link("https://t.org/c", position="nav"), url="https://s.org/z"),
    )
    assert job.one()["target_path"] == "/c"


@pytest.mark.engine
@pytest.mark.parametrize("seed", one_and_more(range(4)))
def test_what_is_kept_run_by_run_is_what_the_links_say(
    job: Job, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    for day in range(9):  # of the last ones only the pairs that changed are rolled up
        job.run(*(
            visited(
                day,
                *(Link(target, anchor=chance.choice("xyz"), rel=chance.randrange(8),
                       position=chance.choice(get_args(Position)))
                  for target in chance.sample(TARGETS, chance.randrange(4))),
                url=chance.choice(SOURCES),
                outcome=chance.choice(["ok", "ok", "ok", "gone", "error"]),
            )
            for _ in range(4)
        ))  # fmt: skip
    kept = job.kept("* EXCEPT written")
    for links in (referrers.SLICE, 3):
        monkeypatch.setattr(referrers, "SLICE", links)
        job.store.execute("TRUNCATE TABLE referrers")
        roll_up(job.store, 1)
        assert kept == job.kept("* EXCEPT written"), "made whole"
    counted = rows(
        job.store.query(
            "SELECT target_domain, source_domain, countIf(state = 'live') AS live, "
            "countIf(state = 'lost') AS lost, min(first_seen) AS first_seen FROM link_states "
            "GROUP BY target_domain, source_domain ORDER BY target_domain, source_domain"
        )
    )
    assert counted == [{name: row[name] for name in counted[0]} for row in kept]
