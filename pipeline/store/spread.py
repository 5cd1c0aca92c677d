"""Whether the store is spread over a cluster, and by which list of hot domains."""

from __future__ import annotations

import re

from pipeline.errors import StoreMismatch
from pipeline.settings import StoreSettings
from pipeline.store import Store, rows, sql
from pipeline.store.shards import Cluster

_CLUSTER = re.compile(r"Distributed\('([^']+)'")


def cluster_of(store: Store, settings: StoreSettings) -> Cluster | None:
    """The cluster whose tables the store has, or shall have; none where it is one server's.

    Raises StoreMismatch where it has tables of another kind.
    """
    found = {row["name"]: row["made"] for row in rows(store.query(sql("pipeline/store/spread")))}
    spread = {match[1] for made in found.values() if (match := _CLUSTER.match(made))}
    named = settings.cluster
    if spread and named and spread != {named}:
        raise StoreMismatch(
            f"the store is spread over cluster {', '.join(sorted(spread))}, not {named}; correct "
            "store.cluster, or leave it empty"
        )
    if named and found and not spread:
        raise StoreMismatch(
            f"the tables of {settings.database} were made for one server, not for cluster {named}; "
            "name another store.database, and fill it from the log or the archive"
        )
    name = named or next(iter(spread), "")
    return Cluster(name, settings.database, settings.hot_domains) if name else None


def spread_anew(store: Store, cluster: Cluster) -> int:
    """Puts the cluster's list of hot domains into force; how many tables had another."""
    made = {row["name"]: row["made"] for row in rows(store.query(sql("pipeline/store/spread")))}
    changed = 0
    for table, statement in cluster.spread():
        if _bare(made.get(table.name, "").partition(" SETTINGS ")[0]) != _bare(
            cluster.engine(table)
        ):
            store.execute(statement)
            changed += 1
    return changed


def _bare(expression: str) -> str:
    return re.sub(r"[\s`()]", "", expression)  # ClickHouse puts more brackets
