"""Several processes on one log, some of them killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.log import PAGES
from pipeline.log.sqlite import SqliteLog

REPOSITORY = Path(__file__).resolve().parents[3]


def start(verb: str, path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.pipeline.log.workers", verb, path, name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )


def finish(process: subprocess.Popen[str]) -> list[str]:
    told, _ = process.communicate(timeout=100)
    assert process.returncode == 0
    return told.split()


def test_processes_that_open_a_new_log_at_once_all_can(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    writers = [start("write", path, f"w{i}", 5) for i in range(4)]
    told = [value for writer in writers for value in finish(writer)]
    log = SqliteLog(path)
    assert sorted(record.value.decode() for record in log.read_all(PAGES)) == sorted(told)
    assert len(told) == 20
    log.close()


def test_several_writers_and_readers_lose_nothing_and_commit_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    writers = [start("write", path, f"w{i}", 80) for i in range(2)]
    readers = [start("read", path, f"r{i}", 160) for i in range(3)]
    written = [value for writer in writers for value in finish(writer)]
    committed = [line.split(":") for reader in readers for line in finish(reader)]
    assert sorted(value for _, _, value in committed) == sorted(written)
    log = SqliteLog(path)
    offsets = {(r.partition.number, r.offset): r.value.decode() for r in log.read_all(PAGES)}
    assert {(int(p), int(o)): value for p, o, value in committed} == offsets
    log.close()


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_writer_loses_nothing_that_was_acknowledged(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "log.sqlite"
    told: list[str] = []
    for life in range(2):
        writer = start("write", path, f"{seed}.{life}", 1_000_000)
        assert writer.stdout is not None
        for _ in range(random.Random(seed * 2 + life).randrange(1, 40)):
            told.append(writer.stdout.readline().strip())
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate()
        told += [line for line in rest.splitlines(keepends=False) if line]
    log = SqliteLog(path)
    found: dict[int, list[int]] = {}
    values = set()
    for record in log.read_all(PAGES):
        found.setdefault(record.partition.number, []).append(record.offset)
        values.add(record.value.decode())
    assert set(told) <= values
    assert len(values) <= len(told) + 2, "at most one of each life was written and not told"
    for offsets in found.values():
        assert offsets == list(range(len(offsets)))
    log.close()


def test_a_killed_reader_leaves_its_partitions_and_no_commit(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    finish(start("write", path, "w", 40))
    killed = start("read", path, "killed", 1_000)
    assert killed.stdout is not None
    told = [killed.stdout.readline().strip() for _ in range(10)]
    killed.send_signal(signal.SIGKILL)
    rest, _ = killed.communicate()
    lines = told + [line for line in rest.split("\n") if line.count(":") == 2]
    theirs = {line.split(":", 2)[2] for line in lines}
    ours = {line.split(":", 2)[2] for line in finish(start("read", path, "next", 40))}
    assert len(theirs | ours) >= 39, "one may have been committed and not told"
    assert not theirs & ours
