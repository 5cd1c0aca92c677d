"""Where an archive lies: a directory, or anything that fsspec knows by URL.

What was put is whole or not there: an object store promises it; in a directory it is written
beside, made durable, and renamed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import msgspec
from fsspec.implementations.local import LocalFileSystem

from pipeline.archive.layout import FORMAT, MARKER, Marker, directory
from pipeline.cause import cause_of
from pipeline.errors import ArchiveBusy, ArchiveError, ArchiveRefused, NoArchive
from pipeline.url import without_login

_FINAL = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR}
_AT_ONCE = 500  # small files fetched together, where the storage can


class Storage:
    """Files by their name from the archive's root. Raises ArchiveBusy, ArchiveRefused."""

    def __init__(self, where: str) -> None:
        self.shown = without_login(where)
        self._files, self._root = _opened(where, self.shown)
        self._local = isinstance(self._files, LocalFileSystem)

    def prepare(self) -> None:
        """Makes it an archive, if it is none. Raises NoArchive where it is of a newer version."""
        if self._local:
            with self._storing("make"):
                _make_directory(Path(self._root))
        if self._marker() is None:
            self._put(MARKER, msgspec.json.encode(Marker()) + b"\n")

    def check(self) -> None:
        """Raises NoArchive where it is none."""
        marker = self._marker()
        if marker is None:
            wrong = f"it has no {MARKER}" if self.has("") else "there is nothing of this name"
            raise NoArchive(self.shown, wrong)

    def _marker(self) -> Marker | None:
        text = self.get(MARKER)
        if text is None:
            return None
        try:
            marker = msgspec.json.decode(text, type=Marker)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise NoArchive(self.shown, f"its {MARKER} is not readable ({error})") from error
        if marker.format > FORMAT:
            raise NoArchive(self.shown, f"it is of format {marker.format}, this reads {FORMAT}")
        return marker

    def put(self, name: str, content: bytes) -> None:
        """Durable when it returns."""
        if self._local and not os.path.exists(self._path(MARKER)):
            # A disk that is not mounted is no reason to fill the one below.
            raise ArchiveBusy(f"{self.shown} has no {MARKER} any more; is its disk mounted?")
        self._put(name, content)

    def _put(self, name: str, content: bytes) -> None:
        with self._storing("write"):
            if self._local:
                _put_local(Path(self._path(name)), content)
            else:
                self._files.pipe_file(self._path(name), content)

    def has(self, name: str) -> bool:
        with self._storing("look at"):
            return bool(self._files.exists(self._path(name)))

    def get(self, name: str) -> bytes | None:
        """The file's content; None where it is not there."""
        with self._storing("read"):
            try:
                return bytes(self._files.cat_file(self._path(name)))
            except (FileNotFoundError, NotADirectoryError):
                return None

    def get_many(self, names: list[str]) -> Iterator[tuple[str, bytes | None]]:
        """Small files, several at once; None for those that are not there."""
        if self._local:
            yield from ((name, self.get(name)) for name in names)
            return
        for i in range(0, len(names), _AT_ONCE):
            paths = [self._path(name) for name in names[i : i + _AT_ONCE]]
            with self._storing("read"):
                # Keys may come back written in another way than they were asked for.
                found = self._files.cat(paths, recursive=False, on_error="return")
                found = {self._name(path): content for path, content in found.items()}
            for name in names[i : i + _AT_ONCE]:
                content = found.get(name)
                yield name, content if isinstance(content, bytes) else self.get(name)

    def days(self, topic: str) -> list[str]:
        """The days that there are files of, in order."""
        with self._storing("list"):
            try:
                paths = self._files.ls(self._path(topic), detail=False)
            except FileNotFoundError:
                return []
        names = [path.rstrip("/").rpartition("/")[2] for path in paths]
        return sorted(name[4:] for name in names if re.fullmatch(r"day=\d{4}-\d\d-\d\d", name))

    def names(self, day: str) -> list[str]:
        """All files of a day, in order."""
        with self._storing("list"):
            return sorted(self._name(path) for path in self._files.find(self._path(directory(day))))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _name(self, path: str) -> str:
        return path.removeprefix(self._root).lstrip("/")

    @contextlib.contextmanager
    def _storing(self, what: str) -> Iterator[None]:
        """Each storage's own errors as ours."""
        try:
            yield
        except ArchiveError:
            raise
        except (PermissionError, FileNotFoundError, NotADirectoryError, ImportError) as error:
            raise ArchiveRefused(_told(what, self.shown, error)) from error
        except OSError as error:
            kind = ArchiveRefused if error.errno in _FINAL else ArchiveBusy
            raise kind(_told(what, self.shown, error)) from error
        except Exception as error:  # every client of a store raises kinds of its own
            raise ArchiveBusy(_told(what, self.shown, error)) from error


def _told(what: str, where: str, error: Exception) -> str:
    return f"can't {what} the archive {where}: {cause_of(error)}"


def _opened(where: str, shown: str) -> tuple[Any, str]:
    """fsspec's file system and the root in it."""
    if "://" not in where and "::" not in where:
        return LocalFileSystem(), str(Path(where).absolute())
    try:
        files, root = fsspec.core.url_to_fs(where)
    except ImportError as error:  # says which package to install
        raise ArchiveRefused(f"can't open the archive {shown}: {error}") from error
    except (ValueError, OSError) as error:
        raise NoArchive(shown, str(error)) from error
    return files, str(root).rstrip("/")


def _put_local(path: Path, content: bytes) -> None:
    _make_directory(path.parent)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _make_directory(path: Path) -> None:
    """With those above, each durable in the one above it."""
    if not path.is_dir():
        _make_directory(path.parent)
        path.mkdir(exist_ok=True)
        _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
