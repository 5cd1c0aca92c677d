"""Workers of a cluster are started in any order: who finds no store or broker waits for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from pipeline.errors import LogBusy, StoreBusy
from pipeline.settings import Settings

Answer = TypeVar("Answer")
logger = logging.getLogger(__name__)


def patiently(
    attempt: Callable[[], Answer],
    settings: Settings,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Its answer, as soon as the store and the log are not busy or away any more.

    Embedded, nobody else would mend it: there it raises StoreBusy and LogBusy at once.
    """
    pause = settings.consume.retry_s
    while True:
        try:
            return attempt()
        except (StoreBusy, LogBusy) as error:
            if not (settings.store.hosts or settings.kafka.brokers):
                raise
            logger.warning("waiting to begin, trying again in %.1f s: %s", pause, error)
            sleep(pause)
            pause = min(2 * pause, settings.consume.longest_retry_s)


def at_once(attempt: Callable[[], Answer], settings: Settings) -> Answer:
    """For who is started by a timer or by hand, and would rather be told."""
    return attempt()
