"""For test_processes.py: `python -m tests.pipeline.log.workers write|read PATH NAME N`."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.errors import NotOwner
from pipeline.log import PAGES, Committed, Message, Partition
from pipeline.log.sqlite import SqliteLog, SqliteReader


def write(log: SqliteLog, name: str, count: int) -> None:
    """Tells each record once it is acknowledged."""
    for i in range(count):
        value = f"{name}-{i}".encode()
        log.append(PAGES, [Message(value, value)]).result()
        print(value.decode(), flush=True)


def read(log: SqliteLog, name: str, count: int) -> None:
    """Tells what it committed, until the group has committed `count` records in all."""
    reader = log.reader("g", [PAGES], member=name)
    partitions = [partition for partition in log.ids if partition.topic == PAGES]
    while sum(reader_committed(reader, partition) for partition in partitions) < count:
        for record in reader.poll(timeout_s=0.02, max_records=5):
            if record.partition not in reader.assigned():
                continue
            try:
                reader.commit({record.partition: Committed(record.offset + 1)})
            except NotOwner:
                continue
            print(f"{record.partition.number}:{record.offset}:{record.value.decode()}", flush=True)
    reader.close()


def reader_committed(reader: SqliteReader, partition: Partition) -> int:
    committed = reader.committed(partition)
    return committed.offset if committed else 0


if __name__ == "__main__":
    _, verb, path, name, count = sys.argv
    opened = SqliteLog(Path(path), heartbeat_s=0.01)
    {"write": write, "read": read}[verb](opened, name, int(count))
    opened.close()
