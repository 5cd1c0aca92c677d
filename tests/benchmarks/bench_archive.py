"""The archive: what a page takes there, and how fast pages come in and out."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
import uuid
from collections import deque
from pathlib import Path

import zstandard

from consumers.archive import Archiver
from pipeline.archive.read import describe, import_pages, open_archive, records
from pipeline.archive.storage import Storage
from pipeline.log import PAGES
from pipeline.log.sqlite import SqliteLog
from pipeline.page import Page
from pipeline.settings import ArchiveSettings
from pipeline.url import Url
from spiders.extract import extract
from spiders.outcome import with_extracted
from tests.benchmarks.measure import Row, large_pages, peak_mb, row, seconds
from tests.support.records import START, message, page

ENOUGH = 2_500  # none twice, since a compressor would know it
TURNS = 5


def run() -> list[Row]:
    """Pages of the corpus, hosts interleaved as a crawl has them, through four partitions."""
    found = [_record(url, body) for url, body in large_pages(ENOUGH, smallest=0)]
    random.Random(1).shuffle(found)
    with tempfile.TemporaryDirectory() as directory:
        log = SqliteLog(Path(directory) / "log.sqlite")
        log.append(PAGES, [message(one) for one in found]).result()
        count = log.count(PAGES)
        rows, settings = [], ArchiveSettings()
        for level in (3, settings.level, 9):
            where = f"{directory}/kept-{level}"
            rows += _kept(log, where, level, f"level {level}")
        where = f"{directory}/kept-{settings.level}"
        reading = min(seconds(lambda: deque(records(open_archive(where)))) for _ in range(TURNS))
        again = SqliteLog(Path(directory) / "again.sqlite")
        started = time.perf_counter()
        imported = import_pages(where, again).records
        importing = time.perf_counter() - started
        assert imported == count
        again.close()
        log.close()
    return [
        *rows,
        row("archive: read, verified", count / reading, "pages/s"),
        row("archive: imported into the SQLite log", imported / importing, "pages/s"),
        row("archive: peak memory", peak_mb(), "MB", "whole process, the pages in it"),
    ]


def _kept(log: SqliteLog, where: str, level: int, note: str) -> list[Row]:
    storage = Storage(where)
    storage.prepare()
    settings = ArchiveSettings(level=level, part_age_s=3_600)

    def keep() -> None:
        """By a group of its own: the same files each time, but for the last all removed."""
        shutil.rmtree(f"{where}/{PAGES}", ignore_errors=True)
        loop = Archiver(log.reader(uuid.uuid4().hex, [PAGES]), storage, settings)
        while loop.turn(timeout_s=0):
            pass
        loop.stop()
        loop.run()

    spent = min(seconds(keep) for _ in range(TURNS))
    kept = describe(where).kept
    count = sum(one.records for one in kept)
    plain = sum(one.plain_bytes for one in kept)
    alone = sum(
        _seconds_alone(storage, name, level)
        for day in storage.days(PAGES)
        for name in storage.names(day)
        if name.endswith(".zst")
    )
    return [
        row("archive: log to files", count / spent, "pages/s", f"{note}, {len(kept)} partitions"),
        row("archive: share of what zstd takes of the same lines", alone / spent, "x", note),
        row("archive: a page", plain / count, "bytes", "as a line"),
        row("archive: a page", sum(one.bytes for one in kept) / count, "bytes", f"kept, {note}"),
    ]


def _seconds_alone(storage: Storage, name: str, level: int) -> float:
    content = storage.get(name) or b""
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(content)
    started = time.perf_counter()
    zstandard.ZstdCompressor(level=level).compress(plain)
    return time.perf_counter() - started


def _record(url: Url, body: bytes) -> Page:
    made = page(url.url, START)
    return with_extracted(made, extract(url, body, {"content-type": "text/html"}), "")
