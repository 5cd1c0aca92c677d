"""The consumer's loop: poll, forget what was revoked, decode, insert, then commit.

Delivery is at least once; the effect is exactly once, since rows are pure functions of their
records and the store keeps only what may be written twice. Nothing is committed before its rows
are durable.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable

from consumers.batch import Batch
from consumers.deadletter import DeadLetters
from consumers.pages import PageRows
from pipeline.errors import NotOwner, PoisonRecord, StoreBusy
from pipeline.log import Reader, Record
from pipeline.page import Page
from pipeline.settings import ConsumeSettings
from pipeline.store import Store

logger = logging.getLogger(__name__)


class Loop:
    """One worker. `turn` is one round; `run` goes on until `stop` is called."""

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
        self.reader, self.store, self.rows = reader, store, rows
        self.dead_letters, self.settings = dead_letters, settings
        self.clock, self.sleep = clock, sleep
        self.batch: Batch[Page] = Batch()
        self.pages = self.links = self.retries = 0
        self._stopping: float | None = None

    def stop(self) -> None:
        """From any thread or a signal: finish the turn, commit, leave."""
        if self._stopping is None:
            self._stopping = self.clock() + self.settings.stop_s

    def run(self) -> None:
        """Raises what can't be retried: StoreRefused, TooManyDeadLetters, LogError."""
        try:
            while self._stopping is None:
                self.turn()
            self.flush()
        finally:
            self.reader.close()

    def turn(self, *, timeout_s: float = 0.2) -> int:
        """One round; how many records it took."""
        taken = self._poll_and_take(timeout_s=timeout_s, limit=self.settings.poll_records)
        if self._is_due():
            self.flush()
        return taken

    def _poll_and_take(self, *, timeout_s: float, limit: int) -> int:
        records = self.reader.poll(timeout_s=timeout_s, max_records=limit)
        self._forget_revoked()
        assigned = self.reader.assigned()
        ours = [record for record in records if record.partition in assigned]
        for record in ours:
            self._take(record)
        return len(ours)

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
            self.dead_letters.keep(record, poison)
            self.batch.handled(record.partition, record.offset, now)
            return
        self.dead_letters.good()
        self.batch.add(record.partition, record.offset, page, self.rows.weight(page), now)

    def _is_due(self) -> bool:
        batch = self.batch
        return batch.started is not None and (
            batch.weight >= self.settings.flush_rows
            or self.clock() - batch.started >= self.settings.flush_age_s
        )

    def flush(self) -> None:
        """Inserts, then commits. Where the store is busy: waits in the group and tries again."""
        pause = self.settings.retry_s
        while self.batch:
            try:
                self._insert()
            except StoreBusy as error:
                self.retries += 1
                if self._stopping is not None and self.clock() + pause > self._stopping:
                    logger.warning("stopped with %s pages not written: %s", len(self.batch), error)
                    return
                logger.warning("the store is busy, trying again in %.1f s: %s", pause, error)
                stopping = self._stopping
                self._wait(pause)
                pause = min(2 * pause, self.settings.longest_retry_s)
                if self._stopping != stopping:  # just told to stop: use what time there is
                    pause = self.settings.retry_s
                continue
            self._commit()
            self.batch.clear()

    def _insert(self) -> None:
        pages = self.batch.rows()
        if pages:
            self.store.insert(self.rows.table, self.rows.columns(pages, int(self.clock() * 1000)))
            self.pages += len(pages)
            self.links += sum(len(page.external) for page in pages)

    def _wait(self, seconds: float) -> None:
        """Polls with everything paused, so that the group does not take us for dead."""
        self.rows.forget()  # the rows are made again for the next try
        until = self.clock() + seconds * random.uniform(0.7, 1.3)
        stopping = self._stopping
        while self.clock() < until and self._stopping == stopping:
            self.reader.pause(self.reader.assigned())
            self._poll_and_take(timeout_s=0, limit=1)  # of a partition assigned just now
            self.sleep(min(0.2, seconds))
        self.reader.resume(self.reader.assigned())

    def _commit(self) -> None:
        offsets = self.batch.offsets()
        try:
            self.reader.commit(offsets)
        except NotOwner:
            # Taken by another member in between: it reads again, and writes the same.
            for partition, committed in offsets.items():
                try:
                    self.reader.commit({partition: committed})
                except NotOwner as error:
                    logger.info("not committed: %s", error)
