"""The hand-over from planner to spiders beside a perfect dispatcher, in virtual time.

8,000 hosts, few of them large, 3% slow and 3% that never answer; four spiders of 25 requests a
second, of which one more joins, one leaves and one is killed. Scheduler, offsets with their bitmap,
patience and the interleaving are the real ones; the planner's choice, the log and the web are
played. Then each rule of the hand-over is broken in turn. No figure here depends on the machine.
"""

from __future__ import annotations

import heapq
import itertools
import random
import time
import zlib
from collections import deque
from typing import Any, NamedTuple

from pipeline.frontier.plan import interleaved
from pipeline.log import REQUESTS, Committed, Partition
from pipeline.log.settled import unpack
from spiders.patience import BACK_OFF_S, Patience
from spiders.scheduler import Scheduler
from spiders.settle import Offsets
from tests.benchmarks.measure import Row, row

HOSTS, PARTITIONS = 8_000, 12
SPIDERS, RATE, CONCURRENCY = 4, 25.0, 64  # requests a second of one, and at once
HORIZON_S, DELAY_S, TIMEOUT_S, SESSION_S = 900.0, 1.0, 30.0, 30.0
JOINS_S, LEAVES_S, DIES_S = 200.0, 350.0, 500.0  # another takes the place of the one that dies
SLOW_S, GUESS_S = 8.0, 0.2  # latency of a slow host, and of one that was never asked
TICK_S = 0.5


class Rules(NamedTuple):
    """As DESIGN has them. `ahead_s`: of all spiders' rate, kept waiting in the log."""

    cap: str = "measured"  # or "guessed", or "none"
    interleave: bool = True
    window_s: float = 100.0
    defer: bool = True
    lease_s: float = 120.0  # beyond the deadline
    every_s: float = 60.0
    deadline_s: float = 180.0
    ahead_s: float = 90.0
    bitmap: bool = True
    quarantine: bool = True
    counts: str = "settled"  # what no longer waits: or "watermark", what is below it


BROKEN = {
    "a cap per host": Rules(cap="none"),
    "a cap that knows the latency": Rules(cap="guessed"),
    "interleaving": Rules(interleave=False),
    "a window of 100 s, but 10 s": Rules(window_s=10),
    "interleaving, in a window of 10 s": Rules(interleave=False, window_s=10),
    "deferral of failing hosts": Rules(defer=False),
    "a lease longer than the deadline (60 s of 180)": Rules(lease_s=-120),
    "counting what is settled above the watermark": Rules(counts="watermark"),
    "planning every 60 s, but 300 s with 900 s": Rules(every_s=300, deadline_s=900, ahead_s=600),
    "a bitmap, by watermarks alone": Rules(bitmap=False),
    "quarantine": Rules(quarantine=False),
}


class Host:
    __slots__ = (
        "asked_by", "authority", "due", "fails", "fetched", "free_at", "latency_s", "leased",
        "measured_s", "name", "pages", "partition",
    )  # fmt: skip

    def __init__(self, number: int, dice: random.Random) -> None:
        self.name = f"h{number}.example"
        self.partition = zlib.crc32(self.name.encode()) % PARTITIONS
        self.pages = max(1, int(6_000 / (number + 1) ** 0.8))
        kind = dice.random()
        self.fails = kind < 0.03
        self.latency_s = SLOW_S if 0.03 <= kind < 0.06 else dice.lognormvariate(-1.3, 0.5)
        self.authority = self.pages ** dice.uniform(0.5, 1.0)  # the large ones are linked most
        self.due = deque(range(self.pages))
        self.leased: deque[tuple[float, int]] = deque()  # until when, page
        self.fetched: set[int] = set()
        self.measured_s = GUESS_S
        self.asked_by, self.free_at = -1, 0.0  # who asked last, and when the next may ask


class Asked(NamedTuple):
    host: Host
    page: int
    deadline: float


class Item(NamedTuple):
    partition: Partition
    offset: int
    asked: Asked


class Counted:
    def __init__(self) -> None:
        self.pages = self.twice = self.skipped = self.deferred = 0
        self.early = 0  # asked by a second spider within the delay
        self.in_hand = 0  # of the spider that was killed


