"""Web archives: pages a second of a core, beside warcio with what people parse its records with.

The file is made as Common Crawl makes its own: a gzip member a record, three records a page, of
pages of the real web where the corpus is there. CPU seconds count, in turns, since these machines
are shared. Both peers take every link with its anchor, and nothing else: they make no URL
canonical, tell no external link, judge no page and keep none.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lxml.html
from fastwarc.warc import WarcHeader
from selectolax.lexbor import LexborHTMLParser
from warcio.archiveiterator import ArchiveIterator

from pipeline.log.sqlite import SqliteLog
from pipeline.page import encode
from spiders.archive import wat
from spiders.archive.filing import Filing, _wanted
from spiders.archive.message import message
from spiders.archive.noted import Notes
from spiders.archive.records import Record, Records
from spiders.archive.targets import Targets
from spiders.archive.warc import capture
from spiders.extract import decode
from tests.benchmarks.measure import Row, large_pages, peak_mb, row
from tests.support import warcs

PAGES = 300
TURNS = 7
# A monthly Common Crawl, by its own figures.
MONTH_PAGES, MONTH_FILES = 3_000_000_000, 90_000
RARE = "nobody-links-here.example"


def run() -> list[Row]:
    pages = [(url.url, body) for url, body in large_pages(PAGES)]
    with tempfile.TemporaryDirectory() as directory:
        warc_file, wat_file = Path(directory) / "made.warc.gz", Path(directory) / "made.wat.gz"
        warc_file.write_bytes(warcs.gzipped(_warc(pages)))
        wat_file.write_bytes(warcs.gzipped(_wat(pages)))
        rows = [
            *_of_wat(wat_file, len(pages)),
            *_of_warc(warc_file, len(pages)),
            *_whole(Path(directory), wat_file, len(pages)),
        ]
    return [*rows, row("warc: peak memory", peak_mb(), "MB", "whole process, the pages in it")]


def _warc(pages: list[tuple[str, bytes]]) -> list[bytes]:
    request = b"GET / HTTP/1.1\r\nHost: made.example\r\nAccept: text/html\r\n\r\n"
    found = [warcs.warcinfo()]
    for url, body in pages:
        found += [
            warcs.record("request", request, url=url),
            warcs.response(url, body),
            warcs.record(
                "metadata", b"fetchTimeMs: 12\r\n", url=url, content_type="application/warc-fields"
            ),
        ]
    return found


def _wat(pages: list[tuple[str, bytes]]) -> list[bytes]:
    found = [warcs.warcinfo()]
    for url, body in pages:
        found += [warcs.about(url, "request"), warcs.wat(url, body), warcs.about(url, "metadata")]
    return found


# --- WAT ---


def _of_wat(file: Path, pages: int) -> list[Row]:
    work: dict[str, Callable[[], Any]] = {
        "warcio and json": lambda: _json_links(file),
        "links and anchors": lambda: _typed_links(file),
        "page records": lambda: _wat_records(file, Targets()),
        "page records, of --to one domain": lambda: _wat_records(file, Targets([RARE])),
        "records unpacked, the limit": lambda: _unpacked(file),
    }
    rows = _paced("WAT", work, pages, file)
    whole = next(one["value"] for one in rows if one["name"] == "warc: WAT, page records")
    only = next(one["value"] for one in rows if "of --to" in one["name"])
    note = (
        f"{MONTH_PAGES / 1e9:.0f} billion pages in {MONTH_FILES:,} WAT files, without the network"
    )
    return [
        *rows,
        row("warc: a monthly crawl's WAT", MONTH_PAGES / whole / 3600, "core-hours", note),
        row("warc: the same with --to", MONTH_PAGES / only / 3600, "core-hours", note),
    ]


def _json_links(file: Path) -> list[tuple[Any, Any]]:
    found = []
    with file.open("rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type != "metadata":
                continue
            envelope = json.loads(record.content_stream().read())["Envelope"]
            answer = envelope["Payload-Metadata"].get("HTTP-Response-Metadata", {})
            for link in answer.get("HTML-Metadata", {}).get("Links", ()):
                if link.get("path") == "A@/href":
                    found.append((link.get("url"), link.get("text")))
    return found


def _typed_links(file: Path) -> list[tuple[str, str]]:
    found = []
    for record in _records(file):
        if wat._ANSWER in record.block:
            answer = wat._decoder.decode(record.block).envelope.payload.answer
            if answer is not None and answer.html is not None:
                found += [(one.url, one.text) for one in answer.html.links if one.path == "A@/href"]
    return found


def _wat_records(file: Path, targets: Targets) -> int:
    size = 0
    for record in _records(file):
        if record.kind == "metadata":
            named = record.header(WarcHeader.WARC_TARGET_URI)
            page = wat.capture(record.block, targets.may_be_in, named=named).page
            size += sum(len(encode(one)) for one in (targets.of(page) if page else ()))
    return size


# --- WARC ---


def _of_warc(file: Path, pages: int) -> list[Row]:
    work: dict[str, Callable[[], Any]] = {
        "warcio and lxml": lambda: _lxml_links(file),
        "links and anchors": lambda: _lexbor_links(file),
        "page records": lambda: _warc_records(file, Targets()),
        "page records, of --to one domain": lambda: _warc_records(file, Targets([RARE])),
        "records unpacked, the limit": lambda: _unpacked(file),
    }
    return _paced("WARC", work, pages, file)


def _lxml_links(file: Path) -> list[tuple[str, str]]:
    found = []
    with file.open("rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type == "response":
                tree = lxml.html.fromstring(record.content_stream().read())
                found += [
                    (a.get("href"), a.text_content()) for a in tree.iter("a") if a.get("href")
                ]
    return found


def _lexbor_links(file: Path) -> list[tuple[str | None, str]]:
    found: list[tuple[str | None, str]] = []
    for record in _records(file):
        answer = message(record.block) if record.kind == "response" else None
        if answer is not None:
            tree = LexborHTMLParser(decode(answer.body, answer.headers.get("content-type", "")))
            found += [(a.attributes.get("href"), a.text()) for a in tree.css("a[href]")]
    return found


def _warc_records(file: Path, targets: Targets) -> int:
    size = 0
    for record in _records(file):
        if record.kind == "response":
            page = capture(record, targets.may_be_in).page
            size += sum(len(encode(one)) for one in (targets.of(page) if page else ()))
    return size


# --- both ---


def _records(file: Path) -> list[Record] | Records:
    return Records(file.open("rb"), _wanted, _undamaged)


def _undamaged(offset: int, why: str) -> None:
    raise AssertionError(f"{offset}: {why}")


def _unpacked(file: Path) -> None:
    for _ in _records(file):
        pass


def _paced(what: str, work: dict[str, Callable[[], Any]], pages: int, file: Path) -> list[Row]:
    """Of each, in turn; the first is the peer that the others are held against."""
    took: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(TURNS + 1):
        for name, one in work.items():
            started = time.process_time()
            one()
            if turn:  # the first warms up
                took[name].append(time.process_time() - started)
    size = file.stat().st_size / pages
    peer = next(iter(work))
    rows = []
    for name in work:
        best = statistics.median(took[name])
        note = f"{pages} pages, {size / 1000:.1f} KB each as packed"
        rows.append(row(f"warc: {what}, {name}", pages / best, "pages/s", note))
        if name != peer:
            ratio = statistics.median(b / a for a, b in zip(took[name], took[peer], strict=True))
            rows.append(row(f"warc: {what}, {name} / {peer}", ratio, "x", "target 5"))
    return rows


def _whole(directory: Path, file: Path, pages: int) -> list[Row]:
    """An import as it runs, into the SQLite log with its disk."""
    log = SqliteLog(directory / "log.sqlite")
    started, cpu = time.perf_counter(), time.process_time()
    note = Filing(str(file), log, Notes(directory, "", frozenset())).run()
    spent, used = time.perf_counter() - started, time.process_time() - cpu
    log.close()
    assert note.counts.published == pages
    return [
        row("warc: WAT into the SQLite log", pages / spent, "pages/s", "one process, wall"),
        row("warc: WAT into the SQLite log, of a core", pages / used, "pages/s", "CPU"),
    ]
