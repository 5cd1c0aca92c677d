"""What was written is read, once; what is damaged is named, and the rest goes on."""

from __future__ import annotations

import contextlib
import datetime
import random
from collections.abc import Sequence
from concurrent.futures import Future
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.archive.layout import DATA
from pipeline.archive.read import Imported, describe, import_pages, open_archive, records
from pipeline.archive.write import OpenPart
from pipeline.errors import LogFull, NoArchive
from pipeline.log import PAGES, Message, Partition, Record
from pipeline.log.sqlite import SqliteLog
from pipeline.page import FUTURE_MS, encode
from tests.pipeline.archive.files import all_files, content, keep, new, places, record, tear
from tests.pipeline.archive.test_envelope import anything, values
from tests.pipeline.said import controls, said
from tests.support.records import DAY, START, page

TODAY = "2023-11-14"


def read(where: str, **days: datetime.date) -> tuple[list[Record], Imported]:
    done = Imported()
    return list(records(open_archive(where), done=done, **days)), done


@pytest.fixture(params=[0, 1], ids=["directory", "objects"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return places(tmp_path)[int(request.param)]


def test_records_come_back_in_order(where: str) -> None:
    sent = [record(offset) for offset in range(50)]
    storage = new(where)
    keep(storage, sent[:20])
    keep(storage, sent[20:])
    assert read(where)[0] == sent


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_records_come_back_once(tmp_path: Path, data: st.DataObject) -> None:
    """Parts overlap as they do after crashes."""
    where = places(tmp_path)[1]
    storage = new(where)
    sent: list[Record] = []
    for number in range(data.draw(st.integers(1, 2))):
        rows = data.draw(
            st.lists(st.tuples(anything, values, st.integers(-1, 3)), min_size=1, max_size=8)
        )
        here = [
            Record(Partition(PAGES, number), 7 + i, START + day * DAY, key, value, ())
            for i, (key, value, day) in enumerate(rows)
        ]
        places_within = st.integers(0, len(here))
        cuts = sorted({0, len(here), *data.draw(st.lists(places_within, max_size=4))})
        again = data.draw(st.lists(st.tuples(places_within, places_within), max_size=3))
        for start, end in [*pairwise(cuts), *again]:
            if start < end:
                keep(storage, here[start:end])
        sent += here
    found, done = read(where)
    assert sorted(found, key=repr) == sorted(sent, key=repr)
    assert done.damaged == []
    assert describe(where).gaps == []


def test_a_file_is_named_by_day_partition_and_offsets(where: str) -> None:
    storage = new(where)
    (file,) = keep(storage, [record(offset, partition=3) for offset in range(5, 9)])
    directory, _, name = file.rpartition("/")
    assert directory == f"pages/day={TODAY}/partition=0003"
    assert name.startswith("000000000005-000000000008-")
    assert name.endswith(DATA)
    assert all_files(where) == ["archive.json", file.removesuffix(DATA) + ".json", file]


def test_the_same_records_get_the_same_name_and_others_do_not(where: str) -> None:
    storage = new(where)
    first = keep(storage, [record(0), record(1)], level=3)
    assert keep(storage, [record(0), record(1)], level=9) == first
    assert keep(storage, [record(0), record(1, b"{}")]) != first


@pytest.mark.parametrize(
    ("at", "day"),
    [(START, TODAY), (-1, "1969-12-31"), (-(1 << 60), "0001-01-01"), (1 << 60, "9999-12-31")],
)
def test_any_timestamp_has_a_day(where: str, at: int, day: str) -> None:
    (file,) = keep(new(where), [record(0, at=at)])
    assert f"/day={day}/" in file
    assert read(where)[0] == [record(0, at=at)]


def test_a_part_over_midnight_is_a_file_a_day(where: str) -> None:
    sent = [record(offset, at=START + offset % 2 * DAY) for offset in range(9)]
    files = keep(new(where), sent)
    assert [file.split("/")[1] for file in files] == ["day=2023-11-14", "day=2023-11-15"]
    contents = describe(where)
    assert contents.gaps == []
    assert [(kept.records, kept.first, kept.last) for kept in contents.kept] == [
        (5, 0, 8), (4, 1, 7),
    ]  # fmt: skip
    since = datetime.date(2023, 11, 15)
    assert read(where, since=since)[0] == sent[1::2]
    assert read(where, until=datetime.date(2023, 11, 14))[0] == sent[::2]
    assert read(where, since=since, until=since)[0] == sent[1::2]


def test_a_part_of_too_many_days_is_crowded() -> None:
    part = OpenPart(0, 3, 0.0)
    crowded = []
    for day in range(5):
        part.add(record(day, at=START + day * DAY))
        crowded.append(part.crowded)
    assert crowded == [False, False, False, True, True]


def test_what_was_written_twice_is_read_once(where: str) -> None:
    storage = new(where)
    sent = [record(offset) for offset in range(10)]
    keep(storage, sent[0:4])
    keep(storage, sent[0:7])
    keep(storage, sent[7:10])
    found, done = read(where)
    assert found == sent
    assert done.repeated == 4


def test_small_files_within_a_large_one_are_repeats_of_it(where: str) -> None:
    storage = new(where)
    sent = [record(offset) for offset in range(10)]
    for start, end in ((0, 10), (2, 4), (5, 7)):
        keep(storage, sent[start:end])
    found, done = read(where)
    assert found == sent
    assert done.repeated == 4
    assert describe(where).gaps == []


def test_a_log_made_anew_loses_nothing_of_the_old_one(where: str) -> None:
    storage = new(where)
    old, anew = ([record(i, b'{"log":"%s"}' % name) for i in range(4)] for name in (b"a", b"b"))
    keep(storage, old)
    keep(storage, anew)
    assert sorted(read(where)[0]) == sorted(old + anew)


def test_a_file_without_its_index_is_no_part_yet(where: str) -> None:
    storage = new(where)
    (file,) = keep(storage, [record(0)])
    whole = content(where, file)
    other = file.replace("000000000000-000000000000", "000000000000-000000000003")
    tear(where, other, whole[:9])
    found, done = read(where)
    assert (found, done.damaged) == ([record(0)], [])
    assert describe(where).unfinished == 1


def test_gaps_are_told(where: str) -> None:
    storage = new(where)
    for offsets in (range(3, 5), range(9, 12), range(11, 13), range(20, 21)):
        keep(storage, [record(offset, at=START + offset * DAY) for offset in offsets])
    keep(storage, [record(1, partition=1), record(2, partition=1)])
    assert describe(where).gaps == [(0, 5, 8), (0, 13, 19)]


def test_a_gap_within_a_file_is_told(where: str) -> None:
    """Where a part was over midnight, and the files of one day were deleted."""
    storage = new(where)
    files = keep(storage, [record(offset, at=START + offset % 3 // 2 * DAY) for offset in range(7)])
    for name in (files[1], files[1].removesuffix(DATA) + ".json"):
        storage._files.rm_file(storage._path(name))
    assert describe(where).gaps == [(0, 2, 2), (0, 5, 5)]


def test_what_is_in_place_is_left_alone(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else who is late could tear what others have committed, where puts are not atomic."""
    storage = new(where)
    keep(storage, [record(0)])
    puts: list[str] = []
    monkeypatch.setattr(storage, "put", lambda name, content: puts.append(name))
    keep(storage, [record(0)])
    assert puts == []
    (file,) = keep(storage, [record(0), record(1)])
    assert puts == [file, file.removesuffix(DATA) + ".json"], "the index last"


def test_what_an_archive_has_is_told_by_day_and_partition(where: str) -> None:
    storage = new(where)
    files = keep(storage, [record(0), record(1)]) + keep(storage, [record(2)])
    keep(storage, [record(0, partition=1)])
    kept = describe(where).kept
    assert [(k.day, k.partition, k.files, k.records, k.first, k.last) for k in kept] == [
        (TODAY, 0, 2, 3, 0, 2), (TODAY, 1, 1, 1, 0, 0),
    ]  # fmt: skip
    assert kept[0].bytes == sum(len(content(where, file)) for file in files)
    assert kept[0].plain_bytes > 3 * len(record(0).value)


# --- damage ---


def test_every_flipped_bit_and_every_missing_end_is_named(tmp_path: Path) -> None:
    where = places(tmp_path)[1]
    storage = new(where)
    sent = [record(offset, b'{"words":"%s"}' % random.Random(offset).randbytes(9).hex().encode())
            for offset in range(8)]  # fmt: skip
    (good,) = keep(storage, sent[:4])
    (bad,) = keep(storage, sent[4:])
    for file in (bad, bad.removesuffix(DATA) + ".json"):
        whole = content(where, file)
        for place in range(len(whole)):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << place % 8
            tear(where, file, bytes(flipped))
            found, done = read(where)
            if found != sent:  # a space of the index may be another: it says the same
                assert found == sent[:4], place
                assert [error.file for error in done.damaged] == [file]
            else:
                assert file.endswith(".json")
                assert whole[place : place + 1].isspace()
        for end in range(0, len(whole) - 1, 7):
            tear(where, file, whole[:end])
            found, done = read(where)
            assert found == sent[:4]
            assert [error.file for error in done.damaged] == [file]
            assert file in str(done.damaged[0])
        tear(where, file, whole)
    assert good != bad


def test_a_missing_file_is_named(where: str) -> None:
    storage = new(where)
    (file,) = keep(storage, [record(0)])
    keep(storage, [record(1)])
    storage._files.rm_file(storage._path(file))
    found, done = read(where)
    assert found == [record(1)]
    assert f"{file} is damaged (it is missing)" in str(done.damaged[0])


def test_an_index_under_another_name_is_damage(where: str) -> None:
    (file,) = keep(new(where), [record(0)])
    index = file.removesuffix(DATA) + ".json"
    tear(where, index.replace("partition=0000", "partition=0001"), content(where, index))
    found, done = read(where)
    assert found == [record(0)]
    assert "partition=0001" in str(done.damaged[0])


@pytest.mark.parametrize(
    ("marker", "said"),
    [(None, "it has no archive.json"), (b"{", "not readable"), (b'{"format":9}', "of format 9")],
)
def test_what_is_no_archive_is_refused(where: str, marker: bytes | None, said: str) -> None:
    tear(where, "other.txt", b"")
    if marker is not None:
        tear(where, "archive.json", marker)
    with pytest.raises(NoArchive, match=said):
        open_archive(where)


def test_a_place_that_is_not_there_is_refused(where: str) -> None:
    with pytest.raises(NoArchive, match="nothing of this name"):
        describe(where)
    with pytest.raises(NoArchive, match="Protocol not known: nope"):
        describe("nope://a")


# --- into a log again ---


def test_records_go_into_the_log_as_they_were(where: str, tmp_path: Path) -> None:
    storage = new(where)
    sent = [record(i, value) for i, value in enumerate([b"{}", b"\xff", b"", b"{" * 9])]
    keep(storage, [*sent, Record(Partition(PAGES, 0), 4, START, None, None, ())])  # type: ignore[arg-type]
    log = SqliteLog(tmp_path / "log.sqlite", partitions=1)
    told: list[int] = []
    with contextlib.closing(log):
        done = import_pages(where, log, progress=lambda done: told.append(done.records))
        assert (done.records, done.files, len(told)) == (5, 1, 1)
        found = list(log.read_all(PAGES))
    assert [(r.key, r.value, r.headers) for r in found[:4]] == [
        (r.key, r.value, r.headers) for r in sent
    ]
    assert (found[4].key, found[4].value) == (b"", b"")


class Acknowledgement(Future[list[int]]):
    """Comes when it is waited for. `flying`: those that are not."""

    def __init__(self, flying: set[Future[list[int]]], offsets: list[int]) -> None:
        super().__init__()
        self.flying, self.offsets = flying, offsets
        flying.add(self)

    def result(self, timeout: float | None = None) -> list[int]:
        self.flying.discard(self)
        return self.offsets


def test_what_is_not_acknowledged_is_bounded(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.archive.read._BATCH", 3)
    monkeypatch.setattr("pipeline.archive.read._BATCH_BYTES", 1_000)
    keep(new(where), [record(i, b"{}" if i < 60 else b"x" * 600) for i in range(100)])
    flying: set[Future[list[int]]] = set()
    batches: list[int] = []
    most = 0

    class Log(SqliteLog):
        def append(self, topic: str, messages: Sequence[Message]) -> Future[list[int]]:
            nonlocal most
            batches.append(len(messages))
            sent = Acknowledgement(flying, list(range(len(messages))))
            most = max(most, len(flying))
            return sent

    with contextlib.closing(Log(tmp_path / "log.sqlite")) as log:
        assert import_pages(where, log).records == 100
    assert most == 8
    assert flying == set(), "all of it is durable when it returns"
    assert batches == [3] * 20 + [2] * 20


def test_an_import_that_is_not_acknowledged_ends(where: str, tmp_path: Path) -> None:
    keep(new(where), [record(0)])

    class Full(SqliteLog):
        def _append(self, topic: str, messages: Sequence[Message]) -> list[int]:
            raise LogFull("log.sqlite")

    with contextlib.closing(Full(tmp_path / "log.sqlite")) as log, pytest.raises(LogFull):
        import_pages(where, log)


def test_a_page_from_the_future_is_left_out(where: str, tmp_path: Path) -> None:
    """A consumer refused it then, and by the import's timestamp it would pass."""
    sent = [encode(page("https://s.org/", START + FUTURE_MS + late)) for late in (0, 1)]
    keep(new(where), [record(i, value) for i, value in enumerate(sent)])
    log = SqliteLog(tmp_path / "log.sqlite")
    with contextlib.closing(log):
        done = import_pages(where, log)
        assert [r.value for r in log.read_all(PAGES)] == sent[:1]
    assert (done.records, done.future) == (1, 1)


def test_what_is_suppressed_is_not_imported(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    storage = new(str(tmp_path / "kept"))
    made = [
        page("https://gone.example/", START, ["https://b.example/"]),
        page("https://a.example/", START, ["https://gone.example/", "https://b.example/"]),
        page("https://b.example/", START, ["https://a.example/"]),
    ]
    records = [record(i)._replace(value=encode(each)) for i, each in enumerate(made)]
    records.append(record(3)._replace(value=b"what nobody can read"))
    keep(storage, records)
    heard = controls(said(1, "suppress", "gone.example"))
    done = import_pages(str(tmp_path / "kept"), log, controls=heard)
    assert (done.records, done.suppressed) == (3, 1)
    found = {each.value for each in log.read_all(PAGES)}
    assert found >= {encode(made[2]), b"what nobody can read"}, "as they were"
    assert not any(b"gone.example" in value for value in found)
    log.close()
