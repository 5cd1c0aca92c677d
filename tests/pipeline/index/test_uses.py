"""How large targets are linked, rolled up: it is what the links say, and answers agree."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from pipeline.index import referrers, uses
from pipeline.index.erase import erase
from pipeline.index.lifecycle import Lifecycle
from pipeline.index.questions import Index
from pipeline.index.referrers import RollUp, roll_up
from pipeline.page import Page
from pipeline.store import Store, rows
from tests.pipeline.index.small_web import SmallWeb
from tests.support.records import DAY, START, TODAY, Link, page, write
from tests.support.stores import AnyStore

TARGETS = [f"https://{host}.org{path}" for host in ("a", "b", "www.a") for path in ("/", "/x?y")]
SOURCES = [f"https://s{n}.org/{path}" for n in range(3) for path in "pqr"]
Use = tuple[str, str, str, str, int, int, int]


class Job:
    """The lifecycle job under a clock that goes a minute on with each run."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, TODAY / 1000 - 3600  # erasures come later
        self.lifecycle = Lifecycle(store, 60, clock=lambda: self.now)
        self.lifecycle.referrers = RollUp(store, timer=lambda: 0.0)

    def run(self, *pages: Page) -> None:
        write(self.store, pages, int(self.now * 1000))
        self.now += 60
        self.lifecycle.run()


@pytest.fixture
def job(store: AnyStore, monkeypatch: pytest.MonkeyPatch) -> Job:
    """For which a target with one live link is large."""
    monkeypatch.setattr(uses, "LARGE", 1)
    return Job(store)


def visited(at: int, *links: Link | str, url: str = "https://s.org/p", **more: Any) -> Page:
    return page(url, START + at * DAY, list(links), **more)


def kept(store: Store) -> list[Use]:
    found = rows(
        store.query(
            "SELECT target_domain, source_domain, anchor, page, https, links, followed "
            "FROM link_uses FINAL "
            "ARRAY JOIN anchors AS anchor, pages AS page, https, links, followed"
        )
    )
    return sorted(tuple(row.values()) for row in found)


def told(store: Store, only: Iterable[str] = ()) -> list[Use]:
    """What the links say, counted here."""
    links = rows(store.query("SELECT * FROM link_states WHERE state = 'live'"))
    found: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for link in links:
        if not only or link["target_domain"] in only:
            names = ("target_domain", "source_domain", "anchor")
            key = (*(link[name] for name in names), link["target_host"] + link["target_path"])
            found[key].append(link)
    return sorted(
        (
            *key,
            int(any(link["target_url"].startswith("https:") for link in some)),
            len(some),
            sum(link["nofollow"] + link["ugc"] + link["sponsored"] == 0 for link in some),
        )
        for key, some in found.items()
    )


def large(store: Store) -> list[str]:
    found = rows(store.query("SELECT target_domain FROM large_targets FINAL ORDER BY 1"))
    return [row["target_domain"] for row in found]


@pytest.mark.engine
@pytest.mark.parametrize(("seed", "most"), [(0, 4_096), (1, 2), (2, 1)])
def test_what_is_kept_run_by_run_is_what_the_links_say(
    job: Job, seed: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "_MOST", most)
    chance = random.Random(seed)
    for day in range(5):
        job.run(*(
            visited(
                day,
                *(Link(chance.choice(["https", "http"]) + target[5:], anchor=chance.choice("xyz"),
                       rel=chance.randrange(8))
                  for target in chance.sample(TARGETS, chance.randrange(4))),
                url=chance.choice(SOURCES),
                outcome=chance.choice(["ok", "ok", "ok", "gone", "error"]),
            )
            for _ in range(6)
        ))  # fmt: skip
        assert kept(job.store) == told(job.store)
    assert large(job.store) == ["a.org", "b.org"]
    for size in (uses.PIECE, 2):
        monkeypatch.setattr(uses, "PIECE", size)
        job.store.execute("TRUNCATE TABLE link_uses")
        roll_up(job.store, int(job.now * 1000), whole=True)
        assert kept(job.store) == told(job.store), "made whole"


