"""What real archives come to, to the byte: work on speed must not change a record.

The digests are of what an archive's reading decides, so that neither another public suffix list
nor another extractor's number changes them. One that should change is printed by the failing test.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest
from warcio.archiveiterator import ArchiveIterator

from pipeline.page import Page
from spiders.archive import wat
from spiders.archive.warc import page_url
from spiders.extract import MAX_BODY
from spiders.extract import decode as text_of
from tests.spiders.archive.reading import one
from tests.spiders.archive.test_corpus import imported
from tests.support.corpus import needs_corpus, part
from tests.support.warcs import wat as wat_of

pytestmark = [needs_corpus, pytest.mark.corpus]

WHOLE = {
    "dolma-sample-0000.warc.gz": "4beabbffb7cf5d3b",
    "dolma-sample-0001.warc.gz": "341e94480613cd53",
    "resiliparse-clueweb-quirk.warc.gz": "9ad143fa18117d3f",
    "resiliparse-warcfile.warc.gz": "5440d978ca2a0b84",
    "stormcrawler-test.warc.gz": "8c7af4fd0d540f2e",
    "webindex-wat-18.warc": "4e002febe0f3b275",
    "whirlwind.warc.gz": "5bd8a67f17944c62",
}
AS_WAT = {
    "dolma-sample-0000.warc.gz": "096ae2803437e278",
    "dolma-sample-0001.warc.gz": "dcefe55ae2a8190c",
    "resiliparse-clueweb-quirk.warc.gz": "35338969d68dce8e",
    "resiliparse-warcfile.warc.gz": "bc48d0f85c90c28d",
}


def told(page: Page) -> list[object]:
    links = page.external
    return [
        page.url, page.fetched_at, page.outcome, page.status, page.incomplete, page.title,
        page.canonical, page.noindex, page.digest, page.dropped, page.refused,
        links.target, links.kind, links.rel, links.anchor, links.before, links.after,
        links.ordinal, links.count, page.internal.target,
    ]  # fmt: skip


def digest(pages: list[Page]) -> str:
    return hashlib.sha256(msgspec.json.encode([told(page) for page in pages])).hexdigest()[:16]


@pytest.mark.parametrize("name", WHOLE)
def test_an_archive_comes_to_the_same_records_as_ever(name: str, tmp_path: Path) -> None:
    note, pages = imported(name, tmp_path)
    assert len(pages) == note.counts.published > 0
    assert digest(pages) == WHOLE[name]


@pytest.mark.parametrize("name", AS_WAT)
def test_the_wat_of_an_archive_comes_to_the_same_records_as_ever(name: str) -> None:
    pages = []
    with part(f"archives/{name}").open("rb") as file:
        for record in ArchiveIterator(file):
            url = record.rec_headers.get_header("WARC-Target-URI") or ""
            if record.rec_type == "response" and page_url(url) is not None:
                kind = record.http_headers.get_header("Content-Type") or ""
                text = text_of(record.content_stream().read()[:MAX_BODY], kind)
                page = wat.capture(one(wat_of(url, text.encode("utf-8", "replace"))).block).page
                pages += [] if page is None else [page]
    assert len(pages) > 10
    assert digest(pages) == AS_WAT[name]
