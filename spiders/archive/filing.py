"""One archive file into the log: on from where it was, and noted as it goes."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import lru_cache
from typing import BinaryIO

from fastwarc.warc import HeaderMap, WarcHeader

from pipeline.cause import cause_of
from pipeline.control import Controls
from pipeline.errors import ArchiveBusy, LogBusy, LogRefused
from pipeline.log import PAGES, Log, Message
from pipeline.page import FUTURE_MS, Page, split
from pipeline.suppressed import kept
from spiders.archive import warc, wat
from spiders.archive.counts import Counts
from spiders.archive.noted import Note, Notes, begins_with
from spiders.archive.records import Record, Records, Unreadable
from spiders.archive.storage import opened, shown
from spiders.archive.targets import Targets
from spiders.archive.warc import Capture

NOTE_S = 5.0  # between two notes; so much is read twice after a kill
_BATCH = 500  # records appended at once
_BATCH_BYTES = 4 << 20
_IN_FLIGHT = 4  # batches appended and not yet acknowledged
_HEAD = 4_096  # bytes by which a file is known again
_RETRY_S = (1.0, 30.0)  # the first wait where the log is away, and the longest


class Sending:
    """Pages into the log, in batches. Raises LogError, but for LogBusy, which is waited for."""

    def __init__(self, log: Log, pause: Callable[[float], object] = time.sleep) -> None:
        self.log, self.pause = log, pause
        self._batch: list[Message] = []
        self._size = 0
        self._flying: deque[tuple[list[Message], Future[list[int]]]] = deque()

    def send(self, page: Page) -> None:
        key = page.domain.encode()
        try:
            messages = [Message(key, part) for part in split(page, self.log.record_bytes)]
        except ValueError as error:
            raise LogRefused(f"{error}; raise kafka.record_bytes") from error
        self._batch += messages
        self._size += sum(len(message.value) for message in messages)
        if len(self._batch) >= _BATCH or self._size >= _BATCH_BYTES:
            self._append()

    def finish(self) -> None:
        """Returns once all of it is durable."""
        self._append()
        while self._flying:
            self._land()

    def _append(self) -> None:
        if self._batch:
            self._flying.append((self._batch, self.log.append(PAGES, self._batch)))
            self._batch, self._size = [], 0
        while len(self._flying) > _IN_FLIGHT:
            self._land()

    def _land(self) -> None:
        """The oldest batch, again and again where the log is away: twice is once in effect."""
        messages, sent = self._flying.popleft()
        wait, longest = _RETRY_S
        while True:
            try:
                sent.result()
                return
            except LogBusy:
                self.pause(wait)
                wait = min(2 * wait, longest)
                sent = self.log.append(PAGES, messages)


class Filing:
    """One file. `stop`: asked after each record. `progress`: told the share that is read."""

    def __init__(
        self,
        source: str,
        log: Log,
        notes: Notes,
        *,
        targets: Targets | None = None,
        controls: Controls | None = None,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[float], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
        note_s: float = NOTE_S,
    ) -> None:
        self.source, self.notes, self.clock, self.note_s = source, notes, clock, note_s
        self.targets = Targets() if targets is None else targets
        self.controls = Controls() if controls is None else controls
        self.stop, self.progress = stop, progress
        self.sending = Sending(log)
        self.was_done = False  # before: then nothing of it was read

    def run(self, *, again: bool = False) -> Note:
        """The note at its end, or where it was stopped. again: from its beginning.

        Raises ArchiveBusy, ArchiveRefused, LogError, BacklinksError.
        """
        with opened(self.source) as (file, size):
            try:
                begins = begins_with(file.read(_HEAD))
            except Exception as error:
                raise _away(self.source, error) from error
            note = None if again else self.notes.read(shown(self.source))
            if note is None or (note.begins, note.size) != (begins, size):
                note = Note(shown(self.source), begins, size)
            self.was_done = note.ended
            if not note.ended:
                try:
                    self._import(file, note)
                except Unreadable as error:
                    raise _away(self.source, error) from error
        return note

    def _import(self, file: BinaryIO, note: Note) -> None:
        due = time.monotonic() + self.note_s
        for record in self._records(file, note):
            now = time.monotonic()
            stopped = self.stop()
            if stopped or now >= due:
                self._note(note, record.offset, identity(record))
                due = now + self.note_s
            if stopped:
                return
            self._take(record, note)
            note.done += 1
            self.progress(record.offset / note.size if note.size else 0.0)
        note.ended = True
        self._note(note, note.size, "")

    def _records(self, file: BinaryIO, note: Note) -> Iterator[Record]:
        """Those that the note doesn't tell of; what is damaged among them is counted in it.

        Where many records share a gzip member the offset leads to none of them, or to another:
        then those that are done are read again and counted off.
        """
        if note.done:
            records = Records(file, _wanted, _nothing, start=note.offset)
            found = iter(records)
            for record in found:
                if identity(record) != note.next:
                    break
                records.damaged = note.counts.damage
                yield record
                yield from found
                return
        records = Records(file, _wanted, _nothing if note.done else note.counts.damage)
        for number, record in enumerate(records):
            if number >= note.done:
                records.damaged = note.counts.damage
                yield record

    def _note(self, note: Note, offset: int, following: str) -> None:
        self.sending.finish()
        note.offset, note.next = offset, following
        self.notes.write(note)

    def _take(self, record: Record, note: Note) -> None:
        counts = note.counts
        counts.record(record.kind)
        if record.kind == "warcinfo":
            note.references = wat.has_references(record.block)
            return
        if not record.block:
            return
        worth = self.targets.may_be_in
        if record.kind == "metadata":
            named = record.header(WarcHeader.WARC_TARGET_URI)
            found = wat.capture(record.block, worth, references=note.references, named=named)
        else:
            found = warc.capture(record, worth)
        counts.capture(found.what, found.host, record.offset)
        self._publish(found, counts)

    def _publish(self, found: Capture, counts: Counts) -> None:
        for page in [] if found.page is None else self.targets.of(found.page):
            self._send(page, counts)

    def _send(self, page: Page, counts: Counts) -> None:
        if page.fetched_at > self.clock() * 1000 + FUTURE_MS:
            counts.future += 1  # a consumer would refuse it
            return
        left = kept(page, self.controls)
        counts.left += left.links
        if left.page is None:
            counts.suppressed += 1
            return
        self.sending.send(left.page)
        counts.publish(left.page)


def _wanted(kind: str, headers: HeaderMap) -> bool:
    if kind == "request":
        return False
    if kind in ("response", "revisit", "warcinfo"):
        return True
    return _is_told(kind, headers.get(WarcHeader.CONTENT_TYPE) or "")


@lru_cache(maxsize=256)
def _is_told(kind: str, content_type: str) -> bool:
    if kind == "metadata":
        return content_type.partition(";")[0].strip().lower() == wat.TYPE
    return kind in ("resource", "conversion") and warc.is_page(content_type)


def identity(record: Record) -> str:
    """What tells one record of a file from the others."""
    said = "\n".join(f"{name}: {value}" for name, value in record.headers.to_tuples())
    return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _nothing(offset: int, why: str) -> None:
    """It was counted before."""


def _away(source: str, error: Exception) -> ArchiveBusy:
    return ArchiveBusy(
        f"can't read {shown(source)} any further ({cause_of(error)}); run it again, and it goes "
        "on where it was"
    )
