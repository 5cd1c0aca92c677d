"""The questions that docs/ show, asked of a store that has something to answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa
import pytest

from pipeline.frontier.plan import Planner
from pipeline.frontier.sites import Sites
from pipeline.index import uses
from pipeline.index.lifecycle import Lifecycle
from pipeline.mirror import Mirror
from pipeline.quality.score import score
from pipeline.settings import Settings
from pipeline.store.examples import examples, read
from pipeline.url import canonical
from tests.pipeline.said import controls, said
from tests.support import docs
from tests.support.command import REPOSITORY
from tests.support.records import DAY, TODAY, Link, page, write
from tests.support.stores import AnyStore, Databases, made

_SHOWN = re.findall(
    r"^```sql\n(.*?)^```", (REPOSITORY / "docs" / "sql.md").read_text(), re.M | re.S
)
# What answers nothing, and why that is so.
_EMPTY = {"page_records": "keeps nothing", "frontier_in": "keeps nothing"}


@pytest.fixture(scope="module")
def filled(databases: Databases) -> Iterator[AnyStore]:
    """Sites that link to example.org: by themselves, by a page that leads there, to one that is
    gone, no more, and only in a web graph; scored from a trusted seed."""
    store = databases.new()
    made(store)
    org, com, net = (f"https://example.{end}/" for end in ("org", "com", "net"))
    linking = Link(org, anchor="an example", before="see", after="for more")
    terms = ["bread", "flour", "oven", "dough", "yeast"]
    three, two, one = TODAY - 3 * DAY, TODAY - 2 * DAY, TODAY - DAY
    visits = [
        page(com, three, [linking, net]),
        page("https://gone.example/", three, [linking]),
        page("https://gone.example/", two, []),
        page("https://gone.example/", one, []),
        page("https://a.example/", one, [com, net]),
        page(
            org, one, [com], title="Example", language="en", ip="192.0.2.1", terms=terms,
            country="GB", country_by="hreflang",
        ),
        page(com, one, [Link(org, anchor="another text"), net, f"{org}gone"], terms=terms),
        page(f"{org}gone", three, outcome="gone"),
        page(f"{org}gone", two, outcome="gone"),
        page("https://b.example/", one, ["https://old.example/", f"{org}moved"]),
        page(
            "https://old.example/", one, [Link(org, "redirect")], outcome="redirect", final_url=org
        ),
        page(f"{org}moved", one, [Link(net, "redirect")], outcome="redirect", final_url=net),
        page("https://me.github.io/", one, [com]),
    ]  # fmt: skip
    write(store, visits, TODAY)
    store.insert("labels", pa.table({"domain": ["example.org"], "label": ["bad"], "who": ["jo"]}))
    named = {"target_domain": ["example.org"], "source_domain": ["known.example"], "graph": ["g"]}
    store.insert("graph_referrers", pa.table({**named, "graphed": pa.array([TODAY], pa.uint64())}))
    due = {name: each for name, each in named.items() if name != "graph"}
    store.insert("due_pairs", pa.table(due))  # a first run makes all anew, and notes none
    with pytest.MonkeyPatch.context() as few:
        few.setattr(uses, "LARGE", 1)
        Lifecycle(store, 0, clock=lambda: TODAY / 1000 + 3600).run()
    score(store, Settings().score, seeds=["a.example", "example.com"])
    Planner(store, None, Settings().plan, 1.0).seed([canonical(org)])  # type: ignore[arg-type]
    Sites(store, Settings().plan).run()
    Mirror(store, controls(said(TODAY, "block", "blocked.example"))).write()
    yield store
    databases.drop(store)


@pytest.mark.parametrize("table", examples())
def test_an_example_of_the_schema_finds_something(filled: AnyStore, table: str) -> None:
    assert filled.query(examples()[table].sql).num_rows


@pytest.mark.parametrize("query", _SHOWN, ids=[str(n) for n in range(1, len(_SHOWN) + 1)])
def test_a_worked_example_finds_something(filled: AnyStore, query: str) -> None:
    assert filled.query(query).num_rows


def test_there_are_ten_worked_examples() -> None:
    assert len(_SHOWN) == 10


def test_every_table_and_view_has_an_example_that_asks_it(shared_store: AnyStore) -> None:
    """A new one needs a file in pipeline/store/examples/ that says what it answers and costs."""
    kept = {
        name
        for name, table in docs.tables(shared_store).items()
        if table.engine != "Null" and not name.endswith("_next")
    }
    wanted = kept | (set(docs.VIEWS) - docs.OF_FILES)  # which tell their own
    found = examples()
    lacking = sorted(wanted - set(found))
    assert not lacking, f"write pipeline/store/examples/{lacking[0]}.sql"
    assert set(found) == wanted
    for name, example in found.items():
        assert re.search(rf"\bFROM {name}\b", example.sql), name


@pytest.mark.parametrize(
    "text", ["SELECT 1", "-- Who? It costs.\nSELECT 1", "-- All. Cost: x\nSELECT 1"]
)
def test_an_example_that_does_not_say_what_it_costs_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"x\.sql must begin with"):
        read("x.sql", text)
