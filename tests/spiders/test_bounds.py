from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from spiders import bounds
from spiders.bounds import LONG_TAG, MANY_TAGS, MAX_ATTRIBUTES, MAX_DEPTH, SMALL_PAGE, cut_hostile
from tests.support.corpus import needs_corpus, pages

FILLER = "<br>" * (MANY_TAGS + 1)
LARGE = "text " * (SMALL_PAGE // 4)


def depth(html: str) -> int:
    """The deepest element of the tree that the parser builds."""
    deepest, level = 0, 0
    node: LexborNode | None = LexborHTMLParser(html).root
    while node is not None:
        deepest = max(deepest, level)
        if (child := node.first_child) is not None:
            node, level = child, level + 1
            continue
        while node is not None and node.next is None:
            node, level = node.parent, level - 1
        node = node.next if node is not None else None
    return deepest


# Ways to nest that have hidden from a count of tags, or would hide from a simpler one.
NESTING = {
    "plain": "<div>",
    "after a comment that ends at once": "<!--><div>",
    "an end tag behind a scope": "<div><marquee></div></marquee>",
    "an end tag behind a special element": "<span><div></span></div>",
    "an end tag behind a paragraph": "<span><p></span></p>",
    "an end tag within an attribute": '<div a="</div>">',
    "an end tag of the body": "<div></body>",
    "an end tag of a form": "<form><div></form>",
    "upper case": "<DIV><Div>",
    "tables": "<table><tr><td>",
    "templates": "<template>",
    "lists": "<ul><li>",
    "formatting": "<b><p>",
    "links with blocks": "<a href=x><div>",
    "foreign elements": "<svg><g>",
    "unknown elements": "<x-y>",
    "buttons": "<p><button>",
}


@pytest.mark.parametrize("unit", NESTING.values(), ids=NESTING)
def test_nesting_is_cut_however_it_hides(unit: str) -> None:
    html, why = cut_hostile(unit * MANY_TAGS + FILLER)
    assert why == "nesting"
    assert depth(html) <= 4 * MAX_DEPTH + 10  # a table, its body, row and cell count as one


@pytest.mark.parametrize(
    "html",
    [
        "<!-->" + "<div>" * 20_000,
        "<svg>" + "<td>" * 20_000,
        "<svg><p>" + "<div/>" * 20_000,
        "<svg></p>" + "<x-y/>" * 20_000,
        "<svg><title>" + "<g>" * 20_000,
        "<select><xmp></select>" + "<div>" * 20_000 + "</xmp>",
        "<body>" + "<div></body>" * 20_000,
    ],
)
def test_nesting_behind_a_single_start_is_cut(html: str) -> None:
    assert cut_hostile(html)[1] == "nesting"


@pytest.mark.parametrize(
    "unit",
    [
        "<p>text",
        "<li><p>one</li>",
        "<div><p>one<p>two</div>",
        "<tr><td>a<td>b",
        "<dl><dt>a<dd>b</dl>",
        "<b><i>misnested</b></i>",
        "<a name=x>",
        "<svg><path d='M0'/><use href='#a'/></svg>",
        "<svg><foreignObject><div><p>x</p></div></foreignObject></svg>",
        "<option>a",
        "<script>if (a<b) '<div><div>'</script>",
        "<!-- <div><div> -->",
        "<textarea><div></textarea>",
        "<title><div></title>",
        "<div title='<div>'></div>",
        "<input><img><hr>",
        "<ul><li><a href=x><b>x</b></a></ul>",
        "<em><strong>x</strong></em>",
    ],
)
def test_a_long_page_that_nests_little_is_left_alone(unit: str) -> None:
    html = "<table>" + unit * MANY_TAGS + FILLER
    assert cut_hostile(html) == (html, "")


def test_a_short_page_may_nest_as_it_likes() -> None:
    html = "<div>" * (MANY_TAGS - 1)
    assert cut_hostile(html) == (html, "")


ATTRIBUTES = {
    "bare": "a{}",
    "with values": "a{}=1",
    "quoted": "a{}='x'",
    "with a < in their names": "a{}<",
    "with > in quotes": 'a{}=">"',
    "with < and > in quotes": 'a{}="<>"',
    "quoted with spaces around": "a{} = 'x'",
    "long": "a{}=" + "x" * 3_000,
}


@pytest.mark.parametrize("form", ATTRIBUTES.values(), ids=ATTRIBUTES)
@pytest.mark.parametrize("start", ["<div ", "<svg><style><div ", "<DIV/"])
def test_a_tag_of_too_many_attributes_is_cut_before_it(start: str, form: str) -> None:
    tag = start + " ".join(form.format(i) for i in range(20_000)) + ">"
    for page in (LARGE + tag, FILLER + tag, LARGE + "<script>x<a b='</script>" + tag + "'"):
        html, why = cut_hostile(page)
        assert why == "attributes"
        assert len(html) <= len(page) - len(tag) + len(start)


def test_attributes_of_many_body_tags_end_in_one_element_and_count_together() -> None:
    html = LARGE + "".join(f"<body a{i}>" for i in range(20_000))
    assert cut_hostile(html)[1] == "attributes"


@pytest.mark.parametrize(
    "html",
    [
        LARGE + "<div " + " ".join(f"a{i}=1" for i in range(MAX_ATTRIBUTES - 1)) + ">",
        LARGE + "<div a='" + "x y " * 5_000 + "'>",
        LARGE + "<script>" + "if(a<b)c='d' " * 5_000 + "</script>",
        LARGE + "<a title='a > b'>x</a>" * 2_000,
        LARGE + "<p>" + "a < b and c > d " * 2_000,
    ],
)
def test_a_large_page_with_ordinary_attributes_is_left_alone(html: str) -> None:
    assert cut_hostile(html) == (html, "")


def test_formatting_that_would_be_built_again_in_every_block_is_made_plain() -> None:
    hostile = "<p>" + "".join(f"<b a={i}>" for i in range(400)) + "</p>" + "<p>x" * 20_000
    html, why = cut_hostile(hostile)
    assert why == ""
    assert len(LexborHTMLParser(html).css("p *")) < 1_000
    links = "<p><i class=icon></i> <a href=/x><b id=1>x</b></a>" * 5_000
    assert len(LexborHTMLParser(cut_hostile(links)[0]).css("a[href]")) == 5_000


@given(
    st.lists(
        st.sampled_from(
            "<div> </div> <p> </p> <span> </span> <b a> </b> <svg> </svg> <td> <table> </table> "
            "<select> </select> <xmp> </xmp> <!-- --> <!--> <form> </form> <li> </ul> <ul> <a> "
            "<mi> <desc> <foreignObject> <annotation-xml> <div/> <p/> <font> </p> <option> "
            "</svg> </math> </a> <marquee> </marquee> <template> </template> <title> </title> "
            "<body> </body> "
            '<g a="</div>"> <g/> <button> <h1> </h2> <object> <math> <mi> x'.split()
        ),
        min_size=1,
        max_size=12,
    )
)
def test_no_unit_of_markup_nests_deeper_when_repeated_than_is_counted(units: list[str]) -> None:
    unit = "".join(units)
    html = unit * (3_000 // len(units))
    walk = bounds._Walk(html)
    kept, _ = walk.cut(200)
    # Where many equal formatting elements are reopened, a tree is deeper by them alone.
    assert depth(kept) <= 4 * 200 + 50


@needs_corpus
@pytest.mark.corpus
def test_no_page_of_the_corpus_is_cut_even_when_walked() -> None:
    for host, path, body in pages():
        text = body.decode("utf-8", "replace")
        assert cut_hostile(text)[1] == "", f"{host}/{path}"
        assert bounds._Walk(text).cut(MAX_DEPTH)[1] == "", f"{host}/{path}"


@given(
    st.lists(
        st.sampled_from(["<a", "<", ">", "x"])
        | st.integers(LONG_TAG - 3, LONG_TAG + 3).map("x".__mul__)
    ).map("".join)
)
@example("<a" + "x" * LONG_TAG)
@example("x>" + "<a" + "x" * LONG_TAG + ">")
@example("x" * LONG_TAG + ">" + "x" * 9 + "<a" + "x" * LONG_TAG)
def test_long_tags_stand_in_the_long_runs_that_strides_find(html: str) -> None:
    found, at = [], 0
    while (run := bounds._long_run(html, at)) is not None:
        found += [tag.span() for tag in bounds._LONG_TAG.finditer(html, *run)]
        at = run[1]
    assert found == [tag.span() for tag in bounds._LONG_TAG.finditer(html)]


_NEVER = re.compile("(?!)")


@given(
    st.lists(
        st.sampled_from(
            '<span>x</span>|<span class="a" id=b>x</span>|<span a=">">x</span >|<span>|</span>|'
            "<svg>|</svg>|<g/>|<p>|</p>|<div>|</div>|<!--|-->|<script>|</script>|<desc>|x".split(
                "|"
            )
        ),
        max_size=30,
    ).map("".join),
    st.integers(1, 6),
)
@example("<div><span>x</span>", 1)
@example("<svg><span>x</span><g/><g/>", 2)
def test_leaves_that_are_passed_in_one_go_change_no_cut(html: str, max_depth: int) -> None:
    found = bounds._Walk(html).cut(max_depth)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds, "_LEAVES", _NEVER)
        assert found == bounds._Walk(html).cut(max_depth)
