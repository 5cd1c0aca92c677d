"""The schema of a cluster, told from the files of schema/: what lies on which shard.

Each table keeps its name and is a Distributed one, over a replicated table `<name>_local` on each
shard. What is keyed by the target lies on the target domain's shard, all else on its own domain's;
what names no domain is small, and every node has all of it. Where page records and the frontier's
come in nothing is kept: each node has such a table, and its views write through the Distributed
ones, so that a link goes to its target's shard whoever takes the page.

Nothing that is asked depends on a row's place: every question merges what all shards have. So a
list of hot domains may change, and shards be added, without moving what is there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from pipeline.errors import StoreRefused
from pipeline.store.migrate import BOOK, Migration, migrations
from pipeline.store.views import statement, views

LOCAL = "_local"
_NAME = re.compile(r"[A-Za-z_][\w.-]*\Z")
_HEAD = re.compile(r"\A((?:\s|--[^\n]*\n)*)(.*)\Z", re.DOTALL)
_TABLE = re.compile(
    r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)\s*"
    r"(?:(\(.*\))\s*ENGINE = (\w+)(\([^)]*\))?(.*)|AS (\w+))\Z",
    re.DOTALL,
)
# A materialized view that keeps rows of its own would keep them on one node.
_VIEW = re.compile(
    r"(CREATE (?:OR REPLACE )?(?:VIEW \w+|MATERIALIZED VIEW \w+(?= TO )))(.*)\Z", re.DOTALL
)
_ALTER = re.compile(r"ALTER TABLE (\w+)(\s+)(.*)\Z", re.DOTALL)
_OF_COLUMNS = re.compile(r"(?:ADD|MODIFY|DROP|RENAME|COMMENT) COLUMN\b")
_OF_ROWS = re.compile(r"(?:DELETE|UPDATE|(?:DROP|REPLACE|ATTACH|DETACH) PARTITION)\b")
_FROM = re.compile(r"(REPLACE PARTITION .* FROM )(\w+)\s*\Z", re.DOTALL)
# One shard may have nothing of a partition of which others have something.
_MAY_BE_EMPTY = " SETTINGS allow_replace_partition_from_empty_source = 1"
# A token that meets different rows would drop them silently, and rows are idempotent.
_NO_TOKENS = "replicated_deduplication_window = 0"


class Table(NamedTuple):
    """`key`: the sharding expression; '' where every node has all of it. `kept`: it keeps rows.

    `engine`: its name, arguments, and what follows.
    """

    name: str
    key: str
    kept: bool
    engine: tuple[str, str, str]

    @property
    def is_spread(self) -> bool:
        return self.kept and bool(self.key)

    @property
    def stored(self) -> str:
        """The table that has the rows of one node."""
        return self.name + LOCAL if self.is_spread else self.name


class Cluster:
    """name: as the servers' remote_servers have it. hot: domains whose links lie on all shards.

    Raises StoreRefused where a statement is none that can be told for a cluster.
    """

    def __init__(self, name: str, database: str, hot: Collection[str] = ()) -> None:
        for given in (name, database):
            if not _NAME.match(given):
                raise StoreRefused(f"{given!r} can't be the name of a cluster; see remote_servers")
        self.name, self.database, self.hot = name, database, tuple(sorted(hot))
        self.tables: dict[str, Table] = {}
        self.on = f" ON CLUSTER '{name}'"
        self.book = tuple(self._told(BOOK))
        self._told_of = {
            migration.number: tuple(s for each in migration.statements for s in self._told(each))
            for migration in migrations()
        }

    def statements(self, migration: Migration) -> tuple[str, ...]:
        return self._told_of[migration.number]

    def script(self) -> Iterator[str]:
        """All of it, in order."""
        yield from self.book
        for migration in migrations():
            yield from self.statements(migration)
        yield from (statement(view, self.on) for view in views())

    def altered(self, statement: str) -> str:
        """What changes a table's rows or partitions, told to the tables that have them, on every
        shard. Any other statement as it is."""
        head, text = _split(statement)
        match = _ALTER.match(text)
        if match is None or match[1] not in self.tables or not _OF_ROWS.match(match[3]):
            return statement
        change = _FROM.sub(
            lambda found: found[1] + self.tables[found[2]].stored + _MAY_BE_EMPTY, match[3]
        )
        return f"{head}ALTER TABLE {self.tables[match[1]].stored}{self.on}{match[2]}{change}"

    def spread(self) -> Iterator[tuple[Table, str]]:
        """The Distributed tables made anew, for another list of hot domains. They hold no rows."""
        for table in self.tables.values():
            if table.is_spread:
                yield table, self._distributed(table, "CREATE OR REPLACE TABLE")

    def engine(self, table: Table) -> str:
        """Of a table that is spread."""
        return f"Distributed('{self.name}', '{self.database}', '{table.stored}', {table.key})"

    def _told(self, statement: str) -> Iterator[str]:
        head, text = _split(statement)
        if match := _TABLE.match(text):
            made = list(self._made(match))
        elif match := _VIEW.match(text):
            made = [f"{match[1]}{self.on}{match[2]}"]
        elif text.startswith("INSERT INTO "):  # by one node, through the Distributed tables
            made = [text]
        elif match := _ALTER.match(text):
            made = list(self._changed(*match.groups()))
        else:
            raise StoreRefused(f"this can't be told for a cluster: {' '.join(text.split())[:200]}")
        yield head + made[0]
        yield from made[1:]

    def _made(self, match: re.Match[str]) -> Iterator[str]:
        name, columns, like = match[1], match[2], match[6]
        if like is None:
            kept = match[3] != "Null"
            engine = (match[3], match[4] or "", match[5] or "")
            table = Table(name, self._key(columns), kept, engine)
        else:
            table = self.tables[like]._replace(name=name)
        self.tables[name] = table
        shape = f"\n{columns}" if columns else f" AS {self.tables[like].stored}"
        yield f"CREATE TABLE {table.stored}{self.on}{shape}\n{self._engine(table)}"
        if table.is_spread:
            yield self._distributed(table, "CREATE TABLE")

    def _engine(self, table: Table) -> str:
        name, arguments, rest = table.engine
        if not table.kept:
            return f"ENGINE = {name}"
        shard = "{shard}" if table.key else "all"
        path = f"/clickhouse/tables/{shard}/{self.database}/{table.stored}"
        replica = "{replica}" if table.key else "{shard}-{replica}"
        given = ", ".join(filter(None, (f"'{path}'", f"'{replica}'", arguments[1:-1])))
        joint = ", " if re.search(r"\bSETTINGS\b", rest) else "\nSETTINGS "
        return f"ENGINE = Replicated{name}({given}){rest.rstrip()}{joint}{_NO_TOKENS}"

    def _distributed(self, table: Table, how: str) -> str:
        return (
            f"{how} {table.name}{self.on} AS {table.stored}\nENGINE = {self.engine(table)}\n"
            "SETTINGS fsync_after_insert = 1, fsync_directories = 1"
        )

    def _key(self, columns: str) -> str:
        names = set(re.findall(r"^\s*\(?(\w+) ", columns, re.MULTILINE))
        if "target_domain" not in names:
            return "cityHash64(domain)" if "domain" in names else ""
        if not self.hot or "source_domain" not in names:
            return "cityHash64(target_domain)"
        listed = ", ".join(
            "'" + h.replace("\\", "\\\\").replace("'", "\\'") + "'" for h in self.hot
        )
        return (
            f"if(target_domain IN ({listed}), cityHash64(source_domain), cityHash64(target_domain))"
        )

    def _changed(self, name: str, gap: str, change: str) -> Iterable[str]:
        table = self.tables.get(name)
        stored = table.stored if table else name
        yield f"ALTER TABLE {stored}{self.on}{gap}{change}"
        if table and table.is_spread and _OF_COLUMNS.match(change):
            yield f"ALTER TABLE {name}{self.on}{gap}{change}"


def _split(statement: str) -> tuple[str, str]:
    """The comments above a statement, and the statement."""
    match = _HEAD.match(statement)
    assert match is not None
    return match[1], match[2].rstrip()
