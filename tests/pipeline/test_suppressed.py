"""A page without what is suppressed: what goes, what stays, and that all columns go together."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.control import Controls
from pipeline.page import Hop, decode, encode
from pipeline.suppressed import kept
from pipeline.url import canonical
from tests.pipeline.said import controls, said
from tests.support.records import START, Link, page

GONE = "https://www.gone.example/people/jo"
PAGE = msgspec.structs.replace(
    page(
        "https://a.example/",
        START,
        [Link("https://b.example/", anchor="b"), Link(GONE, anchor="jo", before="see"),
         Link("https://c.example/", "canonical", anchor="c")],
        inner=["https://a.example/gone/1", "https://a.example/in"],
    ),
    final_url=GONE, canonical=GONE, chain=[Hop(url=GONE, status=301)],
    sitemaps=["https://a.example/map.xml", "HTTPS://www.Gone.example:443/map.xml", "ftp://a"],
)  # fmt: skip


def test_without_a_suppression_a_page_is_itself() -> None:
    assert kept(PAGE, Controls()).page is PAGE
    assert kept(PAGE, controls(said(1, "suppress", "other.example"))).page is PAGE


def test_a_suppressed_page_is_not_kept() -> None:
    assert kept(PAGE, controls(said(1, "suppress", "a.example"))).page is None


def test_every_mention_of_what_is_suppressed_goes_and_the_rest_stays() -> None:
    left = kept(PAGE, controls(said(1, "suppress", "gone.example")))
    assert left.links == 1
    assert left.page is not None
    assert b"gone.example" not in encode(left.page).lower()
    assert left.page.sitemaps == ["https://a.example/map.xml", "ftp://a"]
    assert left.page.external.anchor == ["b", "c"]
    assert left.page.external.kind == ["a", "canonical"]
    assert left.page.internal == PAGE.internal


def test_internal_links_go_by_how_their_path_begins() -> None:
    left = kept(PAGE, controls(said(1, "suppress", "a.example/gone/")))
    assert left.page is not None
    assert left.page.internal.target == ["https://a.example/in"]
    assert left.page.internal.rel == [0]
    assert left.page.external == PAGE.external


HOSTS = ["a.example", "www.a.example", "b.example:81", "github.io", "x.github.io"]
urls = st.builds(
    "https://{}{}".format, st.sampled_from(HOSTS), st.sampled_from(["/", "/p/1", "/p?x=1"])
)
names = st.sampled_from([*HOSTS, "b.example", "a.example/p", "b.example/p/"])


@given(st.lists(urls, max_size=6), urls, st.lists(names, max_size=3))
def test_what_is_left_names_nothing_suppressed_and_is_a_whole_record(
    links: list[str], url: str, suppressed: list[str]
) -> None:
    heard = controls(*(said(at, "suppress", name) for at, name in enumerate(suppressed)))
    left = kept(page(url, START, links), heard).page
    wanted = [link for link in links if not heard.suppressed(*canonical(link)[2:])]
    if heard.suppressed(*canonical(url)[2:]):
        assert left is None
    else:
        assert left is not None
        assert decode(encode(left)).external.target == wanted
