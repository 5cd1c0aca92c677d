"""`backlinks import graph` as its user runs it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.pipeline.report.test_importing import one_line
from tests.pipeline.webgraph.graphs import write_graph
from tests.support.command import backlinks

HOSTS = ["best.example", "a.example", "mine.example"]


def test_a_graph_is_imported_counted_and_seeds_the_crawl(tmp_path: Path) -> None:
    data = tmp_path / "data"
    files = write_graph(tmp_path, HOSTS, [(host, "mine.example") for host in HOSTS[:2]])
    given = ["--vertices", files.vertices, "--edges", files.edges, "--ranks", files.ranks]
    for _ in range(2):
        ran = backlinks(
            "import", "graph", *given, "--to", "www.mine.example", "--seed", 1, "--json", data=data
        )
        assert ran.code == 0, ran.err
        assert json.loads(ran.out) == [
            {"target_domain": "mine.example", "referring_domains": 2, "ranked": 2, "seen_here": 0}
        ]
        assert "11 lines in " in ran.err
        assert "1 home pages are wanted" in ran.err
    ran = backlinks("refs", "mine.example", "--state", "unverified", "--json", data=data)
    told = [(row["source_domain"], row["graph"], row["graph_rank"]) for row in json.loads(ran.out)]
    assert told == [("a.example", "g", 2), ("best.example", "g", 1)]
    ran = backlinks("admin", "frontier", "show", "best.example", "--json", data=data)
    assert [row["url"] for row in json.loads(ran.out)["urls"]] == ["https://best.example/"]


def test_what_can_not_be_read_is_one_line(tmp_path: Path) -> None:
    given = ["--edges", "none", "--to", "mine.example"]
    data = tmp_path / "data"
    ran = backlinks("import", "graph", "--vertices", tmp_path / "none", *given, data=data)
    assert "can't read" in one_line(ran, 2)
    ran = backlinks("import", "graph", "--vertices", "-", *given, data=data)
    assert "can't come from stdin" in one_line(ran, 2)
