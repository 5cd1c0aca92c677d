"""What the frontier holds, in figures and URL by URL."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from pipeline.frontier.plan import frontier_rows
from pipeline.report.frontier import barred
from pipeline.store import Value, rows, sql
from pipeline.url import canonical
from tests.pipeline.said import controls, said
from tests.support.records import START, page, write
from tests.support.stores import AnyStore

NOW = START // 1000
KNOWN = [
    "https://a.org/",
    "https://a.org/new",
    "http://www.a.org:81/",
    "https://b.org/",
    "https://c.org/",
]


def test_a_page_of_a_list_is_wanted_if_we_looked_at_it_before_that(store: AnyStore) -> None:
    for path, looked in (("a", START - 1), ("b", START + 1_000), ("c", 0)):
        url = f"https://s.org/{path}"
        visits = [page(url, START, source="list", inner=[url], complete=False)]
        write(store, [*visits, *([page(url, looked)] if looked else [])], START)
    asked = "SELECT path, max(wanted) > bitShiftRight(max(fetched), 32) AS asked, min(hops) AS hops"
    found = store.query(f"{asked} FROM frontier WHERE domain = 's.org' GROUP BY path ORDER BY path")
    told = [(row["path"], row["asked"], row["hops"]) for row in rows(found)]
    assert told == [("/a", 1, 0), ("/b", 0, 0), ("/c", 1, 0)]


@pytest.fixture
def known(store: AnyStore) -> AnyStore:
    """a.org: one fetched, one leased, one blocked with its host; b.org fails; c.org is new."""
    store.insert(
        "frontier_in",
        frontier_rows(
            [canonical(url) for url in KNOWN], hops=0, discovered=NOW - 9, wanted=NOW - 9
        ),
    )
    visits = [page("https://a.org/", START - 5_000), page("https://b.org/", START, outcome="error")]
    write(store, visits, START)
    lease = {"domain": ["a.org"], "host": ["a.org"], "path": ["/new"]}
    store.insert(
        "frontier_in", pa.table({**lease, "leased": pa.array([NOW << 32 | NOW + 300], pa.uint64())})
    )
    return store


def stats(store: AnyStore, *, buckets: int = 1024, most: int = 10) -> list[dict[str, Any]]:
    heard = controls(
        said(1, "block", "www.a.org"),
        said(2, "suppress", "a.org/new"),
        said(3, "block", "b.org"),
        said(4, "block", "b.org", 0),
    )
    given: dict[str, Value] = {
        "buckets": buckets,
        "now": NOW,
        "rows": most + 1,
        "barred": barred(heard),
    }
    return rows(store.query(sql("pipeline/frontier/stats"), given))


def test_known_due_leased_failing_and_blocked_are_told_in_all_and_by_domain(
    known: AnyStore,
) -> None:
    told = stats(known)
    names = ("domain", "known", "fetched", "due", "leased", "failing", "blocked", "hosts")
    assert [tuple(row[name] for name in names) for row in told] == [
        ("", 5, 2, 1, 1, 1, 1, 4),
        ("a.org", 3, 1, 0, 1, 0, 1, 2),
        ("b.org", 1, 1, 0, 0, 1, 0, 1),
        ("c.org", 1, 0, 1, 0, 0, 0, 1),
    ]
    assert stats(known, most=1) == told[:2], "those with most URLs first"
    assert [row["known"] for row in stats(known, buckets=1)][:1] != [5]


@pytest.mark.embedded
def test_of_a_host_or_domain_each_url_is_told(known: AnyStore) -> None:
    def urls(domain: str, host: str = "") -> list[dict[str, Any]]:
        given: dict[str, Value] = {"domain": domain, "host": host, "rows": 10}
        return rows(known.query(sql("pipeline/frontier/urls"), given))

    found = {row["url"]: row for row in urls("a.org")}
    assert found.keys() == set(KNOWN[:3])
    assert urls("a.org", "www.a.org") == [found["http://www.a.org:81/"]]
    fetched = found["https://a.org/"]
    assert (fetched["fetched_s"], fetched["outcome"], fetched["failed"]) == (NOW - 5, "ok", 0)
    assert fetched["due_s"] - fetched["fetched_s"] == fetched["interval_s"] > 0
    assert found["https://a.org/new"]["leased_until"] == NOW + 300
    (failing,) = urls("b.org")
    assert (failing["outcome"], failing["failed"]) == ("error", 1)
