"""Referring domains rolled up: what the job keeps is what the links say."""

from __future__ import annotations

import random
from typing import Any, get_args

import pytest

from pipeline.index.lifecycle import Lifecycle
from pipeline.index.referrers import roll_up
from pipeline.page import Page, Position
from pipeline.store import Store, rows
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


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_run_by_run_is_what_the_links_say(job: Job, seed: int) -> None:
    chance = random.Random(seed)
    for day in range(6):
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
