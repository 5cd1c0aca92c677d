"""Views that take parameters: made from their files, again when a file changed, never backwards."""

from __future__ import annotations

import re
from importlib import resources

import pytest

import pipeline.store.views as subject
from pipeline.errors import StoreMismatch
from pipeline.store import Store, rows
from pipeline.store.migrate import migrate
from pipeline.store.opening import demand_views
from pipeline.store.views import View, lacking, make_views, statement, views
from tests.support import docs
from tests.support.stores import AnyStore

TEXT = """-- How many twice a number is.
-- It is told in one row.
-- Cost: none.
-- Version: {version}
SELECT {{number:UInt64}} * {times} AS twice
SETTINGS join_use_nulls = 1
"""


def view(version: int = 1, times: int = 2) -> View:
    return subject._view("twice", TEXT.format(version=version, times=times))


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[View]:
    """What the code knows, to be changed."""
    found = [view()]
    monkeypatch.setattr(subject, "views", lambda: found)
    return found


def twice(store: Store, number: int) -> int:
    found = store.query("SELECT twice FROM twice(number = {n:UInt64})", {"n": number})
    return int(rows(found)[0]["twice"])


def test_every_file_says_what_it_answers_what_it_costs_and_its_version() -> None:
    assert views()
    for found in views():
        assert found.version >= 1
        assert found.meaning.endswith("."), found.name
        assert found.cost.endswith("."), found.name
        assert found.parameters, found.name
        assert not re.search(r"\bLIMIT \{", found.text), "a view has only what it can't do without"


def test_a_file_without_a_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"oops\.sql needs a line"):
        subject._view("oops", "-- What it answers.\nSELECT 1\n")


def test_a_file_is_read_apart() -> None:
    found = view(3)
    assert found.version == 3
    assert found.meaning == "How many twice a number is. It is told in one row."
    assert found.cost == "none."
    assert found.parameters == {"number": "UInt64"}
    assert found.checksum != view(3, times=4).checksum


def test_a_migrated_store_lacks_no_view_and_each_can_be_asked(store: AnyStore) -> None:
    assert lacking(store) == []
    assert make_views(store) == []
    demand_views(store)
    for found in views():
        store.query(f"SELECT * FROM {found.name}({docs.empty(found.parameters)}) LIMIT 1")


def test_a_view_is_made_and_its_comment_tells_what_it_answers(
    empty_store: AnyStore, known: list[View]
) -> None:
    assert lacking(empty_store) == known
    assert make_views(empty_store) == known
    assert make_views(empty_store) == []
    assert twice(empty_store, 4) == 8
    told = rows(
        empty_store.query(
            "SELECT comment FROM system.tables "
            "WHERE database = currentDatabase() AND name = 'twice'"
        )
    )
    assert told[0]["comment"].startswith("How many twice a number is. It is told in one row.")


@pytest.mark.parametrize("version", [1, 2])
def test_a_view_is_made_anew_when_its_file_has_changed(
    empty_store: AnyStore, known: list[View], version: int
) -> None:
    make_views(empty_store)
    known[:] = [view(version, times=20)]
    with pytest.raises(StoreMismatch, match="lacks view twice; run `backlinks admin migrate`"):
        demand_views(empty_store)
    assert make_views(empty_store) == known
    assert twice(empty_store, 4) == 80


def test_an_older_program_leaves_a_newer_view_and_is_not_refused(
    empty_store: AnyStore, known: list[View]
) -> None:
    known[:] = [view(2, times=20)]
    make_views(empty_store)
    known[:] = [view(1)]
    demand_views(empty_store)
    assert make_views(empty_store) == []
    assert twice(empty_store, 4) == 80


def test_a_view_of_that_name_that_somebody_else_made_is_replaced(
    empty_store: AnyStore, known: list[View]
) -> None:
    empty_store.execute("CREATE VIEW twice AS SELECT 1 AS twice")
    assert make_views(empty_store) == known
    assert twice(empty_store, 1) == 2


def test_a_comment_may_hold_quotes(empty_store: AnyStore, known: list[View]) -> None:
    known[:] = [view()._replace(meaning="It's a \\ and a 'quote'.")]
    assert "It\\'s a \\\\ and" in statement(known[0])
    make_views(empty_store)
    assert make_views(empty_store) == []


@pytest.mark.embedded
def test_migrate_makes_views_where_only_they_are_missing(store: AnyStore) -> None:
    name = views()[0].name
    store.execute(f"DROP VIEW {name}")
    assert [found.name for found in lacking(store)] == [name]
    assert migrate(store) == [], "no numbered migration was"
    assert lacking(store) == []


def test_a_view_is_written_out_with_what_is_given_for_its_parameters(known: list[View]) -> None:
    call = "SELECT twice FROM twice(number = if({n:UInt8} = 1, length('a, (b'), 7)) AS t WHERE 1"
    assert subject.spelled(call) == (
        "SELECT twice FROM (\nSELECT if({n:UInt8} = 1, length('a, (b'), 7) * 2 AS twice\n"
        "SETTINGS join_use_nulls = 1\n) AS t WHERE 1"
    )
    for other in ("SELECT 1", "SELECT * FROM numbers(3) JOIN twice ON 1"):
        assert subject.spelled(other) == other


def test_views_within_views_are_written_out_too() -> None:
    """Those that a migration made stay calls: their text is of that time."""
    files = resources.files("pipeline.index.queries").iterdir()
    texts = [file.read_text() for file in files if file.name.endswith(".sql")]
    names = "|".join(view.name for view in views())
    calls = re.compile(rf"\b({names})\(")
    called = [text for text in texts if calls.search(text)]
    assert len(called) > 10
    for text in called:
        assert not calls.search(subject.spelled(text)), text


def test_another_statement_may_stand_for_a_view_with_parameters_of_its_own() -> None:
    text = subject.spelled(
        "SELECT * FROM anchor_uses_of(domain = {domain:String}, under = if(1, 'a', 'c')) "
        "WHERE x IN (SELECT y FROM backlinks(domain = 'z'))",
        (("link_uses_of", "SELECT {more:UInt8} AS links, {under:String} AS anchor"),),
    )
    assert "(\nSELECT {more:UInt8} AS links, if(1, 'a', 'c') AS anchor\n) AS uses" in text
    assert "FROM backlinks(domain = 'z')" in text, "which has no file"
    assert "link_uses FINAL" not in text


def test_what_stands_for_a_view_may_ask_that_view() -> None:
    call = "link_uses_of(domain = {domain:String}, under = '%')"
    less = subject.spelled(
        f"SELECT * FROM {call}",
        (("link_uses_of", f"SELECT * FROM {call} WHERE links > 1"),),
    )
    assert less == (
        f"SELECT * FROM (\nSELECT * FROM {subject.spelled(f'FROM {call}')[5:]} WHERE links > 1\n)"
    )
