"""What deploy/clickhouse/analyst.xml lets analysts do, asked of ClickHouse's own users in chDB."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import pytest

from pipeline.store.examples import examples
from pipeline.store.views import views
from tests.pipeline.store.analyst import FILE
from tests.support import docs
from tests.support.command import REPOSITORY, backlinks

PROFILE = {
    child.tag: child.text
    for child in ElementTree.parse(FILE).getroot().findall("profiles/analyst/*")
    if child.tag != "constraints"
}
# Not for analysts, and why.
KEPT_BACK = {
    "changed_visits": "notes of the lifecycle job, which nobody asks",
    "controls": "says who operators are",
    "credited_links": "reads what operators suppress",
    "due_pairs": "notes of the roll-up, which nobody asks",
}
MORE = {
    "migrations": "the program asks whether the schema is its own",
    "link_context": "is safe to read",
    **dict.fromkeys(
        ("crawled", "crawled_sites", "indirect_links", "large_targets", "leads", "leads_in",
         "link_looks", "link_uses", "platforms", "referrers"),
        "views read it",
    ),
}  # fmt: skip
READS = (
    {
        f"reads {name}": example.sql
        for name, example in examples().items()
        if name in {*docs.PUBLIC, *docs.VIEWS, *MORE} - set(KEPT_BACK)
    }
    | {
        f"reads {view.name}": f"SELECT * FROM {view.name}({docs.given(view)}) LIMIT 1"
        for view in views()
        if view.name not in KEPT_BACK
    }
    | {
        "lowers a limit": "SELECT 1 SETTINGS max_threads = 1, max_execution_time = 5",
        "what the client sends": "SELECT 1 SETTINGS readonly = 2, async_insert = 0",
    }
)
REFUSED = {
    "insert": "INSERT INTO links (target_domain) VALUES ('x')",
    "delete": "ALTER TABLE links DELETE WHERE 1",
    "create": "CREATE TABLE x (a UInt8) ENGINE = Memory",
    "temporary": "CREATE TEMPORARY TABLE x (a UInt8)",
    "drop": "DROP TABLE links",
    "truncate": "TRUNCATE TABLE links",
    "optimize": "OPTIMIZE TABLE links",
    "grant": "GRANT SELECT ON backlinks.controls TO default",
    "user": "CREATE USER x",
    "role": "SET ROLE NONE, analyst_of_all",
    "dictionary": "CREATE DICTIONARY x (a UInt8) PRIMARY KEY a SOURCE(NULL()) LAYOUT(FLAT())",
    "system": "SYSTEM SHUTDOWN",
    "file": "SELECT * FROM file('/etc/passwd', LineAsString)",
    "into a file": "INSERT INTO FUNCTION file('x.csv') SELECT 1",
    "url": "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)",
    "s3": "SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'CSV', 'a String')",
    "remote": "SELECT * FROM remote('127.0.0.1', system.one)",
    "executable": "SELECT * FROM executable('x', 'TSV', 'a String')",
    "mysql": "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "postgresql": "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "sqlite": "SELECT * FROM sqlite('/tmp/x', 'y')",
    "controls": "SELECT * FROM controls",
    "frontier_in": "INSERT INTO frontier_in (domain) VALUES ('x')",
    "readonly": "SET readonly = 0",
    "readonly of a question": "SELECT 1 SETTINGS readonly = 0",
    "more memory": "SELECT 1 SETTINGS max_memory_usage = 8000000000",
    "no limit of memory": "SELECT 1 SETTINGS max_memory_usage = 0",
    "more time": "SELECT 1 SETTINGS max_execution_time = 1000",
    "no limit of time": "SELECT 1 SETTINGS max_execution_time = 0",
    "an answer cut": "SELECT 1 SETTINGS timeout_overflow_mode = 'break'",
    "more rows": "SET max_result_rows = 100000000",
    "more threads": "SET max_threads = 64",
    "more at once": "SET max_concurrent_queries_for_user = 100",
}
LIMITS = {
    "rows": ("SELECT * FROM numbers(20) SETTINGS max_result_rows = 10", "max rows: 10.00"),
    "memory": (
        "SELECT groupArray(number) FROM numbers(99999999) SETTINGS max_memory_usage = 50000000",
        "memory limit exceeded",
    ),
    "time": (
        "SELECT uniqExact(number % 9) FROM numbers(1000000000000) SETTINGS max_execution_time = 1",
        "Timeout exceeded",
    ),
}  # fmt: skip
IN_FORCE = {
    f"{setting} = {value}": f"SELECT 1 WHERE toString(getSetting('{setting}')) = '{value}'"
    for setting, value in PROFILE.items()
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    directory = tmp_path_factory.mktemp("analyst")
    assert backlinks("admin", "migrate", data=directory / "data").code == 0
    asked = READS | REFUSED | IN_FORCE | {name: query for name, (query, _) in LIMITS.items()}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.pipeline.store.analyst", str(directory)],
        input=json.dumps(asked), capture_output=True, text=True, cwd=REPOSITORY,
        timeout=240, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", READS)
def test_an_analyst_reads_the_contract(answers: dict[str, Any], name: str) -> None:
    assert isinstance(answers[name], int), answers[name]


@pytest.mark.parametrize("name", REFUSED)
def test_an_analyst_is_refused_everything_else(answers: dict[str, Any], name: str) -> None:
    assert str(answers[name]).startswith("StoreRefused"), answers[name]
    assert re.search(
        "Not enough privileges|readonly mode|shouldn't be (?:less|greater)|should not be changed"
        "|no role",
        answers[name],
    ), answers[name]


@pytest.mark.parametrize("name", IN_FORCE)
def test_what_the_profile_says_is_in_force(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == 1


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_stops_a_question_and_says_which(answers: dict[str, Any], name: str) -> None:
    assert LIMITS[name][1] in str(answers[name])


def test_some_questions_at_once_and_no_more(answers: dict[str, Any]) -> None:
    refused = [str(answer) for answer in answers["at once"] if answer != 1]
    assert 0 < len(refused) <= 2
    assert all("Too many simultaneous queries for user" in said for said in refused)


def test_the_role_may_read_the_whole_contract_and_nothing_more() -> None:
    granted = set(re.findall(r"GRANT SELECT ON backlinks\.(\w+)<", FILE.read_text()))
    wanted = {*docs.PUBLIC, *docs.VIEWS, *MORE} - set(KEPT_BACK)
    assert granted == wanted, f"grant in {FILE.name}, or keep back here: {granted ^ wanted}"
    assert not re.search(
        r"GRANT (?!SELECT ON backlinks|analyst<)", FILE.read_text().partition("<clickhouse>")[2]
    )


def test_a_password_is_known_by_its_hash_alone() -> None:
    text = FILE.read_text()
    assert 'password_sha256_hex from_env="ANALYST_PASSWORD_SHA256"/>' in text
    assert not re.search(r"<password>|no_password|plaintext", text)
