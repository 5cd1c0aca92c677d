"""RFC 9309, clause by clause, as far as `robots.py` is who keeps it.

Answers come from a table in place of the network: real servers can't fail on demand.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protego import Protego

from pipeline.settings import CrawlSettings
from spiders.fetch import Fetched
from spiders.robots import FAILED_S, MAX_BYTES, Robots, Rules
from spiders.visit import Visitor
from tests.support.robots_answers import Answers, Clock, robots, rules


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


@pytest.mark.parametrize(
    ("agent", "is_ours"),
    [("backlinks/2.1", True), ("backlinks (any version)", True), ("Backlinks*", True),
     ("back", False), ("backlinks-checker", False), ("xbacklinks", False), ("b", False),
     ("links", False), ("", False), ("/", False)],
)  # fmt: skip
def test_2_2_1_the_whole_product_token_counts_and_nothing_after_it(
    agent: str, is_ours: bool
) -> None:
    text = f"User-agent: {agent}\nDisallow: /no\n\nUser-agent: *\nDisallow: /star\n"
    assert permits(text, "/no") is not is_ours
    assert permits(text, "/star") is is_ours


def test_2_2_1_a_group_may_name_several_agents_with_blank_lines_and_comments_between() -> None:
    text = "User-agent: other\n\n# and\nUser-agent: backlinks # us\n\nDisallow: /no\n\n"
    text += "Disallow: /nor\nUser-agent: *\nDisallow: /star"
    assert not permits(text, "/no")
    assert not permits(text, "/nor")
    assert permits(text, "/star")


def test_2_2_1_an_empty_group_of_our_name_allows_what_others_may_not() -> None:
    assert permits("User-agent: *\nDisallow: /\n\nUser-agent: backlinks\n", "/any")


def test_2_2_2_rules_before_any_agent_are_nobodys() -> None:
    assert permits("Disallow: /\nUser-agent: *\nDisallow: /no\n", "/yes")


def test_2_2_2_the_order_of_rules_does_not_matter() -> None:
    lines = ["Disallow: /", "Allow: /shop/", "Disallow: /shop/*/basket"]
    for rules_ in (lines, lines[::-1]):
        text = "User-agent: *\n" + "\n".join(rules_)
        assert permits(text, "/shop/a")
        assert not permits(text, "/shop/a/basket")
        assert not permits(text, "/other")


def test_2_2_2_a_query_is_a_part_of_what_is_matched() -> None:
    text = "User-agent: *\nDisallow: /find?q=\n"
    assert not permits(text, "/find?q=rye")
    assert permits(text, "/find?p=1")


def test_2_2_2_robots_txt_itself_may_always_be_fetched() -> None:
    closed = rules(503)
    assert closed.permits("http://a.example/robots.txt")
    assert not closed.permits("http://a.example/robots.txt/more")
    assert permits("User-agent: *\nDisallow: /\n", "/robots.txt")


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
        ("/a%2Fb", "/a/b", True),
        ("/a/b", "/a%2Fb", True),
        ("/a%2fb", "/a%2Fb", False),
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


def test_2_2_3_an_encoded_star_or_dollar_is_a_character() -> None:
    text = "User-agent: *\nDisallow: /a%2Ab\nDisallow: /c%24\n"
    assert not permits(text, "/a*b")
    assert permits(text, "/a-b")
    assert not permits(text, "/c$d")
    assert permits(text, "/c")


@pytest.mark.parametrize("record", ["Sitemap: /map.xml", "Crawl-delay: 5", "Host: x", "Clean: y"])
def test_2_2_4_no_other_record_ends_a_group(record: str) -> None:
    """Not between its agents either: the grammar knows of no record there but rules."""
    text = f"User-agent: backlinks\n{record}\nUser-agent: other\nDisallow: /no\n{record}\n"
    assert not permits(text + "Disallow: /nor\n", "/no")
    assert not permits(text + "Disallow: /nor\n", "/nor")


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


def test_2_3_1_2_rules_that_were_redirected_to_hold_for_the_origin_that_was_asked() -> None:
    answers = Answers(
        {
            "http://a.example/robots.txt": "http://b.example/elsewhere.txt",
            "http://b.example/elsewhere.txt": b"User-agent: *\nDisallow: /",
        }
    )
    book = robots(answers)
    assert not asyncio.run(book.rules("http", "a.example")).permits("http://a.example/")
    assert asyncio.run(book.rules("http", "b.example")).permits("http://b.example/")


def test_2_3_1_2_a_redirect_to_a_port_that_no_setting_names_is_not_followed() -> None:
    answers = Answers({"http://a.example/robots.txt": "http://b.example:6379/robots.txt"})
    found = asyncio.run(robots(answers).rules("http", "a.example"))
    assert not found.permits("http://a.example/")
    assert (len(answers.asked), found.why) == (1, "robots.txt: port")


def test_2_3_1_2_a_redirect_to_nowhere_counts_as_no_file() -> None:
    assert rules("mailto:webmaster@a.example").permits("http://a.example/")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 451])
def test_2_3_1_3_a_file_that_is_not_there_allows_everything(status: int) -> None:
    found = rules(status)
    assert found.permits("http://a.example/anything")
    assert str(status) in found.why


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
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


def test_2_3_a_robots_txt_in_another_encoding_spoils_no_more_than_its_own_letters() -> None:
    found = rules("User-agent: *\nDisallow: /café\nDisallow: /no\n".encode("latin-1"))
    assert not found.permits("http://a.example/caf%E9/menu")
    assert not found.permits("http://a.example/no")
    assert found.permits("http://a.example/tea")


def test_2_3_what_ends_a_line_for_others_does_not_end_one_here() -> None:
    text = "User-agent: *\nDisallow: /a\u2028Disallow: /b\nDisallow: /c\x0bDisallow: /\n"
    assert permits(text, "/b")


# --- 2.5 Limits ---


def test_2_5_half_a_megabyte_is_read_and_no_more() -> None:
    assert MAX_BYTES >= 500 << 10
    comment = b"#" + b"x" * 98 + b"\n"
    head = b"User-agent: *\nDisallow: /first\n" + comment * (500 * 1024 // 100 - 1)
    found = rules(head + b"Disallow: /within\n" + comment * 500 + b"Disallow: /beyond\n")
    assert not found.permits("http://a.example/first")
    assert not found.permits("http://a.example/within")
    assert found.permits("http://a.example/beyond")


def test_2_5_a_line_that_the_limit_cuts_is_no_rule() -> None:
    """`Disallow: /private` would forbid everything, cut behind its slash."""
    head = b"User-agent: *\nDisallow: /first\n"
    line = b"Disallow: /private\n"
    filler = b"#" * (MAX_BYTES - len(head) - len(b"Disallow: /") - 1) + b"\n"
    found = rules(head + filler + line)
    assert found.permits("http://a.example/public")
    assert not found.permits("http://a.example/first")


class Cut(Answers):
    """Not all of any body is here."""

    async def fetch(self, url: str, headers: dict[str, str], *, any_type: bool = False) -> Fetched:
        return (await super().fetch(url, headers, any_type=any_type))._replace(cut=True)


def cut(body: bytes, body_bytes: int = MAX_BYTES) -> Rules:
    answers = Cut({"http://a.example/robots.txt": body})
    book = Robots(cast(Any, answers), ttl_s=3_600, body_bytes=body_bytes, clock=Clock())
    return asyncio.run(book.rules("http", "a.example"))


@pytest.mark.parametrize("body", [b"", b"User-agent: *\nDisallow: /a\n"])
def test_2_3_1_4_a_file_that_broke_off_or_can_not_be_decoded_forbids_everything(
    body: bytes,
) -> None:
    found = cut(body)
    assert (found.permits("http://a.example/"), found.why) == (False, "robots.txt: not whole")
    assert found.expires == Clock.now + FAILED_S


def test_2_5_a_line_that_the_limit_of_bodies_cuts_is_no_rule() -> None:
    body = b"User-agent: *\nDisallow: /first\nDisallow: /"
    found = cut(body, body_bytes=len(body))
    assert found.permits("http://a.example/public")
    assert not found.permits("http://a.example/first")


def test_2_5_what_is_longer_than_the_limit_is_read_up_to_there() -> None:
    body = b"User-agent: *\nDisallow: /first\n" + b"#\n" * MAX_BYTES
    assert cut(body, body_bytes=2 * MAX_BYTES).why == "robots.txt"


_LINES = st.lists(
    st.sampled_from(
        ["User-agent: backlinks", "User-agent: other", "user-agent:*", "Disallow: /a",
         "Allow: /a/b", "Disallow: /*c$", "disallow:", "Allow: /", "Sitemap: /s", "", "# x",
         "junk"]
    ),
    max_size=14,
)  # fmt: skip


@given(_LINES, st.sampled_from(["/", "/a", "/a/b", "/x/c", "/a/c", "/d"]))
def test_our_own_groups_say_the_same_as_the_parsers(lines: list[str], path: str) -> None:
    text = "\n".join(lines)
    told = Protego.parse(text).can_fetch(f"http://a.example{path}", "backlinks")
    assert permits(text, path) is told


@settings(max_examples=50)
@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(body: bytes) -> None:
    rules(b"User-agent: *\nDisallow: /" + body).permits("http://a.example/a")
    rules(body).permits("http://a.example/a")


# --- Sitemaps ---


def test_sitemaps_are_those_of_the_whole_file_in_canonical_form() -> None:
    text = "Sitemap: http://A.example:80/map.xml#top\nUser-agent: other\nDisallow: /\n"
    text += "SITEMAP:/news.xml # relative\nsitemap: https://www.a.example/map.xml?utm_source=x\n"
    text += "Sitemap: http://a.example/map.xml\nSitemap: mailto:me@a.example\n"
    assert rules(text.encode()).sitemaps == (
        "http://a.example/map.xml", "http://a.example/news.xml", "https://www.a.example/map.xml",
    )  # fmt: skip


def test_a_sitemap_of_another_domain_is_none_of_ours() -> None:
    assert rules(b"Sitemap: http://b.example/map.xml").sitemaps == ()


def test_twenty_sitemaps_are_enough() -> None:
    lines = b"".join(b"Sitemap: http://a.example/map%d.xml\n" % i for i in range(1_000))
    assert len(rules(lines).sitemaps) == 20


# --- crawl-delay, which the RFC leaves out and many files have ---


@pytest.mark.parametrize(
    ("asked", "given"),
    [("5", 5.0), ("0.2", 1.0), ("7200", 30.0), ("-3", 1.0), ("nan", 1.0),
     ("inf", 1.0), ("1e400", 1.0), ("soon", 1.0), ("", 1.0), ("5 # of ours", 5.0)],
)  # fmt: skip
def test_a_crawl_delay_lengthens_ours_up_to_a_limit(asked: str, given: float) -> None:
    found = rules(f"User-agent: *\nCrawl-delay: {asked}\n".encode())
    visitor = Visitor(cast(Any, None), CrawlSettings(delay_s=1.0, longest_delay_s=30.0))
    assert visitor.delay_s(found) == given
