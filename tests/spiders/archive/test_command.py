"""`backlinks import warc` as its user runs it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from click.testing import CliRunner

import backlinks as root  # noqa: F401 - adds the commands that compose
from pipeline.log import PAGES
from pipeline.log.sqlite import SqliteLog
from pipeline.page import decode
from pipeline.report.commands import cli
from tests.support import command
from tests.support.command import Ran, start
from tests.support.waiting import until
from tests.support.warcs import gzipped, record, response, warcinfo, wat

BODY = b"<html><title>t</title><p><a href=https://to.example/%d>x</a><a href=https://all.example/>y</a>"


def backlinks(*arguments: object, data: Path) -> Ran:
    """In this process, which is faster."""
    ran = CliRunner().invoke(cli, ["--data", str(data), *map(str, arguments)])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exc_info
    return Ran(ran.exit_code, ran.stdout, ran.stderr)


def url(file: int, page: int) -> str:
    return f"https://from{file}.example/{page}"


def made(file: int, pages: int = 5) -> list[bytes]:
    request = record("request", b"GET / HTTP/1.1\r\n\r\n", url=url(file, 0))
    return [
        warcinfo(b"x"),
        request,
        *(response(url(file, page), BODY % page) for page in range(pages)),
    ]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A directory with a WARC, a WAT, and a WARC with a damaged member."""
    where = tmp_path / "archives"
    where.mkdir()
    (where / "1.warc.gz").write_bytes(gzipped(made(1)))
    (where / "2.wat.gz").write_bytes(gzipped([warcinfo(), wat(url(2, 0), BODY % 0)]))
    (where / "3.warc.gz").write_bytes(gzipped(made(3)) + b"junk" + gzipped(made(4)[2:]))
    return where


def urls(data: Path) -> Counter[str]:
    log = SqliteLog(data / "log.sqlite", readonly=True)
    try:
        return Counter(decode(one.value).url for one in log.read_all(PAGES))
    finally:
        log.close()


def test_each_file_ends_with_its_counts(files: Path, tmp_path: Path) -> None:
    ran = backlinks("import", "warc", files, "--workers", 1, data=tmp_path / "data")
    assert ran.code == 0
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [Path(row["file"]).name for row in rows] == ["1.warc.gz", "2.wat.gz", "3.warc.gz"]
    names = ("records", "responses", "html_pages", "hosts", "links", "damaged", "published", "a")
    assert [[int(row[name]) for name in names] for row in rows] == [
        [7, 5, 5, 1, 10, 0, 5, 10],
        [2, 1, 1, 1, 2, 0, 1, 2],
        [12, 10, 10, 2, 20, 1, 10, 20],
    ]
    assert rows[2]["damaged_at"] == f"{len(gzipped(made(3)))}: it is no record"
    assert ran.err == "16 pages of 3 files are in the log. Next: backlinks worker consume\n"


def test_counts_come_as_json_and_as_a_table(files: Path, tmp_path: Path) -> None:
    ran = backlinks("import", "warc", files, "--json", "--workers", 1, data=tmp_path / "data")
    rows = json.loads(ran.out)
    assert [row["records"] for row in rows] == [7, 2, 12]
    assert rows[2]["damaged_at"] == [f"{len(gzipped(made(3)))}: it is no record"]
    table = backlinks(
        "import", "warc", files, "--table", "--workers", 1, data=tmp_path / "data"
    ).out
    assert "responses" in table
    assert urls(tmp_path / "data").total() == 16, "what was imported is counted and not sent again"


