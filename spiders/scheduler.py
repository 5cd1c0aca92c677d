"""Due hosts first: a timer heap of hosts with bounded memory, one request a host at a time."""

from __future__ import annotations

import heapq
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class _Host(Generic[Item]):
    __slots__ = ("busy", "next_at", "queue")

    def __init__(self) -> None:
        self.queue: deque[Item] = deque()
        self.next_at = 0.0
        self.busy = False


class Scheduler(Generic[Item]):
    """Times are seconds of any one monotonic clock. A pop costs log(hosts), however many wait."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host[Item]] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._turn = 0
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, host: str, item: Item, *, not_before: float = 0.0) -> None:
        state = self._hosts.get(host)
        if state is None:
            state = self._hosts[host] = _Host()
        state.next_at = max(state.next_at, not_before)
        state.queue.append(item)
        self._size += 1
        if len(state.queue) == 1 and not state.busy:
            self._push(host, state)

    def pop(self, now: float) -> tuple[str, Item] | None:
        """An item of the host that has been due longest, which is then busy until `done`."""
        while self._heap and self._heap[0][0] <= now:
            _, _, host = heapq.heappop(self._heap)
            state = self._hosts.get(host)
            if state is None or state.busy or not state.queue:
                continue
            if state.next_at > now:
                self._push(host, state)
                continue
            state.busy = True
            self._size -= 1
            return host, state.queue.popleft()
        return None

    def done(self, host: str, next_at: float) -> None:
        """The host's request has ended; the next not before `next_at`."""
        state = self._hosts[host]
        state.busy = False
        state.next_at = max(state.next_at, next_at)
        if state.queue:
            self._push(host, state)

    def next_due(self) -> float | None:
        """When to look again; None while nothing waits but for busy hosts."""
        return self._heap[0][0] if self._heap else None

    def drop(self, host: str) -> list[Item]:
        """Everything that waits for a host, taken out."""
        state = self._hosts.get(host)
        if state is None:
            return []
        items = list(state.queue)
        state.queue.clear()
        self._size -= len(items)
        return items

    def forget_idle(self, now: float) -> None:
        """Drops hosts with nothing waiting whose delay is over: memory follows the window."""
        idle = [
            host
            for host, state in self._hosts.items()
            if not state.queue and not state.busy and state.next_at <= now
        ]
        for host in idle:
            del self._hosts[host]

    def _push(self, host: str, state: _Host[Item]) -> None:
        self._turn += 1
        heapq.heappush(self._heap, (state.next_at, self._turn, host))
