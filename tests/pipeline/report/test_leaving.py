"""How a process of ours ends: by its exit code, whatever its other threads are at."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from pipeline.errors import BacklinksError
from pipeline.report import control
from pipeline.report.commands import Cli
from tests.support.command import backlinks

SPEAKS = """
import sys, threading

def speak():
    while True:
        print("closing", file=sys.stderr)

threading.Thread(target=speak, daemon=True).start()
"""
BUFFERED = {"PYTHONUNBUFFERED": ""}


def test_a_thread_that_speaks_at_the_end_does_not_abort_it() -> None:
    """Python's own end gives up on the lock of stderr: about every second time here."""
    for _ in range(6):
        ran = backlinks("--version", before=SPEAKS, environment=BUFFERED)
        assert ran.code == 0, ran.err[-500:]
        assert ran.out.startswith("backlinks, version ")


def test_a_thread_that_waits_for_ever_is_not_waited_for() -> None:
    waits = "import threading; threading.Thread(target=threading.Event().wait).start()"
    assert backlinks("--version", before=waits, timeout_s=60).code == 0


def test_an_error_keeps_its_code() -> None:
    assert backlinks("nonsense").code == 2


def test_who_reads_no_further_is_told_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [sys.executable, "-m", "backlinks", "--version"],
        stdout=writing, stderr=subprocess.PIPE, env={**os.environ, **BUFFERED}, check=False,
    )  # fmt: skip
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (1, b"")  # click's own code for it


@pytest.mark.parametrize("kind", [KeyboardInterrupt, click.Abort], ids=["anywhere", "asked"])
def test_ctrl_c_ends_any_command_with_one_line_and_1(kind: type[BaseException]) -> None:
    def stops() -> None:
        raise kind

    group = Cli(
        "made", commands=[click.Group("inner", commands=[click.Command("stops", callback=stops)])]
    )
    ran = CliRunner().invoke(group, ["inner", "stops"])
    assert (ran.exit_code, ran.output) == (1, "backlinks: interrupted\n")


def test_who_answers_no_is_told_that_nothing_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(control, "sys", terminal)
    monkeypatch.setattr(click, "confirm", lambda *_, **__: False)
    with pytest.raises(BacklinksError, match="nothing was suppressed or deleted"):
        control._ask(["a.example"], yes=False)
