"""Archive files where they lie: local, or anything that fsspec knows by URL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from pipeline.cause import cause_of, root_of, status_of
from pipeline.errors import ArchiveBusy, ArchiveRefused, BacklinksError
from pipeline.url import without_login

_NOT_THERE, _FORBIDDEN = (404, 410), (401, 403)  # statuses of a server
_BLOCK = 4 << 20  # bytes asked for at once of a file that is elsewhere


def is_url(source: str) -> bool:
    return "://" in source


def shown(source: str) -> str:
    """For messages, notes and tables: without a password, and in letters alone."""
    return without_login(source).encode("utf-8", "replace").decode()


@contextmanager
def opened(source: str) -> Iterator[tuple[BinaryIO, int]]:
    """The file, to be sought in, and its size in bytes; 0 where the storage doesn't tell.

    Raises ArchiveRefused where it isn't there or may not be read, ArchiveBusy where its storage is
    away.
    """
    file: Any
    with asking(source):
        if is_url(source):
            files, path = fsspec.core.url_to_fs(source)
            file = files.open(path, "rb", block_size=_BLOCK)
        else:
            file = open(source, "rb")  # noqa: SIM115 - closed below
    try:
        with asking(source):
            if not file.seekable():
                raise ArchiveRefused(
                    f"can't import {shown(source)}: its server gives no parts of it; fetch it "
                    "first and import the copy"
                )
            size = file.seek(0, 2)
            file.seek(0)
        yield file, int(size or 0)
    finally:
        with contextlib.suppress(Exception):
            file.close()


@contextmanager
def asking(source: str) -> Iterator[None]:
    """Each storage's own errors as ours."""
    try:
        yield
    except BacklinksError:
        raise
    except (PermissionError, IsADirectoryError, NotADirectoryError, ImportError, ValueError) as e:
        raise ArchiveRefused(f"can't read {shown(source)}: {cause_of(e)}") from e
    except Exception as error:  # every client of a store raises kinds of its own
        raise _refused_or_busy(source, error) from error


def _refused_or_busy(source: str, error: Exception) -> ArchiveRefused | ArchiveBusy:
    root = root_of(error)
    status = status_of(root)
    if status in _NOT_THERE or isinstance(root, FileNotFoundError):
        return ArchiveRefused(
            f"there is no archive {shown(source)}; name a file, a directory or a list of paths"
        )
    if status in _FORBIDDEN:
        return ArchiveRefused(f"can't read {shown(source)}: {cause_of(error)}")
    return ArchiveBusy(f"can't read {shown(source)}: {cause_of(error)}; run it again later")


def files_of(source: str) -> tuple[Any, str]:
    """fsspec's file system, and the path in it."""
    with asking(source):
        if not is_url(source):
            return LocalFileSystem(), source
        files, path = fsspec.core.url_to_fs(source)
        return files, str(path)