class Spider:
    """What spiders/crawl.py does, with a rate in place of a processor."""

    def __init__(self, number: int, world: World) -> None:
        self.number, self.world = number, world
        self.scheduler: Scheduler[Item] = Scheduler()
        self.offsets, self.patience = Offsets(), Patience()
        self.position: dict[Partition, int] = {}
        self.assigned_at: dict[Partition, float] = {}
        self.robots: set[str] = set()
        self.in_flight, self.free_at, self.wakes_at = 0, 0.0, float("inf")
        self.lives, self.reads = True, True
        self.turn = 0

    def assign(self, partitions: set[Partition], now: float) -> None:
        gone = self.position.keys() - partitions
        if gone:
            self.offsets.forget(gone)
            self.scheduler.take_out(lambda item: item.partition in gone)
        for partition in gone:
            del self.position[partition]
        for partition in partitions - self.position.keys():
            committed = self.world.committed[partition]
            self.offsets.start(partition, committed)
            self.position[partition] = committed.offset
            self.assigned_at[partition] = now

    def tick(self, now: float) -> None:
        """Reads into the window, and every second commits."""
        self.turn += 1
        if self.turn % int(10 / TICK_S) == 0:
            for item in self.scheduler.take_out(lambda item: item.asked.deadline < now):
                self.offsets.settle(item.partition, item.offset)
                self.world.counted.skipped += 1
        room = int(self.world.rules.window_s * RATE) - len(self.scheduler)
        order = sorted(self.position)
        for i in range(len(order)):
            room -= self.take(order[(self.turn + i) % len(order)], room, now)
        if self.turn % int(1 / TICK_S) == 0:
            self.commit()
            self.scheduler.forget_idle(now)
        self.dispatch(now)

    def take(self, partition: Partition, room: int, now: float) -> int:
        """How many it took."""
        at, log = self.position[partition], self.world.log[partition]
        records = log[at : at + max(0, room)]
        self.position[partition] = at + len(records)
        for offset, asked in enumerate(records, at):
            if not self.offsets.take(partition, offset):
                continue
            item = Item(partition, offset, asked)
            if self.world.rules.defer and self.patience.defers(asked.host.name, now):
                self.leave(item)
                continue
            not_before = 0.0
            if self.world.rules.quarantine:
                known_s = asked.host.measured_s
                not_before = self.assigned_at[partition] + known_s + max(DELAY_S, known_s)
            self.scheduler.add(asked.host.name, item, not_before=not_before)
        return len(records)

    def leave(self, item: Item) -> None:
        self.offsets.settle(item.partition, item.offset)
        self.world.counted.deferred += 1

    def commit(self) -> None:
        for partition, committed in self.offsets.commits().items():
            kept = committed if self.world.rules.bitmap else Committed(committed.offset)
            self.world.committed[partition] = kept

    def dispatch(self, now: float) -> None:
        while self.reads and self.in_flight < CONCURRENCY:
            if self.free_at > now:
                return self.wake(self.free_at)
            found = self.scheduler.pop(now)
            if found is None:
                due = self.scheduler.next_due()
                return self.wake(due) if due is not None else None
            name, item = found
            if not self.offsets.waits(item.partition, item.offset):
                self.scheduler.done(name, now)
            elif item.asked.deadline < now:
                self.offsets.settle(item.partition, item.offset)
                self.world.counted.skipped += 1
                self.scheduler.done(name, now)
            else:
                self.start(item, now)
        return None

    def start(self, item: Item, now: float) -> None:
        """robots.txt first, where it is not known, and the host's delay after it."""
        host = item.asked.host
        self.in_flight += 1
        self.free_at = max(now, self.free_at) + 1 / RATE
        if host.asked_by not in (-1, self.number) and now < host.free_at:
            self.world.counted.early += 1
        host.asked_by = self.number
        robots = host.name not in self.robots
        took = TIMEOUT_S if host.fails else host.latency_s
        host.free_at = now + took + DELAY_S
        self.world.at(now + took, self.end, item, robots)

    def end(self, now: float, item: Item, robots: bool) -> None:
        self.in_flight -= 1
        host = item.asked.host
        if not self.lives:
            return None
        if robots and not host.fails:
            self.robots.add(host.name)
            self.scheduler.put_back(host.name, item)
            self.scheduler.done(host.name, now + DELAY_S)
            return self.dispatch(now)
        delay = max(DELAY_S, 0.0 if host.fails else host.latency_s)
        host.measured_s = TIMEOUT_S if host.fails else host.latency_s
        if host.fails:
            if self.patience.failed(host.name) and self.world.rules.defer:
                delay = BACK_OFF_S
                self.patience.defer(host.name, now + delay)
                for other in self.scheduler.drop(host.name):
                    self.leave(other)
        else:
            self.world.has_page(item.asked)
        self.scheduler.done(host.name, now + delay)
        self.offsets.settle(item.partition, item.offset)
        return self.dispatch(now)

    def wake(self, at: float) -> None:
        if at < self.wakes_at:
            self.wakes_at = at
            self.world.at(at, self.woken)

    def woken(self, now: float) -> None:
        self.wakes_at = float("inf")
        if self.lives:
            self.dispatch(now)


