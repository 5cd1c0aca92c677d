"""Many archive files at once, each by one process; what they come to, as they end."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Any, NamedTuple

from pipeline.control import Controls
from pipeline.errors import ArchiveError, BacklinksError
from pipeline.follow import follow
from pipeline.log import Log
from pipeline.log.opening import open_log
from pipeline.settings import Settings
from spiders.archive.filing import Filing
from spiders.archive.noted import Note, Notes
from spiders.archive.targets import Targets

_TELL_S = 0.5  # between two words of how far a file is
_LOADED = ["spiders.archive.filing", "pipeline.log.opening", "pipeline.follow"]
_AHEAD = 2  # files a process that are handed out and not begun


class Filed(NamedTuple):
    """`note`: at the end, or where it was stopped. `wrong`: why it could not be read, '' if it
    could; the others are imported all the same. `was_done`: by an import before."""

    source: str
    note: Note | None
    wrong: str = ""
    was_done: bool = False


class Wanted(NamedTuple):
    """What an import is told. `again`: from the beginning, whatever was noted."""

    sources: list[str]
    to: tuple[str, ...] = ()
    again: bool = False
    workers: int = 1


class Importing:
    """`stop` may be called from any thread, or a signal's handler: files end where they are."""

    def __init__(self, settings: Settings, wanted: Wanted) -> None:
        """Raises UsageError for what is no domain."""
        self.settings, self.wanted = settings, wanted
        self.targets = Targets(wanted.to)
        self.ended = 0
        self.shares: dict[str, float] = {}  # of the files under way, what is read
        self.pages = 0
        self._began = time.monotonic()
        self._read = 0.0  # files' worth, in this run
        self._stopping = threading.Event()
        self._stop_others: Callable[[], None] = lambda: None

    def stop(self) -> None:
        self._stopping.set()
        self._stop_others()

    @property
    def stopped(self) -> bool:
        return self._stopping.is_set()

    def describe(self) -> str:
        total, under_way = len(self.wanted.sources), sum(self.shares.copy().values())
        done = self.ended + under_way
        said = f"{done / (total or 1):.1%}  {self.ended:,} of {total:,} files, {self.pages:,} pages"
        rate = (self._read + under_way) / max(time.monotonic() - self._began, 1e-6)
        return f"{said}, {_span((total - done) / rate)} left" if rate > 0 else said

    def run(self) -> Generator[Filed, None, None]:
        """Each file as it ends. Raises LogError, BacklinksError; then the others are stopped."""
        workers = min(self.wanted.workers, len(self.wanted.sources))
        for filed in self._here() if workers <= 1 else self._beside(workers):
            self.shares.pop(filed.source, None)
            self.ended += 1
            if filed.note is not None:
                self.pages += filed.note.counts.published
                self._read += not filed.was_done
            yield filed

    def _here(self) -> Iterator[Filed]:
        with closing(open_log(self.settings)) as log, closing(follow(log)) as operators:
            for source in self.wanted.sources:
                if self.stopped:
                    return
                yield _filed(
                    source, self.settings, log, operators.controls, self.wanted,
                    self.targets, lambda: self.stopped, self._told_of(source),
                )  # fmt: skip

    def _told_of(self, source: str) -> Callable[[float], None]:
        def told(share: float) -> None:
            self.shares[source] = share

        return told

    def _beside(self, workers: int) -> Iterator[Filed]:
        context = _deaf_processes()
        # Neither has a lock, which a process that is killed would keep.
        stop, (heard, told) = context.RawValue(ctypes.c_bool, False), context.Pipe(duplex=False)
        self._stop_others = lambda: setattr(stop, "value", True)
        hearing = threading.Thread(target=self._hear, args=(heard,), daemon=True)
        hearing.start()
        pool = ProcessPoolExecutor(
            workers, context, _begin, (self.settings, self.wanted, stop, told)
        )
        try:
            yield from self._ended(pool, workers)
        except BrokenProcessPool as error:
            for other in multiprocessing.active_children():
                other.kill()  # deaf to SIGTERM, it may wait for a lock that the dead one had
            if self.stopped:
                return
            raise BacklinksError(
                "a process of the import died; where memory ran out, use fewer --workers. Run it "
                "again, and it goes on where it was"
            ) from error
        finally:
            self._stop_others()
            pool.shutdown(cancel_futures=True)
            told.close()  # the last end of it that is open
            hearing.join()
            heard.close()

    def _ended(self, pool: ProcessPoolExecutor, workers: int) -> Iterator[Filed]:
        waiting = iter(range(len(self.wanted.sources)))
        running: set[Future[Filed]] = set()
        while True:
            while not self.stopped and len(running) < workers * _AHEAD:
                number = next(waiting, None)
                if number is None:
                    break
                running.add(pool.submit(_work, number))
            if not running:
                return
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for each in ended:
                yield each.result()

    def _hear(self, heard: Connection) -> None:
        with suppress(EOFError):
            while True:
                number, share = heard.recv()
                self.shares[self.wanted.sources[number]] = share


