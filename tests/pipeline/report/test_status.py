"""`backlinks status` while it waits: what it asks, how often, and when it ends."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import backlinks  # noqa: F401 - adds the commands
from pipeline.index.lifecycle import Lifecycle
from pipeline.index.questions import Index
from pipeline.log import CONSUME, DEAD_PAGES, PAGES, Committed, Message
from pipeline.log.letters import Letters
from pipeline.log.sqlite import SqliteLog
from pipeline.report import status as module
from pipeline.report.commands import cli
from pipeline.store.migrate import migrate
from tests.support import command
from tests.support.native_bridge import NativeBridge
from tests.support.records import START, page, write
from tests.support.stores import Databases

COUNTS = "AS unfetched"  # in pipeline/index/queries/status.sql alone


class Status:
    """The command over a log in a file and a store behind the bridge, and its clock.

    turns: how often it slept. between: called then.
    """

    def __init__(self, data: Path, bridge: NativeBridge, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data, self.bridge = data, bridge
        self.databases = Databases("native", bridge.directory, bridge)
        self.store = self.databases.new()
        migrate(self.store)
        self.environment = {
            "BACKLINKS_STORE__HOSTS": bridge.address,
            "BACKLINKS_STORE__DATABASE": self.store.database,
        }
        self.turns = 0
        self.between: Callable[[int], None] = lambda _: None
        self.monotonic = time.monotonic
        monkeypatch.setattr(module, "time", self)
        monkeypatch.setattr(module, "leave", sys.exit)

    def sleep(self, seconds: float) -> None:
        self.turns += 1
        self.between(self.turns)

    def __call__(self, *arguments: object) -> Result:
        self.bridge.queries.clear()
        runner = CliRunner(env=self.environment)
        return runner.invoke(cli, ["--data", str(self.data), "status", *map(str, arguments)])

    @property
    def counted(self) -> int:
        return sum(COUNTS in query.text for query in self.bridge.queries)

    def publish(self, count: int) -> None:
        with closing(SqliteLog(self.data / "log.sqlite")) as log:
            log.reader(CONSUME, [PAGES]).close()
            log.append(PAGES, [Message(b"a", b"b")] * count).result()

    def consume(self) -> None:
        with closing(SqliteLog(self.data / "log.sqlite")) as log:
            reader = log.reader(CONSUME, [PAGES])
            ends = reader.end_offsets(reader.assigned())
            reader.commit({partition: Committed(end) for partition, end in ends.items()})
            reader.close()


@pytest.fixture
def status(
    tmp_path: Path, bridge: NativeBridge, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Status]:
    found = Status(tmp_path / "data", bridge, monkeypatch)
    yield found
    found.databases.drop(found.store)


def ends_after(turns: int) -> Callable[[int], None]:
    def between(turn: int) -> None:
        if turn == turns:
            raise KeyboardInterrupt

    return between


def test_a_screen_is_told_again_and_again_and_the_index_counted_once(status: Status) -> None:
    status.between = ends_after(3)
    told = status("--watch", "--json")
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert [line["pages"] for line in lines] == [0, 0, 0]
    assert [line["lag"] for line in lines] == [{}, {}, {}]
    assert status.counted == 1


def test_a_screen_s_counts_are_made_again_and_their_age_is_told(
    status: Status,
) -> None:
    now = [1000.0]
    status.monotonic = lambda: now[0]

    def between(turn: int) -> None:
        now[0] += 25
        ends_after(4)(turn)

    status.between = between
    told = status("--watch")
    assert [line for line in told.stdout.splitlines() if line.startswith("counted")] == [
        "counted    25 s ago",
        "counted    50 s ago",
    ]
    assert status.counted == 2


def test_who_waits_for_health_has_the_index_counted_once_at_the_end(status: Status) -> None:
    status.publish(3)

    def between(turn: int) -> None:
        if turn == 3:
            status.consume()

    status.between = between
    found = status("--exit-when-healthy", "--json")
    assert found.exit_code == 0, found.output
    assert status.turns == 3
    assert status.counted == 1
    assert sum(json.loads(found.stdout)["lag"].values()) == 0


def test_a_lag_of_as_many_records_as_are_allowed_is_healthy(status: Status) -> None:
    status.publish(3)
    assert status("--exit-when-healthy", "--max-lag", 3).exit_code == 0
    late = status("--exit-when-healthy", "--max-lag", 2, "--timeout", 0.5)
    assert late.exit_code == 1
    assert "not healthy in time" in late.stderr
    assert status.counted == 0


def test_dead_letters_that_wait_are_told_and_are_no_lag(status: Status) -> None:
    with closing(SqliteLog(status.data / "log.sqlite")) as log:
        log.append(DEAD_PAGES, [Message(b"a", b"b")] * 3).result()
        with closing(Letters(log)) as letters:
            letters.drop([next(letters.waiting())])
    found = status("--exit-when-healthy", "--json")
    assert found.exit_code == 0
    assert json.loads(found.stdout)["dead_letters"] == 2
    assert json.loads(found.stdout)["lag"] == {}


def test_a_store_that_is_away_is_waited_for(status: Status) -> None:
    status.environment["BACKLINKS_STORE__HOSTS"] = "127.0.0.1:1"
    status.between = ends_after(2)
    found = status("--exit-when-healthy")
    assert found.stderr.count("no ClickHouse answers") == 2
    assert status("--json").exit_code == 1, "who does not wait is told at once"


@pytest.mark.parametrize("arguments", [(), ("--watch",), ("--exit-when-healthy",)])
def test_a_single_slow_answer_takes_no_longer_than_was_given(
    status: Status, arguments: tuple[str, ...]
) -> None:
    slow = "import time; from pipeline.log.sqlite import SqliteLog as Log\n"
    slow += "Log.lag = lambda *_: time.sleep(600)"
    began = time.monotonic()
    found = command.backlinks(
        "status", "--timeout", 1, *arguments,
        data=status.data, environment=status.environment, before=slow,
    )  # fmt: skip
    assert found.code == 1
    assert found.err == "backlinks: no answer within 1 s\n"
    assert time.monotonic() - began < 100


def test_who_is_healthy_in_time_is_not_called_late_for_the_counts(
    status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, over = [0.0], threading.Event()
    seen = module._Look.seen

    def seen_at_last(look: module._Look) -> dict[str, Any]:
        found = seen(look)
        now[0] = 600.0
        return found

    status.monotonic = lambda: now[0]
    monkeypatch.setattr(module._Look, "seen", seen_at_last)
    monkeypatch.setattr(Index, "status", lambda _: over.wait())
    found = status("--exit-when-healthy", "--timeout", 600)
    over.set()
    assert found.exit_code == 0, found.output
    assert "healthy; there was no time left to count" in found.stderr


def test_what_the_lifecycle_job_did_and_who_waits_for_it_is_told(status: Status) -> None:
    def life() -> str:
        told = status().stdout.splitlines()
        return next(line for line in told if line.startswith("lifecycle"))

    assert life() == "lifecycle  never ran; no page waits"
    now = int(time.time() * 1000)
    one = page("https://a.example/", START, ["https://b.example/"])
    write(status.store, [one, one], now - 90_000)
    assert re.fullmatch(r"lifecycle  never ran; a page waits since (9\d|1\d\d) s", life())
    Lifecycle(status.store, 0).run()
    assert re.fullmatch(r"lifecycle  2 arrivals in [\d.]+ s, \d+ s ago; no page waits", life())
    found = json.loads(status("--json").stdout)
    assert (found["look_pages"], found["behind_ms"]) == (2, 0)
    assert found["look_took_ms"] > 0
    write(status.store, [one], now - 20_000)
    assert "a page waits since" in life()
