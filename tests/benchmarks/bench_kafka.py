"""The line over a real Kafka broker on this machine: publishing, Kafka to rows, memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec
import pyarrow as pa
from kafka import KafkaProducer

from consumers.loop import Loop, collect_rarely
from consumers.pages import PageRows
from pipeline.log import CONSUME, DEAD_PAGES, PAGES, Message
from pipeline.log.deadletter import DeadLetters
from pipeline.log.kafka import KafkaLog
from pipeline.page import Page, encode
from pipeline.settings import ConsumeSettings, KafkaSettings, RevisitSettings
from pipeline.store.chdb import ChdbStore
from pipeline.store.migrate import migrate
from tests.benchmarks.bench_consume import LINKS, a_page, shifted
from tests.benchmarks.measure import Row, peak_mb, row
from tests.support.kafka.broker import Broker
from tests.support.kafka.fixtures import with_topics

PUBLISHED = 20_000  # records a turn
TOGETHER = 20
TURNS = 3
PAGES_READ = 48_000
PARTITIONS = 12
BACKLOG = int(os.environ.get("BACKLINKS_BENCH_BACKLOG", "10000000"))
WATCHED_S = 60.0


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        broker = Broker(Path(directory) / "kafka", heap_mb=1024).start()
        try:
            rows = publish(broker)
            rows += messages(broker)
            rows += to_rows(broker, Path(directory))
            rows += by_two(broker, Path(directory))
            return rows + memory(broker, Path(directory))
        finally:
            broker.kill()


# --- publishing ---


def publish(broker: Broker) -> list[Row]:
    """Records a second through the log, and through the library alone with the same settings."""
    settings = with_topics(broker.address, PARTITIONS, more={"linger_ms": 20})
    values = [encode(a_page(i, external=10, internal=50)) for i in range(PUBLISHED)]
    keys = [b"site%d.example" % (i % 500) for i in range(PUBLISHED)]
    log = KafkaLog(settings)
    bare = KafkaProducer(
        bootstrap_servers=broker.address, acks="all", enable_idempotence=True,
        compression_type="lz4", linger_ms=20, batch_size=settings.batch_bytes,
        max_request_size=8 << 20,
    )  # fmt: skip
    single, many, theirs = [], [], []
    for _ in range(TURNS + 1):
        single.append(appended(log, keys, values, 1))
        many.append(appended(log, keys, values, TOGETHER))
        started = time.perf_counter()
        for key, value in zip(keys, values, strict=True):
            bare.send(settings.prefix + PAGES, key=key, value=value)
        bare.flush()
        theirs.append(PUBLISHED / (time.perf_counter() - started))
    log.close()
    bare.close()
    size = sum(map(len, values)) / len(values)
    shares = [a / b for a, b in zip(many[1:], theirs[1:], strict=True)]
    note = f"{size / 1000:.1f} KB, 60 links, lz4, one process, acks=all; target 8,000"
    return [
        row(f"kafka: published, {TOGETHER} an append", statistics.median(many[1:]), "records/s",
            note + "; a spider appends what comes in 50 ms"),
        row("kafka: published, one an append", statistics.median(single[1:]), "records/s", note),
        row("kafka: the library alone", statistics.median(theirs[1:]), "records/s", "the limit"),
        row("kafka: share of the limit", statistics.median(shares), "x", f"{TOGETHER} an append"),
        row("kafka: peak memory of a publisher", peak_mb(), "MB",
            f"{size * PUBLISHED / 1e6:.0f} MB of records in it, at most 64 MiB in flight"),
    ]  # fmt: skip


def appended(log: KafkaLog, keys: list[bytes], values: list[bytes], together: int) -> float:
    """Records a second until the last is acknowledged."""
    messages = [Message(key, value) for key, value in zip(keys, values, strict=True)]
    started = time.perf_counter()
    sent = [
        log.append(PAGES, messages[first : first + together])
        for first in range(0, len(messages), together)
    ]
    for future in sent:
        future.result()
    return len(messages) / (time.perf_counter() - started)


def messages(broker: Broker) -> list[Row]:
    """The links of the same pages, as a message a page and as a message a link."""
    pages = [a_page(i, external=10, internal=50) for i in range(2_000)]
    whole = [Message(page.domain.encode(), encode(page)) for page in pages]
    single = [
        Message(page.domain.encode(), msgspec.json.encode({
            "source": page.url, "fetched_at": page.fetched_at, "target": target, "rel": rel,
            "kind": kind, "position": position, "anchor": anchor, "before": before, "after": after,
        }))
        for page in pages
        for target, rel, kind, position, anchor, before, after in zip(
            page.external.target, page.external.rel, page.external.kind, page.external.position,
            page.external.anchor, page.external.before, page.external.after, strict=True)
    ] + [
        Message(page.domain.encode(), msgspec.json.encode(
            {"source": page.url, "fetched_at": page.fetched_at, "target": target, "rel": 0}))
        for page in pages
        for target in page.internal.target
    ]  # fmt: skip
    found = []
    for sent in (whole, single):
        settings = with_topics(broker.address, PARTITIONS, more={"linger_ms": 20})
        log = KafkaLog(settings)
        log.append(PAGES, sent[:10]).result()
        started = time.perf_counter()
        futures = [log.append(PAGES, [message]) for message in sent]
        for future in futures:
            future.result()
        published = time.perf_counter() - started
        reader = log.reader("bench", [PAGES])
        taken, started = 0, 0.0
        while taken < len(sent):
            taken += len(reader.poll(timeout_s=1, max_records=5_000))
            started = started or time.perf_counter()
        read = time.perf_counter() - started
        reader.close()
        log.close()
        found.append((published, read, sum(len(m.value) for m in sent)))
    (page_s, page_read, page_bytes), (link_s, link_read, link_bytes) = found
    note = f"{len(single) // len(whole)} times the messages"
    return [
        row("kafka: a message a link, time to publish", link_s / page_s, "x of a message a page",
            note),
        row("kafka: a message a link, time to read", link_read / page_read,
            "x of a message a page", "polled, not decoded"),
        row("kafka: a message a link, bytes", link_bytes / page_bytes, "x of a message a page"),
    ]  # fmt: skip


# --- Kafka to rows ---


def to_rows(broker: Broker, directory: Path) -> list[Row]:
    """One consumer with its store; and the insert alone of the very same columns."""
    settings = filled(broker, PAGES_READ)
    store = ChdbStore(directory / "one", database="ours")
    migrate(store)
    log = KafkaLog(settings)
    inserted: list[pa.Table] = []

    class Kept(PageRows):
        def columns(self, pages: list[Page], arrived_ms: int) -> pa.Table:
            table = super().columns(pages, arrived_ms)
            inserted.append(table)
            return table

    loop = Loop(
        log.reader(CONSUME, [PAGES]), store, Kept(RevisitSettings()), DeadLetters(log, DEAD_PAGES),
        ConsumeSettings(flush_age_s=3600), background=ThreadPoolExecutor(1),
    )  # fmt: skip
    collect_rarely()
    while not loop.pages:
        loop.turn()  # joins, and warms up with its first records
    loop.flush()
    spent, shares = [], []
    first = loop.pages
    for number in range(TURNS):
        inserted.clear()
        end = first + (PAGES_READ - first) * (number + 1) // TURNS
        started = time.perf_counter()
        while loop.pages + loop.held < end:
            loop.turn()
        loop.flush()
        spent.append(time.perf_counter() - started)
        tables = [shifted(table) for table in inserted]
        started = time.perf_counter()
        for table in tables:
            store.insert("page_records", table)
        shares.append((time.perf_counter() - started) / spent[-1])
    rate = (loop.pages - first) / sum(spent)
    loop.reader.close()
    log.close()
    store.close()
    return [
        row("kafka to rows: one consumer", rate, "pages/s",
            f"{LINKS} external and 60 internal links, 8 KB; chDB in the process, broker beside"),
        row("kafka to rows: one consumer", rate * LINKS, "links/s", "aim 100,000"),
        row("kafka to rows: share of what chDB takes from Arrow", statistics.median(shares), "x",
            "the same columns, inserted alone; target 0.5"),
    ]  # fmt: skip


def by_two(broker: Broker, directory: Path) -> list[Row]:
    """Two consumers as processes, each with a store of its own, on all that this machine has."""
    settings = filled(broker, PAGES_READ)
    log = KafkaLog(settings)
    environment = os.environ | {
        "BACKLINKS_KAFKA__BROKERS": broker.address,
        "BACKLINKS_KAFKA__PREFIX": settings.prefix,
    }
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "backlinks", "--data", str(directory / f"two{i}"),
             "worker", "consume"],
            env=environment, stderr=subprocess.DEVNULL,
        )
        for i in range(2)
    ]  # fmt: skip
    seen: list[tuple[float, int]] = []
    try:
        while not seen or seen[-1][1]:
            time.sleep(0.3)
            left = sum(behind for (group, _), behind in log.lag().items() if group == CONSUME)
            seen.append((time.perf_counter(), left))
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(60)
        log.close()
    # From the first tenth, when both have joined, to the last: what they do at full work.
    busy = [(at, left) for at, left in seen if 0.1 < left / PAGES_READ < 0.9]
    (start, most), (end, least) = busy[0], busy[-1]
    rate = (most - least) / (end - start)
    note = "`worker consume` twice, with chDB each, the broker beside them on the same cores"
    return [
        row("kafka to rows: two consumers", rate, "pages/s", note),
        row("kafka to rows: two consumers", rate * LINKS, "links/s", "aim 100,000"),
    ]


def filled(broker: Broker, pages: int) -> KafkaSettings:
    """Topics of their own with so many pages, 8 KB each."""
    settings = with_topics(broker.address, PARTITIONS, more={"linger_ms": 20, "session_s": 30})
    log = KafkaLog(settings)
    sent = []
    for number in range(pages):
        page = a_page(number)
        sent.append(log.append(PAGES, [Message(page.domain.encode(), encode(page))]))
    for future in sent:
        future.result()
    log.close()
    return settings


# --- memory ---


class Nowhere:
    """A store on another machine: what it holds is not the consumer's memory."""

    def insert(self, table: str, rows: pa.Table) -> None:
        """Taken."""


