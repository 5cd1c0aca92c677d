"""The verdict on each link, from what was found: a table of cases."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.lists.verify import VERDICTS, Looked, Redirects, Sighting, Visit, judged
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
        (visit("robots", 0), None, "robots"),
        (visit("blocked", 403), None, "blocked"),
        (visit("timeout", 0), None, "unreachable"),
        (visit("error", 500), None, "unreachable"),
        (visit("refused", 0), None, "not fetched"),
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
