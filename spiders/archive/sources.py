"""What was named on the command line to the archive files that it stands for."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from spiders.archive.storage import asking, files_of, is_url, shown

MAX_FILES = 1_000_000
MAX_LIST = 1 << 30  # bytes of a list of paths, decompressed
MAX_PATH = 2_048
_ARCHIVE = re.compile(r"\.(?:warc|wat|wet)(?:\.gz|\.zst)?\Z")
_LIST = re.compile(r"\.paths(?:\.gz)?\Z")
_MANY = re.compile(r"[*?[]")
_PIECE = 1 << 16


def archives(named: Iterable[str], base: str = "") -> list[str]:
    """Every file once, in order: of a directory its archives, of a `*.paths` list its lines.

    base: before each line of a list that is no URL itself. Raises UsageError, ArchiveRefused,
    ArchiveBusy.
    """
    found: dict[str, None] = {}
    for source in named:
        for file in _files(source, base):
            found[file] = None
            if len(found) > MAX_FILES:
                raise UsageError(
                    f"more than {MAX_FILES:,} archive files; name some of them at a time"
                )
    if not found:
        raise UsageError("there is no archive in what was named; *.warc, *.wat and *.wet are, "
                         "with .gz or without")  # fmt: skip
    return list(found)


def _files(source: str, base: str) -> Iterator[str]:
    if _LIST.search(source):
        yield from _listed(source, base)
    elif not is_url(source) and Path(source).is_dir():
        yield from sorted(
            str(path.absolute())
            for path in Path(source).rglob("*")
            if _ARCHIVE.search(path.name) and path.is_file()
        )
    elif _is_pattern(source):
        files, path = files_of(source)
        with asking(source):
            matching = sorted(str(each) for each in files.glob(path))
        found = [str(files.unstrip_protocol(one)) if is_url(source) else one for one in matching]
        yield from found or [source]  # which is then told not to be there
    else:
        yield source if is_url(source) else str(Path(source).absolute())


def _is_pattern(source: str) -> bool:
    """A web server has no list of its files, and its URLs a `?` for other reasons."""
    if is_url(source):
        return not source.startswith(("http://", "https://")) and bool(_MANY.search(source))
    return bool(_MANY.search(source)) and not Path(source).exists()


def _listed(source: str, base: str) -> Iterator[str]:
    """A line each. Without a base, from where the list lies."""
    for number, line in enumerate(_lines(source), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if len(line) > MAX_PATH or not line.isprintable():
            raise UsageError(
                f"line {number} of {shown(source)} is no path; a list has one of an archive a line"
            )
        if is_url(line):
            yield line
        elif base:
            yield base.rstrip("/") + "/" + line.lstrip("/")
        elif is_url(source):
            raise UsageError(
                f"line {number} of {shown(source)} is no URL; say with --base what stands before it"
            )
        else:
            yield str(Path(source).absolute().parent / line)


def _lines(source: str) -> Iterator[str]:
    files, path = files_of(source)
    rest, size = b"", 0
    with asking(source), files.open(path, "rb") as file:
        plain = iter(lambda: file.read(_PIECE), b"")
        for piece in _inflated(file) if source.endswith(".gz") else plain:
            size += len(piece)
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > MAX_PATH or size > MAX_LIST:
                raise UsageError(f"{shown(source)} is no list of paths, one a line")
            yield from (line.decode("utf-8", "replace") for line in lines)
    yield rest.decode("utf-8", "replace")


def _inflated(file: Any) -> Iterator[bytes]:
    """Member after member, in small pieces."""
    stream = zlib.decompressobj(31)
    while data := file.read(_PIECE):
        while data:
            try:
                yield stream.decompress(data, _PIECE)
            except zlib.error as error:
                raise ValueError(f"it is not compressed with gzip ({error})") from error
            data = stream.unconsumed_tail
            if stream.eof:
                data, stream = stream.unused_data, zlib.decompressobj(31)
