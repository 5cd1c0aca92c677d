"""What a planner does for operators, where the store won't have it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import StoreBusy, StoreError, StoreRefused
from pipeline.log.sqlite import SqliteLog
from pipeline.report.planning import Planning


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    with closing(SqliteLog(tmp_path / "log.sqlite")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("error", "told"),
    [(StoreRefused("Not enough privileges"), "docs/cluster.md"), (StoreBusy("timeout"), "left to")],
)
def test_what_can_t_be_done_once_keeps_nothing_else_from_being_planned(
    log: SqliteLog,
    error: StoreError,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    planner: Any = SimpleNamespace(store=None, plan=lambda *_, **__: 3, share=None)
    planning = Planning(planner, log, 10, 1.0)

    def fails() -> int:
        raise error

    monkeypatch.setattr(planning.once, "run", fails)
    planning.plan()
    assert planning.planned == 3
    assert told in caplog.text
