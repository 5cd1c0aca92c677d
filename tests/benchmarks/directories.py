"""Fake directories planted among honest domains, to see who captures a list of proposed seeds.

All of it is planted: the base graph's links are real (or drawn), but addresses, endings, ages and
pages are drawn for honest domains too, and what an attacker has of them is said by `Attack`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.mixing import mixed
from pipeline.graph.ranks import pagerank, rank_of, trust, weighted_harmonic
from pipeline.index.snapshots import Snapshot
from pipeline.quality.candidates import suggest
from pipeline.store import Store
from tests.pipeline.graph.corpus import sources_of

Ids = npt.NDArray[np.int64]
SNAPSHOT, DAYS = 1_790_000_000_000, 360  # of the oldest that is known


@dataclass(frozen=True)
class Attack:
    """directories: each links to `links` honest domains, drawn. farm: domains that link to a tenth
    of the directories each, and on to the next of the farm. networks: /24s that all of them are
    spread over. patient: known for as long as any, and with many pages. seeds: how many of the
    honest domains with most links are trusted already, so that there is authority."""

    directories: int
    links: int
    farm: int
    networks: int
    patient: bool
    seeds: int = 0


@dataclass(frozen=True)
class Captured:
    """Shares of the list that are fake directories or their farm, 0 to 1."""

    by_inverse_pagerank: float
    by_marks: float


def captured(store: Store, graph: DomainGraph, attack: Attack, top: int) -> Captured:
    """Writes the snapshot with the attack in it, and asks for seeds. The store must be empty."""
    whole = planted(graph, attack)
    backwards = pagerank(whole.turned())
    best = np.argsort(-backwards, kind="stable")[:top]
    _write(store, graph.n, whole, backwards, attack)
    snapshot = Snapshot(SNAPSHOT, whole.n, whole.m, {})
    found = suggest(store, snapshot, top)
    fake = sum(one.domain.startswith("fake") for one in found)
    return Captured(float(np.mean(best >= graph.n)), fake / max(1, len(found)))


def planted(graph: DomainGraph, attack: Attack) -> DomainGraph:
    fakes = graph.n + np.arange(attack.directories)
    farm = fakes[-1] + 1 + np.arange(attack.farm)
    drawn = mixed(np.arange(attack.directories * attack.links), 7) % np.uint64(graph.n)
    each = max(1, attack.directories // 10)
    places = (np.arange(attack.farm * each) * 7) % attack.directories
    sources = [sources_of(graph), np.repeat(fakes, attack.links), np.repeat(farm, each), farm]
    targets = [graph.out_targets, drawn.astype(np.int64), fakes[places], np.roll(farm, 1)]
    n = graph.n + attack.directories + attack.farm
    return from_edges(np.concatenate(sources), np.concatenate(targets), n=n)


def _write(
    store: Store,
    honest: int,
    whole: DomainGraph,
    backwards: npt.NDArray[np.float64],
    attack: Attack,
) -> None:
    ids = np.arange(whole.n)
    is_fake = ids >= honest
    names = [_name(i, i >= honest) for i in range(whole.n)]
    patient = np.full(whole.n, DAYS if attack.patient else 20)
    days = np.where(is_fake, patient, _drawn(ids, 1, DAYS))
    pages = np.where(is_fake, 50 if attack.patient else 3, np.minimum(3 * whole.out_degree, 500))
    network = np.where(is_fake, ids % attack.networks, _drawn(ids, 2, max(1, honest // 5)))
    seeds = np.argsort(-whole.in_degree[:honest], kind="stable")[: attack.seeds].astype(np.int64)
    ranks, _ = rank_of(backwards)
    store.insert("domain_quality", _quality(whole, names, days, pages, ranks, seeds))
    texts = pa.array(names)
    told = pa.array(np.full(whole.m, SNAPSHOT), pa.uint64())
    ends = {"source_domain": sources_of(whole), "target_domain": whole.out_targets}
    taken = {name: texts.take(pa.array(end)) for name, end in ends.items()}
    weight = {"weight": pa.array(np.ones(whole.m))}
    store.insert("domain_edges", pa.table({"snapshot": told, **taken, **weight}))
    addresses = [
        f"{1:020}{_address(int(n), bool(f))}" for n, f in zip(network, is_fake, strict=True)
    ]
    store.insert("whereabouts", pa.table({"domain": names, "address": addresses}))


def _quality(
    whole: DomainGraph,
    names: list[str],
    days: npt.NDArray[np.int64],
    pages: npt.NDArray[np.int64],
    ranks: npt.NDArray[np.float64],
    seeds: Ids,
) -> pa.Table:
    n = whole.n
    pairs = sources_of(whole) * n + whole.out_targets
    back = np.isin(whole.out_targets.astype(np.int64) * n + sources_of(whole), pairs)
    reciprocal = np.bincount(whole.out_targets[back], minlength=n)
    return pa.table(
        {
            "snapshot": pa.array(np.full(n, SNAPSHOT), pa.uint64()),
            "domain": names,
            "domains": pa.array(np.full(n, n), pa.uint64()),
            "referring_domains": pa.array(whole.in_degree, pa.uint32()),
            "reciprocal": pa.array(reciprocal, pa.uint32()),
            "pages": pa.array(pages, pa.uint32()),
            "days_known": pa.array(days, pa.uint32()),
            "inverse_pagerank_rank": pa.array(ranks),
            "trusted_harmonic_rank": _authority(whole, seeds),
        }
    )


def _authority(whole: DomainGraph, seeds: Ids) -> pa.Array:
    if not len(seeds):
        return pa.nulls(whole.n, pa.float64())
    found, _ = weighted_harmonic(whole, trust(whole, seeds))
    return pa.array(rank_of(found)[0])


def _name(number: int, is_fake: bool) -> str:
    """Endings are drawn for the honest, and an attacker buys of each."""
    ending = ("com", "org", "net", "co.uk", "de")[number % 5]
    return f"fake{number}.{ending}" if is_fake else f"d{number}.{ending}"


def _address(network: int, is_fake: bool) -> str:
    return f"{198 if is_fake else 10 + network // 65_536}.{network // 256 % 256}.{network % 256}.1"


def _drawn(ids: Ids, salt: int, below: int) -> Ids:
    found: Ids = (mixed(ids, salt) % np.uint64(below)).astype(np.int64)
    return found
