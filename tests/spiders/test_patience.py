"""Which hosts are left alone, for how long, and in how much memory."""

from __future__ import annotations

import pytest

from spiders.patience import FAILURES, Patience


def test_a_host_is_left_alone_after_so_many_failures_in_a_row() -> None:
    patience = Patience()
    assert [patience.failed("a.example") for _ in range(4)] == [False, False, True, True]
    assert not patience.failed("b.example")
    patience.answered("a.example")
    assert [patience.failed("a.example") for _ in range(FAILURES)] == [False, False, True]


def test_a_rest_ends_when_it_was_said_to() -> None:
    patience = Patience()
    assert not patience.defers("a.example", 0.0)
    patience.defer("a.example", 60.0)
    assert patience.defers("a.example", 59.9)
    assert not patience.defers("b.example", 59.9)
    assert not patience.defers("a.example", 60.0)
    patience.defer("a.example", 90.0)
    patience.defer("a.example", 70.0)
    assert not patience.defers("a.example", 80.0), "the last word counts"


def test_hosts_that_fail_for_ever_are_not_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spiders.patience.REMEMBERED", 10)
    patience = Patience()
    for number in range(30):
        patience.failed(f"h{number}.example")
        patience.failed(f"h{number}.example")
        patience.defer(f"h{number}.example", 60.0)
    assert (len(patience._failures), len(patience._rests)) == (10, 10)
    assert patience.failed("h29.example")
    assert not patience.failed("h5.example")
    assert not patience.defers("h19.example", 0.0)
