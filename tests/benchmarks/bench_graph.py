"""A web graph's referrers of one domain, against what the same lines cost in the shell."""

from __future__ import annotations

import gzip
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from pipeline.url import reversed_host
from pipeline.webgraph.join import Graph
from tests.benchmarks.measure import Row, pairs, peak_mb, row

VERTICES, EDGES = 1_000_000, 10_000_000
TARGET = "mine.example"
TURNS = 3


def run() -> list[Row]:
    """A made graph: degrees by a power law, sorted by id, plain and gzip."""
    with tempfile.TemporaryDirectory() as directory:
        where = Path(directory)
        _vertices(where / "v.txt")
        linking = _edges(where / "e.txt")
        for name in ("v", "e"):
            packed = gzip.compress((where / f"{name}.txt").read_bytes(), 1)
            (where / f"{name}.txt.gz").write_bytes(packed)
        before = peak_mb()
        rows = []
        for ending, cat in ((".txt", "cat"), (".txt.gz", "zcat")):
            rows += _measured(where, ending, cat, linking)
        return [*rows, row("graph: memory for it", peak_mb() - before, "MB", "beside the rest")]


def _measured(where: Path, ending: str, cat: str, linking: int) -> list[Row]:
    vertices, edges = str(where / f"v{ending}"), str(where / f"e{ending}")

    def ours() -> None:
        graph = Graph([vertices], [edges])
        found = set(graph.referrers(graph.targets([TARGET])))
        assert len(found) == linking

    def shell(command: str) -> None:
        subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)

    def cut() -> None:
        shell(f"{cat} {vertices} | cut -f2; {cat} {vertices} | cut -f2; {cat} {edges} | cut -f2")

    def awk() -> None:
        """The same answer, with all of the vertices in a table."""
        target = reversed_host(TARGET)
        shell(
            f"{cat} {edges} | awk -F'\\t' -v OFS='\\t' "
            f"'$2 == {VERTICES - 1} {{print $1}}' > {where}/found; "
            f"{cat} {vertices} | awk -F'\\t' 'NR == FNR {{w[$1]; next}} $1 in w' {where}/found - "
            f"| grep -v {target}"
        )

    lines = 2 * VERTICES + EDGES
    mine, _, of_cut = pairs(ours, cut, TURNS)
    _, _, of_awk = pairs(ours, awk, 1)
    what = "plain" if cat == "cat" else "gzip"
    return [
        row("graph: referrers of one domain", lines / min(mine), "lines/s", f"{what}, in all"),
        row(f"graph: {cat} and cut, in ours", of_cut, "x", f"{what}; reads as much, finds nothing"),
        row("graph: awk, in ours", of_awk, "x", f"{what}; the same answer"),
    ]


def _vertices(path: Path) -> None:
    with path.open("w") as file:
        file.writelines(f"{n}\tcom.site{n:07}\t1\n" for n in range(VERTICES - 1))
        file.write(f"{VERTICES - 1}\t{reversed_host(TARGET)}\t1\n")


def _edges(path: Path) -> int:
    """How many link to the target: one of a thousand."""
    dice = np.random.default_rng(1)
    sources = np.sort(dice.integers(0, VERTICES - 1, EDGES))
    targets = (VERTICES - 2) * dice.random(EDGES) ** 3
    targets = targets.astype(np.int64)
    targets[dice.random(EDGES) < 0.001] = VERTICES - 1
    with path.open("w") as file:
        for start in range(0, EDGES, 1_000_000):
            part = slice(start, start + 1_000_000)
            both = zip(sources[part].tolist(), targets[part].tolist(), strict=True)
            file.writelines(f"{a}\t{b}\n" for a, b in both)
    return len(np.unique(sources[targets == VERTICES - 1]))
