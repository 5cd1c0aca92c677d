"""How well points tell bought links from others: AUC over the share that looks like real links.

python -m tests.benchmarks.bench_bought. The links are planted (tests/benchmarks/bought.py) into the
corpus' real pages, or into made ones where there is no corpus; the others are those that really
stand there, of which nobody knows that none was bought. All goes through the store and a whole
snapshot, and the pairs of domains are what is told apart. A buyer gets one link, three or ten: each
of the three weighs the same. What links are about is not known here,
so that relevance has no part. Every host of real links weighs the same; intervals are of 95%, by
drawing hosts and buyers anew.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.page import Page
from pipeline.quality import anchored, bought, linked
from pipeline.quality.scored import Floats, Scored, column_of, ids_of
from pipeline.quality.scored import run as run_part
from pipeline.quality.taken import build, weights
from pipeline.settings import ScoreSettings
from pipeline.store import Store, sql
from pipeline.store.chdb import ChdbStore
from pipeline.store.migrate import migrate
from pipeline.url import Url, canonical, suffix_list_version
from spiders.extract import extract
from tests.benchmarks.bought import FAMILIES, SIZES, Corpus, Planted, plant
from tests.benchmarks.measure import Row, made_pages, row
from tests.support.corpus import corpus as where_corpus
from tests.support.corpus import page_url, pages
from tests.support.records import START, TODAY, write

OVERLAPS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
LINKS, SEED, DRAWS = 900, 11, 400
DECIDES = 0.3


class Told(NamedTuple):
    """The pairs of domains of a snapshot. planted: which are; weight: the real ones of each host
    are 1 together, and the planted of each size; group: what is drawn together, a host's or a
    buyer's."""

    figures: dict[str, Floats]
    planted: npt.NDArray[np.bool_]
    weight: Floats
    group: npt.NDArray[np.int64]
    family: list[str]
    size: npt.NDArray[np.int64]


def read_corpus(most: int = 0) -> Corpus:
    """Its pages as our extractor reads them, the first `most` of them where that is not 0."""
    found = pages() if where_corpus() else None
    if found is None:
        made = made_pages()
        read = [_page(*next(made)) for _ in range(most or 500)]
        return Corpus(read)
    read = []
    for host, path, body in found:
        read.append(_page(page_url(host, path), body))
        if len(read) == most:
            break
    return Corpus(read)


def _page(url: Url, body: bytes) -> Page:
    """Each as a complete visit: what stands on it is what counts here."""
    found = extract(url, body, {})
    return Page(
        suffix_list=suffix_list_version(), url=url.url, host=url.host, path=url.path,
        domain=url.domain, fetched_at=START, outcome="ok", status=200, complete=True,
        text=found.text, external=found.external,
    )  # fmt: skip


def told(store: Store, visits: list[Page], planted: list[Planted]) -> Told:
    """What a snapshot of these pages says of each pair."""
    for start in range(0, len(visits), 500):
        write(store, visits[start : start + 500], TODAY)
    scored = _scored(store)
    source, target = (column_of(scored.edges, f"{end}_domain") for end in ("source", "target"))
    known = {
        (canonical(f"https://{p.host}/").domain, canonical(p.target).domain): p for p in planted
    }
    names = list(zip(source.to_pylist(), target.to_pylist(), strict=True))
    which = [known.get(pair) for pair in names]
    is_planted = np.array([one is not None for one in which])
    hosts, of = np.unique(np.array([pair[0] for pair in names]), return_inverse=True)
    real = np.bincount(of[~is_planted], minlength=len(hosts))
    buyers = {buyer: len(hosts) + k for k, buyer in enumerate(sorted({p.target for p in planted}))}
    size = np.array([one.size if one else 0 for one in which])
    of_size = np.bincount(size, minlength=max(SIZES) + 1)
    group = [of[k] if one is None else buyers[one.target] for k, one in enumerate(which)]
    return Told(
        bought.figures_of(scored),
        is_planted,
        1.0 / np.where(is_planted, of_size[size], np.maximum(1, real[of])),
        np.array(group),
        [one.family if one else "" for one in which],
        size,
    )


def _scored(store: Store) -> Scored:
    """As `score` makes it, as far as it is asked here."""
    settings = ScoreSettings()
    edges = store.query(sql("pipeline/quality/edges"), {**weights(settings), "snapshot": TODAY})
    of_pages = store.query(sql("pipeline/quality/pages"), {"snapshot": TODAY})
    graph = build(edges, of_pages)
    scored = Scored(
        store, TODAY, settings, ids_of(graph, []), graph, edges, of_pages, lambda step: None
    )
    for part in (linked.PART, anchored.PART):
        run_part(part, scored)
    return scored


