"""What SIGTERM and Ctrl-C come to, in this process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.report import stopping
from pipeline.report.stopping import interruptible, on_signal

NUMBERS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As they were, and nothing here ends the process."""
    monkeypatch.setattr(stopping, "_end", lambda *_: None)
    before = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_second_signal_does_not_come_in_between() -> None:
    """It may come while `stop` holds a lock that it would wait for."""
    told: list[int] = []

    def stop() -> None:
        told.append(len(told))
        if len(told) < 3:
            signal.raise_signal(signal.SIGTERM)

    on_signal(stop, 0.0)
    os.kill(os.getpid(), signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    assert told == [0]


@pytest.mark.parametrize("number", NUMBERS)
def test_what_asks_nobody_is_interrupted_and_what_comes_after_is_told(
    number: signal.Signals,
) -> None:
    told: list[Any] = []
    on_signal(lambda: told.append(number), 0.0)
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(number)
    assert told == []
    signal.raise_signal(number)
    assert told == [number]
