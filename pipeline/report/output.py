"""Answers as people and programs want them: a table on a terminal, CSV in a pipe, files by name.

What the web wrote is hostile: control and bidi characters are taken out for a terminal, and a cell
that a spreadsheet would run as a formula is guarded in CSV.
"""

from __future__ import annotations

import csv
import datetime
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.errors import BacklinksError, UsageError
from pipeline.export.aside import own
from pipeline.store import rows

FORMATS = ("table", "csv", "json", "nl")
SUFFIXES = {".parquet": "parquet", ".csv": "csv", ".json": "json", ".nl": "nl", ".jsonl": "nl"}

_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_HEAD = 1_000  # rows of a table on a terminal
_EXACT = int | float | datetime.datetime
_SHORT = 10  # characters that are shown whole
_URL = 24  # characters of a URL, at least
_GAP = 3  # characters between columns


def safe(text: str) -> str:
    """One line that can't move the cursor, change colours or turn the reading direction."""
    return _HOSTILE.sub("", text.replace("\n", " ").replace("\t", " "))


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(_FORMULA) else text


def write(
    batches: Iterable[pa.RecordBatch],
    *,
    form: str,
    to: TextIO,
    width: int | None = None,
    spared: Sequence[str] = (),
) -> int:
    """Writes an answer to a stream; how many rows. form: one of FORMATS.

    spared: columns that a table without room for all leaves out, in this order and before others.
    """
    if form == "table":
        return _table(batches, to, width, spared)
    if form == "csv":
        return _csv(batches, to)
    return _json_lines(batches, to) if form == "nl" else _json(batches, to)


def save(batches: Iterable[pa.RecordBatch], path: Path) -> int:
    """Writes an answer to a file, whole or not at all, by its ending; how many rows.

    Raises UsageError for an ending that is not known, BacklinksError where it can't be written.
    """
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise UsageError(f"-o {path}: write to a file that ends in {', '.join(SUFFIXES)}")
    with whole(path) as beside:
        if form == "parquet":
            return _parquet(batches, beside)
        with beside.open("w", encoding="utf-8", newline="") as file:
            return write(batches, form=form, to=file)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where to write what is to stand there whole or not at all. Raises BacklinksError."""
    beside = own(path, "part")
    try:
        yield beside
        beside.replace(path)
    except OSError as error:
        raise BacklinksError(f"can't write {path}: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        yield from rows(batch)


def _columns(batches: Iterable[pa.RecordBatch]) -> tuple[list[str], Iterator[pa.RecordBatch]]:
    iterator = iter(batches)
    first = next(iterator, None)
    if first is None:
        return [], iter(())
    return first.schema.names, chain([first], iterator)


def _table(
    batches: Iterable[pa.RecordBatch], to: TextIO, width: int | None, spared: Sequence[str]
) -> int:
    names, batches = _columns(batches)
    rows = []
    for row in _rows(batches):
        rows.append(row)
        if len(rows) == _HEAD:
            break
    console = Console(file=to, width=width, highlight=False)
    shown = [name for name in names if any(row[name] not in (None, "", []) for row in rows)]
    if not rows:
        console.print("(nothing)")
        return 0
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    fitted = _fitted(shown, rows, console.width, spared)
    for name, size in fitted.items():
        figures = all(isinstance(row[name], int | float | None) for row in rows)
        table.add_column(
            Text(safe(name.replace("_", " "))), justify="right" if figures else "left",
            overflow="ellipsis", no_wrap=not figures, width=size,
        )  # fmt: skip
    for row in rows:
        table.add_row(*(Text(cell(row[name])) for name in fitted))
    console.print(table)
    return len(rows)


def _fitted(
    names: list[str], rows: list[dict[str, Any]], width: int, spared: Sequence[str] = ()
) -> dict[str, int]:
    """A width for each column that finds room: figures and dates whole, of a URL so much that its
    host can be told, other long text as is left."""
    heads = {
        name: max(map(len, name.split("_")))
        if isinstance(rows[0][name], int | float)
        else len(name)
        for name in names
    }
    needs = {name: max(heads[name], *(len(cell(row[name])) for row in rows)) for name in names}
    least = {
        name: need
        if isinstance(rows[0][name], _EXACT) or need <= _SHORT
        else max(min(need, _URL) if name.endswith("url") else _SHORT, heads[name])
        for name, need in needs.items()
    }
    going = [name for name in spared if name in least]
    while len(least) > 1 and sum(least.values()) + _GAP * (len(least) - 1) > width:
        least.pop(going.pop(0) if going else next(reversed(least)))
    left = width - sum(least.values()) - _GAP * (len(least) - 1)
    fitted = {}
    for place, (name, size) in enumerate(sorted(least.items(), key=lambda one: needs[one[0]])):
        more = min(needs[name] - size, left // (len(least) - place))
        fitted[name] = size + more
        left -= more
    return {name: max(fitted[name], 1) for name in least}


def cell(value: Any) -> str:
    """A value for a person, in one line."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1 else f"{value:,.1f}"
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, list):
        return ", ".join(cell(item) for item in value)
    if isinstance(value, tuple):  # an entry of a map
        return " ".join(cell(item) for item in value)
    if isinstance(value, dict):
        return safe(_json_of(value))
    return safe(str(value))


