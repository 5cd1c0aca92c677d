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


def leave(code: int) -> NoReturn:
    """Ends the process here, whatever other threads are at.

    Python's own end can abort where one of them writes to stderr just then, as Kafka's do while
    they close, and chDB can crash where a call is still under way.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads it any more
            stream.flush()
    os._exit(code)
