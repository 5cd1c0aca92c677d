"""The commands that ask about the links to a target: their forms, their options, hostile text."""

from __future__ import annotations

import csv
import datetime
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click import BadParameter
from click.testing import CliRunner, Result

import backlinks  # noqa: F401 - adds the commands
from pipeline.index.lifecycle import Lifecycle
from pipeline.report import commands
from pipeline.report.asking import Moment
from pipeline.report.commands import cli
from pipeline.store import Store
from tests.support.records import DAY, START, TODAY, Link, page, write

TARGET = "target.example"
QUESTIONS = {
    "links": ("links", TARGET, "--all", "--context"),
    "refs": ("refs", TARGET),
    "anchors": ("anchors", TARGET),
    "terms": ("anchors", TARGET, "--terms"),
    "pages": ("pages", TARGET),
    "show": ("show", TARGET),
}
HOSTILE = "\x1b[2J\u202e=cmd|' /C calc'!A0\r\n\u2066[bold]x[/bold]\x9b"
FORBIDDEN = set("\x1b\x9b\u202e\u2066\x00\x07")
Ask = Callable[..., Result]


@pytest.fixture(scope="module")
def indexed(shared_store: Store) -> Store:
    links = [
        Link(f"https://{TARGET}/", anchor="one"),
        Link(f"https://www.{TARGET}/a", anchor="two words", rel=1, position="footer"),
        Link(f"https://{TARGET}/=1+1?x=%1b", anchor=HOSTILE, before=HOSTILE, after="=2+2"),
        Link(f"https://{TARGET}/@sum", anchor="=1+1"),
    ]
    pages = [
        page(f"https://{host}/{path}", START, links, language="en")
        for host in ("a.example", "www.b.example", "c.example")
        for path in ("", "-x")
    ]
    own = page(
        f"https://{TARGET}/", START, outcome="redirect", final_url="https://x.example/\u202e\x1b"
    )
    gone = [
        page("https://d.example/", START + n * DAY, links[:1] if n == 0 else []) for n in (0, 1, 2)
    ]
    write(shared_store, [*pages, own, *gone], TODAY)
    Lifecycle(shared_store, 0).run()
    return shared_store


