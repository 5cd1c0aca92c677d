"""Does relevance tell links from what is none, and similarity one camp from the other?

Real links of the corpus, as lxml counted them, against pairs that do not link: the same target
from another source of the same language, and from the same source another target of that language
that about as many link to; of links whose ends speak one language, and of all. Intervals are
bootstrapped over the sources, whose links are no independent draws. Of pages: see linked_pages.
polblogs: pairs of blogs of one camp against pairs of both, drawn from all that have a link, and the
linked ones, with their own link left out.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.graph.csr import from_edges
from pipeline.graph.mixing import mixed
from pipeline.graph.similar import similarity
from pipeline.graph.sparse import cosines
from pipeline.page import Page
from pipeline.quality.score import build
from pipeline.quality.scored import Scored, ids_of
from pipeline.quality.taken import weights
from pipeline.quality.topics import Topics, topics
from pipeline.settings import ScoreSettings
from pipeline.store import Store, rows, sql
from pipeline.store.chdb import ChdbStore
from pipeline.store.migrate import migrate
from pipeline.url import domains
from spiders.extract import extract
from spiders.outcome import answered, with_extracted
from tests.benchmarks import linked_pages
from tests.benchmarks.bootstrap import bootstrapped
from tests.benchmarks.measure import Row, row
from tests.support.corpus import corpus, page_url, pages
from tests.support.records import TODAY, write

PAIRS = 200_000
HTML = {"content-type": "text/html"}
Floats = npt.NDArray[np.float64]
Pair = tuple[str, str]
_LANGUAGES = """SELECT domain, topK(1)(language)[1] AS language FROM
(SELECT domain, argMaxIfMerge(content).2 AS language FROM pages GROUP BY domain, host, path)
GROUP BY domain"""


def run() -> list[Row]:
    where = corpus()
    if where is None:
        return []
    return [*_of_text(where), *_of_links(where)]


def _of_text(where: Path) -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        store = ChdbStore(Path(directory))
        try:
            migrate(store)
            records = [_record(host, path, body) for host, path, body in pages()]
            write(store, records, TODAY)
            scored, found = _scored(store)
            spoken = {r["domain"]: r["language"] for r in rows(store.query(_LANGUAGES))}
            near = linked_pages.rows_of(store, scored, found, records, _cosines_of(scored, found))
        finally:
            store.close()
    links = _links(where, scored, found)
    alike = _cosines_of(scored, found)
    told = []
    for name, rivals in (
        ("same target", _other_sources(links, spoken)),
        ("same source, like popularity", _other_targets(links, spoken)),
    ):
        one = {(a, b): others for (a, b), others in rivals.items() if spoken[a] == spoken[b]}
        for which, chosen in (("one language", one), ("any languages", rivals)):
            middle, low, high = bootstrapped(_wins(chosen, alike))
            note = f"{low:.3f} to {high:.3f} in 95% of draws; {len(chosen)} links"
            told.append(row(f"relevance: {name}, {which}", middle, "AUC", f"{note}; target .70"))
    return [*told, *near]


def _record(host: str, path: str, body: bytes) -> Page:
    url = page_url(host, path)
    page = answered(url, TODAY - 1000, "ok", status=200, headers=HTML, size=len(body))
    return with_extracted(page, extract(url, body, HTML), "")


def _scored(store: Store) -> tuple[Scored, Topics]:
    settings = ScoreSettings()
    edges = store.query(sql("pipeline/quality/edges"), {**weights(settings), "snapshot": TODAY})
    known = store.query(sql("pipeline/quality/pages"), {"snapshot": TODAY})
    graph = build(edges, known)
    scored = Scored(
        store, TODAY, settings, ids_of(graph, ()), graph, edges, known, lambda step: None
    )
    return scored, topics(scored)


def _links(where: Path, scored: Scored, found: Topics) -> set[Pair]:
    """Between domains whose text is known."""
    known = {name for name, at in zip(scored.names.to_pylist(), found.rows, strict=True) if at >= 0}
    with (where / "web" / "edges.tsv").open() as lines:
        told = [
            tuple(domains(host).registered for host in (line["src_host"], line["dst_host"]))
            for line in csv.DictReader(lines, delimiter="\t")
        ]
    return {(a, b) for a, b in told if a != b and {a, b} <= known}


Alike = dict[Pair, float]


def _cosines_of(scored: Scored, found: Topics) -> Alike:
    """Of all pairs of domains that say something."""
    ids = np.flatnonzero(found.rows >= 0).astype(np.int32)
    first, second = (each.ravel() for each in np.meshgrid(ids, ids))
    near, shared = np.empty(len(first), np.float32), np.empty((len(first), 1), np.int32)
    cosines(found.rows, found.offsets, found.slots, found.weights, first, second, near, shared)
    names = scored.names.to_pylist()
    return {
        (names[a], names[b]): float(cosine)
        for a, b, cosine in zip(first, second, near, strict=True)
    }


Rivals = dict[Pair, list[Pair]]


def _other_sources(links: set[Pair], spoken: dict[str, str]) -> Rivals:
    sources = {a for a, _ in links}
    return {
        (a, b): [
            (c, b)
            for c in sorted(sources)
            if c != b and (c, b) not in links and spoken[c] == spoken[a]
        ]
        for a, b in sorted(links)
    }


def _other_targets(links: set[Pair], spoken: dict[str, str]) -> Rivals:
    popular = Counter(b for _, b in links)
    return {
        (a, b): [
            (a, c)
            for c in sorted(popular)
            if c != a
            and (a, c) not in links
            and spoken[c] == spoken[b]
            and popular[b] / 2 <= popular[c] <= 2 * popular[b]
        ]
        for a, b in sorted(links)
    }


def _wins(rivals: Rivals, alike: Alike) -> dict[str, list[float]]:
    """By source: of each link, the share of its rivals that are less relevant, ties for a half."""
    found = defaultdict(list)
    for link, others in rivals.items():
        if others:
            mine, theirs = alike[link], np.array([alike[other] for other in others])
            found[link[0]].append(float(np.mean((theirs < mine) + 0.5 * (theirs == mine))))
    return found


def _of_links(where: Path) -> list[Row]:
    names, ends, camps = polblogs(where)
    graph = from_edges(ends[:, 0], ends[:, 1], n=len(names))
    linked = np.flatnonzero(graph.out_degree + graph.in_degree).astype(np.int32)
    draws = mixed(np.arange(2 * PAIRS), 11) % np.uint64(len(linked))
    first, second = linked[draws.astype(np.int64)].reshape(2, -1)
    first, second = first[first != second], second[first != second]
    alone = np.setdiff1d(np.arange(graph.n, dtype=np.int32), linked)
    near = similarity(graph, first, second)
    same = camps[first] == camps[second]
    low, high = _interval(near, same)
    unknown = np.isnan(similarity(graph, alone, np.full_like(alone, linked[0]))).mean()
    edges = np.unique(np.sort(ends, axis=1), axis=0).astype(np.int32)
    edges = np.ascontiguousarray(edges[edges[:, 0] != edges[:, 1]].T)
    of_edges, one_camp = similarity(graph, *edges), camps[edges[0]] == camps[edges[1]]
    common = _in_common(graph.n, ends)[first, second]
    note = f"{len(first)} pairs of {len(linked)} blogs with a link"
    return [
        row("similarity: polblogs, one camp or two", auc(near, same), "AUC",
            f"{low:.3f} to {high:.3f}; {note}; target .90"),
        row("similarity: plain co-citation there", auc(common, same), "AUC", note),
        row("similarity: linked blogs, their link left out", auc(of_edges, one_camp), "AUC",
            f"{np.isnan(of_edges).sum()} of {len(of_edges)} unknown: they have no other"),
        row("similarity: isolated blogs unknown", unknown, "share", f"{len(alone)} blogs"),
    ]  # fmt: skip


def polblogs(where: Path) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.str_]]:
    """Names, ends of links as places among them, and the camp of each."""
    text = (where / "graphs" / "polblogs.gml").read_text()
    names = re.findall(r'label "([^"]*)"', text)
    found = re.findall(r"source (\d+)\s+target (\d+)", text)
    with (where / "graphs" / "polblogs-leaning.csv").open() as lines:
        leaning = {line["name"]: line["leaning"] for line in csv.DictReader(lines)}
    return names, np.array(found, np.int64), np.array([leaning[name] for name in names])


def _in_common(n: int, ends: npt.NDArray[np.int64]) -> Floats:
    """How many blogs link to both."""
    links = np.zeros((n, n), np.float32)
    links[ends[:, 0], ends[:, 1]] = 1
    found: Floats = (links.T @ links).astype(np.float64)
    return found


def _interval(scores: Floats, positive: npt.NDArray[np.bool_]) -> Sequence[float]:
    """Where the AUC lies in 95% of draws of pairs, a tenth of them each time."""
    size = len(scores) // 10
    found = []
    for draw in range(100):
        chosen = (mixed(np.arange(size), draw) % np.uint64(len(scores))).astype(np.int64)
        found.append(auc(scores[chosen], positive[chosen]))
    middle = float(np.mean(found))
    spread = 1.96 * float(np.std(found)) / np.sqrt(10)  # of ten times as many
    return middle - spread, middle + spread


def auc(scores: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """How often a positive stands above another, ties for a half; the unknown have no part."""
    known = ~np.isnan(scores)
    scores, positive = scores[known], positive[known]
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    ours, others = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - ours * (ours + 1) / 2) / (ours * others))
