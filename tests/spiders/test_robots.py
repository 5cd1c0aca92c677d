"""RFC 9309, clause by clause, as far as `robots.py` is who keeps it; and what it remembers.

Answers come from a table in place of the network: real servers can't fail on demand.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from pipeline.settings import CrawlSettings
from spiders.fetch import Fetched, Fetcher
from spiders.robots import FAILED_S, MAX_BYTES, REMEMBERED, Robots, Rules
from spiders.visit import Visitor


class Answers:
    """Fetches from a table of URLs: bytes are a 200, a number a status, text a redirect's target,
    `!reason` a failure."""

    def __init__(self, table: dict[str, bytes | int | str]) -> None:
        self.table = table
        self.asked: list[str] = []

    async def fetch(self, url: str, headers: dict[str, str], *, any_type: bool = False) -> Fetched:
        assert any_type  # robots.txt is text/plain
        assert headers == {}
        self.asked.append(url)
        answer = self.table.get(url, 404)
        if isinstance(answer, bytes):
            return Fetched(200, {}, answer, "", 1)
        if isinstance(answer, int):
            return Fetched(answer, {}, b"User-agent: *\nDisallow: /", "", 1)
        if answer.startswith("!"):
            return Fetched(0, {}, b"", "", 1, failed=answer[1:], outcome="error")
        return Fetched(301, {"location": answer}, b"", "", 1)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def robots(answers: Answers, clock: Clock | None = None) -> Robots:
    return Robots(cast(Fetcher, answers), ttl_s=3_600, clock=clock or Clock())


def rules(body: bytes | int | str, *, more: dict[str, bytes | int | str] | None = None) -> Rules:
    answers = Answers({"http://a.example/robots.txt": body, **(more or {})})
    return asyncio.run(robots(answers).rules("http", "a.example"))


def permits(text: str, path: str) -> bool:
    return rules(text.encode()).permits(f"http://a.example{path}")


# --- 2.2 Rules ---


def test_2_2_1_the_group_of_our_name_is_matched_whatever_its_case() -> None:
    text = "User-agent: *\nDisallow: /\n\nUser-agent: BackLinks\nDisallow: /no\n"
    assert permits(text, "/yes")
    assert not permits(text, "/no")


def test_2_2_1_several_groups_of_our_name_are_one() -> None:
    text = "User-agent: backlinks\nDisallow: /a\n\nUser-agent: other\nDisallow: /c\n\n"
    text += "User-agent: backlinks\nDisallow: /b\n"
    assert not permits(text, "/a")
    assert not permits(text, "/b")
    assert permits(text, "/c")


def test_2_2_1_without_a_group_of_our_name_the_star_group_holds() -> None:
    text = "User-agent: other\nDisallow: /\n\nUser-agent: *\nDisallow: /no\n"
    assert permits(text, "/yes")
    assert not permits(text, "/no")


def test_2_2_1_without_any_group_for_us_everything_is_allowed() -> None:
    assert permits("User-agent: other\nDisallow: /\n", "/")
    assert permits("", "/anything")


def test_2_2_2_the_longest_match_holds_and_a_tie_allows() -> None:
    text = "User-agent: *\nDisallow: /shop\nAllow: /shop/open\nDisallow: /tie\nAllow: /tie\n"
    assert not permits(text, "/shop/closed")
    assert permits(text, "/shop/open/today")
    assert permits(text, "/tie")


def test_2_2_2_an_empty_disallow_forbids_nothing() -> None:
    assert permits("User-agent: *\nDisallow:\n", "/")


def test_2_2_2_paths_keep_their_case() -> None:
    assert permits("User-agent: *\nDisallow: /Private\n", "/private")


@pytest.mark.parametrize(
    ("rule", "path", "allowed"),
    [
        ("/caf%C3%A9", "/caf%C3%A9/menu", False),
        ("/café", "/caf%C3%A9/menu", False),
        ("/a%3cd", "/a%3Cd", False),
        ("/~joe", "/%7Ejoe", False),
        ("/caf", "/tea", True),
    ],
)
def test_2_2_2_percent_encoding_makes_no_difference(rule: str, path: str, allowed: bool) -> None:
    assert permits(f"User-agent: *\nDisallow: {rule}\n", path) is allowed


def test_2_2_3_a_star_stands_for_anything_and_a_dollar_for_the_end() -> None:
    text = "User-agent: *\nDisallow: /*.gif$\nDisallow: /x*/y\nDisallow: /end$\n# Disallow: /c\n"
    assert not permits(text, "/a/b.gif")
    assert permits(text, "/a/b.gif?size=1")
    assert not permits(text, "/x1/2/y")
    assert not permits(text, "/end")
    assert permits(text, "/ending")
    assert permits(text, "/c")


def test_2_2_4_other_records_split_no_group() -> None:
    text = "User-agent: backlinks\nSitemap: http://a.example/map.xml\nDisallow: /no\n"
    assert not permits(text, "/no")


# --- 2.3 Access ---


def test_2_3_the_file_is_asked_for_at_the_root_of_scheme_and_host() -> None:
    answers = Answers({})
    book = robots(answers)
    for scheme, host in (("http", "a.example"), ("https", "a.example"), ("http", "a.example:81")):
        asyncio.run(book.rules(scheme, host))
    assert answers.asked == [
        "http://a.example/robots.txt",
        "https://a.example/robots.txt",
        "http://a.example:81/robots.txt",
    ]


def test_2_3_1_2_five_redirects_are_followed_to_other_hosts_too() -> None:
    chain: dict[str, bytes | int | str] = {
        f"http://h{i}.example/robots.txt": f"http://h{i + 1}.example/robots.txt"
        for i in range(1, 5)
    }
    chain["http://h5.example/robots.txt"] = b"User-agent: *\nDisallow: /"
    assert not rules("http://h1.example/robots.txt", more=chain).permits("http://a.example/")


def test_2_3_1_2_a_sixth_redirect_counts_as_no_file() -> None:
    chain: dict[str, bytes | int | str] = {
        f"http://h{i}.example/robots.txt": f"http://h{i + 1}.example/robots.txt"
        for i in range(1, 9)
    }
    found = rules("http://h1.example/robots.txt", more=chain)
    assert found.permits("http://a.example/")
    assert "too often" in found.why


def test_2_3_1_2_a_redirect_to_nowhere_counts_as_no_file() -> None:
    assert rules("mailto:webmaster@a.example").permits("http://a.example/")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 451])
def test_2_3_1_3_a_file_that_is_not_there_allows_everything(status: int) -> None:
    found = rules(status)
    assert found.permits("http://a.example/anything")
    assert str(status) in found.why


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_2_3_1_4_a_server_that_fails_forbids_everything(status: int) -> None:
    found = rules(status)
    assert not found.permits("http://a.example/anything")
    assert str(status) in found.why


@pytest.mark.parametrize("reason", ["timeout", "dns", "connection", "tls", "private"])
def test_2_3_1_4_a_file_that_can_not_be_had_forbids_everything(reason: str) -> None:
    found = rules(f"!{reason}")
    assert not found.permits("http://a.example/")
    assert found.why == f"robots.txt: {reason}"


def test_2_3_1_4_a_redirect_to_a_server_that_fails_forbids_everything() -> None:
    found = rules("http://b.example/robots.txt", more={"http://b.example/robots.txt": 503})
    assert not found.permits("http://a.example/")


@pytest.mark.parametrize(
    "body",
    [b"", b"<!doctype html><title>Not here</title>", b"\x00\xff\xfe\x80" * 100, b"Disallow: /",
     b":\n::\n: :\nUser-agent\nAllow", b"\n" * 10_000, b"User-agent: *\r\rDisallow"],
)  # fmt: skip
def test_2_3_1_5_what_is_no_robots_txt_forbids_nothing(body: bytes) -> None:
    assert rules(body).permits("http://a.example/page")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_2_3_1_5_lines_end_as_they_like(end: str) -> None:
    assert not permits(end.join(["User-agent: *", "Disallow: /no", ""]), "/no")


def test_2_3_1_5_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    found = rules(b"\xef\xbb\xbfUser-agent: *\nDisallow: /no\n")
    assert not found.permits("http://a.example/no")


# --- 2.4 Caching ---


def test_2_4_a_file_is_remembered_until_it_expires() -> None:
    answers = Answers({"http://a.example/robots.txt": b"User-agent: *\nDisallow: /no"})
    clock = Clock()
    book = robots(answers, clock)
    first = asyncio.run(book.rules("http", "a.example"))
    clock.now += 3_599
    again = asyncio.run(book.rules("http", "a.example"))
    assert (first.fetched, again.fetched) == (True, False)
    assert len(answers.asked) == 1
    answers.table["http://a.example/robots.txt"] = b""
    assert not again.permits("http://a.example/no")
    clock.now += 2
    assert asyncio.run(book.rules("http", "a.example")).permits("http://a.example/no")
    assert len(answers.asked) == 2


def test_2_4_a_day_is_the_longest_that_can_be_set() -> None:
    with pytest.raises(ValueError):
        CrawlSettings(robots_ttl_s=86_401)


def test_2_4_a_failure_is_asked_for_again_soon() -> None:
    answers = Answers({"http://a.example/robots.txt": 503})
    clock = Clock()
    book = robots(answers, clock)
    assert not asyncio.run(book.rules("http", "a.example")).permits("http://a.example/")
    answers.table["http://a.example/robots.txt"] = b""
    clock.now += FAILED_S + 1
    assert asyncio.run(book.rules("http", "a.example")).permits("http://a.example/")


def test_what_is_remembered_has_a_bound_and_the_oldest_goes_first() -> None:
    answers = Answers({})
    book = robots(answers)

    async def many() -> None:
        for number in range(REMEMBERED + 10):
            await book.rules("http", f"h{number}.example")
            await book.rules("http", "kept.example")

    asyncio.run(many())
    assert len(book._known) == REMEMBERED
    assert answers.asked.count("http://kept.example/robots.txt") == 1


# --- 2.5 Limits ---


def test_2_5_half_a_megabyte_is_read_and_no_more() -> None:
    assert MAX_BYTES >= 500 << 10
    comment = b"#" + b"x" * 98 + b"\n"
    head = b"User-agent: *\nDisallow: /first\n" + comment * (500 * 1024 // 100 - 1)
    found = rules(head + b"Disallow: /within\n" + comment * 500 + b"Disallow: /beyond\n")
    assert not found.permits("http://a.example/first")
    assert not found.permits("http://a.example/within")
    assert found.permits("http://a.example/beyond")


# --- crawl-delay, which the RFC leaves out and many files have ---


@pytest.mark.parametrize(
    ("asked", "given"),
    [("5", 5.0), ("0.2", 1.0), ("7200", 30.0), ("-3", 1.0), ("nan", 1.0),
     ("inf", 1.0), ("soon", 1.0), ("", 1.0)],
)  # fmt: skip
def test_a_crawl_delay_lengthens_ours_up_to_a_limit(asked: str, given: float) -> None:
    found = rules(f"User-agent: *\nCrawl-delay: {asked}\n".encode())
    visitor = Visitor(cast(Any, None), CrawlSettings(delay_s=1.0, longest_delay_s=30.0))
    assert visitor.delay_s(found) == given
