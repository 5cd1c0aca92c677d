"""Commands run in this process on a test's store, as if it were the data directory's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

import backlinks  # noqa: F401 - adds the commands
from pipeline.report import commands
from pipeline.report.commands import cli
from pipeline.store import Store

Run = Callable[..., Result]


def runs_on(store: Store, monkeypatch: pytest.MonkeyPatch, *writing: Any) -> Run:
    """writing: modules of commands that write."""
    monkeypatch.setattr(commands, "open_to_read", lambda *_: (store, lambda: None))
    for module in writing:
        for name in {"open_to_write", "open_to_say"} & set(vars(module)):
            monkeypatch.setattr(module, name, lambda *_: (store, lambda: None))

    def run(*arguments: object, stdin: str | bytes = "", code: int = 0) -> Result:
        found = CliRunner().invoke(cli, [str(each) for each in arguments], input=stdin)
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        assert found.exit_code == code, found.output
        return found

    return run
