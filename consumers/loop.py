"""The consumer's loop: poll, forget what was revoked, decode, insert, then commit.

Delivery is at least once; the effect is exactly once, since rows are pure functions of their
records and the store keeps only what may be written twice. Nothing is committed before its rows
are durable. While one batch is on its way to the store, the next is filled.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, NamedTuple

import pyarrow as pa

from consumers.batch import Batch
from consumers.pages import PageRows
from consumers.worker import Worker
from pipeline import metrics
from pipeline.control import Controls
from pipeline.errors import PAGE_FAULTS, LogBusy, LogError, NotOwner, PoisonRecord, StoreBusy
from pipeline.frontier import traps
from pipeline.log import Committed, Partition, Reader, Record
from pipeline.log.deadletter import DeadLetters
from pipeline.page import Page
from pipeline.settings import ConsumeSettings
from pipeline.store import Store
from pipeline.suppressed import kept

logger = logging.getLogger(__name__)

# A batch is a million objects that live until they are written, and in no cycle: looking at them
# over and over took a third of the time of decoding them.
_BETWEEN_COLLECTIONS = 200_000
_TURN_S = 1.0  # so often it says that it lives, while it waits for an insert


class _Writing(NamedTuple):
    """A batch on its way to the store; `ended` tells how long that took, in seconds."""

    batch: Batch[Page]
    pages: int
    links: int
    ended: Future[float]


class Loop(Worker):
    """Pages into the store. Raises StoreRefused, TooManyDeadLetters, LogError.

    `controls`: what operators say, kept up with by another thread.
    `background`: where inserts are made, one at a time; without it, in the thread of the loop.
    `clock`: as a worker's. `wall`: seconds since 1970, for when pages arrived.
    """

    def __init__(
        self,
        reader: Reader,
        store: Store,
        rows: PageRows,
        dead_letters: DeadLetters,
        settings: ConsumeSettings,
        *,
        controls: Controls | None = None,
        background: Executor | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(reader, settings, clock, sleep)
        self.wall = wall
        self.store, self.rows = store, rows
        self.dead_letters, self.settings = dead_letters, settings
        self.controls = Controls() if controls is None else controls
        self.suppressed = self.suppressed_links = 0
        self.batch: Batch[Page] = Batch()
        self._writing: _Writing | None = None
        self._start = _at_once if background is None else background.submit
        self.pages = self.links = self.inserts = 0
        self.insert_s = 0.0
        self._arrived = 0  # ms

    def run(self) -> None:
        collect_rarely()
        super().run()

    def turn(self, *, timeout_s: float = 0.2) -> int:
        taken = self._poll_and_take(timeout_s=timeout_s, limit=self.settings.poll_records)
        if self._has_ended():
            self._write_out()
        if self._is_due() and self._ended() and self.batch:
            self._begin()
            if self._has_ended():
                self._write_out()
        return taken

    @property
    def held(self) -> int:
        """Pages in memory."""
        writing = self._writing  # whoever reads metrics is another thread
        return len(self.batch) + (len(writing.batch) if writing is not None else 0)

    def samples(self) -> Iterator[metrics.Sample]:
        yield metrics.Sample(metrics.PAGES_WRITTEN, self.pages)
        yield metrics.Sample(metrics.LINKS_WRITTEN, self.links)
        yield metrics.Sample(metrics.BATCH, self.pages, times=self.inserts)
        yield metrics.Sample(metrics.INSERT, self.insert_s, times=self.inserts)
        yield metrics.Sample(metrics.BATCH_WAITING, self.held)
        yield metrics.Sample(metrics.RETRIES, self.retries)
        yield metrics.Sample(metrics.SUPPRESSED, self.suppressed, ("page",))
        yield metrics.Sample(metrics.SUPPRESSED, self.suppressed_links, ("link",))
        for reason in PAGE_FAULTS:  # from 0 on: the first of a reason must be growth
            count = self.dead_letters.counts.get(reason, 0)
            yield metrics.Sample(metrics.DEAD_LETTERS, count, (reason,))
        for why in traps.REASONS:
            yield metrics.Sample(metrics.URLS_LEFT, self.rows.left.get(why, 0), (why,))

    def _forget_revoked(self) -> None:
        revoked = self.reader.revoked()
        if revoked:
            self.batch.forget(revoked)
            if self._writing is not None:  # what is under way may well come: it comes again
                self._writing.batch.forget(revoked)
            self.rows.forget()

    def _take(self, record: Record) -> None:
        now = self.clock()
        try:
            page = self.rows.decode(record)
        except PoisonRecord as poison:
            logger.warning("%s@%s dead-lettered: %s", record.partition, record.offset, poison)
            self._keep(record, poison)
            self.batch.handled(record.partition, record.offset, now)
            return
        self.dead_letters.good()
        self._arrived = max(self._arrived, record.timestamp_ms)
        weight = max(self.rows.weight(page), len(record.value or b"") >> 10)  # a row has a kilobyte
        self.batch.add(record.partition, record.offset, page, weight, now)

    def _keep(self, record: Record, poison: PoisonRecord) -> None:
        """Nothing after it is taken before it is kept: its offset would be passed over."""
        while True:
            try:
                self.dead_letters.keep(record, poison)
                return
            except LogBusy as error:
                if self._stopping is not None:  # no LogBusy: polling must not go on after it
                    raise LogError(f"stopped before a dead letter was kept: {error}") from error
                self._log_is_busy(error)

    def _is_due(self) -> bool:
        batch = self.batch
        return batch.started is not None and (
            batch.weight >= self.settings.flush_rows
            or self.clock() - batch.started >= self.settings.flush_age_s
        )

    def flush(self) -> None:
        """All of it, written and committed, as far as the store lets it."""
        if self._ended() and self.batch:
            self._write_out()

    def _has_ended(self) -> bool:
        return self._writing is not None and self._writing.ended.done()

    def _ended(self) -> bool:
        """Waits for what is under way; False where there is no time left for it."""
        return self._writing is None or self._write_out()

    def _write_out(self) -> bool:
        """Ends what is under way, or writes the batch. Where the store is busy: waits in the group
        and tries again; False where there is no time left for it."""
        return self._until_done(
            self._write,
            lambda: self._writing is not None or bool(self.batch),
            lambda: f"{self.held} pages",
        )

    def _write(self) -> None:
        if self._writing is None:
            self._begin()
        self._end()

    def _begin(self) -> None:
        """The batch goes to the store, and there is an empty one."""
        batch, self.batch = self.batch, Batch()
        pages = self._kept(batch.rows())
        if pages:
            # Not before the log took it, nor before the last: behind a clock that was moved back,
            # the lifecycle job would never look.
            self._arrived = max(self._arrived, int(self.wall() * 1000))
            ended = self._start(self._insert, self.rows.columns(pages, self._arrived))
        else:
            ended = _at_once(float)
        links = sum(len(page.external) for page in pages)
        self._writing = _Writing(batch, len(pages), links, ended)

    def _kept(self, pages: list[Page]) -> list[Page]:
        """Without what is suppressed by now: it may have been said since they were taken."""
        if not self.controls.suppresses:
            return pages
        found = [kept(page, self.controls) for page in pages]
        left = [one.page for one in found if one.page is not None]
        self.suppressed += len(pages) - len(left)
        self.suppressed_links += sum(one.links for one in found)
        return left

    def _insert(self, columns: pa.Table) -> float:
        """In the background."""
        started = time.monotonic()
        self.store.insert(self.rows.table, columns)
        return time.monotonic() - started

    def _end(self) -> None:
        """Waits for the store, then commits. Raises StoreBusy, LogBusy: `batch` has the rest."""
        writing = self._writing
        assert writing is not None
        try:
            self.insert_s += self._wait_for(writing.ended)
        except StoreBusy:
            self.batch.follow(writing.batch)
            self.rows.forget()  # they are made again for the next try
            raise
        finally:
            self._writing = None
        if writing.pages:
            self.inserts += 1
            self.pages += writing.pages
            self.links += writing.links
        self._commit(writing.batch.offsets())

    def _wait_for(self, ended: Future[float]) -> float:
        """Raises what the insert did. It has a time limit of its own: who waits is not stuck."""
        while True:
            self.turned_at = time.monotonic()
            try:
                return ended.result(_TURN_S)
            except TimeoutError:
                if ended.done():
                    return ended.result()

    def _commit(self, offsets: dict[Partition, Committed]) -> None:
        """What the log would not take is left to the next batch.

        Taken by another member in between: it reads again, and writes the same. Or ours still,
        since the group was only rebalancing: what is not told as revoked must be committed yet.
        """
        left = dict(offsets)
        try:
            self.reader.commit(offsets)
            left.clear()
        except NotOwner:
            for partition, committed in offsets.items():
                if self._committed(partition, committed):
                    del left[partition]
        finally:
            for partition, committed in left.items():
                self.batch.commit_later(partition, committed, self.clock())

    def _committed(self, partition: Partition, committed: Committed) -> bool:
        try:
            self.reader.commit({partition: committed})
            return True
        except NotOwner as error:
            logger.info("not committed: %s", error)
            return False


def collect_rarely() -> None:
    """For all of this process: see _BETWEEN_COLLECTIONS."""
    gc.freeze()
    gc.set_threshold(_BETWEEN_COLLECTIONS)


def _at_once(work: Callable[..., float], *arguments: Any) -> Future[float]:
    """As an executor does it, but in this thread."""
    ended: Future[float] = Future()
    try:
        ended.set_result(work(*arguments))
    except BaseException as error:  # noqa: BLE001 - raised again by whoever asks for the result
        ended.set_exception(error)
    return ended
