"""A requeue and a purge: done once, of a domain or of one of its hosts."""

from __future__ import annotations

from contextlib import suppress

import pytest

from pipeline.errors import StoreBusy
from pipeline.frontier.once import Once, done_once
from pipeline.frontier.plan import frontier_rows
from pipeline.store import Value, rows
from pipeline.url import canonical
from tests.pipeline.said import controls, said
from tests.support.records import START, page, write
from tests.support.stores import AnyStore

URLS = [
    "https://a.example.org/", "https://a.example.org/1", "http://a.example.org:81/",
    "https://b.example.org/", "https://example.org/", "https://example.net/",
]  # fmt: skip
A = {"a.example.org/", "a.example.org/1", "a.example.org:81/"}
ORG = A | {"b.example.org/", "example.org/"}
ALL = ORG | {"example.net/"}
LATER = START + 10_500  # ms


@pytest.fixture
def known(store: AnyStore) -> AnyStore:
    urls = [canonical(url) for url in URLS]
    at = START // 1000
    store.insert("frontier_in", frontier_rows(urls, hops=0, discovered=at, wanted=at))
    write(store, [page(url, START) for url in URLS], START)
    return store


def wanted(store: AnyStore, at: int) -> set[str]:
    """Asked for at that second, and not fetched since."""
    found = store.query(
        "SELECT concat(host, path) AS url FROM frontier GROUP BY host, path "
        "HAVING max(wanted) = {at:UInt32} AND max(wanted) > bitShiftRight(max(fetched), 32)",
        {"at": at},
    )
    return {row["url"] for row in rows(found)}


def urls(store: AnyStore) -> set[str]:
    found = store.query("SELECT DISTINCT concat(host, path) AS url FROM frontier")
    return {row["url"] for row in rows(found)}


@pytest.mark.parametrize(
    ("name", "them"),
    [("example.org", ORG), ("a.example.org", A), ("a.example.org:81", {"a.example.org:81/"})],
)
def test_a_requeue_wants_all_that_is_known_there_and_nothing_else(
    known: AnyStore, name: str, them: set[str]
) -> None:
    once = Once(known, controls(said(LATER, "requeue", name, 0)))
    assert [once.run(), once.run()] == [1, 0]
    assert wanted(known, LATER // 1000 + 1) == them


@pytest.mark.parametrize(
    ("name", "left"),
    [("example.org", {"example.net/"}), ("a.example.org", ALL - A), ("b.example.org:81", ALL)],
)
def test_a_purge_forgets_all_that_is_known_there_and_nothing_else(
    known: AnyStore, name: str, left: set[str]
) -> None:
    once = Once(known, controls(said(LATER, "purge", name, 0)))
    assert [once.run(), once.run()] == [1, 0]
    assert urls(known) == left


@pytest.mark.embedded
def test_a_purge_that_outlasts_the_wait_is_not_issued_each_turn_and_the_rest_is_done(
    known: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = controls(said(LATER, "purge", "example.org", 0), said(LATER, "purge", "example.net", 0))
    issued, now, run = [], [1_000.0], known.execute

    def slow(statement: str, given: dict[str, Value] | None = None) -> None:
        if given and given["domain"] == "example.org":
            issued.append(now[0])
            if len(issued) == 1:
                raise StoreBusy("timeout")
        run(statement, given)

    monkeypatch.setattr(known, "execute", slow)
    once = Once(known, heard, clock=lambda: now[0])
    for _ in range(3):
        now[0] += 60
        with suppress(StoreBusy):
            once.run()
    assert len(issued) == 1
    assert urls(known) == ORG, "the other was done"
    now[0] += 600
    assert once.run() == 1
    assert urls(known) == set()


def test_what_was_done_is_done_again_only_where_it_is_asked_for_again(known: AnyStore) -> None:
    heard = controls(said(LATER, "purge", "example.org", 0))
    Once(known, heard).run()
    again = [canonical("https://example.org/again")]
    known.insert("frontier_in", frontier_rows(again, hops=0, discovered=1, wanted=1))
    assert Once(known, heard).run() == 0, "a planner that is started anew knows"
    assert urls(known) == {"example.net/", "example.org/again"}
    assert done_once(known) == {"purge example.org": LATER}
    heard.take([said(LATER + 1, "purge", "example.org", 0)])
    assert Once(known, heard, clock=lambda: 1.0).run() == 1
    assert Once(known, heard).run() == 0, "behind a clock that was moved back, too"
    assert urls(known) == {"example.net/"}


def test_what_is_said_before_the_time_of_what_was_done_is_done_where_the_clock_was_moved_back(
    known: AnyStore,
) -> None:
    def purge(at: int, now: int) -> int:
        heard = controls(said(at, "purge", "example.org", 0))
        return Once(known, heard, clock=lambda: now / 1000).run()

    assert purge(LATER, LATER) == 1
    assert purge(LATER - 5, LATER) == 0, "who is behind hears of what was done since, soon"
    assert purge(LATER - 3_600_000, LATER - 3_600_000) == 1
    assert purge(LATER - 3_600_000, LATER) == 0
