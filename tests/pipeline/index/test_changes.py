"""What the view `link_changes` tells: anchors, positions and rels that changed, and when."""

from __future__ import annotations

import pytest

from tests.pipeline.index.site import Site
from tests.support.records import Link

pytestmark = pytest.mark.engine


def test_a_link_that_looks_as_ever_has_not_changed(site: Site) -> None:
    site.seen(1, 2, 3)
    assert site.changes() == []


def test_a_change_lies_between_the_last_old_and_the_first_new_look(site: Site) -> None:
    for at, anchor in [(1, "old"), (3, "old"), (6, "new"), (9, "new")]:
        site.visit(at, Link(site.link, anchor=anchor))
    assert site.changes() == [("anchor", "old", "new", "3", "6")]


def test_rel_and_position_change_too(site: Site) -> None:
    site.visit(1, Link(site.link))
    site.visit(2, Link(site.link, rel=5))
    site.visit(3, Link(site.link, rel=2, position="footer"))
    assert site.changes() == [
        ("rel", "", "nofollow sponsored", "1", "2"),
        ("position rel", "main", "footer", "nofollow sponsored", "ugc", "2", "3"),
    ]


def test_a_change_and_back_is_two_changes(site: Site) -> None:
    for at, anchor in [(1, "A"), (2, "A"), (5, "B"), (9, "A")]:
        site.visit(at, Link(site.link, anchor=anchor))
    assert site.changes() == [("anchor", "A", "B", "1", "5"), ("anchor", "B", "A", "5", "9")]


def test_late_and_repeated_sightings_come_to_the_same(site: Site) -> None:
    for at, anchor in [(6, "new"), (3, "old"), (9, "new"), (1, "old"), (3, "old")]:
        site.visit(at, Link(site.link, anchor=anchor), source="warc" if at == 1 else "crawl")
        site.update()
    assert site.changes() == [("anchor", "old", "new", "3", "6")]


@pytest.mark.parametrize("source", ["wat", "list"])
def test_what_knows_less_of_a_link_tells_no_change(site: Site, source: str) -> None:
    site.visit(1, Link(site.link, anchor="A", position="footer"))
    site.visit(2, Link(site.link, anchor=""), source=source, complete=False)
    site.visit(3, Link(site.link, anchor="A", position="footer"))
    assert site.changes() == []


def test_links_of_a_page_don_t_mix(site: Site) -> None:
    other = f"{site.link}other"
    site.visit(1, Link(site.link, anchor="A"), Link(other, anchor="B"))
    site.visit(2, Link(site.link, anchor="A"), Link(other, anchor="C"))
    assert site.changes() == [("anchor", "B", "C", "1", "2")]
