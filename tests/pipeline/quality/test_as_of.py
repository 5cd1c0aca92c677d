"""Nothing that came after a snapshot's time is in it: whatever is written later, scored again for
the same time it comes out the same."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.index.lifecycle import Lifecycle
from pipeline.page import Page
from pipeline.quality.score import PARTS, score
from pipeline.settings import ScoreSettings
from pipeline.store import Store, rows
from tests.support.records import DAY, START, TODAY, Link, page, write
from tests.support.stores import AnyStore

THEN = TODAY - 10 * DAY  # losses of days to come are not told yet
LATER = THEN + DAY
NEW = "new.org"


def web(at: int) -> list[Page]:
    return [
        page("https://a.org/", at, [Link("https://b.org/", anchor="bakers"), "https://c.org/"]),
        page("https://b.org/", at, ["https://c.org/", "https://a.org/x"], language="en"),
        page("https://www.c.org/", at, ["https://a.org/"]),
        page("https://d.org/", at),
    ]


LATER_PAGES: dict[str, list[Page]] = {
    "more": [
        page("https://d.org/", LATER, ["https://a.org/", Link("https://c.org/", rel=1)]),
        page(f"https://{NEW}/", LATER, ["https://b.org/"]),
        page("https://blog.a.org/", LATER, ["https://b.org/x"]),
        page("https://a.org/more", LATER),
        page("https://e.org/", LATER, ["https://a.org/"], source="list", complete=False),
    ],
    "the same again": web(LATER),
    "less": [
        *(page("https://a.org/", LATER + n * DAY) for n in (0, 1)),
        *(page("https://b.org/", LATER + n * DAY, outcome="gone") for n in (0, 1)),
        page("https://www.c.org/", LATER, ["https://a.org/"], noindex=True),
    ],
}


def scored(store: Store) -> dict[str, list[dict[str, Any]]]:
    """The snapshot of then, anew."""
    made = score(store, ScoreSettings(), seeds=("a.org",), as_of=THEN)
    assert made is not None
    assert made.snapshot == THEN
    order = {"domain_quality": "domain", "domain_edges": "target_domain, source_domain"}
    # How many links its pages have is what their latest visits say: docs/features.md tells so.
    latest = {"domain_quality": "damping", "domain_edges": "page_links"}
    return {
        table: rows(
            store.query(
                f"SELECT * EXCEPT {latest[table]} FROM {table} "
                f"WHERE snapshot = {THEN} ORDER BY {keys}"
            )
        )
        for table, keys in order.items()
    }


@pytest.mark.parametrize("what", LATER_PAGES)
@pytest.mark.engine
def test_what_comes_later_changes_nothing_as_of_before(store: AnyStore, what: str) -> None:
    write(store, web(START), THEN)
    Lifecycle(store, 0).run()
    before = scored(store)
    assert before["domain_quality"]
    write(store, LATER_PAGES[what], LATER + 2 * DAY)
    Lifecycle(store, 0).run()
    after = scored(store)
    for table in before:
        for old, new in zip(before[table], after[table], strict=True):
            assert old == new


@pytest.mark.engine
def test_what_comes_later_is_in_the_next_snapshot(store: AnyStore) -> None:
    """So that the test above could fail."""
    write(store, web(START), THEN)
    scored(store)
    write(store, LATER_PAGES["more"], LATER + 1_000)
    score(store, ScoreSettings(), seeds=("a.org",))
    found = rows(
        store.query("SELECT snapshot, count() AS n FROM domain_quality GROUP BY 1 ORDER BY 1")
    )
    assert [row["n"] for row in found] == [4, 6]


def test_every_part_that_asks_the_store_tells_it_the_snapshot() -> None:
    """Of each part's own `.sql`, by what its module names: what reads pages or links is bounded."""
    import inspect
    import re

    from pipeline.store import sql

    asked = set()
    for part in PARTS:
        module = inspect.getmodule(part.add)
        assert module is not None
        asked |= set(re.findall(r'sql\("(pipeline/quality/\w+)"\)', inspect.getsource(module)))
    for name in {*asked, "pipeline/quality/edges", "pipeline/quality/pages"}:
        text = sql(name)
        if re.search(r"\bFROM (?:link_states|links|pages|page_links)\b", text):
            assert "{snapshot:UInt64}" in text, f"{name}.sql reads what came after the snapshot"
