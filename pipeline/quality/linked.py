"""How a domain is linked: the kinds of links of each pair, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.blocks import share_of
from pipeline.quality.pairs import (
    BEFORE,
    CODES,
    DAY_MS,
    NEW,
    ORDER,
    Flags,
    Pairs,
    Singles,
    looked_at,
)
from pipeline.quality.scored import Floats, Measure, Part, Scored, column_of, looked_up, nullable

Counts = npt.NDArray[np.integer[Any]]
AT_ONCE = 1 << 22  # edges


def _add(scored: Scored) -> None:
    pairs = looked_at(scored)
    _tell_edges(scored, pairs)
    _tell_shares(scored, pairs)
    _tell_growth(scored, pairs)


def _tell_edges(scored: Scored, pairs: Pairs) -> None:
    told = scored.edge_columns
    told["kind"] = pa.DictionaryArray.from_arrays(pa.array(pairs.kind), pa.array(ORDER))
    told["kind_evidence"] = pairs.evidence
    told["sitewide_share"] = _single(_sitewide(scored))
    told["followed_share"] = _single(_followed(scored))
    for name in ("main", "money", "keyword", "near_money"):
        told[f"{name}_share"] = _single(getattr(pairs, name))
    told["page_links"] = _single(pairs.page_links)


def _single(values: Floats | Singles) -> pa.Array:
    """float32, NULL for nan: there are hundreds of millions of them."""
    return pa.array(values.astype(np.float32, copy=False), from_pandas=True)


def _sitewide(scored: Scored) -> Singles:
    """Linking pages of the source's pages that were fetched whole: 1 at most, since a link may
    be known of a page that never was."""
    pages = pc.fill_null(looked_up(scored.names, scored.pages, "pages", pa.uint32()), 0)
    whole, linking = pages.to_numpy(zero_copy_only=False), _figures(scored, "pages")
    found = np.empty(len(linking), np.float32)
    for some in _pieces(len(linking)):
        found[some] = np.minimum(1.0, share_of(linking[some], whole[scored.ends[0][some]]))
    return found


def _followed(scored: Scored) -> Singles:
    followed, links = _figures(scored, "follow_links"), _figures(scored, "links")
    found = np.empty(len(links), np.float32)
    for some in _pieces(len(links)):
        found[some] = share_of(followed[some], links[some])
    return found


def _pieces(m: int) -> Iterator[slice]:
    return (slice(first, first + AT_ONCE) for first in range(0, m, AT_ONCE))


def _tell_shares(scored: Scored, pairs: Pairs) -> None:
    """Each referring domain once, so that a sitewide link is one."""
    _, target = scored.ends

    def count(which: Flags) -> Counts:
        return np.bincount(target[which], minlength=scored.graph.n)

    known, all_of_them = count(pairs.kind > 0), count(np.ones(len(target), bool))
    for kind in ("sitewide", "editorial"):
        share = share_of(count(pairs.kind == CODES[kind]), known)
        scored.columns[f"{kind}_share"] = nullable(share)
    keyword = np.bincount(target, np.nan_to_num(pairs.keyword), minlength=scored.graph.n)
    scored.columns["keyword_anchor_share"] = nullable(share_of(keyword, all_of_them))
    scored.columns["footer_share"] = nullable(share_of(count(pairs.in_footer), count(pairs.placed)))
    unfollowed = count(_figures(scored, "follow_links") == 0)
    scored.columns["nofollow_share"] = nullable(share_of(unfollowed, all_of_them))
    out = np.bincount(scored.ends[0], minlength=scored.graph.n)
    scored.columns["out_in_ratio"] = nullable(share_of(out, all_of_them))


def _tell_growth(scored: Scored, pairs: Pairs) -> None:
    """Unknown where the index is younger than what it would be compared with: all would be new."""
    _, target = scored.ends
    age = (scored.snapshot - pairs.oldest) / DAY_MS if pairs.oldest else 0.0

    def count(which: Flags) -> Floats:
        return np.bincount(target[which], minlength=scored.graph.n).astype(np.float64)

    new, before, live = count(pairs.new), count(pairs.before), count(pairs.live)
    unknown = np.full(scored.graph.n, np.nan)
    share = share_of(new, live) if age > NEW else unknown
    rate = share_of(new, before * NEW / BEFORE) if age > NEW + BEFORE else unknown
    scored.columns["new_share"], scored.columns["velocity"] = nullable(share), nullable(rate)


def _figures(scored: Scored, name: str) -> Counts:
    if not scored.edges.num_rows:
        return np.zeros(0, np.int64)
    found: Counts = column_of(scored.edges, name).to_numpy(zero_copy_only=False)
    return found


_NO_KIND = "of no referring domain the kind is known"
_NO_LINK = "nobody links to it"
PART = Part(
    "looking at links",
    (
        Measure(
            "sitewide_share",
            "share",
            "of the referring domains that link sitewide or in the footer",
            _NO_KIND,
        ),
        Measure(
            "footer_share",
            "share",
            "of the referring domains that link in the footer alone",
            "of none it is known where the links stand",
        ),
        Measure(
            "editorial_share", "share", "of the referring domains that link editorially", _NO_KIND
        ),
        Measure(
            "nofollow_share", "share", "of the referring domains without a followed link", _NO_LINK
        ),
        Measure(
            "keyword_anchor_share",
            "share",
            "of its anchor texts that are keywords as they are searched for",
            _NO_LINK,
        ),
        Measure("out_in_ratio", "ratio", "of domains it links to and referring domains", _NO_LINK),
        Measure(
            "new_share",
            "share",
            "of the live referring domains first seen in the last 30 days",
            "nobody links to it, or the index is younger",
        ),
        Measure(
            "velocity",
            "ratio",
            "of these and as many as came in 30 days of the 90 before",
            "none came then, or the index is younger",
        ),
    ),
    _add,
)
