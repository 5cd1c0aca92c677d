"""A database that is used again is as a new one, or it is not used again."""

from __future__ import annotations

import os

import pytest

from pipeline.store import rows
from pipeline.store.chdb import ChdbStore
from tests.support import stores
from tests.support.records import START, page, write
from tests.support.stores import AnyStore, Databases, Made, statements, tables


def again(databases: Databases, *changes: str) -> tuple[AnyStore, AnyStore]:
    """The database after a test with these changes, and the next test's."""
    used = databases.migrated()
    write(used, [page("https://a.example/", START, ["https://b.example/"])], START)
    assert sum(table.rows for table in tables(used).values()) > 5
    for statement in changes:
        used.execute(statement)
    databases.give_back(used)
    return used, databases.migrated()


def test_it_has_nothing_in_it(databases: Databases) -> None:
    new = databases.migrated()
    used, found = again(databases)
    assert found.database == used.database
    assert statements(found) == statements(new)
    assert [table.rows for table in tables(found).values()] == [
        table.rows for table in tables(new).values()
    ]
    databases.give_back(found)
    databases.give_back(new)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE links MODIFY SETTING fsync_after_insert = 0",
        "DROP TABLE marks",
        "CREATE TABLE more (a UInt8) ENGINE = Memory",
        "TRUNCATE TABLE migrations",
    ],
)
def test_one_of_another_schema_is_not_used_again(databases: Databases, statement: str) -> None:
    used, found = again(databases, statement)
    assert found.database != used.database
    databases.give_back(found)


@pytest.mark.embedded
def test_of_one_that_was_made_a_while_ago_it_is_told_by_when_its_tables_changed(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = databases.migrated()
    assert isinstance(used, ChdbStore)
    where = "SELECT metadata_path AS path FROM system.tables WHERE database = currentDatabase()"
    for row in rows(used.query(where)):
        os.utime(used.directory / row["path"], (10, 10))  # a while ago
    made = Made(used)
    made._made_at -= 3
    monkeypatch.setattr(stores, "statements", lambda _: pytest.fail("that is dear"))
    assert made.is_still(used, tables(used))
    used.execute("ALTER TABLE links MODIFY SETTING fsync_after_insert = 0")
    assert not made.is_still(used, tables(used))
    databases.drop(used)
