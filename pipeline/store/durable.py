"""Whether what was inserted outlives a power cut: neither fsync nor a quorum is the default."""

from __future__ import annotations

import re

from pipeline.store import Store, rows, sql

_FSYNC = re.compile(r"\bfsync_after_insert\s*=\s*(?:1|true)\b", re.IGNORECASE)


def durability(store: Store) -> list[str]:
    """What is missing, a sentence each with the statement that mends it; none where all is well."""
    found = []
    for row in rows(store.query(sql("pipeline/store/durable"))):
        table, quorum = row["name"], row["quorum"]
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
