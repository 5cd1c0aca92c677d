"""The consumer, from the log to rows, beside chDB fed with the same columns from Arrow."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import msgspec
import pyarrow as pa

from consumers.loop import Loop, collect_rarely
from consumers.pages import PageRows
from pipeline.log import DEAD_PAGES, PAGES, Message
from pipeline.log.deadletter import DeadLetters
from pipeline.log.sqlite import SqliteLog
from pipeline.page import Links, Page, encode
from pipeline.settings import ConsumeSettings, RevisitSettings
from pipeline.store.chdb import ChdbStore
from pipeline.store.migrate import migrate
from pipeline.url import suffix_list_version
from tests.benchmarks.measure import Row, peak_mb, row

BATCH = 4_000  # pages of one insert
BATCHES = 5
LINKS = 20  # external links a page


def run() -> list[Row]:
    """Pages and links a second through the loop; and the insert alone of the very same columns."""
    with tempfile.TemporaryDirectory() as directory:
        store = ChdbStore(Path(directory) / "store", database="ours")
        migrate(store)
        log = SqliteLog(Path(directory) / "log.sqlite")
        inserted: list[pa.Table] = []
        loop = _loop(log, store, inserted)
        collect_rarely()
        shares, spent = [], []
        for number in range(BATCHES + 1):
            pages = [a_page(number * BATCH + i) for i in range(BATCH)]
            log.append(PAGES, [Message(p.domain.encode(), encode(p)) for p in pages]).result()
            started = time.perf_counter()
            while loop.turn(timeout_s=0):
                pass
            loop.flush()
            whole = time.perf_counter() - started
            again = shifted(inserted.pop())
            started = time.perf_counter()
            store.insert("page_records", again)
            alone = time.perf_counter() - started
            if number:  # the first turn warms up
                shares.append(alone / whole)
                spent.append(whole)
        rate = BATCH / statistics.median(spent)
        store.close()
    note = f"inserts of {BATCH:,} pages with {LINKS} external and 60 internal links"
    return [
        row("consume: log to rows", rate, "pages/s", note),
        row("consume: log to rows", rate * LINKS, "links/s"),
        row("consume: share of what chDB takes from Arrow", statistics.median(shares), "x",
            "the same columns, inserted alone; target 0.5"),
        row("consume: peak memory", peak_mb(), "MB", "whole process, chDB in it"),
    ]  # fmt: skip


def _loop(log: SqliteLog, store: ChdbStore, inserted: list[pa.Table]) -> Loop:
    """A loop whose columns are kept beside."""

    class Kept(PageRows):
        def columns(self, pages: list[Page], arrived_ms: int) -> pa.Table:
            table = super().columns(pages, arrived_ms)
            inserted.append(table)
            return table

    return Loop(
        log.reader("bench", [PAGES]), store, Kept(RevisitSettings()),
        DeadLetters(log, DEAD_PAGES),
        ConsumeSettings(flush_rows=10**9, flush_age_s=3600, poll_records=1_000),
    )  # fmt: skip


def shifted(table: pa.Table) -> pa.Table:
    """The same rows a second later, so that nothing can be taken for known."""
    place = table.schema.get_field_index("at")
    later = pa.compute.add(table["at"], pa.scalar(1000, pa.uint64()))
    return table.set_column(place, "at", later)


def a_page(number: int, *, external: int = LINKS, internal: int = 60) -> Page:
    """8 KB with so many links; 5 KB with 10 and 50."""
    domain = f"site{number % 500}.example"
    host = f"www.{domain}"
    path = f"/section-{number % 11}/page-{number}.html"
    targets = [f"target{(number * 31 + i * 17) % 20_000}.example" for i in range(external)]
    inner = [
        f"https://{host}/section-{i % 11}/page-{(number + i) % 5000}.html" for i in range(internal)
    ]
    base = Page(
        suffix_list=suffix_list_version(), url=f"https://{host}{path}", host=host, path=path,
        domain=domain, fetched_at=int(time.time() * 1000) - 10_000, outcome="ok", status=200,
        complete=True, title=f"Page {number}", language="en", terms=["some", "words"] * 10,
        extractor=1,
        external=Links(
            target=[f"https://{name}/articles/{number % 97}-{i}" for i, name in enumerate(targets)],
            domain=targets, kind=["a"] * external, rel=[0] * external, position=["main"] * external,
            anchor=[f"anchor text {number % 13} {i}" for i in range(external)],
            before=["some words before the link in the same block"] * external,
            after=["and some more words after it"] * external, ordinal=list(range(external)),
            count=[1] * external,
        ),
    )  # fmt: skip
    return msgspec.structs.replace(
        base, internal=msgspec.structs.replace(base.internal, target=inner, rel=[0] * internal)
    )
