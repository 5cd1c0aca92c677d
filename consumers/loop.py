"""The consumer's loop: poll, forget what was revoked, decode, insert, then commit.

Delivery is at least once; the effect is exactly once, since rows are pure functions of their
records and the store keeps only what may be written twice. Nothing is committed before its rows
are durable.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping

from consumers.batch import Batch
from consumers.deadletter import DeadLetters
from consumers.pages import PageRows
from consumers.worker import Worker
from pipeline import metrics
from pipeline.errors import LogBusy, LogError, NotOwner, PoisonRecord
from pipeline.log import Committed, Partition, Reader, Record
from pipeline.page import Page
from pipeline.settings import ConsumeSettings
from pipeline.store import Store

logger = logging.getLogger(__name__)


class Loop(Worker):
    """Pages into the store. Raises StoreRefused, TooManyDeadLetters, LogError."""

    def __init__(
        self,
        reader: Reader,
        store: Store,
        rows: PageRows,
        dead_letters: DeadLetters,
        settings: ConsumeSettings,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(reader, settings, clock, sleep)
        self.store, self.rows = store, rows
        self.dead_letters, self.settings = dead_letters, settings
        self.batch: Batch[Page] = Batch()
        self.pages = self.links = self.inserts = 0
        self.insert_s = 0.0
        self._arrived = 0  # ms

    def turn(self, *, timeout_s: float = 0.2) -> int:
        taken = self._poll_and_take(timeout_s=timeout_s, limit=self.settings.poll_records)
        if self._is_due():
            self.flush()
        return taken

    def samples(self) -> Iterator[metrics.Sample]:
        yield metrics.Sample(metrics.PAGES_WRITTEN, self.pages)
        yield metrics.Sample(metrics.LINKS_WRITTEN, self.links)
        yield metrics.Sample(metrics.BATCH, self.pages, times=self.inserts)
        yield metrics.Sample(metrics.INSERT, self.insert_s, times=self.inserts)
        yield metrics.Sample(metrics.BATCH_WAITING, len(self.batch))
        yield metrics.Sample(metrics.RETRIES, self.retries)
        for reason, count in sorted(self.dead_letters.counts.items()):
            yield metrics.Sample(metrics.DEAD_LETTERS, count, (reason,))

    def _forget_revoked(self) -> None:
        revoked = self.reader.revoked()
        if revoked:
            self.batch.forget(revoked)
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
        self.batch.add(record.partition, record.offset, page, self.rows.weight(page), now)

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
        """Inserts, then commits. Where the store is busy: waits in the group and tries again."""
        self._until_done(self._write, lambda: bool(self.batch), lambda: f"{len(self.batch)} pages")

    def _write(self) -> None:
        self._insert()
        self.batch.written(self._commit(), self.clock())

    def _insert(self) -> None:
        pages = self.batch.rows()
        if pages:
            # Not before the log took it, nor before the last: behind a clock that was moved back,
            # the lifecycle job would never look.
            self._arrived = max(self._arrived, int(self.clock() * 1000))
            columns = self.rows.columns(pages, self._arrived)
            started = time.monotonic()
            self.store.insert(self.rows.table, columns)
            self.insert_s += time.monotonic() - started
            self.inserts += 1
            self.pages += len(pages)
            self.links += sum(len(page.external) for page in pages)

    def _wait(self, seconds: float) -> None:
        self.rows.forget()  # the rows are made again for the next try
        super()._wait(seconds)

    def _commit(self) -> set[Partition]:
        """Those that the log would not take.

        Taken by another member in between: it reads again, and writes the same. Or ours still,
        since the group was only rebalancing: what is not told as revoked must be committed yet.
        """
        offsets = self.batch.offsets()
        try:
            self.reader.commit(offsets)
            return set()
        except NotOwner:
            return {partition for partition in offsets if not self._committed(partition, offsets)}

    def _committed(self, partition: Partition, offsets: Mapping[Partition, Committed]) -> bool:
        try:
            self.reader.commit({partition: offsets[partition]})
            return True
        except NotOwner as error:
            logger.info("not committed: %s", error)
            return False
