"""What a question answers, for Python: typed rows, or Arrow."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Generic, TypeVar

import msgspec
import pyarrow as pa

from pipeline.index.question import Question
from pipeline.store import Store, rows

Row = TypeVar("Row", bound=msgspec.Struct)


class Answer(Generic[Row]):
    """Asked when it is read, and anew each time: `for row in answer`, `.rows()`, `.arrow()`.

    Read row by row or in batches it is never held whole, whatever its size; while it is, the store
    answers nothing else. `next`: what `after` takes for the page that follows, once this one was
    read; None where there is none.
    """

    def __init__(self, store: Store, question: Question, kind: type[Row]) -> None:
        self.store, self.question, self.kind = store, question, kind

    @property
    def next(self) -> str | None:
        return self.question.next

    def __iter__(self) -> Iterator[Row]:
        with closing(self.batches()) as batches:
            for batch in batches:
                for row in rows(batch):
                    yield self.kind(**row)

    def rows(self) -> list[Row]:
        return list(self)

    def batches(self) -> Generator[pa.RecordBatch, None, None]:
        """To be closed where it is not read to its end."""
        yield from self.question.stream(self.store)

    def arrow(self) -> pa.Table:
        """The whole answer; of any size, read `batches`."""
        found = list(self.batches())
        if not found:
            return self.question.columns(self.store).empty_table()
        return pa.Table.from_batches(found)