def auc(score: Floats, positive: npt.NDArray[np.bool_], weight: Floats) -> float:
    """The chance that a planted link has more points than a real one, equal ones half."""
    values, where = np.unique(score, return_inverse=True)
    up = np.bincount(where[positive], weight[positive], len(values))
    down = np.bincount(where[~positive], weight[~positive], len(values))
    below = np.cumsum(down) - down
    return float((up * (below + down / 2)).sum() / (up.sum() * down.sum()))


def interval(score: Floats, pairs: Told, seed: int = SEED) -> tuple[float, float]:
    """95%, by drawing groups with replacement."""
    drawn = np.random.default_rng(seed)
    groups, of = np.unique(pairs.group, return_inverse=True)
    found = []
    for _ in range(DRAWS):
        times = np.bincount(drawn.integers(len(groups), size=len(groups)), minlength=len(groups))
        found.append(auc(score, pairs.planted, pairs.weight * times[of]))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def alone(figures: dict[str, Floats], *names: str) -> Floats:
    """Points of some of the figures."""
    return bought.bought_points({name: figures[name] for name in names}).astype(np.float64)


def rows(pairs: Told, overlap: float) -> list[Row]:
    """AUC of all; and where it decides, of each family and size, and of what is simpler."""
    points = bought.bought_points(pairs.figures).astype(np.float64)
    low, high = interval(points, pairs)
    name = f"bought links, overlap {overlap:.1f}"
    many = f"{int(pairs.planted.sum())} planted, {int((~pairs.planted).sum())} others"
    found = [
        row(
            name,
            auc(points, pairs.planted, pairs.weight),
            "AUC",
            f"{low:.3f} to {high:.3f}; {many}",
        )
    ]
    if overlap != DECIDES:
        return found
    real = ~pairs.planted
    for family in FAMILIES:
        kept = real | np.array([each == family for each in pairs.family])
        found.append(row(f"{name}, {family}", _among(points, pairs, kept), "AUC"))
    for size in SIZES:
        kept = real | (pairs.size == size)
        found.append(row(f"{name}, of buyers of {size}", _among(points, pairs, kept), "AUC"))
    for figure in (
        "money_share",
        "keyword_share",
        "near_money_share",
        "sitewide_share",
        "main_share",
        "others_sell",
    ):
        score = alone(pairs.figures, figure)
        found.append(
            row(f"{name}, by {figure} alone", auc(score, pairs.planted, pairs.weight), "AUC")
        )
    links = np.nan_to_num(pairs.figures["page_links"])
    found.append(
        row(
            f"{name}, by external links of the page", auc(links, pairs.planted, pairs.weight), "AUC"
        )
    )
    found.append(row(f"{name}, found at 1% false positives", recall(points, pairs), "share"))
    return found  # fmt: skip


def _among(points: Floats, pairs: Told, kept: npt.NDArray[np.bool_]) -> float:
    return auc(points[kept], pairs.planted[kept], pairs.weight[kept])


def recall(points: Floats, pairs: Told, false: float = 0.01) -> float:
    """Share of the planted with more points than all but `false` of the others, by weight."""
    real = ~pairs.planted
    for bound in range(bought.MOST + 1):
        if pairs.weight[real & (points >= bound)].sum() <= false * pairs.weight[real].sum():
            told_apart = points[pairs.planted] >= bound
            return float(np.average(told_apart, weights=pairs.weight[pairs.planted]))
    return 0.0


def run_at(corpus: Corpus, overlap: float, directory: Path, links: int = LINKS) -> Told:
    visits, planted = plant(corpus, overlap, links, SEED)
    store = ChdbStore(directory, database=f"bought_{round(100 * overlap)}")
    try:
        migrate(store)
        return told(store, visits, planted)
    finally:
        store.close()


def run() -> list[Row]:
    corpus = read_corpus()
    with tempfile.TemporaryDirectory() as directory:
        held = ChdbStore(Path(directory), database="held")
        try:
            return [
                each
                for overlap in OVERLAPS
                for each in rows(run_at(corpus, overlap, Path(directory)), overlap)
            ]
        finally:
            held.close()


if __name__ == "__main__":
    for each in run():
        print(f"{each['name']:<64} {each['value']:.3f} {each['note']}", flush=True)
