"""The SQLite log: one process appends while another reads and commits."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from pathlib import Path

from pipeline.log import PAGES, Committed, Message
from pipeline.log.sqlite import SqliteLog
from tests.benchmarks.measure import Row, peak_mb, row

RECORDS = 30_000
BATCH = 200
SIZE = 5_000


def run() -> list[Row]:
    """Records a second through the log, and what the disk takes of the same bytes and fsyncs."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "log.sqlite"
        log = SqliteLog(path)
        reader = log.reader("bench", [PAGES])
        writer = multiprocessing.get_context("spawn").Process(target=_write, args=(path,))
        writer.start()
        count, started = 0, 0.0
        while count < RECORDS:
            records = reader.poll(timeout_s=1.0)
            if records and not started:
                started = time.perf_counter()
            count += len(records)
            reader.commit({r.partition: Committed(r.offset + 1) for r in records})
        spent = time.perf_counter() - started
        writer.join()
        reader.close()
        log.close()
        disk = _disk(Path(directory) / "plain")
    rate = RECORDS / spent
    return [
        row("log: appended and read by two processes", rate, "records/s", "5 KB; target 5,000"),
        row("log: a plain file with the same fsyncs", disk, "records/s", "the limit"),
        row("log: share of the limit", rate / disk, "x"),
        row("log: peak memory", peak_mb(), "MB", "the reader's process"),
    ]


def _write(path: Path) -> None:
    log = SqliteLog(path)
    value = os.urandom(SIZE)
    for batch in range(RECORDS // BATCH):
        log.append(
            PAGES, [Message(b"%d" % (batch * BATCH + i), value) for i in range(BATCH)]
        ).result()
    log.close()


def _disk(path: Path) -> float:
    value = os.urandom(SIZE)
    started = time.perf_counter()
    with path.open("wb") as file:
        for _ in range(RECORDS // BATCH):
            for _ in range(BATCH):
                file.write(value)
            file.flush()
            os.fsync(file.fileno())
    return RECORDS / (time.perf_counter() - started)
