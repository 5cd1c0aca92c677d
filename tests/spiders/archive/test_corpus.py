"""Real archives, from Common Crawl, wget, ClueWeb and a browser's recorder, held against others.

warcio counts their records, and html5lib the links of their pages: neither shares a line with ours.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from pipeline.log import PAGES
from pipeline.log.sqlite import SqliteLog
from pipeline.page import Page, decode
from pipeline.url import Refused, canonical
from spiders.archive import wat
from spiders.archive.filing import Filing
from spiders.archive.noted import Note, Notes
from spiders.archive.warc import page_url
from spiders.extract import HTML_TYPES, MAX_BODY
from spiders.extract import decode as text_of
from tests.spiders.archive.reading import one
from tests.support.corpus import needs_corpus, part
from tests.support.html5lib_truth import XHTML, base_of, elements, parse
from tests.support.warcs import wat as wat_of

pytestmark = [needs_corpus, pytest.mark.corpus]

# Records, answers, HTML pages and hosts of each, as warcio has them.
FILES = {
    "dolma-sample-0000.warc.gz": (48, 22, 22, 13),
    "dolma-sample-0001.warc.gz": (34, 15, 15, 5),
    "resiliparse-clueweb-quirk.warc.gz": (30, 29, 29, 1),
    "resiliparse-warcfile.warc.gz": (50, 16, 16, 15),
    "stormcrawler-test.warc.gz": (42, 18, 2, 8),
    "whirlwind.warc.gz": (4, 1, 1, 1),
}


def imported(name: str, directory: Path) -> tuple[Note, list[Page]]:
    log = SqliteLog(directory / "log.sqlite")
    note = Filing(str(part(f"archives/{name}")), log, Notes(directory, "", frozenset())).run()
    pages = [decode(record.value) for record in log.read_all(PAGES)]
    log.close()
    return note, pages


@pytest.mark.parametrize("name", FILES)
def test_a_warc_has_what_warcio_and_html5lib_find_in_it(name: str, tmp_path: Path) -> None:
    note, pages = imported(name, tmp_path)
    records, kinds, links, hosts = 0, Counter[str](), Counter[str](), set[str]()
    answers = html = 0
    with part(f"archives/{name}").open("rb") as file:
        for record in ArchiveIterator(file):
            records += 1
            kinds[record.rec_type] += 1
            url = page_url(record.rec_headers.get_header("WARC-Target-URI") or "")
            if record.rec_type == "revisit" and url is not None:
                hosts.add(url.host)
            if record.rec_type != "response" or url is None:
                continue
            answers += 1
            hosts.add(url.host)
            kind = record.http_headers.get_header("Content-Type") or ""
            ok = record.http_headers.get_statuscode().startswith("2")
            if ok and kind.partition(";")[0].strip().lower() in HTML_TYPES:
                html += 1
                body = record.content_stream().read()[:MAX_BODY]
                links.update(tag for _, tag in truth(url.url, text_of(body, kind)))
    counts = note.counts
    assert (counts.all, counts.responses, counts.captures["page"], len(counts.hosts)) == FILES[name]
    assert (records, answers, html, len(hosts)) == FILES[name]
    assert counts.records == kinds
    assert counts.damaged == 0
    found = Counter(
        kind
        for page in pages
        for kind in page.external.kind
        if kind in ("a", "img-link", "area", "iframe")
    )
    assert found["a"] + found["img-link"] == links["a"]
    assert (found["area"], found["iframe"]) == (links["area"], links["iframe"])


def truth(url: str, text: str) -> set[tuple[tuple[str, str, bool], str]]:
    """External targets of one page by html5lib, and what leads there: a, area or iframe.

    A link by an image is another than one by a text.
    """
    page, tree = canonical(url), parse(text)
    base = base_of(tree, page)
    found = set()
    for tag, attribute in (("a", "href"), ("area", "href"), ("iframe", "src"), ("frame", "src")):
        for node in elements(tree, XHTML + tag):
            try:
                target = canonical(node.attrib[attribute], base)
            except (Refused, KeyError):
                continue
            if target.domain != page.domain:
                images = [] if "".join(node.itertext()).strip() else elements(node, XHTML + "img")
                by_image = tag == "a" and next(iter(images), None) is not None
                found.add(((*target.page, by_image), "iframe" if tag == "frame" else tag))
    return found


@pytest.mark.parametrize("name", FILES)
def test_the_wat_of_a_real_warc_gives_its_external_links(name: str, tmp_path: Path) -> None:
    """The whirlwind's own WAT in the corpus tells only of its request: one is made of it here."""
    by_url = {page.url: page for page in imported(name, tmp_path)[1]}
    same = compared = 0
    with part(f"archives/{name}").open("rb") as file:
        for record in ArchiveIterator(file):
            url = record.rec_headers.get_header("WARC-Target-URI") or ""
            page = by_url.get(found.url) if (found := page_url(url)) is not None else None
            if record.rec_type != "response" or page is None or page.outcome != "ok":
                continue
            kind = record.http_headers.get_header("Content-Type") or ""
            body = text_of(record.content_stream().read()[:MAX_BODY], kind).encode(
                "utf-8", "replace"
            )
            told = wat.capture(one(wat_of(url, body)).block).page
            assert told is not None
            compared += 1
            same += _links(told) == _links(page)
    assert compared == FILES[name][2]
    # Of a link without text after an image, a WAT leaves open whether it is the image's.
    assert same >= compared - 1
    if name == "whirlwind.warc.gz":
        assert same == compared == 1


def _links(page: Page) -> set[tuple[str, str, int]]:
    links = page.external
    return set(zip(links.target, links.kind, links.rel, strict=True))


def test_a_wat_of_common_crawl_has_its_records_and_links(tmp_path: Path) -> None:
    note, pages = imported("webindex-wat-18.warc", tmp_path)
    counts = note.counts
    assert counts.records == {"warcinfo": 1, "metadata": 17}
    assert (counts.responses, counts.captures["page"], len(counts.hosts)) == (5, 4, 5)
    assert counts.links == {"a": 18, "img-link": 12, "form": 1}
    assert {page.incomplete for page in pages} == {"cut"}, "all of them were truncated"
    assert not any("&amp;" in target for page in pages for target in page.external.target)
    assert note.references, "it is of 2015"


def test_a_wat_of_a_request_and_a_text_of_a_page_are_counted(tmp_path: Path) -> None:
    note, pages = imported("whirlwind.warc.wat.gz", tmp_path)
    assert (note.counts.captures, pages) == ({"other": 1}, [])
    note, pages = imported("whirlwind.warc.wet.gz", tmp_path)
    assert (note.counts.records, pages) == ({"warcinfo": 1, "conversion": 1}, [])


def test_clueweb_dates_are_read_and_revisits_of_other_urls_tell_nothing(tmp_path: Path) -> None:
    _, pages = imported("resiliparse-clueweb-quirk.warc.gz", tmp_path)
    assert {page.fetched_at for page in pages} == {1_224_505_306_000}
    note, _ = imported("stormcrawler-test.warc.gz", tmp_path)
    assert note.counts.captures["other_url"] == 2
