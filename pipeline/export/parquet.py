"""A snapshot as Parquet with a manifest: features of domains and pages, edges, the links behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.export.aside import aside, sha256
from pipeline.index.snapshots import Snapshot
from pipeline.quality.features import Feature, features
from pipeline.store import Store, rows, sql

FORMAT = 1  # of the manifest
MANIFEST = "manifest.json"
KINDS = ("features", "edges", "pages", "links")
_TABLES = {"features": "domain_quality", "edges": "domain_edges", "pages": "page_quality"}
_GROUP = 1 << 17  # rows of a row group, or as many as come together

Told = Callable[[str, int], None]


def export_parquet(
    store: Store,
    snapshot: Snapshot,
    directory: Path,
    *,
    kinds: Sequence[str] = KINDS,
    replace: bool = False,
    progress: Told = lambda kind, rows: None,
) -> dict[str, Any]:
    """Writes KIND.parquet for each kind, and a manifest that tells of them; what it says.

    The directory is there whole, or not at all. Memory: a row group. Raises StoreError, UsageError.
    """
    with aside(directory, replace=replace) as part:
        files = {}
        for kind in kinds:
            file = part / f"{kind}.parquet"
            count = _write(store, snapshot, kind, file, progress)
            files[file.name] = {
                "rows": count,
                "bytes": file.stat().st_size,
                "sha256": sha256(file),
                "columns": _columns(store, kind, file),
            }
        manifest = _manifest(snapshot, files)
        (part / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return manifest


def _manifest(snapshot: Snapshot, files: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "snapshot": snapshot.snapshot,
        "as_of": snapshot.day + " UTC",
        "domains": snapshot.domains,
        "edges": snapshot.edges,
        "score": snapshot.manifest,
        "files": files,
    }


def _write(store: Store, snapshot: Snapshot, kind: str, file: Path, progress: Told) -> int:
    asked = {"snapshot": snapshot.snapshot}
    count = 0
    answer: Any = store.stream(sql(f"pipeline/export/{kind}"), asked)
    with closing(answer) as batches:
        first = next(batches, None)
        if first is None:
            pq.write_table(pa.table({}), file)
            return 0
        with pq.ParquetWriter(file, first.schema, compression="zstd") as writer:
            for group in _groups(chain([first], batches)):
                writer.write_table(group)
                count += group.num_rows
                progress(kind, count)
    return count


def _groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(each.num_rows for each in waiting) >= _GROUP:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def _columns(store: Store, kind: str, file: Path) -> list[dict[str, Any]]:
    """Name, type, unit, meaning and what NULL says of each column, as far as they are told."""
    schema = pq.read_schema(file)
    table = _TABLES.get(kind)
    told: dict[str, Feature] = {}
    if table is not None:
        found = rows(store.query(sql("pipeline/export/comments"), {"table": table}))
        columns = [(row["name"], row["type"], row["comment"]) for row in found]
        told = {each.name: each for each in features(table, columns)}
    return [
        {"name": field.name, "arrow": str(field.type)}
        | (told[field.name]._asdict() if field.name in told else {})
        for field in schema
    ]
