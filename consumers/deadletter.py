"""What can never decode: kept whole, with where it was and why, so that it can be replayed."""

from __future__ import annotations

from pipeline.errors import PoisonRecord, TooManyDeadLetters
from pipeline.log import Log, Message, Record
from pipeline.log.letters import headers


class DeadLetters:
    """`limit`: so many in a row stop the worker."""

    def __init__(self, log: Log, topic: str, *, limit: int = 100) -> None:
        self.log, self.topic, self.limit = log, topic, limit
        self.counts: dict[str, int] = {}
        self._in_a_row = 0

    def keep(self, record: Record, poison: PoisonRecord) -> None:
        """Returns once the dead letter is acknowledged. Raises TooManyDeadLetters, LogError."""
        message = Message(record.key or b"", record.value or b"", headers(record, poison))
        self.log.append(self.topic, [message]).result()
        self.counts[poison.reason] = self.counts.get(poison.reason, 0) + 1
        self._in_a_row += 1
        if self._in_a_row >= self.limit:
            raise TooManyDeadLetters(self._in_a_row, f"{record.partition}@{record.offset} {poison}")

    def good(self) -> None:
        """A record that could be read: the row of bad ones ends."""
        self._in_a_row = 0
