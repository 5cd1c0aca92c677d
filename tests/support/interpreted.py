"""A chDB that compiles no expression, for the thousands of tests that share one."""

from __future__ import annotations

from pathlib import Path

from chdb.session import Session

# ClickHouse compiles what it has interpreted three times. That pays off over millions of rows; with
# a few it was half of what the lifecycle job takes. `backlinks` in a process of its own compiles as
# ever: tests/integration, tests/test_commands.py.
PROFILE = """<profiles><default><compile_expressions>0</compile_expressions>
<compile_aggregate_expressions>0</compile_aggregate_expressions>
<compile_sort_description>0</compile_sort_description></default></profiles>"""
_USERS = f"""<clickhouse>
{PROFILE}
<quotas><default/></quotas>
<users><default><password/><networks><ip>::/0</ip></networks><profile>default</profile>
<quota>default</quota><access_management>1</access_management></default></users>
</clickhouse>"""


def configured(directory: Path, more: str = "") -> str:
    """Where the first session of a process opens it.

    more: of the server's configuration, as XML.
    """
    directory.mkdir(parents=True, exist_ok=True)
    users, config = directory / "users.xml", directory / "config.xml"
    users.write_text(_USERS)
    config.write_text(f"<clickhouse><users_config>{users}</users_config>{more}</clickhouse>")
    return f"{directory / 'data'}?config-file={config}"


def interpreted(directory: Path) -> tuple[Session, Path]:
    """The session that opens the engine, and where others of this process open theirs."""
    return Session(configured(directory)), directory / "data"
