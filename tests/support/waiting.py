"""Waiting for what another thread, process or server does."""

from __future__ import annotations

import time
from collections.abc import Callable
from subprocess import Popen

PATIENCE_S = 120.0  # many times what anything takes on a busy machine
_PAUSE_S = 0.02


def until(
    claim: Callable[[], object],
    said: Callable[[], object] | str = "it did not come",
    *workers: Popen[str],
) -> None:
    """Until it is so. It must stay so, or be seen: between two looks a thread may get far.

    said: what was so, where it comes to nothing. workers: none of them may end meanwhile.
    """
    end = time.monotonic() + PATIENCE_S
    while not claim():
        late = time.monotonic() > end
        if late or any(worker.poll() is not None for worker in workers):
            what = said if isinstance(said, str) else said()
            raise AssertionError(f"{what}: {'waited for' if late else 'a worker ended'}")
        time.sleep(_PAUSE_S)
