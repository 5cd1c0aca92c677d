"""How large targets are linked, rolled up: it is what the links say, and answers agree."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import msgspec
import pytest

from pipeline.index import profile, referrers, uses
from pipeline.index.answer import Answer
from pipeline.index.erase import erase
from pipeline.index.lifecycle import Lifecycle
from pipeline.index.questions import Index
from pipeline.index.referrers import RollUp, roll_up
from pipeline.page import Page
from pipeline.store import Store, rows, sql
from pipeline.store.migrate import migrations
from pipeline.url import canonical
from tests.pipeline.index.small_web import SmallWeb, bare
from tests.support.longest import one_and_more
from tests.support.records import DAY, START, TODAY, Link, page, write
from tests.support.stores import AnyStore

TARGETS = [f"https://{host}.org{path}" for host in ("a", "b", "www.a") for path in ("/", "/x?y")]
SHORT = ["https://w.net/1", "https://w.net/2"]  # lead on, now here and now there
SOURCES = [f"https://s{n}.org/{path}" for n in range(3) for path in "pqr"]
HOUR = 3_600_000
Use = tuple[str, str, str, str, str, int, int, int, int]


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
            "SELECT target_domain, source_domain, anchor, page, end, https, end_https, links, "
            "followed FROM link_uses FINAL ARRAY JOIN anchors AS anchor, pages AS page, "
            "ends AS end, https, ends_https AS end_https, links, followed"
        )
    )
    return sorted(tuple(row.values()) for row in found)


def told(store: Store, only: Iterable[str] = ()) -> list[Use]:
    """What the links say, counted here."""
    targets = only or [
        row["name"]
        for row in rows(
            store.query(
                "SELECT target_domain AS name FROM links "
                "UNION DISTINCT SELECT end_domain FROM leads_in"
            )
        )
    ]
    found: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for target in targets:
        for link in rows(store.query(f"SELECT * FROM backlinks(domain = '{target}')")):
            if link["state"] == "live":
                link["named"] = canonical(link["target_url"]).domain == target
                page = bare(link["target_url"]) if link["named"] else ""
                end = bare(link["end_url"]) if link["indirect"] else ""
                found[target, link["source_domain"], link["anchor"], page, end].append(link)
    return sorted(
        (
            *key,
            int(any(link["named"] and link["target_url"][:6] == "https:" for link in some)),
            int(key[4] != "" and some[0]["end_url"].startswith("https:")),
            len(some),
            sum(link["nofollow"] + link["ugc"] + link["sponsored"] == 0 for link in some),
        )
        for key, some in found.items()
    )


def demand_same_events(store: Store) -> set[str]:
    """What is kept of events is what the links say of each day; which changes there were."""
    question = "SELECT * FROM change_counts_of(domain = {domain:String}, under = '%', by = 'day')"
    for target in large(store):
        given = {"domain": target, "by": "day"}
        rolled = store.query(sql("pipeline/index/queries/change_counts_rolled"), given)
        wanted = rows(store.query(f"{question} ORDER BY period", given))
        assert sorted(rows(rolled), key=lambda row: str(row["period"])) == wanted
    found = rows(
        store.query("SELECT DISTINCT toString(arrayJoin(event_changes)) AS name FROM link_uses")
    )
    return {row["name"] for row in found}


def large(store: Store) -> list[str]:
    found = rows(store.query("SELECT target_domain FROM large_targets FINAL ORDER BY 1"))
    return [row["target_domain"] for row in found]


@pytest.mark.engine
@pytest.mark.parametrize(("seed", "most"), one_and_more([(0, 4_096), (1, 2), (2, 1)]))
def test_what_is_kept_run_by_run_is_what_the_links_say(
    job: Job, seed: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "_MOST", most)
    chance = random.Random(seed)
    led, happened = set[bool](), set[str]()
    for day in range(5):
        job.run(*(
            visited(
                day,
                *(Link(chance.choice(["https", "http"]) + target[5:], anchor=chance.choice("xyz"),
                       rel=chance.randrange(8))
                  for target in chance.sample([*TARGETS, *SHORT], chance.randrange(5))),
                url=chance.choice(SOURCES),
                outcome=chance.choice(["ok", "ok", "ok", "gone", "error"]),
            )
            for _ in range(6)
        ), *leading(chance, day))  # fmt: skip
        assert kept(job.store) == told(job.store)
        happened |= demand_same_events(job.store)
        led |= {use[3] == "" for use in kept(job.store) if use[4]}
    assert led == {True, False}, "some by other domains' pages, and some by their own"
    assert happened >= {"appeared", "discovered", "changed", "indirect", "gained domain"}
    assert large(job.store) == ["a.org", "b.org", "w.net"]
    for size in (uses.PIECE, 2):
        monkeypatch.setattr(uses, "PIECE", size)
        job.store.execute("TRUNCATE TABLE link_uses")
        roll_up(job.store, int(job.now * 1000), whole=True)
        assert kept(job.store) == told(job.store), "made whole"
        demand_same_events(job.store)


def leading(chance: random.Random, day: int) -> Iterator[Page]:
    """Pages that redirect or name a canonical, or do no longer."""
    for url in (*SHORT, TARGETS[1], TARGETS[3]):
        to = chance.choice([x for x in TARGETS if x != url])
        how: list[dict[str, Any]] = [
            {}, {"outcome": "redirect", "final_url": to, "status": 301}, {"canonical": to},
        ]  # fmt: skip
        yield visited(day, url=url, **chance.choice(how))


@pytest.mark.engine
@pytest.mark.parametrize("seed", [11])
def test_a_question_is_answered_the_same_from_what_is_kept_and_from_the_links(
    store: AnyStore, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "LARGE", 1)
    web = SmallWeb(store, seed)
    short = "https://short.example/x"
    led = [web.link(short, "a"), web.link(web.targets[2], "a"), web.link(web.targets[8], "a")]
    web.add(
        page(short, START, outcome="redirect", final_url=web.targets[8]),
        *(page(f"https://{name}/more", START, led) for name in [*web.domains[:3], "only.org"]),
        page("https://through.org/", START, led[:1]),
    )
    asked = [web.target, f"www.{web.target}", f"{web.target}/blog/*", f"https://{web.target}/"]
    index = Index(store)

    def answers() -> list[list[tuple[Any, ...]]]:
        return [
            [msgspec.structs.astuple(row) for row in ask(target, limit=1_000)]
            for ask in (index.anchors, index.terms, index.pages)
            for target in asked
        ]

    from_kept = answers()
    assert large(store) == ["short.example", web.target]
    assert all(from_kept)
    assert [any(row[-1] for row in answer) for answer in from_kept] == [True, True, False, True] * 3
    store.execute("TRUNCATE TABLE large_targets")
    assert answers() == from_kept
    for table in ("links", "indirect_links"):
        store.execute(f"TRUNCATE TABLE {table}")
    assert not any(answers()), "of a small target from its links alone"


@pytest.mark.long
@pytest.mark.engine
def test_what_came_and_went_is_told_the_same_from_what_is_kept_and_from_the_links(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(5)
    for day in range(6):
        some = (
            visited(
                day,
                *(
                    Link(target, anchor=chance.choice("xyz"))
                    for target in chance.sample(TARGETS, 2)
                ),
                url=source,
                outcome=chance.choice(["ok", "ok", "gone"]),
            )
            for source in chance.sample(SOURCES, 5)
        )
        leaves = visited(day, *TARGETS[: day == 0], url="https://leaves.org/")
        job.run(*some, leaves, *leading(chance, day))
    index = Index(job.store)

    def answers() -> list[list[tuple[Any, ...]]]:
        found: list[list[Any]] = []
        for target in ("a.org", "b.org"):
            for by in ("day", "week", "month"):
                found.append(list(index.change_counts(target, by=by)))
                found.append(list(index.history(target, by=by, links=True)))
            for options in (
                {}, {"only": "lost"}, {"only": "appeared"}, {"authority": 0.0},
                {"since": START + DAY, "until": START + 4 * DAY + DAY // 2},
            ):  # fmt: skip
                found.append(in_pages(partial(index.changes, target, limit=3, **options)))
        return [[msgspec.structs.astuple(row) for row in rows] for rows in found]

    def in_pages(ask: Callable[..., Answer[Any]]) -> list[Any]:
        told, after = [], None
        while True:
            answer = ask(after=after)
            told += list(answer)
            if (after := answer.next) is None:
                return told

    from_kept = answers()
    assert len(max(from_kept, key=len)) > 12
    for told in ("lost", "domains_lost", "indirect_lost"):
        assert any(getattr(row, told) for row in index.change_counts("a.org")), told
    job.store.execute("TRUNCATE TABLE large_targets")
    assert answers() == from_kept
    monkeypatch.setattr(profile, "FEW", 0)
    assert answers() == from_kept, "of the domains that are found first"


@pytest.mark.parametrize(
    ("limit", "until", "told"),
    [
        (10, 10 * HOUR - 1, (7, 9)),
        (30, 10 * HOUR - 1, (5, 9)),
        (100, 10 * HOUR - 1, ()),
        (10, 8 * HOUR - 1, (5, 7)),  # of an hour that is cut it is not known how much counts
    ],
)
def test_no_more_hours_are_read_than_a_page_needs(
    limit: int, until: int, told: tuple[int, ...]
) -> None:
    asked = profile.changes("t.org", limit=limit, until=until)
    hours = [(9, 2), (7, 20), (5, 30)]
    known = [{"hour": h, "events": n} for h, n in hours if h * HOUR < asked._until]
    found = asked._from(known)
    assert tuple(found.get(name) for name in ("first_hour", "last_hour") if found) == told


@pytest.mark.embedded
def test_an_answer_of_a_large_target_reads_none_of_its_links(job: Job) -> None:
    job.run(visited(0, Link("https://t.org/", anchor="x")))
    for table in ("links", "indirect_links"):
        job.store.execute(f"TRUNCATE TABLE {table}")
    assert [row.discovered for row in Index(job.store).change_counts("t.org")] == [1]
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
    demand_same_events(job.store)
    assert 0 < len(kept(job.store)) < 5
    unmerged = rows(job.store.query("SELECT * FROM link_uses"))
    for host in ("t.org/secret", "www.t.org/"):
        if host.startswith(name):
            assert not any(host in row["pages"] for row in unmerged)
    if name == "s.org/p":
        assert not any("said" in row["anchors"] for row in unmerged)


@pytest.mark.embedded
@pytest.mark.parametrize("name", ["w.net/1", "w.net", "t.org/new", "v.net/x"])
def test_a_link_does_not_arrive_any_more_by_what_is_erased(job: Job, name: str) -> None:
    """Of whichever page on its way."""
    job.run(
        visited(0, Link("https://w.net/1", anchor="by"), Link("https://t.org/old", anchor="in")),
        visited(0, url="https://w.net/1", outcome="redirect", final_url="https://v.net/x"),
        visited(0, url="https://v.net/x", outcome="redirect", final_url="https://t.org/new"),
        visited(0, url="https://t.org/old", outcome="redirect", final_url="https://v.net/x"),
    )
    ended = [use[3:5] for use in kept(job.store) if use[0] == "t.org"]
    assert ended == [("", "t.org/new"), ("t.org/old", "t.org/new")]
    erase(job.store, [name])
    assert kept(job.store) == told(job.store)
    demand_same_events(job.store)
    left = [use[3:5] for use in kept(job.store) if use[0] == "t.org"]
    by_itself = ("t.org/old", "t.org/new" if name.startswith("w.net") else "")
    assert left == [by_itself]


@pytest.mark.embedded
def test_that_links_once_arrived_by_what_is_erased_is_not_told_any_more(job: Job) -> None:
    """Though they arrive no more since before."""
    job.run(
        visited(0, Link("https://w.net/1"), Link("https://t.org/")),
        visited(0, url="https://w.net/1", outcome="redirect", final_url="https://t.org/new"),
    )
    job.run(visited(1, url="https://w.net/1"))
    (count,) = Index(job.store).change_counts("t.org", by="month")
    assert (count.indirect_gained, count.indirect_lost) == (1, 1)
    erase(job.store, ["w.net/1"])
    (count,) = Index(job.store).change_counts("t.org", by="month")
    assert (count.discovered, count.indirect_gained, count.indirect_lost) == (1, 0, 0)
    demand_same_events(job.store)


@pytest.mark.embedded
def test_uses_of_before_links_were_told_where_they_end_are_answered(job: Job) -> None:
    """Until the job has made them anew, which it does once."""
    job.run(visited(0, Link("https://t.org/", anchor="x")))
    for column in ("ends", "ends_https"):
        job.store.execute(f"ALTER TABLE link_uses DROP COLUMN {column}")
    (migration,) = [one for one in migrations() if one.name == "use_ends"]
    for statement in migration.statements:
        job.store.execute(statement)
    assert [row.anchor for row in Index(job.store).anchors("t.org")] == ["x"]
    assert [row.url for row in Index(job.store).pages("t.org")] == ["https://t.org/"]
    assert kept(job.store) == told(job.store)
