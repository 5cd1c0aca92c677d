"""The extractor's links on every page of the corpus against those that html5lib finds.

html5lib shares no line with Lexbor. What it found on all 2,625 pages is kept as hashes
(tests/support/html5lib_truth.py writes them); on a sample, the odd pages in it, it runs here.
The classes in which the two part, each with its pages and targets counted below:

template  html5lib is older than `<template>` and takes its content for part of the page. To the
          standard, to browsers and to Lexbor it is inert: nobody can follow a link in it.
          1 page, 2 targets.
svg       an `<a href>` of SVG is a link to browsers and to the extractor; html5lib's tree has it
          in SVG's namespace, where the truth does not look. 0 pages.
select    html5lib drops elements in a `<select>`; the standard keeps them since 2025, as Lexbor
          does. 0 pages.

Classes that were looked for and make no difference: links in `<noscript>` (both read it as a
crawler does, without scripts), pages with `<base>`, markup that is misnested, cut or not UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline.url import Url
from spiders.bounds import cut_hostile
from spiders.extract import anchors, base_url, decode
from tests.support import html5lib_truth as truth
from tests.support.corpus import needs_corpus, page_url, pages

PAGES = 2_625
SAMPLE = 60

# By page and class: how many targets html5lib finds that are no links.
DIFFERENCES = {
    (
        "www.atlasobscura.com",
        "articles/the-deck-of-cards-that-made-tarot-a-global-phenomenon/index.html",
    ): ("template", 2),
}
# Every reason to be odd must be met in the sample at least once.
ODDITIES: dict[str, Callable[[str, bytes], bool]] = {
    "template": lambda text, _: "<template" in text,
    "noscript": lambda text, _: "<noscript><a" in text.replace(" ", ""),
    "base": lambda text, _: "<base " in text.lower(),
    "svg": lambda text, _: "<svg" in text,
    "area": lambda text, _: "<area" in text.lower(),
    "another encoding": lambda _, body: not _is_utf8(body),
    "no body tag": lambda text, _: "<body" not in text.lower(),
    "large": lambda _, body: len(body) > 400_000,
}


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def found(text: str, page: Url) -> set[str]:
    """What the extractor's parser finds, before it caps or sorts anything."""
    html, why = cut_hostile(text)
    assert why == ""
    tree = LexborHTMLParser(html)
    return truth.resolve((href for _, href in anchors(tree)), base_url(tree, page))


def in_templates(text: str, page: Url) -> set[str]:
    """Targets that html5lib has in `<template>` and nowhere else."""
    tree = truth.parse(text)
    base = truth.base_of(tree, page)
    inert: set[Any] = set()
    for template in truth.elements(tree, truth.XHTML + "template"):
        inert.update(template.iter())
    links = list(truth.elements(tree, truth.XHTML + "a", truth.XHTML + "area"))
    inside = [n.attrib["href"] for n in links if n in inert and "href" in n.attrib]
    outside = [n.attrib["href"] for n in links if n not in inert and "href" in n.attrib]
    return truth.resolve(inside, base) - truth.resolve(outside, base)


