"""How near trust is to each linked page, and the domains whose links bring it.

The same searches as the domains' authority, and linear like it: no domain's own links, nor those of
a farm that it alone links to, bring its pages anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.graph.paged import Brought, Sets, brought, strongest
from pipeline.graph.ranks import authority, rank_of, without_noise
from pipeline.quality.page_links import Pages, hangs_on, linked_pages, names_of
from pipeline.quality.ranked import searches
from pipeline.quality.scored import Floats, Ids, Scored, nullable
from pipeline.quality.steps import Steps
from pipeline.quality.taken import mapped

STEP = "authority of pages"
WAITING = 1  # the snapshot that its rows stand under until they are ranked with what they are worth
ROUNDING = 1e-12
BRINGS = pa.struct(
    [("source_domain", pa.string()), ("without", pa.float64()), ("rank", pa.float64())]
)


class PageAuthority(NamedTuple):
    """found: beside the sets of the pages. rank, shown: float64[k] of each set, shown is 0 to 100.
    strength: float64[n], how near trust is to each domain, itself too."""

    pages: Pages
    found: Brought
    rank: Floats
    shown: Floats
    places: Places
    strength: Floats


class Places:
    """The values of all pages in order: where another one would stand among them."""

    def __init__(self, values: Floats, times: npt.NDArray[np.int64]) -> None:
        rounded = without_noise(values)
        order = np.argsort(rounded, kind="stable")
        self.ascending = rounded[order]
        self.upto = np.append(0, np.cumsum(times[order]))

    def rank(self, before: Floats, after: Floats) -> Floats:
        """Of a page that has `after` instead of `before`, among the others as they are."""
        now, then = without_noise(after), without_noise(before)
        below, not_above = (
            self.upto[np.searchsorted(self.ascending, now, side=side)] for side in ("left", "right")
        )
        alike = not_above - below - (then == now)
        above = self.upto[-1] - not_above - (then > now)
        found: Floats = 1 + above + alike / 2
        return found


def page_authority(scored: Scored, steps: Steps) -> PageAuthority | None:
    """Of all linked pages; None without seeds, since it is unknown then.

    Time: that of authority, and 64 bytes a referring domain of a set for 64 searches. Memory: see
    `brought`, and 60 bytes a set.
    """
    if not len(scored.seeds):
        return None
    scored.progress(STEP)
    pages = linked_pages(scored, steps)
    found = _brought(scored, steps, pages)
    rank, n = rank_of(found.value, times=pages.times)
    scored.manifest["page_authority"] = {"pages": n, "sets": len(pages.times)}
    return PageAuthority(
        pages, found, rank, authority(rank, n), Places(found.value, pages.times),
        scored.floats("trusted_harmonic") + scored.floats("trust"),
    )  # fmt: skip


def waiting_rows(scored: Scored, steps: Steps, made: PageAuthority) -> Iterator[pa.Table]:
    """Rows of page_quality_next, a piece at a time."""
    counted = np.diff(made.pages.sets.offsets).astype(np.uint32)
    for piece in names_of(steps, made.pages.pieces):
        of = piece["set"].to_numpy()
        yield pa.table(
            {
                "snapshot": pa.array(np.full(len(of), WAITING), pa.uint64()),
                **{name: piece[name] for name in ("domain", "host", "path")},
                "trusted_harmonic": nullable(made.found.value[of]),
                "trusted_harmonic_rank": nullable(made.rank[of]),
                "authority": nullable(made.shown[of]),
                "counted_domains": pa.array(counted[of]),
                "brings": _brings(scored, made, of),
            }
        )


def _brought(scored: Scored, steps: Steps, pages: Pages) -> Brought:
    """Written to files beside the others, since there may be more links to pages than edges."""
    files = {"page_value": len(pages.times), "page_lost": len(pages.sets.sources)}

    def made(mode: str) -> Brought:
        return Brought(
            *(mapped(steps.directory / name, np.float64, k, mode) for name, k in files.items())
        )

    def act() -> dict[str, int]:
        on, room = hangs_on(scored, steps), made("w+")
        brought(scored.graph, scored.floats("trust"), pages.sets,
                sources=searches(scored), hangs_on=on, room=room)  # fmt: skip
        return files

    steps.once(STEP, act)
    return made("r+")


def _brings(scored: Scored, made: PageAuthority, of: Ids) -> pa.Array:
    """list<BRINGS>[pages]. of: of each page the set; those of a piece stand together."""
    first, last = (int(of.min()), int(of.max()) + 1) if len(of) else (0, 0)
    ends = made.pages.sets.offsets[first : last + 1]
    some = Sets(
        made.pages.sets.target[first:last], ends - ends[0],
        made.pages.sets.sources[ends[0] : ends[-1]],
    )  # fmt: skip
    value, lost = made.found.value[first:last], made.found.lost[ends[0] : ends[-1]]
    best = strongest(some, Brought(value, lost), made.strength)[of - first]
    page, number = np.nonzero(best >= 0)
    at = best[page, number]
    trusted = made.strength[some.sources[at]] > 0  # without trust it brings nothing
    page, at = page[trusted], at[trusted]
    before = value[of[page] - first]
    after = _less(before, lost[at])
    told = pa.StructArray.from_arrays(
        [
            scored.graph.names.take(pa.array(some.sources[at])).cast(pa.string()),
            pa.array(after),
            pa.array(made.places.rank(before, after)),
        ],
        fields=list(BRINGS),
    )
    offsets = np.append(0, np.cumsum(np.bincount(page, minlength=len(of))))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), told)


def _less(value: Floats, lost: Floats) -> Floats:
    """What is left; nothing where that is only the rounding of long sums."""
    left = value - lost
    return np.where(left > value * ROUNDING, left, 0.0)
