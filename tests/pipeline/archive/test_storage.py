"""What was put is whole or not there, and what goes wrong is one of our errors."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.archive.storage import Storage
from pipeline.errors import ArchiveBusy, ArchiveRefused, NoArchive
from tests.pipeline.archive.files import all_files, new, places, tear


@pytest.fixture(params=[0, 1], ids=["directory", "objects"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return places(tmp_path)[int(request.param)]


def test_what_was_put_is_got(where: str) -> None:
    storage = new(where)
    storage.put("pages/day=2023-11-14/a b[1]=%.json", b"\x00\xff")
    storage.put("pages/day=2023-11-14/a b[1]=%.json", b"again")
    names = ["pages/day=2023-11-14/a b[1]=%.json", "pages/none"]
    assert dict(storage.get_many(names)) == {names[0]: b"again", names[1]: None}
    assert storage.days("pages") == ["2023-11-14"]
    assert storage.names("2023-11-14") == names[:1]
    assert (storage.days("none"), storage.get("none")) == ([], None)


def test_small_files_are_got_at_once(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.archive.storage._AT_ONCE", 3)
    storage = new(where)
    for number in range(8):
        storage.put(f"pages/{number}", b"%d" % number)
    names = [f"pages/{number}" for number in range(9)]
    found = list(storage.get_many(names))
    assert found == [*((name, name[-1:].encode()) for name in names[:8]), (names[8], None)]


def test_an_archive_that_is_there_is_used_as_it_is(where: str) -> None:
    new(where).put("pages/a", b"1")
    assert new(where).get("pages/a") == b"1"


def test_one_of_a_newer_version_is_not_written_to(where: str) -> None:
    tear(where, "archive.json", b'{"format": 2, "topic": "pages"}')
    with pytest.raises(NoArchive, match="of format 2"):
        new(where)


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_directory_never_shows_half_a_file(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = new(str(tmp_path))
    storage.put("pages/a", b"first")

    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        if step == "write":
            patch.setattr("builtins.open", fail)
        else:
            patch.setattr(os, step, fail)
        with pytest.raises(ArchiveBusy, match=r"can't write .*: No space left on device"):
            storage.put("pages/a", b"second")
    assert storage.get("pages/a") == b"first"
    assert all_files(str(tmp_path)) == ["archive.json", "pages/a"]


def test_a_file_is_durable_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = new(str(tmp_path))
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def synced(number: int) -> None:
        done.append(os.path.basename(os.readlink(f"/proc/self/fd/{number}")))
        fsync(number)

    def replaced(old: Path, new: Path) -> None:
        done.append(f"-> {new.name}")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    storage.put("pages/day/a", b"1")
    assert [name if name[0] != "." else "beside" for name in done] == [
        tmp_path.name, "pages", "beside", "-> a", "day",
    ]  # fmt: skip


def test_a_disk_that_is_gone_is_not_replaced_by_the_one_below(tmp_path: Path) -> None:
    storage = new(str(tmp_path / "disk"))
    (tmp_path / "disk/archive.json").unlink()
    with pytest.raises(ArchiveBusy, match="is its disk mounted"):
        storage.put("pages/a", b"1")
    assert all_files(str(tmp_path / "disk")) == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), ArchiveRefused),
        (OSError(errno.EROFS, "Read-only file system"), ArchiveRefused),
        (FileNotFoundError("The specified bucket does not exist"), ArchiveRefused),
        (OSError(errno.EIO, "Input/output error"), ArchiveBusy),
        (TimeoutError(), ArchiveBusy),
        (OSError(errno.EBUSY, "Please reduce your request rate"), ArchiveBusy),
        (RuntimeError("could not connect to the endpoint"), ArchiveBusy),
    ],
    ids=str,
)
def test_errors_of_a_storage_become_ours(
    error: Exception, kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = places(tmp_path)[1]
    storage = new(where)

    def fail(*_: Any, **__: Any) -> None:
        raise error

    class Failing:
        exists = pipe_file = ls = find = fail

    monkeypatch.setattr(storage, "_files", Failing)
    calls: list[Callable[[], object]] = [
        lambda: storage.put("a", b"1"), lambda: storage.days("pages"),
        lambda: storage.names("2023-11-14"),
    ]  # fmt: skip
    for call in calls:
        if isinstance(error, FileNotFoundError) and call is calls[1]:
            continue  # no day yet
        with pytest.raises(kind, match=r"can't (write|list) the archive memory://") as raised:
            call()
        assert type(raised.value) is kind


def test_a_password_in_the_url_is_not_shown() -> None:
    shown = Storage("memory://user:secret@kept").shown
    assert shown == "memory://kept"


def test_a_client_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    with pytest.raises(ArchiveRefused, match="Install s3fs"):
        Storage("s3://bucket/kept")
