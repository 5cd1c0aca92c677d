"""What each domain has of links, pages and anchors, counted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.gathered import Batch, gathered
from pipeline.graph.mutual import mutual_links
from pipeline.graph.packed import PackedGraph
from pipeline.quality.scored import Measure, Part, Scored, all_looked_up, looked_up
from pipeline.store import sql

Counts = npt.NDArray[np.int64]
_COUNTS = dict.fromkeys(("referring_domains", "referring_pages", "links"), pa.uint32())
_TOLD = {"follow_share": pa.float64(), "top_anchors": pa.list_(pa.string())}


def _add(scored: Scored) -> None:
    targets = scored.store.query(sql("pipeline/quality/targets"), {"snapshot": scored.snapshot})
    found = all_looked_up(scored.names, targets, {**_COUNTS, **_TOLD})
    for name in _COUNTS:
        scored.columns[name] = pc.fill_null(found[name], 0)
    scored.columns["follow_share"] = found["follow_share"]
    scored.columns["out_domains"] = pa.array(_out_domains(scored), pa.uint32())
    scored.columns["reciprocal"] = pa.array(_reciprocal(scored), pa.uint32())
    pages = looked_up(scored.names, scored.pages, "pages", pa.uint32())
    scored.columns["pages"] = pc.fill_null(pages, 0)
    none = pa.scalar([], _TOLD["top_anchors"])
    scored.columns["top_anchors"] = pc.coalesce(found["top_anchors"], none)


def _out_domains(scored: Scored) -> Counts:
    """How many domains each one has live links to, followed or not."""
    return np.bincount(scored.ends[0], minlength=scored.graph.n)


def _reciprocal(scored: Scored) -> Counts:
    """How many of its referring domains each one links back to."""
    source, target = scored.ends
    packed = isinstance(scored.graph, PackedGraph)
    both = gathered(
        scored.graph.n, lambda: [Batch(source, target, None)], packed=packed, distinct=True
    )
    return mutual_links(both)


_BY = "by a, area, img-link or redirect"
PART = Part(
    "counting links",
    (
        Measure(
            "referring_domains",
            "domains",
            f"with at least one live link {_BY}",
            "never",
            ranked=True,
        ),
        Measure("referring_pages", "pages", f"with at least one live link {_BY}", "never"),
        Measure("links", "links", f"live, from other domains, {_BY}", "never"),
        Measure("follow_share", "share", "of the live links that are followed", "it has none"),
        Measure("out_domains", "domains", "that it links to", "never"),
        Measure("reciprocal", "domains", "referring domains that it links back to", "never"),
        Measure("pages", "pages", "of it that were fetched whole", "never"),
    ),
    _add,
)
