"""Only what links to some domains: seen there, and evidence of nothing else."""

from __future__ import annotations

import json

import pytest

from pipeline.errors import UsageError
from pipeline.page import MAX_RECORD, decode, encode
from spiders.archive.targets import FILTERED, Targets
from tests.support.records import START, Link, page

LINKS = [
    Link("https://wanted.example/1"),
    Link("https://other.example/"),
    Link("https://www.wanted.example/2", anchor="two", before="b", after="a", times=3),
]
PAGE = page(
    "https://source.example/",
    START,
    LINKS,
    etag="e",
    last_modified="l",
    inner=["https://source.example/x"],
    source="warc",
)


def test_without_domains_a_page_stays_as_it_is() -> None:
    assert Targets().of(PAGE) == [PAGE]
    assert Targets().may_be_in(b"")


def test_only_links_to_the_domains_are_kept_whole() -> None:
    (kept,) = Targets(["wanted.example"]).of(PAGE)
    assert kept.external.target == [LINKS[0].target, LINKS[2].target]
    assert kept.external.anchor[1] == "two"
    assert (kept.external.ordinal, kept.external.count) == ([0, 2], [1, 3])
    assert decode(encode(kept)) == kept


def test_a_page_of_some_links_is_never_evidence_and_no_visit_is_compared_with_it() -> None:
    for name in ("wanted.example", "other.example"):
        (kept,) = Targets([name]).of(PAGE)
        assert (kept.complete, kept.incomplete) == (False, FILTERED)
        assert (kept.etag, kept.last_modified, kept.digest) == ("", "", "")
        assert kept.internal.target == []


def test_a_canonical_is_kept_but_of_a_page_that_leads_elsewhere_at_once() -> None:
    for why, kept in (("cut", "https://c.example/"), ("refresh", "")):
        made = page(
            "https://source.example/",
            START,
            LINKS,
            complete=False,
            incomplete=why,
            canonical="https://c.example/",
        )
        assert [part.canonical for part in Targets(["wanted.example"]).of(made)] == [kept]


def test_a_page_with_every_link_to_them_is_no_evidence_either() -> None:
    (kept,) = Targets(["wanted.example", "other.example"]).of(PAGE)
    assert (len(kept.external), kept.complete) == (3, False)


def test_a_page_without_a_link_to_them_is_none() -> None:
    assert Targets(["else.example"]).of(PAGE) == []


def test_a_redirect_has_but_one_link_and_stays_evidence() -> None:
    led = page(
        "https://source.example/", START, [LINKS[0]._replace(kind="redirect")], outcome="redirect"
    )
    assert Targets(["wanted.example"]).of(led) == [led]
    assert Targets(["other.example"]).of(led) == []


def test_parts_of_other_imports_have_other_numbers() -> None:
    """In the store a record of the same page, time and part takes the other's place."""
    (one,) = Targets(["wanted.example"]).of(PAGE)
    (two,) = Targets(["other.example"]).of(PAGE)
    assert len({one.part, two.part, PAGE.part}) == 3
    assert 1_000 <= one.part <= one.parts, "and than any part of the whole page"
    assert Targets(["wanted.example"]).of(PAGE)[0].part == one.part


def test_a_page_of_many_links_is_cut_into_parts_that_any_log_takes() -> None:
    many = [
        Link(
            f"https://wanted.example/{i}/{'x' * 1_900}",
            anchor="€" * 300,
            before="€" * 120,
            after="€" * 120,
        )
        for i in range(2_000)
    ]
    kept = Targets(["wanted.example"]).of(page("https://source.example/", START, many))
    assert [target for part in kept for target in part.external.target] == [m.target for m in many]
    assert len({part.part for part in kept}) == len(kept)
    assert max(len(encode(part)) for part in kept) < 500_000 < MAX_RECORD
    assert max(part.part for part in kept) <= 0xFFFF


@pytest.mark.parametrize(
    "name", ["wanted.example", "www.wanted.example", "https://wanted.example/x", "WANTED.example"]
)
def test_a_domain_may_be_given_by_any_of_its_hosts(name: str) -> None:
    assert Targets([name]).domains == {"wanted.example"}


@pytest.mark.parametrize("name", ["", "co.uk", "mailto:x@y", "a b", "192.0.2.1"])
def test_what_is_no_registered_domain_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        Targets([name])
    assert "\n" not in str(refused.value)
    assert repr(name) in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "<a href=https://wanted-site.example/>",
        "<a href=HTTPS://Wanted-Site.EXAMPLE/>",
        "<a href='https&#58;&#x2f;&#x2f;wanted&#45;site&#46;example'>",
        "<a href='https://wanted%2Dsite.example/'>",
        json.dumps({"url": "https://www.wanted-site.example/x"}),
        "<a href=//wanted-site.example>",
    ],
)
def test_a_page_with_a_link_to_them_is_never_passed_over(text: str) -> None:
    assert Targets(["wanted-site.example", "x.example"]).may_be_in(text.encode())


def test_a_page_without_their_names_is_passed_over() -> None:
    assert not Targets(["wanted.example"]).may_be_in(b"<a href=https://other.example/>")


@pytest.mark.parametrize("name", ["ab.cd", "bücher.example"])
def test_a_name_that_can_stand_in_many_ways_passes_nothing_over(name: str) -> None:
    assert Targets([name]).may_be_in(b"<p>x")


def test_a_page_in_two_bytes_a_letter_is_read() -> None:
    assert Targets(["wanted.example"]).may_be_in("<a href=https://wanted.example>".encode("utf-16"))