def _deaf_processes() -> ForkServerContext:
    """Of processes that hear no Ctrl-C, from their beginning on: whoever began them tells them.

    Threads don't survive a fork, so that it is done by a process that has none; what it has loaded
    is there once for all of them.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    resource_tracker.ensure_running()  # which lets signals through again once it has begun
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


class _Process:
    """What a process of the pool keeps between files."""

    def __init__(self, settings: Settings, wanted: Wanted, stop: Any, told: Connection) -> None:
        self.settings, self.wanted, self.stop, self.told = settings, wanted, stop, told
        self.targets = Targets(wanted.to)
        self.log = open_log(settings)
        self.operators = follow(self.log)

    def file(self, number: int) -> Filed:
        last = time.monotonic()

        def progress(share: float) -> None:
            nonlocal last
            if time.monotonic() - last > _TELL_S:
                last = time.monotonic()
                self.told.send((number, share))  # so little that it is written in one piece

        return _filed(
            self.wanted.sources[number], self.settings, self.log, self.operators.controls,
            self.wanted, self.targets, lambda: bool(self.stop.value), progress,
        )  # fmt: skip


_process: _Process | BacklinksError | None = None


def _begin(settings: Settings, wanted: Wanted, stop: Any, told: Connection) -> None:
    """In each process of the pool, first."""
    global _process
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.join,), daemon=True).start()
    try:
        _process = _Process(settings, wanted, stop, told)
    except BacklinksError as error:  # said with the first file; here it would be a trace
        _process = error


def _end_with(ended: Callable[[], object]) -> None:
    """Whoever began it was killed: what isn't noted is imported again by whoever comes next."""
    ended()
    os._exit(1)


def _work(number: int) -> Filed:
    if isinstance(_process, BacklinksError):
        raise _process
    assert _process is not None
    return _process.file(number)


def _filed(
    source: str,
    settings: Settings,
    log: Log,
    controls: Controls,
    wanted: Wanted,
    targets: Targets,
    stop: Callable[[], bool],
    progress: Callable[[float], None],
) -> Filed:
    filing = Filing(
        source,
        log,
        Notes(settings.data, log_name(settings), targets.domains),
        targets=targets,
        controls=controls,
        stop=stop,
        progress=progress,
    )
    try:
        note = filing.run(again=wanted.again)
        return Filed(source, note, was_done=filing.was_done)
    except ArchiveError as error:
        return Filed(source, None, str(error))


def log_name(settings: Settings) -> str:
    """What notes are of: another log has nothing of what was imported into this one."""
    return " ".join([*sorted(settings.kafka.brokers), settings.kafka.prefix]).strip()


def _span(seconds: float) -> str:
    """In two figures, as a person would say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours < 48 else f"{hours // 24} days"
