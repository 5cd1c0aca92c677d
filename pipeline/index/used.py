"""Questions about how links are used: asked of as few tables as can tell.

Of a small target planning takes longer than reading its links. What leads to it is asked first,
which costs little, and mostly spares two tables and a join.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from pipeline.index.question import Paged
from pipeline.store import Parameters, Store, rows, sql
from pipeline.store.views import spelled

_WAYS = 100  # pages that lead on, whose ends are given with the question
_LETTERS = 50_000  # of them
_USES = "link_uses_of"


class Used(Paged):
    """What it asks is what its SQL says; of views it gives the text, or a shorter one."""

    def _all(self, store: Store) -> Iterable[pa.RecordBatch]:
        ways = _ways(store, str(self.parameters["domain"]))
        if ways is None:
            return store.stream(self.asked, self.parameters)
        named = sql("pipeline/index/queries/uses_named")
        return store.stream(spelled(self.sql, ((_USES, named),)), {**self.parameters, **ways})


class Spread(Paged):
    """Of all of a domain its referring domains tell, and no link is asked for."""

    def _all(self, store: Store) -> Iterable[pa.RecordBatch]:
        none = ((_USES, sql("pipeline/index/queries/uses_none")),)
        instead = none if self.parameters["under"] == "%" else ()
        return store.stream(spelled(self.sql, instead), self.parameters)


def _ways(store: Store, domain: str) -> Parameters | None:
    """Which pages of a target lead to which others of it, as uses_named.sql takes them; None where
    that is not all, or too much: for a large target, or one that other domains' pages lead to."""
    asked: Parameters = {"domain": domain, "most": _WAYS + 1}
    found = rows(store.query(sql("pipeline/index/queries/uses_known"), asked))
    letters = sum(len(row["page"]) + len(row["end"]) for row in found)
    if not all(row["is_own"] for row in found) or len(found) > _WAYS or letters > _LETTERS:
        return None
    return {
        "led": [row["page"] for row in found],
        "ends": [row["end"] for row in found],
        "ends_https": [row["end_https"] for row in found],
    }
