"""What the view `backlinks` tells of a link: moves, schemes, kinds, columns."""

from __future__ import annotations

from tests.pipeline.index.site import Site, day
from tests.support.records import Link


def test_a_link_that_stands_on_another_page_by_now_has_moved(site: Site) -> None:
    site.seen(1)
    site.without(2, 3)
    assert [row["reason"] for row in site.backlinks()] == ["removed"]
    site.seen(3, url=f"https://{site.source}/new")
    new, old = site.backlinks()
    assert (old["state"], old["reason"]) == ("lost", "moved")
    assert (new["state"], new["reason"]) == ("live", "")


def test_a_link_that_stood_on_both_pages_has_not_moved(site: Site) -> None:
    site.seen(0, url=f"https://{site.source}/other")
    site.seen(1)
    site.without(2, 3)
    assert {row["reason"] for row in site.backlinks()} == {"", "removed"}


def test_another_domains_link_is_no_move(site: Site) -> None:
    site.seen(1)
    site.without(2, 3)
    site.seen(3, url=f"https://{site.source}-elsewhere.org/")
    assert {row["reason"] for row in site.backlinks()} == {"", "removed"}


def test_the_scheme_is_no_part_of_the_link(site: Site) -> None:
    """A site that moves to https loses no link and finds none."""
    site.visit(1, f"http://{site.target}/", url=f"http://{site.source}/page")
    site.visit(2, f"https://{site.target}/", url=f"https://{site.source}/page")
    site.visit(3, f"https://{site.target}/", url=f"https://{site.source}/page")
    (found,) = site.backlinks()
    assert found["state"] == "live"
    assert found["first_seen"].timestamp() * 1000 == day(1)
    assert found["source_url"].startswith("https:")
    assert found["target_url"].startswith("https:")


def test_kinds_are_links_of_their_own(site: Site) -> None:
    site.visit(1, Link(site.link), Link(site.link, kind="iframe"))
    site.visit(2, Link(site.link))
    site.visit(3, Link(site.link))
    assert [(r["kind"], r["state"]) for r in site.backlinks()] == [
        ("a", "live"),
        ("iframe", "lost"),
    ]


def test_what_the_latest_sighting_said_is_what_is_told(site: Site) -> None:
    site.visit(1, Link(site.link, anchor="old", rel=1, position="footer"))
    site.visit(3, Link(site.link, anchor="new", rel=6, position="main"))
    site.visit(2, Link(site.link, anchor="between", rel=0, position="nav"))
    (found,) = site.backlinks()
    assert (found["anchor"], found["position"]) == ("new", "main")
    assert (found["nofollow"], found["ugc"], found["sponsored"]) == (0, 1, 1)
    assert found["source"] == "crawl"
