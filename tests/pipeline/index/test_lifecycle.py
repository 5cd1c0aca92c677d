"""Every rule of DESIGN section 6, one by one. (test_histories.py mixes them, over the bridge.)"""

from __future__ import annotations

from typing import Any

import pytest

from tests.pipeline.index.site import Site, day
from tests.support.link_life import Life
from tests.support.records import Link

pytestmark = pytest.mark.engine


def test_a_link_that_is_seen_is_live(site: Site) -> None:
    site.seen(1, 2, 3)
    assert site.life() == Life("live", "", day(1), 0, day(3), 0)


def test_one_complete_visit_without_it_proves_nothing(site: Site) -> None:
    site.seen(1)
    site.without(2)
    assert site.life() == Life("live", "", day(1), 0, day(1), 0)


def test_two_complete_visits_without_it_remove_it(site: Site) -> None:
    site.seen(1)
    site.without(2, 3)
    assert site.life() == Life("lost", "removed", day(1), 0, day(1), day(2))


def test_the_loss_lies_between_the_last_sighting_and_the_first_visit_without_it(site: Site) -> None:
    site.seen(1, 4)
    site.without(6, 9, 12)
    found = site.life()
    assert (found.last_seen, found.lost_by) == (day(4), day(6))


def test_it_is_known_not_to_have_been_there_at_the_last_complete_visit_before(site: Site) -> None:
    site.without(1, 3)
    site.without(4, complete=False)
    site.seen(6, 7)
    assert site.life() == Life("live", "", day(6), day(3), day(7), 0)


def test_a_link_on_a_page_never_seen_before_is_merely_discovered(site: Site) -> None:
    site.seen(6)
    assert site.life().not_before == 0


@pytest.mark.parametrize("status", [404, 410])
def test_gone_once_proves_nothing_and_twice_a_loss(site: Site, status: int) -> None:
    site.seen(1)
    site.visit(2, outcome="gone", status=status)
    assert site.life().state == "live"
    site.visit(3, outcome="gone", status=status)
    assert site.life() == Life("lost", "gone", day(1), 0, day(1), day(2))


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_proves_a_loss_at_once(site: Site, status: int) -> None:
    site.seen(1)
    site.visit(2, outcome="redirect", status=status)
    assert site.life() == Life("lost", "redirected", day(1), 0, day(1), day(2))


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_temporary_redirect_proves_a_loss_the_second_time(site: Site, status: int) -> None:
    site.seen(1)
    site.visit(2, outcome="redirect", status=status)
    assert site.life().state == "live"
    site.visit(3, outcome="redirect", status=status)
    assert site.life() == Life("lost", "redirected", day(1), 0, day(1), day(2))


def test_proofs_of_different_kinds_do_not_add_up(site: Site) -> None:
    site.seen(1)
    site.without(2)
    site.visit(3, outcome="gone")
    site.visit(4, outcome="redirect", status=302)
    assert site.life().state == "live"
    site.visit(5, outcome="gone")
    assert site.life() == Life("lost", "gone", day(1), 0, day(1), day(2))


def test_a_noindex_is_a_loss_with_its_own_reason(site: Site) -> None:
    site.seen(1)
    site.seen(2, noindex=True)
    assert site.life() == Life("lost", "noindex", day(1), 0, day(2), day(2))
    site.seen(3)
    assert site.life().state == "live"


OTHER = "https://other.example/page"


def test_a_page_that_names_another_as_canonical_does_not_count_from_then_on(site: Site) -> None:
    site.seen(1, 2)
    site.seen(4, 5, canonical=OTHER)
    assert site.life() == Life("lost", "canonicalised", day(1), 0, day(5), day(4))
    site.visit(6, outcome="not_modified")
    assert site.life() == Life("lost", "canonicalised", day(1), 0, day(6), day(4))
    site.seen(7)
    assert site.life() == Life("live", "", day(1), 0, day(7), 0)


def test_a_link_that_never_counted_was_lost_at_no_time(site: Site) -> None:
    site.seen(1, 2, canonical=OTHER)
    assert site.life() == Life("lost", "canonicalised", day(1), 0, day(2), 0)
    site.without(3, 4)
    assert site.life() == Life("lost", "removed", day(1), 0, day(2), day(3))


