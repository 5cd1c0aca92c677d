"""A plan's slices, unmerged and merged, beside reading and merging the same URLs and no more; and
what it saves to write no URL twice.

`measure(URLS)` takes two million known URLs; docs/benchmarks.md has it at twenty.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from consumers.pages import PageRows
from pipeline.frontier.plan import Planner, _Turn
from pipeline.frontier.said import read_said
from pipeline.frontier.sites import Sites
from pipeline.frontier.slices import BUCKETS
from pipeline.page import Page
from pipeline.settings import PlanSettings, RevisitSettings
from pipeline.store import rows
from pipeline.store.chdb import ChdbStore
from pipeline.store.migrate import migrate
from tests.benchmarks.bench_consume import a_page
from tests.benchmarks.measure import Row, peak_mb, row

URLS = 2_000_000
PARTS = 20
SLICE = 155_000
PAGES = 900  # chosen from each slice
TURNS = 12
NOW = 1_790_500_000
BATCHES, BATCH = 20, 200  # pages: twenty seconds at 200 a second

# Domains by a power law: the largest has a hundredth of all URLs. One URL of eight was fetched, one
# of fifty waits in the log.
_FRONTIER = """INSERT INTO frontier
SELECT cityHash64(domain) % 1024, domain, host, path, 1, 1790000000 + n % 1000000, 1 + n % 4,
    fetched, failures, leased, 0, if(was, visit + 1000 * (1 + d % 20), 0)
FROM
(
    SELECT
        number + {first:UInt64} AS n,
        sipHash64(n) AS r,
        toUInt32(pow((r % 1000000007) / 1000000007, 3) * {domains:UInt64}) AS d,
        concat('site', toString(d), '.example') AS domain,
        concat(['www.', '', 'blog.'][1 + intDiv(r, 1000000007) % 3], domain) AS host,
        concat('/section-', toString(n % 11), '/some-words-of-a-title-', lower(hex(r))) AS path,
        n % 8 = 0 AS was,
        1790000000 + n % 1000000 AS at,
        bitShiftLeft(toUInt64(at), 32) AS visit,
        if(was, visit + at + 86400 * (1 + n % 30), 0) AS fetched,
        if(was, visit + (50 + r % 900) * 256 + (r % 20 = 0), 0) AS failures,
        if(n % 50 = 0, bitShiftLeft(toUInt64(1791000000), 32) + 1792000000, 0) AS leased
    FROM numbers({count:UInt64})
)
SETTINGS max_block_size = {count:UInt64}, max_insert_block_size = {count:UInt64},
    min_insert_block_size_rows = {count:UInt64}, min_insert_block_size_bytes = 0"""
_BESIDE = (
    "INSERT INTO page_strength SELECT 5, bucket, domain, host, path, "
    "cityHash64(path) % 1000 / 1000 FROM frontier WHERE cityHash64(host, path) % 20 = 0",
    "INSERT INTO page_strength SELECT DISTINCT 5, bucket, domain, '', '', "
    "cityHash64(domain) % 1000 / 1000 FROM frontier WHERE cityHash64(domain) % 3 = 0",
    "INSERT INTO sites (bucket, domain, owner, at, pages, budget) "
    "SELECT DISTINCT bucket, domain, domain, 5, 10, 1000 FROM frontier "
    "WHERE cityHash64(domain) % 4 = 0",
    "INSERT INTO controls "
    "SELECT 'block', concat('site', toString(number * 7), '.example'), 1, 5, '', '' "
    "FROM numbers(1000)",
    "INSERT INTO snapshots (snapshot) VALUES (5)",
)
_READ = """SELECT
    count(), sum(hops), sum(fetched), sum(length(path)), sum(visit), sum(lease), sum(wanted)
