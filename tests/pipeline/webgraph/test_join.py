"""Who links to a domain in a graph: the merge of sorted files says what a dictionary would."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.url import domains
from pipeline.webgraph import streams
from pipeline.webgraph.join import Graph, Referrer
from tests.pipeline.webgraph.graphs import Files, write_graph

HOSTS = ["mine.example", "www.mine.example", "a.example", "b.example", "blog.b.example", "c.org",
         "x.github.io", "y.github.io", "github.io", "mine-too.example"]  # fmt: skip


def referrers(files: Files, *to: str) -> set[Referrer]:
    graph = Graph([files.vertices], [files.edges])
    return set(graph.referrers(graph.targets(to)))


@pytest.mark.parametrize("packed", [False, True])
def test_linking_domains_are_found_with_how_many_hosts_they_have(
    tmp_path: Path, packed: bool
) -> None:
    edges = [
        ("a.example", "mine.example"),
        ("c.org", "mine.example"),
        ("mine.example", "a.example"),
    ]
    files = write_graph(tmp_path, ["a.example", "c.org", "mine.example"], edges, packed=packed)
    assert referrers(files, "mine.example") == {
        Referrer("mine.example", "a.example", 1),
        Referrer("mine.example", "c.org", 3),
    }


def test_hosts_are_folded_to_registered_domains(tmp_path: Path) -> None:
    edges = [
        ("blog.b.example", "www.mine.example"), ("b.example", "mine.example"),
        ("www.mine.example", "mine.example"), ("x.github.io", "mine.example"),
        ("a.example", "mine-too.example"),
    ]  # fmt: skip
    files = write_graph(tmp_path, HOSTS, edges, counts=False)
    found = [(one.source_domain, one.hosts) for one in referrers(files, "mine.example")]
    assert sorted(found) == [("b.example", 0), ("x.github.io", 0)]


def test_who_is_on_a_platform_is_not_the_platform(tmp_path: Path) -> None:
    edges = [("a.example", "x.github.io"), ("c.org", "github.io")]
    files = write_graph(tmp_path, HOSTS, edges)
    assert {one.source_domain for one in referrers(files, "github.io")} == {"c.org"}
    assert {one.source_domain for one in referrers(files, "x.github.io")} == {"a.example"}


EDGES = st.sets(st.tuples(st.sampled_from(HOSTS), st.sampled_from(HOSTS)), max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(edges=EDGES, to=st.sets(st.sampled_from(["mine.example", "b.example", "c.org"]), min_size=1))
def test_a_merge_of_small_blocks_says_what_a_dictionary_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edges: set[tuple[str, str]], to: set[str]
) -> None:
    monkeypatch.setattr(streams, "BLOCK", 40)  # bytes: a line or two
    files = write_graph(tmp_path, HOSTS, edges)
    wanted = {
        (domains(b).registered, domains(a).registered)
        for a, b in edges
        if domains(b).registered in to and domains(a).registered != domains(b).registered
    }
    found = {(one.target_domain, one.source_domain) for one in referrers(files, *to)}
    assert found == wanted


def test_a_graph_may_lie_in_several_files(tmp_path: Path) -> None:
    edges = [("a.example", "mine.example"), ("c.org", "mine.example")]
    files = write_graph(tmp_path, ["a.example", "c.org", "mine.example"], edges)
    parts = []
    for name in ("vertices", "edges"):
        lines = Path(getattr(files, name)).read_text().splitlines(keepends=True)
        parts.append([tmp_path / f"{name}{n}" for n in range(len(lines))])
        for path, line in zip(parts[-1], lines, strict=True):
            path.write_text(line)
    graph = Graph([str(p) for p in parts[0]], [str(p) for p in parts[1]])
    assert len(set(graph.referrers(graph.targets(["mine.example"])))) == 2


@pytest.mark.parametrize(
    ("vertices", "edges", "said"),
    [
        ("0\texample.mine\n", "1\t0\n0\t0\n", "edges are not sorted by id"),
        ("1\texample.a\n0\texample.mine\n", "0\t0\n1\t0\n", "vertices are not sorted by id"),
        ("0\texample.other\n", "0\t0\n", "the graph has none of mine.example"),
        ("zero\texample.mine\n", "0\t0\n", "has not the columns id, host"),
        ("0\texample.mine\n", "no edges\tat all\n", "has not the columns from, to"),
        ("", "", "the graph has none of"),
        (
            "0\texample.mine\n",
            "0\t0\n\none\n1\t0\nabc\x1b\t0\n",
            r"e, line 5 has not the columns from, to, with tabs between: 'abc' is no number",
        ),
        ("0\texample.mine\n", "0\t" + "9" * 500 + "\n", f"line 1 .*: '{'9' * 60}' is no number"),
    ],
)
def test_what_is_no_graph_is_told(tmp_path: Path, vertices: str, edges: str, said: str) -> None:
    (tmp_path / "v").write_text(vertices)
    (tmp_path / "e").write_text(edges)
    graph = Graph([str(tmp_path / "v")], [str(tmp_path / "e")])
    with pytest.raises(UsageError, match=said):
        list(graph.referrers(graph.targets(["mine.example"])))


def test_hostile_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    hosts = [b"example.mine", b"\xff\xfe.x", b"example.a\tmany\tcells\tare\there", b"nodots",
             b"example." + b"y" * 300, b"example.b"]  # fmt: skip
    (tmp_path / "v").write_bytes(b"".join(b"%d\t%s\n" % pair for pair in enumerate(hosts)))
    (tmp_path / "e").write_text("".join(f"{n}\t0\n" for n in range(1, 9)) + "odd\n")
    graph = Graph([str(tmp_path / "v")], [str(tmp_path / "e")])
    found = [one.source_domain for one in graph.referrers(graph.targets(["mine.example"]))]
    assert found == ["b.example"]
    assert graph.unknown >= 5
    assert graph.counted.damaged == 2, "a vertex, which is read twice, and an edge"


def test_a_line_longer_than_a_block_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BLOCK", 64)
    (tmp_path / "v").write_text("0\texample.mine\n1\t" + "a" * 1000 + "\n")
    graph = Graph([str(tmp_path / "v")], [])
    with pytest.raises(UsageError, match="has not the columns id, host"):
        graph.targets(["mine.example"])


def test_a_file_that_is_cut_is_told(tmp_path: Path) -> None:
    files = write_graph(tmp_path, HOSTS, [], packed=True)
    path = Path(files.vertices)
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(UsageError, match=r"can't read|has not"):
        Graph([files.vertices], []).targets(["mine.example"])