def test_a_late_sighting_narrows_the_interval_in_which_it_stopped_to_count(site: Site) -> None:
    site.seen(1)
    site.seen(9, canonical=OTHER)
    assert site.life().lost_by == day(9)
    site.seen(6, noindex=True, source="warc")
    assert site.life().lost_by == day(6)
    site.seen(7, source="warc")
    assert site.life() == Life("lost", "canonicalised", day(1), 0, day(9), day(9))


@pytest.mark.parametrize(
    "named",
    ["https://{}/page", "http://{}/page", "http://www.{}/page/", "https://{}/page#top", ""],
)
def test_another_spelling_of_the_page_is_no_other_page(site: Site, named: str) -> None:
    site.seen(1)
    site.seen(2, canonical=named.format(site.source))
    assert site.life().state == "live"


@pytest.mark.parametrize("named", ["https://{}/page?b", "https://{}/", "https://a.{}/page"])
def test_another_page_of_the_same_site_is_another_page(site: Site, named: str) -> None:
    site.seen(1, canonical=named.format(site.source))
    assert site.life().reason == "canonicalised"


@pytest.mark.parametrize(
    ("outcome", "status", "why"),
    [
        ("ok", 200, "challenge"),
        ("ok", 200, "soft_404"),
        ("ok", 200, "capped"),
        ("error", 503, ""),
        ("timeout", 0, ""),
        ("robots", 0, ""),
        ("blocked", 403, ""),
        ("refused", 0, ""),
    ],
)
def test_what_is_no_evidence_leaves_it_live_then_unverified(
    site: Site, outcome: Any, status: int, why: str
) -> None:
    site.seen(1)
    failed = {"outcome": outcome, "status": status, "complete": False, "incomplete": why}
    site.visit(2, **failed)
    assert site.life().state == "live"
    for at in range(3, 6):
        site.visit(at, **failed)
        reason = "incomplete" if outcome == "ok" else outcome
        assert site.life() == Life("unverified", reason, day(1), 0, day(1), 0)
    site.seen(9)
    assert site.life() == Life("live", "", day(1), 0, day(9), 0)


def test_no_new_visit_leaves_it_live(site: Site) -> None:
    site.seen(1)
    for _ in range(3):
        assert site.life().state == "live"


def test_the_reason_of_a_doubt_is_the_last_failure(site: Site) -> None:
    site.seen(1)
    site.visit(2, outcome="error")
    site.visit(3, outcome="timeout")
    assert site.life().reason == "timeout"


def test_a_304_confirms(site: Site) -> None:
    site.seen(1)
    site.visit(5, outcome="not_modified")
    assert site.life() == Life("live", "", day(1), 0, day(5), 0)


def test_a_304_never_removes(site: Site) -> None:
    site.seen(1)
    site.without(2)
    site.visit(3, outcome="not_modified")
    site.visit(4, outcome="not_modified")
    assert site.life() == Life("live", "", day(1), 0, day(1), 0)


def test_a_304_ends_a_doubt(site: Site) -> None:
    site.seen(1)
    site.visit(2, outcome="error")
    site.visit(3, outcome="error")
    assert site.life().state == "unverified"
    site.visit(4, outcome="not_modified")
    assert site.life() == Life("live", "", day(1), 0, day(4), 0)
    site.visit(5, outcome="error")
    assert site.life().state == "live", "one failure since"
    site.visit(6, outcome="error")
    assert site.life().state == "unverified"


def test_a_page_that_was_gone_and_is_unmodified_has_its_links_again(site: Site) -> None:
    site.seen(1)
    site.visit(2, outcome="gone")
    site.visit(3, outcome="gone")
    assert site.life().reason == "gone"
    site.visit(4, outcome="not_modified")
    assert site.life() == Life("live", "", day(1), 0, day(4), 0)
    site.without(5, 6)
    assert site.life() == Life("lost", "removed", day(1), 0, day(4), day(5))


def test_a_304_that_confirms_another_body_is_found_out_late(site: Site) -> None:
    """An archive brings a visit from in between."""
    site.seen(1)
    site.visit(5, outcome="not_modified")
    assert site.life().last_seen == day(5)
    site.without(3, source="warc")
    assert site.life() == Life("live", "", day(1), 0, day(1), 0)


