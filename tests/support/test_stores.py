"""A database that is used again is as a new one, or it is not used again."""

from __future__ import annotations

import pytest

from tests.support.records import START, page, write
from tests.support.stores import AnyStore, Databases, statements, tables


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