def moment(ms: int) -> datetime.datetime:
    """ms since 1970, UTC."""
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC)


def _csv(batches: Iterable[pa.RecordBatch], to: TextIO) -> int:
    names, batches = _columns(batches)
    writer = csv.writer(to, lineterminator="\n")
    if names:
        writer.writerow([_csv_cell(name) for name in names])
    count = 0
    for row in _rows(batches):
        writer.writerow([_csv_cell(row[name]) for name in names])
        count += 1
    return count


def _csv_cell(value: Any) -> Any:
    if isinstance(value, dict) or (isinstance(value, list) and any(map(_is_nested, value))):
        return _json_of(value)
    if isinstance(value, list):
        value = " | ".join(
            " ".join(map(str, item)) if isinstance(item, tuple) else str(item) for item in value
        )
    if isinstance(value, bytes):
        return plain(value)
    if isinstance(value, str):
        # The writer quotes a line feed and leaves a carriage return, which readers take for an end.
        return guarded(value).replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return "" if value is None else value


def _is_nested(item: Any) -> bool:
    """Of what is in a list; an entry of a map is two words."""
    entry = item if isinstance(item, tuple) else (item,)
    return any(isinstance(each, dict | list) for each in entry)


def _json_of(value: Any) -> str:
    try:
        return json.dumps(value, default=plain, ensure_ascii=False, allow_nan=False)
    except ValueError:  # JSON has no number for it
        return json.dumps(_finite(value), default=plain, ensure_ascii=False)


def _finite(value: Any) -> Any:
    """With null for what is no number, and for what is endless."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_finite(key): _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value


def _json_lines(batches: Iterable[pa.RecordBatch], to: TextIO) -> int:
    count = 0
    for row in _rows(batches):
        to.write(_json_of(row) + "\n")
        count += 1
    return count


def _json(batches: Iterable[pa.RecordBatch], to: TextIO) -> int:
    count = 0
    to.write("[")
    for row in _rows(batches):
        to.write(",\n " if count else "\n ")
        to.write(_json_of(row))
        count += 1
    to.write("\n]\n" if count else "]\n")
    return count


def plain(value: Any) -> Any:
    """What JSON has no form for."""
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _parquet(batches: Iterable[pa.RecordBatch], path: Path) -> int:
    names, batches = _columns(batches)
    first = next(iter(batches), None) if names else None
    if first is None:
        pq.write_table(pa.table({}), path)
        return 0
    count = 0
    with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
        for batch in chain([first], batches):
            writer.write_batch(batch)
            count += batch.num_rows
    return count