def test_a_wat_never_unseats_a_crawl(site: Site) -> None:
    site.seen(1)
    site.without(2, 3, 4, source="wat")
    assert site.life().state == "live"
    site.without(5, 6)
    assert site.life() == Life("lost", "removed", day(1), 0, day(1), day(5))


@pytest.mark.parametrize("source", ["crawl", "warc", "wat"])
def test_a_source_as_thorough_unseats_a_wat(site: Site, source: Any) -> None:
    site.seen(1, source="wat")
    site.without(2, 3, source=source)
    assert site.life().reason == "removed"


def test_where_two_sources_saw_it_at_once_the_lesser_counts(site: Site) -> None:
    """As an archive's WARC and its WAT, which are of one visit."""
    site.seen(1, source="warc")
    site.seen(1, source="wat")
    site.without(2, 3, source="wat")
    assert site.life() == Life("lost", "removed", day(1), 0, day(1), day(2))


def test_a_list_says_only_that_a_link_is_there(site: Site) -> None:
    site.seen(1, source="list", complete=False)
    told = Life("unverified", "list", day(1), 0, day(1), 0)
    assert site.life() == told
    site.without(2, 3, source="list", complete=False)
    assert site.life() == told, "no loss"
    site.visit(4, outcome="not_modified")
    assert site.life() == told, "nor is it a body that a 304 would mean"


def test_a_link_of_a_list_is_live_once_it_is_seen(site: Site) -> None:
    site.seen(1, source="list", complete=False)
    site.seen(2)
    assert site.life() == Life("live", "", day(1), 0, day(2), 0)
    (found,) = site.backlinks()
    assert found["source"] == "crawl"


def test_a_link_of_a_list_that_is_not_there_is_lost_as_any_other(site: Site) -> None:
    site.seen(1, source="list", complete=False)
    site.without(2)
    assert site.life() == Life("unverified", "list", day(1), 0, day(1), 0)
    site.visit(3, outcome="not_modified")  # which means the body of the day before
    site.without(4)
    assert site.life() == Life("lost", "removed", day(1), 0, day(1), day(2))


def test_a_304_confirms_no_list(site: Site) -> None:
    """It means a body, and none was read since."""
    site.seen(1, source="list", complete=False)
    site.visit(2, outcome="gone")
    site.visit(3, outcome="not_modified")
    site.visit(4, outcome="gone")
    assert site.life() == Life("lost", "gone", day(1), 0, day(1), day(2))


def test_a_list_unseats_nothing_that_we_saw(site: Site) -> None:
    """A list that comes later says neither that it is unverified nor that it is back."""
    site.seen(1)
    site.seen(4, source="list", complete=False)
    assert site.life() == Life("live", "", day(1), 0, day(1), 0)
    site.without(2, 3)
    assert site.life() == Life("lost", "removed", day(1), 0, day(1), day(2))


def test_a_sighting_that_comes_late_goes_before_a_list_of_a_later_day(site: Site) -> None:
    site.seen(6, source="list", complete=False)
    site.without(7)
    assert site.life() == Life("unverified", "list", day(6), 0, day(6), 0)
    site.seen(2, source="warc")
    assert site.life() == Life("live", "", day(2), 0, day(2), 0)
    site.without(3)
    assert site.life() == Life("lost", "removed", day(2), 0, day(2), day(3))


def test_the_anchor_of_a_list_is_told_until_there_is_one_of_our_own(site: Site) -> None:
    site.visit(5, Link(site.link, anchor="of a list", rel=1), source="list", complete=False)
    (found,) = site.backlinks()
    assert (found["anchor"], found["nofollow"], found["source"]) == ("of a list", 1, "list")
    site.visit(2, Link(site.link, anchor="our own"))
    (found,) = site.backlinks()
    assert (found["anchor"], found["nofollow"], found["source"]) == ("our own", 0, "crawl")


def test_a_site_that_a_list_names_without_a_page_is_told_until_the_page_is_read(
    site: Site,
) -> None:
    some = f"https://{site.target}/*"
    site.visit(1, some, source="list", complete=False)
    site.visit(2, outcome="error")
    assert [(r["target_url"], r["state"], r["reason"]) for r in site.backlinks()] == [
        (some, "unverified", "list")
    ]
    site.seen(3)
    assert [(r["target_url"], r["state"]) for r in site.backlinks()] == [(site.link, "live")]


