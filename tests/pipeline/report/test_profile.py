"""The commands about a whole profile: forms, hostile text, places where an answer goes on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner, Result

import backlinks as root  # noqa: F401 - adds the commands that compose
from pipeline.report import commands
from pipeline.report.commands import cli
from pipeline.settings import Settings
from pipeline.store import Store
from tests.pipeline.index.world import HOSTILE, World, made
from tests.support.stores import AnyStore

COMMANDS = (
    ("changes", "t.org", "--since", "365d"),
    ("changes", "t.org", "--since", "365d", "--list"),
    ("history", "t.org"),
    ("history", "t.org", "--by", "week", "--links"),
    ("networks", "t.org"),
    ("networks", "t.org", "--by", "owner"),
    ("places", "t.org"),
    ("places", "t.org", "--by", "language"),
    ("broken", "t.org"),
    ("broken", "t.org", "--list"),
    ("gap", "t.org", "--vs", "u.org", "--vs", "v.co.uk"),
    ("similar", "t.org"),
    ("outlinks", "u.org"),
    ("outlinks", "u.org", "--per", "page", "--state", "all"),
    ("outlinks", "u.org", "--per", "link", "--state", "all"),
    ("between", "t.org", "u.org"),
)


@pytest.fixture(scope="module")
def world(shared_store: AnyStore) -> World:
    return made(shared_store, 11)


@pytest.fixture
def ask(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on this world's store."""

    @contextmanager
    def reading(_: Settings) -> Iterator[Store]:
        yield world.store

    monkeypatch.setattr(commands, "reading", reading)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    return run


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_form_has_the_same_rows_and_no_hostile_text(
    ask: Any, command: tuple[str, ...]
) -> None:
    plain = ask(*command, "--limit", "1000")
    assert plain.exit_code == 0, plain.output
    told = list(csv.DictReader(io.StringIO(plain.stdout)))
    assert told
    for row in told:
        for value in row.values():
            assert not value.startswith(("=", "@", "\t", "\r"))
    as_json = ask(*command, "--limit", "1000", "--json")
    assert len(json.loads(as_json.stdout)) == len(told)
    table = ask(*command, "--limit", "1000", "--table")
    assert table.exit_code == 0
    assert not set(HOSTILE) - set("evil[2J") & set(table.stdout)


def test_what_the_web_wrote_is_there_and_guarded(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    listed = ("changes", "t.org", "--since", "365d", "--list", "--limit", "1000")
    assert "'=cmd()" in ask(*listed).stdout
    assert "evil[2J" in ask(*listed, "--table").stdout
    rows = [json.loads(line) for line in ask(*listed, "--nl").stdout.splitlines()]
    assert HOSTILE in {row["anchor"] for row in rows}, "a program gets what was written"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_sql_is_shown_and_not_run(ask: Any, command: tuple[str, ...]) -> None:
    shown = ask(*command, "--show-sql")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("-- ")
    assert '"domain": ' in shown.stdout


def test_an_answer_goes_on_where_it_said(ask: Any) -> None:
    whole = ask("gap", "t.org", "--vs", "u.org", "--vs", "v.co.uk", "--nl").stdout.splitlines()
    found: list[str] = []
    after: list[str] = []
    while True:
        ran = ask(
            "gap", "t.org", "--vs", "u.org", "--vs", "v.co.uk", "--nl", "--limit", "2", *after
        )
        found += ran.stdout.splitlines()
        if "--after" not in ran.stderr:
            break
        after = ["--after", ran.stderr.split("--after ")[1].strip()]
    assert found == whole
    assert len(whole) > 2
    refused = ask("broken", "t.org", *after)
    assert refused.exit_code == 2
    assert "belongs to another question" in refused.stderr


def test_a_table_of_networks_says_how_concentrated_they_are(ask: Any) -> None:
    ran = ask("networks", "t.org", "--by", "ip", "--table")
    assert "effective" not in ran.stdout
    assert "as concentrated as" in ran.stderr
    assert "addresses" in ran.stderr


def test_outlinks_of_a_page_are_links_and_of_a_domain_domains(ask: Any) -> None:
    assert "target_url" in ask("outlinks", "u.org/p").stdout
    assert ask("outlinks", "u.org").stdout.startswith("name,live,")
    assert "target_url" in ask("outlinks", "u.org", "--rel", "followed").stdout


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("changes", "t.org", "--only", "lost"), "add --list"),
        (("outlinks", "u.org", "--per", "page", "--rel", "ugc"), "add --per link"),
        (("gap", "t.org", "--vs", "t.org"), "a domain other than t.org"),
        (("gap", "t.org"), "--vs"),
        (("similar", "t.org", "--country", "deu"), "give its two letters"),
        (("similar", "no domain"), "is no domain"),
        (("between", "t.org", "www.t.org"), "both of t.org"),
        (("networks", "no such"), "is no domain, host or URL"),
        (("changes", "t.org", "--since", "yesterday"), "is no time"),
        (("history", "t.org", "--after", "x"), "no place in an answer"),
    ],
)
def test_what_can_not_be_asked_is_told_with_what_can(
    ask: Any, command: tuple[str, ...], said: str
) -> None:
    ran = ask(*command)
    assert ran.exit_code == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.output
