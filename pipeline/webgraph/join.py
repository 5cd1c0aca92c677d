"""Who links to some domains in a graph: two passes over its vertices and one over its edges.

Both files are sorted by id, so that sources are found by merging them: what is held is a block of
each and the ids of the targets, however large the graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import UsageError
from pipeline.url import MAX_HOST, domains, reversed_host
from pipeline.webgraph.streams import NAME, NUMBER, Counted, batches

_IS_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\Z")
Ids = np.ndarray[tuple[int], np.dtype[np.int64]]


class Targets(NamedTuple):
    """`ids`: ascending; `domains`: of each its registered domain."""

    ids: Ids
    domains: list[str]


class Referrer(NamedTuple):
    """`hosts`: of the linking domain, 0 where the graph does not tell."""

    target_domain: str
    source_domain: str
    hosts: int


class Graph:
    """`vertices`: id, reversed host, maybe how many hosts; `edges`: from, to. Files in order."""

    def __init__(self, vertices: Sequence[str], edges: Sequence[str]) -> None:
        self.vertices, self.edges = vertices, edges
        self.counted = Counted()
        self.unknown = 0  # edges from vertices that are not there, or are no host

    def targets(self, wanted: Iterable[str]) -> Targets:
        """The vertices of these registered domains. Raises UsageError where there are none."""
        names = frozenset(wanted)
        starts = "|".join(re.escape(reversed_host(name)) for name in sorted(names))
        found: dict[int, str] = {}
        for batch in self._vertices():
            mask = pc.match_substring_regex(batch.column("host"), rf"^(?:{starts})(?:\.|$)")
            some = batch.filter(mask)
            for number, host in zip(some["id"].to_pylist(), some["host"].to_pylist(), strict=True):
                domain = domain_of(host)
                if domain in names:
                    found[number] = domain
        if not found:
            raise UsageError(f"the graph has none of {', '.join(sorted(names))[:200]}")
        ids = sorted(found)
        return Targets(np.array(ids, np.int64), [found[number] for number in ids])

    def referrers(self, targets: Targets) -> Iterator[Referrer]:
        """Who links to the targets; the same pair may come often. Raises UsageError where a file
        is not sorted."""
        linking = self._linking(targets.ids)
        sources, to = next(linking, _NONE)
        last = -1
        for batch in self._vertices():
            ids = batch.column("id").to_numpy()
            last = _demand_order(ids, last, "vertices")
            while len(sources) and sources[0] <= ids[-1]:
                count = int(np.searchsorted(sources, ids[-1], "right"))
                yield from self._named(batch, ids, sources[:count], to[:count], targets)
                sources, to = sources[count:], to[count:]
                if not len(sources):
                    sources, to = next(linking, _NONE)
            if not len(sources):
                return
        self.unknown += len(sources) + sum(len(more) for more, _ in linking)

    def _linking(self, targets: Ids) -> Iterator[tuple[Ids, Ids]]:
        """Edges to the targets, as ids from and to."""
        wanted, last = pa.array(targets), -1
        low, high = int(targets[0]), int(targets[-1])
        fields = {"from": NUMBER, "to": NUMBER}
        for batch in batches(self.edges, fields, self.counted, header=lambda _: list(fields)):
            sources, to = batch.column("from").to_numpy(), batch.column("to").to_numpy()
            last = _demand_order(sources, last, "edges")
            near = np.flatnonzero((to >= low) & (to <= high))
            if len(near) and low != high:
                near = near[pc.is_in(pa.array(to[near]), wanted).to_numpy(zero_copy_only=False)]
            if len(near):
                yield sources[near], to[near]

    def _named(
        self, batch: pa.RecordBatch, ids: Ids, sources: Ids, to: Ids, targets: Targets
    ) -> Iterator[Referrer]:
        places = np.searchsorted(ids, sources)
        there = ids[np.minimum(places, len(ids) - 1)] == sources
        self.unknown += int(np.count_nonzero(~there))
        taken = batch.take(pa.array(places[there]))
        hosts = taken["host"].to_pylist()
        counts = taken["hosts"].to_pylist() if "hosts" in batch.schema.names else [0] * len(hosts)
        which = np.searchsorted(targets.ids, to[there])
        for place, host, count in zip(which.tolist(), hosts, counts, strict=True):
            domain = domain_of(host)
            if not domain:
                self.unknown += 1
            elif domain != targets.domains[place]:
                yield Referrer(targets.domains[place], domain, max(0, min(count, 0xFFFF_FFFF)))

    def _vertices(self) -> Iterator[pa.RecordBatch]:
        fields = {"id": NUMBER, "host": NAME, "hosts": NUMBER}

        def names(cells: list[str]) -> list[str]:
            return [*fields][: max(2, min(3, len(cells)))]

        return batches(self.vertices, fields, self.counted, header=names)


_EMPTY: Ids = np.array([], np.int64)
_NONE = (_EMPTY, _EMPTY)


def domain_of(reverse: bytes) -> str:
    """The registered domain of a reversed host; empty where it is none."""
    if len(reverse) > MAX_HOST:
        return ""
    host = ".".join(reversed(reverse.decode("ascii", "replace").lower().split(".")))
    return domains(host).registered if _IS_HOST.match(host) else ""


def _demand_order(ids: Ids, last: int, what: str) -> int:
    if len(ids) and (ids[0] < last or np.any(ids[1:] < ids[:-1])):
        raise UsageError(f"the graph's {what} are not sorted by id; sort them with `sort -n`")
    return int(ids[-1]) if len(ids) else last
