"""What doctor looks at in the store: version, rights, clock, parts, durability and disks."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

from pipeline.errors import StoreRefused
from pipeline.report.doctor_log import SKEW_MS
from pipeline.report.finding import Finding
from pipeline.settings import Settings, StoreSettings
from pipeline.store import Store, rows, sql
from pipeline.store.migrate import tables
from pipeline.store.opening import open_to_read

ROOM = 0.1  # of a disk
_PARTS = 1_000  # active parts of a table: at 3,000 ClickHouse refuses inserts
_OLDEST = (23, 1)  # parameters in views, and parameters that the server puts in
_TESTED = (26, 9)
_WRITERS = ("plan", "consume", "score")


def of_store(settings: Settings) -> Iterator[Finding]:
    """Of a server, of the host that answers."""
    store, close = open_to_read(settings, "backlinks admin doctor")
    try:
        (facts,) = rows(store.query(sql("pipeline/report/doctor")))
        yield version(facts["version"], int(facts["tables"]))
        yield _privileges(int(facts["tables"]))
        yield clock(int(facts["now_ms"]) - int(time.time() * 1000))
        yield from _seen("parts", lambda: [_parts(store)])
        yield from _durable(store)
        if settings.store.hosts:
            yield from _seen(
                "disks", lambda: disks(rows(store.query(sql("pipeline/report/disks"))))
            )
            yield _writes(settings.store)
    finally:
        close()


def _seen(what: str, look: Any) -> Iterable[Finding]:
    """One right that is missing hides nothing else."""
    try:
        return list(look())
    except StoreRefused as error:
        return [Finding(what, "warning", "may not be looked at", str(error))]


def version(told: str, tables: int) -> Finding:
    found = tuple(map(int, re.findall(r"\d+", told)[:2]))
    named = f"ClickHouse {told}, {tables:,} tables"
    if found < _OLDEST:
        return Finding("store", "error", named, "upgrade it to 23.1 or later")
    if found < _TESTED:
        return Finding("store", "unknown", f"{named}; it was never run on one before 26.9")
    return Finding("store", "ok", named)


def _privileges(seen: int) -> Finding:
    """What may not be seen is not looked at either, for parts and durability."""
    made = len(tables(views=True))
    if seen >= made:
        return Finding("privileges", "ok", "every table can be seen")
    return Finding(
        "privileges",
        "error",
        f"{seen:,} of {made:,} tables can be seen",
        "grant this user SELECT on the database, as docs/cluster.md says",
    )


def clock(ahead_ms: int) -> Finding:
    """ahead_ms: of the store's before ours."""
    told = f"{ahead_ms:+,} ms from ours"
    if abs(ahead_ms) < SKEW_MS:
        return Finding("store's clock", "ok", told)
    return Finding("store's clock", "error", told, "set the clocks of all machines by NTP")


def _parts(store: Store) -> Finding:
    (found,) = rows(store.query(sql("pipeline/report/parts")))
    told = f"{found['parts']:,} active at most, in {found['table'] or 'no table'}"
    if found["parts"] < _PARTS:
        return Finding("parts", "ok", told)
    return Finding(
        "parts", "warning", told, "inserts are too small: raise consume.flush_rows and flush_age_s"
    )


def _durable(store: Store) -> Iterator[Finding]:
    from pipeline.store.durable import durability

    missing = durability(store)
    for each in missing:
        yield Finding("durability", "error", "not on disk when acknowledged", each)
    if not missing:
        yield Finding("durability", "ok", "inserts are on disk when acknowledged")


def disks(found: list[dict[str, Any]]) -> Iterator[Finding]:
    for disk in found:
        free, total = int(disk["free"]), int(disk["total"])
        advice = "free some, or add a disk; a full one stops consumers with nothing lost"
        yield room(f"store's disk {disk['name']}", free, total, "", advice)


def room(what: str, free: int, total: int, where: str, advice: str) -> Finding:
    """free, total: bytes."""
    told = f"{free / 1e9:,.1f} GB of {total / 1e9:,.1f} GB free{where}"
    if free > ROOM * total:
        return Finding(what, "ok", told)
    return Finding(what, "warning", told, advice)


def _writes(settings: StoreSettings) -> Finding:
    """On a connection that may write, or none of its rights to would count."""
    from pipeline.store.clickhouse import ClickHouseStore

    with closing(ClickHouseStore(settings)) as store:
        try:
            may = [worker for worker in _WRITERS if _may(store, worker)]
        except StoreRefused as error:
            return Finding("writing", "unknown", f"the server does not tell: {error}")
    return Finding(
        "writing", "ok", f"user {settings.user!r} may {' and '.join(may) or 'only read'}"
    )


def _may(store: Store, worker: str) -> bool:
    (found,) = rows(store.query(sql(f"pipeline/report/may_{worker}")))
    return bool(found["result"])
