"""Every error raised here, split by what the caller does next.

BacklinksError
├── UsageError          what was asked for is wrong: exit 2
│   ├── BadSeed         a seed that is no crawlable URL
│   ├── BadSetting      an unknown setting, or a value it can't take
│   ├── BadFormula      a formula that can't score
│   ├── NoArchive       what was named is no archive of pages
│   └── TooLarge        scoring would take more memory than it may have
├── PoisonRecord        can never decode: dead-letter it
├── StoreError
│   ├── StoreBusy       transient: pause and retry
│   ├── StoreFull       the disk is full: free room, run again
│   ├── StoreRefused    schema or statement is wrong: stop
│   ├── StoreLocked     another process holds the directory
│   └── StoreMismatch   the store was made by other code or another suffix list
├── LogError
│   ├── LogBusy         no broker answers, or too few are in step: pause and retry
│   ├── LogRefused      topic, rights or sizes are wrong: stop
│   ├── LogDamaged      the log's file can't be read
│   ├── LogFull         the disk under the log is full
│   ├── OffsetLost      the committed offset is no longer in the log
│   └── NotOwner        the partition has gone to another member
├── ArchiveError
│   ├── ArchiveBusy     the archive's storage is away: pause and retry
│   ├── ArchiveRefused  it can't be written or read as it stands: stop
│   └── DamagedPart     a file is not what was written: go on with the others
├── ScoreBusy           another process scores in the same directory
├── TooManyDeadLetters  a flood of poison: it is us who are broken
└── DidNotConverge      an iteration ran out of sweeps
"""

from __future__ import annotations

from typing import Any, Literal, get_args


class BacklinksError(Exception):
    """Base of every error raised here. `str()` is one line for a person."""

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Between processes as it is: what an error is made of is not what it says."""
        return _as_it_was, (type(self), self.args), self.__dict__


def _as_it_was(kind: type[BacklinksError], args: tuple[Any, ...]) -> BacklinksError:
    return kind.__new__(kind, *args)


class UsageError(BacklinksError):
    """What was asked for is wrong; the message says what would be right."""

    exit_code = 2


class BadSeed(UsageError):
    """A seed that can't be crawled."""

    def __init__(self, seed: str, reason: str) -> None:
        self.seed, self.reason = seed, reason
        super().__init__(
            f"seed {seed[:200]!r} is not a URL that can be crawled ({reason}); "
            "give one like https://example.org/"
        )


class BadSetting(UsageError):
    """An unknown setting, or a value that it can't take."""


class BadFormula(UsageError):
    """A formula that is not there, or that can't score as it stands."""

    def __init__(self, which: str, detail: str) -> None:
        self.which, self.detail = which, detail
        super().__init__(f"the formula {which[:200]!r} can't score: {detail}")


class NoArchive(UsageError):
    """What was named is no archive of pages, or one of a newer version."""

    def __init__(self, source: str, detail: str) -> None:
        self.source, self.detail = source, detail
        super().__init__(
            f"{source} is no archive of pages: {detail}; name what `backlinks worker archive` wrote"
        )


class TooLarge(UsageError):
    """A score would take more memory than it may have, whatever way it is made."""

    def __init__(self, domains: int, edges: int, needed_mb: int, limit_mb: int, do: str) -> None:
        self.needed_mb, self.limit_mb = needed_mb, limit_mb
        super().__init__(
            f"a score of {domains:,} domains and {edges:,} edges takes about {needed_mb:,} MB of "
            f"memory and may have {limit_mb:,} MB; {do}, or raise score.memory_mb"
        )


PageFault = Literal[
    "empty",
    "null",
    "huge",
    "encoding",
    "json",
    "version",
    "type",
    "suffix_list",
    "arrays",
    "future",
]
PAGE_FAULTS: tuple[str, ...] = get_args(PageFault)
RequestFault = Literal["empty", "request", "url"]


class PoisonRecord(BacklinksError):
    """A record that can never decode; `reason` is one of a few words, for counting."""

    def __init__(self, reason: PageFault | RequestFault, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}" if detail else reason)


