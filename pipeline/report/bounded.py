"""Calls that may hang, for commands that may not, and an end that waits for none."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import NoReturn, TypeVar

Answer = TypeVar("Answer")


def begun(call: Callable[[], Answer]) -> Future[Answer]:
    """Its answer or error, from a thread of its own that nobody has to wait for."""
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            answer = call()
        except BaseException as error:  # noqa: BLE001 - handed to who asked
            future.set_exception(error)
        else:
            future.set_result(answer)

    threading.Thread(target=run, daemon=True).start()
    return future


def open_all() -> None:
    """Who closed stdin, stdout or stderr wants nothing of them; but the next file that is opened
    must not come to stand in their place."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            with suppress(OSError):
                os.fstat(number)
                continue  # somebody opened another file there
            os.open(os.devnull, os.O_RDWR)  # takes the least number that is free
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def leave(code: int) -> NoReturn:
    """Ends the process here, whatever other threads are at.

    Python's own end can abort where one of them writes to stderr just then, as Kafka's do while
    they close, and chDB can crash where a call is still under way.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads it any more
            stream.flush()
    os._exit(code)
