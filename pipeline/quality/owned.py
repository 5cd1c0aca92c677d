"""Owner groups, and how much of what links to a domain comes from one network or template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.blocks import share_of
from pipeline.graph.csr import DomainGraph
from pipeline.graph.linksets import sets_of
from pipeline.graph.mixing import mixed
from pipeline.platforms import platforms
from pipeline.quality.networks import (
    AT_ONCE,
    codes,
    concentration,
    networks,
    platform_sites,
    tallied,
)
from pipeline.quality.owners import Bits, Flags, Hashes, Keys, Marks, Owners, owners, told
from pipeline.quality.pairs import is_kind
from pipeline.quality.scored import (
    Ids,
    Ids32,
    Measure,
    Part,
    Scored,
    as_floats,
    column_of,
    looked_up,
)
from pipeline.store import sql

WHOLE = 5  # pages of a site that were fetched: of fewer nobody can tell what is on all of them
SITEWIDE = 0.5  # share of its pages with the link
COMMON = 1_000  # domains: what more link to says nothing of who links; in a small index 1 in 20
FEWEST_COMMON = 20
IN_TEMPLATE = 2  # sitewide links that make a template: one is a credit to whoever made the site
OWN_TEMPLATE = 3  # so many are links that it has of its own accord
SHORTEST_NAME = 4
KEPT, ON_ALL, OWN = 1, 2, 4  # bits of a link: may tell; stands on its site's pages; is its own


class Links(NamedTuple):
    """The edges of a snapshot and which of them may tell of an owner: no widgets, and nothing that
    many link to. bits: uint8, of each edge: KEPT, ON_ALL, OWN."""

    source: Ids32
    target: Ids32
    bits: Bits

    def batches(self, bit: int) -> Iterator[tuple[Ids32, Ids32]]:
        """Those that have the bit, some at a time."""
        for first in range(0, len(self.bits), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            kept = (self.bits[some] & bit) > 0
            yield self.source[some][kept], self.target[some][kept]


def _add(scored: Scored) -> None:
    n, found = scored.graph.n, networks(scored)
    source, target = scored.ends
    of_networks = concentration(source, target, found.of, n)
    known = tallied(source, target, n, found.of >= 0)
    scored.columns["referrer_networks"] = pa.array(of_networks.groups, pa.uint32())
    scored.columns["top_network_share"] = pa.array(
        share_of(of_networks.top, known), from_pandas=True
    )
    platform = platform_sites(scored, sorted(platforms()))
    whole = pages_of(scored) >= WHOLE
    links = _telling(scored, platform, whole)
    templates = _templates(links, n)
    of_templates = concentration(source, target, _template(templates), n)
    scored.columns["template_share"] = pa.array(
        share_of(of_templates.top, tallied(source, target, n, whole)),
        from_pandas=True,
    )
    labels = pc.replace_substring_regex(scored.names, r"\..*$", "")
    marks = Marks(
        network=found.of[:, None],
        template=templates,
        name=_names(labels)[:, None],
        texts=_texts(scored),
        own=_own(links, n),
    )
    group = owners(marks, lambda: links.batches(KEPT), ~platform)
    _tell_groups(scored, group, _network_of(found.of, found.names), labels)


def _tell_groups(scored: Scored, found: Owners, network: pa.Array, labels: pa.Array) -> None:
    grouped = found.size > 1
    first = scored.names.take(pa.array(found.group, mask=~grouped))
    scored.columns["owner_group"] = pc.fill_null(first, "")
    scored.columns["owner_marks"] = told(found, network, labels)
    source, target = scored.ends
    same = np.empty(len(source), np.uint8)
    for first in range(0, len(source), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        one, other = source[some], target[some]
        same[some] = grouped[one] & (found.group[one] == found.group[other])
    scored.edge_columns["same_owner"] = pa.array(same)


def _network_of(of: Ids32, names: pa.Array) -> pa.Array:
    return pc.fill_null(names.take(pa.array(of, mask=of < 0)), "")


def pages_of(scored: Scored) -> Ids:
    """int64[n]: how many pages of each were fetched whole."""
    pages = looked_up(scored.names, scored.pages, "pages", pa.int64())
    found: Ids = pc.fill_null(pages, 0).to_numpy(zero_copy_only=False)
    return found


def _telling(scored: Scored, platform: Flags, whole: Flags) -> Links:
    """Those that whoever owns the site chose, to where few others link."""
    n = scored.graph.n
    source, target = scored.ends
    common = max(FEWEST_COMMON, min(COMMON, n // 20))
    few = tallied(source, target, n, np.ones(n, bool)) <= common
    links = Links(source, target, np.zeros(len(source), np.uint8))
    for first in range(0, len(source), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        one, other = source[some], target[some]
        widget = is_kind(scored.edge_columns["kind"].slice(first, AT_ONCE), "widget")
        share = as_floats(scored.edge_columns["sitewide_share"].slice(first, AT_ONCE))
        kept = ~widget & (few & ~platform)[other]
        sitewide = kept & whole[one] & (share >= SITEWIDE)
        links.bits[some] = kept * KEPT + sitewide * ON_ALL
    return links


def _templates(links: Links, n: int) -> Keys:
    """int32[n, 2]: numbers for the set of sitewide links of each, and for that with itself in it,
    since sites that all link to each other have the same but for themselves. -1 where they make
    no template."""
    size, sums = _sitewide(links, n)
    having = np.flatnonzero(size >= IN_TEMPLATE)
    both = np.column_stack([sums[having], sums[having] + mixed(having, 1)])
    _, number = np.unique(both, return_inverse=True)
    found = np.full((n, 2), -1, np.int32)
    found[having] = number.reshape(-1, 2)
    return found


def _sitewide(links: Links, n: int) -> tuple[Ids32, Hashes]:
    """int32[n] and uint64[n]: how many sitewide links each one has, and a sum of their hashes."""
    size, sums = np.zeros(n, np.int32), np.zeros(n, np.uint64)
    for source, target in links.batches(ON_ALL):
        np.add.at(size, source, 1)
        np.add.at(sums, source, mixed(target, 1))
    return size, sums


def _template(templates: Keys) -> Ids32:
    """int32[n]: the one of both that others have too."""
    within = templates[:, 1]
    sizes = np.bincount(within[within >= 0], minlength=1)
    return np.where((within >= 0) & (sizes[within] >= 2), within, templates[:, 0])


def _own(links: Links, n: int) -> DomainGraph:
    """Sitewide links count among a site's own where there are more than makers' credits."""
    size, _ = _sitewide(links, n)
    for first in range(0, len(links.bits), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        bits = links.bits[some]
        few = size[links.source[some]] < OWN_TEMPLATE
        credit = np.logical_and(few, bits & ON_ALL)
        bits[np.logical_and(bits & KEPT, ~credit)] |= OWN
    return sets_of(n, lambda: links.batches(OWN))


def _names(labels: pa.Array) -> Keys:
    """int32[n]: a number for what stands before the ending of each name; -1 for a short one."""
    told = pc.and_(
        pc.greater_equal(pc.utf8_length(labels), SHORTEST_NAME),
        pc.invert(pc.match_substring_regex(labels, r"^[\d\[]")),
    )
    return codes(pc.if_else(told, labels, None).dictionary_encode().indices)


def _texts(scored: Scored) -> Keys:
    """int32[n, 4]: numbers for texts of pages that others have word for word; -1 for none."""
    found = scored.store.query(sql("pipeline/quality/copies"), {"snapshot": scored.snapshot})
    kept = np.full((scored.graph.n, 4), -1, np.int32)
    if not found.num_rows:
        return kept
    at = pc.index_in(column_of(found, "domain").cast(pa.string()), scored.names)
    texts = column_of(found, "texts")
    row = codes(at)[pc.list_parent_indices(texts).to_numpy()]
    starts = texts.offsets.to_numpy()[:-1]
    place = np.arange(len(row)) - np.repeat(starts, pc.list_value_length(texts).to_numpy())
    _, number = np.unique(texts.flatten().to_numpy(), return_inverse=True)
    kept[row[row >= 0], place[row >= 0]] = number[row >= 0]
    return kept


PART = Part(
    "grouping owners",
    (
        Measure(
            "referrer_networks",
            "networks",
            "different ones of its referring domains; 0 where none is known",
            "never",
        ),
        Measure(
            "top_network_share",
            "share",
            "of the referring domains in the network with most of them",
            "of none the network is known: private addresses tell none",
        ),
        Measure(
            "template_share",
            "share",
            "of the referring domains with the same sitewide links as most others",
            "of none enough pages were fetched",
        ),
    ),
    _add,
)
