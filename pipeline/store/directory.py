"""Who holds a data directory: one process at a time, since chDB allows no more.

Whoever holds it is named in the lock's file; while it answers other commands on a private socket,
its address stands there too.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import StoreError, StoreFull, StoreLocked
from pipeline.store import Store
from pipeline.store.chdb import ChdbStore
from pipeline.store.failures import safe
from pipeline.store.migrate import check, migrate
from pipeline.store.remote import RemoteStore
from pipeline.store.views import make_views

LOCK = "lock"
STORE = "store"
_PATIENCE_S = 5.0  # with who holds it and does not answer
_LOOK_S = 0.05


class Holder(NamedTuple):
    pid: int
    command: str
    since: str
    socket: str


class Held:
    """The directory, ours until `release`."""

    def __init__(self, directory: Path, command: str) -> None:
        self.directory, self.command = directory, command
        self._since = time.strftime("%Y-%m-%d %H:%M:%S")
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = open(directory / LOCK, "a+")  # noqa: SIM115 - held open as the lock
        except OSError as error:
            raise StoreError(
                f"can't use the data directory {directory}: {error.strerror}; "
                "name another with --data"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            holder = read_holder(directory)
            raise StoreLocked(str(directory), holder.pid, holder.command, holder.since) from None
        try:
            self.tell("")
        except StoreError:
            self.release()
            raise

    def tell(self, socket: str) -> None:
        """Writes down who holds it, and where reading commands are answered."""
        holder = Holder(os.getpid(), self.command, self._since, socket)
        try:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(json.dumps(holder._asdict()))
            self._file.flush()
        except OSError as error:
            raise StoreFull(f"can't write {self.directory / LOCK}: {error.strerror}") from error

    def release(self) -> None:
        with suppress(OSError):  # a full disk: what could not be written is written again here
            self._file.seek(0)
            self._file.truncate()
        with suppress(OSError):
            self._file.close()


def read_holder(directory: Path) -> Holder:
    """Who holds it, as far as the file tells."""
    try:
        found: dict[str, Any] = json.loads((directory / LOCK).read_text())
        return Holder(**found)
    except (OSError, ValueError, TypeError):
        return Holder(0, "unknown", "?", "")


def open_to_write(directory: Path, command: str) -> tuple[ChdbStore, Held, Callable[[], None]]:
    """The store at this code's schema, its lock, and what to call at the end.

    Raises StoreLocked, StoreMismatch.
    """
    held = Held(directory, command)
    store, close = _migrated(held)
    return store, held, close


def _migrated(held: Held) -> tuple[ChdbStore, Callable[[], None]]:
    """The store in it, and what to call at the end."""
    try:
        store = ChdbStore(held.directory / STORE)
        migrate(store)
    except BaseException:
        held.release()
        raise

    def close() -> None:
        store.close()
        held.release()

    return store, close


def open_to_say(directory: Path, command: str) -> tuple[Store, Callable[[], None]]:
    """The store to add what people say; a running process that holds it adds it for us.

    Raises StoreLocked where the holder does not answer, StoreMismatch.
    """
    held = held_or_answered(directory, command)
    if isinstance(held, RemoteStore):
        return held, held.close
    store, close = _migrated(held)
    return store, close


def held_or_answered(directory: Path, command: str) -> Held | RemoteStore:
    """The directory, or the store of the process that holds it, as soon as it answers or is gone:
    one that answers others begins to a moment after it has the directory, and another question's
    ends soon. Raises StoreLocked where neither comes."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return Held(directory, command)
        except StoreLocked as locked:
            holder = read_holder(directory)
            with suppress(OSError):
                if holder.socket:
                    return RemoteStore(Path(holder.socket))
            if time.monotonic() > deadline:
                raise locked from None
        time.sleep(_LOOK_S)


def open_to_read(
    directory: Path, command: str, limits: Mapping[str, int] | None = None
) -> tuple[Store, Callable[[], None]]:
    """The store, or the running process that holds it. limits: see `ChdbStore.read_only`.

    Raises StoreError where there is none, StoreLocked where the holder does not answer.
    """
    if not (directory / STORE).is_dir():
        raise StoreError(
            f"there is no index in {directory}; make one with `backlinks run SEED`, "
            "or name another with --data"
        )
    held = held_or_answered(directory, command)
    if isinstance(held, RemoteStore):
        for name, value in (limits or {}).items():
            held.execute(f"SET {safe(name)} = {value:d}")
        return held, held.close
    try:
        store = ChdbStore(directory / STORE)
        if check(store):
            make_views(store)  # of this code, so that its questions can be asked
        reading = store.read_only(limits)
    except BaseException:
        held.release()
        raise

    def close() -> None:
        reading.close()
        store.close()
        held.release()

    return reading, close
