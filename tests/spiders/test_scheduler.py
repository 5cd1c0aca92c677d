"""Which host is next, and when: against a model that keeps everything in plain lists."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spiders.scheduler import Scheduler

# The first example of a process makes tables, and the machine may be busy.
unhurried = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])

HOSTS = ("a.example", "b.example", "c.example")


def drain(scheduler: Scheduler[int], now: float) -> list[tuple[str, int]]:
    found = []
    while (popped := scheduler.pop(now)) is not None:
        found.append(popped)
    return found


def test_the_host_that_is_due_longest_comes_first() -> None:
    scheduler: Scheduler[int] = Scheduler()
    scheduler.add("late.example", 1, not_before=3.0)
    scheduler.add("early.example", 2, not_before=1.0)
    scheduler.add("middle.example", 3, not_before=2.0)
    assert [host for host, _ in drain(scheduler, 5.0)] == [
        "early.example",
        "middle.example",
        "late.example",
    ]


def test_hosts_that_are_due_at_once_take_turns() -> None:
    scheduler: Scheduler[int] = Scheduler()
    for item in range(3):
        for host in HOSTS:
            scheduler.add(host, item)
    for item in range(3):
        assert drain(scheduler, item) == [(host, item) for host in HOSTS]
        for host in HOSTS:
            scheduler.done(host, item + 1)


def test_a_host_has_one_request_in_flight() -> None:
    scheduler: Scheduler[int] = Scheduler()
    scheduler.add("a.example", 1)
    scheduler.add("a.example", 2)
    assert scheduler.pop(0.0) == ("a.example", 1)
    scheduler.add("a.example", 3)
    assert scheduler.pop(1e9) is None
    assert len(scheduler) == 2
    scheduler.done("a.example", 10.0)
    assert scheduler.pop(9.9) is None
    assert scheduler.next_due() == 10.0
    assert scheduler.pop(10.0) == ("a.example", 2)


def test_the_delay_holds_for_what_is_added_later() -> None:
    scheduler: Scheduler[int] = Scheduler()
    scheduler.add("a.example", 1)
    scheduler.pop(0.0)
    scheduler.done("a.example", 5.0)
    scheduler.forget_idle(4.9)
    scheduler.add("a.example", 2)
    assert scheduler.pop(4.9) is None
    assert scheduler.pop(5.0) == ("a.example", 2)


def test_a_quarantine_holds_a_host_back_that_waits_already() -> None:
    scheduler: Scheduler[int] = Scheduler()
    scheduler.add("a.example", 1)
    scheduler.add("a.example", 2, not_before=7.0)
    assert scheduler.pop(6.9) is None
    assert scheduler.pop(7.0) == ("a.example", 1)


def test_drop_gives_back_what_waits_and_leaves_the_delay() -> None:
    scheduler: Scheduler[int] = Scheduler()
    for item in range(4):
        scheduler.add("a.example", item)
    scheduler.add("b.example", 9)
    scheduler.pop(0.0)
    assert scheduler.drop("a.example") == [1, 2, 3]
    assert scheduler.drop("nobody.example") == []
    assert len(scheduler) == 1
    scheduler.done("a.example", 60.0)
    scheduler.add("a.example", 5)
    assert drain(scheduler, 59.0) == [("b.example", 9)]
    assert scheduler.pop(60.0) == ("a.example", 5)


def test_nothing_is_due_where_nothing_waits() -> None:
    scheduler: Scheduler[int] = Scheduler()
    assert scheduler.pop(0.0) is None
    assert scheduler.next_due() is None


def test_memory_follows_the_window_and_not_the_hosts_that_were() -> None:
    scheduler: Scheduler[int] = Scheduler()
    for number in range(20_000):
        host = f"h{number}.example"
        scheduler.add(host, number)
        assert scheduler.pop(float(number)) == (host, number)
        scheduler.done(host, number + 1.0)
        if number % 100 == 0:
            scheduler.forget_idle(float(number))
            assert len(scheduler._hosts) <= 101
    scheduler.forget_idle(1e9)
    assert scheduler.pop(1e9) is None
    assert (len(scheduler._hosts), len(scheduler._heap), len(scheduler)) == (0, 0, 0)


class Model:
    def __init__(self) -> None:
        self.waiting: dict[str, list[int]] = {host: [] for host in HOSTS}
        self.next_at = dict.fromkeys(HOSTS, 0.0)
        self.busy: set[str] = set()

    def due(self, now: float) -> set[str]:
        return {
            host
            for host in HOSTS
            if self.waiting[host] and host not in self.busy and self.next_at[host] <= now
        }

    def size(self) -> int:
        return sum(map(len, self.waiting.values()))


steps = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(HOSTS), st.integers(0, 6)),
    st.tuples(st.just("pop"), st.sampled_from(HOSTS), st.integers(0, 3)),
    st.tuples(st.just("done"), st.sampled_from(HOSTS), st.integers(0, 4)),
    st.tuples(st.just("drop"), st.sampled_from(HOSTS), st.just(0)),
    st.tuples(st.just("forget"), st.sampled_from(HOSTS), st.just(0)),
)


@unhurried
@given(st.lists(steps, max_size=60))
def test_any_order_of_calls_agrees_with_the_model(calls: list[tuple[str, str, int]]) -> None:
    scheduler: Scheduler[int] = Scheduler()
    model, now = Model(), 0.0
    for number, (call, host, time) in enumerate(calls):
        if call == "add":
            not_before = now + time - 3
            scheduler.add(host, number, not_before=not_before)
            model.waiting[host].append(number)
            model.next_at[host] = max(model.next_at[host], not_before)
        elif call == "pop":
            now += time
            due = model.due(now)
            popped = scheduler.pop(now)
            assert (popped is None) == (not due)
            if popped is not None:
                assert popped[0] in due
                assert popped[1] == model.waiting[popped[0]].pop(0)
                model.busy.add(popped[0])
        elif call == "done" and host in model.busy:
            scheduler.done(host, now + time)
            model.busy.discard(host)
            model.next_at[host] = max(model.next_at[host], now + time)
        elif call == "drop":
            assert scheduler.drop(host) == model.waiting[host]
            model.waiting[host] = []
        elif call == "forget":
            scheduler.forget_idle(now)
        assert len(scheduler) == model.size()
        next_due = scheduler.next_due()
        later = [model.next_at[h] for h in HOSTS if model.waiting[h] and h not in model.busy]
        if later:  # never later than the truth, or a host that is due would be slept over
            assert next_due is not None
            assert next_due <= min(later)
