"""`backlinks worker archive` and `backlinks import archive` as their user runs them."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import backlinks as root  # noqa: F401 - adds the commands that compose
from pipeline.archive.read import Imported
from pipeline.log import ARCHIVE as GROUP
from pipeline.log import PAGES
from pipeline.log.sqlite import SqliteLog
from pipeline.report.commands import cli
from pipeline.report.importing import _summary
from tests.pipeline.archive.files import keep, new, record
from tests.support.command import Ran, start
from tests.support.records import START, message, page
from tests.support.waiting import PATIENCE_S, until

DAY = "2023-11-14"


def backlinks(*arguments: object, data: Path) -> Ran:
    """In this process, which is faster."""
    ran = CliRunner().invoke(cli, ["--data", str(data), *map(str, arguments)])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exc_info
    return Ran(ran.exit_code, ran.stdout, ran.stderr)


def one_line(ran: Ran, code: int) -> str:
    assert ran.code == code, ran
    assert ran.out == ""
    assert ran.err.startswith("backlinks: ")
    assert ran.err.count("\n") == 1
    return ran.err


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """An archive of eight pages with a gap, in three files."""
    where = tmp_path / "kept"
    storage = new(str(where))
    keep(storage, [record(i) for i in range(3)])
    keep(storage, [record(i) for i in range(5, 8)])
    keep(storage, [record(i, partition=1) for i in range(2)])
    return where


def test_what_an_archive_has_is_listed(kept: Path, tmp_path: Path) -> None:
    ran = backlinks("import", "archive", kept, "--list", data=tmp_path / "data")
    assert ran.code == 0
    lines = ran.out.splitlines()
    size = [sum(f.stat().st_size for f in kept.rglob(f"*={n:04}/*.zst")) for n in range(2)]
    assert lines[1].split() == [DAY, "0", "2", "6", str(size[0]), "0", "7"]
    assert lines[2].split() == [DAY, "1", "1", "2", str(size[1]), "0", "1"]
    assert lines[3].startswith("8 pages in ")
    assert ran.err == "2 pages of partition 0 are in no file: offsets 3 to 4\n"
    assert not (tmp_path / "data").exists()


def test_the_list_is_there_for_programs(kept: Path, tmp_path: Path) -> None:
    ran = backlinks("import", "archive", kept, "--list", "--json", data=tmp_path / "data")
    found = json.loads(ran.out)
    assert [(k["day"], k["partition"], k["records"]) for k in found["kept"]] == [
        (DAY, 0, 6), (DAY, 1, 2),
    ]  # fmt: skip
    assert found["gaps"] == [{"partition": 0, "first": 3, "last": 4}]
    assert (found["unfinished"], found["damaged"]) == (0, [])


def test_pages_go_into_the_log(kept: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    ran = backlinks("import", "archive", kept, data=data)
    assert (ran.code, ran.out.partition(";")[0]) == (
        0, "8 pages of 3 files are in the log. Next: backlinks worker consume\n",
    )  # fmt: skip
    assert count(data) == 8
    ran = backlinks("import", "archive", kept, "--since", "2023-11-15", data=data)
    assert ran.out.startswith("0 pages of 0 files")
    ran = backlinks("import", "archive", kept, "--since", DAY, "--until", DAY, data=data)
    assert ran.out.startswith("8 pages")


def test_a_damaged_file_is_named_and_the_others_are_imported(kept: Path, tmp_path: Path) -> None:
    (bad, *_) = sorted(kept.rglob("*.zst"))
    bad.write_bytes(bad.read_bytes()[:-1])
    ran = backlinks("import", "archive", kept, data=tmp_path / "data")
    assert ran.code == 1
    assert ran.out.startswith("5 pages of 2 files")
    name = str(bad.relative_to(kept))
    assert f"backlinks: {name} is damaged (" in ran.err
    assert "bring it back from a copy" in ran.err
    assert "Traceback" not in ran.err
    assert count(tmp_path / "data") == 5


def test_a_damaged_index_is_named_in_the_list(kept: Path, tmp_path: Path) -> None:
    (bad, *_) = sorted(kept.rglob("000*.json"))
    bad.write_bytes(b"{")
    ran = backlinks("import", "archive", kept, "--list", data=tmp_path / "data")
    assert ran.code == 1
    assert f"{bad.relative_to(kept)} is damaged" in ran.err


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("none", "there is nothing of this name"),
        ("data", "it has no archive.json"),
        ("nope://x", "Protocol not known: nope"),
    ],
)
def test_what_is_no_archive_is_one_line(tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "data").mkdir()
    where = source if ":" in source else tmp_path / source
    assert said in one_line(backlinks("import", "archive", where, data=tmp_path / "log"), 2)
    assert not (tmp_path / "log").exists()


def test_the_worker_must_be_told_where(tmp_path: Path) -> None:
    assert "--to DIRECTORY" in one_line(backlinks("worker", "archive", data=tmp_path / "data"), 2)


def test_a_place_that_can_not_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = backlinks("worker", "archive", "--to", tmp_path / "file" / "kept", data=tmp_path / "data")
    assert "can't" in one_line(ran, 1)


def test_the_worker_survives_kill_9_and_ends_cleanly(tmp_path: Path) -> None:
    """Killed twice in its work; the third ends on SIGTERM; every page is there once."""
    data, kept = tmp_path / "data", tmp_path / "kept"
    log = SqliteLog(data / "log.sqlite")
    often = {"BACKLINKS_ARCHIVE__PART_BYTES": "20000", "BACKLINKS_ARCHIVE__PART_AGE_S": "0.05"}
    sent = 0

    def send() -> None:
        nonlocal sent
        pages = [page(f"https://s{i}.org/{sent}", START + sent) for i in range(40)]
        log.append(PAGES, [message(one) for one in pages]).result()
        sent += len(pages)

    for _ in range(2):
        with start("worker", "archive", "--to", kept, data=data, environment=often) as worker:
            enough = len(files(kept)) + 6
            while len(files(kept)) < enough and worker.poll() is None:
                send()
                time.sleep(0.02)
            worker.send_signal(signal.SIGKILL)
    send()  # or the third, with nothing left to do, might be told to end before it has begun
    with start("worker", "archive", "--to", kept, data=data, environment=often) as worker:
        until(lambda: not behind(log), log.lag, worker)
        worker.send_signal(signal.SIGTERM)
        said = worker.communicate(timeout=PATIENCE_S)[1]
        assert worker.returncode == 0, said
        assert "pages" in said
    ran = backlinks("import", "archive", kept, data=tmp_path / "again")
    assert ran.code == 0, ran.err
    assert ran.err == ""
    again = SqliteLog(tmp_path / "again" / "log.sqlite")
    first, second = (
        sorted((r.partition, r.key, r.value) for r in one.read_all(PAGES)) for one in (log, again)
    )
    assert first == second
    assert len(first) == sent
    log.close()
    again.close()


def test_a_file_is_read_with_the_tools_of_everyone(tmp_path: Path) -> None:
    sent = message(page("https://s.org/a", START, ["https://t.org/"]))
    (file,) = keep(new(str(tmp_path)), [record(0, sent.value)])
    try:
        read = subprocess.run(["zstdcat", tmp_path / file], capture_output=True, check=True)
    except FileNotFoundError:
        pytest.skip("no zstdcat here")
    assert json.loads(read.stdout)["value"]["url"] == "https://s.org/a"


def count(data: Path) -> int:
    with contextlib.closing(SqliteLog(data / "log.sqlite")) as log:
        return log.count(PAGES)


def files(kept: Path) -> list[Path]:
    return list(kept.rglob("000*.json"))


def behind(log: SqliteLog) -> int:
    return sum(lag for (group, _), lag in log.lag().items() if group == GROUP)


def test_where_no_page_was_imported_nothing_is_next() -> None:
    assert _summary(Imported()) == "0 pages of 0 files are in the log"
