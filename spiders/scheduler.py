"""Due hosts first: a timer heap of hosts with bounded memory, one request a host at a time.

Hosts of one owner or address share a bound on requests at once. A host that meets a full one is
parked there, out of the heap, until another's request ends: no pop looks at hosts that can't go.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")


class Group(NamedTuple):
    """Hosts that together have at most `limit` requests at once."""

    name: str
    limit: int


class _Group:
    __slots__ = ("busy", "hosts", "limit", "name", "parked")

    def __init__(self, name: str, limit: int) -> None:
        self.name, self.limit = name, limit
        self.busy = self.hosts = 0
        self.parked: deque[str] | None = None  # an empty one has 600 bytes, and nearly all are

    @property
    def is_full(self) -> bool:
        return self.busy >= self.limit


class _Host(Generic[Item]):
    __slots__ = ("address", "begun", "busy", "groups", "next_at", "parked", "queue")

    def __init__(self) -> None:
        self.queue: list[Item] = []  # short: the planner caps what a host has at once
        self.next_at = 0.0
        self.busy = False
        self.begun = False  # what comes next was begun, and put back
        self.parked = False
        self.groups: list[_Group] = []
        self.address: _Group | None = None  # one of them


_Due = tuple[float, int, str]  # when, turn, host


class Scheduler(Generic[Item]):
    """Times are seconds of any one monotonic clock. A pop costs log(hosts), however many wait."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host[Item]] = {}
        self._groups: dict[str, _Group] = {}
        self._heap: list[_Due] = []
        self._begun: list[_Due] = []  # another heap, that goes first
        self._turn = 0
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(
        self, host: str, item: Item, *, groups: Sequence[Group] = (), not_before: float = 0.0
    ) -> None:
        """`groups`: of a host that is not known yet."""
        state = self._hosts.get(host)
        if state is None:
            state = self._hosts[host] = _Host()
            for group in groups:
                state.groups.append(self._joined(group))
        state.next_at = max(state.next_at, not_before)
        state.queue.append(item)
        self._size += 1
        if len(state.queue) == 1 and not state.busy and not state.parked:
            self._push(host, state)

    def pop(self, now: float) -> tuple[str, Item] | None:
        """An item of the host that has been due longest, which is then busy until `done`."""
        return self._pop(self._begun, now) or self._pop(self._heap, now)

    def _pop(self, heap: list[_Due], now: float) -> tuple[str, Item] | None:
        while heap and heap[0][0] <= now:
            _, _, host = heapq.heappop(heap)
            state = self._hosts.get(host)
            if state is None or state.busy or state.parked:  # it was here twice
                continue
            full = next((group for group in state.groups if group.is_full), None)
            if state.queue and state.next_at > now:
                self._push(host, state)
            elif state.queue and full is None:
                self._start(state)
                self._size -= 1
                return host, state.queue.pop(0)
            elif state.queue and full is not None:
                state.parked = True
                full.parked = full.parked or deque()
                full.parked.append(host)
            for group in state.groups:  # the room that it does not take is another's
                self._wake(group)
        return None

    def done(self, host: str, next_at: float, *, joins: Group | None = None) -> None:
        """The host's request has ended; the next not before `next_at`.

        `joins`: the group of the address that it was found at, in place of the one before.
        """
        state = self._hosts[host]
        state.busy = False
        state.next_at = max(state.next_at, next_at)
        for group in state.groups:
            group.busy -= 1
            self._wake(group)
        if joins is not None and (state.address is None or state.address.name != joins.name):
            self._move(state, joins)
        if state.queue:
            self._push(host, state)

    def put_back(self, host: str, item: Item) -> None:
        """Before `done`: the host had to be asked something else first.

        Once it is due it goes before all others, or what it was asked might be forgotten by then.
        """
        state = self._hosts[host]
        state.queue.insert(0, item)
        state.begun = True
        self._size += 1

    def next_due(self) -> float | None:
        """When to look again; None while nothing waits but for busy hosts."""
        return min((heap[0][0] for heap in (self._begun, self._heap) if heap), default=None)

    def drop(self, host: str) -> list[Item]:
        """Everything that waits for a host, taken out."""
        state = self._hosts.get(host)
        if state is None:
            return []
        items, state.queue = state.queue, []
        self._size -= len(items)
        return items

    def take_out(self, unwanted: Callable[[Item], bool]) -> list[Item]:
        """Everything that waits and is `unwanted`. Looks at all that waits."""
        found: list[Item] = []
        for state in self._hosts.values():
            gone = [item for item in state.queue if unwanted(item)]
            if gone:
                found += gone
                state.queue = [item for item in state.queue if not unwanted(item)]
        self._size -= len(found)
        return found

    def forget_idle(
        self, now: float, *, rests: Callable[[str, float], bool] = lambda host, now: False
    ) -> None:
        """Drops hosts with nothing waiting whose delay is over: memory follows the window.

        rests: whether somebody else keeps requests for it away, so that its delay may be forgotten.
        """
        idle = [
            host
            for host, state in self._hosts.items()
            if not (state.queue or state.busy or state.parked)
            and (state.next_at <= now or rests(host, now))
        ]
        for host in idle:
            for group in self._hosts.pop(host).groups:
                self._wake(group)  # the room that it was woken for is another's
                self._leave(group)

    def _start(self, state: _Host[Item]) -> None:
        state.busy, state.begun = True, False
        for group in state.groups:
            group.busy += 1

    def _push(self, host: str, state: _Host[Item]) -> None:
        self._turn += 1
        heapq.heappush(
            self._begun if state.begun else self._heap, (state.next_at, self._turn, host)
        )

    def _wake(self, group: _Group) -> None:
        """One that is parked there may try again."""
        while group.parked and not group.is_full:
            host = group.parked.popleft()
            state = self._hosts[host]
            state.parked = False
            if state.queue:
                self._push(host, state)
                return

    def _move(self, state: _Host[Item], to: Group) -> None:
        if state.address is not None:
            state.groups.remove(state.address)
            self._leave(state.address)
        state.address = self._joined(to)
        state.groups.append(state.address)

    def _joined(self, group: Group) -> _Group:
        joined = self._groups.get(group.name)
        if joined is None:
            joined = self._groups[group.name] = _Group(*group)
        joined.hosts += 1
        return joined

    def _leave(self, group: _Group) -> None:
        group.hosts -= 1
        if not group.hosts:
            del self._groups[group.name]
