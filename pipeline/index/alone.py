"""Questions about backlinks, asked of fewer tables where no other page ever led to a target's.

Of a small target planning takes longer than reading its links, and whatever a view reads is
planned, be there a row or not. Where a link ends, by which way, and what gets there beside it, is
half of it: most targets need none of that, which costs a row to learn.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from pipeline.index.question import Paged, Question
from pipeline.store import Parameters, Store, rows, sql
from pipeline.store.views import spelled

# Views, and what answers the same in their place.
_NAMED = (
    ("backlinks", "backlinks_named"),
    ("broken_links_of", "broken_named"),
    ("link_spans", "spans_named"),
)
_WHOLE = (*_NAMED, ("referrer_spans", "referrer_spans_named"))


def asked_alone(
    statement: str,
    parameters: Parameters,
    *,
    ways: bool = False,
    instead: Iterable[tuple[str, str]] = (),
) -> str:
    """One of our statements as it is asked of a target: shorter where no `ways` ever led there.

    instead: more views, each with a text that answers the same.
    """
    named = () if ways else _WHOLE if parameters.get("under") == "%" else _NAMED
    texts = ((view, sql(f"pipeline/index/queries/{file}")) for view, file in named)
    return spelled(statement, (*texts, *instead))


def asked_of(store: Store, statement: str, parameters: Parameters) -> str:
    """What is asked of the target `domain` of the parameters: as little as answers the same."""
    known = sql("pipeline/index/queries/ways_known")
    found = rows(store.query(known, {"domain": parameters["domain"]}))[0]
    return asked_alone(statement, parameters, ways=bool(found["ways"]))


class Alone(Question):
    """What it asks is what its SQL says, or a shorter text."""

    def _all(self, store: Store) -> Iterable[pa.RecordBatch]:
        return store.stream(asked_of(store, self.sql, self.parameters), self.parameters)


class AlonePaged(Alone, Paged):
    """The same of an answer in pages."""
