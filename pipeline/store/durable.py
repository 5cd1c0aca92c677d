"""Whether what was inserted outlives a power cut: neither fsync nor a quorum is the default."""

from __future__ import annotations

import re

from pipeline.errors import StoreMismatch
from pipeline.store import Store, rows, sql
from pipeline.store.migrate import tables
from pipeline.store.shards import LOCAL

# What is written, and that it is there: an insert's part is renamed into its place at the end.
_WANTED = ("fsync_after_insert", "fsync_part_directory")


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
        if table.removesuffix(LOCAL) not in ours:
            continue
        lacking = [name for name in _WANTED if not _is_on(name, row["made"])]
        if lacking:
            found.append(
                f"{table} does not write an insert through to the disk, so a power cut can lose "
                f"what was taken as done; ALTER TABLE {table} MODIFY SETTING "
                + ", ".join(f"{name} = 1" for name in lacking)
            )
        if row["engine"].startswith("Replicated") and quorum in ("", "0", "1"):
            found.append(
                f"{table} takes an insert as done once one replica has it, so losing that replica "
                "loses the insert; ALTER USER CURRENT_USER SETTINGS insert_quorum = 'auto'"
            )
    return found


def _is_on(setting: str, made: str) -> bool:
    return re.search(rf"\b{setting}\s*=\s*(?:1|true)\b", made, re.IGNORECASE) is not None
