"""The schema's versions: numbered files, applied once each, in order, never changed afterwards.

The views that take parameters come after them (views.py).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import NamedTuple, Protocol

import pyarrow as pa

from pipeline.errors import StoreMismatch, StoreRefused
from pipeline.store import Store, rows
from pipeline.store.views import make_views
from pipeline.store.views import views as views_with_parameters
from pipeline.url import suffix_list_version

_FILE = re.compile(r"(\d{4})_(\w+)\.sql\Z")
_ADDED = re.compile(
    r"(?:\s|--.*\n)*(ALTER TABLE \w+(?: ON CLUSTER '[^']+')?\s+)(ADD COLUMN\b.*)", re.DOTALL
)
_MADE = re.compile(r"(?:\s|--.*\n)*CREATE (?:OR REPLACE )?(TABLE|VIEW|MATERIALIZED VIEW) (\w+)")
BOOK = """CREATE TABLE IF NOT EXISTS migrations
(number UInt32, name String, checksum String, suffix_list String, applied UInt64)
ENGINE = ReplacingMergeTree ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"""


class Migration(NamedTuple):
    number: int
    name: str
    statements: tuple[str, ...]
    checksum: str


def migrations() -> list[Migration]:
    """All that this code knows, by number."""
    found = []
    for file in resources.files("pipeline.store").joinpath("schema").iterdir():
        match = _FILE.match(file.name)
        if match is not None:
            text = file.read_text()
            checksum = hashlib.sha256(text.encode()).hexdigest()[:16]
            found.append(Migration(int(match[1]), match[2], split(text), checksum))
    return sorted(found)


def tables(*, views: bool = False) -> set[str]:
    """What the program's own are called, with its views or without."""
    made = (_MADE.match(statement) for m in migrations() for statement in m.statements)
    found = {"migrations"} | {
        match[2] for match in made if match is not None and (views or match[1] == "TABLE")
    }
    return found | {view.name for view in views_with_parameters()} if views else found


def split(text: str) -> tuple[str, ...]:
    """A file's statements; a semicolon ends one where it ends a line."""
    parts = re.split(r";[ \t]*(?:\n|\Z)", text)
    return tuple(part.strip() for part in parts if re.sub(r"--.*", "", part).strip())


def joined(statements: Iterable[str]) -> Iterator[str]:
    """As they are, but that columns which come one after another come by one statement a table.

    Each takes 6 ms, and on a cluster a turn of its queue; a new index would take 225 of them.
    """
    added: dict[str, list[str]] = {}
    for statement in statements:
        if match := _ADDED.match(statement):
            added.setdefault(match[1], []).append(match[2])
            continue
        yield from _added(added)
        added.clear()
        yield statement
    yield from _added(added)


def _added(columns: dict[str, list[str]]) -> Iterator[str]:
    return (table + ",\n".join(each) for table, each in columns.items())


class Spread(Protocol):
    """How the schema is told for a cluster: see shards.py."""

    @property
    def book(self) -> tuple[str, ...]: ...

    @property
    def on(self) -> str: ...

    def statements(self, migration: Migration) -> tuple[str, ...]: ...


def migrate(store: Store, cluster: Spread | None = None) -> list[Migration]:
    """Brings the store to this code's schema; what was applied now.

    A run that was stopped in the middle can be run again: what exists is left.
    Raises StoreMismatch where the store is newer, another, or of another suffix list.
    """
    for statement in cluster.book if cluster else (BOOK,):
        store.execute(_if_missing(statement))
    applied = check(store)
    new = [migration for migration in migrations() if migration.number not in applied]
    for migration in new:
        told = cluster.statements(migration) if cluster else migration.statements
        for statement in joined(told):
            store.execute(_if_missing(statement))
        store.insert(
            "migrations",
            pa.table(
                {
                    "number": pa.array([migration.number], pa.uint32()),
                    "name": [migration.name],
                    "checksum": [migration.checksum],
                    "suffix_list": [suffix_list_version()],
                    "applied": pa.array([int(time.time() * 1000)], pa.uint64()),
                }
            ),
        )
    make_views(store, cluster.on if cluster else "")
    return new


def missing(store: Store) -> list[str]:
    """Names of what this code knows and the store lacks. Raises StoreMismatch as `check` does."""
    try:
        applied = check(store)
    except StoreRefused as error:
        if "UNKNOWN_TABLE" not in str(error) and "Code: 60" not in str(error):
            raise
        applied = set()
    return [f"{m.number:04d}_{m.name}" for m in migrations() if m.number not in applied]


def check(store: Store) -> set[int]:
    """The applied numbers. Raises StoreMismatch with what differs and what to do."""
    known = {migration.number: migration for migration in migrations()}
    applied = set()
    for row in rows(store.query("SELECT * FROM migrations FINAL ORDER BY number")):
        number = row["number"]
        if number not in known:
            raise StoreMismatch(
                f"the store is at schema {number:04d}_{row['name']}, newer than this program "
                f"knows ({max(known):04d}); upgrade backlink-index"
            )
        if row["checksum"] != known[number].checksum:
            raise StoreMismatch(
                f"schema {number:04d}_{row['name']} was applied from another file "
                f"({row['checksum']}, here {known[number].checksum}); install the version that "
                "wrote this store, or start a new one with --data"
            )
        if row["suffix_list"] != suffix_list_version():
            raise StoreMismatch(
                f"the store's domains were cut by public suffix list {row['suffix_list']}, this "
                f"program has {suffix_list_version()}; install the tldextract that it was written "
                "with, or start a new store with --data and crawl again"
            )
        applied.add(number)
    return applied


def _if_missing(statement: str) -> str:
    return re.sub(
        r"^((?:--.*\n|\s)*)CREATE (TABLE|VIEW|MATERIALIZED VIEW) (?!IF)",
        r"\1CREATE \2 IF NOT EXISTS ",
        statement,
        count=1,
    )
