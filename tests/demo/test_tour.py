"""What becomes of a demo that is told to end."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.xdist_group("run")


def crawls_in(directory: Path) -> list[str]:
    """What runs there and is not the demo itself, by /proc."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it may end meanwhile
            lines.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in lines if str(directory) in line and " demo " not in line]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc, as Linux has it")
def test_who_ends_the_demo_ends_its_crawl(tmp_path: Path) -> None:
    directory = tmp_path / "index"
    command = [sys.executable, "-m", "backlinks", "demo", "--keep", str(directory)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            until(lambda: crawls_in(directory), "no crawl", process)
            process.terminate()
            assert process.wait(timeout=PATIENCE_S) == 128 + 15
        finally:
            process.kill()
    until(lambda: not crawls_in(directory), lambda: crawls_in(directory))
