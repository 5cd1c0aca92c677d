"""Who links to each page, from the store to files: ids for domains, and each set of them once.

Pages of a domain that the same domains link to are alike in all that is told of them, so that a
set is looked at once, however many pages have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.graph.dominators import dominators
from pipeline.graph.interned import Interned
from pipeline.graph.levels import On
from pipeline.graph.paged import Sets, alike, counting
from pipeline.quality.pairs import sliced
from pipeline.quality.scored import Scored
from pipeline.quality.steps import Steps
from pipeline.quality.taken import mapped, weights
from pipeline.store import sql
from pipeline.store.views import spelled

STEP = "reading links to pages"
HANGS_ON = "hangs on"
FILES: dict[str, Any] = {
    "page_targets": np.int32,  # of each set
    "page_ends": np.int64,  # where it ends in page_sources
    "page_times": np.int64,  # how many pages have it
    "page_sources": np.int32,
}


class Pages(NamedTuple):
    """sets: without what brings their pages nothing. times: int64[k], how many pages have each.
    pieces: how many pieces of the pages' names there are."""

    sets: Sets
    times: npt.NDArray[np.int64]
    pieces: int


def linked_pages(scored: Scored, steps: Steps) -> Pages:
    """Of all linked pages. Memory: the names of the domains twice, and a piece; arrays are mapped.

    There must be seeds.
    """
    told = steps.once(STEP, lambda: _read(scored, steps, hangs_on(scored, steps)))
    lengths = dict.fromkeys(FILES, told["sets"]) | {"page_sources": told["sources"]}
    found = {
        name: mapped(steps.directory / name, kind, lengths[name]) for name, kind in FILES.items()
    }
    offsets = np.concatenate([[0], found["page_ends"]]).astype(np.int64)
    sets = Sets(found["page_targets"], offsets, found["page_sources"])
    return Pages(sets, found["page_times"], told["pieces"])


def hangs_on(scored: Scored, steps: Steps) -> On:
    """int32[n] from `dominators`, looked for once."""
    found = steps.kept(HANGS_ON)
    if not found:
        on = dominators(scored.graph, scored.seeds)
        found = steps.keep(HANGS_ON, {"on": pa.array(on)})
    kept: On = found["on"].to_numpy()
    return kept


def names_of(steps: Steps, pieces: int) -> Iterator[dict[str, pa.Array]]:
    """A piece of the pages at a time: domain, host, path, and set, int64, the place of theirs."""
    for piece in range(pieces):
        yield steps.kept(f"pages {piece}")


def _read(scored: Scored, steps: Steps, on: On) -> dict[str, int]:
    interned = Interned()
    interned.codes(scored.graph.names)  # their ids, since they are met in that order
    counts = {"pieces": 0, "sets": 0, "sources": 0}
    with ExitStack() as stack:
        files = {n: stack.enter_context((steps.directory / n).open("wb")) for n in FILES}
        for asked in sliced(scored):
            for batch in scored.store.stream(
                spelled(sql("pipeline/quality/page_referrers")),
                {**weights(scored.settings), **asked},
            ):
                if batch.num_rows:
                    _add(batch, interned, scored.graph.n, on, counts, steps, files)
    return counts


def _add(
    batch: pa.RecordBatch, interned: Interned, n: int, on: On,
    counts: dict[str, int], steps: Steps, files: dict[str, Any],
) -> None:  # fmt: skip
    """One piece of pages: their sets to the files, their names to one of their own."""
    target = interned.codes(batch.column("target_domain"))
    is_known = target < n  # else its links came after the edges were read
    batch, target = batch.filter(pa.array(is_known)), target[is_known]
    sets = counting(_sets(batch, target, interned, n), on)
    first = alike(sets)
    is_first = first == np.arange(len(first))
    place = (np.cumsum(is_first) - 1)[first]
    sizes = np.diff(sets.offsets)
    once = {
        "page_targets": target[is_first],
        "page_ends": counts["sources"] + np.cumsum(sizes[is_first]),
        "page_times": np.bincount(place),
        "page_sources": sets.sources[np.repeat(is_first, sizes)],
    }
    for name, values in once.items():
        files[name].write(values.astype(FILES[name], copy=False).tobytes())
    columns = {
        "domain": batch.column("target_domain").cast(pa.string()),
        "host": batch.column("host").cast(pa.string()),
        "path": batch.column("path").cast(pa.string()),
        "set": pa.array(counts["sets"] + place, pa.int64()),
    }
    steps.keep(f"pages {counts['pieces']}", columns)
    counts["pieces"] += 1
    counts["sets"] += int(is_first.sum())
    counts["sources"] += len(once["page_sources"])


def _sets(batch: pa.RecordBatch, target: npt.NDArray[np.int32], interned: Interned, n: int) -> Sets:
    lists = batch.column("sources")
    sources = interned.codes(lists.flatten())
    is_known = sources < n
    lengths = np.asarray(lists.value_lengths())
    ends = np.concatenate([[0], np.cumsum(is_known)])
    offsets = ends[np.concatenate([[0], np.cumsum(lengths)])]
    return Sets(target, offsets.astype(np.int64), sources[is_known])
