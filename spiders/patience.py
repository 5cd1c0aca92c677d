"""Hosts that don't answer, or ask for a long rest: what waits for them is left to a later plan."""

from __future__ import annotations

from collections import OrderedDict

from pipeline.frontier.request import KEPT_S

FAILURES = 3  # in a row
BACK_OFF_S = KEPT_S  # of a host that fails so often; one that asks for longer is deferred too
REMEMBERED = 100_000  # hosts; the one that did badly longest ago is forgotten first


class Patience:
    """By host, in bounded memory. Times are seconds of any one monotonic clock."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, int] = OrderedDict()
        self._rests: OrderedDict[str, float] = OrderedDict()

    def failed(self, host: str) -> bool:
        """Once more without an answer; True where it is to be left alone."""
        failures = self._failures[host] = min(self._failures.pop(host, 0) + 1, FAILURES)
        _bound(self._failures)
        return failures >= FAILURES

    def answered(self, host: str) -> None:
        self._failures.pop(host, None)

    def defer(self, host: str, until: float) -> None:
        self._rests.pop(host, None)
        self._rests[host] = until
        _bound(self._rests)

    def defers(self, host: str, now: float) -> bool:
        """Until its rest is over, no request for it is kept in memory: the watermark would wait."""
        until = self._rests.get(host)
        if until is None:
            return False
        if until <= now:
            del self._rests[host]
        return until > now


def _bound(hosts: OrderedDict[str, int] | OrderedDict[str, float]) -> None:
    if len(hosts) > REMEMBERED:
        hosts.popitem(last=False)
