"""Common Crawl's text format: byte for byte by hand, sorted as LC_ALL=C sorts, and read back."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.control import Controls
from pipeline.errors import UsageError
from pipeline.export.webgraph import HEADER, Written, export_webgraph, java
from pipeline.index.snapshots import chosen
from pipeline.store import Store, rows
from pipeline.webgraph.join import Graph
from pipeline.webgraph.streams import Counted
from pipeline.webgraph.write import Named, write_pairs, write_ranks
from pipeline.webgraph.write import Written as Imported
from tests.support.stores import AnyStore

SNAPSHOT = 1_790_000_000_000
DOMAINS = {  # harmonic, pagerank, hosts
    "b.example": (1.5, 0.25, 3), "a-b.example": (12_345_678.0, 0.25, 1), "a.co.uk": (0.0, 1e-5, 2),
    "a.example": (1.5, 0.5, 4), "z.b-example": (0.1, 0.125, None), "192.0.2.1": (9.0, 0.1, 1),
    "localhost": (9.0, 0.1, 1),
}  # fmt: skip
EDGES = {  # weight
    ("b.example", "a.example"): 1.0, ("a.co.uk", "a.example"): 0.5,
    ("a.co.uk", "b.example"): 1.0, ("b.example", "a.co.uk"): 1.0, ("a.example", "b.example"): 0.0,
    ("192.0.2.1", "b.example"): 1.0,
}  # fmt: skip


def put(store: Store) -> None:
    n = len(DOMAINS)
    values = list(DOMAINS.values())
    told = pa.array([SNAPSHOT] * n, pa.uint64())
    store.insert(
        "domain_quality",
        pa.table(
            {
                "snapshot": told, "domain": list(DOMAINS),
                "harmonic": [v[0] for v in values], "pagerank": [v[1] for v in values],
                "hosts": pa.array([v[2] for v in values], pa.uint32()),
            }
        ),
    )  # fmt: skip
    told = pa.array([SNAPSHOT] * len(EDGES), pa.uint64())
    ends = {"source_domain": [a for a, _ in EDGES], "target_domain": [b for _, b in EDGES]}
    store.insert(
        "domain_edges",
        pa.table({"snapshot": told, **ends, "weight": pa.array(EDGES.values())}),
    )
    one = {"snapshot": [SNAPSHOT], "written": [1], "domains": [n], "edges": [len(EDGES)]}
    store.insert(
        "snapshots",
        pa.table({k: pa.array(v, pa.uint64()) for k, v in one.items()}
                 | {"manifest": [json.dumps({})]}),
    )  # fmt: skip


def export(store: Store, where: Path, name: str = "g") -> Written:
    put(store)
    return export_webgraph(store, chosen(store), where / "out", name=name)


def text(where: Path, what: str) -> str:
    return gzip.decompress((where / f"out/g-domain-{what}.txt.gz").read_bytes()).decode()


def test_the_files_are_these_bytes(store: AnyStore, tmp_path: Path) -> None:
    done = export(store, tmp_path)
    assert done[:3] == (5, 4, 2)
    assert text(tmp_path, "vertices") == (
        "0\tb-example.z\t1\n1\texample.a\t4\n2\texample.a-b\t1\n3\texample.b\t3\n4\tuk.co.a\t2\n"
    )
    assert text(tmp_path, "edges") == "3\t1\n3\t4\n4\t1\n4\t3\n"
    assert text(tmp_path, "ranks") == (
        f"{HEADER}\n"
        "1\t1.2345678E7\t2\t0.25\texample.a-b\t1\n"
        "2\t1.5\t1\t0.5\texample.a\t4\n"
        "3\t1.5\t3\t0.25\texample.b\t3\n"
        "4\t0.1\t4\t0.125\tb-example.z\t1\n"
        "5\t0.0\t5\t1.0E-5\tuk.co.a\t2\n"
    )


@pytest.mark.embedded
def test_gnu_sort_finds_them_sorted_as_c(store: AnyStore, tmp_path: Path) -> None:
    export(store, tmp_path)
    for what, keys in (("vertices", ["-k2,2"]), ("edges", ["-k1,1n", "-k2,2n"])):
        ran = subprocess.run(
            ["sort", "-c", "-t", "\t", *keys],
            input=text(tmp_path, what), text=True, env=os.environ | {"LC_ALL": "C"},
            capture_output=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr


def test_what_is_exported_is_imported_as_it_was(store: AnyStore, tmp_path: Path) -> None:
    export(store, tmp_path)
    files = {what: str(tmp_path / f"out/g-domain-{what}.txt.gz")
             for what in ("vertices", "edges", "ranks")}  # fmt: skip
    graph = Graph([files["vertices"]], [files["edges"]])
    names = sorted(d for d in DOMAINS if d not in ("192.0.2.1", "localhost"))
    targets = graph.targets(names)
    named, done = Named("g", SNAPSHOT, names), Imported()
    write_pairs(store, graph.referrers(targets), named, Controls(), done)
    write_ranks(store, [files["ranks"]], named, Counted(), done)
    found = rows(
        store.query(
            "SELECT target_domain, source_domain, max(hosts) AS hosts, "
            "min(harmonic_rank) AS harmonic_rank FROM graph_referrers GROUP BY ALL"
        )
    )
    places = {"a-b.example": 1, "a.example": 2, "b.example": 3, "z.b-example": 4, "a.co.uk": 5}
    wanted = {(s, t) for (s, t), weight in EDGES.items() if weight and s != "192.0.2.1"}
    assert {(row["source_domain"], row["target_domain"]) for row in found} == wanted
    for row in found:
        source = row["source_domain"]
        assert (row["hosts"], row["harmonic_rank"]) == (DOMAINS[source][2], places[source])
    assert graph.unknown == 0


def test_the_same_snapshot_gives_the_same_bytes(store: AnyStore, tmp_path: Path) -> None:
    done = export(store, tmp_path)
    export_webgraph(store, chosen(store), tmp_path / "again", name="g")
    for file in done.files:
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_a_name_that_would_leave_the_directory_is_refused(store: AnyStore, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't begin a file's name"):
        export(store, tmp_path, "../x")


@pytest.mark.parametrize(
    ("number", "told"),
    [(0.0, "0.0"), (1.0, "1.0"), (100.0, "100.0"), (0.001, "0.001"), (0.00099, "9.9E-4"),
     (9_999_999.0, "9999999.0"), (1e7, "1.0E7"), (23_993_404.0, "2.3993404E7"), (0.25, "0.25"),
     (1.5e-300, "1.5E-300")],
)  # fmt: skip
def test_numbers_are_written_as_java_does(number: float, told: str) -> None:
    assert java(repr(number)) == told


@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False))
def test_numbers_read_back_the_same(number: float) -> None:
    assert float(java(repr(number))) == number
