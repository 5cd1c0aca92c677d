"""The command `backlinks` as its user runs it: a process of its own (see forks.py)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from demo.serve import ADDRESS, LoopbackWeb
from tests.support.forks import CAN_FORK, Forked

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
    timeout_s: float = 280,
    stdin: str = "",
    before: str = "",
    forked: bool = True,
) -> Ran:
    """Runs it to its end. Neither its output nor its errors are a terminal.

    before: Python that its process runs first, to meet a machine that the test can't make.
    cwd: beside `data`, or an empty one: the settings of what else lies about are no test's.
    forked: not with `before`; False starts it from nothing.
    """
    with tempfile.TemporaryDirectory() as empty:
        where = cwd or (data.parent if data is not None else Path(empty))
        process = _process(
            arguments, data, where, environment, before, forked,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        with process:
            try:
                out, err = process.communicate(stdin, timeout=timeout_s)
            except BaseException:
                process.kill()
                raise
    return Ran(process.returncode, out, err)


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
        return _process(
            arguments,
            data,
            data.parent,
            environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )


def at(web: LoopbackWeb) -> list[str]:
    """The flags that lead every host to this web."""
    return ["--connect-to", f"{ADDRESS}:{web.http_port}:{web.https_port}"]


def _process(
    arguments: tuple[object, ...],
    data: Path | None,
    cwd: Path,
    environment: Mapping[str, str] | None,
    before: str = "",
    forked: bool = True,
    **files: Any,
) -> subprocess.Popen[str]:
    where = ["--data", str(data)] if data is not None else []
    words = [*where, *map(str, arguments)]
    forked = forked and CAN_FORK and not before
    program = ["-c", f"{before}\nfrom backlinks import main\nmain()"] if before else []
    kind = Forked if forked else subprocess.Popen[str]
    return kind(
        words if forked else [sys.executable, *(program or ["-m", "backlinks"]), *words],
        cwd=cwd,
        env=_environment(environment),
        encoding="utf-8",
        **files,
    )


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    """This process's own without settings, with bytecode kept, or each start takes seconds."""
    dropped = ("BACKLINKS_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(dropped)}
    kept["PYTHONPATH"] = str(REPOSITORY)
    kept["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / f"backlinks-pyc-{os.getuid()}")
    return {**kept, **(more or {})}
