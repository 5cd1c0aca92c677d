"""What operators type: names and amounts are checked, and nothing is told before the log has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import backlinks  # noqa: F401 - adds the commands
from pipeline.control import Controls
from pipeline.errors import LogBusy
from pipeline.follow import now_in
from pipeline.log.sqlite import SqliteLog
from pipeline.report import saying
from pipeline.report.commands import cli

Say = Callable[..., Result]


@pytest.fixture
def say(tmp_path: Path) -> Say:
    """A command of `backlinks admin` over a log in a file, without an index."""
    return lambda *words: CliRunner().invoke(cli, ["--data", str(tmp_path), "admin", *words])


@pytest.fixture
def heard(tmp_path: Path) -> Callable[[], Controls]:
    def hear() -> Controls:
        with closing(SqliteLog(tmp_path / "log.sqlite")) as log:
            return now_in(log)

    return hear


@pytest.mark.parametrize(
    ("words", "verb", "value"),
    [
        ("block", "block", 1),
        ("unblock", "block", 0),
        ("delay --seconds 2.5", "delay", 2.5),
        ("delay --lift", "delay", -1),
        ("budget --pages 0", "budget", 0),
        ("budget --lift", "budget", -1),
        ("priority --to -10", "priority", -10),
        ("priority --lift", "priority", 0),
        ("requeue", "requeue", 0),
        ("purge", "purge", 0),
    ],
)
def test_what_is_typed_is_what_the_log_has(
    say: Say, heard: Callable[[], Controls], words: str, verb: str, value: float
) -> None:
    if words == "unblock" or "--lift" in words:
        amount = {
            "delay": ("--seconds", "1"),
            "budget": ("--pages", "1"),
            "priority": ("--to", "1"),
        }
        say("frontier", verb, *amount.get(verb, ()), "example.org", "example.net")
    told = say("frontier", *words.split(), "https://Example.ORG/", "example.net", "--note", "why")
    assert told.exit_code == 0, told.output
    assert told.stdout == "".join(
        f"{words.split()[0]}: {name} and all hosts below it\n"
        for name in ("example.org", "example.net")
    )
    found = heard().said()
    assert [(one.verb, one.name, one.value, one.note) for one in found] == [
        (verb, "example.net", value, "why"),
        (verb, "example.org", value, "why"),
    ]
    assert {one.who for one in found} == {saying.who()}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("frontier block", "Missing argument"),
        ("frontier block https://example.org/page", "only a host can be named here: example.org"),
        ("frontier block *.example.org", "stands for all hosts below it"),
        ("frontier block jo@example.org", "has an @"),
        ("frontier delay example.org", "give --seconds, or --lift"),
        ("frontier delay example.org --seconds 1 --lift", "give --seconds, or --lift"),
        ("frontier delay example.org --seconds 1e9", "not in the range"),
        ("frontier budget www.example.org --pages 5", "of a registered domain: example.org"),
        ("frontier priority example.org --to 11", "not in the range"),
        ("suppress", "which?"),
        ("suppress example.org", "say --yes, or look first with --dry-run"),
        ("suppress example.org --lift", "is not suppressed"),
        ("suppress example.org --list --lift", "--list tells of all"),
        ("suppress example.org --list", "--list tells of all"),
        ("suppress example.org --lift --dry-run", "no --dry-run"),
        ("suppress a.test,b.test --yes", "a comma"),
        ("suppress example.org/#/user/jo --yes", "name host example.org if all of it is meant"),
    ],
)
def test_what_can_t_be_meant_is_told_and_said_to_nobody(
    say: Say, heard: Callable[[], Controls], words: str, says: str
) -> None:
    told = say(*words.split())
    assert told.exit_code == 2
    assert says in told.stderr
    assert heard().said() == []


def test_where_there_is_no_index_it_is_told_and_who_only_looks_makes_nothing(
    tmp_path: Path,
) -> None:
    def at(*words: str) -> Result:
        return CliRunner().invoke(cli, ["--data", str(tmp_path / "typo"), "admin", *words])

    for looks in ("frontier list", "suppress --list", "suppress example.org --lift"):
        at(*looks.split())
        assert not (tmp_path / "typo").exists(), looks
    for says in ("pause", "frontier block example.org", "suppress example.org --yes"):
        told = at(*says.split())
        assert told.exit_code == 0
        assert f"no index in {tmp_path / 'typo'} yet; this counts for what will" in told.stderr


def test_of_what_is_lifted_it_is_told_what_was_not_there_and_what_still_holds(say: Say) -> None:
    def told(words: str) -> list[str]:
        return say("frontier", *words.split()).stdout.splitlines()

    say("frontier", "block", "b.test")
    say("suppress", "c.test", "--yes")
    say("frontier", "delay", "b.test", "--seconds", "9")
    assert told("unblock www.b.test a.test") == [
        "www.b.test was not blocked",
        "www.b.test is still blocked by b.test",
        "a.test was not blocked",
    ]
    assert told("unblock c.test") == ["c.test was not blocked", "c.test is still suppressed"]
    assert told("unblock b.test www.b.test")[-1] == "www.b.test was not blocked"
    assert told("delay www.b.test --lift")[-1] == "www.b.test is still delayed by b.test"
    assert told("budget b.test --lift") == ["b.test was not given a budget"]


def test_a_public_suffix_is_said_to_cover_its_own_host_alone(say: Say) -> None:
    assert "alone, which is a public suffix" in say("frontier", "block", "github.io").stderr


def test_a_pause_is_told_with_what_was_before(say: Say, heard: Callable[[], Controls]) -> None:
    told = [say(word).stdout for word in ("resume", "pause", "pause", "resume")]
    assert told == ["nothing was paused\n", "paused\n", "already paused\n", "resumed\n"]
    assert not heard().paused


def test_what_is_in_force_is_listed_and_what_was_lifted_is_not(say: Say) -> None:
    say("frontier", "delay", "example.org", "--seconds", "3", "--note", "slow")
    say("frontier", "block", "example.net")
    say("frontier", "unblock", "example.net")
    (row,) = json.loads(say("frontier", "list", "--json").stdout)
    assert {
        "verb": "delay",
        "name": "example.org",
        "value": 3,
        "note": "slow",
    }.items() <= row.items()


def test_what_is_suppressed_without_an_index_is_suppressed_once_there_is_one(
    say: Say, heard: Callable[[], Controls]
) -> None:
    told = say("suppress", "example.org/people/", "--yes", "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout) == []
    assert "suppressed: pages of example.org whose path begins with /people/" in told.stderr
    assert heard().suppressed("example.org", "/people/jo", "example.org")
    (row,) = json.loads(say("suppress", "--list", "--json").stdout)
    assert (row["name"], row["erased"]) == ("example.org/people/", None)
    assert say("suppress", "example.org/people/", "--lift").exit_code == 0
    assert not heard().suppresses


def test_nothing_is_told_where_the_log_did_not_take_it(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> Any:
        raise LogBusy("no broker answers")

    monkeypatch.setattr(SqliteLog, "_append", away)
    for words in (["pause"], ["frontier", "block", "example.org"], ["suppress", "a.org", "--yes"]):
        told = say(*words)
        assert told.exit_code == 1
        assert "no broker answers" in told.stderr
        assert not {"paused", "suppressed:", "block:"} & set(told.output.split())
