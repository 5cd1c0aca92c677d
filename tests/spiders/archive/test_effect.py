"""What an import leaves in the index: once, however often it is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.index.lifecycle import Lifecycle
from pipeline.log import CONSUME
from pipeline.log.sqlite import SqliteLog
from pipeline.store import rows
from spiders.archive.filing import Filing
from spiders.archive.noted import Notes
from spiders.archive.targets import Targets
from tests.consumers.line import consumer
from tests.support.stores import AnyStore
from tests.support.warcs import gzipped, http, record, response, wat

URL = "https://from.example/page"
LINKS = b"<html><title>t</title><p>" + b"".join(
    b"<a href=https://to.example/%d>anchor</a> and some words, " % number for number in range(20)
)
IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
QUESTION = (
    "SELECT target_url, kind, state, reason, first_seen, last_seen, source, anchor "
    "FROM backlinks(domain = 'to.example') ORDER BY target_url, kind"
)


class Index:
    """A log and a store behind it."""

    def __init__(self, directory: Path, store: AnyStore) -> None:
        self.directory, self.store = directory, store
        self.log = SqliteLog(directory / "log.sqlite")
        self.job = Lifecycle(store, 60)

    def takes(self, *records: bytes, only: str = "", again: bool = False) -> None:
        """Imports a file of these, and writes what came."""
        file = self.directory / "made.warc.gz"
        file.write_bytes(gzipped(records))
        targets = Targets([only] if only else [])
        notes = Notes(self.directory, "", targets.domains)
        Filing(str(file), self.log, notes, targets=targets).run(again=again)
        loop = consumer(self.log, self.store, poll_records=100)
        while any(self.log.lag(CONSUME).values()) or not self.log.lag(CONSUME):
            loop.turn(timeout_s=0)
        loop.reader.close()
        self.job.run()

    def backlinks(self) -> list[dict[str, Any]]:
        return rows(self.store.query(QUESTION))


def test_an_import_has_its_effect_once(tmp_path: Path, store: AnyStore) -> None:
    index = Index(tmp_path, store)
    captures = [response(URL, LINKS), response("https://from.example/other", LINKS)]
    index.takes(*captures)
    first = index.backlinks()
    assert len(first) == 40
    assert {(row["state"], row["source"]) for row in first} == {("live", "warc")}
    index.takes(*captures, again=True)
    index.takes(*captures[:1], only="to.example")
    assert index.backlinks() == first


def test_two_later_captures_without_a_link_lose_it_and_a_revisit_confirms(
    tmp_path: Path, store: AnyStore
) -> None:
    index = Index(tmp_path, store)
    same = {"WARC_Profile": IDENTICAL, "WARC_Refers_To_Target_URI": URL}
    index.takes(
        response(URL, LINKS, date="2024-01-01T00:00:00Z"),
        record("revisit", http(), url=URL, date="2024-02-01T00:00:00Z", **same),
    )
    (seen,) = {str(row["last_seen"])[:10] for row in index.backlinks()}
    assert seen == "2024-02-01"
    fewer = LINKS.replace(b"to.example/0", b"else.example/0")
    index.takes(*(response(URL, fewer, date=f"2024-0{month}-01T00:00:00Z") for month in (3, 4)))
    states = {row["target_url"]: (row["state"], row["reason"]) for row in index.backlinks()}
    assert states.pop("https://to.example/0") == ("lost", "removed")
    assert set(states.values()) == {("live", "")}


def test_neither_a_wat_nor_some_links_of_a_page_unseat_what_a_warc_saw(
    tmp_path: Path, store: AnyStore
) -> None:
    index = Index(tmp_path, store)
    index.takes(response(URL, LINKS, date="2024-01-01T00:00:00Z"))
    fewer = LINKS.replace(b"to.example/0", b"else.example/0")
    index.takes(*(wat(URL, fewer, date=f"2024-0{month}-01T00:00:00Z") for month in (3, 4, 5)))
    later = [response(URL, fewer, date=f"2024-0{month}-01T00:00:00Z") for month in (6, 7, 8)]
    index.takes(*later, only="else.example")
    assert {row["state"] for row in index.backlinks()} == {"live"}
