"""Owner groups, and how much of what links to a domain comes from one network or template."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.blocks import share_of
from pipeline.graph.csr import DomainGraph
from pipeline.graph.gathered import Batch, gathered
from pipeline.graph.mixing import mixed
from pipeline.platforms import platforms
from pipeline.quality.networks import codes, concentration, networks, platform_sites
from pipeline.quality.owners import Flags, Keys, Marks, Owners, owners, told
from pipeline.quality.pairs import is_kind
from pipeline.quality.scored import Ids32, Measure, Part, Scored, as_floats, column_of, looked_up
from pipeline.store import sql

WHOLE = 5  # pages of a site that were fetched: of fewer nobody can tell what is on all of them
SITEWIDE = 0.5  # share of its pages with the link
COMMON = 1_000  # domains: what more link to says nothing of who links; in a small index 1 in 20
FEWEST_COMMON = 20
IN_TEMPLATE = 2  # sitewide links that make a template: one is a credit to whoever made the site
OWN_TEMPLATE = 3  # so many are links that it has of its own accord
SHORTEST_NAME = 4


class Links(NamedTuple):
    """The edges of a snapshot that may tell of an owner: no widgets, and nothing that many link
    to. sitewide: bool, of each of them."""

    source: Ids32
    target: Ids32
    sitewide: Flags


def _add(scored: Scored) -> None:
    n, found = scored.graph.n, networks(scored)
    source, target = scored.ends
    of_networks = concentration(source, target, found.of, n)
    known = np.bincount(target[found.of[source] >= 0], minlength=n)
    scored.columns["referrer_networks"] = pa.array(of_networks.groups, pa.uint32())
    scored.columns["top_network_share"] = pa.array(
        share_of(of_networks.top, known), from_pandas=True
    )
    platform = platform_sites(scored, sorted(platforms()))
    links = _telling(scored, platform)
    templates = _templates(links, n)
    whole = pages_of(scored) >= WHOLE
    of_templates = concentration(source, target, _template(templates), n)
    scored.columns["template_share"] = pa.array(
        share_of(of_templates.top, np.bincount(target[whole[source]], minlength=n)),
        from_pandas=True,
    )
    labels = pc.replace_substring_regex(scored.names, r"\..*$", "")
    marks = Marks(
        network=found.of.astype(np.int64)[:, None],
        template=templates,
        name=_names(labels)[:, None],
        texts=_texts(scored),
        own=_own(links, n),
    )
    group = owners(marks, links.source, links.target, ~platform)
    _tell_groups(scored, group, _network_of(found.of, found.names), labels)


def _tell_groups(scored: Scored, found: Owners, network: pa.Array, labels: pa.Array) -> None:
    grouped = found.size > 1
    first = scored.names.take(pa.array(found.group, mask=~grouped))
    scored.columns["owner_group"] = pc.fill_null(first, "")
    scored.columns["owner_marks"] = told(found, network, labels)
    source, target = scored.ends
    same = grouped[source] & (found.group[source] == found.group[target])
    scored.edge_columns["same_owner"] = pa.array(same.astype(np.uint8))


def _network_of(of: Ids32, names: pa.Array) -> pa.Array:
    return pc.fill_null(names.take(pa.array(of, mask=of < 0)), "")


def pages_of(scored: Scored) -> Keys:
    """int64[n]: how many pages of each were fetched whole."""
    pages = looked_up(scored.names, scored.pages, "pages", pa.int64())
    found: Keys = pc.fill_null(pages, 0).to_numpy(zero_copy_only=False)
    return found


def _telling(scored: Scored, platform: Flags) -> Links:
    """Those that whoever owns the site chose, to where few others link."""
    n = scored.graph.n
    source, target = scored.ends
    common = max(FEWEST_COMMON, min(COMMON, n // 20))
    widget = is_kind(scored.edge_columns["kind"], "widget")
    kept = ~widget & ~platform[target] & (np.bincount(target, minlength=n) <= common)[target]
    share = as_floats(scored.edge_columns["sitewide_share"])
    sitewide = (pages_of(scored) >= WHOLE)[source] & (share >= SITEWIDE)
    return Links(source[kept], target[kept], sitewide[kept])


def _templates(links: Links, n: int) -> Keys:
    """int64[n, 2]: numbers for the set of sitewide links of each, and for that with itself in it,
    since sites that all link to each other have the same but for themselves. -1 where they make
    no template."""
    source, target = links.source[links.sitewide], links.target[links.sitewide]
    size = np.bincount(source, minlength=n)
    sums = np.zeros(n, np.uint64)
    np.add.at(sums, source, mixed(target, 1))
    both = np.column_stack([sums, sums + mixed(np.arange(n), 1)])
    _, number = np.unique(both, return_inverse=True)
    return np.where((size >= IN_TEMPLATE)[:, None], number.reshape(n, 2), -1)


def _template(templates: Keys) -> Ids32:
    """int32[n]: the one of both that others have too."""
    within = templates[:, 1]
    _, where, sizes = np.unique(within, return_inverse=True, return_counts=True)
    return np.where(sizes[where] >= 2, within, templates[:, 0]).astype(np.int32)


def _own(links: Links, n: int) -> DomainGraph:
    """Sitewide links count among a site's own where there are more than makers' credits."""
    size = np.bincount(links.source[links.sitewide], minlength=n)
    kept = ~links.sitewide | (size >= OWN_TEMPLATE)[links.source]
    some = Batch(links.source[kept], links.target[kept], None)
    own = gathered(n, lambda: [some])
    assert isinstance(own, DomainGraph)
    return own


def _names(labels: pa.Array) -> Keys:
    """int64[n]: a number for what stands before the ending of each name; -1 for a short one."""
    told = pc.and_(
        pc.greater_equal(pc.utf8_length(labels), SHORTEST_NAME),
        pc.invert(pc.match_substring_regex(labels, r"^[\d\[]")),
    )
    return codes(pc.if_else(told, labels, None).dictionary_encode().indices).astype(np.int64)


def _texts(scored: Scored) -> Keys:
    """int64[n, 4]: numbers for texts of pages that others have word for word; -1 for none."""
    found = scored.store.query(sql("pipeline/quality/copies"), {"snapshot": scored.snapshot})
    kept = np.full((scored.graph.n, 4), -1, np.int64)
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
            "referrer_networks", "networks", "different ones of its referring domains", "never"
        ),
        Measure(
            "top_network_share",
            "share",
            "of the referring domains in the network with most of them",
            "of none the network is known",
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
