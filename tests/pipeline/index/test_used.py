"""Questions about how links are used answer the same, however many tables they are asked of."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pipeline.index import used
from pipeline.index.lifecycle import Lifecycle
from pipeline.index.questions import Index
from pipeline.index.target import Mode
from pipeline.store import Store
from tests.pipeline.index import small_web
from tests.pipeline.index.small_web import SmallWeb, bare
from tests.support.records import START, Link, page, write


def answers(web: SmallWeb, target: str) -> list[list[tuple[Any, ...]]]:
    index = Index(web.store)
    parts: dict[Mode, str] = {
        "domain": target, "url": f"{target}/",
        "prefix": f"{target}/blog/*", "host": f"www.{target}",
    }  # fmt: skip
    return [
        [msgspec.structs.astuple(row) for row in ask(part, mode, limit=1_000)]
        for ask in (index.anchors, index.terms, index.pages)
        for mode, part in parts.items()
    ]


@pytest.mark.engine
def test_pages_that_lead_on_within_a_target_may_be_given_or_looked_up(
    shared_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = SmallWeb(shared_store, 31)
    ways = used._ways(web.store, web.target)
    assert ways == {
        "led": [bare(web.targets[2])], "ends": [bare(web.targets[0])], "ends_https": [1],
    }  # fmt: skip
    given = answers(web, web.target)
    assert all(given)
    assert any(row[-1] for row in given[1]), "of its home page some are indirect"
    for most in ("_WAYS", "_LETTERS"):
        with monkeypatch.context() as patch:
            patch.setattr(used, most, 0)
            assert used._ways(web.store, web.target) is None
            assert answers(web, web.target) == given, most


@pytest.mark.engine
def test_ways_from_another_domain_are_looked_up(shared_store: Store) -> None:
    web = SmallWeb(shared_store, 32, sources=4)
    other = f"https://to-{web.target}/"
    before = answers(web, web.target)
    web.add(
        page(other, START, outcome="redirect", final_url=web.targets[0]),
        page("https://one.example/", START, [web.link(other, "a")._replace(anchor="so it is")]),
    )
    assert used._ways(web.store, web.target) is None
    told = answers(web, web.target)
    assert ("so it is", "words", 1, 1) in [row[:4] for row in told[0]]
    assert sum(row[-1] for row in told[0]) == 1 + sum(row[-1] for row in before[0])
    assert told[3] == before[3], "of another host"


def test_what_leads_on_is_given_over_any_connection(shared_store: Store) -> None:
    odd, at = "https://odd.example/it's?a=[1,%202]", next(small_web._arrivals)
    write(
        shared_store,
        [
            page("https://says.example/", START, [Link(odd, anchor="x")]),
            page(odd, START, outcome="redirect", final_url="https://odd.example/new"),
        ],
        at,
    )
    Lifecycle(shared_store, 0, clock=lambda: next(small_web._arrivals) / 1000).run()
    ways = used._ways(shared_store, "odd.example")
    assert ways == {"led": [bare(odd)], "ends": ["odd.example/new"], "ends_https": [1]}
    told = Index(shared_store).pages("odd.example", "domain").rows()
    assert [(row.url, row.links, row.indirect) for row in told] == [
        (odd, 1, 0), ("https://odd.example/new", 1, 1),
    ]  # fmt: skip
    assert Index(shared_store).anchors("nobody.example").rows() == []
