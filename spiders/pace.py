"""How long a host is left alone between two requests: what it asks for, and what it can bear."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from pipeline.page import Page

OVERLOADED = frozenset({429, 503})
LONGEST_S = 3_600.0  # a host that asks for more is given this, and is then asked again
LEAST_S = 1.0  # of a delay that is doubled
MOST_STRIKES = 10
REMEMBERED = 100_000  # hosts that were overloaded


class Pace:
    """By host, in bounded memory: only those that are slower than usual are remembered."""

    def __init__(self) -> None:
        self._strikes: OrderedDict[str, int] = OrderedDict()

    def after(self, page: Page, delay_s: float) -> float:
        """Seconds from this answer to the host's next request. `delay_s`: of every host.

        Doubled by each answer that tells of overload and halved again by each that does not; as
        long as the answer took at least, so that a slow host rests as much as it works, unless no
        delay is wanted at all; and never less than the host asks for.
        """
        strikes = self._strikes.pop(page.host, 0)
        overloaded = page.status in OVERLOADED
        strikes = min(strikes + 1, MOST_STRIKES) if overloaded else strikes - 1
        if strikes > 0:
            self._strikes[page.host] = strikes
            if len(self._strikes) > REMEMBERED:
                self._strikes.popitem(last=False)
        if delay_s:
            delay_s = max(delay_s, page.request.latency_ms / 1000)
        if strikes > 0:
            delay_s = min(max(delay_s, LEAST_S) * 2**strikes, LONGEST_S)
        return max(delay_s, page.request.delay_s)


def retry_after_s(header: str, clock: Callable[[], float] = time.time) -> float:
    """What a Retry-After header asks for (RFC 9110, section 10.2.3): seconds, or a date.

    0 where there is none, or it can't be read, or lies in the past; LONGEST_S at most.
    """
    text = header.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), LONGEST_S)
    try:
        at = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return 0.0
    return min(max(0.0, at - clock()), LONGEST_S)
