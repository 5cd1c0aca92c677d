from __future__ import annotations

import threading

import pytest

from pipeline.errors import LogBusy, StoreBusy, StoreRefused
from pipeline.metrics import JOB, RETRIES
from pipeline.repeated import Repeated
from tests.support.waiting import PATIENCE_S, until


def in_a_thread(worker: Repeated) -> threading.Thread:
    thread = threading.Thread(target=worker.run)
    thread.start()
    return thread


def test_a_job_is_done_again_until_it_is_stopped() -> None:
    worker = Repeated(lambda: None, 0.01)
    thread = in_a_thread(worker)
    until(lambda: worker.times >= 3)
    worker.stop()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_stop_does_not_wait_for_the_interval() -> None:
    worker = Repeated(lambda: None, 3600)
    thread = in_a_thread(worker)
    until(lambda: worker.times == 1)
    worker.stop()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_job_may_ask_for_an_earlier_turn_and_for_no_later_one() -> None:
    worker = Repeated(lambda: 0.01, 3600)
    thread = in_a_thread(worker)
    until(lambda: worker.times > 2)
    worker.stop()
    thread.join(PATIENCE_S)
    later = Repeated(lambda: 3600.0, 0.01)
    thread = in_a_thread(later)
    until(lambda: later.times > 2)
    later.stop()
    thread.join(PATIENCE_S)


@pytest.mark.parametrize("busy", [StoreBusy("away"), LogBusy("away")])
def test_a_busy_store_or_log_costs_a_turn_and_no_more(busy: Exception) -> None:
    answers = iter([busy, busy])

    def job() -> None:
        for error in answers:
            raise error

    worker = Repeated(job, 0.01)
    thread = in_a_thread(worker)
    until(lambda: worker.times > 0)
    worker.stop()
    thread.join(PATIENCE_S)
    told = {sample.metric: sample for sample in worker.samples()}
    assert told[RETRIES].value == 2
    assert told[JOB].times == worker.times


def test_what_can_t_be_retried_ends_it() -> None:
    def job() -> None:
        raise StoreRefused("no such table")

    with pytest.raises(StoreRefused):
        Repeated(job, 0.01).run()


def test_it_lives_while_it_waits() -> None:
    worker = Repeated(lambda: None, 3600)
    thread = in_a_thread(worker)
    until(lambda: worker.times == 1)
    before = worker.turned_at
    until(lambda: worker.turned_at > before)
    worker.stop()
    thread.join(PATIENCE_S)
