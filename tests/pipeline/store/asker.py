"""Opens a data directory: `python -m tests.pipeline.store.asker DIRECTORY VERB...`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pipeline.errors import BacklinksError
from pipeline.store import rows
from pipeline.store.directory import open_to_read, open_to_write
from pipeline.store.views import lacking, views


def main(verb: str, directory: Path) -> dict[str, object]:
    try:
        if verb == "write":
            store, _, close = open_to_write(directory, "backlinks write")
            answer = type(store).__name__
        elif verb == "drop":
            store, _, close = open_to_write(directory, "backlinks write")
            store.execute(f"DROP VIEW {views()[0].name}")
            answer = f"dropped view {lacking(store)[0].name}"
        elif verb == "views":
            reading, close = open_to_read(directory, "backlinks read")
            answer = f"lacking {len(lacking(reading))}"
        else:
            reading, close = open_to_read(directory, "backlinks read")
            count = rows(reading.query("SELECT count() AS n FROM kept"))[0]["n"]
            answer = f"{type(reading).__name__} {count}"
        close()
        return {"answer": answer}
    except BacklinksError as error:
        return {"error": type(error).__name__, "text": str(error)}


if __name__ == "__main__":
    print(json.dumps([main(verb, Path(sys.argv[1])) for verb in sys.argv[2:]]))
