"""A snapshot's graph in Common Crawl's text format: vertices, edges, ranks, each a packed file.

Source: the format is that of Common Crawl's domain-level graphs, as its project cc-webgraph writes
them; floats are written as Java writes them.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
import pyarrow as pa
from pyarrow import csv

from pipeline.errors import UsageError
from pipeline.export.aside import aside
from pipeline.index.snapshots import Snapshot
from pipeline.store import Store, sql

HEADER = "#harmonicc_pos\t#harmonicc_val\t#pr_pos\t#pr_val\t#host_rev\t#n_hosts"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
_LEVEL = 6  # of gzip
_TABS = csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")

Told = Callable[[str, int], None]


class Written(NamedTuple):
    """`left_out`: domains of the snapshot that are no host names there."""

    vertices: int
    edges: int
    left_out: int
    files: tuple[str, ...]


def export_webgraph(
    store: Store,
    snapshot: Snapshot,
    directory: Path,
    *,
    name: str = "",
    replace: bool = False,
    progress: Told = lambda what, lines: None,
) -> Written:
    """Writes NAME-domain-vertices.txt.gz, -edges.txt.gz and -ranks.txt.gz.

    The directory is there whole, or not at all. Raises UsageError, StoreError.
    """
    name = name or f"backlinks-{snapshot.day[:10]}"
    if not _NAME.match(name):
        raise UsageError(f"{name[:100]!r} can't begin a file's name; give letters, digits and -")
    counts, files = {}, []
    with aside(directory, replace=replace) as part:
        for what, asks in (("vertices", "vertices"), ("edges", "arcs"), ("ranks", "ranks")):
            file = part / f"{name}-domain-{what}.txt.gz"
            files.append(file.name)
            found = _asked(store, asks, snapshot.snapshot)
            lines = _ranks(found) if what == "ranks" else found
            counts[what] = _write(file, lines, what, progress)
    left_out = snapshot.domains - counts["vertices"]
    return Written(counts["vertices"], counts["edges"], left_out, tuple(files))


def _write(file: Path, lines: Iterator[pa.RecordBatch], what: str, progress: Told) -> int:
    count = 0
    with file.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, cast(IO[bytes], raw), 0) as packed:
        if what == "ranks":
            packed.write(f"{HEADER}\n".encode())
        for some in lines:
            csv.write_csv(some, packed, _TABS)
            count += some.num_rows
            progress(what, count)
    return count


def _ranks(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """With their values as Java writes them."""
    for batch in batches:
        harmonic = [java(str(np.float32(value))) for value in batch.column("harmonic").to_pylist()]
        pagerank = [java(repr(value)) for value in batch.column("pagerank").to_pylist()]
        told = {"harmonic": pa.array(harmonic), "pagerank": pa.array(pagerank)}
        columns = [told.get(name, batch.column(name)) for name in batch.schema.names]
        yield pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _asked(store: Store, name: str, snapshot: int) -> Iterator[pa.RecordBatch]:
    answer: Any = store.stream(sql(f"pipeline/export/{name}"), {"snapshot": snapshot})
    with closing(answer) as batches:
        yield from batches


def java(shortest: str) -> str:
    """A number as Java's Float.toString and Double.toString write it.

    shortest: its shortest decimal form that reads back the same, as Python's repr gives.
    """
    sign, digits, exponent = Decimal(shortest).normalize().as_tuple()
    if not isinstance(exponent, int) or digits == (0,):
        return "0.0"
    text = "".join(map(str, digits))
    point = len(text) + exponent  # places before the point
    head = "-" if sign else ""
    if -3 < point <= 7:
        whole = text[: max(point, 0)].ljust(max(point, 0), "0") or "0"
        rest = "0" * -min(point, 0) + text[max(point, 0) :]
        return f"{head}{whole}.{rest or '0'}"
    return f"{head}{text[0]}.{text[1:] or '0'}E{point - 1}"
