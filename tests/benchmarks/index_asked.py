"""Questions to the index and how long their answers take: cold and warm, alone and many at once."""

from __future__ import annotations

import os
import random
import resource
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import StoreError
from pipeline.index.questions import Index
from pipeline.store import Store
from pipeline.store.chdb import ChdbStore
from tests.benchmarks.measure import Row, row

# What is asked of a domain. A new question is a line here.
QUESTIONS: dict[str, Callable[[Index, str], object]] = {
    "overview": lambda index, domain: index.overview(domain),
    "links, first page": lambda index, domain: index.links(domain).arrow(),
    "links, each": lambda index, domain: index.links(domain, per="link").arrow(),
    "links, lost": lambda index, domain: index.links(domain, state="lost", per="link").arrow(),
    "refs": lambda index, domain: index.refs(domain).arrow(),
    "anchors": lambda index, domain: index.anchors(domain).arrow(),
    "terms": lambda index, domain: index.terms(domain).arrow(),
    "pages": lambda index, domain: index.pages(domain).arrow(),
    "changes by day": lambda index, domain: index.change_counts(domain).arrow(),
    "changes": lambda index, domain: index.changes(domain).arrow(),
    "broken": lambda index, domain: index.broken(domain).arrow(),
    "networks": lambda index, domain: index.networks(domain).arrow(),
    "places": lambda index, domain: index.places(domain).arrow(),
    "history": lambda index, domain: index.history(domain).arrow(),
    "outlinks": lambda index, domain: index.outlink_counts(domain).arrow(),
    "gap": lambda index, domain: index.gap("site0.example", [domain]).arrow(),
}
AT_ONCE = 20
_KEPT = ("MARK CACHE", "UNCOMPRESSED CACHE", "PRIMARY INDEX CACHE", "QUERY CONDITION CACHE")


class Times(NamedTuple):
    """Milliseconds."""

    p50: float
    p95: float


def times(seconds: Sequence[float]) -> Times:
    ordered = sorted(seconds)
    return Times(
        1000 * statistics.median(ordered), 1000 * ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]
    )


def ask_all(
    store: ChdbStore, domains: Sequence[str], of: str, how: str, *, turns: int = 2
) -> list[Row]:
    """Each question of each domain, once cold and then `turns` times warm. `of`: what they are."""
    index, found = Index(store), []
    for name, ask in QUESTIONS.items():
        cold, warm, cpu = [], [], []
        for domain in domains:
            forget_files(store)
            cold.append(_seconds(ask, index, domain))
            before = cpu_s()
            warm += [_seconds(ask, index, domain) for _ in range(turns)]
            cpu.append((cpu_s() - before) / turns)
        title = f"index: {name}, {of}, {how}"
        told = f"{1000 * statistics.median(cpu):.1f} ms of CPU, which other work leaves as it is"
        for heat, spent, more in (("warm", times(warm), "; " + told), ("cold", times(cold), "")):
            note = f"95th percentile {spent.p95:.0f} ms{more}"
            found.append(row(f"{title}, {heat}", spent.p50, "ms", note))
    return found


def cpu_s() -> float:
    """Of all threads of this process, so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def forget_files(store: ChdbStore) -> None:
    """What the store and the kernel keep of the store's files in memory."""
    for what in _KEPT:
        store.execute(f"SYSTEM DROP {what}")
    for where, _, files in os.walk(store.directory):  # parts may be merged away meanwhile
        for name in files:
            if name.endswith(".bin"):
                _forget(Path(where, name))


def _forget(path: Path) -> None:
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)


def at_once(
    store: ChdbStore, domains: Sequence[str], beside: Callable[[], object], *, askers: int = AT_ONCE
) -> list[Row]:
    """So many askers with a session each, while `beside` is done again and again in this thread."""
    alone = times(_asked(store, domains, random.Random(0), 3))
    spent: list[float] = []
    failures: list[StoreError] = []

    def asker(number: int) -> None:
        with _session(store) as session:
            try:
                spent.extend(_asked(session, domains, random.Random(number), 1))
            except StoreError as error:
                failures.append(error)

    threads = [threading.Thread(target=asker, args=(number,)) for number in range(askers)]
    for thread in threads:
        thread.start()
    done = 0
    while any(thread.is_alive() for thread in threads):
        beside()
        done += 1
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    many = times(spent)
    return [
        row("index: any question, alone", alone.p50, "ms", f"95th percentile {alone.p95:.0f}"),
        row(f"index: any question, {askers} askers at once", many.p50, "ms",
            f"95th percentile {many.p95:.0f}; {done} inserts beside, no error"),
        row(f"index: {askers} at once / alone, 95th percentile", many.p95 / alone.p95, "x",
            f"{many.p95 / alone.p95 / askers:.2f} x of one after the other"),
    ]  # fmt: skip


def _asked(store: Store, domains: Sequence[str], dice: random.Random, turns: int) -> list[float]:
    index = Index(store)
    asks = list(QUESTIONS.values()) * turns
    dice.shuffle(asks)
    return [_seconds(ask, index, dice.choice(domains)) for ask in asks]


@contextmanager
def _session(store: ChdbStore) -> Iterator[ChdbStore]:
    session = store.read_only()
    try:
        yield session
    finally:
        session.close()


def _seconds(ask: Callable[..., Any], *arguments: Any) -> float:
    started = time.perf_counter()
    ask(*arguments)
    return time.perf_counter() - started
