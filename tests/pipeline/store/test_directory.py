"""Who holds a data directory: processes of their own, since chDB opens one directory a process."""

from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.errors import StoreError, StoreFull, StoreLocked
from pipeline.store.directory import (
    LOCK,
    STORE,
    Held,
    held_or_answered,
    open_to_read,
    read_holder,
)
from pipeline.store.remote import RemoteStore

REPOSITORY = Path(__file__).resolve().parents[3]


@contextmanager
def holder(directory: Path, what: str = "hold") -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.pipeline.store.holder", what, directory],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    try:
        yield process
    finally:
        process.communicate()


def ask(directory: Path, *verbs: str) -> list[dict[str, str]]:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.pipeline.store.asker", directory, *verbs],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert ran.returncode == 0, ran.stderr
    found: list[dict[str, str]] = json.loads(ran.stdout)
    return found


def test_a_held_directory_is_refused_naming_its_holder(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        for found in ask(tmp_path, "read", "write"):
            assert found["error"] == "StoreLocked"
            assert str(process.pid) in found["text"]
            assert "backlinks hold" in found["text"]
            assert str(tmp_path) in found["text"]


def test_the_holders_death_frees_the_lock(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert read_holder(tmp_path).pid == process.pid, "the note of it stays"
        assert ask(tmp_path, "write", "read") == [
            {"answer": "ChdbStore"},
            {"answer": "ChdbStore 200000"},
        ]


def test_a_reader_is_answered_by_the_process_that_serves(tmp_path: Path) -> None:
    with holder(tmp_path, "run"):
        read, write = ask(tmp_path, "read", "write")
        assert read == {"answer": "RemoteStore 200000"}
        assert write["error"] == "StoreLocked"


def test_a_holder_that_no_longer_answers_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.store.directory._PATIENCE_S", 0.1)
    (tmp_path / STORE).mkdir()
    held = Held(tmp_path, "backlinks run")
    held.tell(str(tmp_path / "no.sock"))
    with pytest.raises(StoreLocked, match="backlinks run"):
        open_to_read(tmp_path, "backlinks show")
    held.release()


def test_a_directory_without_an_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no index in .*backlinks run SEED"):
        open_to_read(tmp_path, "backlinks show")
    assert list(tmp_path.iterdir()) == [], "and nothing is left there"


def test_a_lock_is_taken_once_and_given_back(tmp_path: Path) -> None:
    held = Held(tmp_path / "new", "backlinks one")
    with pytest.raises(StoreLocked, match="backlinks one"):
        Held(tmp_path / "new", "backlinks two")
    held.release()
    Held(tmp_path / "new", "backlinks two").release()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', "\x00"])
def test_a_note_that_cannot_be_read_names_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / LOCK).write_text(text)
    assert read_holder(tmp_path).command == "unknown"


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/sub: .*--data"):
        Held(tmp_path / "file" / "sub", "backlinks run")


def test_a_new_directory_is_only_its_owners(tmp_path: Path) -> None:
    Held(tmp_path / "new", "backlinks run").release()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_who_reads_makes_the_views_that_its_questions_ask(tmp_path: Path) -> None:
    first, second = ask(tmp_path, "drop", "views")
    assert "view" in first["answer"]
    assert second == {"answer": "lacking 0"}


def test_a_question_waits_for_the_end_of_another_ones(tmp_path: Path) -> None:
    held = Held(tmp_path, "backlinks links")
    timer = threading.Timer(0.2, held.release)
    timer.start()
    ours = held_or_answered(tmp_path, "backlinks refs")
    assert isinstance(ours, Held)
    ours.release()
    timer.join()


def test_a_question_waits_for_a_holder_that_is_about_to_answer(tmp_path: Path) -> None:
    held = Held(tmp_path, "backlinks run")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(tmp_path / "socket"))
        held.tell(str(tmp_path / "socket"))
        timer = threading.Timer(0.2, listening.listen)
        timer.start()
        remote = held_or_answered(tmp_path, "backlinks refs")
        assert isinstance(remote, RemoteStore)
        remote.close()
        timer.join()
    held.release()


def test_a_full_disk_keeps_nobody_out(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    held = Held(tmp_path, "backlinks one")
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(StoreFull, match="can't write"):
            held.tell("socket")
        held.release()
        with pytest.raises(StoreFull):
            Held(tmp_path, "backlinks two")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    Held(tmp_path, "backlinks three").release()
