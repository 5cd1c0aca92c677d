"""The command `backlinks` in processes that begin with their imports done.

Imports take a second or two of a processor's time, and the tests start hundreds of processes. So
one process imports what the command needs, and forks for each that is asked for. From there on it
is as any other: its pid, signals, files, directory, environment and end are its own, and the test
is its parent. chDB is left to the child: importing it starts threads, and forks have none of them.
With BACKLINKS_TEST_EXEC, and elsewhere than on Linux, each process starts from nothing.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import warnings
from importlib import import_module
from inspect import signature
from typing import Any, NamedTuple

CAN_FORK = sys.platform == "linux" and "BACKLINKS_TEST_EXEC" not in os.environ
IMPORTED = (
    "backlinks", "consumers.archive", "pipeline.log.kafka", "pipeline.quality.score",
    "pipeline.store.clickhouse", "scrapy.core.downloader.contextfactory", "spiders.crawl",
    "pandas", "pyarrow.dataset", "scipy.linalg.cython_blas",  # chDB's and numba's, at first use
)  # fmt: skip
_LARGEST = 1 << 18  # bytes of a request
_ADOPTS_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER


class Forked(subprocess.Popen[str]):
    """Popen for `backlinks`: its arguments are those after the program's name."""

    def _execute_child(self, *given: Any) -> None:
        told = signature(subprocess.Popen._execute_child).bind(self, *given).arguments  # type: ignore[attr-defined]
        files = (told["p2cread"], told["c2pwrite"], told["errwrite"])
        try:
            self.pid = _forks().ask(
                {name: told[name] for name in ("args", "cwd", "env")},
                [file if file >= 0 else own for own, file in enumerate(files)],
            )
            self._child_created = True
        finally:
            self._close_pipe_fds(  # type: ignore[attr-defined]
                *(told[name] for name in ("p2cread", "p2cwrite", "c2pread", "c2pwrite")),
                *(told[name] for name in ("errread", "errwrite")),
            )


class _Forks:
    """The process that forks. Those that it forks are left to this one, whose children they are."""

    def __init__(self) -> None:
        if ctypes.CDLL(None, use_errno=True).prctl(_ADOPTS_ORPHANS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        atexit.register(self.close)

    def ask(self, told: dict[str, Any], files: list[int]) -> int:
        """The new process's pid."""
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(told, default=str).encode()], files)
            answer = self._socket.recv(64)
        if not answer:
            raise OSError("the process that forks has ended")
        return int(answer)

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


@functools.cache
def _forks() -> _Forks:
    """Started with the first process that a test starts."""
    return _Forks()


class _Told(NamedTuple):
    args: list[str]
    cwd: str | None
    env: dict[str, str]


def _told(asked: socket.socket) -> _Told | None:
    """What to run, in a process for it; None when the tests are over."""
    while True:
        text, files, _, _ = socket.recv_fds(asked, _LARGEST, 3)
        if not text:
            return None
        reading, writing = os.pipe()
        between = os.fork()
        if not between:
            pid = os.fork()
            if pid:
                os.write(writing, b"%d" % pid)
                os._exit(0)
            for file in (reading, writing, asked.detach()):
                os.close(file)
            _take(files)
            return _Told(**json.loads(text))
        for file in (writing, *files):
            os.close(file)
        pid_text = os.read(reading, 64)
        os.close(reading)
        os.waitpid(between, 0)  # only now the test is the new one's parent
        asked.send(pid_text)


def _take(files: list[int]) -> None:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)


def _become(told: _Told) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["backlinks", *told.args]
    os.environ.clear()
    os.environ.update(told.env)
    if told.cwd is not None:
        os.chdir(told.cwd)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal it goes to all of its processes
    for name in IMPORTED:
        import_module(name)
    gc.collect()
    gc.freeze()
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    told = _told(socket.socket(fileno=int(sys.argv[1])))
    if told is not None:
        _become(told)
        from backlinks import main as command

        command()


if __name__ == "__main__":
    main()
