"""With log.json_lines, all that a worker says on stderr is JSON, a line an object."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from pipeline.log import CONSUME, PAGES, Message
from pipeline.log.sqlite import SqliteLog
from tests.support.command import backlinks, start
from tests.support.records import START, message, page
from tests.support.waiting import PATIENCE_S, until

JSON_LINES = {"BACKLINKS_LOG__JSON_LINES": "true"}


def objects(err: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in err.splitlines()]
    for line in found:
        assert {"time", "level", "logger", "message"} <= line.keys(), line
    return found


def test_why_a_worker_died_is_json(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "data" / "log.sqlite")
    log.append(PAGES, [Message(b"k", b'{"\xc3\xa9": \n%d' % i) for i in range(4)]).result()
    log.close()
    given = JSON_LINES | {"BACKLINKS_CONSUME__DEAD_LETTERS": "3", "BACKLINKS_LOG__LEVEL": "info"}
    ran = backlinks("worker", "consume", data=tmp_path / "data", environment=given)
    assert ran.code == 1
    *before, last = objects(ran.err)
    assert sum("dead-lettered: json" in line["message"] for line in before) == 3
    assert (last["level"], last["logger"]) == ("error", "backlinks")
    assert last["message"].startswith("3 records in a row could not be read")


def test_what_a_worker_did_is_json_whatever_the_level(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "data" / "log.sqlite")
    log.append(PAGES, [message(page("https://s.org/", START, ["https://t.org/"]))]).result()
    given = JSON_LINES | {"BACKLINKS_LOG__LEVEL": "error"}
    with start("worker", "consume", data=tmp_path / "data", environment=given) as worker:
        try:
            until(lambda: set(log.lag(CONSUME).values()) == {0}, log.lag, worker)
            worker.send_signal(signal.SIGTERM)
            _, err = worker.communicate(timeout=PATIENCE_S)
        finally:
            worker.kill()
    log.close()
    assert worker.returncode == 0, err
    [line] = objects(err)
    assert (line["level"], line["message"]) == ("info", "1 pages, 1 links")


def test_a_mistake_of_ours_is_json_and_so_is_a_warning(tmp_path: Path) -> None:
    broken = (
        "import threading, warnings, backlinks\n"
        "def fail(*_):\n"
        "    raise ValueError('one\\ntwo')\n"
        "def broken(_):\n"
        "    warnings.warn('old')\n"
        "    thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "    fail()\n"
        "backlinks.open_log = broken\n"
    )
    ran = backlinks(
        "worker", "consume", data=tmp_path / "data", environment=JSON_LINES, before=broken
    )
    assert ran.code == 1
    warned, thread, last = objects(ran.err)
    assert "old" in warned["message"]
    assert [thread["level"], last["level"]] == ["critical", "critical"]
    assert "ValueError: one\ntwo" in thread["error"]
    assert "ValueError: one\ntwo" in last["error"]


def test_for_a_person_it_is_plain(tmp_path: Path) -> None:
    ran = backlinks("worker", "archive", data=tmp_path / "data")
    assert ran.err.startswith("backlinks: say where pages are to be kept")
