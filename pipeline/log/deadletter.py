"""What can never decode: kept whole, with where it was and why, so that it can be replayed."""

from __future__ import annotations

import logging

from pipeline.errors import LogRefused, PoisonRecord, TooManyDeadLetters
from pipeline.log import Headers, Log, Message, Record
from pipeline.log.letters import headers

logger = logging.getLogger(__name__)

_BEGINNING = 64 << 10  # bytes that every topic takes


class DeadLetters:
    """`limit`: so many in a row stop the worker."""

    def __init__(self, log: Log, topic: str, *, limit: int = 100) -> None:
        self.log, self.topic, self.limit = log, topic, limit
        self.counts: dict[str, int] = {}
        self._in_a_row = 0

    def keep(self, record: Record, poison: PoisonRecord) -> None:
        """Returns once the dead letter is acknowledged. Raises TooManyDeadLetters, LogError."""
        whole = Message(record.key or b"", record.value or b"", headers(record, poison))
        try:
            self.log.append(self.topic, [whole]).result()
        except LogRefused as error:
            if _is_short(whole):
                raise
            logger.warning("only the beginning of a dead letter is kept: %s", error)
            self.log.append(self.topic, [_beginning(record, poison)]).result()
        self.counts[poison.reason] = self.counts.get(poison.reason, 0) + 1
        self._in_a_row += 1
        if self._in_a_row >= self.limit:
            raise TooManyDeadLetters(self._in_a_row, f"{record.partition}@{record.offset} {poison}")

    def good(self) -> None:
        """A record that could be read: the row of bad ones ends."""
        self._in_a_row = 0


def _is_short(message: Message) -> bool:
    return sum(map(len, (message.key, message.value, *_bytes(message.headers)))) <= _BEGINNING


def _bytes(headers: Headers) -> list[bytes]:
    return [value for _, value in headers]


def _beginning(record: Record, poison: PoisonRecord) -> Message:
    """Of what another's producer made too large for the dead letters; the log has all of it."""
    value = record.value or b""
    kept = value[: _BEGINNING // 2]
    what = f"{poison.detail}; the first {len(kept):,} of {len(value):,} bytes".removeprefix("; ")
    short = record._replace(headers=())
    key = (record.key or b"")[:1000]
    return Message(key, kept, headers(short, PoisonRecord(poison.reason, what)))
