"""The lifecycle job itself: what it looks at, and what it asks for again."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StoreRefused
from pipeline.index.lifecycle import Lifecycle, LifecycleThread, spans
from pipeline.store import Store, rows
from tests.support.records import DAY, START, TODAY, page, write
from tests.support.stores import AnyStore
from tests.support.waiting import PATIENCE_S, until

NOW = TODAY
URL, LINK = "https://source.org/page", "https://target.org/"
BARE = ["https://elsewhere.org/"]


class Job:
    def __init__(self, store: Store, confirm_s: int = 60) -> None:
        self.store, self.now = store, NOW / 1000
        self.lifecycle = Lifecycle(store, confirm_s, clock=lambda: self.now)

    def state(self) -> str:
        self.lifecycle.run()
        found = self.store.query("SELECT state FROM link_states WHERE target_domain = 'target.org'")
        return str(rows(found)[0]["state"])

    def wanted(self) -> dict[str, int]:
        self.lifecycle.run()
        found = self.store.query("SELECT path, max(wanted) AS at FROM frontier GROUP BY path")
        return {row["path"]: row["at"] for row in rows(found) if row["at"]}


@pytest.fixture
def job(store: AnyStore) -> Job:
    return Job(store)


def lose(store: Store, arrived: int, first: int = 0) -> None:
    pages = [
        page(URL, START, [LINK]),
        page(URL, START + DAY, BARE),
        page(URL, START + 2 * DAY, BARE),
    ]
    write(store, pages[first:], arrived)


@pytest.mark.embedded
def test_what_operators_say_may_be_refused_and_the_job_still_runs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ran = threading.Event()

    class Watched:
        def run(self) -> None:
            ran.set()

        finish = run

    def refused() -> None:
        raise StoreRefused("Not enough privileges")

    thread = LifecycleThread(Watched(), 0.01, beside=refused)  # type: ignore[arg-type]
    thread.start()
    assert ran.wait(PATIENCE_S)
    assert thread.is_alive()
    thread.stop()
    assert "docs/cluster.md" in caplog.text
    assert "the role erase" in caplog.text


@pytest.mark.embedded
def test_a_job_that_fails_is_told_of_and_has_its_next_turn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    runs: list[int] = []
    errors = [StoreRefused("no free thread"), KeyError("unforeseen")]

    class Failing:
        def run(self) -> None:
            runs.append(1)
            if errors:
                raise errors.pop()

        def finish(self) -> None: ...

    thread = LifecycleThread(Failing(), 0.01)  # type: ignore[arg-type]
    thread.start()
    until(lambda: len(runs) >= 3 or not thread.is_alive())
    thread.stop()
    assert len(runs) >= 3
    assert "no free thread" in caplog.text
    assert "KeyError" in caplog.text, "with where it came from"


def test_a_run_without_arrivals_does_nothing(job: Job) -> None:
    assert job.lifecycle.run() == 0
    lose(job.store, NOW)
    assert job.lifecycle.run() == 3
    assert job.lifecycle.run() == 0


def test_what_arrives_late_with_an_early_mark_is_looked_at(job: Job) -> None:
    """An insert marks its rows before it begins, and may end after the job has run."""
    write(job.store, [page(URL, START, [LINK])], NOW - 5000)
    write(job.store, [page("https://another.org/", START)], NOW)
    assert job.state() == "live"
    lose(job.store, NOW - 4000, first=1)
    assert job.state() == "lost"


def test_what_arrives_in_the_same_millisecond_is_looked_at(job: Job) -> None:
    write(job.store, [page(URL, START, [LINK])], NOW)
    assert job.state() == "live"
    lose(job.store, NOW, first=1)
    assert job.state() == "lost"


def test_a_clock_that_was_ahead_does_not_hide_what_comes_after_it_is_right(job: Job) -> None:
    write(job.store, [page("https://another.org/", START)], NOW + 10 * DAY)
    job.lifecycle.run()
    job.now += 1
    lose(job.store, NOW + 1000)
    assert job.state() == "lost"


def test_a_clock_that_is_moved_back_hides_nothing_and_costs_one_look_at_everything(
    job: Job,
) -> None:
    """Its own clock, too, was a day ahead, as where all of it is one machine."""
    write(job.store, [page("https://old.org/", START)] * 5, NOW - DAY)
    job.now += 86_400
    write(job.store, [page(URL, START, [LINK])], NOW + DAY)
    assert job.state() == "live"
    job.now -= 86_400
    lose(job.store, NOW, first=1)
    assert job.state() == "lost"
    job.now += 600
    write(job.store, [page("https://another.org/", START)], NOW + 600_000)
    assert job.lifecycle.run() == 2, "one now, and one as of tomorrow; what came before is known"


def test_another_process_goes_on_where_the_last_one_was(store: AnyStore) -> None:
    lose(store, NOW - 2 * DAY)
    assert Job(store).state() == "lost"
    write(store, [page("https://another.org/", START)], NOW)
    Job(store).lifecycle.run()
    assert Job(store).lifecycle.run() <= 1, "only the last minute's"


def test_running_again_changes_nothing(job: Job) -> None:
    lose(job.store, NOW)
    assert job.state() == "lost"
    states = "SELECT * FROM link_states ORDER BY target_domain"
    before = rows(job.store.query(states))
    job.store.execute("TRUNCATE TABLE marks")
    assert Job(job.store).lifecycle.run() == 3
    assert rows(job.store.query(states)) == before


def test_a_page_that_lost_a_link_is_wanted_again_soon(job: Job) -> None:
    write(job.store, [page(URL, START, [LINK]), page(URL, START + DAY, BARE)], NOW)
    assert job.wanted() == {"/page": NOW // 1000 + 1 + 60}


def test_a_list_that_speaks_of_the_page_later_is_no_visit_of_it(job: Job) -> None:
    lose(job.store, NOW, first=0)
    pages = [
        page("https://source.org/listed", START, [LINK]),
        page("https://source.org/listed", START + DAY, BARE),
        page("https://source.org/listed", START + 3 * DAY, [LINK], source="list", complete=False),
    ]
    write(job.store, pages, NOW + 1)
    assert "/listed" in job.wanted()


def test_a_page_that_is_gone_is_wanted_again_soon(job: Job) -> None:
    gone = page(URL, START + DAY, outcome="gone")
    write(job.store, [page(URL, START, [LINK]), gone], NOW)
    assert job.wanted() == {"/page": NOW // 1000 + 1 + 60}


def test_a_page_whose_links_are_as_before_is_not_wanted(job: Job) -> None:
    same = [page(URL, START + i * DAY, [LINK, *BARE]) for i in range(3)]
    more = page(URL, START + 3 * DAY, [LINK, *BARE, "https://third.org/"])
    write(job.store, [*same, more], NOW)
    assert job.wanted() == {}


def test_a_loss_that_is_proved_is_not_asked_about_again(job: Job) -> None:
    lose(job.store, NOW)
    assert job.wanted() == {}


@pytest.mark.parametrize("outcome", ["error", "timeout", "robots", "redirect", "not_modified"])
def test_a_failure_or_a_redirect_is_not_asked_about(job: Job, outcome: str) -> None:
    away = page(URL, START + DAY, outcome=outcome)  # type: ignore[arg-type]
    write(job.store, [page(URL, START, [LINK]), away], NOW)
    assert job.wanted() == {}


def test_a_page_that_failed_since_waits_for_its_next_try(job: Job) -> None:
    visits = [
        page(URL, START, [LINK]),
        page(URL, START + DAY, BARE),
        page(URL, START + 2 * DAY, outcome="error"),
    ]
    write(job.store, visits, NOW)
    assert job.wanted() == {}


def test_a_page_in_parts_that_lost_a_link_is_wanted(job: Job) -> None:
    visits = [
        page(URL, START + at * DAY, links, part=part, parts=2)
        for at, part, links in [(0, 1, [LINK]), (0, 2, BARE), (1, 1, []), (1, 2, BARE)]
    ]
    write(job.store, visits, NOW)
    assert job.wanted() == {"/page": NOW // 1000 + 1 + 60}


def test_the_parts_of_one_visit_are_not_taken_for_two(job: Job) -> None:
    parts = [
        page(URL, START, [LINK], part=1, parts=2),
        page(URL, START, BARE, part=2, parts=2),
    ]
    write(job.store, parts, NOW)
    assert job.wanted() == {}


def told(job: Job) -> dict[str, tuple[float, int]]:
    return {
        one.metric.name.removeprefix("backlinks_lifecycle_"): (one.value, one.times)
        for one in job.lifecycle.samples()
    }


def waiting_s(job: Job) -> float:
    return told(job)["waiting_seconds"][0]


def test_what_runs_cost_and_how_long_pages_wait_is_told(job: Job) -> None:
    assert set(told(job).values()) == {(0, 0)}
    lose(job.store, NOW)
    job.lifecycle.look_for_waiting()
    job.now += 40
    assert waiting_s(job) == 40
    job.lifecycle.run()
    job.lifecycle.run()  # which has nothing to do
    found = told(job)
    seconds, runs = found["seconds"]
    assert seconds > 0
    assert runs == 1
    assert found["pages"][0] == 3
    job.lifecycle.look_for_waiting()
    assert waiting_s(job) == 0
    lose(job.store, NOW + 30_000)
    job.lifecycle.look_for_waiting()
    assert waiting_s(job) == 10


@pytest.mark.embedded
def test_whose_job_it_is_not_tells_nothing_of_it(job: Job) -> None:
    ours: list[bool] = []
    thread = LifecycleThread(job.lifecycle, 60, lambda: bool(ours))
    assert sum(1 for _ in thread.samples()) == 0
    ours.append(True)
    assert sum(1 for _ in thread.samples()) == 3


@given(st.dictionaries(st.integers(1, 1_000), st.integers(1, 9), min_size=1), st.integers(1, 20))
def test_spans_are_all_arrivals_in_order_and_no_more_pages_than_may_be(
    found: dict[int, int], most: int
) -> None:
    arrived = dict(sorted(found.items()))
    cut = spans(arrived, most)
    assert (cut[0][0], cut[-1][1]) == (min(arrived) - 1, max(arrived))
    assert [to for _, to in cut[:-1]] == [since for since, _ in cut[1:]]
    for since, to in cut:
        inside = [count for at, count in arrived.items() if since < at <= to]
        assert inside
        assert sum(inside) <= most or len(inside) == 1


def test_what_arrived_is_looked_at_once_and_again_where_more_came_of_that_moment(job: Job) -> None:
    write(job.store, [page(URL, START, [LINK])], NOW)
    assert job.lifecycle.run() == 1
    write(job.store, [page("https://another.org/", START)], NOW + 5)
    assert job.lifecycle.run() == 1, "the other is known"
    write(job.store, [page("https://third.org/", START)], NOW)
    assert job.lifecycle.run() == 3, "all since the moment of which more came"
    assert job.lifecycle.run() == 0


@pytest.mark.engine
@pytest.mark.parametrize("at_once", [1, 4, 7, 100])
def test_pieces_hold_each_page_once_domains_side_by_side_and_no_more_than_may_be(
    store: AnyStore, at_once: int
) -> None:
    of = {"a.org": 1, "b.org": 2, "c.org": 13, "d.org": 3, "e.org": 3, "f.org": 5}
    visits = [page(f"https://{name}/{n}", START) for name, some in of.items() for n in range(some)]
    moments = [visits[start::7] for start in range(7)]  # each with pages of many domains
    for number, some in enumerate(moments):
        write(store, some, NOW + number)
    job = Lifecycle(store, 60, clock=lambda: NOW / 1000, at_once=at_once)
    unseen = {NOW + number: len(some) for number, some in enumerate(moments)}
    pieces = list(job._pieces(unseen))
    met: list[tuple[str, str]] = []
    for piece in pieces:
        found = rows(store.query(_AMONG, piece.parameters))
        together = len(found) <= 2 * at_once or len({row["arrived"] for row in found}) == 1
        assert found, "a piece has pages"
        assert together
        met += [(row["domain"], row["path"]) for row in found]
    assert sorted(met) == sorted((name, f"/{n}") for name, some in of.items() for n in range(some))
    assert [piece.after for piece in pieces] == sorted(piece.after for piece in pieces)
    assert len(pieces) == 1 or at_once < 100


_AMONG = """SELECT arrived, domain, path FROM arrivals
WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
AND domain > {after:String} AND ({until:String} = '' OR domain <= {until:String})"""
