"""Captures of a WARC as page records: what a visit at that time would have made."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.page import Page, decode, encode
from pipeline.url import canonical
from spiders.archive.warc import Capture, capture, milliseconds
from spiders.extract import extract
from tests.spiders.archive.reading import one
from tests.support.warcs import http, record, response

AT = 1_715_997_490_000
TEXT = "words about this and that " * 30
BODY = (
    f"<html lang=en><title>Title</title><p>{TEXT}<a href=https://other.example/x rel=ugc>Anchor</a>"
    "<a href=https://more.example/><img src=i alt=Alt></a><a href=/inner>Inner</a>"
).encode()
IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
UNMODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
URL = "https://example.org/"


def of(data: bytes) -> Capture:
    found = capture(one(data))
    if found.page is not None:
        assert decode(encode(found.page)) == found.page, "a consumer takes it"
    return found


def page_of(data: bytes) -> Page:
    found = of(data).page
    assert found is not None
    return found


def test_a_response_is_the_visit_of_its_time() -> None:
    page = page_of(response("https://example.org/page", BODY, WARC_IP_Address="192.0.2.7"))
    visit = extract(canonical("https://example.org/page"), BODY, {"content-type": "text/html"})
    assert (page.source, page.fetched_at, page.ip) == ("warc", AT, "192.0.2.7")
    assert (page.outcome, page.status, page.complete) == ("ok", 200, True)
    assert page.external == visit.external
    assert page.internal == visit.internal
    assert (page.digest, page.title, page.terms) == (visit.digest, visit.title, visit.terms)


@pytest.mark.parametrize("status", [404, 410, 403, 500, 502])
def test_the_outcome_is_that_of_a_visit(status: int) -> None:
    expected = {404: "gone", 410: "gone", 403: "blocked", 500: "error", 502: "error"}
    page = page_of(record("response", http(b"x", status)))
    assert (page.outcome, page.status, page.complete) == (expected[status], status, False)


def test_a_redirect_is_a_link() -> None:
    data = record("response", http(b"", 301, {"Location": "https://new.example/x"}))
    page = page_of(data)
    assert (page.outcome, page.final_url) == ("redirect", "https://new.example/x")
    assert (page.external.target, page.external.kind) == (["https://new.example/x"], ["redirect"])


def test_a_redirect_to_the_same_page_by_another_scheme_is_nothing() -> None:
    """As evidence it would say that the page leads elsewhere, and that its links are gone."""
    answer = http(b"", 301, {"Location": "https://example.org/"})
    found = of(record("response", answer, url="http://example.org/"))
    assert found == ("same_page", None, "example.org")


@pytest.mark.parametrize("why", ["length", "time", "disconnect"])
def test_a_truncated_capture_is_no_evidence_but_what_it_has_is_seen(why: str) -> None:
    page = page_of(response(URL, BODY, WARC_Truncated=why))
    assert (page.complete, page.incomplete) == (False, "cut")
    assert len(page.external) == 2


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<title>404 Not Found</title>", "soft_404"),
        (b"<title>Just a moment...</title><p>x", "challenge"),
        (b"<html></html>", "blank"),
    ],
)
def test_what_is_no_page_is_no_evidence_as_in_a_crawl(body: bytes, why: str) -> None:
    page = page_of(response(URL, body))
    assert (page.complete, page.incomplete) == (False, why)


@pytest.mark.parametrize("charset", ["windows-1251", "euc-jp", "utf-16"])
def test_a_page_is_read_in_its_charset(charset: str) -> None:
    text = {"windows-1251": "Привет", "euc-jp": "日本語", "utf-16": "日本語"}[charset]
    body = f"<html><a href=https://other.example/>{text}</a>".encode(charset)
    answer = http(body, headers={"Content-Type": f"text/html; charset={charset}"})
    assert page_of(record("response", answer)).external.anchor == [text]


@pytest.mark.parametrize("kind", ["image/png", "text/css", "application/json", "video/mp4"])
def test_what_is_no_html_is_counted_alone(kind: str) -> None:
    answer = http(b"<a href=https://other.example/>", headers={"Content-Type": kind})
    assert of(record("response", answer)) == ("not_html", None, "example.org")


@pytest.mark.parametrize("url", ["dns:example.org", "metadata://x/y", "", "ftp://example.org/", "http://[::1]/"])  # fmt: skip  # noqa: E501
def test_what_is_no_page_of_the_web_is_left(url: str) -> None:
    assert of(response(url, BODY)) == ("other", None, "")


def test_a_url_in_angle_brackets_is_read() -> None:
    assert page_of(response("<https://example.org/x>", BODY)).url == "https://example.org/x"


def revisit(profile: str, referred: str, answer: bytes = http(), url: str = URL) -> bytes:
    return record(
        "revisit", answer, url=url, WARC_Profile=profile, WARC_Refers_To_Target_URI=referred,
        WARC_Refers_To_Date="2024-01-01T00:00:00Z",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "referred", "answer"),
    [
        (IDENTICAL, URL, http()),
        (IDENTICAL, "http://example.org/", http()),  # the same page
        (IDENTICAL, URL, b""),
        (UNMODIFIED, URL, http(b"", 304)),
        (UNMODIFIED, "", http(b"", 304)),
    ],
)
def test_a_revisit_of_the_same_page_is_as_good_as_a_304(
    profile: str, referred: str, answer: bytes
) -> None:
    page = page_of(revisit(profile, referred, answer))
    assert (page.outcome, page.fetched_at, page.complete) == ("not_modified", AT, False)
    assert len(page.external) == 0


@pytest.mark.parametrize(
    ("profile", "referred", "answer"),
    [
        (IDENTICAL, "https://example.org/other", http()),
        (IDENTICAL, "", http()),  # of some URL or other
        (IDENTICAL, URL, http(b"", 404)),  # an error page that came twice
        ("http://example.org/unheard-of", URL, http()),
    ],
)
def test_any_other_revisit_tells_nothing(profile: str, referred: str, answer: bytes) -> None:
    assert of(revisit(profile, referred, answer)) == ("other_url", None, "example.org")


@pytest.mark.parametrize("kind", ["resource", "conversion"])
def test_html_that_stands_alone_says_only_what_is_there(kind: str) -> None:
    page = page_of(record(kind, BODY, content_type="text/html"))
    assert (page.outcome, page.complete, page.incomplete) == ("ok", False, kind)
    assert len(page.external) == 2


def test_text_that_stands_alone_is_counted_alone() -> None:
    assert of(record("conversion", b"text", content_type="text/plain")).what == "not_html"


@pytest.mark.parametrize(
    ("date", "at"),
    [
        ("2024-05-18T01:58:10Z", AT),
        ("2024-05-18T01:58:10.250Z", AT + 250),
        ("2024-05-18T03:58:10+02:00", AT),
        ("2008-10-294T05:21:46-0700", 1_224_505_306_000),  # ClueWeb: the day of the year
        ("2009-03-65T08:43:19-0800", 1_236_357_799_000),
        ("2009-04-65T08:43:19-0800", None),  # which is in March
        ("1969-12-31T00:00:00Z", None),
        ("20240518015810x", None),
        ("", None),
        ("9999-12-31T23:59:59+99:99", None),
    ],
)
def test_dates_are_read_as_tools_write_them(date: str, at: int | None) -> None:
    assert milliseconds(date) == at


def test_a_capture_without_a_date_is_damaged() -> None:
    assert of(response(URL, BODY, date="yesterday")).what == "no_date"


def test_a_response_without_an_answer_is_damaged() -> None:
    assert of(record("response", b"<html>")).what == "no_answer"


def test_what_is_not_worth_it_is_counted_and_not_read() -> None:
    found = capture(one(response(URL, BODY)), lambda body: False)
    assert found == ("page", None, "example.org")


@given(st.binary(max_size=500), st.sampled_from(["response", "revisit", "resource", "conversion"]))
def test_no_block_raises(block: bytes, kind: str) -> None:
    for data in (block, http(block)):
        more: dict[str, Any] = {"content_type": "text/html"} if kind[0] == "c" else {}
        of(record(kind, data, WARC_Profile=IDENTICAL, WARC_Refers_To_Target_URI=URL, **more))