def test_only_links_to_some_domains_are_imported(files: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    ran = backlinks(
        "import", "warc", files, "--to", "all.example", "--json", "--workers", 1, data=data
    )
    assert [row["links"] for row in json.loads(ran.out)] == [5, 1, 10]
    log = SqliteLog(data / "log.sqlite")
    pages = [decode(one.value) for one in log.read_all(PAGES)]
    log.close()
    assert {tuple(page.external.domain) for page in pages} == {("all.example",)}
    assert {(page.complete, page.incomplete) for page in pages} == {(False, "filtered")}


def test_a_file_that_can_not_be_read_is_named_and_the_others_come(
    files: Path, tmp_path: Path
) -> None:
    missing = files / "missing\x1b[2J.warc"
    ran = backlinks("import", "warc", missing, files, "--workers", 1, data=tmp_path / "data")
    assert ran.code == 1
    assert len(ran.out.splitlines()) == 4
    assert re.match(r"backlinks: there is no archive \S*missing\[2J\.warc; name a file", ran.err)
    assert "\x1b" not in ran.err
    assert ran.err.splitlines()[1].startswith("16 pages of 3 files are in the log; 1 files could")


@pytest.mark.parametrize("content", [b"junk " * 1_000, gzipped([b"junk"])], ids=["plain", "gzip"])
def test_a_file_without_one_good_record_is_told_and_ends_with_1(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "junk.warc").write_bytes(content)
    ran = backlinks("import", "warc", tmp_path / "junk.warc", data=tmp_path / "data")
    assert ran.code == 1
    (row,) = csv.DictReader(io.StringIO(ran.out))
    assert (row["records"], row["damaged"]) == ("0", "1")
    first, last = ran.err.splitlines()
    assert first == (
        f"backlinks: {tmp_path / 'junk.warc'} has no record that can be read, damaged at byte 0: "
        "invalid warc header: give WARC or WAT"
    )
    assert last == "0 pages of 1 files are in the log", "nothing to consume"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x.warc", "--to", "co.uk"), "--to 'co.uk' is a public suffix"),
        (("x.warc", "--to", "a b"), "--to 'a b' is no domain"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    ran = backlinks("import", "warc", *arguments, data=tmp_path / "data")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"backlinks: {said}")
    assert ran.err.count("\n") == 1


def test_a_name_that_is_no_text_is_imported_too(tmp_path: Path) -> None:
    file = tmp_path / b"\xff.warc".decode("utf-8", "surrogateescape")
    file.write_bytes(b"".join(made(1)))
    ran = backlinks("import", "warc", tmp_path, "--json", "--workers", 1, data=tmp_path / "data")
    (row,) = json.loads(ran.out)
    assert (Path(row["file"]).name, row["published"]) == ("?.warc", 5)


def many(directory: Path, count: int, pages: int = 40) -> Path:
    """A list of as many files beside it."""
    for file in range(count):
        (directory / f"{file}.warc.gz").write_bytes(gzipped(made(file, pages)))
    (directory / "warc.paths").write_text("".join(f"{file}.warc.gz\n" for file in range(count)))
    return directory / "warc.paths"


def test_files_are_read_by_several_processes(tmp_path: Path) -> None:
    ran = command.backlinks(
        "import", "warc", many(tmp_path, 4), "--workers", 2, "--nl", data=tmp_path / "data"
    )
    assert ran.code == 0, ran
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert {Path(row["file"]).name for row in rows} == {f"{file}.warc.gz" for file in range(4)}
    assert {row["published"] for row in rows} == {40}
    assert urls(tmp_path / "data") == {url(f, p): 1 for f in range(4) for p in range(40)}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_log_that_cannot_be_used_is_told_whoever_opens_it(tmp_path: Path, workers: int) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "log.sqlite").write_bytes(b"no log" * 1_000)
    ran = command.backlinks("import", "warc", many(tmp_path, 2), "--workers", workers, data=data)
    assert (ran.code, ran.out) == (1, "")
    assert f"backlinks: the log {data / 'log.sqlite'} is damaged" in ran.err
    assert "Traceback" not in ran.err
    assert "leaked" not in ran.err


