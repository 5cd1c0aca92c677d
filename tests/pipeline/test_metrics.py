"""Metrics and health as a scraper and a supervisor meet them."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import metrics
from pipeline.errors import LogBusy, LogError, UsageError
from pipeline.log import CONSUME, PAGES, Message, Partition
from pipeline.log.sqlite import SqliteLog
from pipeline.metrics import Sample, Told
from pipeline.settings import MetricsSettings
from tests.support.faults import Clock
from tests.support.waiting import PATIENCE_S, until

LAG = "backlinks_lag_records{"


class Worker:
    def __init__(self) -> None:
        self.turned_at = time.monotonic()

    def samples(self) -> Iterator[Sample]:
        yield Sample(metrics.PAGES_WRITTEN, 7)
        yield Sample(metrics.INSERT, 1.5, times=3)
        yield Sample(metrics.DEAD_LETTERS, 2, ('a "reason"',))


class Away(SqliteLog):
    """Whose brokers hold the question for lag until `back`; then it is answered, or not."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked, self.back = threading.Semaphore(0), threading.Semaphore(0)
        self.error: LogError | None = None

    def lag(self, group: str = "") -> dict[tuple[str, Partition], int]:
        self.asked.release()
        self.back.acquire()
        if self.error is not None:
            raise self.error
        return super().lag(group)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    found = SqliteLog(tmp_path / "log.sqlite")
    found.append(PAGES, [Message(b"a", b"x")] * 5).result()
    found.reader(CONSUME, [PAGES]).close()
    yield found
    found.close()


@pytest.fixture
def told(log: SqliteLog) -> Iterator[Told]:
    found = Told(MetricsSettings(stuck_s=5), Worker(), log, CONSUME)
    yield found
    found.close()


def test_what_is_told_beside_the_worker_is_told_too(told: Told) -> None:
    told.beside.append(lambda: [Sample(metrics.LIFECYCLE, 2.5, times=2)])
    text = get(told, "/metrics")[1]
    assert "backlinks_lifecycle_seconds_sum 2.5" in text
    assert "backlinks_pages_written_total 7" in text


def get(told: Told, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{told.port}{path}") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def lag(told: Told) -> list[str]:
    return [line for line in get(told, "/metrics")[1].splitlines() if line.startswith(LAG)]


def test_a_scrape_has_the_worker_s_figures_and_its_group_s_lag(told: Told) -> None:
    until(lambda: bool(lag(told)))
    code, text = get(told, "/metrics")
    assert code == 200
    lines = set(text.splitlines())
    assert "backlinks_pages_written_total 7.0" in lines
    assert {"backlinks_insert_seconds_sum 1.5", "backlinks_insert_seconds_count 3.0"} <= lines
    assert 'backlinks_dead_letters_total{reason="a \\"reason\\""} 2.0' in lines
    behind = [line for line in lines if line.startswith(LAG)]
    assert sum(float(line.rpartition(" ")[2]) for line in behind) == 5
    assert all('group="consume",partition=' in line for line in behind) or len(behind) == 4


def test_a_scrape_does_not_wait_for_brokers_that_are_away(tmp_path: Path) -> None:
    log, clock = Away(tmp_path / "log.sqlite"), Clock(1000.0)
    log.append(PAGES, [Message(b"a", b"x")] * 5).result()
    log.reader(CONSUME, [PAGES]).close()
    told = Told(MetricsSettings(), Worker(), log, CONSUME, clock=clock, lag_s=0.01)
    try:
        assert log.asked.acquire(timeout=PATIENCE_S)
        assert get(told, "/metrics")[0] == 200
        assert lag(told) == [], "what was never known is not told"
        log.back.release()
        assert log.asked.acquire(timeout=PATIENCE_S)
        assert len(lag(told)) == 4, "the last known, while it is asked for again"
        log.error = LogBusy("away")
        log.back.release()
        assert log.asked.acquire(timeout=PATIENCE_S), "it is asked for again after an error"
        clock.now += 299
        assert len(lag(told)) == 4
        clock.now += 2
        assert lag(told) == [], "what is too old is not told"
    finally:
        told.close()
    assert any(thread.name == "lag" for thread in threading.enumerate()), "nobody waited for it"
    log.back.release()
    until(lambda: all(thread.name != "lag" for thread in threading.enumerate()))
    log.close()


def test_what_the_log_has_in_flight_is_told_without_brokers(tmp_path: Path) -> None:
    log = Away(tmp_path / "log.sqlite")
    told = Told(MetricsSettings(), Worker(), log, CONSUME)
    try:
        assert "backlinks_log_in_flight_bytes 0.0" in get(told, "/metrics")[1]
    finally:
        told.close()
        log.back.release()
        until(lambda: all(thread.name != "lag" for thread in threading.enumerate()))
        log.close()


def test_a_loop_that_goes_round_is_healthy_and_one_that_does_not_is_stuck(told: Told) -> None:
    code, text = get(told, "/healthz")
    assert (code, json.loads(text)["state"]) == (200, "ok")
    told.worker = stuck = Worker()
    stuck.turned_at -= 6
    code, text = get(told, "/healthz")
    assert (code, json.loads(text)["state"]) == (503, "stuck")


def test_nothing_else_is_served(told: Told) -> None:
    assert get(told, "/etc/passwd")[0] == 404


def test_a_port_that_is_taken_is_named(told: Told, log: SqliteLog) -> None:
    with pytest.raises(UsageError, match=f"metrics.port {told.port} on 127"):
        Told(MetricsSettings(port=told.port), Worker(), log, CONSUME)
