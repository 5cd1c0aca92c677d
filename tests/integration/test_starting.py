"""Workers that find no store or no broker are watched and told to stop as those that work."""

from __future__ import annotations

import re
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pipeline.log import CONSUME, PAGES
from pipeline.log.sqlite import SqliteLog
from tests.support.command import start
from tests.support.kafka.broker import free_port
from tests.support.longest import one_and_more
from tests.support.records import START, message, page
from tests.support.waiting import PATIENCE_S, until

NO_STORE, NO_BROKER = "BACKLINKS_STORE__HOSTS", "BACKLINKS_KAFKA__BROKERS"  # where nobody listens
ANYWHERE = ("--connect-to", "127.0.0.1:1:1")


def ask(port: int, path: str) -> tuple[int, str]:
    """0 where nobody listens yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


def figure(port: int, name: str) -> float:
    """-1 where there is none."""
    found = re.findall(rf"^{name} (\S+)$", ask(port, "/metrics")[1], re.MULTILINE)
    return float(found[0]) if found else -1


@pytest.mark.parametrize(
    ("away", "command"),
    one_and_more(
        [
            (NO_STORE, ("worker", "consume")),
            (NO_BROKER, ("worker", "consume")),
            (NO_BROKER, ("worker", "crawl", *ANYWHERE)),
            (NO_BROKER, ("worker", "archive", "--to", "kept")),
            (NO_STORE, ("worker", "plan", "example.org", "--every", "1", *ANYWHERE)),
            (NO_STORE, ("score", "--every", "1")),
        ]
    ),
    ids=lambda given: (
        " ".join(given[:2]) if isinstance(given, tuple) else given.rpartition("__")[2]
    ),
)
def test_a_worker_that_waits_to_begin_is_healthy_and_stops_at_once(
    away: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    port = free_port()
    given = {away: f"127.0.0.1:{free_port()}", "BACKLINKS_METRICS__STUCK_S": "2"}
    arguments = (*command, "--metrics-port", port)
    with start(*arguments, data=tmp_path / "data", environment=given) as worker:
        try:
            until(lambda: ask(port, "/healthz")[0] != 0 or worker.poll() is not None, "it listens")
            for _ in range(25):  # for longer than a loop may stand still
                assert ask(port, "/healthz")[0] == 200
                time.sleep(0.1)
            worker.send_signal(signal.SIGTERM)
            told = time.monotonic()
            _, err = worker.communicate(timeout=PATIENCE_S)
        finally:
            worker.kill()
    assert worker.returncode == 0, err
    assert "Traceback" not in err
    assert time.monotonic() - told < 10


def test_a_store_that_is_away_is_seen_in_the_retries_and_in_the_lag(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "data" / "log.sqlite")
    log.append(PAGES, [message(page("https://s.org/", START))] * 3).result()
    log.reader(CONSUME, [PAGES]).close()
    port = free_port()
    given = {NO_STORE: f"127.0.0.1:{free_port()}"}
    arguments = ("worker", "consume", "--metrics-port", port)
    with start(*arguments, data=tmp_path / "data", environment=given) as worker:
        try:
            until(lambda: figure(port, "backlinks_retries_total") > 0, "it tries again")
            until(
                lambda: 'backlinks_lag_records{group="consume"' in ask(port, "/metrics")[1], "lag"
            )
        finally:
            worker.kill()
            worker.communicate()
    log.close()


def test_a_worker_s_figures_grow_as_it_works(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "data" / "log.sqlite")
    port = free_port()
    arguments = ("worker", "consume", "--metrics-port", port)
    with start(*arguments, data=tmp_path / "data") as worker:
        try:
            until(lambda: figure(port, "backlinks_pages_written_total") == 0, "it begins")
            pages = [page(f"https://s{i}.org/", START, ["https://t.org/"]) for i in range(5)]
            log.append(PAGES, [message(one) for one in pages]).result()
            until(lambda: figure(port, "backlinks_pages_written_total") == 5, "pages")
            assert figure(port, "backlinks_links_written_total") == 5
            assert figure(port, "backlinks_insert_seconds_count") > 0
            assert ask(port, "/healthz")[0] == 200
            worker.send_signal(signal.SIGTERM)
            _, err = worker.communicate(timeout=PATIENCE_S)
        finally:
            worker.kill()
    assert (worker.returncode, err) == (0, "5 pages, 5 links\n")
    log.close()