def only(site: Site, *days: int, part: int = 2_000, **more: Any) -> None:
    """Imports that were told to take only some links, from archives."""
    for at in days:
        site.visit(
            at,
            complete=False,
            incomplete="filtered",
            part=part,
            parts=0xFFFF,
            source="warc",
            **more,
        )


def test_an_import_of_only_some_links_proves_no_loss_and_raises_no_doubt(site: Site) -> None:
    site.seen(1)
    only(site, 2, 3, 4, 5)
    assert site.life() == Life("live", "", day(1), 0, day(1), 0)


def test_an_import_of_only_some_links_is_no_body_that_a_304_would_confirm(site: Site) -> None:
    site.seen(1)
    only(site, 2)
    site.visit(3, outcome="not_modified")
    assert site.life().last_seen == day(3)


def test_a_link_that_an_import_of_only_some_took_is_seen(site: Site) -> None:
    site.visit(
        1, site.link, complete=False, incomplete="filtered", part=2_000, parts=0xFFFF, source="warc"
    )
    assert site.life() == Life("live", "", day(1), 0, day(1), 0)
    site.without(2, 3)
    assert site.life().state == "lost"


def test_the_same_capture_imported_whole_stays_evidence(site: Site) -> None:
    """Whichever of them came first."""
    site.seen(1)
    site.without(2, source="warc")
    only(site, 2, 3)
    site.update()
    site.without(3, source="warc")
    assert site.life() == Life("lost", "removed", day(1), 0, day(1), day(2))


def test_a_wat_before_does_not_tell_that_a_crawl_would_not_have_seen_it(site: Site) -> None:
    site.without(1, source="wat")
    site.seen(2)
    site.seen(3, source="wat")
    assert site.life().not_before == 0


def test_an_older_extractor_is_no_evidence(site: Site) -> None:
    site.without(1, extractor=1)
    site.seen(2, extractor=2)
    site.without(3, 4, extractor=1)
    assert site.life() == Life("live", "", day(2), 0, day(2), 0)
    site.without(5, 6, extractor=3)
    assert site.life().state == "lost"


def test_a_capped_page_is_no_evidence_but_what_it_has_is_seen(site: Site) -> None:
    site.seen(1, complete=False, incomplete="capped")
    site.without(2, 3, complete=False, incomplete="capped")
    assert site.life() == Life("unverified", "incomplete", day(1), 0, day(1), 0)


def test_a_page_with_a_missing_part_is_no_evidence(site: Site) -> None:
    site.seen(1)
    site.without(2, 3, part=1, parts=2)
    assert site.life() == Life("live", "", day(1), 0, day(1), 0)
    site.without(2, part=2, parts=2)
    assert site.life().state == "live"
    site.without(3, part=2, parts=2)
    assert site.life() == Life("lost", "removed", day(1), 0, day(1), day(2))


def test_a_link_is_seen_in_whichever_part_it_stands(site: Site) -> None:
    for at in (1, 2, 3):
        site.without(at, part=1, parts=2)
        site.seen(at, part=2, parts=2)
    assert site.life() == Life("live", "", day(1), 0, day(3), 0)


def test_parts_that_came_late_leave_no_doubt_behind(site: Site) -> None:
    site.seen(1)
    site.visit(2, outcome="error")
    site.without(3, part=1, parts=2)
    assert site.life().state == "live"
    site.without(3, part=2, parts=2)
    assert site.life().state == "live"


def test_a_link_that_is_found_again_is_live(site: Site) -> None:
    site.seen(1)
    site.without(2, 3)
    assert site.life().state == "lost"
    site.seen(4)
    assert site.life() == Life("live", "", day(1), 0, day(4), 0)
    site.without(5, 6)
    assert site.life() == Life("lost", "removed", day(1), 0, day(4), day(5))


def test_a_late_sighting_from_between_moves_the_loss(site: Site) -> None:
    site.seen(1)
    site.without(2, 6, 7)
    assert site.life().lost_by == day(2)
    site.seen(4, source="warc")
    assert site.life() == Life("lost", "removed", day(1), 0, day(4), day(6))
