"""What is asked of a target to whose pages nothing leads answers what its views would."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa
import pytest

from pipeline.index.alone import asked_alone, asked_of
from pipeline.index.questions import Index
from pipeline.store import Parameters, sql
from pipeline.store.views import spelled, views
from tests.pipeline.index.world import UNDERS, World, made
from tests.support.stores import AnyStore

pytestmark = pytest.mark.engine
BROKEN = "broken_links_of(domain = {domain:String}, under = {under:String})"
SPANS = "link_spans(domain = {domain:String}, under = {under:String}, named = {named:UInt8})"
REFERRERS = "referrer_spans(domain = {domain:String}, under = {under:String})"


@pytest.fixture(scope="module")
def world(shared_store: AnyStore) -> Iterator[World]:
    found = made(shared_store, 7)
    found.store.execute("CREATE TABLE IF NOT EXISTS no_ways AS leads_in")
    yield found
    found.store.execute("DROP TABLE no_ways")


def without_ways(question: str) -> str:
    """As the views answer it, had no page ever led to another."""
    text = sql("pipeline/store/schema/0007_lists").partition("VIEW backlinks AS")[2]
    known = {"backlinks": text.partition(";\n")[0], **{view.name: view.text for view in views()}}
    instead = tuple((name, text.replace("leads_in", "no_ways")) for name, text in known.items())
    return spelled(question, instead)


def answers(world: World, columns: str, view: str, given: Parameters) -> tuple[pa.Table, pa.Table]:
    """By the views, and by what stands in their place."""
    question = f"SELECT {columns} FROM {view} ORDER BY ALL"
    return (
        world.store.query(without_ways(question), given),
        world.store.query(asked_alone(question, given), given),
    )


def test_backlinks_are_the_links_that_name_a_target(world: World) -> None:
    text = sql("pipeline/index/queries/backlinks_named").partition("SELECT")[2].partition("FROM")[0]
    names = re.findall(r"(\w+),?$", text, re.MULTILINE)
    wanted, told = answers(
        world, ", ".join(names), "backlinks(domain = {domain:String})", {"domain": "t.org"}
    )
    assert told.equals(wanted)
    assert set(told.column("state").to_pylist()) == {"live", "lost"}
    assert "moved" in told.column("reason").to_pylist()


@pytest.mark.parametrize("under", UNDERS)
def test_links_are_broken_where_the_page_that_they_name_is_gone(world: World, under: str) -> None:
    wanted, told = answers(world, "*", BROKEN, {"domain": "t.org", "under": under})
    assert told.equals(wanted)
    assert told.num_rows or under != "%"


@pytest.mark.parametrize("under", UNDERS)
@pytest.mark.parametrize("named", [0, 1])
def test_links_come_and_go_by_themselves(world: World, under: str, named: int) -> None:
    given: Parameters = {"domain": "t.org", "under": under, "named": named}
    wanted, told = answers(world, "* EXCEPT indirect", SPANS, given)
    assert told.to_pylist() == wanted.to_pylist()
    assert bool(told.num_rows) == bool(named)


@pytest.mark.parametrize("under", UNDERS)
def test_domains_come_and_go_as_their_rollup_tells(world: World, under: str) -> None:
    given: Parameters = {"domain": "t.org", "under": under}
    columns = "source_domain, indirect, came, went"
    wanted, told = answers(world, columns, REFERRERS, given)
    assert told.to_pylist() == wanted.to_pylist()
    assert told.num_rows


def test_a_target_that_something_leads_to_is_asked_by_its_views(world: World) -> None:
    question, given = f"SELECT * FROM {BROKEN}", {"under": "%"}
    led: Parameters = {"domain": "t.org", **given}
    alone: Parameters = {"domain": "nobody.example", **given}
    assert asked_of(world.store, question, led) == spelled(question)
    assert asked_of(world.store, question, alone) == asked_alone(question, alone)
    assert asked_alone(question, alone) != spelled(question)
    index = Index(world.store)
    assert index.overview("nobody.example")["counts"]["live"] == 0
    assert list(index.broken("nobody.example")) == []
