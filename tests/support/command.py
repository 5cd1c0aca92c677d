"""The command `backlinks` as its user runs it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from demo.serve import ADDRESS, LoopbackWeb

REPOSITORY = Path(__file__).resolve().parents[2]


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def backlinks(
    *arguments: object,
    data: Path | None = None,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 120,
    stdin: str = "",
    before: str = "",
) -> Ran:
    """Runs it to its end. Neither its output nor its errors are a terminal.

    before: Python that its process runs first, to meet a machine that the test can't make.
    """
    ran = subprocess.run(
        _line(arguments, data, before),
        cwd=_directory(data, cwd),
        env=_environment(environment),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout_s,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def start(
    *arguments: object,
    data: Path,
    environment: Mapping[str, str] | None = None,
    says: Path | None = None,
) -> subprocess.Popen[str]:
    """Starts it. Whoever starts it ends it; `with start(...) as process` waits and closes.

    says: a file for its output and errors, instead of pipes.
    """
    with nullcontext(subprocess.PIPE) if says is None else says.open("wb") as out:
        return subprocess.Popen(
            _line(arguments, data),
            cwd=_directory(data, None),
            env=_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            encoding="utf-8",
        )


def at(web: LoopbackWeb) -> list[str]:
    """The flags that lead every host to this web."""
    return ["--connect-to", f"{ADDRESS}:{web.http_port}:{web.https_port}"]


def _line(arguments: tuple[object, ...], data: Path | None, before: str = "") -> list[str]:
    where = ["--data", str(data)] if data is not None else []
    program = ["-c", f"{before}\nfrom backlinks import main\nmain()"] if before else []
    return [sys.executable, *(program or ["-m", "backlinks"]), *where, *map(str, arguments)]


def _directory(data: Path | None, cwd: Path | None) -> Path:
    """Never the repository, whose files are no settings of a test."""
    return cwd or (data.parent if data is not None else Path(tempfile.gettempdir()))


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    """This process's own without settings, with bytecode kept, or each start takes seconds."""
    dropped = ("BACKLINKS_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(dropped)}
    kept["PYTHONPATH"] = str(REPOSITORY)
    kept["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / f"backlinks-pyc-{os.getuid()}")
    return {**kept, **(more or {})}