@pytest.mark.engine
@pytest.mark.parametrize("seed", [11])
def test_a_question_is_answered_the_same_from_what_is_kept_and_from_the_links(
    store: AnyStore, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "LARGE", 1)
    web = SmallWeb(store, seed)
    asked = [web.target, f"www.{web.target}", f"{web.target}/blog/*", f"https://{web.target}/"]
    index = Index(store)

    def answers() -> list[list[tuple[Any, ...]]]:
        return [
            [msgspec.structs.astuple(row) for row in ask(target, limit=1_000)]
            for ask in (index.anchors, index.terms, index.pages)
            for target in asked
        ]

    from_kept = answers()
    assert len(large(store)) == 1
    assert all(from_kept)
    store.execute("TRUNCATE TABLE large_targets")
    assert answers() == from_kept
    store.execute("TRUNCATE TABLE links")
    assert not any(answers()), "of a small target from its links alone"


@pytest.mark.embedded
def test_an_answer_of_a_large_target_reads_none_of_its_links(job: Job) -> None:
    job.run(visited(0, Link("https://t.org/", anchor="x")))
    job.store.execute("TRUNCATE TABLE links")
    assert [row.anchor for row in Index(job.store).anchors("t.org")] == ["x"]
    assert [row.url for row in Index(job.store).pages("t.org")] == ["https://t.org/"]


@pytest.mark.embedded
def test_uses_are_kept_once_a_target_is_large_and_then_of_all_its_pairs_for_good(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "LARGE", 3)
    job.run(visited(0, "https://t.org/", "https://u.org/", url="https://s0.org/"))
    job.run(visited(0, "https://t.org/", "https://u.org/", url="https://s1.org/"))
    assert (kept(job.store), large(job.store)) == ([], [])
    job.run(visited(0, "https://t.org/", url="https://s2.org/"))
    assert large(job.store) == ["t.org"]
    assert kept(job.store) == told(job.store, ["t.org"])
    assert len(kept(job.store)) == 3
    monkeypatch.setattr(uses, "LARGE", 1_000)
    job.run(visited(1, url="https://s2.org/"), visited(2, url="https://s2.org/"))
    assert kept(job.store) == told(job.store, ["t.org"])
    assert len(kept(job.store)) == 2


@pytest.mark.embedded
def test_who_was_stopped_before_all_of_a_new_large_target_was_counted_counts_it_again(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    write(job.store, [visited(0, "https://t.org/")], int(job.now * 1000))
    with monkeypatch.context() as here:
        here.setattr(job.store, "insert", stopped)
        with pytest.raises(KeyboardInterrupt):
            roll_up(job.store, int(job.now * 1000), whole=True)
    assert large(job.store) == []
    assert [row.links for row in Index(job.store).anchors("t.org")] == [1], "from its link"
    job.run(visited(0, "https://t.org/", url="https://s1.org/"))
    assert large(job.store) == ["t.org"]
    assert kept(job.store) == told(job.store)


@pytest.mark.embedded
def test_what_changed_is_counted_by_the_slices_of_referring_domains(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(referrers, "SLICE", 2)
    some = [f"https://{letter}.org/" for letter in "abcdef"]
    # Of few pages among many only those that changed are looked at.
    job.run(visited(0, *some), *(visited(0, url=f"https://s.org/{n}") for n in range(30)))
    job.run(visited(1, *some[1:]), visited(2, *some[1:]), visited(0, *some, url="https://x.org/"))
    assert kept(job.store) == told(job.store)
    assert len(kept(job.store)) == 11


@pytest.mark.embedded
@pytest.mark.parametrize("name", ["s.org/p", "t.org/secret", "s.org", "t.org", "www.t.org"])
def test_nothing_of_what_is_erased_is_told_of_large_targets(job: Job, name: str) -> None:
    """Neither what a page said nor what was said of it, though other pages of its site stay."""
    job.run(
        visited(
            0,
            Link("https://t.org/secret", anchor="said"),
            Link("https://www.t.org/", anchor="said"),
            Link("https://u.org/", anchor="said"),
        ),
        visited(0, Link("https://t.org/", anchor="else"), url="https://s.org/q"),
        visited(0, Link("https://t.org/", anchor="else"), url="https://r.org/q"),
    )
    assert len(kept(job.store)) == 5
    erase(job.store, [name])
    assert kept(job.store) == told(job.store)
    assert 0 < len(kept(job.store)) < 5
    unmerged = rows(job.store.query("SELECT * FROM link_uses"))
    for host in ("t.org/secret", "www.t.org/"):
        if host.startswith(name):
            assert not any(host in row["pages"] for row in unmerged)
    if name == "s.org/p":
        assert not any("said" in row["anchors"] for row in unmerged)