FROM
(
    SELECT any(domain) AS domain, host, path, min(hops) AS hops, max(fetched) AS fetched,
        max(failures) AS visit, max(leased) AS lease, max(wanted) AS wanted, min(discovered)
    FROM frontier
    WHERE bucket IN {buckets:Array(UInt16)}
    GROUP BY host, path
)"""


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        store = ChdbStore(Path(directory), database="planned")
        fill(store, URLS)
        found = measure(store, URLS)
        store.close()
    return [*found, *large_site(), *duplicates()]


def fill(store: ChdbStore, urls: int) -> None:
    """A frontier of `urls` in unmerged parts, and what else a plan reads."""
    migrate(store)
    store.execute("SYSTEM STOP MERGES frontier")
    count = urls // PARTS
    for part in range(PARTS):
        domains = max(1_000, urls // 20)
        store.execute(_FRONTIER, {"first": part * count, "count": count, "domains": domains})
    for statement in _BESIDE:
        store.execute(statement)


def measure(store: ChdbStore, urls: int) -> list[Row]:
    found = slices_of(store, urls, f"{PARTS} parts")
    store.execute("SYSTEM START MERGES frontier")
    store.execute("OPTIMIZE TABLE frontier FINAL")
    found += slices_of(store, urls, "merged")
    return [
        *found,
        row("plan: peak memory", peak_mb(), "MB", f"whole process, {urls:,} URLs known"),
    ]


def slices_of(store: ChdbStore, urls: int, how: str) -> list[Row]:
    planner = Planner(store, None, PlanSettings(scope="open"), 1.0, clock=lambda: NOW)  # type: ignore[arg-type]
    turn = _Turn(planner, read_said(store), False)
    size = max(1, BUCKETS * SLICE // urls)
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for place in range(TURNS + 2):
        buckets = [(place * size + i) % BUCKETS for i in range(size)]
        mine = _timed(partial(turn.choose, buckets, PAGES))
        alone = _timed(partial(store.query, _READ, {"buckets": buckets}))
        if place > 1:  # the first turns warm up
            ours.append(mine)
            theirs.append(alone)
        turn._chosen.clear()
    walls = sorted(wall for wall, _ in ours)
    cpu = statistics.median(cpu for _, cpu in ours)
    note = f"{urls * size // BUCKETS:,} URLs of {urls:,}, {how}, {PAGES:,} chosen"
    ratio = statistics.median(a[1] / b[1] for a, b in zip(ours, theirs, strict=True))
    hundred = 1e8 / (urls * size / BUCKETS) * statistics.median(walls)
    return [
        row(f"plan: a slice, {how}: median", 1000 * statistics.median(walls), "ms", note),
        row(f"plan: a slice, {how}: 95th percentile", 1000 * walls[int(0.95 * len(walls))], "ms"),
        row(f"plan: a slice, {how}: CPU", 1000 * cpu, "ms", "of all threads"),
        row(f"plan: a slice, {how}, to reading it alone", ratio, "x", "CPU"),
        row(f"plan: rotation of 100 million, {how}", hundred, "s", "extrapolated from the median"),
    ]  # fmt: skip


def large_site(pages: int = 500_000) -> list[Row]:
    """What it costs to judge one site of so many pages."""
    with tempfile.TemporaryDirectory() as directory:
        store = ChdbStore(Path(directory), database="site")
        migrate(store)
        store.execute(
            "INSERT INTO pages (domain, host, path, last_complete, text, outward) SELECT 'a.org', "
            "'a.org', concat('/', toString(number)), 5, bitShiftLeft(toUInt128(5), 64) + "
            "sipHash64(number), bitShiftLeft(toUInt64(5), 16) + number % 9 "
            "FROM numbers({n:UInt64})",
            {"n": pages},
        )
        job = Sites(store, PlanSettings(), clock=lambda: NOW)
        spent = [_timed(lambda: job._look(["a.org"], NOW)) for _ in range(5)]
        store.close()
    return [
        row("plan: to judge a site of 500,000 pages", 1000 * min(wall for wall, _ in spent), "ms",
            f"{1000 * min(cpu for _, cpu in spent):.0f} ms of CPU; at most once in 42 minutes"),
    ]  # fmt: skip


def duplicates() -> list[Row]:
    """The frontier's share of an insert and of merges, with URLs found again written and not."""
    found = []
    spent: dict[str, dict[str, Any]] = {}
    for name, lately in (("with", {}), ("without", _Nothing())):
        with tempfile.TemporaryDirectory() as directory:
            store = ChdbStore(Path(directory), database="found")
            migrate(store)
            made = PageRows(RevisitSettings())
            made._lately = lately
            spent[name] = _inserted(store, made)
            store.close()
    seconds = BATCHES
    for name, it in spent.items():
        found += [
            row(f"plan: URLs found, {name} the filter", it["rows"] / seconds, "rows/s",
                f"{BATCH} pages/s with 60 internal and 20 external links"),
            row(f"plan: CPU of rows and inserts, {name} the filter", 100 * it["cpu"] / seconds,
                "% of a core", f"of it the filter and columns {100 * it['columns'] / seconds:.1f}"),
            row(f"plan: merging what was found, {name} the filter", 100 * it["merge"] / seconds,
                "% of a core", "all parts once"),
        ]  # fmt: skip
    return found


class _Nothing(dict[str, int]):
    """What forgets all that it is told."""

    def update(self, *_: object, **__: object) -> None:
        return

    def __setitem__(self, *_: object) -> None:
        return


def _inserted(store: ChdbStore, rows_of: PageRows) -> dict[str, Any]:
    store.execute("SYSTEM STOP MERGES frontier")
    cpu = columns = 0.0
    for batch in range(BATCHES):
        pages = [_of_a_site(batch * BATCH + i) for i in range(BATCH)]
        began = _cpu()
        made = rows_of.columns(pages, NOW * 1000)
        columns += _cpu() - began
        store.insert("page_records", made)
        cpu += _cpu() - began
    (told,) = rows(store.query("SELECT count() AS rows FROM frontier"))
    store.execute("SYSTEM START MERGES frontier")
    _, merge = _timed(lambda: store.execute("OPTIMIZE TABLE frontier FINAL"))
    return {"rows": told["rows"], "cpu": cpu, "columns": columns, "merge": merge}


def _of_a_site(number: int) -> Page:
    """One of fifty sites' pages: half of its 60 internal links stand on every page of the site, the
    others lead to some of 2,000 pages."""
    made = a_page(number % 50 + 500 * (number // 50))
    rest = [(number * 7919 + i * 104_729) % 2_000 for i in range(30)]
    inner = [f"https://{made.host}/menu/{i}" for i in range(30)]
    inner += [f"https://{made.host}/articles/{i}.html" for i in rest]
    internal = msgspec.structs.replace(made.internal, target=inner)
    return msgspec.structs.replace(made, internal=internal)


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall and of CPU, of all threads of this process."""
    began, used = time.perf_counter(), _cpu()
    work()
    return time.perf_counter() - began, _cpu() - used


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