def children(pid: int) -> list[int]:
    return [int(found) for found in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def forking(process: Popen[str]) -> list[int]:
    """The process that forks an import's processes, once it is there."""
    found = children(process.pid)
    return [pid for pid in found if "forkserver" in Path(f"/proc/{pid}/cmdline").read_text()]


def pool(process: Popen[str]) -> list[int]:
    return [worker for child in forking(process) for worker in children(child)]


def cpu(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_process_that_dies_while_it_has_nothing_to_do_ends_the_import(tmp_path: Path) -> None:
    """It has the lock of the queue then, on which the other one would wait for ever."""
    paths, data = many(tmp_path, 1), tmp_path / "data"
    (tmp_path / "1.warc.gz").write_bytes(gzipped(made(1, 15_000)))
    paths.write_text("0.warc.gz\n1.warc.gz\n")
    with start("import", "warc", paths, "--workers", 2, "--nl", data=data) as process:
        assert process.stdout is not None
        assert "0.warc.gz" in process.stdout.readline()
        before = {worker: cpu(worker) for worker in pool(process)}
        until(lambda: max(cpu(worker) - before[worker] for worker in before) > 20)
        idle = min(before, key=lambda worker: cpu(worker) - before[worker])
        os.kill(idle, signal.SIGKILL)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.splitlines()[-1].startswith("backlinks: a process of the import died")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_of_its_processes_while_they_begin_stops_it(
    tmp_path: Path, number: int
) -> None:
    """As a terminal or a supervisor sends it."""
    paths, data = many(tmp_path, 40), tmp_path / "data"
    with start("import", "warc", paths, "--workers", 2, "--nl", data=data) as process:
        until(lambda: forking(process))
        for pid in [*pool(process), *children(process.pid), process.pid]:
            os.kill(pid, number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "run it again, and it goes on" in err.splitlines()[-1]


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGKILL, 2), (signal.SIGTERM, 1)])
def test_ended_in_the_middle_and_run_again_it_goes_on(
    tmp_path: Path, number: int, workers: int
) -> None:
    paths, data = many(tmp_path, 40), tmp_path / "data"
    with start("import", "warc", paths, "--workers", workers, "--nl", data=data) as process:
        assert process.stdout is not None
        first = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(number)
        rest, err = process.communicate(timeout=60)  # which its own processes would keep open
        if number == signal.SIGTERM:
            assert process.returncode == 0, err
            assert "run it again, and it goes on" in err
    more = [json.loads(line) for line in rest.splitlines() if line.endswith("}")]
    ended = {Path(row["file"]).name for row in [*first, *more] if row["state"] == "whole"}
    assert len(ended) < 40, "it was ended in the middle"
    ran = backlinks("import", "warc", paths, "--workers", 1, "--nl", data=data)
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert len(rows) == 40
    assert {(row["published"], row["state"]) for row in rows} == {(40, "whole")}
    found = urls(data)
    assert found.keys() == {url(f, p) for f in range(40) for p in range(40)}
    read_again = [f for f in range(40) if f"{f}.warc.gz" in ended and found[url(f, 0)] > 1]
    assert read_again == [], "a file that had ended is not read again"


class Parts(BaseHTTPRequestHandler):
    """Files of a directory, in parts where they are asked for."""

    directory: Path

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.directory / self.path.lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2]) if asked and asked[2] else len(data) - 1, len(data) - 1)
        self.send_response(206 if asked else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last - first + 1))
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[first : last + 1])

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def served(directory: Path) -> Iterator[str]:
    handler = type("Handler", (Parts,), {"directory": directory})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_list_of_paths_is_read_over_http(files: Path, tmp_path: Path) -> None:
    paths = tmp_path / "all.paths"
    paths.write_text("1.warc.gz\n/2.wat.gz\nmissing.warc.gz\n")
    with served(files) as base:
        ran = command.backlinks(
            "import", "warc", paths, "--base", base, "--nl", "--workers", 1, data=tmp_path / "data"
        )
    assert ran.code == 1
    assert [json.loads(line)["published"] for line in ran.out.splitlines()] == [5, 1]
    assert f"there is no archive {base}missing.warc.gz" in ran.err
