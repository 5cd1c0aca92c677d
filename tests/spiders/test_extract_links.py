"""The links of one page: their kind, anchor, rel, place and the words around, on made pages."""

from __future__ import annotations

import pytest

from pipeline.page import KINDS, POSITIONS
from spiders.extract import MAX_ANCHOR, MAX_CONTEXT, MAX_FEEDS
from tests.support.reading import OUT, Link, link, links, read

# Kinds.


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f"<a href={OUT}>x</a>", "a"),
        (f"<map><area href={OUT} alt=x></map>", "area"),
        (f"<a href={OUT}><img src=i alt=x></a>", "img-link"),
        (f"<iframe src={OUT}></iframe>", "iframe"),
        (f"<frameset><frame src={OUT}></frameset>", "iframe"),
        (f"<form action={OUT}></form>", "form"),
        (f"<link rel=canonical href={OUT}>", "canonical"),
        (f"<link rel=alternate hreflang=de href={OUT}>", "alternate"),
        (f"<link rel='Alternate' type='text/html' href={OUT}>", "alternate"),
        (f"<link rel=next href={OUT}>", "next"),
        (f"<link rel=prev href={OUT}>", "prev"),
        (f"<link rel=previous href={OUT}>", "prev"),
        (f"<meta http-equiv=refresh content='0; url={OUT}'>", "redirect"),
        (f"<meta http-equiv=REFRESH content='5;URL=\"{OUT}\"'>", "redirect"),
        (f"<meta http-equiv=refresh content='0,{OUT}'>", "redirect"),
    ],
)
def test_a_link_of_each_kind_is_found(body: str, kind: str) -> None:
    found = link(body)
    assert (found.target, found.domain, found.kind) == (OUT, "other.example", kind)
    assert kind in KINDS


@pytest.mark.parametrize(
    "body",
    [
        f"<link rel=stylesheet href={OUT}>",
        f"<link rel='alternate stylesheet' href={OUT}>",
        f"<link rel=alternate type=application/rss+xml href={OUT}>",
        f"<link rel='preconnect' href={OUT}>",
        f"<img src={OUT}><script src={OUT}></script>",
        f"<!-- <a href={OUT}>x</a> -->",
        f"<a name={OUT}>x</a><a data-href={OUT}>y</a>",
        "<meta http-equiv=refresh content=30>",
        f"<meta name=refresh content='0; url={OUT}'>",
        f"<template><a href={OUT}>x</a></template>",
    ],
)
def test_what_is_no_link_is_not_recorded(body: str) -> None:
    assert links(body) == []


def _feed(href: str, kind: str = "application/rss+xml") -> str:
    return f"<link rel=alternate type='{kind}' href='{href}'>"


@pytest.mark.parametrize(
    "kind",
    ["application/rss+xml", "application/atom+xml", "application/feed+json",
     " Application/RSS+XML; charset=utf-8"],
)  # fmt: skip
def test_a_feed_of_the_same_site_is_a_page_to_visit_and_one_of_another_is_nothing(
    kind: str,
) -> None:
    found = read(_feed("//news.example.org/feed", kind) + _feed(OUT, kind))
    assert found.internal.target == ["https://news.example.org/feed"]
    assert len(found.external) == 0


def test_the_first_feeds_of_a_page_are_enough() -> None:
    many = "".join(_feed(f"/feed/{number}") for number in range(MAX_FEEDS + 3))
    found = read(_feed(OUT) * 9 + _feed("/feed/0") * 9 + many + "<a href=/in>x</a>")
    assert found.internal.target == [
        *(f"https://www.example.org/feed/{number}" for number in range(MAX_FEEDS)),
        "https://www.example.org/in",
    ]
    assert found.dropped == 0


def test_a_feed_does_not_move_the_links_behind_it() -> None:
    assert link(f"{_feed('/feed')}<a href={OUT}>x</a>").ordinal == 0


@pytest.mark.parametrize(
    "body",
    [f"<form action={OUT} href=/x></form>", f"<iframe src={OUT} href=/x></iframe>",
     f"<meta http-equiv=refresh content='0; url={OUT}' href=/x>"],
)  # fmt: skip
def test_an_element_with_two_attributes_that_may_lead_elsewhere_is_one_link(body: str) -> None:
    assert link(body).times == 1


