"""How each domain is linked with those around it: answered links, groups, and who is near."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.graph.components import strong_components
from pipeline.graph.dense import DenseGroups, dense_groups
from pipeline.graph.mutual import overlap, reciprocity
from pipeline.graph.supporters import supporters
from pipeline.quality.scored import BEFORE, Measure, Part, Scored, counts, nullable

TIGHT = 2  # links answered by others of a group; with fewer it is a chain of friends


def _add_ties(scored: Scored) -> None:
    graph = scored.graph
    scored.columns["in_degree"] = counts(graph.in_degree)
    scored.columns["out_degree"] = counts(graph.out_degree)
    scored.columns["reciprocity"] = nullable(reciprocity(graph.turned()))
    scored.columns["in_out_overlap"] = nullable(overlap(graph))


def _add_groups(scored: Scored) -> None:
    scored.columns["component"] = counts(strong_components(scored.graph).size)
    found = dense_groups(scored.graph)
    inside = found.coreness >= TIGHT
    scored.columns["dense_group"] = counts(_numbered(found, inside), inside)
    scored.columns["dense_size"] = counts(found.size, inside)


def _numbered(found: DenseGroups, inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """A number for each group, from 1, in the order of their first domains, looser ones first."""
    numbers = np.zeros(len(inside), np.int64)
    pairs = found.group[inside].astype(np.int64) << 32 | found.coreness[inside]
    numbers[inside] = np.unique(pairs, return_inverse=True)[1] + 1
    return numbers


def _add_supporters(scored: Scored) -> None:
    graph, log2m = scored.graph, scored.settings.registers
    near, exact = supporters(graph, log2m=log2m)
    scored.columns["supporters_2"] = counts(np.rint(near))
    scored.manifest["supporters_estimated"] = int(np.count_nonzero(~exact))
    trusted, known = np.zeros(graph.n), len(scored.seeds) > 0
    if known:
        above = scored.floats("trust") * graph.n >= 1
        trusted = np.rint(supporters(graph, above, log2m=log2m)[0])
    scored.columns["trusted_supporters_2"] = counts(trusted, np.full(graph.n, known))


PARTS = (
    Part(
        "answered links",
        (
            Measure("in_degree", "domains", "that link to it, by edges that count", BEFORE, True),
            Measure("out_degree", "domains", "that it links to, by edges that count", BEFORE, True),
            Measure(
                "reciprocity",
                "share",
                "of the domains that link to it, how many it links back to",
                "nobody links to it",
                True,
            ),
            Measure(
                "in_out_overlap",
                "share",
                "of the domains that it links with, how many in both directions (Jaccard)",
                "it has no edge",
                True,
            ),
        ),
        _add_ties,
    ),
    Part(
        "groups",
        (
            Measure(
                "component",
                "domains",
                "in its strongly connected component: each reaches all others along links",
                BEFORE,
            ),
            Measure(
                "dense_group",
                "number",
                "of the tightest group of answered links that it is in, in this snapshot",
                "it is in none",
            ),
            Measure("dense_size", "domains", "in that group", "it is in none"),
        ),
        _add_groups,
    ),
    Part(
        "supporters",
        (
            Measure(
                "supporters_2",
                "domains",
                "within two links towards it; estimated above 4,096 ways",
                BEFORE,
                True,
            ),
            Measure(
                "trusted_supporters_2",
                "domains",
                "of those within two links, with at least an even share of the trust (1 / N)",
                "there are no trusted seeds",
                True,
            ),
        ),
        _add_supporters,
    ),
)
