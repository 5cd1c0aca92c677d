"""Appends of which the library says nothing more: they end all the same."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import errors as kafka_errors

from pipeline.errors import LogBusy, LogRefused
from pipeline.log.kafka_flight import Flight, Pending
from pipeline.settings import KafkaSettings

ACKNOWLEDGED = SimpleNamespace(offset=7)


class Sent:
    """One append of two records, and the producers that were spoiled."""

    def __init__(self, flight: Flight) -> None:
        self.flight = flight
        self.spoiled: list[Any] = []
        self.done: Future[list[int]] = Future()
        flight.take_room(100)
        self.pending = Pending(flight, "it", self.spoiled.append, "pages", 2, 100, self.done)


@pytest.fixture(params=[0.1])
def sent(request: pytest.FixtureRequest) -> Iterator[Sent]:
    flight = Flight(KafkaSettings(brokers=["b:1"], delivery_s=request.param))
    yield Sent(flight)
    flight.close()


in_time = pytest.mark.parametrize("sent", [600], indirect=True)


def test_an_append_without_a_word_ends_as_busy_and_leaves_its_room(sent: Sent) -> None:
    sent.pending.acknowledged(0, ACKNOWLEDGED)
    with pytest.raises(LogBusy, match=r"publishing to pages: .*no word of 1 records"):
        sent.done.result(timeout=30)
    assert sent.flight.bytes == 0
    assert sent.spoiled == ["it"], "what it holds is given up, and another is made"


def test_what_is_said_after_the_end_changes_nothing(sent: Sent) -> None:
    sent.done.exception(timeout=30)
    sent.pending.acknowledged(0, ACKNOWLEDGED)
    sent.pending.failed(kafka_errors.KafkaTimeoutError("late"))
    sent.pending.give_up()
    assert sent.flight.bytes == 0
    assert sent.spoiled == ["it"]


@in_time
def test_an_append_ends_with_its_last_record(sent: Sent) -> None:
    sent.pending.acknowledged(1, ACKNOWLEDGED)
    assert not sent.done.done()
    sent.pending.acknowledged(0, SimpleNamespace(offset=3))
    assert sent.done.result(timeout=0) == [3, 7]
    sent.pending.give_up()
    assert (sent.flight.bytes, sent.spoiled) == (0, [])


@in_time
def test_a_delay_keeps_the_producer_and_a_refusal_spoils_it(sent: Sent) -> None:
    sent.pending.failed(kafka_errors.KafkaTimeoutError("slow"), 2)
    with pytest.raises(LogBusy):
        sent.done.result(timeout=0)
    assert sent.spoiled == []
    other = Sent(sent.flight)
    other.pending.acknowledged(0, ACKNOWLEDGED)
    other.pending.failed(kafka_errors.MessageSizeTooLargeError())
    with pytest.raises(LogRefused):
        other.done.result(timeout=0)
    assert other.spoiled == ["it"]
