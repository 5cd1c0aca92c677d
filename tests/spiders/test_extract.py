"""What one page says of itself: its text, head, robots and completeness, on made pages."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.page import link_digest
from pipeline.url import canonical
from spiders import extract as module
from spiders.extract import MAX_BODY, MAX_EXTERNAL, MAX_INTERNAL, MAX_TITLE, decode, extract
from tests.support.reading import OUT, PAGE, read

# Encodings: BOM, header, meta, then detection.

GERMAN = "<p>Größe über Äpfel und Öl, das ist für die Straße nicht mit dem Schiff"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xef\xbb\xbf" + GERMAN.encode(), "text/html; charset=iso-8859-1"),
        (b"\xff\xfe" + GERMAN.encode("utf-16-le"), "text/html"),
        (GERMAN.encode("iso-8859-1"), "text/html; charset=iso-8859-1"),
        (GERMAN.encode("cp1250"), 'text/html; charset="windows-1250"'),
        (b"<meta charset=iso-8859-1>" + GERMAN.encode("iso-8859-1"), "text/html"),
        (
            b'<meta http-equiv=content-type content="text/html; charset=iso-8859-1">'
            + GERMAN.encode("iso-8859-1"),
            "text/html",
        ),
        (b"<meta charset=iso-8859-1>" + GERMAN.encode(), "text/html; charset=utf-8"),
        (GERMAN.encode(), "text/html"),
        ((GERMAN * 8).encode("cp1252"), "text/html"),
        (GERMAN.encode(), "text/html; charset=no-such-thing"),
        (GERMAN.encode() + "ö".encode()[:1], "text/html"),
    ],
    ids=(
        "a BOM beats the header,a BOM of UTF-16,header,quoted header,meta,meta http-equiv,"
        "the header beats meta,UTF-8 undeclared,cp1252 undeclared,unknown name,"
        "cut within a character"
    ).split(","),
)
def test_a_page_is_decoded(body: bytes, content_type: str) -> None:
    assert GERMAN in decode(body, content_type)


@pytest.mark.parametrize("name", ["punycode", "Punycode", "puny-code", "PUNYCODE "])
def test_the_codec_of_host_names_is_none_of_pages(name: str) -> None:
    """It takes minutes for a page of megabytes."""
    assert decode(b"<p>abc-", f"text/html; charset={name}") == "<p>abc-"
    assert decode(b"<meta charset=punycode><p>abc-", "text/html").endswith("<p>abc-")


def test_a_wrong_declaration_costs_characters_and_never_links() -> None:
    body = f"<a href='{OUT}x'>Größe</a><a href='{OUT}漢'>漢字</a>".encode()
    found = read(body, content_type="text/html; charset=us-ascii").external
    assert len(found) == 2
    assert found.target[0] == OUT + "x"


def test_shift_jis_is_read_where_it_is_declared() -> None:
    body = "<title>港の船</title>".encode("shift_jis")
    assert read(body, content_type="text/html; charset=Shift_JIS").title == "港の船"


# Heads: title, language, terms, robots.


def test_the_title_is_one_bounded_line() -> None:
    assert read("<title>\n Harbour\x07 &amp;  news </title>").title == "Harbour & news"
    assert len(read(f"<title>{'x' * 999}</title>").title) == MAX_TITLE
    assert read("<p>none").title == ""


@pytest.mark.parametrize(
    ("body", "header", "language"),
    [
        ("<html lang=de-AT><p>x", "", "de"),
        ("<html lang=fr><p>x", "en", "fr"),
        ("<p>x", "en-GB, de", "en"),
        (GERMAN, "", "de"),
        ("<p>x", "", ""),
    ],
)
def test_the_language_is_declared_or_read(body: str, header: str, language: str) -> None:
    assert read(body, content_language=header).language == language


SELF = "<link rel=alternate hreflang={tag} href='{url}'>"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("<html lang=de-AT>", ("AT", "lang")),
        ("<html lang=en_GB>", ("GB", "lang")),
        ("<html lang=de>", ("", "")),
        ("<html lang=en-US>", ("", "")),  # what software writes unasked
        ("<html lang=de-AT>" + SELF.format(tag="de-CH", url="{page}"), ("CH", "hreflang")),
        ("<html lang=de-AT>" + SELF.format(tag="de-CH", url="/other"), ("AT", "lang")),
        ("<html lang=de-AT>" + SELF.format(tag="x-default", url="{page}"), ("AT", "lang")),
        ("<html>" + SELF.format(tag="en-US", url="{page}"), ("US", "hreflang")),
        (
            "<html><link rel=canonical href='/c'>" + SELF.format(tag="fr-CA", url="/c"),
            ("CA", "hreflang"),
        ),
    ],
)
def test_a_page_says_for_which_country_it_is(head: str, expected: tuple[str, str]) -> None:
    found = read(head.replace("{page}", PAGE.url))
    assert (found.country, found.country_by) == expected


def test_terms_are_of_what_the_page_says_itself() -> None:
    """The text of links tells of the pages they lead to; menus and footers of the site."""
    body = (
        "<title>Harbour</title><nav>about us</nav><p>crane <a href='https://b.org/'>violin "
        "<b>concert</b></a> quay <a name=x>anchorage</a></p><footer>imprint</footer>"
    )
    assert read(body).terms == ["harbour", "crane", "quay"]
    assert read("<a href='/x'>violin</a>").terms == []


def test_terms_are_of_what_is_read_and_not_of_scripts() -> None:
    body = "<title>t</title><p>harbour crane harbour<script>var hidden</script><style>b{}</style>"
    assert read(body).terms == ["harbour", "crane"]
    assert read("<p>東京東京").terms[0] == "東京"


def test_robots_meta_is_kept_as_written() -> None:
    assert read("<meta name=robots content='max-snippet:-1, index'>").robots_meta == (
        "max-snippet:-1, index"
    )
    ours = read("<meta name=backlinks content=noindex><meta name=robots content=all>")
    assert ours.robots_meta == "backlinks: noindex, all"


def test_nofollow_of_the_page_hides_no_link() -> None:
    assert len(read(f"<meta name=robots content=none><a href={OUT}>x</a>").external) == 1


# The rest of the record.


def test_the_digest_is_that_of_the_external_links() -> None:
    found = read(f"<a href={OUT}>x</a><a href=/in>y</a>")
    assert found.digest == link_digest([OUT], ["a"])
    assert found.digest == read(f"<p>More<a href={OUT}>other</a>").digest


ARTICLE = "<h1>The harbour</h1><p>" + "Ships come and go. " * 9
OTHER = ARTICLE.replace("come", "came", 1)


def _own_text(main: str, frame: str = "", url: str = "https://www.example.org/a") -> str:
    body = f"<header>{frame}</header><nav>Home {frame}</nav>{main}<footer>{frame}</footer>"
    return extract(canonical(url), body.encode(), {"content-type": "text/html"}).text


def test_an_article_has_the_same_digest_under_another_url_and_another_article_another() -> None:
    digest = _own_text(ARTICLE)
    assert re.fullmatch("[0-9a-f]{16}", digest)
    assert (
        _own_text(ARTICLE, "<a href=/3>You are on page 3</a>", "https://x.example/?b=1") == digest
    )
    assert _own_text(OTHER) != digest


@pytest.mark.parametrize(
    ("change", "to"),
    [(". Ships", ".\n<!-- x --> Ships"), ("<p>", "<p>\n\t"), ("<p>", "<p><script>3</script>")],
)
def test_white_space_and_scripts_make_no_other_text(change: str, to: str) -> None:
    assert _own_text(ARTICLE.replace(change, to)) == _own_text(ARTICLE)


def test_a_page_of_little_own_text_has_no_digest() -> None:
    assert _own_text("<p>" + "x " * 99, "a long frame around it " * 99) == ""
    assert _own_text("<p>" + "x " * 100) != ""
    assert read("").text == ""


def test_frames_within_what_is_unseen_and_within_each_other_are_taken_out_once() -> None:
    inner = "<svg><svg></svg></svg><header>1<nav>2</nav><noscript><nav>3</nav></noscript></header>"
    frames = f"<nav>{inner}</nav><noscript>4<nav>{inner}</nav><aside>{inner}</aside></noscript>"
    assert _own_text(frames + ARTICLE) == _own_text(ARTICLE)


@pytest.mark.parametrize(
    ("content_type", "body", "is_html"),
    [
        ("text/html", "", True),
        ("Text/HTML ;charset=x", "", True),
        ("application/xhtml+xml", "", True),
        ("application/pdf", "<p>", False),
        ("image/png", "", False),
        ("text/plain", "<a href=/x>", False),
        ("", "<p>x", True),
        ("", "plain", False),
        ("", "<\x00", False),
    ],
)
def test_only_html_is_read(content_type: str, body: str, is_html: bool) -> None:
    found = read(body + "<a href=/x>y</a>" * is_html, content_type=content_type)
    assert (found.incomplete == "not_html") is not is_html
    assert bool(found.internal.target) is is_html


def test_robots_headers_bind_what_is_no_html_too() -> None:
    found = read("%PDF", content_type="application/pdf", x_robots_tag="noindex")
    assert (found.noindex, found.nofollow, found.robots_header) == (True, False, "noindex")


def test_links_over_the_cap_are_counted_and_the_visit_is_incomplete() -> None:
    body = "".join(f"<a href=https://a{i}.example/>x</a>" for i in range(MAX_EXTERNAL + 7))
    found = read(body + "<p>" + "word " * 500)
    assert (len(found.external), found.dropped) == (MAX_EXTERNAL, 7)
    assert found.incomplete == "links_cap"
    body = "".join(f"<a href=/{i}>x</a>" for i in range(MAX_INTERNAL + 3))
    found = read(body)
    assert (len(found.internal.target), found.dropped) == (MAX_INTERNAL, 3)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<p>x" + " " * MAX_BODY, "cut"),
        ("<div>" * 20_000, "nesting"),
        ("<p " + " ".join(f"a{i}" for i in range(20_000)) + ">", "attributes"),
    ],
)
def test_a_page_read_in_part_says_why(body: str, reason: str) -> None:
    found = read("<a href=/first>x</a>" + body)
    assert found.incomplete == reason
    assert found.internal.target == ["https://www.example.org/first"]


@given(st.text(max_size=12) | st.text("a \t\xa0\u202e", max_size=6), st.integers(1, 10))
@example("a  a", 9)
def test_a_text_that_is_clean_comes_to_the_same_as_by_the_long_way(text: str, limit: int) -> None:
    assert module.clean(text, limit) == module._printable(text[: limit * 8])[:limit]
