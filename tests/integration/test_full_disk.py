"""The disk under the embedded log is full: one line says so, and the next run goes on.

Two ways to run out of room without a disk of one's own: SQLite's limit of pages, which ends as a
full disk does, and the kernel's limit of a file's size, which ends as a quota does.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from demo.serve import LoopbackWeb
from pipeline.frontier.request import Wanted, encode
from pipeline.frontier.request import decode as request_of
from pipeline.log import CRAWL, PAGES, REQUESTS, Message
from pipeline.log.settled import unpack
from pipeline.log.sqlite import SqliteLog
from pipeline.page import decode as page_of
from pipeline.url import canonical
from tests.integration.test_run import MANY, SOON, ask, many
from tests.support.command import Ran, at, backlinks

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("run")]

FULL = """
import pipeline.log.sqlite as log
connect = log.connect
def limited(path, **how):
    connection = connect(path, **how)
    connection.execute("PRAGMA max_page_count = {}")
    return connection
log.connect = limited
"""
QUOTA = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))
"""
ROOM = {"full disk": FULL.format(45), "quota": QUOTA.format(300_000)}
SAID = {"full disk": "no room left on the disk of", "quota": "can't be read or written"}


def settled_without_a_page(data: Path) -> set[str]:
    """Requests that are done with, though the log has no page of theirs."""
    log = SqliteLog(data / "log.sqlite")
    pages = {page_of(record.value).url for record in log.read_all(PAGES)}
    reader = log.reader(CRAWL, [REQUESTS], member="run")
    done = set()
    for record in log.read_all(REQUESTS):
        committed = reader.committed(record.partition)
        if committed is not None and (
            record.offset < committed.offset
            or record.offset in unpack(committed.offset, committed.metadata)
        ):
            done.add(request_of(record.value).url)
    reader.close()
    log.close()
    return done - pages


def refused(ran: Ran, data: Path, said: str) -> None:
    """It ended with one line that names the file and what to do."""
    assert ran.code == 1, ran
    lines = [line for line in ran.err.splitlines() if line.startswith("backlinks: ")]
    assert len(lines) == 1, ran.err
    assert "Traceback" not in ran.err
    assert said in lines[0]
    assert str(data / "log.sqlite") in lines[0]
    assert "run this again" in lines[0]


def test_a_run_on_a_full_disk_says_so_and_goes_on_once_there_is_room(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with LoopbackWeb(many) as web:
        arguments = ("run", *at(web), "--delay", 0, "--no-score")
        ran = backlinks(*arguments, *MANY, data=data, environment=SOON, before=ROOM["full disk"])
        refused(ran, data, SAID["full disk"])
        assert settled_without_a_page(data) == set()
        rest = backlinks(*arguments, *MANY, data=data, environment=SOON)
    assert (rest.code, rest.err) == (0, "")
    assert "nothing more is due" in rest.out
    fetched = ask(data, "SELECT DISTINCT host, path FROM page_links WHERE outcome = 'ok'")
    assert {(row["host"], row["path"]) for row in fetched} == {
        (f"s{n}.example", f"/{page or ''}") for n in range(6) for page in range(21)
    }
    links = ask(data, "SELECT source_url, target_url, state FROM link_states")
    assert sorted(tuple(row.values()) for row in links) == sorted(
        (f"http://s{n}.example/{page or ''}", f"http://s{(n + 1) % 6}.example/{page}", "live")
        for n in range(6)
        for page in range(21)
    )


@pytest.mark.parametrize("kind", ROOM)
def test_a_spider_on_a_full_disk_settles_nothing_that_is_not_written(
    kind: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    log = SqliteLog(data / "log.sqlite")
    deadline = int(time.time() * 1000) + 3_600_000
    urls = [f"http://s{n}.example/{page or ''}" for n in range(6) for page in range(21)]
    log.append(
        REQUESTS,
        [
            Message(canonical(url).domain.encode(), encode(Wanted(url=url, deadline=deadline)))
            for url in urls
        ],
    ).result()
    log.close()
    with LoopbackWeb(many) as web:
        ran = backlinks("worker", "crawl", *at(web), "--delay", "0.01", data=data,
                        before=ROOM[kind])  # fmt: skip
    refused(ran, data, SAID[kind])
    assert settled_without_a_page(data) == set()