def sample() -> dict[tuple[str, str], tuple[str, bytes]]:
    """Differing pages, three of each oddity, then every n-th: the same pages every time."""
    chosen: dict[tuple[str, str], tuple[str, bytes]] = {}
    met = dict.fromkeys(ODDITIES, 0)
    rest = []
    for host, path, body in pages():
        text = decode(body, "text/html")
        odd = [name for name, is_odd in ODDITIES.items() if is_odd(text, body)]
        if (host, path) in DIFFERENCES or any(met[name] < 3 for name in odd):
            chosen[host, path] = text, body
            for name in odd:
                met[name] += 1
        else:
            rest.append((host, path, text, body))
    assert all(met.values()), met
    for host, path, text, body in rest[:: len(rest) // (SAMPLE - len(chosen))]:
        if len(chosen) < SAMPLE:
            chosen[host, path] = text, body
    return chosen


@needs_corpus
@pytest.mark.corpus
def test_the_targets_of_every_page_are_those_html5lib_found() -> None:
    expected = truth.read_truth()
    assert len(expected) == PAGES
    unexplained, seen = [], 0
    for host, path, body in pages():
        seen += 1
        text, page = decode(body, "text/html"), page_url(host, path)
        targets = found(text, page)
        if (host, path) in DIFFERENCES:
            kind, count = DIFFERENCES[host, path]
            explained = {"template": in_templates}[kind](text, page)
            assert len(explained) == count, f"{host}/{path}: {explained}"
            assert not explained & targets
            targets |= explained
        if truth.set_key(targets) != expected[truth.page_key(host, path)]:
            unexplained.append(f"{host}/{path}")
    assert seen == PAGES
    assert unexplained == [], "compare with tests.support.html5lib_truth.targets"


@needs_corpus
@pytest.mark.corpus
def test_on_a_sample_with_all_odd_pages_html5lib_finds_them_still() -> None:
    expected = truth.read_truth()
    chosen = sample()
    assert len(chosen) == SAMPLE
    assert chosen.keys() >= DIFFERENCES.keys()
    for (host, path), (text, _) in chosen.items():
        page = page_url(host, path)
        live = truth.targets(text, page)
        assert truth.set_key(live) == expected[truth.page_key(host, path)], (
            f"{host}/{path}: run `python -m tests.support.html5lib_truth` again"
        )
        explained = in_templates(text, page) if (host, path) in DIFFERENCES else set()
        assert live - explained == found(text, page), f"{host}/{path}"


@pytest.mark.parametrize(
    "body",
    [
        "<noscript><a href=/in-noscript>x</a></noscript>",
        "<table><a href=/fostered>x</a><tr><td><a href=/cell>y</a></table>",
        "<a href=/outer>x<a href=/inner>y</a>",
        "<map><area href=/area></map><AREA HREF='/AREA'>",
        "<a href='/unclosed>x</a><a href=/lost>y</a>",
        "<a href=/a&amp;b&copy=c&notit;>x</a>",
        "<!-- <a href=/commented>x</a> --><a href=/live>y</a>",
        "<textarea><a href=/typed>x</a></textarea><script>'<a href=/scripted>'</script>",
        "<base href=//other.example/d/><base href=/ignored/><a href=x>x</a>",
        "<a href=\"/line\nbreak\ttab\">x</a><a href=' /spaces '>y</a>",
        "<a href=/one href=/two>x</a><a HREF=/three>y</a><a name=z>z</a>",
        "<p><b><a href=/mis>x</b></a><i>y</p><a href=/nested>z",
        "<frameset><frame src=/f></frameset><noframes><a href=/n>n</a></noframes>",
        "<plaintext><a href=/plain>x</a>",
    ],
)
def test_on_made_markup_both_find_the_same(body: str) -> None:
    page = page_url("example.org", "dir/page.html")
    assert found(body, page) == truth.targets(body, page)


@pytest.mark.parametrize(
    "body",
    [
        "<svg><a href=/more><text>x</text></a></svg><a href=/after>y</a>",
        "<select><option><a href=/more>x</a></select><a href=/after>y</a>",
    ],
)
def test_links_in_svg_and_select_are_links_though_html5lib_has_them_not(body: str) -> None:
    page = page_url("example.org", "")
    assert truth.targets(body, page) == {"http://example.org/after"}
    assert found(body, page) == {"http://example.org/after", "http://example.org/more"}


def test_links_in_a_template_are_no_links_and_html5lib_has_them() -> None:
    page = page_url("example.org", "")
    body = "<a href=/seen>x</a><template><a href=/inert>y</a><a href=/seen>z</a></template>"
    assert found(body, page) == {"http://example.org/seen"}
    assert truth.targets(body, page) - found(body, page) == in_templates(body, page)
