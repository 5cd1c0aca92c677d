"""How the anchor texts of a domain's backlinks are spread."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.quality.pairs import sliced
from pipeline.quality.scored import Measure, Part, Scored, all_looked_up
from pipeline.store import sql

_SHARES = ("anchor_entropy", "top_anchor_share", "money_anchor_share", "empty_anchor_share")


def _add(scored: Scored) -> None:
    asked = sql("pipeline/quality/anchors")
    found = pa.concat_tables(
        [table for each in sliced(scored) if (table := scored.store.query(asked, each)).num_rows]
        or [pa.table({"domain": pa.array([], pa.string())})]
    )
    kinds = {"distinct_anchors": pa.uint32(), **dict.fromkeys(_SHARES, pa.float64())}
    told = all_looked_up(scored.names, found, kinds)
    told["distinct_anchors"] = pc.fill_null(told["distinct_anchors"], 0)
    scored.columns |= told


_NO_LINK = "it has no live link"
PART = Part(
    "reading anchors",
    (
        Measure("distinct_anchors", "texts", "different anchor texts of its live links", "never"),
        Measure(
            "anchor_entropy", "bits", "of its anchor texts, each referring domain once", _NO_LINK
        ),
        Measure(
            "top_anchor_share",
            "share",
            "of the most frequent anchor text that is not empty",
            _NO_LINK,
        ),
        Measure(
            "money_anchor_share",
            "share",
            "of anchor texts with a word of what is sold by links",
            _NO_LINK,
        ),
        Measure("empty_anchor_share", "share", "of empty anchor texts", _NO_LINK),
    ),
    _add,
)