class World:
    """The log, the group, the planner, and everybody's clock."""

    def __init__(self, rules: Rules, seed: int = 1) -> None:
        self.rules, self.counted = rules, Counted()
        self.hosts = web(seed)
        self.log: dict[Partition, list[Asked]] = {
            Partition(REQUESTS, number): [] for number in range(PARTITIONS)
        }
        self.committed = {partition: Committed(0) for partition in self.log}
        self.spiders = [Spider(number, self) for number in range(SPIDERS)]
        self._events: list[tuple[float, int, Any, Any]] = []
        self._numbers = itertools.count()

    def at(self, when: float, call: Any, *arguments: Any) -> None:
        heapq.heappush(self._events, (when, next(self._numbers), call, arguments))

    def run(self) -> Counted:
        self.rebalance(0.0)
        self.at(0.0, self.plan)
        self.at(0.0, self.tick)
        for when, what in ((JOINS_S, self.join), (LEAVES_S, self.leave), (DIES_S, self.crash)):
            self.at(when, what)
        while self._events and self._events[0][0] < HORIZON_S:
            now, _, call, arguments = heapq.heappop(self._events)
            call(now, *arguments)
        return self.counted

    def tick(self, now: float) -> None:
        for spider in self.spiders:
            if spider.lives:
                spider.tick(now)
        self.at(now + TICK_S, self.tick)

    def rebalance(self, now: float) -> None:
        """As even as can be, and no partition moves that need not: as Kafka's sticky assignor."""
        members = [spider for spider in self.spiders if spider.reads]
        small, larger = divmod(PARTITIONS, len(members))
        members.sort(key=lambda spider: -len(spider.position))
        quotas = [small + (place < larger) for place in range(len(members))]
        kept = [
            set(sorted(spider.position)[:quota])
            for spider, quota in zip(members, quotas, strict=True)
        ]
        free = sorted(set(self.log).difference(*kept))
        for spider, quota, partitions in zip(members, quotas, kept, strict=True):
            while len(partitions) < quota:
                partitions.add(free.pop())
            spider.assign(partitions, now)

    def join(self, now: float) -> None:
        self.spiders.append(Spider(len(self.spiders), self))
        self.rebalance(now)

    def leave(self, now: float) -> None:
        """Told to end: no visit begins, and once the last has ended it commits and goes."""
        gone = self.spiders[0]
        gone.reads = False
        self.at(now + TIMEOUT_S, self.left, gone)

    def left(self, now: float, gone: Spider) -> None:
        gone.commit()
        gone.lives = False
        self.rebalance(now)

    def crash(self, now: float) -> None:
        gone = self.spiders[1]
        gone.lives = gone.reads = False
        self.counted.in_hand = len(gone.scheduler) + gone.in_flight
        self.at(now + SESSION_S, self.rebalance)
        self.at(now + SESSION_S, self.join)

    def has_page(self, asked: Asked) -> None:
        if asked.page in asked.host.fetched:
            self.counted.twice += 1
        else:
            asked.host.fetched.add(asked.page)
            self.counted.pages += 1

    def plan(self, now: float) -> None:
        """The planner's query, played: due, unleased, capped, by authority; then interleaved."""
        rules = self.rules
        total = int(rules.ahead_s * RATE * SPIDERS) - sum(map(self.waiting, self.log))
        chosen: list[dict[str, Any]] = []
        for host in sorted(self.hosts, key=lambda host: -host.authority):
            self.expire(host, now)
            count = min(self.cap(host) - len(host.leased), len(host.due), total)
            for _ in range(count):
                page = host.due.popleft()
                host.leased.append((now + rules.deadline_s + rules.lease_s, page))
                chosen.append(
                    {"host": host.name, "asked": Asked(host, page, now + rules.deadline_s)}
                )
            total -= max(0, count)
        for each in interleaved(chosen) if rules.interleave else chosen:
            asked = each["asked"]
            self.log[Partition(REQUESTS, asked.host.partition)].append(asked)
        self.at(now + rules.every_s, self.plan)

    def waiting(self, partition: Partition) -> int:
        low, metadata = self.committed[partition]
        settled = len(unpack(low, metadata)) if self.rules.counts == "settled" else 0
        return len(self.log[partition]) - low - settled

    def cap(self, host: Host) -> int:
        if self.rules.cap == "none":
            return 1 << 30
        latency = host.measured_s if self.rules.cap == "measured" else GUESS_S
        return max(1, int(0.25 * self.rules.deadline_s / (max(DELAY_S, latency) + latency)))

    def expire(self, host: Host, now: float) -> None:
        """What was planned and fetched needs no lease; what was not is due again when it ends."""
        left: deque[tuple[float, int]] = deque()
        for until, page in host.leased:
            if page in host.fetched:
                continue
            if until <= now:
                host.due.append(page)
            else:
                left.append((until, page))
        host.leased = left


