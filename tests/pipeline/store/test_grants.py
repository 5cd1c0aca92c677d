"""The rights that docs/cluster.md has granted in the store: enough for the work, none too many.

See `granted`, which does the work, and `rights`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import NamedTuple

import pytest

from pipeline.store import rows, sql
from tests.support.command import REPOSITORY
from tests.support.stores import AnyStore

LONGEST_S = 500  # some 40 beside another worker of the suite
pytestmark = [pytest.mark.long, pytest.mark.timeout(LONGEST_S + 60)]
_LINE = re.compile(r"GRANT (.+) ON (\S+) TO (\w+);\Z")
# By the work of `granted.WORK`, who does it.
USERS = {
    "plan": "plan",
    "consume": "consume",
    "erase": "erase",
    "score": "score",
    "read": "read",
    "doctor": "read",
    "graph": "graph",
    "label": "label",
    "prune": "prune",
    "migrate": "migrate",
}


class Grant(NamedTuple):
    what: str
    where: str


def documented() -> dict[str, list[Grant]]:
    """By user, one right each."""
    text = (REPOSITORY / "docs" / "cluster.md").read_text()
    block = text.partition("<!-- grants -->")[2].partition("<!-- /grants -->")[0]
    found: dict[str, list[Grant]] = {}
    for line in block.splitlines():
        match = _LINE.match(line)
        assert match or not line.startswith("GRANT"), line
        if match:
            grants = [Grant(what, match[2]) for what in match[1].split(", ")]
            found.setdefault(match[3], []).extend(grants)
    return found


DOCUMENTED = documented()
ROLES = {work: DOCUMENTED[user] for work, user in USERS.items()}
LESS = {
    f"{work}_{number}": (grants, less)
    for work, grants in ROLES.items()
    for number, less in enumerate(grants)
    if not less.where.startswith("system.")  # chDB lets everybody read those
}
# Whose whole work is done without it, which must stop: one of each kind of right that a worker has.
# Without another the statements of the work that use it are asked, which must be refused.
WHOLE = {
    (name.partition("_")[0], less.what): name for name, (_, less) in reversed(LESS.items())
}.values()
HALF_BLIND = {"doctor_half": [Grant("SELECT", "backlinks.migrations")]}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """By role, what it was refused; empty where it did its work."""
    less = {name: [g for g in grants if g != gone] for name, (grants, gone) in LESS.items()}
    given = {
        name: [f"GRANT {what} ON {_elsewhere(name, where)}" for what, where in grants]
        for name, grants in (ROLES | less | HALF_BLIND).items()
    }
    directory = tmp_path_factory.mktemp("granted")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.pipeline.store.granted", str(directory)],
        input=json.dumps({"grants": given, "whole": [*WHOLE, *HALF_BLIND]}),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=LONGEST_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, str] = json.loads(ran.stdout.splitlines()[-1])
    return found


def _elsewhere(name: str, where: str) -> str:
    """What may be made is made in a database beside the one that the others work in."""
    return where.replace("backlinks.", "migrated.") if name.startswith("migrate") else where


def _called(name: str) -> str:
    _, less = LESS[name]
    return f"{name.partition('_')[0]} without {less.what} on {less.where}"


@pytest.mark.parametrize("work", ROLES)
def test_what_is_granted_is_enough(refused: dict[str, str], work: str) -> None:
    assert refused[work] == ""


@pytest.mark.parametrize("name", LESS, ids=_called)
def test_no_right_is_granted_that_is_not_needed(refused: dict[str, str], name: str) -> None:
    """Without it the store refuses, which stops a worker, and says what is missing."""
    _, less = LESS[name]
    said = refused[name]
    assert said.startswith("StoreRefused"), said
    assert "Not enough privileges" in said
    assert "grant it, as docs/cluster.md lists" in said
    assert less.what in said or (less.what == "SELECT" and "SHOW" in said)


@pytest.mark.parametrize("work", ["plan", "consume", "score"])
def test_doctor_asks_for_the_rights_to_write_that_each_worker_needs(work: str) -> None:
    asked = re.findall(r"(INSERT|ALTER DELETE) ON (\w+)", sql(f"pipeline/report/may_{work}"))
    given = DOCUMENTED[work] + (DOCUMENTED["erase"] if work == "consume" else [])
    granted = {(grant.what, grant.where) for grant in given}
    wanted = {grant for grant in granted if grant[0] == "INSERT"}
    named = {(what, f"backlinks.{table}") for what, table in asked}
    assert wanted <= named <= granted


@pytest.mark.parametrize("work", ["plan", "consume", "score"])
def test_doctor_can_ask_it(shared_store: AnyStore, work: str) -> None:
    (answer,) = rows(shared_store.query(sql(f"pipeline/report/may_{work}")))
    assert answer["result"] == 1


def test_doctor_does_not_call_well_what_it_may_not_see(refused: dict[str, str]) -> None:
    assert refused["doctor_half"] == "StoreRefused: not every table can be seen"
