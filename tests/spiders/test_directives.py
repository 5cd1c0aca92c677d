"""Whom a page's robots directives bind, and to what: the forms that are documented and met."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.directives import MAX_READ, Directives
from spiders.settings import NAME
from tests.support.reading import OUT, read


def forbidden(header: str = "", *metas: tuple[str, str]) -> str:
    found = Directives(header)
    for name, content in metas:
        found.meta(name, content)
    return "noindex " * found.noindex + "nofollow" * found.nofollow


INDEX, FOLLOW, BOTH = "noindex ", "nofollow", "noindex nofollow"
DATES = [
    "25 Jun 2030 15:00:00 PST",  # RFC 850 and 822 and ISO 8601, as documented
    "Tuesday, 25-Jun-30 15:00:00 GMT",
    "Tue, 25 Jun 2030 15:00:00 +0000",
    "2030-06-25T15:00:00+01:00",
    "June 25, 2030, 3:00:00 PM",
]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ""),
        ("noindex", INDEX),
        ("none", BOTH),
        ("all", ""),
        ("index, follow, noarchive", ""),
        (" NoIndex ,\tNOFOLLOW,, ", BOTH),
        ("max-snippet:-1, noindex", INDEX),
        ("noindex, max-snippet: 20, max-image-preview: large, nofollow", BOTH),
        ("max-video-preview:-1,nofollow", FOLLOW),
        ("max-of-the-future: 3, nofollow", FOLLOW),
        ("noindexed, none of it", ""),
        ("index, noindex", INDEX),
        ("all, none", BOTH),
        *((f"unavailable_after: {date}, noindex", INDEX) for date in DATES),
        *((f"nofollow, unavailable_after: {date}", FOLLOW) for date in DATES),
    ],
)
def test_a_header_without_a_name_binds_everybody(header: str, expected: str) -> None:
    assert forbidden(header) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("otherbot: noindex, nofollow", ""),
        ("nofollow, otherbot: noindex", FOLLOW),
        ("google bot: noindex, none", ""),
        ("360spider: noindex, none", ""),
        ("otherbot/2.1: max-snippet:-1, noindex", ""),
        *((f"otherbot: unavailable_after: {date}, noindex", "") for date in DATES),
        ("otherbot: noindex, *: nofollow", FOLLOW),
        ("otherbot: noindex, robots: nofollow", FOLLOW),
    ],
)
def test_a_name_binds_that_bot_alone_up_to_the_next_name(header: str, expected: str) -> None:
    assert forbidden(header) == expected


def test_of_joined_headers_the_one_for_everybody_counts_only_before_a_bot_s() -> None:
    """They can not be told from one header, so that a bot's own is never taken for ours."""
    assert forbidden(", ".join(["noindex", "otherbot: nofollow"])) == INDEX
    assert forbidden(", ".join(["otherbot: nofollow", "noindex"])) == ""


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("backlinks: noindex", INDEX),
        ("Backlinks : None", BOTH),
        ("BackLinks/0.1: max-snippet:-1, nofollow", FOLLOW),
        ("otherbot: nofollow, backlinks: noindex, another: nofollow", INDEX),
        ("backlinksbot: noindex", ""),
        ("noindex, nofollow, backlinks: all", ""),
        ("none, backlinks: index, follow", ""),
        ("none, backlinks: index", FOLLOW),
        ("backlinks: index, otherbot: all, robots: none", FOLLOW),
        ("noindex, backlinks: max-snippet:-1", INDEX),
        ("all, backlinks: none", BOTH),
        ("backlinks: index, noindex", INDEX),
    ],
)
def test_what_is_said_to_us_alone_beats_what_all_are_told(header: str, expected: str) -> None:
    assert forbidden(header) == expected


@pytest.mark.parametrize(
    ("metas", "expected"),
    [
        ([("robots", "NoIndex, NOFOLLOW")], BOTH),
        ([("robots", "none")], BOTH),
        ([("robots", "index"), ("robots", "nofollow")], FOLLOW),
        ([("robots", "follow, index, max-snippet:-1, " + "max-of-it:9, " * 9 + "noindex")], INDEX),
        ([("robots", f"unavailable_after: {DATES[2]}, noindex")], INDEX),
        ([("robots", "none"), (NAME, "all")], ""),
        ([(NAME, "index"), ("robots", "none")], FOLLOW),
        ([(NAME, "noindex"), ("robots", "all")], INDEX),
    ],
)
def test_meta_elements_for_everybody_and_for_us_are_read(
    metas: list[tuple[str, str]], expected: str
) -> None:
    assert forbidden("", *metas) == expected


def test_header_and_meta_are_taken_together() -> None:
    assert forbidden("noindex", ("robots", "nofollow")) == BOTH
    assert forbidden("none", (NAME, "index")) == FOLLOW
    assert forbidden(f"{NAME}: all", ("robots", "none")) == ""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<meta name=robots content=noindex>", (True, False)),
        ("<meta name=' ROBOTS ' content=noindex>", (True, False)),
        ("<meta name=googlebot content=noindex>", (False, False)),
        ("<meta name=BackLinks content=none>", (True, True)),
        ("<meta property=robots content=noindex>", (False, False)),
    ],
)
def test_they_are_read_from_a_page(body: str, expected: tuple[bool, bool]) -> None:
    found = read(f"{body}<a href={OUT}>x</a>", x_robots_tag="otherbot: none")
    assert (found.noindex, found.nofollow) == expected
    assert found.robots_header == "otherbot: none"
    assert len(found.external) == 1


_TOKENS = st.sampled_from(
    ["noindex", "nofollow", "none", "all", "index", "backlinks:", "otherbot:", "max-snippet:-1",
     "unavailable_after:", "25 Jun 2030 15:00:00", ":", ",", ", ", " ", "*:", "\x00", "İ"]
)  # fmt: skip
_TEXTS = st.lists(_TOKENS | st.text(max_size=4), max_size=12).map("".join)


@given(_TEXTS, st.lists(st.tuples(st.sampled_from(["robots", NAME]), _TEXTS), max_size=3))
def test_nothing_raises_and_nothing_is_forbidden_unsaid(
    header: str, metas: list[tuple[str, str]]
) -> None:
    found = forbidden(header, *metas)
    said = (header + "".join(content for _, content in metas)).lower()
    assert "noindex" not in found or "noindex" in said or "none" in said
    assert "nofollow" not in found or "nofollow" in said or "none" in said


@given(_TEXTS)
def test_what_is_said_to_another_bot_before_any_other_name_changes_nothing(text: str) -> None:
    if ":" not in text:
        assert forbidden(f"noindex, otherbot: {text}") == INDEX


def test_what_stands_far_behind_is_not_read() -> None:
    assert forbidden("noarchive, " * 100 + "noindex") == INDEX
    assert forbidden("noarchive, " * MAX_READ + "noindex") == ""


@pytest.mark.parametrize("part", ["a:", ",", "a", " ", "1:", "backlinks:noindex,"])
def test_hostile_text_takes_no_time(part: str) -> None:
    started = time.process_time()
    forbidden(part * 1_000_000, *[("robots", part * MAX_READ)] * 400)
    assert time.process_time() - started < 2
