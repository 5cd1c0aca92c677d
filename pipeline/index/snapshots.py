"""Snapshots: which there are, which one is meant, and dropping those that nobody needs."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Collection
from typing import Any, NamedTuple

from pipeline.errors import UsageError
from pipeline.index.question import Question
from pipeline.store import Store, sql
from pipeline.store.migrate import migrations

NEWEST, PREVIOUS = "newest", "previous"
_ID = re.compile(r"\d{10,15}\Z")
_OF_SNAPSHOTS = re.compile(
    r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+).*\bPARTITION BY snapshot\b", re.MULTILINE | re.DOTALL
)
_DAY = datetime.timedelta(days=1)


class Snapshot(NamedTuple):
    """`snapshot`: ms since 1970 of the data it stands on, which is its name too."""

    snapshot: int
    domains: int
    edges: int
    manifest: dict[str, Any]

    @property
    def is_seeded(self) -> bool:
        """There is authority in it."""
        return bool(self.manifest.get("authority"))

    @property
    def day(self) -> str:
        at = datetime.datetime.fromtimestamp(self.snapshot / 1000, datetime.UTC)
        return at.strftime("%Y-%m-%d %H:%M")


def snapshots(store: Store) -> list[Snapshot]:
    """The newest first."""
    return [
        Snapshot(row["snapshot"], row["domains"], row["edges"], json.loads(row["manifest"]))
        for row in Question("snapshots", {}).rows(store)
    ]


def chosen(store: Store, text: str = NEWEST) -> Snapshot:
    """The one that is meant: `newest`, `previous`, its id, or the last one up to a day or time.

    Raises UsageError where there is none such, with what there is.
    """
    found = snapshots(store)
    if not found:
        raise UsageError("there is no snapshot yet; make one with `backlinks score`")
    wanted = text.strip().lower()
    if wanted in (NEWEST, PREVIOUS):
        place = (NEWEST, PREVIOUS).index(wanted)
        if place < len(found):
            return found[place]
        raise UsageError("there is one snapshot alone, and none before it")
    until = int(wanted) if _ID.match(wanted) else _end_of(wanted)
    exact = _ID.match(wanted) is not None
    for one in found:
        if one.snapshot == until or (not exact and one.snapshot < until):
            return one
    raise UsageError(
        f"there is no snapshot {text[:40]!r}; the oldest is {found[-1].snapshot} of "
        f"{found[-1].day}, `backlinks snapshots list` tells all"
    )


def _end_of(text: str) -> int:
    """ms since 1970: of a day its end."""
    try:
        at = datetime.datetime.fromisoformat(text)
        at = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
        return int((at + _DAY if len(text) <= len("2026-03-31") else at).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text[:40]!r} names no snapshot; give {NEWEST}, {PREVIOUS}, an id of `backlinks "
            "snapshots list`, or a day like 2026-03-31"
        ) from None


def tables() -> list[str]:
    """Those that have a partition for each snapshot, but for where snapshots are made."""
    texts = [text for one in migrations() for text in one.statements]
    found = [match[1] for text in texts if (match := _OF_SNAPSHOTS.search(text))]
    return [table for table in found if not table.endswith("_next")]


def drop(store: Store, old: Collection[int]) -> None:
    """Drops snapshots with all that was computed for them.

    The row that names one goes first, so that nobody asks for what is half gone; stopped in
    between, `leftovers` finds the rest.

    Raises UsageError where the newest is among them: everything asks for that one.
    """
    known = snapshots(store)
    if known and known[0].snapshot in old:
        raise UsageError(f"{known[0].snapshot} is the newest snapshot, which everything asks for")
    for snapshot in sorted(old):
        store.execute(sql("pipeline/index/forget_snapshot"), {"snapshot": snapshot})
        for table in tables():
            store.execute(f"ALTER TABLE {table} DROP PARTITION {snapshot:d}")


def leftovers(store: Store) -> list[int]:
    """Snapshots that no row names, older than the newest: dropped half, or never finished.

    What is newer may be being written just now.
    """
    named = {one.snapshot for one in snapshots(store)}
    there = (int(row["snapshot"]) for row in Question("kept_snapshots", {}).rows(store))
    return sorted(one for one in there if one not in named and one < max(named, default=0))


def beyond(store: Store, keep: int) -> list[int]:
    """Those older than the newest `keep`."""
    return [one.snapshot for one in snapshots(store)[max(1, keep) :]]


def quality_of(store: Store, snapshot: int, domains: Collection[str]) -> dict[str, dict[str, Any]]:
    """Every column of some domains in a snapshot, by domain."""
    question = Question("quality_of", {"snapshot": snapshot, "domains": sorted(domains)})
    return {row["domain"]: row for row in question.rows(store)}


def demand_pair(store: Store, before: str, after: str) -> tuple[Snapshot, Snapshot]:
    """Two snapshots in the order of time. Raises UsageError where they are one."""
    first, second = sorted((chosen(store, before), chosen(store, after)), key=lambda s: s.snapshot)
    if first.snapshot == second.snapshot:
        raise UsageError(f"{before} and {after} are the same snapshot, of {first.day}")
    return first, second