def web(seed: int) -> list[Host]:
    dice = random.Random(seed)
    return [Host(number, dice) for number in range(HOSTS)]


def rate(now: float) -> float:
    """Of all spiders that read, in requests a second."""
    reading = SPIDERS + (JOINS_S <= now < LEAVES_S) - (DIES_S <= now < DIES_S + SESSION_S)
    return RATE * reading


def perfect(seed: int = 1) -> int:
    """Pages in the same time by one queue that knows all: who can answer, and who has most left.

    It keeps every host's delay, asks for robots.txt once, and has the rate of all spiders.
    """
    hosts = [host for host in web(seed) if not host.fails]
    ready = [(-host.pages - 1, number) for number, host in enumerate(hosts)]
    left = [host.pages + 1 for host in hosts]  # robots.txt first
    heapq.heapify(ready)
    resting: list[tuple[float, int]] = []
    pages, now = 0, 0.0
    while now < HORIZON_S:
        while resting and resting[0][0] <= now:
            _, number = heapq.heappop(resting)
            heapq.heappush(ready, (-left[number], number))
        if ready:
            _, number = heapq.heappop(ready)
            host = hosts[number]
            pages += left[number] <= host.pages
            left[number] -= 1
            if left[number]:
                rest = now + host.latency_s + max(DELAY_S, host.latency_s)
                heapq.heappush(resting, (rest, number))
        now += 1 / rate(now)
    return pages


def run() -> list[Row]:
    started = time.process_time()
    best = perfect()
    ours = World(Rules()).run()
    rows = [
        row("hand-over: pages / a perfect dispatcher's", ours.pages / best, "x", "target 0.95"),
        row("hand-over: in hand of the spider that was killed", ours.in_hand, "requests",
            "at 100 a second of all; target 10,000"),
        row("hand-over: fetched twice", ours.twice, "pages", f"of {ours.pages:,}"),
        row("hand-over: asked inside their delay by a second spider", ours.early, "requests"),
        row("hand-over: past their deadline", ours.skipped, "requests", "left to a later plan"),
    ]  # fmt: skip
    for name, rules in BROKEN.items():
        found = World(rules).run()
        note = (
            f"{found.twice:,} fetched twice, {found.in_hand:,} in hand, "
            f"{found.early:,} early, {found.skipped:,} late"
        )
        rows.append(row(f"hand-over without: {name}", found.pages / best, "x", note))
    return [*rows, row("hand-over: processor time", time.process_time() - started, "s")]
