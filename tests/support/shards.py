"""A cluster of two shards in one chDB: its own Distributed tables, over shards that are told apart.

Both shards are this process, which ClickHouse asks as it does its own shard on a server: a plan for
each, whose intermediate states are merged. They share their tables, so that each reads the rows
that the sharding expression gives it, by a filter on `shardNum()`. What is not as on a cluster:
nothing goes over a network, no table is replicated (there is no keeper in chDB), ON CLUSTER is left
out, and where an insert's rows go is told by the same expression that reads them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from pathlib import Path

from chdb.session import Session

from pipeline.store import Parameters
from pipeline.store.chdb import ChdbStore
from pipeline.store.clickhouse import _SETTINGS
from pipeline.store.shards import Cluster
from tests.support import interpreted

NAME, SHARDS = "two", 2
_CONFIG = """<tcp_port>9000</tcp_port>
<remote_servers><two>{shards}</two></remote_servers>"""
_SHARD = "<shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard>"


def alone(statement: str) -> str:
    """As one node without a keeper takes it."""
    text = re.sub(r" ON CLUSTER '\w+'", "", statement)
    text = re.sub(r"= Replicated(\w+)\('[^']*', '[^']*'(?:, )?", r"= \1(", text)
    return re.sub(r"(?:, |\nSETTINGS )replicated_deduplication_window = 0", "", text)


def configured(directory: Path) -> str:
    """Where a session of the cluster opens; the first of its process must."""
    return interpreted.configured(directory, _CONFIG.format(shards=_SHARD * SHARDS))


class ShardedChdb(ChdbStore):
    """where: of `configured`."""

    def __init__(self, where: str, *, database: str, hot: tuple[str, ...] = ()) -> None:
        self.directory, self.database = Path(where), database
        self.cluster = Cluster(NAME, database, hot)
        self._lock = threading.Lock()
        self._session = Session(where)
        self._session.query(f"CREATE DATABASE IF NOT EXISTS {database}")
        self._session.query(f"USE {database}")
        self._spread()

    def _spread(self, **otherwise: str) -> None:
        """otherwise: expressions by which rows of a table lie, other than its sharding key."""
        filters = {
            f"{self.database}.{table.stored}": "shardNum() = 0 OR "
            f"({otherwise.get(table.name, table.key)}) % {SHARDS} + 1 = shardNum()"
            for table in self.cluster.tables.values()
            if table.is_spread
        }
        told = ", ".join(f"'{name}': '{_quoted(text)}'" for name, text in filters.items())
        for name, value in _SETTINGS.items():
            self._session.query(f"SET {name} = '{value}'")
        self._session.query(f"SET additional_table_filters = {{{told}}}")

    def scatter(self) -> None:
        """As after other lists of hot domains, and more shards: a link's rows lie anywhere."""
        anyhow = "cityHash64(source_path, target_path, look, lost, confirmed)"
        self._spread(links=anyhow, domain_edges="cityHash64(source_domain, target_domain, 1)")

    def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        super().execute(alone(self.cluster.altered(sql)), parameters)

    def read_only(self, limits: Mapping[str, int] | None = None) -> ChdbStore:
        raise NotImplementedError


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
