"""Rows on their way to the store, kept apart by partition so that a lost one can be forgotten."""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic, TypeVar

from pipeline.log import Committed, Partition

Row = TypeVar("Row")


class Batch(Generic[Row]):
    """What was taken from the log since the last commit."""

    def __init__(self) -> None:
        self._rows: dict[Partition, list[Row]] = {}
        self._next: dict[Partition, int] = {}
        self.weight = 0
        self._weights: dict[Partition, int] = {}
        self.started: float | None = None

    def __len__(self) -> int:
        return sum(map(len, list(self._rows.values())))  # metrics are read by another thread

    def __bool__(self) -> bool:
        return bool(self._next)

    def add(self, partition: Partition, offset: int, row: Row, weight: int, now: float) -> None:
        self._rows.setdefault(partition, []).append(row)
        self._weights[partition] = self._weights.get(partition, 0) + weight
        self.weight += weight
        self.handled(partition, offset, now)

    def handled(self, partition: Partition, offset: int, now: float) -> None:
        """This record needs no row, or none more: its offset may be committed."""
        self._next[partition] = offset + 1
        if self.started is None:
            self.started = now

    def forget(self, partitions: Collection[Partition]) -> None:
        """Rows and offsets alike: whoever has these partitions now reads them again."""
        for partition in partitions:
            self._rows.pop(partition, None)
            self._next.pop(partition, None)
            self.weight -= self._weights.pop(partition, 0)
        if not self._next:
            self.started = None

    def rows(self) -> list[Row]:
        return [row for rows in self._rows.values() for row in rows]

    def offsets(self) -> dict[Partition, Committed]:
        return {partition: Committed(offset) for partition, offset in self._next.items()}

    def follow(self, earlier: Batch[Row]) -> None:
        """Takes back what was to be written before this, and was not."""
        for partition, rows in earlier._rows.items():
            self._rows[partition] = rows + self._rows.get(partition, [])
        for partition, weight in earlier._weights.items():
            self._weights[partition] = self._weights.get(partition, 0) + weight
        self._next = earlier._next | self._next
        self.weight += earlier.weight
        self.started = earlier.started if earlier.started is not None else self.started

    def commit_later(self, partition: Partition, committed: Committed, now: float) -> None:
        """Its rows are written; its offset could not be committed, and is tried again."""
        self.handled(partition, self._next.get(partition, committed.offset) - 1, now)
