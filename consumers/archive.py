"""The archive's loop: poll, forget what was revoked, add to open parts, write, then commit.

A crash loses nothing, since an offset is committed only once its file and the file's index are in
place; what is then written twice is left out in reading.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

from consumers.worker import Worker
from pipeline import metrics
from pipeline.archive.storage import Storage
from pipeline.archive.write import OpenPart
from pipeline.errors import BadSetting, LogBusy, NotOwner
from pipeline.log import ARCHIVE, PAGES, Committed, Log, Partition, Reader, Record
from pipeline.settings import ArchiveSettings, Settings

_POLL_RECORDS = 500

logger = logging.getLogger(__name__)


class Archiver(Worker):
    """Records into files. Raises ArchiveRefused, LogError."""

    def __init__(
        self,
        reader: Reader,
        storage: Storage,
        settings: ArchiveSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(reader, settings, clock, sleep)
        self.storage, self.settings = storage, settings
        self.open: dict[Partition, OpenPart] = {}
        self.records = self.files = self.bytes = 0

    def samples(self) -> Iterator[metrics.Sample]:
        yield metrics.Sample(metrics.RECORDS_ARCHIVED, self.records)
        yield metrics.Sample(metrics.BYTES_ARCHIVED, self.bytes)
        yield metrics.Sample(metrics.RETRIES, self.retries)

    def turn(self, *, timeout_s: float = 0.2) -> int:
        taken = self._poll_and_take(timeout_s=timeout_s, limit=_POLL_RECORDS)
        for partition in [p for p, part in self.open.items() if self._is_due(part)]:
            self._write(partition)
        while self._held_bytes() > self.settings.part_bytes:
            before = len(self.open)
            self._write(max(self.open, key=lambda partition: self.open[partition].held_bytes))
            if len(self.open) == before:  # told to stop while the storage was away
                break
        return taken

    def flush(self) -> None:
        """Writes and commits all that is open, as far as the storage lets it."""
        for partition in list(self.open):
            self._write(partition)

    def _forget_revoked(self) -> None:
        for partition in self.reader.revoked():
            self.open.pop(partition, None)

    def _take(self, record: Record) -> None:
        part = self.open.get(record.partition)
        if part is None:
            part = OpenPart(record.partition.number, self.settings.level, self.clock())
            self.open[record.partition] = part
        part.add(record)

    def _is_due(self, part: OpenPart) -> bool:
        return (
            part.plain_bytes >= self.settings.part_bytes
            or part.crowded
            or self.clock() - part.started >= self.settings.part_age_s
        )

    def _held_bytes(self) -> int:
        return sum(part.held_bytes for part in self.open.values())

    def _write(self, partition: Partition) -> None:
        """One partition's part, then its offset. Waits in the group while the storage is away."""
        part = self.open.get(partition)
        if part is None:
            return
        self._until_done(
            lambda: self._keep(partition, part),
            lambda: self.open.get(partition) is part,  # else lost while waiting
            lambda: f"{part.records} records",
        )

    def _keep(self, partition: Partition, part: OpenPart) -> None:
        files = part.write(self.storage)
        self._commit(partition, part.next)
        del self.open[partition]
        self.records += part.records
        self.files += len(files)
        self.bytes += sum(file.bytes for file in files)

    def _commit(self, partition: Partition, following: int) -> None:
        try:
            self.reader.commit({partition: Committed(following)})
        except NotOwner as error:
            # Taken by another member in between: it reads again, and keeps the same. Or ours still,
            # since the group was only rebalancing: the next poll tells.
            raise LogBusy(f"not committed: {error}") from error


def archiver(log: Log, settings: Settings, member: str = "") -> Archiver:
    """An archiver of this log. Raises BadSetting without a place, ArchiveError, NoArchive."""
    if not settings.archive.to:
        raise BadSetting("say where pages are to be kept: --to DIRECTORY, or archive.to")
    storage = Storage(settings.archive.to)
    storage.prepare()
    return Archiver(log.reader(ARCHIVE, [PAGES], member=member), storage, settings.archive)
