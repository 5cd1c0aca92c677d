"""What can never decode is kept whole, and a flood of it stops the worker."""

from __future__ import annotations

import pytest

from consumers.pages import PageRows
from pipeline.errors import LogFull, PoisonRecord, TooManyDeadLetters
from pipeline.log import DEAD_PAGES, PAGES, Partition, Record
from pipeline.page import MAX_RECORD, encode
from pipeline.settings import RevisitSettings
from tests.consumers.worker import NOW, MakeWorker
from tests.support.records import START, message, page

POISON = {
    "empty": b"",
    "json": b'{"v": 2, "url": ',
    "encoding": b"\xff\xfe{}",
    "type": b'{"v": 2}',
    "version": b'{"v": 99}',
    "suffix_list": encode(page("https://s.org/", START)).replace(b'list":"', b'list":"x'),
    "arrays": encode(page("https://s.org/", START, part=2)),
    "future": encode(page("https://s.org/", START + 60_000 + 5 * 60_000 + 1)),
    "huge": b"{" + b" " * MAX_RECORD + b"}",
}  # fmt: skip


@pytest.mark.parametrize(("reason", "value"), POISON.items(), ids=POISON)
def test_what_can_never_decode_is_kept_whole(
    new_worker: MakeWorker, reason: str, value: bytes
) -> None:
    worker = new_worker()
    worker.send("a")
    worker.send_raw(value)
    worker.send("b")
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == [["/a", "/b"]]
    assert worker.committed == 3
    (letter,) = worker.log.read_all(DEAD_PAGES)
    headers = dict(letter.headers)
    assert (letter.key, letter.value) == (b"s.org", value)
    assert headers["reason"].decode() == reason
    place = (headers["topic"], headers["partition"], headers["offset"])
    assert place == (b"pages", b"0", b"1")
    assert headers["timestamp_ms"].decode() == str(int(NOW * 1000))
    assert headers["trace"] == b"\x00\xff", "its own headers are kept"
    assert worker.dead.counts == {reason: 1}


def test_a_page_of_almost_five_minutes_ahead_is_no_dead_letter(new_worker: MakeWorker) -> None:
    worker = new_worker()
    worker.log.append(PAGES, [message(page("https://s.org/", START + 60_000 + 5 * 60_000))])
    worker.loop.turn(timeout_s=0)
    assert len(worker.store.paths) == 1
    assert list(worker.log.read_all(DEAD_PAGES)) == []


def test_a_record_without_a_value_is_poison() -> None:
    record = Record(Partition(PAGES, 0), 0, 0, b"", None)  # type: ignore[arg-type]
    with pytest.raises(PoisonRecord, match="null"):
        PageRows(RevisitSettings()).decode(record)


def test_an_offset_counts_only_once_its_dead_letter_is_acknowledged(
    new_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = new_worker()
    worker.send("a")
    worker.send_raw(b"{")

    def full(topic: str, messages: object) -> list[int]:
        raise LogFull("log.sqlite")

    monkeypatch.setattr(worker.log, "_append", full)
    with pytest.raises(LogFull):
        worker.loop.run()
    assert worker.committed == 0


def test_dead_letters_alone_are_committed_too(new_worker: MakeWorker) -> None:
    worker = new_worker()
    worker.send_raw(b"{", b"}")
    worker.loop.turn(timeout_s=0)
    assert worker.store.paths == []
    assert worker.committed == 2


def test_too_many_dead_letters_in_a_row_stop_the_worker(new_worker: MakeWorker) -> None:
    worker = new_worker(dead_letters=3)
    worker.send_raw(b"{", b"{")
    worker.send("a")
    worker.send_raw(b"{", b"{")
    worker.loop.turn(timeout_s=0)
    assert worker.committed == 5, "a good one between ends the row"
    worker.send_raw(b"{", b"[")
    with pytest.raises(TooManyDeadLetters, match="3 records in a row") as raised:
        worker.loop.run()
    assert "pages[0]@5" in str(raised.value)
    assert worker.committed == 5
