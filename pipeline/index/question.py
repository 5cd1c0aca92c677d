"""One question to the index: its SQL, its parameters, and how its answer is paged."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from pipeline.errors import StoreBusy, UsageError
from pipeline.index.paging import (
    CHANGING,
    Cursor,
    Key,
    Stamp,
    cursor_of,
    demand_same,
    named,
    stamp_of,
)
from pipeline.store import Parameters, Store, rows, sql
from pipeline.store.views import spelled

LIMIT = 100  # rows of a page
UNKNOWN = -1.0  # stands for an authority that is not known where rows are ordered


class Question:
    """One question ready to be asked: its SQL can be shown before it is run."""

    next: str | None = None  # where it goes on, once it was read and there is more

    def __init__(self, name: str, parameters: Parameters) -> None:
        """sql: as it is shown. asked: what answers the same at less cost, and is run."""
        self.sql = sql(f"pipeline/index/queries/{name}")
        self.parameters = parameters

    @property
    def asked(self) -> str:
        return spelled(self.sql)

    def stream(self, store: Store) -> Generator[pa.RecordBatch, None, None]:
        """To be closed where it is not read to its end: it holds the store until then."""
        yield from self._all(store)

    def _all(self, store: Store) -> Iterable[pa.RecordBatch]:
        """What the store answers, before it is cut into pages."""
        return store.stream(self.asked, self.parameters)

    def columns(self, store: Store) -> pa.Schema:
        """Of an answer without a row."""
        return store.columns(self.asked, self.parameters)

    def statements(self) -> list[tuple[str, Parameters]]:
        """What it asks the store, to be shown."""
        return [(self.sql, asked_by(self.sql, self.parameters))]

    def rows(self, store: Store) -> list[dict[str, Any]]:
        """A small answer."""
        return [row for batch in self.stream(store) for row in rows(batch)]


def demand_span(since: int, until: int) -> None:
    """ms since 1970. Raises UsageError for a time that ends before it begins."""
    if since > until:
        first, last = map(_told, (since, until))
        raise UsageError(
            f"nothing is from {first} on and before {last}; give an earlier --since or a later "
            "--until"
        )


def _told(ms: int) -> str:
    try:
        return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):  # beyond the years that have names
        return f"ms {ms}"


def asked_by(statement: str, given: Parameters) -> Parameters:
    """Those of the parameters that it names."""
    return {name: each for name, each in given.items() if f"{{{name}:" in statement}


class Ask(Question):
    """A question in the asker's own SQL."""

    def __init__(self, text: str, parameters: Parameters) -> None:
        self.sql, self.parameters = text, parameters

    @property
    def asked(self) -> str:
        return self.sql


class Paged(Question):
    """A question whose answer goes on where a page of it ended.

    `keys`: the columns that order its rows, and no two rows have alike: str, int or float, the
    unknown last. Its SQL takes `paged`, `after_KEY` for each, and `limit`.
    `stamp`: by what its rows are ordered, once it is asked.
    Raises UsageError for an `after` that is not of this question.
    """

    stamp = Stamp()

    def __init__(
        self,
        name: str,
        parameters: Parameters,
        *,
        keys: Mapping[str, type],
        limit: int = LIMIT,
        after: str | None = None,
        file: str = "",
    ) -> None:
        """file: of its SQL, where that is not called as it is."""
        self.named, self.keys, self.limit = named(name, parameters), tuple(keys), limit
        self.after = cursor_of(after, self.named, tuple(keys.values())) if after else None
        first = [UNKNOWN if kind is float else kind() for kind in keys.values()]
        place = self.after.keys if self.after else first
        super().__init__(
            file or name,
            {
                **parameters,
                **{f"after_{key}": value for key, value in zip(keys, place, strict=True)},
                "paged": int(self.after is not None),
                "limit": limit + 1,  # one row more tells whether there is more
            },
        )

    def statements(self) -> list[tuple[str, Parameters]]:
        return [(self.sql, asked_by(self.sql, {**self.parameters, "limit": self.limit}))]

    def stream(self, store: Store) -> Generator[pa.RecordBatch, None, None]:
        self.stamp = stamp_of(store)
        if self.after is not None:
            demand_same(self.after, self.stamp)
        self.next = None
        left, last = self.limit, None
        for batch in self._all(store):
            if batch.num_rows > left:
                if left:
                    last = batch.slice(left - 1, 1)
                    yield batch.slice(0, left)
                self.next = self._token(last)
                return
            left -= batch.num_rows
            last = batch.slice(batch.num_rows - 1, 1) if batch.num_rows else last
            yield batch

    def demand_still(self, store: Store) -> None:
        """For an answer that is asked for in parts. Raises StoreBusy where their order changed."""
        if stamp_of(store) != self.stamp:
            raise StoreBusy(
                "`backlinks score` changed the order of rows while they were read; ask again"
            )

    def _token(self, last: pa.RecordBatch | None) -> str | None:
        if last is None:
            return None
        snapshot = self.stamp.snapshot if self.stamp.is_settled else CHANGING
        return Cursor(self.named, snapshot, self.key_of(rows(last)[0])).token()

    def key_of(self, row: Mapping[str, Any]) -> list[Key]:
        """A row's keys, in order."""
        return [UNKNOWN if row[key] is None else row[key] for key in self.keys]
