"""The verdict on each link, from what was found: a table of cases."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pipeline.lists.verify import VERDICTS, Looked, Redirects, Sighting, Visit, judged, verified
from tests.pipeline.lists.test_records import listed
from tests.support.records import TODAY, page, write
from tests.support.stores import AnyStore

LINK = listed("a.example/page")
SEEN = Sighting("mine.example", "mine.example/", True, "a", 0, "found")


def visit(outcome: str = "ok", status: int = 200, whole: bool = True, **more: Any) -> Visit:
    return Visit(
        outcome, status, whole, **{"incomplete": "", "final_url": "", "visited": 1, **more}
    )


@pytest.mark.parametrize(
    ("found", "sighting", "verdict"),
    [
        (visit(), SEEN, "live"),
        (visit(), SEEN._replace(rel=2), "nofollow"),
        (visit(), SEEN._replace(target="mine.example/else"), "missing"),
        (visit(), SEEN._replace(target_domain="else.example"), "missing"),
        (visit(), None, "missing"),
        (visit(whole=False, incomplete="challenge"), None, "unclear"),
        (visit(whole=False, incomplete="cut"), SEEN, "live"),
        (visit("gone", 410), None, "gone"),
        (visit("redirect", 301, final_url="https://else.example/"), None, "redirected"),
        (visit("redirect", 301, final_url="https://a.example/unvisited"), None, "redirected"),
        (visit("robots", 0, incomplete="robots.txt"), None, "robots"),
        (visit("robots", 0, incomplete="robots.txt: too many wildcards"), None, "robots"),
        (visit("robots", 0, incomplete="robots.txt: dns"), None, "unreachable"),
        (visit("robots", 0, incomplete="robots.txt: connection"), None, "unreachable"),
        (visit("robots", 0, incomplete="robots.txt: timeout"), None, "unreachable"),
        (visit("robots", 0, incomplete="robots.txt: status 500"), None, "unreachable"),
        (visit("robots", 0, incomplete="robots.txt: not whole"), None, "unreachable"),
        (visit("robots", 0, incomplete="robots.txt: status 429"), None, "blocked"),
        (visit("robots", 0, incomplete="robots.txt: barred"), None, "not fetched"),
        (visit("robots", 0, incomplete="robots.txt: port"), None, "not fetched"),
        (visit("robots", 0, incomplete="robots.txt: private"), None, "not fetched"),
        (visit("blocked", 403), None, "blocked"),
        (visit("timeout", 0), None, "unreachable"),
        (visit("error", 500), None, "unreachable"),
        (visit("refused", 0, incomplete="size"), None, "unclear"),
        (visit("refused", 0, incomplete="headers"), None, "unclear"),
        (visit("refused", 0, incomplete="private"), None, "not fetched"),
        (visit("refused", 0, incomplete="port"), None, "not fetched"),
        (visit("skipped", 0), None, "not fetched"),
        (None, None, "not fetched"),
    ],
)
def test_the_verdict(found: Visit | None, sighting: Sighting | None, verdict: str) -> None:
    told = judged(
        LINK,
        Looked({LINK.page: found} if found else {}, {LINK.page: [sighting]} if sighting else {}),
    )
    assert told["verdict"] == verdict
    assert verdict in VERDICTS


def test_a_followed_link_goes_before_one_that_is_not() -> None:
    sightings = {LINK.page: [SEEN._replace(rel=1, kind="img-link"), SEEN]}
    assert judged(LINK, Looked({LINK.page: visit()}, sightings))["verdict"] == "live"


@pytest.mark.parametrize(
    ("found", "kind", "why"),
    [
        (visit(noindex=True), "a", "noindex"),
        (visit(elsewhere=True), "a", "canonicalised"),
        (visit(noindex=True, elsewhere=True), "a", "noindex"),
        (visit(whole=False, incomplete="cut", noindex=True), "a", "noindex"),
        (visit(whole=False, incomplete="cut"), "a", "cut"),
        (visit(elsewhere=True), "canonical", ""),
        (visit(), "a", ""),
    ],
)
def test_why_says_that_the_page_of_a_link_is_left_out_of_search(
    found: Visit, kind: str, why: str
) -> None:
    seen = {LINK.page: [SEEN._replace(kind=kind)]}
    told = judged(LINK, Looked({LINK.page: found}, seen))
    assert (told["verdict"], told["why"]) == ("live", why)
    missing = judged(LINK, Looked({LINK.page: found}, {}))
    assert missing["why"] not in ("noindex", "canonicalised"), "there is no link to count"


def test_what_the_store_has_of_a_page_is_told_and_counted(store: AnyStore) -> None:
    to = ["https://mine.example/"]
    visits = [
        page("https://a.example/out", TODAY, to, noindex=True),
        page("https://a.example/for", TODAY, to, canonical="https://a.example/whole"),
        page("https://a.example/self", TODAY, to, canonical="https://a.example/self"),
        page("https://a.example/was", TODAY - 1000, to, noindex=True),
        page("https://a.example/was", TODAY, to),
        page("https://a.example/bomb", TODAY, outcome="refused", incomplete="size"),
    ]
    write(store, visits, TODAY)
    links = [listed(f"a.example/{path}") for path in ("bomb", "for", "out", "self", "was")]
    counts: Counter[tuple[str, str]] = Counter()
    told = [
        (row["verdict"], row["why"])
        for batch in verified(store, links, TODAY - 1000, counts)
        for row in batch.to_pylist()
    ]
    assert told == [
        ("unclear", "size"), ("live", "canonicalised"), ("live", "noindex"), ("live", ""),
        ("live", ""),
    ]  # fmt: skip
    assert counts == {
        ("unclear", ""): 1, ("live", "canonicalised"): 1, ("live", "noindex"): 1, ("live", ""): 2,
    }  # fmt: skip


def test_a_redirect_within_the_site_is_followed_and_a_ring_ends() -> None:
    moved = visit("redirect", 301, final_url="https://a.example/new")
    new = ("a.example", "a.example", "/new")
    told = judged(LINK, Looked({LINK.page: moved, new: visit()}, {new: [SEEN]}))
    assert (told["verdict"], told["via"]) == ("live", "https://a.example/new")
    ring = visit("redirect", 302, final_url="https://a.example/page")
    assert judged(LINK, Looked({LINK.page: ring}, {}))["verdict"] == "redirected"


def test_redirects_are_asked_for_once_within_their_site_and_some_hops_far(store: AnyStore) -> None:
    def redirect(path: str, to: str) -> None:
        write(
            store,
            [page(f"https://a.example/{path}", TODAY, outcome="redirect", final_url=to)],
            TODAY,
        )

    redirect("old", "https://www.a.example/new")
    redirect("away", "https://b.example/")
    redirect("back", "https://a.example/old")
    more = Redirects()
    assert [url.url for url in more(store, TODAY)] == ["https://www.a.example/new"]
    assert list(more(store, TODAY)) == []
    for number in range(9):
        redirect(f"trap{number}", f"https://a.example/trap{number + 1}")
        if number >= 3:
            assert list(more(store, TODAY)) == []
        else:
            assert [url.path for url in more(store, TODAY)] == [f"/trap{number + 1}"]


def test_more_redirects_than_a_round_takes_are_asked_for_in_the_next_ones(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.lists.verify._REDIRECTS", 2)
    pages = [
        page(f"https://a.example/old{number}", TODAY, outcome="redirect",
             final_url=f"https://a.example/new{number}")
        for number in range(13)
    ]  # fmt: skip
    write(store, pages, TODAY)
    more = Redirects()
    rounds = [sorted(url.path for url in more(store, TODAY)) for _ in range(8)]
    assert [len(found) for found in rounds] == [2, 2, 2, 2, 2, 2, 1, 0]
    assert len({path for found in rounds for path in found}) == 13
