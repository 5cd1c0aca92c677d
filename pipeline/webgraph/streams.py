"""A graph's files as columns: tab-separated lines, plain or gzip, here or by URL, streamed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, cast

import pyarrow as pa
from pyarrow import csv

from pipeline.cause import cause_of
from pipeline.errors import UsageError
from pipeline.lists.read import clean
from pipeline.lists.text import opened, shown

BLOCK = 4 << 20  # bytes read at once; no line may be longer
_MOST_SHOWN = 60  # characters of a cell in a message
_NO_NUMBER = re.compile(
    r"CSV column #(\d+): Row #(\d+): CSV conversion error to int64: invalid value '(.*)'", re.DOTALL
)
_HEAD = 1 << 16  # bytes in which the first line must end

Fields = Mapping[str, pa.DataType]
NUMBER, NAME = pa.int64(), pa.binary()


class Counted:
    """How far reading is. `lines`: of all passes."""

    def __init__(self) -> None:
        self.lines = 0
        self._damaged: dict[str, int] = {}  # by file

    @property
    def damaged(self) -> int:
        """Lines with another number of cells; once, however often their file was read."""
        return sum(self._damaged.values())

    def skips(self, where: str) -> Callable[[csv.InvalidRow], str]:
        """For one pass over this file."""
        found = 0

        def skip(row: csv.InvalidRow) -> str:
            nonlocal found
            found += bool(row.text)  # an empty line is none
            self._damaged[where] = max(found, self._damaged.get(where, 0))
            return "skip"

        return skip


def batches(
    files: Sequence[str],
    fields: Fields,
    counted: Counted,
    *,
    header: Callable[[list[str]], list[str]],
) -> Iterator[pa.RecordBatch]:
    """The lines of files that follow each other, as columns of these names and types.

    header: names of a file's columns, from the cells of its first line.
    Raises UsageError where a file is not of this form, or can't be read.
    """
    for where in files:
        try:
            yield from _of_file(where, fields, counted, header)
        except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
            raise UsageError(_told(shown(where), [*fields], str(error))) from error
        except (OSError, EOFError) as error:
            raise UsageError(f"can't read {shown(where)}: {cause_of(error)}") from error


def _told(name: str, fields: Sequence[str], error: str) -> str:
    columns = f"has not the columns {', '.join(fields)}, with tabs between"
    found = _NO_NUMBER.search(error)
    if found is None:
        return f"{name} {columns}: {error.splitlines()[0][:200]}"
    value = clean(found[3], _MOST_SHOWN)
    return f"{name}, line {found[2]} {columns}: {value!r} is no number"


def _of_file(
    where: str, fields: Fields, counted: Counted, header: Callable[[list[str]], list[str]]
) -> Iterator[pa.RecordBatch]:
    with _stream(where) as stream:
        line = stream.read(_HEAD).partition(b"\n")[0].decode("utf-8", "replace")
    if not line:
        return
    names = header(line.rstrip("\r").split("\t"))
    with _stream(where) as stream:
        reader = csv.open_csv(
            stream,
            # Threads made it no faster, and hold some blocks more.
            csv.ReadOptions(
                use_threads=False, column_names=names, block_size=BLOCK,
                skip_rows=int(line.startswith("#")),
            ),
            csv.ParseOptions(
                delimiter="\t", quote_char=False, double_quote=False,
                ignore_empty_lines=False,  # or messages would count without them
                invalid_row_handler=counted.skips(where),
            ),
            csv.ConvertOptions(
                column_types=dict(fields), include_columns=[n for n in fields if n in names],
                check_utf8=False, strings_can_be_null=False,
            ),
        )  # fmt: skip
        for batch in reader:
            counted.lines += batch.num_rows
            yield batch


def _stream(where: str) -> Any:
    file = opened(where).file
    packed = _is_packed(file)
    stream = pa.PythonFile(cast(Any, file), mode="r")
    return pa.CompressedInputStream(stream, "gzip") if packed else stream


def _is_packed(file: IO[bytes]) -> bool:
    start = file.read(2)
    file.seek(0)
    return start == b"\x1f\x8b"