class StoreError(BacklinksError):
    """The store could not do what it was told."""


class StoreBusy(StoreError):
    """Transient: pause and retry."""


class StoreFull(StoreBusy):
    """The disk under the store is full; retrying works once there is room."""


class StoreRefused(StoreError):
    """Schema or statement is wrong: stop."""


class StoreLocked(StoreError):
    """Another process holds the directory."""

    def __init__(self, directory: str, pid: int, command: str, since: str) -> None:
        self.directory, self.pid, self.command, self.since = directory, pid, command, since
        super().__init__(
            f"{directory} is held by process {pid} ({command}, since {since}); "
            "wait for it or stop it, then run this again"
        )


class StoreMismatch(StoreError):
    """The store was made by newer code, by other code, or under another suffix list."""


class LogError(BacklinksError):
    """The log could not do what it was told."""


class LogBusy(LogError):
    """Transient: no broker answers, too few replicas are in step, or the file is locked."""


class LogRefused(LogError):
    """The brokers won't have it: a topic, a right, a login or a size is wrong. Stop."""


class LogDamaged(LogError):
    """The log's file can't be read as one."""

    def __init__(self, path: str, detail: str) -> None:
        self.path, self.detail = path, detail
        super().__init__(
            f"the log {path} is damaged ({detail}); the store is whole: move this file away "
            "and run again, and pages not yet consumed are fetched again when due"
        )


class LogFull(LogError):
    """The disk under the log is full; nothing acknowledged is lost."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"no room left on the disk of {path}; free some, then run this again")


class OffsetLost(LogError):
    """The committed offset is no longer in the log.

    `start` and `end`: what the log holds now; `end` is -1 where it was not asked for.
    """

    def __init__(self, topic: str, partition: int, offset: int, start: int, end: int = -1) -> None:
        self.topic, self.partition, self.offset = topic, partition, offset
        self.start, self.end = start, end
        if -1 < end < offset:
            why = (
                f"the log ends at {end}: it was cut or made anew; set the group to {end}, and "
                "crawl again what was lost"
            )
        else:
            why = (
                f"the log starts at {start}; raise its retention, and set the group to {start}; "
                "what was lost is crawled again when it is due"
            )
        super().__init__(f"{topic}[{partition}]: committed offset {offset} is gone, {why}")


class NotOwner(LogError):
    """A commit for a partition that belongs to another member by now."""

    def __init__(self, topic: str, partition: int) -> None:
        self.topic, self.partition = topic, partition
        super().__init__(f"{topic}[{partition}] belongs to another member of the group")


class ArchiveError(BacklinksError):
    """The archive of pages could not do what it was told."""


class ArchiveBusy(ArchiveError):
    """The archive's storage is away or full; retrying works once it is back."""


class ArchiveRefused(ArchiveError):
    """The archive can't be written or read as it stands: no permission, or no such place."""


class DamagedPart(ArchiveError):
    """A file of the archive is not what was written, or is missing."""

    def __init__(self, file: str, detail: str) -> None:
        self.file, self.detail = file, detail
        super().__init__(
            f"{file} is damaged ({detail}); bring it back from a copy and import its day again"
        )


class ScoreBusy(BacklinksError):
    """Another process makes a score and keeps its steps in the same directory."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        super().__init__(
            f"another process scores in {directory}; wait for it, or name another directory in "
            "score.beside"
        )


class TooManyDeadLetters(BacklinksError):
    """More poison in a row than the limit: stop, since it is us who are broken."""

    def __init__(self, count: int, last: str) -> None:
        self.count, self.last = count, last
        super().__init__(
            f"{count} records in a row could not be read (the last: {last}); "
            "check that spiders and consumers are of the same version, then start again"
        )


class DidNotConverge(BacklinksError):
    """An iteration that ran out of sweeps."""

    def __init__(self, what: str, sweeps: int, residual: float) -> None:
        self.what, self.sweeps, self.residual = what, sweeps, residual
        super().__init__(f"{what} did not converge in {sweeps} sweeps (residual {residual:.2e})")
