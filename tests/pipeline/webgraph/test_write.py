"""What graphs say, in the store: pairs and ranks, in effect once, suppressed as all else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pipeline.control import Controls
from pipeline.errors import UsageError
from pipeline.index.lifecycle import Lifecycle
from pipeline.index.question import Question
from pipeline.index.questions import refs
from pipeline.store import rows
from pipeline.webgraph import write as write_module
from pipeline.webgraph.join import Graph
from pipeline.webgraph.streams import Counted
from pipeline.webgraph.write import Named, Written, best_referrers, write_pairs, write_ranks
from tests.pipeline.said import controls, said
from tests.pipeline.webgraph.graphs import Files, write_graph
from tests.support.records import START, TODAY, page, write
from tests.support.stores import AnyStore

HOSTS = ["best.example", "a.example", "www.b.example", "c.example", "mine.example", "too.example"]
LINKING = ["a.example", "www.b.example", "best.example"]
EDGES = [(host, "mine.example") for host in LINKING] + [("a.example", "too.example")]


def put(
    store: AnyStore,
    files: Files,
    *,
    graph: str = "g",
    date: int = START,
    ranks: bool = True,
    to: Iterable[str] = ("mine.example", "too.example"),
    heard: Controls | None = None,
) -> Written:
    web, done = Graph([files.vertices], [files.edges]), Written()
    named = Named(graph, date, sorted(to))
    write_pairs(store, web.referrers(web.targets(to)), named, heard or Controls(), done)
    if ranks:
        write_ranks(store, [files.ranks], named, Counted(), done)
    return done


def told(store: AnyStore, domain: str = "mine.example") -> dict[str, Any]:
    found = rows(store.query(f"SELECT * FROM graph_backlinks(domain = '{domain}')"))
    return {
        row["source_domain"]: (row["graph"], row["harmonic_rank"], row["pagerank_rank"])
        for row in found
    }


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return write_graph(tmp_path, HOSTS, EDGES, packed=True)


def test_pairs_and_ranks_are_told_and_twice_is_once(
    store: AnyStore, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_module, "_PAIRS", 2)
    wanted = {"best.example": ("g", 1, 6), "a.example": ("g", 2, 5), "b.example": ("g", 3, 4)}
    for most in (1_000, 1, 2):
        monkeypatch.setattr(write_module, "_RANKED", most)
        done = put(store, files)
        assert (done.pairs, done.ranked) == (4, 4)
        assert told(store) == wanted
    assert told(store, "too.example") == {"a.example": ("g", 2, 5)}
    put(store, files, ranks=False)
    assert told(store) == wanted, "nor are ranks lost that were known"


def test_the_newest_graph_is_told(store: AnyStore, files: Files, tmp_path: Path) -> None:
    put(store, files)
    (tmp_path / "later").mkdir()
    later = write_graph(tmp_path / "later", HOSTS[::-1], EDGES[:1])
    put(store, later, graph="later", date=TODAY, to=["mine.example"])
    put(store, files, graph="older", date=START - 1, ranks=False)
    assert told(store)["a.example"] == ("later", 5, 2)
    assert told(store)["best.example"] == ("g", 1, 6)


def test_what_operators_suppress_is_left_out(store: AnyStore, files: Files) -> None:
    heard = controls(said(1, "suppress", "a.example"), said(2, "suppress", "too.example"))
    done = put(store, files, heard=heard)
    assert done.barred == 2
    assert told(store).keys() == {"best.example", "b.example"}
    assert told(store, "too.example") == {}


def test_referring_domains_that_only_a_graph_knows_are_unverified_and_marked(
    store: AnyStore, files: Files
) -> None:
    put(store, files)
    write(store, [page("https://a.example/", START, ["https://mine.example/"])], TODAY)
    listed = page(
        "https://l.example/", START, ["https://mine.example/"], source="list", complete=False
    )
    write(store, [listed], TODAY)
    Lifecycle(store, 0).run()
    found = refs("mine.example", state="all").rows(store)
    names = ("source_domain", "live", "graph", "graph_rank")
    assert [tuple(row[name] for name in names) for row in found] == [
        ("a.example", 1, "", None),
        ("b.example", 0, "g", 3),
        ("best.example", 0, "g", 1),
        ("l.example", 0, "", None),
    ]
    assert found[3]["unverified"] == 1
    unseen = refs("mine.example", state="unverified").rows(store)
    assert [row["source_domain"] for row in unseen] == ["b.example", "best.example", "l.example"]
    assert [row["source_domain"] for row in refs("mine.example").rows(store)] == ["a.example"]
    (known,) = Question("known", {"domain": "mine.example"}).rows(store)
    assert known["graph_domains"] == 2


def test_seeds_are_the_best_that_were_not_seen_to_link(store: AnyStore, files: Files) -> None:
    put(store, files)
    write(store, [page("https://best.example/", START, ["https://mine.example/"])], START)
    named = Named("g", START, ["mine.example"])
    assert [url.url for url in best_referrers(store, named, 5)] == [
        "https://a.example/", "https://b.example/",
    ]  # fmt: skip
    assert len(best_referrers(store, named, 1)) == 1


def test_ranks_without_their_first_line_are_told(
    store: AnyStore, files: Files, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.write_text("1\t0.5\t2\t0.1\texample.a\n")
    with pytest.raises(UsageError, match="first line lacks #harmonicc_pos, #pr_pos, #host_rev"):
        put(store, files._replace(ranks=str(bare)))
