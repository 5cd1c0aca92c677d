"""Users with some rights in one chDB, and ClickHouse's word on which rights a statement used."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from chdb.session import Session

from pipeline.errors import StoreError
from pipeline.store import rows
from pipeline.store.chdb import ChdbStore
from tests.support.interpreted import PROFILE

DATABASE = "backlinks"
# The log is written when it is asked for: every hour beside.
_CONFIG = """<clickhouse><users_config>{users}</users_config>
<query_log><database>system</database><table>query_log</table>
<flush_interval_milliseconds>3600000</flush_interval_milliseconds></query_log></clickhouse>"""
_USERS = """<clickhouse>
{profile}
<quotas><default/></quotas>
<roles>{roles}</roles>
<users><default><password/><networks><ip>::/0</ip></networks><profile>default</profile>
<quota>default</quota><grants><query>GRANT {names}</query></grants></default></users>
</clickhouse>"""
_USED = """SELECT toUInt32(splitByChar(' ', log_comment)[2]) AS number,
arrayJoin(used_privileges) AS used FROM system.query_log
WHERE startsWith(log_comment, {work:String} || ' ') ORDER BY number, used"""
_REFUSED = """SELECT exception FROM system.query_log
WHERE startsWith(log_comment, {work:String} || ' ') AND notEmpty(missing_privileges)
ORDER BY event_time_microseconds LIMIT 1"""
_COLUMNS = re.compile(r"\([^)]*\)")


class Statement(NamedTuple):
    text: str
    params: dict[str, str] | None


class Right(NamedTuple):
    """where: DATABASE.TABLE, or DATABASE.* for all of them."""

    what: str
    where: str


class Kept:
    """A session that keeps what it is asked, by numbers that the log of queries tells too."""

    def __init__(self, session: Session, name: str) -> None:
        self.session, self.name = session, name
        self.statements: list[Statement] = []

    def query(self, text: str, fmt: str = "CSV", *, params: Any = None) -> Any:
        self._keep(text, params)
        return self.session.query(text, fmt, params=params)

    def send_query(self, text: str, fmt: str, *, params: Any = None) -> Any:
        self._keep(text, params)
        return self.session.send_query(text, fmt, params=params)

    def close(self) -> None:
        self.session.close()

    def _keep(self, text: str, params: Any) -> None:
        self.session.query(f"SET log_comment = '{self.name} {len(self.statements)}'")
        self.statements.append(Statement(text, params))


class Role(ChdbStore):
    """A session on an engine with the rights of one role."""

    def __init__(self, where: str, name: str) -> None:
        self.directory, self.database = Path(where), DATABASE
        self._lock = threading.Lock()
        session = Session(where)
        session.query(f"SET ROLE {name}")
        self._session = self.kept = Kept(session, name)

    def insert(self, table: str, rows: pa.Table) -> None:
        """As text, since chDB would want rights of its own to read a Python object."""
        columns = ", ".join(rows.column_names)
        lines = "\n".join(json.dumps(row) for row in rows.to_pylist(maps_as_pydicts="strict"))
        self.again(Statement(f"INSERT INTO {table} ({columns}) FORMAT JSONEachRow {lines}", None))

    def again(self, statement: Statement) -> None:
        with self._asking():
            self._session.query(statement.text, "Null", params=statement.params)


class Engine:
    """The chDB of this process, with a role for each name in `grants`; and `everything`."""

    def __init__(self, directory: Path, grants: dict[str, list[str]]) -> None:
        self.grants = grants
        given = grants | {"everything": ["GRANT ALL ON *.*"]}
        users, config = directory / "users.xml", directory / "config.xml"
        roles = "".join(_role(name, each) for name, each in given.items())
        users.write_text(_USERS.format(profile=PROFILE, roles=roles, names=", ".join(given)))
        config.write_text(_CONFIG.format(users=users))
        self._where = f"{directory / 'data'}?config-file={config}"
        self._roles: dict[str, Role] = {}
        self.everything = self.role("everything")

    def role(self, name: str) -> Role:
        found = self._roles[name] = Role(self._where, name)
        return found

    def refused(self, name: str) -> str:
        """What was refused though the work went on; empty for nothing."""
        return next((row["exception"] for row in self._logged(_REFUSED, name)), "")

    def asked_again(self, work: str, name: str, database: str) -> str:
        """What a role is refused of the statements of another that used what this one lacks."""
        role = self.role(name)
        role.execute(f"USE {database}")
        for statement in self._users_of(work, self._lacks(work, name)):
            try:
                role.again(statement)
            except StoreError as error:
                return told(error)
        return ""

    def _lacks(self, work: str, name: str) -> Right:
        (lacking,) = set(self.grants[work]) - set(self.grants[name])
        (right,) = _rights(lacking.removeprefix("GRANT "))
        return right

    def _users_of(self, work: str, right: Right) -> Iterator[Statement]:
        for row in self._logged(_USED, work):
            if any(_within(used, right) for used in _rights(row["used"])):
                yield self._roles[work].kept.statements[row["number"]]

    def _logged(self, sql: str, work: str) -> list[dict[str, Any]]:
        self.everything.execute("SYSTEM FLUSH LOGS query_log")
        return rows(self.everything.query(sql, {"work": work}))


def told(error: StoreError) -> str:
    return f"{type(error).__name__}: {error}"


def _role(name: str, grants: list[str]) -> str:
    queries = "".join(f"<query>{grant}</query>" for grant in grants)
    return f"<{name}><grants>{queries}</grants></{name}>"


def _rights(text: str) -> set[Right]:
    """Without their columns: of `SELECT(a, b), INSERT ON database.table`."""
    kinds, _, where = _COLUMNS.sub("", text).rpartition(" ON ")
    return {Right(what, where) for what in kinds.split(", ")}


def _within(used: Right, right: Right) -> bool:
    whole = right.where.endswith("*") and used.where.startswith(right.where[:-1])
    return used.what == right.what and (used.where == right.where or whole)
