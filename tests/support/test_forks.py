"""A process that begins with its imports done is as one that begins with nothing."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.command import backlinks, start
from tests.support.forks import CAN_FORK

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="processes are started from nothing here")
WAYS = [True, False]


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("no-such",), ("sql", "-", "--show-sql"), ("sql", "-", "--csv"), ("status",)],
)
def test_it_says_and_returns_the_same(arguments: tuple[str, ...], tmp_path: Path) -> None:
    found = [
        backlinks(*arguments, data=tmp_path / "data", stdin="SELECT 'é'", forked=forked)
        for forked in WAYS
    ]
    assert found[0] == found[1]
    assert found[0].out or found[0].err


def test_its_environment_and_directory_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "backlinks.toml").write_text("[crawl]\nno_such = 1\n")
    for forked in WAYS:
        ran = backlinks("status", cwd=tmp_path, forked=forked)
        assert "no_such" in ran.err, ran
        loud = {"BACKLINKS_LOG__LEVEL": "loud"}
        ran = backlinks("status", environment=loud, forked=forked)
        assert "loud" in ran.err, ran


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_it_is_a_child_that_signals_end(how: signal.Signals, tmp_path: Path) -> None:
    with start("worker", "consume", data=tmp_path / "data") as process:
        assert os.getpgid(process.pid) == os.getpgid(0)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0)
        process.send_signal(how)
        process.communicate(timeout=30)
    assert process.returncode in ({-how, 0} if how == signal.SIGTERM else {-how})
