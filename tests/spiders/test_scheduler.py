"""Which host is next, and when: against a model that keeps everything in plain lists."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from spiders.scheduler import Group, Scheduler

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


def test_what_was_put_back_goes_first_once_it_is_due() -> None:
    """Behind 100,000 hosts that are due, it would come when its robots.txt is forgotten again."""
    scheduler: Scheduler[int] = Scheduler()
    for number in range(100):
        scheduler.add(f"h{number}.example", number)
    assert scheduler.pop(0.0) == ("h0.example", 0)
    scheduler.put_back("h0.example", 0)
    scheduler.add("h0.example", 1000)
    assert len(scheduler) == 101
    scheduler.done("h0.example", 1.0)
    assert scheduler.pop(0.9) == ("h1.example", 1)
    assert scheduler.pop(1.0) == ("h0.example", 0)
    scheduler.done("h0.example", 1.0)
    assert scheduler.pop(1.0) == ("h2.example", 2), "its other requests wait their turn"
    assert [item for _, item in drain(scheduler, 1.0)] == [*range(3, 100), 1000]


def test_what_was_put_back_is_looked_for_in_time() -> None:
    scheduler: Scheduler[int] = Scheduler()
    scheduler.add("a.example", 1)
    scheduler.add("b.example", 2, not_before=9.0)
    scheduler.pop(0.0)
    scheduler.put_back("a.example", 1)
    scheduler.done("a.example", 4.0)
    assert scheduler.next_due() == 4.0
    assert scheduler.take_out(lambda item: item == 1) == [1]
    assert scheduler.pop(5.0) is None
    assert scheduler.next_due() == 9.0


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


def test_what_is_known_to_rest_for_long_is_not_remembered_here_too() -> None:
    scheduler: Scheduler[int] = Scheduler()
    for host in HOSTS:
        scheduler.add(host, 1)
    for host, _ in drain(scheduler, 0.0):
        scheduler.done(host, 3_600.0)
    scheduler.add("b.example", 2)
    scheduler.forget_idle(1.0, rests=lambda host, now: now < 5.0 and host != "c.example")
    assert list(scheduler._hosts) == ["b.example", "c.example"]


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


@settings(max_examples=300)
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


# --- hosts that share a bound ---


def test_hosts_of_a_group_have_so_many_requests_at_once() -> None:
    scheduler: Scheduler[int] = Scheduler()
    for number in range(5):
        scheduler.add(f"h{number}.example", number, groups=[Group("example", 2)])
    scheduler.add("other.test", 9)
    first = drain(scheduler, 0.0)
    assert first == [("h0.example", 0), ("h1.example", 1), ("other.test", 9)]
    assert scheduler.pop(100.0) is None
    scheduler.done("h1.example", 0.0)
    assert drain(scheduler, 0.0) == [("h2.example", 2)]
    scheduler.done("h0.example", 0.0)
    scheduler.done("h2.example", 0.0)
    assert drain(scheduler, 0.0) == [("h3.example", 3), ("h4.example", 4)]


def test_room_that_a_host_can_not_use_is_another_s() -> None:
    """Parked at its owner's bound, it meets a full address next: the owner's others may go."""
    scheduler: Scheduler[int] = Scheduler()
    owner, address = Group("owner", 1), Group("address", 1)
    scheduler.add("a.test", 1, groups=[owner])
    scheduler.add("b.test", 2, groups=[owner, address])
    scheduler.add("c.test", 3, groups=[owner])
    scheduler.add("d.test", 4, groups=[address])
    assert drain(scheduler, 0.0) == [("a.test", 1), ("d.test", 4)]
    scheduler.done("a.test", 0.0)
    assert drain(scheduler, 0.0) == [("c.test", 3)], "b waits for d"
    scheduler.done("d.test", 0.0)
    scheduler.done("c.test", 0.0)
    assert drain(scheduler, 0.0) == [("b.test", 2)]


def test_a_host_joins_the_group_of_the_address_where_it_was_found() -> None:
    scheduler: Scheduler[int] = Scheduler()
    hosts = [f"h{number}.test" for number in range(4)]
    for item in range(3):
        for host in hosts:
            scheduler.add(host, item)
    for host, _ in drain(scheduler, 0.0):
        scheduler.done(host, 0.0, joins=Group("192.0.2.1", 2))
    assert len(drain(scheduler, 0.0)) == 2
    scheduler.done("h0.test", 0.0, joins=Group("192.0.2.2", 2))
    assert sorted(host for host, _ in drain(scheduler, 0.0)) == ["h0.test", "h2.test"]


def test_what_is_dropped_while_it_is_parked_holds_no_place() -> None:
    scheduler: Scheduler[int] = Scheduler()
    for number in range(3):
        scheduler.add(f"h{number}.example", number, groups=[Group("example", 1)])
    assert drain(scheduler, 0.0) == [("h0.example", 0)]
    assert scheduler.drop("h1.example") == [1]
    scheduler.done("h0.example", 0.0)
    assert drain(scheduler, 0.0) == [("h2.example", 2)]
    scheduler.done("h2.example", 0.0)
    scheduler.forget_idle(1.0)
    assert (len(scheduler._hosts), len(scheduler._groups)) == (0, 0)


def test_room_that_was_kept_for_a_host_that_is_forgotten_is_another_s() -> None:
    """It was woken, its deadline passed before its turn came, and memory was looked after."""
    scheduler: Scheduler[int] = Scheduler()
    for number in range(3):
        scheduler.add(f"h{number}.example", number, groups=[Group("example", 1)])
    assert drain(scheduler, 0.0) == [("h0.example", 0)]
    scheduler.done("h0.example", 0.0)
    assert scheduler.take_out(lambda item: item == 1) == [1]
    scheduler.forget_idle(1.0)
    assert drain(scheduler, 1.0) == [("h2.example", 2)]


def test_room_that_was_kept_for_a_host_that_must_wait_longer_is_another_s() -> None:
    scheduler: Scheduler[int] = Scheduler()
    for number in range(3):
        scheduler.add(f"h{number}.example", number, groups=[Group("example", 1)])
    assert drain(scheduler, 0.0) == [("h0.example", 0)]
    scheduler.done("h0.example", 0.0)
    scheduler.add("h1.example", 3, not_before=50.0)
    assert drain(scheduler, 1.0) == [("h2.example", 2)]


def test_a_host_that_stood_twice_in_line_is_parked_once() -> None:
    """Else it would be woken twice, and the second time in place of another."""
    scheduler: Scheduler[int] = Scheduler()
    group = Group("example", 2)
    for number in range(2):
        scheduler.add(f"busy{number}.example", number, groups=[group])
    assert len(drain(scheduler, 0.0)) == 2
    scheduler.add("twice.example", 2, groups=[group])
    scheduler.drop("twice.example")
    scheduler.add("twice.example", 3)
    scheduler.add("last.example", 4, groups=[group])
    assert drain(scheduler, 0.0) == []
    for number in range(2):
        scheduler.done(f"busy{number}.example", 0.0)
    assert sorted(drain(scheduler, 0.0)) == [("last.example", 4), ("twice.example", 3)]


GROUPED = {f"h{n}": [Group(f"g{n % 3}", 1 + n % 3), Group(f"o{n % 2}", 2)] for n in range(9)}
calls = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "pop", "pop", "done", "drop", "sweep", "forget"]),
        st.sampled_from(list(GROUPED)),
        st.integers(0, 3),
    ),
    min_size=40,  # or it takes thousands of examples to forget a host that was woken
    max_size=120,
)


@given(calls)
def test_no_bound_is_passed_and_nobody_waits_for_ever(made: list[tuple[str, str, int]]) -> None:
    scheduler: Scheduler[int] = Scheduler()
    busy: dict[str, str] = {}  # host to the address that it joins
    waiting: dict[str, list[int]] = {host: [] for host in GROUPED}
    joined: dict[str, str] = {}
    now = 0.0

    def groups(host: str) -> list[Group]:
        return [*GROUPED[host], *([Group(joined[host], 2)] if host in joined else [])]

    def used(group: Group) -> int:
        return sum(group in groups(host) for host in busy)

    def can_go(host: str) -> bool:
        free = all(used(group) < group.limit for group in groups(host))
        return bool(waiting[host]) and host not in busy and free

    def pop() -> bool:
        free = {host for host in GROUPED if can_go(host)}
        popped = scheduler.pop(now)
        assert (popped is not None) == bool(free), free
        if popped is None:
            return False
        assert popped[0] in free
        assert popped[1] == waiting[popped[0]].pop(0)
        busy[popped[0]] = f"address {popped[1] % 2}"
        return True

    def done(host: str) -> None:
        address = busy.pop(host)
        joined[host] = address
        scheduler.done(host, now, joins=Group(address, 2))

    for number, (call, host, step) in enumerate(made):
        if call == "add":
            known = host in scheduler._hosts
            scheduler.add(host, number, groups=GROUPED[host], not_before=now)
            if not known:
                joined.pop(host, None)
            waiting[host].append(number)
        elif call == "pop":
            now += step
            pop()
        elif call == "done" and host in busy:
            done(host)
        elif call == "drop":
            assert scheduler.drop(host) == waiting[host]
            waiting[host] = []
        elif call == "sweep":  # as deadlines pass, and memory is looked after
            late = waiting[host][: step + 1]
            assert scheduler.take_out(late.__contains__) == late
            waiting[host] = waiting[host][step + 1 :]
            scheduler.forget_idle(now)
        elif call == "forget":
            scheduler.forget_idle(now)
    while any(waiting.values()):
        while pop():
            pass
        assert busy, "somebody waits, and nobody will wake him"
        done(min(busy))
    for host in list(busy):
        done(host)
    scheduler.forget_idle(now)
    assert (len(scheduler._hosts), len(scheduler._groups), len(scheduler)) == (0, 0, 0)
