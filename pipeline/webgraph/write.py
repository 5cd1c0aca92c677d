"""What a graph says, in the table `graph_referrers`: pairs first, ranks of the sources then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.control import Controls
from pipeline.errors import UsageError
from pipeline.store import Store, Value, rows, sql
from pipeline.url import Url, reversed_host
from pipeline.webgraph.join import Ids, Referrer
from pipeline.webgraph.streams import NAME, NUMBER, Counted, batches

_PAIRS = 50_000  # of one insert
_RANKED = 1_000_000  # pairs that one pass over the ranks is for: some 200 MB
_NO_RANK = np.iinfo(np.int64).max
_COLUMNS = {
    "#harmonicc_pos": "harmonic", "#pr_pos": "pagerank", "#host_rev": "host",
}  # fmt: skip


class Named(NamedTuple):
    """The graph's name, its date in ms since 1970, and the domains whose referrers are wanted."""

    graph: str
    date: int
    targets: list[str]


class Written:
    """`pairs`: as they came, some often. `barred`: left out, suppressed by an operator."""

    def __init__(self) -> None:
        self.pairs = self.barred = self.ranked = 0


def write_pairs(
    store: Store, found: Iterable[Referrer], named: Named, controls: Controls, done: Written
) -> None:
    waiting: dict[tuple[str, str], int] = {}
    for one in found:
        if _is_barred(one.source_domain, controls) or _is_barred(one.target_domain, controls):
            done.barred += 1
            continue
        done.pairs += 1
        pair = one.target_domain, one.source_domain
        waiting[pair] = max(waiting.get(pair, 0), one.hosts)
        if len(waiting) >= _PAIRS:
            store.insert("graph_referrers", _pairs(waiting, named))
            waiting.clear()
    if waiting:
        store.insert("graph_referrers", _pairs(waiting, named))


def _is_barred(domain: str, controls: Controls) -> bool:
    return controls.suppressed(domain, "/", domain)


def _pairs(found: dict[tuple[str, str], int], named: Named) -> pa.Table:
    return pa.table(
        {
            "target_domain": pa.array([target for target, _ in found], pa.string()),
            "source_domain": pa.array([source for _, source in found], pa.string()),
            "hosts": pa.array(found.values(), pa.uint32()),
            **_of_graph(len(found), named),
        }
    )


def _of_graph(count: int, named: Named) -> dict[str, pa.Array]:
    return {
        "graph": pa.array([named.graph] * count, pa.string()),
        "graphed": pa.array([named.date] * count, pa.uint64()),
    }


def write_ranks(
    store: Store, files: Sequence[str], named: Named, counted: Counted, done: Written
) -> None:
    """Ranks of the sources that are written: a pass over the files for each million of them."""
    for part in _parts(store, named):
        sources = part.column("source_domain").combine_chunks()
        distinct = sources.unique()
        best = _best(distinct.to_pylist(), files, counted)
        which = pc.index_in(sources, distinct).to_numpy(zero_copy_only=False)
        known = np.flatnonzero((best[0][which] < _NO_RANK) | (best[1][which] < _NO_RANK))
        done.ranked += len(known)
        if len(known):
            some = part.take(pa.array(known))
            ranks = [_nullable(column[which[known]]) for column in best]
            columns = {name: some.column(name) for name in ("target_domain", "source_domain")}
            columns |= {"harmonic_rank": ranks[0], "pagerank_rank": ranks[1]}
            store.insert("graph_referrers", pa.table({**columns, **_of_graph(len(known), named)}))


def _parts(store: Store, named: Named) -> Iterator[pa.Table]:
    where: dict[str, Value] = {
        "graph": named.graph, "targets": named.targets, "source": "", "target": "",
        "rows": _RANKED,
    }  # fmt: skip
    while True:
        part = store.query(sql("pipeline/webgraph/pairs"), where)
        if part.num_rows:
            yield part
        if part.num_rows < _RANKED:
            return
        last = rows(part.slice(part.num_rows - 1))[0]
        where |= {"source": last["source_domain"], "target": last["target_domain"]}


def _best(sources: list[str], files: Sequence[str], counted: Counted) -> tuple[Ids, Ids]:
    """The least rank of each, by harmonic centrality and PageRank; of a graph of hosts a domain has
    that of its bare host or its www."""
    names = [reversed_host(source).encode() for source in sources]
    wanted = pa.array([*names, *(name + b".www" for name in names)], NAME)
    best = np.full((2, len(sources)), _NO_RANK, np.int64)
    fields = {"harmonic": NUMBER, "pagerank": NUMBER, "host": NAME}
    for batch in batches(files, fields, counted, header=_rank_columns):
        places = pc.index_in(batch.column("host"), wanted)
        known = places.is_valid()
        which = places.filter(known).to_numpy(zero_copy_only=False) % len(sources)
        for row, name in zip(best, ("harmonic", "pagerank"), strict=True):
            ranks = batch.column(name).filter(known).to_numpy(zero_copy_only=False)
            np.minimum.at(row, which, ranks)
    return best[0], best[1]


def _rank_columns(cells: list[str]) -> list[str]:
    """From the first line, which names them."""
    named = [_COLUMNS.get(cell.strip(), cell.strip()) for cell in cells]
    lacking = [title for title, name in _COLUMNS.items() if name not in named]
    if lacking:
        raise UsageError(
            f"the ranks' first line lacks {', '.join(lacking)}; name the file that has them"
        )
    return named


def _nullable(ranks: Ids) -> pa.Array:
    return pa.array(ranks.astype(np.uint64), pa.uint64(), mask=ranks == _NO_RANK)


def best_referrers(store: Store, named: Named, most: int) -> list[Url]:
    """Home pages of the best ranked domains that were not seen to link here."""
    where: dict[str, Value] = {"graph": named.graph, "targets": named.targets, "rows": most}
    found = rows(store.query(sql("pipeline/webgraph/best"), where))
    return [
        Url(f"https://{row['domain']}/", "https", row["domain"], "/", row["domain"])
        for row in found
    ]
