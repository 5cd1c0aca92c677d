"""One archive file into the log, killed anywhere, and the effect once."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ArchiveBusy, ArchiveRefused, LogBusy
from pipeline.log import PAGES, Message
from pipeline.log.sqlite import SqliteLog
from pipeline.page import Page, decode
from spiders.archive import filing as module
from spiders.archive.filing import Filing
from spiders.archive.noted import Note, Notes
from spiders.archive.storage import opened
from spiders.archive.targets import Targets
from tests.pipeline.said import controls, said
from tests.support.warcs import gzipped, http, record, response, warcinfo, wat

BODY = b"<html><title>t</title><p><a href=https://to%d.example/>x</a><a href=https://all.example/>y</a>"
PAGES_OF_FILE = 30


def made(count: int = PAGES_OF_FILE) -> list[bytes]:
    """A WARC as tools write it: warcinfo, then request, response and metadata of each page."""
    records = [warcinfo(b"software: made")]
    for number in range(count):
        url = f"https://from{number % 7}.example/{number}"
        records += [
            record("request", b"GET / HTTP/1.1\r\n\r\n", url=url),
            response(url, BODY % number),
            record("metadata", b"x: y\r\n", url=url, content_type="application/warc-fields"),
        ]
    return records


def together(records: list[bytes]) -> bytes:
    """All in one gzip member, as some tools pack them."""
    return gzip.compress(b"".join(records))


def in_two(records: list[bytes]) -> bytes:
    """In two members, with junk between: the offset of most records is that of another one."""
    half = len(records) // 2
    return together(records[:half]) + b"junk" + together(records[half:])


class World:
    """A log, notes, and a file to import."""

    def __init__(self, directory: Path, data: bytes, name: str = "made.warc.gz") -> None:
        self.file = directory / name
        self.file.write_bytes(data)
        self.log = SqliteLog(directory / "log.sqlite")
        self.notes = Notes(directory, "", frozenset())

    def run(self, log: Any = None, *, again: bool = False, **more: Any) -> Note:
        notes = more.pop("notes", self.notes)
        filing = Filing(str(self.file), log or self.log, notes, **more)
        filing.sending.pause = lambda seconds: None
        return filing.run(again=again)

    def pages(self) -> list[Page]:
        return [decode(one.value) for one in self.log.read_all(PAGES)]

    def urls(self) -> list[str]:
        return [page.url for page in self.pages()]


def all_urls(count: int = PAGES_OF_FILE) -> set[str]:
    return {f"https://from{number % 7}.example/{number}" for number in range(count)}


@pytest.mark.parametrize("packed", [gzipped, b"".join, together])
def test_a_file_is_in_the_log_with_its_counts(tmp_path: Path, packed: Any) -> None:
    world = World(tmp_path, packed(made()))
    note = world.run()
    counts = note.counts
    assert note.ended
    assert sorted(world.urls()) == sorted(all_urls())
    assert counts.records == {"warcinfo": 1, "request": 30, "response": 30, "metadata": 30}
    assert (counts.all, counts.responses, counts.captures) == (91, 30, {"page": 30})
    assert (len(counts.hosts), counts.links, counts.published) == (7, {"a": 60}, 30)
    assert (counts.damaged, counts.future, counts.suppressed) == (0, 0, 0)


def test_what_was_imported_is_not_imported_again(tmp_path: Path) -> None:
    world = World(tmp_path, gzipped(made()))
    first = world.run()
    assert world.run() == first
    assert len(world.urls()) == PAGES_OF_FILE
    assert world.run(again=True).counts == first.counts
    assert len(world.urls()) == 2 * PAGES_OF_FILE


def test_another_file_of_the_same_name_is_imported(tmp_path: Path) -> None:
    world = World(tmp_path, gzipped(made()))
    world.run()
    world.file.write_bytes(gzipped(made(31)))
    assert world.run().counts.published == 31


def test_each_set_of_domains_is_an_import_of_its_own(tmp_path: Path) -> None:
    world = World(tmp_path, gzipped(made()))
    world.run()
    targets = Targets(["to3.example"])
    note = world.run(targets=targets, notes=Notes(tmp_path, "", targets.domains))
    assert (note.counts.captures, note.counts.published) == ({"page": 30}, 1)
    (kept,) = [page for page in world.pages() if page.incomplete == "filtered"]
    assert kept.external.target == ["https://to3.example/"]


class Killed(BaseException):
    """As by SIGKILL: nothing is done after it."""


class Dying:
    """A log that is killed at some append: before it is taken, or after."""

    def __init__(self, log: SqliteLog, at: int, *, taken: bool) -> None:
        self.log, self.at, self.taken, self.record_bytes = log, at, taken, log.record_bytes

    def append(self, topic: str, messages: Sequence[Message]) -> Future[list[int]]:
        self.at -= 1
        if self.at < 0:
            if self.taken:
                self.log.append(topic, messages).result()
            raise Killed
        return self.log.append(topic, messages)


@pytest.mark.parametrize("packed", [gzipped, b"".join, together, in_two])
@pytest.mark.parametrize("taken", [True, False])
def test_killed_anywhere_and_run_again_it_goes_on_and_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: Any, taken: bool
) -> None:
    monkeypatch.setattr(module, "_BATCH", 4)
    # Within one member no way leads past what is no record.
    junk = [] if packed in (together, in_two) else [b"junk, and no record\r\n\r\n"]
    damaged = [*made(20), *junk, *made(30)[61:]]
    for at in (0, 1, 8, 22):
        directory = tmp_path / f"{at}"
        directory.mkdir()
        world = World(directory, packed(damaged))
        with pytest.raises(Killed):
            world.run(Dying(world.log, at, taken=taken), note_s=0)
        noted = world.notes.read(str(world.file))
        sent = len(world.urls())
        note = world.run(note_s=0)
        whole = World(tmp_path, packed(damaged)).run(again=True)
        assert set(world.urls()) == all_urls()
        assert note.counts == whole.counts
        assert len(world.urls()) <= PAGES_OF_FILE + 4
        assert noted is None or noted.counts.published <= sent, "a note never tells too much"


def test_it_goes_on_at_the_offset_and_reads_nothing_before_it(tmp_path: Path) -> None:
    world = World(tmp_path, gzipped(made()))
    left = iter([False] * 50 + [True])
    stopped = world.run(stop=lambda: next(left))
    assert (stopped.ended, stopped.done) == (False, 50)
    data = bytearray(world.file.read_bytes())
    data[5_000 : stopped.offset] = b"\0" * (stopped.offset - 5_000)
    world.file.write_bytes(bytes(data))
    assert world.run().counts.damaged == 0
    assert set(world.urls()) == all_urls()


def test_a_note_that_can_not_be_read_begins_anew(tmp_path: Path) -> None:
    world = World(tmp_path, gzipped(made()))
    world.run()
    (note,) = (tmp_path / "imports").rglob("*.json")
    note.write_bytes(b"{")
    assert world.run().counts.published == PAGES_OF_FILE


def test_a_log_that_is_away_is_waited_for(tmp_path: Path) -> None:
    world = World(tmp_path, gzipped(made()))

    class Busy:
        record_bytes = world.log.record_bytes
        asked = 0

        def append(self, topic: str, messages: Sequence[Message]) -> Future[list[int]]:
            self.asked += 1
            if self.asked < 4:
                failed: Future[list[int]] = Future()
                failed.set_exception(LogBusy("no broker answers"))
                return failed
            return world.log.append(topic, messages)

    assert world.run(Busy()).ended
    assert set(world.urls()) == all_urls()


def test_damage_is_counted_with_its_offset_and_the_others_come(tmp_path: Path) -> None:
    records = made(3)
    wrong = [record("response", b"no answer"), response("https://x.example/", b"", date="never")]
    world = World(tmp_path, gzipped([*records, *wrong, *made(5)[10:]]))
    at = len(gzipped(records))
    counts = world.run().counts
    assert [tuple(damage) for damage in counts.damages] == [
        (at, "it holds no HTTP answer"),
        (at + len(gzipped(wrong[:1])), "it has no date"),
    ]
    assert counts.damaged == 2
    assert set(world.urls()) == all_urls(5)


def test_what_operators_suppress_is_left_out(tmp_path: Path) -> None:
    world = World(tmp_path, gzipped(made()))
    forgotten = controls(said(1, "suppress", "from3.example"), said(2, "suppress", "all.example"))
    counts = world.run(controls=forgotten).counts
    found = world.pages()
    assert counts.suppressed == 4
    assert {page.domain for page in found}.isdisjoint({"from3.example"})
    assert not any("all.example" in page.external.domain for page in found)
    assert counts.left == len(found) == 26


def test_a_capture_from_the_future_is_left_out(tmp_path: Path) -> None:
    late = response("https://late.example/", BODY % 1, date="2040-01-01T00:00:00Z")
    world = World(tmp_path, gzipped([late, *made(1)]))
    assert world.run().counts.future == 1
    assert world.urls() == ["https://from0.example/0"]


def test_a_wat_is_known_by_its_records(tmp_path: Path) -> None:
    old = b"Software-Info: ia-web-commons.1.0-SNAPSHOT-20150415075912\r\n"
    body = b"<a href='https://to.example/?a=1&amp;amp;b=2'>x</a>"
    world = World(tmp_path, gzipped([warcinfo(old), wat("https://from.example/", body)]))
    left = iter([False, True])
    world.run(stop=lambda: next(left))  # what warcinfo said is remembered
    world.run()
    (page,) = world.pages()
    assert (page.source, page.external.target) == ("wat", ["https://to.example/?a=1&b=2"])


def test_a_wat_and_other_kinds_are_counted(tmp_path: Path) -> None:
    records = [
        record("revisit", http(), WARC_Profile="x/identical-payload-digest"),
        record("conversion", b"text", content_type="text/plain"),
        record("resource", b"x", content_type="text/html"),
        record("response", http(b"", 301, {"Location": "http://example.org/"})),
        record("response", http(b"", 404)),
        record("continuation", b"x"),
        record("invented", b"x"),
    ]
    counts = World(tmp_path, gzipped(records)).run().counts
    assert counts.records == {
        "revisit": 1, "conversion": 1, "resource": 1, "response": 2, "continuation": 1,
        "unknown": 1,
    }  # fmt: skip
    assert counts.captures == {"other_url": 1, "page": 1, "same_page": 1, "other_status": 1}


def test_a_file_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    world = World(tmp_path, b"")
    world.file.unlink()
    with pytest.raises(ArchiveRefused, match=r"there is no archive .*made\.warc\.gz"):
        world.run()


def test_a_storage_that_goes_away_is_told_and_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, gzipped(made(400)))
    with monkeypatch.context() as patched:
        patched.setattr(module, "opened", opened_and_lost)
        with pytest.raises(ArchiveBusy, match="goes on where it was"):
            world.run(note_s=0)
    assert world.run().ended
    assert set(world.urls()) == all_urls(400)


def opened_and_lost(source: str) -> Any:
    """As over a network that fails after some bytes."""

    @contextmanager
    def losing() -> Any:
        with opened(source) as (file, size):

            class Lost:
                left = 100_000

                def read(self, size: int = -1) -> bytes:
                    self.left -= max(size, 0)
                    if self.left < 0:
                        raise TimeoutError("no answer")
                    return bytes(file.read(size))

                def __getattr__(self, name: str) -> Any:
                    return getattr(file, name)

            yield Lost(), size

    return losing()
