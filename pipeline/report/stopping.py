"""SIGTERM and Ctrl-C: who is told to stop has its budget, and is ended when that is over."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

_LEAVE_S = 5.0  # beyond the budget: to commit, and to leave the group

logger = logging.getLogger(__name__)


def on_signal(stop: Callable[[], None], budget_s: float) -> None:
    """Calls `stop` when told to, and ends the process where it is still there after its budget.

    A broker or a store that holds a call can keep it for minutes. What is not committed by then
    is done again by whoever comes next, as after kill -9. Of several calls the last one counts.
    """
    told: SimpleQueue[None] = SimpleQueue()  # may be put to from a signal handler
    heard = False

    def handle(*_: object) -> None:
        nonlocal heard
        if not heard:  # a second signal may come within `stop`, which may hold a lock
            heard = True
            told.put(None)
            stop()

    ending = threading.Thread(target=_end, args=(told, budget_s + _LEAVE_S), daemon=True)
    ending.start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)


@contextmanager
def interruptible() -> Iterator[None]:
    """Both raise KeyboardInterrupt here: for what asks nobody whether to stop."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(told: SimpleQueue[None], budget_s: float) -> None:
    told.get()
    time.sleep(budget_s)
    logger.warning(
        "not done %.0f s after it was told to stop, and ended: nothing is lost, what was not "
        "committed is done again",
        budget_s,
    )
    os._exit(1)
