"""A directory is there whole or not at all, whatever happens while it is written."""

from __future__ import annotations

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


def test_what_a_crash_left_is_taken_away_first(tmp_path: Path) -> None:
    (tmp_path / "out.part").mkdir()
    (tmp_path / "out.part" / "stale").write_text("x")
    with aside(tmp_path / "out", replace=False) as part:
        (part / "a").write_text("y")
    assert files(tmp_path / "out") == {"a": "y"}


def test_where_nothing_can_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(BacklinksError, match=r"can't write .*Not a directory"),
        aside(tmp_path / "file" / "out", replace=False),
    ):
        pass
