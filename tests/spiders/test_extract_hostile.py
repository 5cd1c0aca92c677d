"""No input makes the extractor raise, and none takes more than its length in steps."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.page import Page, decode, encode
from pipeline.url import domains, suffix_list_version
from spiders.extract import MAX_ANCHOR, MAX_CONTEXT, MAX_EXTERNAL, MAX_INTERNAL, Extracted, extract
from tests.support.corpus import needs_corpus, page_url, pages
from tests.support.reading import PAGE

MEGABYTE = 1 << 20


def assert_fits_the_record(found: Extracted) -> None:
    """Whatever was read can be sent, and comes out the same."""
    assert len(found.external) <= MAX_EXTERNAL
    assert len(found.internal.target) <= MAX_INTERNAL
    external = found.external
    assert all(len(anchor) <= MAX_ANCHOR for anchor in external.anchor)
    assert all(len(text) <= MAX_CONTEXT for text in external.before + external.after)
    page = Page(
        suffix_list=suffix_list_version(),
        url=PAGE.url,
        host=PAGE.host,
        path=PAGE.path,
        domain=PAGE.domain,
        fetched_at=1,
        outcome="ok",
        incomplete=found.incomplete,
        language=found.language,
        title=found.title,
        terms=found.terms,
        canonical=found.canonical,
        robots_meta=found.robots_meta,
        robots_header=found.robots_header,
        refused=found.refused,
        external=external,
        internal=found.internal,
    )
    assert decode(encode(page)) == page


HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.sampled_from(
            [
                *("text/html", "text/html; charset=utf-16", "text/html; charset=gb18030"),
                *("text/html;charset=utf-7", "text/html; charset=\x00", "text/xml", ""),
                *("text/html; charset=idna", "text/html; charset=undefined"),
                *(
                    "text/html; charset=hz",
                    "text/html; charset=base64",
                    "text/html; charset=punycode",
                ),
            ]
        )
        | st.text(max_size=30),
        "x-robots-tag": st.text(max_size=30),
        "content-language": st.text(max_size=10),
    },
)
_MARKUP = st.lists(
    st.sampled_from(
        [
            *"<a <a> </a> href= href=http://x.example/ href='//[' href=\"http://é\ud800\" > <img "
            "rel=ugc <base <link rel=canonical <meta http-equiv=refresh content='0;url=//y.de' "
            "alt=z <nav> <table> <tr> <td> <svg> <math> <template> <noscript> </nav> <!-- --> "
            "<script> </script> <title> <html lang=x <form action=# <iframe src= <select> &amp; "
            "&# <b> <meta charset=utf-16> <meta name=robots content= <plaintext> <frameset> <p> "
            "</p> <br> <area role=main class=footer <textarea> <body <header> <main> ]]> "
            "<![CDATA[".split(),
            *(" ", "\x00", "\u202e", "\ufeff", "text ", "漢字", "'", '"', "\ud83d"),
        ]
    ),
    max_size=40,
).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass"))


@settings(max_examples=300)
@given(_MARKUP | st.binary(max_size=300) | st.text().map(str.encode), HEADERS, st.booleans())
def test_whatever_the_bytes_and_headers_extract_answers(
    body: bytes, headers: dict[str, str], cut: bool
) -> None:
    assert_fits_the_record(extract(PAGE, body, headers, cut=cut))


@cache
def _some_pages() -> list[bytes]:
    return [body for _, _, body in islice(pages(), 0, None, 40) if len(body) < 60_000]


@needs_corpus
@pytest.mark.corpus
@settings(max_examples=200)
@given(st.data())
def test_a_damaged_page_of_the_corpus_is_read(data: st.DataObject) -> None:
    body = bytearray(
        data.draw(st.sampled_from(range(len(_some_pages()))).map(_some_pages().__getitem__))
    )
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, max(0, len(body) - 1)))
        match data.draw(st.sampled_from(["flip", "cut", "drop", "splice"])):
            case "flip" if body:
                body[at] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del body[at:]
            case "drop":
                del body[at : at + data.draw(st.integers(1, 500))]
            case _:
                other = data.draw(st.sampled_from(_some_pages()))
                start = data.draw(st.integers(0, len(other)))
                body[at:at] = other[start : start + 3_000]
    assert_fits_the_record(extract(PAGE, bytes(body), {"content-type": "text/html"}))


@needs_corpus
@pytest.mark.corpus
def test_every_page_of_the_corpus_fits_the_record() -> None:
    for host, path, body in pages():
        assert_fits_the_record(extract(page_url(host, path), body, {"content-type": "text/html"}))


def repeated(unit: str) -> Callable[[int], str]:
    return lambda size: unit * (size // len(unit))


OUT = "<a href=//o{}.example/>x</a>"
HOSTILE: dict[str, Callable[[int], str]] = {
    "a": repeated("<a>"),
    "links": repeated("<a href=x>"),
    "links elsewhere": repeated("<a href=//x.example/>"),
    "div": repeated("<div>"),
    "links with blocks": repeated("<a href=//x.example/><div>"),
    "nested tables": repeated("<table><tr><td>"),
    "links in tables": repeated("<table><a href=//x.example/>"),
    "comments": repeated("<!--"),
    "scripts": repeated("<script>"),
    "misnested": repeated("<b><p>"),
    "entities": repeated("&amp;&#x41;&notit;&"),
    "less than": repeated("<"),
    "nulls": repeated("\x00"),
    "spaces": repeated(" \n"),
    "end tags": repeated("</p></br></x>"),
    "unclosed quotes": repeated("<a href='x\" "),
    "bases": repeated("<base href=/x>"),
    "titles": repeated("<title>x"),
    "metas": repeated("<meta name=robots content=noindex>"),
    "refreshes": lambda size: "<meta http-equiv=refresh content='1" + " " * size + "'>",
    "canonicals": repeated("<link rel=canonical href=//[>"),
    "images": repeated("<a href=//x.example/><img></a>"),
    "images in one link": lambda size: "<a href=//x.example/>" + "<img>" * (size // 5),
    "headers": repeated("<header><a href=//x.example/>x</a></header>"),
    "one unquoted value": lambda size: "<a href=" + "x" * size,
    "one quoted value": lambda size: "<a href='" + "/." * (size // 2) + "'>",
    "escapes": lambda size: "<a href='" + "%%34%31" * (size // 7) + "'>",
    "attributes": lambda n: "<div " + " ".join(f"a{i}" for i in range(n // 8)) + ">",
    "attributes with <": lambda n: "<div " + " ".join(f"a{i}<" for i in range(n // 8)) + ">",
    "classes": lambda size: "<div class='" + "nav-" * (size // 4) + f"'>{OUT}",
    "one long text": lambda size: f"<a href=//x.example/>{'text ' * (size // 5)}</a>",
    "one long word": lambda size: f"<a href=//x.example/>{'x' * size}</a>",
    "text beside": lambda size: "<p>" + "".join(
        f"text <i>{'more ' * 10}</i>{OUT.format(i)}" for i in range(size // 100)
    ),
    "formatting": lambda n: "<p>" + "".join(f"<b a={i}>" for i in range(400)) + "<p>x" * (n // 4),
    "siblings": lambda size: "<p>" + "<i></i>" * (size // 14) + OUT + "<i></i>" * (size // 14),
    "nested text": lambda size: "".join(f"<i>{OUT.format(i)}" for i in range(300)) + "x" * size,
    "cjk": repeated("漢字"),
    "a word of marks": repeated("e\u0301"),
}  # fmt: skip


def steps(text: str) -> int:
    """Calls made, of Python and C alike, while a page is read."""
    count = 0

    def step(*_: object) -> None:
        nonlocal count
        count += 1

    body = text.encode()
    domains.cache_clear()
    before = sys.getprofile()
    sys.setprofile(step)
    try:
        extract(PAGE, body, {"content-type": "text/html; charset=utf-8"})
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.timeout(60)
@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_a_megabyte_of_anything_takes_no_more_than_twice_the_steps_of_half(
    make: Callable[[int], str],
) -> None:
    steps(make(10_000))  # patterns, codecs and caches
    whole, half = steps(make(MEGABYTE)), steps(make(MEGABYTE // 2))
    assert whole <= 2.3 * half + 2_000


@pytest.mark.timeout(60)
def test_fifty_thousand_links_each_after_much_text_are_read() -> None:
    text = f"<i>{'more text ' * 9}</i>"
    body = "<p>" + "".join(f"{text}<a href=//o{i}.example/>x</a>" for i in range(50_000))
    found = extract(PAGE, body.encode()[: 5 << 20], {"content-type": "text/html"})
    assert len(found.external) == MAX_EXTERNAL
    assert found.external.before[7].endswith("more text")


@pytest.mark.timeout(60)
def test_five_megabytes_of_links_beside_nested_text_are_read() -> None:
    inside = "".join(f"<i>{OUT.format(i)}" for i in range(500)) + "x " * (5 << 19)
    found = extract(PAGE, f"<p>{inside}".encode(), {"content-type": "text/html"})
    assert len(found.external) == 500
