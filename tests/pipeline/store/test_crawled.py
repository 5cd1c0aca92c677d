"""What was crawled by when is the same, whether it is told at ingest or by the migration."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.store import Store, rows
from pipeline.store.migrate import migrations
from tests.support.records import DAY, HOUR, TODAY, page, write
from tests.support.stores import AnyStore

pytestmark = pytest.mark.engine
CRAWLED = """SELECT toString(day) AS day, uniqCombined64Merge(14)(pages_visited) AS visited,
uniqCombined64Merge(14)(pages_read) AS read, uniqCombined64Merge(14)(sites_read) AS sites
FROM crawled GROUP BY day ORDER BY day"""
SITES = """SELECT domain, toString(day) AS day, uniqCombinedMerge(14)(pages_read) AS read
FROM crawled_sites GROUP BY domain, day ORDER BY domain, day"""


def told(store: Store) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return rows(store.query(CRAWLED)), rows(store.query(SITES))


@pytest.fixture
def visited(store: AnyStore) -> AnyStore:
    day = TODAY // DAY * DAY
    visits = [
        page("https://a.org/1", day),
        page("https://a.org/1", day + HOUR),
        page("http://a.org/1", day + 2 * HOUR, outcome="not_modified"),
        page("https://a.org/2", day + DAY - 1),
        page("https://a.org/1", day + DAY),
        page("https://b.org/", day, outcome="gone"),
        page("https://c.org/", day, source="list"),
        page("https://jo.github.io/", day, outcome="skipped"),
    ]
    write(store, visits, TODAY)
    write(store, visits[::-1], TODAY + 1)  # delivered again
    return store


def test_a_page_counts_once_a_day_however_often_it_is_delivered(visited: AnyStore) -> None:
    crawled, sites = told(visited)
    assert [(row["visited"], row["read"], row["sites"]) for row in crawled] == [
        (3, 2, 1),
        (1, 1, 1),
    ]
    assert [(row["domain"], row["read"]) for row in sites] == [("a.org", 2), ("a.org", 1)]


def test_the_migration_tells_what_was_visited_before_it(visited: AnyStore) -> None:
    before = told(visited)
    for table in ("crawled", "crawled_sites"):
        visited.execute(f"TRUNCATE TABLE {table}")
    (migration,) = [one for one in migrations() if one.name == "crawled"]
    made = [one for one in migration.statements if "INSERT INTO" in one]
    assert len(made) == 3
    for statement in made * 2:
        visited.execute(statement)
    assert told(visited) == before


def test_platforms_are_told_by_sites_that_are_on_one(visited: AnyStore) -> None:
    assert rows(visited.query("SELECT suffix, owner FROM platforms FINAL")) == [
        {"suffix": "github.io", "owner": "github.io"}
    ]
    visited.execute("TRUNCATE TABLE platforms")
    visited.execute(
        "INSERT INTO sites (domain, owner) "
        "VALUES ('a.org', 'a.org'), ('x.blogspot.com', 'blogspot.com')"
    )
    (migration,) = [one for one in migrations() if one.name == "crawled"]
    visited.execute(migration.statements[-1])
    assert rows(visited.query("SELECT suffix, owner FROM platforms FINAL")) == [
        {"suffix": "blogspot.com", "owner": "blogspot.com"}
    ]
