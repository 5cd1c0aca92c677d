"""Whether what was inserted outlives a power cut: neither fsync nor a quorum is the default."""

from __future__ import annotations

import re

from pipeline.errors import StoreMismatch
from pipeline.store import Store, rows, sql
from pipeline.store.migrate import tables

_FSYNC = re.compile(r"\bfsync_after_insert\s*=\s*(?:1|true)\b", re.IGNORECASE)


def demand_durable(store: Store) -> None:
    """Raises StoreMismatch where an acknowledged insert could be lost; kill -9 never shows it."""
    found = durability(store)
    if found:
        raise StoreMismatch(
            f"{found[0]}; `backlinks admin migrate --check` lists all {len(found)}; "
            "to take the risk, set consume.durable to false"
        )


def durability(store: Store) -> list[str]:
    """What is missing, a sentence each with the statement that mends it; none where all is well.

    Of our own tables, as far as this user may see them.
    """
    found, ours = [], tables()
    for row in rows(store.query(sql("pipeline/store/durable"))):
        table, quorum = row["name"], row["quorum"]
        if table not in ours:
            continue
        if not _FSYNC.search(row["made"]):
            found.append(
                f"{table} does not write an insert through to the disk, so a power cut can lose "
                f"what was taken as done; ALTER TABLE {table} MODIFY SETTING fsync_after_insert = 1"
            )
        if row["engine"].startswith("Replicated") and quorum in ("", "0"):
            found.append(
                f"{table} takes an insert as done once one replica has it, so losing that replica "
                "loses the insert; ALTER USER CURRENT_USER SETTINGS insert_quorum = 'auto'"
            )
    return found
