"""Asks as the role and profile of deploy/clickhouse/analyst.xml.

`python -m tests.pipeline.store.analyst DIRECTORY` reads statements by name from stdin as JSON, asks
each, and tells what came: rows, or the refusal. A process of its own, since chDB takes its users
from a file when it starts, and everybody in it is the one user: here, with that profile.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from xml.etree import ElementTree

from chdb.session import Session

from pipeline.errors import StoreError
from pipeline.store.failures import translate
from tests.support.compose import DEPLOY

FILE = DEPLOY / "clickhouse" / "analyst.xml"


def users() -> str:
    """The file with its one user as who asks, who has no password in chDB."""
    tree = ElementTree.parse(FILE).getroot()
    [user] = tree.findall("users/analyst")
    user.tag = "default"
    for child in user.findall("password_sha256_hex"):
        user.remove(child)
    ElementTree.SubElement(user, "no_password")
    for kind in ("profiles", "quotas"):  # chDB's own
        for section in tree.findall(kind):
            ElementTree.SubElement(section, "default")
    return ElementTree.tostring(tree, encoding="unicode")


def opened(directory: Path) -> Session:
    given, config = directory / "users.xml", directory / "config.xml"
    given.write_text(users())
    config.write_text(f"<clickhouse><users_config>{given}</users_config></clickhouse>")
    return Session(f"{directory / 'data' / 'store'}?config-file={config}")


def ask(session: Session, statement: str) -> str | int:
    """How many rows, or the refusal."""
    try:
        return len(str(session.query(statement, "JSONEachRow")).splitlines())
    except Exception as error:
        refusal: StoreError = translate(str(error))
        return f"{type(refusal).__name__}: {refusal}"


def beside(directory: Path, many: int, statement: str) -> list[str | int]:
    """The same statement of so many sessions at once, until each is in or was refused."""
    found: list[str | int] = []
    sessions = [Session(str(directory / "data" / "store")) for _ in range(many)]
    ready = threading.Barrier(many)

    def one(session: Session) -> None:
        ready.wait()
        found.append(ask(session, statement))

    threads = [threading.Thread(target=one, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def main(directory: Path, statements: dict[str, str]) -> dict[str, object]:
    session = opened(directory)
    session.query("USE backlinks")
    answers: dict[str, object] = {name: ask(session, text) for name, text in statements.items()}
    answers["at once"] = beside(directory, 6, "SELECT sleep(2)")
    return answers


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), json.load(sys.stdin))), flush=True)
    os._exit(0)
