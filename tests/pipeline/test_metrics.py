"""Metrics and health as a scraper and a supervisor meet them."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import metrics
from pipeline.errors import UsageError
from pipeline.log import CONSUME, PAGES, Message
from pipeline.log.sqlite import SqliteLog
from pipeline.metrics import Sample, Told
from pipeline.settings import MetricsSettings


class Worker:
    def __init__(self) -> None:
        self.turned_at = time.monotonic()

    def samples(self) -> Iterator[Sample]:
        yield Sample(metrics.PAGES_WRITTEN, 7)
        yield Sample(metrics.INSERT, 1.5, times=3)
        yield Sample(metrics.DEAD_LETTERS, 2, ('a "reason"',))


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


def get(told: Told, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{told.port}{path}") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_scrape_has_the_worker_s_figures_and_its_group_s_lag(told: Told) -> None:
    code, text = get(told, "/metrics")
    assert code == 200
    lines = set(text.splitlines())
    assert "backlinks_pages_written_total 7.0" in lines
    assert {"backlinks_insert_seconds_sum 1.5", "backlinks_insert_seconds_count 3.0"} <= lines
    assert 'backlinks_dead_letters_total{reason="a \\"reason\\""} 2.0' in lines
    lag = [line for line in lines if line.startswith("backlinks_lag_records{")]
    assert sum(float(line.rpartition(" ")[2]) for line in lag) == 5
    assert all('group="consume",partition=' in line for line in lag) or len(lag) == 4


def test_a_loop_that_goes_round_is_healthy_and_one_that_does_not_is_stuck(told: Told) -> None:
    code, text = get(told, "/healthz")
    assert (code, json.loads(text)["state"]) == (200, "ok")
    told.worker.turned_at -= 6
    code, text = get(told, "/healthz")
    assert (code, json.loads(text)["state"]) == (503, "stuck")


def test_nothing_else_is_served(told: Told) -> None:
    assert get(told, "/etc/passwd")[0] == 404


def test_a_port_that_is_taken_is_named(told: Told, log: SqliteLog) -> None:
    with pytest.raises(UsageError, match=f"metrics.port {told.port} on 127"):
        Told(MetricsSettings(port=told.port), Worker(), log, CONSUME)
