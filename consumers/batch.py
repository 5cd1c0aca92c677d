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
        return sum(map(len, self._rows.values()))

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

    def written(self, refused: Collection[Partition], now: float) -> None:
        """All of it; but the offsets of `refused` could not be committed, and are tried again."""
        self._rows.clear()
        self._weights.clear()
        self.weight = 0
        self._next = {partition: self._next[partition] for partition in refused}
        self.started = now if refused else None