def test_the_first_canonical_that_can_be_parsed_is_the_page_s() -> None:
    body = (
        "<link rel=canonical href=mailto:x><link rel=canonical href=/a><link rel=canonical href=/b>"
    )
    assert read(body).canonical == "https://www.example.org/a"


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("<base href=https://other.example/d/>", "https://other.example/d/x"),
        ("<base href=//other.example/d/>", "https://other.example/d/x"),
        ("<base target=_top><base href=https://other.example/>", "https://other.example/x"),
        ("<base href=https://other.example/a/><base href=/b/>", "https://other.example/a/x"),
    ],
)
def test_links_resolve_against_the_first_base_with_an_href(base: str, expected: str) -> None:
    assert link(f"{base}<a href=x>y</a>").target == expected


@pytest.mark.parametrize("base", ["<base href=mailto:x>", "<base href='http://'>", "<base>", ""])
def test_a_base_that_is_none_leaves_the_page_s_own(base: str) -> None:
    assert read(f"{base}<a href=x>y</a>").internal.target == ["https://www.example.org/dir/x"]


@pytest.mark.parametrize(
    ("rel", "flags"),
    [
        ("", 0),
        ("nofollow", 1),
        ("ugc", 2),
        ("sponsored", 4),
        ("noopener  NoFollow\tUGC external", 3),
        ("nofollow ugc sponsored", 7),
        ("nofollowed,ugc", 0),
    ],
)
def test_rel_flags_are_kept_and_nofollow_link_is_recorded(rel: str, flags: int) -> None:
    assert link(f"<a rel='{rel}' href={OUT}>x</a>").rel == flags
    assert read(f"<a rel='{rel}' href=/in>x</a>").internal.rel == [flags]


# Anchors.


@pytest.mark.parametrize(
    ("inner", "anchor"),
    [
        ("  two\n\t words ", "two words"),
        ("<b>D</b>ropped cap", "Dropped cap"),
        ("<span>no</span><i>space</i>", "nospace"),
        ("one<br>two", "one two"),
        ("<h3>Title</h3><p>Teaser</p>", "Title Teaser"),
        ("a\x01b\u202ec\u0007d\x00e", "a b c de"),
        ("caf\u00e9&nbsp;&amp;&eacute;", "café &é"),
        ("x" * 1000, "x" * MAX_ANCHOR),
        ("text <img src=i alt=picture>", "text"),
        ("", ""),
    ],
)
def test_the_anchor_is_one_bounded_line_of_what_is_read(inner: str, anchor: str) -> None:
    found = link(f"<a href={OUT}>{inner}</a>")
    assert (found.kind, found.anchor) == ("a", anchor)


@pytest.mark.parametrize(
    ("inner", "alt"),
    [
        ("<img src=i alt=' A  ship '>", "A ship"),
        ("<span> <img src=i></span>", ""),
        ("<img src=i alt>", ""),
        ("<img alt=one><img alt=two>", "one"),
    ],
)
def test_a_link_without_text_is_an_image_link_with_its_alt(inner: str, alt: str) -> None:
    found = link(f"<a href={OUT}>{inner}</a>")
    assert (found.kind, found.anchor) == ("img-link", alt)


def test_an_area_s_anchor_is_its_alt() -> None:
    assert link(f"<area href={OUT} alt='The north'>").anchor == "The north"


# Positions: landmarks and roles, then class names; the nearest wins.


@pytest.mark.parametrize(
    ("around", "position"),
    [
        ("<div>", "main"),
        ("<main>", "main"),
        ("<article>", "main"),
        ("<nav>", "nav"),
        ("<header>", "header"),
        ("<footer>", "footer"),
        ("<aside>", "aside"),
        ("<div role=navigation>", "nav"),
        ("<div role=Banner>", "header"),
        ("<div role=contentinfo>", "footer"),
        ("<div role=complementary>", "aside"),
        ("<nav role=main>", "main"),
        ("<div class=comment-list>", "comment"),
        ("<ol id=comments>", "comment"),
        ("<div class='site-footer dark'>", "footer"),
        ("<div class=sidebar>", "aside"),
        ("<ul class=main_menu>", "nav"),
        ("<div id=masthead>", "header"),
        ("<div class=footnotes>", "main"),
        ("<div class=commentary>", "main"),
        ("<footer><nav>", "nav"),
        ("<nav><footer>", "footer"),
        ("<aside><main>", "main"),
        ("<main><div class=comments>", "comment"),
        ("<footer><div><p><b>", "footer"),
        ("<article><header>", "main"),
        ("<main class=footer>", "main"),
        ("<body class=nav>", "main"),
    ],
)
def test_a_link_s_position_is_told_by_the_nearest_mark(around: str, position: str) -> None:
    assert link(f"{around}<a href={OUT}>x</a>").position == position
    assert position in POSITIONS


