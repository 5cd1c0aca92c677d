"""Records of Common Crawl's WAT: the external links of their WARC, and what is sure of a page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.page import Page, decode, encode
from spiders.archive import warc, wat_page
from spiders.archive.warc import Capture
from spiders.archive.wat import capture, has_references
from tests.spiders.archive.reading import one
from tests.support.warcs import MAX_TEXT, envelope, html_metadata, response, wat

URL = "https://example.org/a/page"
AT = 1_715_997_490_000
MANY = "".join(f"<a href=/inner/{i}>some inner link</a>" for i in range(20))
OUT = "https://other.example/x"


def of(data: bytes, **more: Any) -> Capture:
    found = capture(one(data).block, **more)
    if found.page is not None:
        assert decode(encode(found.page)) == found.page, "a consumer takes it"
    return found


def page_of(body: str | bytes, **more: Any) -> Page:
    """Of a WAT of this page."""
    found = of(wat(URL, body.encode() if isinstance(body, str) else body, **more)).page
    assert found is not None
    return found


def of_links(*links: dict[str, str], **head: Any) -> Page:
    """Of a WAT with just these links."""
    made = envelope(URL, b"x")
    answer = made["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]
    answer["HTML-Metadata"] = {"Head": head, "Links": list(links)}
    found = capture(json.dumps(made).encode()).page
    assert found is not None
    return found


def both(body: str) -> tuple[Page, Page]:
    """From the WAT and from the WARC."""
    whole = warc.capture(one(response(URL, body.encode()))).page
    assert whole is not None
    return page_of(body), whole


FORMS = {
    "a": f"<a href={OUT}>Anchor</a>",
    "a without text": f"<a href={OUT}></a>",
    "a with words in elements": f"<a href={OUT}><b>An</b><i>chor</i> text</a>",
    "an image's link": f"<a href={OUT}><img src=/i.png alt='Its alt'></a>",
    "an image's link without an alt": f"<a href={OUT}><img src=/i.png></a>",
    "an image and text": f"<a href={OUT}><img src=/i.png alt=Alt> Text</a>",
    "area": f"<map><area href={OUT} alt=''></map>",
    "iframe": f"<iframe src={OUT}></iframe>",
    "frame": f"<frameset><frame src={OUT}></frameset>",
    "form": f"<form action={OUT}></form>",
    "canonical": f"<link rel=canonical href={OUT}>",
    "the first of two canonicals": f"<link rel=canonical href={OUT}><link rel=canonical href=//x.example>",  # noqa: E501
    "next": f"<link rel=next href={OUT}>",
    "previous": f"<link rel=previous href={OUT}>",
    "alternate": f"<link rel=alternate hreflang=de href={OUT}>",
    "a feed": f"<link rel=alternate type=application/rss+xml href={OUT}>",
    "a stylesheet": f"<link rel='alternate stylesheet' href={OUT}>",
    "an image is no link": f"<img src={OUT}>",
    "nor is a script": f"<script src={OUT}></script>",
    "nor a quotation's source": f"<blockquote cite={OUT}></blockquote>",
    "refresh": f"<meta http-equiv=Refresh content='0; URL={OUT}'>",
    "base": "<base href=https://other.example/dir/><a href=x>1</a><a href=/y>2</a><a href=?z>3</a>",
    "a base of its own": "<base href=/b/><a href=x>1</a><a href=//other.example/y>2</a>",
    "nofollow": f"<a href={OUT} rel='NoFollow noopener'>x</a>",
    "ugc and sponsored": f"<a href={OUT} rel='ugc sponsored'>x</a>",
    "twice": f"<a href={OUT}>1</a><a href={OUT}>2</a>",
    "twice, once followed": f"<a href={OUT} rel=nofollow>1</a><a href={OUT}>2</a>",
    "another scheme": "<a href=mailto:a@example.org>1</a><a href='javascript:x()'>2</a>",
    "references": "<a href='https://other.example/?a=1&amp;b=2'>x &amp; y</a>",
    "no host's slashes": "<a href='/\\other.example/1'>1</a><a href='\\\\other.example/2'>2</a>",
    "what browsers leave out": "<a href='/\t/other.example/1'>1</a>",
    "a space before": "<a href=' //other.example/2'>2</a>",
    "a scheme in pieces": "<a href='ht\ntps://other.example/1'>1</a>",
    "a colon in a query": "<a href='?x=https://other.example/'>1</a>",
    "a fragment": "<a href=#top>1</a>",
    "a subdomain": "<a href=https://www.example.org/>1</a>",
    "a name that begins alike": "<a href=https://example.org.other.example/>1</a>",
    "an address": "<a href=http://192.0.2.1/>1</a>",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_wat_gives_the_external_links_of_its_warc(form: str) -> None:
    found, whole = both(f"<html><title>t</title>{FORMS[form]}{MANY}")
    assert found.external.target == whole.external.target
    assert found.external.kind == whole.external.kind
    assert found.external.rel == whole.external.rel
    assert found.external.count == whole.external.count
    assert found.external.anchor == whole.external.anchor
    assert found.canonical == whole.canonical
    assert found.digest == whole.digest


def test_the_forms_above_hold_every_kind_of_link() -> None:
    kinds = {kind for form in FORMS.values() for kind in both(form)[0].external.kind}
    assert kinds == {
        "a", "img-link", "area", "iframe", "form", "canonical", "redirect", "alternate", "next",
        "prev",
    }  # fmt: skip


def test_an_anchor_is_cut_where_a_wat_cuts_it() -> None:
    found, whole = both(f"<a href={OUT}>{'word ' * 50}</a>")
    assert found.external.anchor[0] == whole.external.anchor[0][:MAX_TEXT].strip()


def test_what_a_page_says_of_itself_is_kept() -> None:
    page = page_of(
        f"<html lang=de-AT><title>A  title</title><meta name=robots content=noindex>{MANY}",
        headers={"X-Robots-Tag": "nofollow"},
        WARC_IP_Address="192.0.2.1",
    )
    assert (page.title, page.language) == ("A title", "de")
    assert (page.noindex, page.nofollow) == (True, True)
    assert (page.source, page.fetched_at, page.ip) == ("wat", AT, "192.0.2.1")


def test_a_time_is_the_captures_and_not_the_extractions() -> None:
    assert page_of(MANY, date="2020-01-01T00:00:00Z").fetched_at == 1_577_836_800_000


def test_a_page_of_many_links_is_complete() -> None:
    assert (page_of(MANY).complete, page_of(MANY).incomplete) == (True, "")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("<a href=/x>few links, and who knows what else stands there</a>", "thin"),
        ("<title>404 Not Found</title>" + MANY, "soft_404"),
        ("<title>example.org - this domain is for sale</title>" + MANY, "parked"),
    ],
)
def test_what_a_wat_can_not_tell_is_no_evidence(body: str, why: str) -> None:
    assert (page_of(body).complete, page_of(body).incomplete) == (False, why)


def test_a_cut_capture_is_no_evidence() -> None:
    page = page_of(MANY, **{"WARC-Truncated": "length"})
    assert (page.complete, page.incomplete) == (False, "cut")


def test_no_validators_are_kept_so_that_a_crawl_reads_the_whole_page() -> None:
    page = page_of(MANY, headers={"ETag": '"x"', "Last-Modified": "yesterday"})
    assert (page.etag, page.last_modified) == ("", "")


def test_a_redirect_of_a_wat_is_a_link() -> None:
    found = of(wat(URL, b"", status=302, headers={"Location": OUT}))
    assert found.page is not None
    assert (found.page.outcome, found.page.final_url) == ("redirect", OUT)
    assert found.page.source == "wat"


def test_a_page_that_was_gone_is_told() -> None:
    found = of(wat(URL, b"<p>x", status=404))
    assert (found.what, found.page and found.page.outcome) == ("other_status", "gone")


@pytest.mark.parametrize("kind", ["request", "warcinfo", "metadata", "revisit"])
def test_what_tells_of_something_else_than_an_answer_is_counted_alone(kind: str) -> None:
    made = envelope(URL, MANY.encode())
    made["Envelope"]["WARC-Header-Metadata"]["WARC-Type"] = kind
    assert capture(json.dumps(made).encode()) == ("other", None, "")


def test_an_answer_without_html_is_counted_alone() -> None:
    assert of(wat(URL, b"")) == ("not_html", None, "example.org")
    picture = of(wat(URL, b"x", headers={"Content-Type": "image/png"}))
    assert picture == ("not_html", None, "example.org")


def test_references_in_urls_are_read_where_the_software_left_them() -> None:
    assert has_references(b"Software-Info: ia-web-commons.1.0-SNAPSHOT-20150415075912\r\n")
    assert has_references(b"Software-Info: ia-web-commons.1.1.9-SNAPSHOT-20190618000000\r\n")
    assert not has_references(b"Software-Info: ia-web-commons.1.1.9-SNAPSHOT-20190619000000\r\n")
    assert not has_references(b"Software-Info: another tool 20150415075912\r\n")
    body = "<a href='https://other.example/?a=1&amp;amp;b=2'>x</a>"
    raw = of(wat(URL, body.encode()), references=True).page
    assert raw is not None
    assert raw.external.target == ["https://other.example/?a=1&b=2"]


def test_a_page_that_is_not_worth_it_is_counted_unread() -> None:
    data = wat(URL, MANY.encode())
    assert of(data, worth=lambda block: False) == ("page", None, "example.org")
    named = "https://named.example/"
    assert of(data, worth=lambda block: False, named=named) == ("page", None, "named.example")


def test_links_beyond_the_cap_are_dropped_and_the_page_is_no_evidence() -> None:
    page = of_links(*({"path": "A@/href", "url": f"https://h{i}.example/"} for i in range(2_100)))
    assert (len(page.external), page.dropped, page.incomplete) == (2_000, 100, "links_cap")


@pytest.mark.parametrize(
    "block",
    [
        b'{"Envelope":{"Payload-Metadata":{"HTTP-Response-Metadata":' + b"[" * 100_000,
        b'{"x":' + b'{"x":' * 100_000 + b'"HTTP-Response-Metadata"',
        b'"HTTP-Response-Metadata"',
        b'{"Envelope":{"Payload-Metadata":{"HTTP-Response-Metadata":{"HTML-Metadata":[]}}}}',
        b'{"Envelope":null,"HTTP-Response-Metadata":1}',
        b'{"Envelope":{"WARC-Header-Metadata":{"WARC-Date":"\xff"}},"HTTP-Response-Metadata":1}',
        b'{"Envelope":{"WARC-Header-Metadata":{"WARC-Type":7}},"HTTP-Response-Metadata":1}',
    ],
)
def test_json_of_any_depth_and_shape_is_damaged_and_no_more(block: bytes) -> None:
    assert capture(block).what == "no_json"


def test_odd_headers_are_left_out() -> None:
    page = page_of(MANY, headers={"Content-Type": "text/html", "X-Robots-Tag": ["noindex", 7]})
    assert page.noindex
    assert page_of(MANY, headers={"X-Robots-Tag": {"a": 1}}).noindex is False


_text = st.text(max_size=30)
_path = st.sampled_from([
    "A@/href", "IMG@/src", "AREA@/href", "FORM@/action", "IFRAME@/src", "LINK@/href", "STYLE/#text",
])  # fmt: skip
_url = st.one_of(_text, st.sampled_from([OUT, "//x.example", "/x", "?y", "#z", "mailto:a@b"]))
_links = st.lists(st.fixed_dictionaries({"path": _path, "url": _url}, optional={"text": _text, "rel": _text}))  # fmt: skip  # noqa: E501
_head = st.fixed_dictionaries(
    {"Title": _text, "Base": _url},
    optional={
        "Metas": st.lists(st.fixed_dictionaries({"name": _text, "content": _text, "http-equiv": st.just("refresh")})),  # noqa: E501
        "Link": st.lists(st.fixed_dictionaries({"path": _path, "url": _url, "rel": _text})),
    },
)  # fmt: skip


@given(_links, _head)
def test_any_links_make_a_record_that_a_consumer_takes(
    links: list[dict[str, str]], head: dict[str, Any]
) -> None:
    page = of_links(*links, **head)
    assert decode(encode(page)) == page
    assert page.domain not in page.external.domain


@given(st.lists(st.sampled_from([*FORMS.values(), "<p>text", "<b>"]), max_size=8))
def test_forms_in_any_order_give_the_same_links(forms: list[str]) -> None:
    """A base holds for the whole page, and an image before an empty link is taken for its own."""
    found, whole = both("<title>t</title>" + "<p>".join(forms))
    if "<frameset>" not in "".join(forms):  # which a page has in place of a body, or not at all
        assert set(zip(found.external.target, found.external.rel, strict=True)) == set(
            zip(whole.external.target, whole.external.rel, strict=True)
        )


_somewhere = st.sampled_from([URL, "http://127.0.0.1/", "https://a.example:81/b/?c=d", "http:a"])
_rest = st.text(max_size=20) | st.text("Aa1./:?#@%\\[ ", max_size=8)


@given(st.sampled_from(["http://", "https://"]), _rest, _somewhere)
def test_a_whole_url_leads_to_the_same_place_from_everywhere(
    scheme: str, rest: str, base: str
) -> None:
    href = scheme + rest
    assert wat_page._absolute(href) == wat_page._found(href, base)


def test_what_is_remembered_between_pages_is_bounded() -> None:
    wat_page._absolute.cache_clear()
    long = "https://other.example/" + "x" * 1_000
    page = of_links({"path": "A@/href", "url": long}, {"path": "A@/href", "url": OUT})
    assert page.external.target == [long, OUT]
    assert wat_page._absolute.cache_info().currsize == 1
    assert (wat_page._absolute.cache_info().maxsize or 1 << 30) * wat_page._LONGEST < 10 << 20


def test_links_that_can_be_none_are_counted_once_a_url() -> None:
    mail, broken = "mailto:a@example.org", "http://[/"
    for _ in range(2):  # whether it was met on another page or not
        links = [{"path": "A@/href", "url": url} for url in (mail, broken, mail, broken, OUT)]
        page = of_links(*links)
        assert page.refused == {"mailto": 1, "invalid": 1}
        assert page.external.ordinal == [0]


def test_the_made_wat_is_what_common_crawl_writes() -> None:
    """Its shape, by a record of theirs from 2015 in the corpus's README's words."""
    made = html_metadata(f"<title>T</title><a href={OUT} title=x>y</a><img src=i alt=a>")
    assert made == {
        "Head": {"Title": "T"},
        "Links": [
            {"path": "A@/href", "url": OUT, "title": "x", "text": "y"},
            {"path": "IMG@/src", "url": "i", "alt": "a"},
        ],
    }
