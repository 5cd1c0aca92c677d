"""What can never decode: kept whole, with where it was and why, so that it can be replayed."""

from __future__ import annotations

from pipeline.errors import PoisonRecord, TooManyDeadLetters
from pipeline.log import Log, Message, Record


class DeadLetters:
    """`limit`: so many in a row stop the worker."""

    def __init__(self, log: Log, topic: str, *, limit: int = 100) -> None:
        self.log, self.topic, self.limit = log, topic, limit
        self.counts: dict[str, int] = {}
        self._in_a_row = 0

    def keep(self, record: Record, poison: PoisonRecord) -> None:
        """Returns once the dead letter is acknowledged. Raises TooManyDeadLetters, LogError."""
        headers = (
            *record.headers,  # ours last, so that they win by name
            ("topic", record.partition.topic.encode()),
            ("partition", str(record.partition.number).encode()),
            ("offset", str(record.offset).encode()),
            ("timestamp_ms", str(record.timestamp_ms).encode()),
            ("reason", poison.reason.encode()),
            ("detail", poison.detail.encode("utf-8", "replace")),
        )
        message = Message(record.key or b"", record.value or b"", headers)
        self.log.append(self.topic, [message]).result()
        self.counts[poison.reason] = self.counts.get(poison.reason, 0) + 1
        self._in_a_row += 1
        if self._in_a_row >= self.limit:
            raise TooManyDeadLetters(self._in_a_row, f"{record.partition}@{record.offset} {poison}")

    def good(self) -> None:
        """A record that could be read: the row of bad ones ends."""
        self._in_a_row = 0