def test_links_that_share_ancestors_have_each_their_own_position() -> None:
    body = "<div><nav><a href=//a.example>a</a></nav><div><p><a href=//b.example>b</a></p></div>"
    body += "<footer><a href=//c.example>c</a></footer><a href=//d.example>d</a></div>"
    assert [found.position for found in links(body)] == ["nav", "main", "footer", "main"]


# Text before and after.


@pytest.mark.parametrize(
    ("body", "before", "after"),
    [
        ("<p>See <a>x</a> for more.</p>", "See", "for more."),
        ("<p>See <b>the <a>x</a></b> <i>for</i> more.</p>", "See the", "for more."),
        ("<p>No</p><p>near <a>x</a></p><p>far</p>", "near", ""),
        ("<p>no<br>near <a>x</a> here<br>far</p>", "near", "here"),
        ("<p>near <a>x</a><script>y()</script><!-- z --> here", "near", "here"),
        ("<p>one <a href=/i>two</a> <a>x</a> <a href=/j>three</a>", "one two", "three"),
        ("<li><a>x</a></li>", "", ""),
        ("<p>" + "b" * 300 + "<a>x</a>" + "a" * 300, "b" * MAX_CONTEXT, "a" * MAX_CONTEXT),
        ("<p>a\u202eb <a>x</a>", "a b", ""),
    ],
)
def test_the_text_around_a_link_is_that_of_its_block(body: str, before: str, after: str) -> None:
    found = link(body.replace("<a>", f"<a href={OUT}>"))
    assert (found.before, found.after) == (before, after)


# One target, several places.


def test_a_target_is_one_link_with_its_count_and_its_best_place() -> None:
    body = (
        f"<footer><a href={OUT}#a>footer</a></footer><p>Go <a rel=nofollow href={OUT}>no</a>"
        f"<p>Here <a href={OUT}#b>yes</a> now<p><a href={OUT}>late</a><nav><a href={OUT}>n</a>"
    )
    found = link(body)
    assert found == Link(OUT, "other.example", "a", 0, "main", "yes", "Here", "now", 2, 5)


def test_kinds_of_one_target_are_links_of_their_own() -> None:
    body = f"<a href={OUT}>x</a><a href={OUT}><img></a><iframe src={OUT}></iframe>"
    assert [found.kind for found in links(body)] == ["a", "img-link", "iframe"]


def test_the_scheme_makes_no_second_link() -> None:
    assert link("<a href=http://o.example/>x</a><a href=https://o.example/>y</a>").times == 2


def test_an_internal_link_is_nofollow_only_where_all_of_them_are() -> None:
    body = "<a rel=nofollow href=/a>x</a><a href=/a>y</a><a rel=nofollow href=/b>z</a>"
    found = read(body).internal
    assert (found.target, found.rel) == (
        ["https://www.example.org/a", "https://www.example.org/b"],
        [0, 1],
    )


def test_internal_is_what_shares_the_registered_domain() -> None:
    body = "<a href=https://blog.example.org/>in</a><a href=https://example.com/>out</a>"
    found = read(body)
    assert found.internal.target == ["https://blog.example.org/"]
    assert found.external.target == ["https://example.com/"]


@pytest.mark.parametrize("href", ["#top", "/dir/page", "page#x", ""])
def test_a_link_to_the_page_itself_is_none(href: str) -> None:
    found = read(f"<a href='{href}'>x</a>")
    assert found.internal.target == []
    assert found.refused == {}


def test_refused_targets_are_counted_by_reason() -> None:
    body = (
        "<a href=mailto:a@b>1</a><a href=mailto:c@d>2</a><a href='javascript:x()'>3</a>"
        "<a href='http://'>4</a><a href=http://192.0.2.1/>5</a><a href=ftp://x/>6</a>"
        f"<a href=/{'x' * 3000}>7</a><iframe src=about:blank></iframe><a href='http://a b/'>8</a>"
    )
    assert read(body).refused == {
        "mailto": 2, "javascript": 1, "no_host": 1, "ip": 1, "ftp": 1, "too_long": 1, "about": 1,
        "invalid": 1,
    }  # fmt: skip