def memory(broker: Broker, directory: Path) -> list[Row]:
    """Resident memory of a consumer, its store elsewhere, with a long backlog before it."""
    settings = with_topics(broker.address, PARTITIONS)
    values = [encode(a_page(i, external=2, internal=4)) for i in range(1_000)]
    payload = directory / "payload"
    payload.write_bytes(b"\n".join(values))
    broker.run(
        "org.apache.kafka.tools.ProducerPerformance", "--topic", settings.prefix + PAGES,
        "--num-records", str(BACKLOG), "--throughput", "-1", "--payload-file", str(payload),
        "--producer-props", f"bootstrap.servers={broker.address}", "compression.type=lz4",
        "batch.size=262144", "linger.ms=20",
    )  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.bench_kafka", broker.address, settings.prefix],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    resident = [line.split() for line in child.stdout]
    assert child.wait() == 0
    sizes = [float(size) for size, _ in resident]
    third = len(sizes) // 3
    size = sum(map(len, values)) / len(values) / 1000
    return [
        row("kafka: a consumer before a backlog", BACKLOG, "records", f"{size:.1f} KB each"),
        row("kafka: its memory at first", statistics.median(sizes[:third]), "MB",
            f"median of the first {WATCHED_S / 3:.0f} s, by when it had all partitions"),
        row("kafka: its memory at last", statistics.median(sizes[-third:]), "MB",
            f"of the last third, after {int(resident[-1][1]):,} records"),
        row("kafka: its memory at most", max(sizes), "MB"),
    ]  # fmt: skip


def watched(address: str, prefix: str) -> None:
    """A consumer for so long; prints its memory and how far it is, twice a second."""
    settings = KafkaSettings(brokers=[address], prefix=prefix)
    log = KafkaLog(settings)
    loop = Loop(
        log.reader(CONSUME, [PAGES]), Nowhere(), PageRows(RevisitSettings()),  # type: ignore[arg-type]
        DeadLetters(log, DEAD_PAGES), ConsumeSettings(), background=ThreadPoolExecutor(1),
    )  # fmt: skip
    collect_rarely()
    while not loop.pages:
        loop.turn()
    page = os.sysconf("SC_PAGE_SIZE") / 1e6
    until = time.monotonic() + WATCHED_S

    def tell() -> None:
        while time.monotonic() < until:
            resident = int(Path("/proc/self/statm").read_text().split()[1]) * page
            print(f"{resident:.1f} {loop.pages}", flush=True)
            time.sleep(0.5)

    telling = threading.Thread(target=tell)
    telling.start()
    while time.monotonic() < until:
        loop.turn()
    telling.join()
    loop.reader.close()
    log.close()


def main(arguments: Sequence[str]) -> None:
    with suppress(BrokenPipeError):
        watched(*arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
