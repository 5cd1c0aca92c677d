"""A log that can't be read or written: one line that names it, and nothing acknowledged is lost."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import LogDamaged, LogError, LogFull
from pipeline.log import PAGES, Message
from pipeline.log.sqlite import SqliteLog, SqliteReader


def filled(path: Path, records: int = 200) -> None:
    log = SqliteLog(path)
    log.append(PAGES, [Message(b"%d" % i, bytes(500)) for i in range(records)]).result()
    log.close()


@pytest.mark.parametrize("kept", [50, 4096, 0.5, 0.99])
def test_a_truncated_log_is_damaged_and_named(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "log.sqlite"
    filled(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept if kept > 1 else kept * len(data))])
    with pytest.raises(LogDamaged, match="move this file away") as raised:
        SqliteLog(path)
    assert raised.value.path == str(path)
    assert str(path) in str(raised.value)


def test_a_file_that_is_no_log_is_damaged_and_named(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.write_bytes(b"what is this? " * 1000)
    with pytest.raises(LogDamaged) as raised:
        SqliteLog(path)
    assert str(path) in str(raised.value)
    assert path.read_bytes() == b"what is this? " * 1000, "it is left as it was"


def test_garbage_in_the_middle_is_found_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    filled(path)
    data = bytearray(path.read_bytes())
    middle = range(4096 * 10, len(data))
    data[middle.start : middle.stop] = b"\xff" * len(middle)
    path.write_bytes(data)
    log = SqliteLog(path)
    with pytest.raises(LogDamaged) as raised:
        list(log.read_all(PAGES))
    assert raised.value.path == str(path)
    log.close()


def test_an_empty_file_is_a_new_log(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.touch()
    filled(path)
    log = SqliteLog(path)
    assert log.count(PAGES) == 200
    log.close()


def test_a_log_that_was_left_open_is_read_from_its_journal(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    log.append(PAGES, [Message(b"k", b"v")]).result()
    for file in tmp_path.glob("log.sqlite*"):
        (tmp_path / "copy").mkdir(exist_ok=True)
        shutil.copy(file, tmp_path / "copy" / file.name)
    log.close()
    copy = SqliteLog(tmp_path / "copy" / "log.sqlite")
    assert [record.value for record in copy.read_all(PAGES)] == [b"v"]
    copy.close()


def test_a_full_log_says_so_and_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    log = SqliteLog(path)
    log._connection.execute("PRAGMA max_page_count = 100")
    acknowledged = fill(log)
    assert acknowledged
    assert len(list(log.read_all(PAGES))) == len(acknowledged)
    log._connection.execute("PRAGMA max_page_count = 1000000")
    offsets = log.append(PAGES, [Message(b"k", b"after")]).result()
    assert offsets == [len(acknowledged)], "there is no gap where it failed"
    log.close()


def fill(log: SqliteLog) -> list[int]:
    acknowledged: list[int] = []
    for _ in range(10_000):
        future = log.append(PAGES, [Message(b"k", bytes(5000))])
        error = future.exception()
        if error is not None:
            assert isinstance(error, LogFull), repr(error)
            assert str(log.path) in str(error)
            return acknowledged
        acknowledged += future.result()
    raise AssertionError("it was never full")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes; skips where we may not mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_loses_nothing_acknowledged(small_disk: Path) -> None:
    log = SqliteLog(small_disk / "log.sqlite", heartbeat_s=0)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(500_000))
    acknowledged = fill(log)
    assert len(list(log.read_all(PAGES))) == len(acknowledged) > 10
    ballast.unlink()
    assert log.append(PAGES, [Message(b"k", b"after")]).result() == [len(acknowledged)]
    log.close()
    again = SqliteLog(small_disk / "log.sqlite")
    assert len(list(again.read_all(PAGES))) == len(acknowledged) + 1
    again.close()


def test_a_reader_on_a_full_disk_says_so(small_disk: Path) -> None:
    log = SqliteLog(small_disk / "log.sqlite", heartbeat_s=0)
    reader = log.reader("g", [PAGES])
    fill(log)
    (small_disk / "ballast").write_bytes(b"")
    with pytest.raises(LogFull, match=r"log\.sqlite"):
        poll_often(reader)
    log.close()


def poll_often(reader: SqliteReader) -> None:
    """Each poll writes a heartbeat, which needs a little room."""
    for _ in range(1000):
        reader.poll(timeout_s=0, max_records=1)


def test_a_log_on_a_disk_that_is_already_full_says_so(small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "ballast").write_bytes(bytes(3_000_000))
    with pytest.raises(LogFull, match=r"log\.sqlite"):
        SqliteLog(small_disk / "log.sqlite")


def test_a_directory_that_may_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LogError, match="file"):
        SqliteLog(tmp_path / "file" / "log.sqlite")