@pytest.fixture
def ask(indexed: Store, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The command line over that store, on no terminal."""
    monkeypatch.setattr(commands, "open_to_read", lambda *_: (indexed, lambda: None))
    monkeypatch.setenv("COLUMNS", "250")

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli, [str(one) for one in arguments])

    return run


def rows(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


@pytest.mark.parametrize("name", QUESTIONS)
def test_hostile_text_reaches_no_terminal(ask: Ask, name: str) -> None:
    words = QUESTIONS[name]
    ran = ask(*words) if name == "show" else ask(*words, "--table")
    assert ran.exit_code == 0, ran.output
    assert not set(ran.stdout) & FORBIDDEN
    if name in ("links", "anchors"):
        assert "[bold]x[/bold]" in ran.stdout, "markup is text"


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name != "show"])
def test_hostile_text_is_no_formula_in_a_spreadsheet(ask: Ask, name: str) -> None:
    ran = ask(*QUESTIONS[name], "--csv")
    found = rows(ran)
    assert found
    cells = [cell for row in found for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))]
    assert "\r" not in ran.stdout


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_shows_its_sql_and_asks_nothing(
    ask: Ask, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "open_to_read", None)
    ran = ask(*QUESTIONS[name], "--show-sql")
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.startswith("-- ")
    assert f'"{TARGET}"' in ran.stdout
    assert "SELECT" in ran.stdout


@pytest.mark.parametrize(
    "words",
    [("links", TARGET, "--all"), ("links", TARGET, "--kind", "a", "--kind", "form"),
     ("links", TARGET, "--path", "/it's \\ $HOME `id`", "--state", "all"),
     ("links", TARGET, "--anchor", "one\n; DROP TABLE links\té"), ("refs", TARGET),
     ("gap", "other.example", "--vs", TARGET, "--vs", "it.example"),
     ("sql", "SELECT {a:Array(String)} AS a, {t:String} AS t", "-p", "a", "['x\\'y', '\\n']",
      "-p", "t", "a\\b'"),
    ],
    ids=range(7),
)  # fmt: skip
def test_the_sql_that_is_shown_says_how_to_ask_it(
    ask: Ask, words: tuple[str, ...], tmp_path: Path
) -> None:
    shown = ask(*words, "--show-sql").stdout
    (tmp_path / "q.sql").write_text(shown)
    (line,) = (line for line in shown.splitlines() if line.startswith("-- backlinks sql @q.sql "))
    listing = f"printf '%s\\0' {line.removeprefix('-- backlinks ')}"
    given = subprocess.run(["bash", "-c", listing], check=True, capture_output=True, text=True)
    asked, _, *more = given.stdout.split("\0")[:-1]
    ran = ask(asked, f"@{tmp_path / 'q.sql'}", *more, "--json")
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout) == json.loads(ask(*words, "--json").stdout)


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name != "show"])
def test_forms_tell_the_same(ask: Ask, name: str, tmp_path: Path) -> None:
    words = QUESTIONS[name]
    array = json.loads(ask(*words, "--json").stdout)
    assert array == [json.loads(line) for line in ask(*words, "--nl").stdout.splitlines()]
    file = tmp_path / "answer.parquet"
    assert ask(*words, "-o", file).exit_code == 0
    assert pq.read_table(file).num_rows == len(array) == len(rows(ask(*words)))


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name != "show"])
def test_an_answer_that_is_cut_says_where_it_goes_on(ask: Ask, name: str) -> None:
    words = QUESTIONS[name]
    whole = rows(ask(*words))
    first = ask(*words, "--limit", 1)
    assert rows(first) == whole[:1]
    told = first.stderr.splitlines()[-1]
    assert told.startswith("there is more: --after ")
    rest = ask(*words, "--after", told.rpartition(" ")[2], "--limit", len(whole))
    assert rows(rest) == whole[1:]
    assert rest.stderr == ""


def test_links_are_folded_by_domain_unless_told_otherwise(ask: Ask) -> None:
    folded = rows(ask("links", TARGET))
    assert [(row["source_domain"], row["similar"]) for row in folded] == [
        ("a.example", "7"), ("b.example", "7"), ("c.example", "7"),
    ]  # fmt: skip
    assert len(rows(ask("links", TARGET, "--per", "page"))) == 6
    assert len(rows(ask("links", TARGET, "--all"))) == 24
    assert len(rows(ask("links", f"www.{TARGET}", "--all"))) == 6
    assert len(rows(ask("links", f"{TARGET}/", "--mode", "url", "--all"))) == 6


def test_options_are_filters(ask: Ask) -> None:
    nofollow = rows(ask("links", TARGET, "--rel", "nofollow", "--position", "footer"))
    assert {row["anchor"] for row in nofollow} == {"two words"}
    (lost,) = rows(ask("links", TARGET, "--state", "lost"))
    assert (lost["source_domain"], lost["reason"]) == ("d.example", "removed")
    (went,) = rows(ask("refs", TARGET, "--state", "lost"))
    assert went["lost_by"].startswith("2023-11-15")
    assert rows(ask("refs", TARGET, "--since", "2023-11-15")) == []
    assert len(rows(ask("refs", TARGET, "--until", "2023-11-14"))) == 3
    assert rows(ask("refs", TARGET, "--authority", "1")) == []
    assert rows(ask("links", TARGET, "--since", "30d")) == []


def test_a_path_without_its_slash_is_one_with_it(ask: Ask) -> None:
    (found,) = rows(ask("links", TARGET, "--path", "a", "--per", "domain", "--limit", 1))
    assert found["target_url"] == f"https://www.{TARGET}/a"
    assert rows(ask("links", TARGET, "--path", "/a", "--limit", 1)) == [found]
    assert rows(ask("links", TARGET, "--language", " EN ", "--limit", 1))


def test_who_links_can_be_told_at_80_columns(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    header, _, *found = ask("links", TARGET, "--all", "--table").stdout.splitlines()
    assert header.startswith("source url ")
    assert all(len(line) <= 80 for line in found)
    assert {line.partition(" ")[0] for line in found if line.startswith("https://www.")} == {
        "https://www.b.example/", "https://www.b.example/-x",
    }  # fmt: skip
    assert sum(f"https://{TARGET}/" in line for line in found) > 6


def test_show_tells_a_part_of_a_domain(ask: Ask) -> None:
    ran = ask("show", f"www.{TARGET}")
    assert f"www.{TARGET} (host of {TARGET})" in ran.stdout
    assert "6 live" in ran.stdout
    assert json.loads(ask("show", TARGET, "--json").stdout)["counts"]["live"] == 24


def test_show_why_asks_for_reasons_and_says_where_there_is_no_snapshot(ask: Ask) -> None:
    assert "in no snapshot: run `backlinks score`" in ask("show", TARGET, "--why").stdout
    told = json.loads(ask("show", f"www.{TARGET}", "--why", "--json").stdout)
    assert (told["domain"], told["quality"]) == (TARGET, None)
    assert "FROM domain_evidence(" in ask("show", TARGET, "--why", "--show-sql").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("links", "no such domain"), "'no such domain' is no domain, host or URL"),
        (("show", "*.example.org"), "give the domain for all of its hosts"),
        (("links", TARGET, "--after", "x"), "--after 'x' is no place in an answer"),
        (("refs", TARGET, "--after", ""), ""),
        (("links", TARGET, "--country", "deu"), "give its two letters"),
        (("links", TARGET, "--language", "zzz9"), "'zzz9' is no language; give its two or three"),
        (("similar", TARGET, "--language", "%"), "'%' is no language"),
        (("links", TARGET, "--authority", "nan"), "--authority nan is no number; give one from 0"),
        (("refs", TARGET, "--min-risk", "nan"), "--min-risk nan is no number"),
        (("broken", TARGET, "--authority", "NaN"), "--authority NaN is no number"),
        (("changes", TARGET, "--list", "--authority", "nan"), "--authority nan is no number"),
        (("links", TARGET, "--unknown-risk"), "goes with --min-risk or --max-risk"),
        (("links", TARGET, "--all", "--per", "page"), "--all is the same as --per link"),
        (("links", TARGET, "--per", "domain", "--all"), "--all is the same as --per link"),
        (("links", TARGET, "--json", "--csv"), "--csv and --json are two forms: give one"),
        (("sql", "SELECT 1", "--nl", "--table"), "--table and --nl are two forms"),
        *(
            (
                (*words, "--since", "2026-02-03", "--until", "2026-02-01"),
                "nothing is from 2026-02-03 00:00 on and before 2026-02-02 00:00; give an earlier",
            )
            for words in (
                ("links", TARGET),
                ("refs", TARGET),
                ("changes", TARGET),
                ("changes", TARGET, "--list"),
                ("history", TARGET),
            )
        ),
        (("changes", TARGET, "--until", "2020-01-01"), "give an earlier --since"),
        (("links", TARGET, "--since", "2026-02-03", "--until", "2026-02-03"), ""),
    ],
)
def test_what_can_not_be_asked_is_refused_in_one_line(
    ask: Ask, words: tuple[str, ...], said: str
) -> None:
    ran = ask(*words)
    assert ran.exit_code == (2 if said else 0)
    assert said in ran.stderr
    assert ran.stderr.count("\n") <= 1


def test_a_time_is_a_day_a_moment_or_days_ago() -> None:
    def at(text: str, *, end: bool = False) -> int:
        return int(Moment(end=end).convert(text, None, None))

    day = int(datetime.datetime(2026, 3, 31, tzinfo=datetime.UTC).timestamp() * 1000)
    assert at("2026-03-31") == day
    assert at("2026-03-31", end=True) == day + DAY
    assert at("2026-03-31T12:00", end=True) == at("2026-03-31T12:00") == day + DAY // 2
    assert at("2026-03-31T12:00+02:00") == day + 10 * DAY // 24
    assert TODAY - 30 * DAY <= at("30d") <= TODAY - 29 * DAY
    for text in ("yesterday", "31.03.2026", "-1d", "", "999999d"):
        with pytest.raises(BadParameter, match="is no time"):
            at(text)
