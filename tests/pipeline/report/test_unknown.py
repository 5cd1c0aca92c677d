"""An answer without rows says on stderr where nothing could have been known."""

from __future__ import annotations

import pytest

from pipeline.quality.score import score
from pipeline.settings import ScoreSettings
from pipeline.store import Store
from tests.pipeline.report.commanded import Run, runs_on
from tests.support.records import START, TODAY, Link, page, write


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch) -> Run:
    links = [Link("https://b.example/")]
    write(store, [page("https://a.example/", START, links, terms=["oven", "dough"])], TODAY)
    return runs_on(store, monkeypatch)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("links", "com"), "com is a public suffix: each site below it is a domain of its own"),
        (("refs", "co.uk"), "co.uk is a public suffix"),
        (("links", "192.0.2.1"), "192.0.2.1 is an address and no domain: links to addresses"),
        (("anchors", "http://[2001:db8::1]/x"), "[2001:db8::1] is an address"),
        (("similar", "a.example"), "there is no snapshot yet, and who is alike is told by one: "
         "run `backlinks score`"),
        (("gap", "b.example", "--vs", "c.example/x*", "--vs", "www.d.example", "--vs", "e.example"),
         "c.example/x* is compared as all of c.example\n"
         "www.d.example is compared as all of d.example"),
    ],
    ids=lambda words: " ".join(words[:2]) if isinstance(words, tuple) else "",
)  # fmt: skip
def test_what_can_not_be_known_is_said_in_one_line(
    run: Run, words: tuple[str, ...], said: str
) -> None:
    ran = run(*words, "--json")
    assert ran.stdout == "[]\n"
    assert ran.stderr.startswith(said)
    assert ran.stderr.count("\n") == said.count("\n") + 1


def test_where_nothing_was_found_nothing_is_said(run: Run) -> None:
    for words in (("links", "nobody.example"), ("links", "b.example"), ("labels", "list")):
        assert run(*words, "--json").stderr == ""


def test_similar_says_whom_the_snapshot_does_not_know(run: Run, store: Store) -> None:
    assert score(store, ScoreSettings()) is not None
    unknown = run("similar", "www.nobody.example")
    assert unknown.stderr == (
        "the newest snapshot does not know nobody.example: crawl it, then run `backlinks score`\n"
    )
    assert run("similar", "a.example", "--json").stderr == "", "that is known"
    assert "is a public suffix" in run("similar", "com").stderr
