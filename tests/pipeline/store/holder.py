"""A process that holds a data directory: `python -m tests.pipeline.store.holder WHAT DIRECTORY`.

Tells a line once it is there, and stays until its stdin ends.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.store.directory import open_to_write
from pipeline.store.remote import Server


def main(what: str, directory: Path) -> None:
    store, held, close = open_to_write(directory, f"backlinks {what}")
    store.execute(
        "CREATE TABLE IF NOT EXISTS kept (n UInt64, text String) ENGINE = MergeTree ORDER BY n"
    )
    store.execute(
        "INSERT INTO kept SELECT number, concat('t', toString(number)) FROM numbers(200000)"
    )
    server = None
    if what != "hold":
        server = Server(store.read_only, store.insert)
        held.tell(str(server.path))
        print(server.path, flush=True)
    else:
        print("held", flush=True)
    sys.stdin.read()
    if server is not None:
        server.close()
    close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
