"""Graphs for the tests and benchmarks: real ones from the shared corpus, and drawn ones."""

from __future__ import annotations

import gzip
import io
import os
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
import zstandard

from pipeline.graph.csr import DomainGraph, from_edges, from_names

ROOT = Path(__file__).parents[3]
CNR = "graphs/cnr-2000-edges.tsv.zst"
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


def in_corpus(name: str) -> Path:
    """Where a file of the corpus is, or would be."""
    return Path(os.environ.get("BACKLINKS_CORPUS") or ROOT.parent / "shared" / "corpus") / name


def path_of(name: str) -> Path:
    """A file of the corpus; skips the test where it is absent."""
    path = in_corpus(name)
    if not path.exists():
        pytest.skip(f"the shared corpus has no {name} at {path} (set $BACKLINKS_CORPUS)")
    return path


def cnr_2000() -> DomainGraph:
    """LAW's crawl of 2000: 325,557 pages, 3,128,710 links besides self-links, no names."""
    packed = path_of(CNR).read_bytes()
    text = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)).read()
    table = pyarrow.csv.read_csv(
        io.BytesIO(text),
        read_options=pyarrow.csv.ReadOptions(column_names=["source", "target"]),
        parse_options=pyarrow.csv.ParseOptions(delimiter="\t"),
    )
    return from_edges(table["source"].to_numpy(), table["target"].to_numpy())


def uk_1996() -> DomainGraph:
    """The UK Web Archive's host graph of 1996, weighted by links, unclean names left out."""
    sources, targets, counts = [], [], []
    with gzip.open(path_of("graphs/1996-uk-web-hosts.tsv.gz"), "rt", errors="replace") as lines:
        for line in lines:
            names, _, count = line.rstrip("\n").partition("\t")
            source, _, target = names.removeprefix("1996|").partition("|")
            if HOST.fullmatch(source) and HOST.fullmatch(target):
                sources.append(source)
                targets.append(target)
                counts.append(float(count))
    return from_names(pa.array(sources), pa.array(targets), np.array(counts))


def polblogs() -> DomainGraph:
    """Adamic's political blogs of 2004, by the number of each."""
    text = path_of("graphs/polblogs.gml").read_text(errors="replace")
    pairs = re.findall(r"source (\d+)\s+target (\d+)", text)
    ends = np.array(pairs, dtype=np.int64)
    return from_edges(ends[:, 0], ends[:, 1], n=text.count("node ["))


def power_law(n: int, m: int, *, weighted: bool = False, seed: int = 1) -> DomainGraph:
    """n domains and up to m links, a few domains giving and (others) taking most of them."""
    rng = np.random.default_rng(seed)
    chance = np.arange(1, n + 1) ** -0.8
    chance /= chance.sum()
    sources = rng.choice(n, m, p=chance)
    targets = rng.permutation(n)[rng.choice(n, m, p=chance)]
    return from_edges(sources, targets, rng.integers(1, 9, m) if weighted else None, n=n)


def sources_of(graph: DomainGraph) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """int64[m]: the source of each edge, in the graph's order."""
    return np.repeat(np.arange(graph.n), graph.out_degree)
