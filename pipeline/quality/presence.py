"""How long each domain is known, how many hosts it has, and how far one gets from it by links."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.graph.ranks import pagerank
from pipeline.quality.scored import BEFORE, Measure, Part, Scored, all_looked_up, nullable
from pipeline.store import sql

_DAY_MS = 86_400_000


def _add(scored: Scored) -> None:
    known = scored.store.query(sql("pipeline/quality/presence"), {"snapshot": scored.snapshot})
    kinds = {"hosts": pa.uint32(), "first_seen": pa.int64()}
    found = all_looked_up(scored.names, known, kinds)
    scored.columns["hosts"] = found["hosts"]
    scored.columns["days_known"] = _days(scored, found["first_seen"])
    backwards = scored.graph.turned()
    scored.columns["inverse_pagerank"] = nullable(
        pagerank(backwards, damping=scored.settings.damping)
    )


def _days(scored: Scored, first: pa.Array) -> pa.Array:
    days = (scored.snapshot - first.to_numpy(zero_copy_only=False)) // _DAY_MS
    # A visit may be dated some minutes after its arrival, where clocks differ.
    return pa.array(np.maximum(days, 0), pa.uint32(), mask=np.isnan(days), from_pandas=True)


PART = Part(
    "inverse PageRank",
    (
        Measure("hosts", "hosts", "of it that are known, as pages or linked", BEFORE),
        Measure("days_known", "days", "since it was first visited or linked", BEFORE),
        Measure(
            "inverse_pagerank",
            "share",
            "PageRank with every link turned round: how much of the web one gets to from it",
            BEFORE,
            ranked=True,
        ),
    ),
    _add,
)
