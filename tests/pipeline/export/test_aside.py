"""A directory is there whole or not at all, whatever happens while it is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import BacklinksError, UsageError
from pipeline.export.aside import aside


def files(directory: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in directory.iterdir()}


def fail(where: Path, *, replace: bool) -> None:
    with aside(where, replace=replace) as part:
        (part / "b").write_text("half")
        raise ZeroDivisionError


def test_what_fails_leaves_nothing_and_what_was_there_stays(tmp_path: Path) -> None:
    where = tmp_path / "out"
    with pytest.raises(ZeroDivisionError):
        fail(where, replace=False)
    assert list(tmp_path.iterdir()) == []
    with aside(where, replace=False) as part:
        (part / "a").write_text("whole")
        assert not where.exists()
    with pytest.raises(ZeroDivisionError):
        fail(where, replace=True)
    assert files(where) == {"a": "whole"}
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_what_is_there_is_replaced_only_where_that_was_said(tmp_path: Path) -> None:
    where = tmp_path / "out"
    where.mkdir()
    (where / "old").write_text("x")
    with pytest.raises(UsageError, match="is there already; name another, or add --replace"):
        aside(where, replace=False).__enter__()
    with aside(where, replace=True) as part:
        (part / "new").write_text("y")
    assert files(where) == {"new": "y"}
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def ended() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def made(directory: Path, name: str) -> None:
    directory.mkdir()
    (directory / name).write_text("x")


def test_what_a_crash_left_is_taken_away_first(tmp_path: Path) -> None:
    made(tmp_path / f".out.{ended()}.part", "stale")
    with aside(tmp_path / "out", replace=False) as part:
        (part / "a").write_text("y")
    assert files(tmp_path / "out") == {"a": "y"}
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_what_a_crash_had_taken_out_of_its_place_comes_back(tmp_path: Path) -> None:
    made(tmp_path / f".out.{ended()}.old", "before")
    with pytest.raises(UsageError, match="is there already"):
        aside(tmp_path / "out", replace=False).__enter__()
    assert files(tmp_path / "out") == {"before": "x"}


def test_what_others_made_or_write_now_is_left_alone(tmp_path: Path) -> None:
    others = ["out.old", "out.part", ".out.1.part", ".out.x.part"]  # 1 lives
    for name in others:
        made(tmp_path / name, "theirs")
    for _ in range(2):
        with aside(tmp_path / "out", replace=True) as part:
            (part / "a").write_text("y")
    assert {each.name for each in tmp_path.iterdir()} == {"out", *others}


def test_the_working_directory_can_be_replaced_and_the_root_can_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with aside(Path("."), replace=True) as part:
        (part / "a").write_text("y")
    assert files(tmp_path / "here") == {"a": "y"}
    with pytest.raises(UsageError, match="can't be replaced"):
        aside(Path("/"), replace=True).__enter__()


def test_where_nothing_can_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(BacklinksError, match=r"can't write .*Not a directory"),
        aside(tmp_path / "file" / "out", replace=False),
    ):
        pass
