"""The command line where things go wrong: one line that names it and says what to do, the right
exit code, nothing lost; and hostile text on its way to a terminal or a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import backlinks as root  # noqa: F401 - adds the commands that compose
from demo.serve import Answer, Asked, LoopbackWeb
from pipeline.log.sqlite import SqliteLog
from pipeline.report.commands import cli
from pipeline.store.directory import Held
from tests.support.command import REPOSITORY, Ran, at, backlinks

pytestmark = pytest.mark.xdist_group("commands")

CONTACT = ("--contact", "https://bot.example/")


def one_line(ran: Ran, code: int) -> str:
    """The error, which is one line on stderr, without a traceback, and nothing on stdout."""
    assert ran.code == code, ran
    assert ran.out == ""
    assert ran.err.startswith("backlinks: ")
    assert ran.err.count("\n") == 1
    assert ran.err.endswith("\n")
    assert "Traceback" not in ran.err
    return ran.err


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with nothing in it, to be copied."""
    data = tmp_path_factory.mktemp("made") / "data"
    ran = backlinks("admin", "migrate", data=data)
    assert ran.code == 0, ran.err
    assert "at schema" in ran.out
    SqliteLog(data / "log.sqlite").close()
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data", symlinks=True))  # chDB has some


# --- seeds ---


@pytest.mark.parametrize(
    ("seed", "reason"),
    [("mailto:me@example.org", "mailto"), ("me@example.org", "invalid"), ("", "empty"),
     ("http://", "no_host"), ("ftp://example.org/", "ftp"), ("http://exa mple.org/", "invalid"),
     ("https://8.8.8.8/", "ip"), ("http://example.org/" + "x" * 3000, "too_long"),
     ("http://[::1", "invalid")],
)  # fmt: skip
def test_a_seed_that_is_no_url_is_named_with_its_reason(
    seed: str, reason: str, tmp_path: Path
) -> None:
    said = one_line(backlinks("run", seed, *CONTACT, data=tmp_path / "data"), 2)
    assert seed[:100] in said
    assert f"({reason})" in said
    assert "https://example.org/" in said
    assert not (tmp_path / "data").exists()


def test_one_bad_seed_among_good_ones_stops_the_run_before_it_begins(tmp_path: Path) -> None:
    ran = backlinks("run", "example.org", "javascript:x", *CONTACT, data=tmp_path / "data")
    assert "javascript:x" in one_line(ran, 2)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "arguments",
    [("run", "https://example.org/"), ("run",), ("check", "https://example.org/"),
     ("worker", "crawl"), ("worker", "plan", "example.org"),
     ("run", "http://localhost/", "--allow-private", "127.0.0.0/8", "--scope", "open")],
)  # fmt: skip
def test_without_a_contact_the_exact_flag_is_printed(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    said = one_line(backlinks(*arguments, data=tmp_path / "data"), 2)
    assert "add --contact https://YOUR-SITE/ABOUT-THE-BOT" in said


def test_a_site_on_this_machine_must_be_asked_for(tmp_path: Path) -> None:
    ran = backlinks(
        "run", "https://example.org/", "http://localhost:8000/", *CONTACT, data=tmp_path / "data"
    )
    said = one_line(ran, 2)
    assert "localhost:8000 is on this machine" in said
    assert "add --allow-private 127.0.0.0/8" in said


@pytest.mark.parametrize("text", ["\x1b[31mred\x1b[0m", "a b\n", "\u202egnp.exe"])
def test_what_is_quoted_in_an_error_can_not_move_the_cursor(text: str, tmp_path: Path) -> None:
    said = one_line(backlinks("run", f"http://{text}", *CONTACT, data=tmp_path / "data"), 2)
    assert not set(said[:-1]) & {"\x1b", "\n", "\u202e"}
    said = one_line(backlinks("show", f"{text} x", data=tmp_path / "data"), 2)
    assert not set(said[:-1]) & {"\x1b", "\n", "\u202e"}


# --- configuration ---


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = one_line(backlinks("--config", tmp_path / "none.toml", "status", cwd=tmp_path), 2)
    assert f"can't read the configuration {tmp_path / 'none.toml'}" in said
    (tmp_path / "folder.toml").mkdir()
    said = one_line(backlinks("--config", tmp_path / "folder.toml", "status", cwd=tmp_path), 2)
    assert "directory" in said


@pytest.mark.parametrize("content", [b"[crawl\n", b"\xff\xfe\x00", b"a = \n", b"crawl = 1 = 2"])
def test_a_configuration_that_is_no_toml_is_named_with_its_line(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "backlinks.toml").write_bytes(content)
    said = one_line(backlinks("status", cwd=tmp_path), 2)
    assert "the configuration backlinks.toml is not TOML" in said


def test_an_unknown_setting_is_named_beside_those_that_are_known(tmp_path: Path) -> None:
    (tmp_path / "backlinks.toml").write_text("[crawl]\ndelay = 3\n", encoding="utf-8")
    said = one_line(backlinks("status", cwd=tmp_path), 2)
    assert "unknown setting 'crawl.delay' in backlinks.toml" in said
    assert "delay_s" in said
    (tmp_path / "backlinks.toml").write_text("[crawler]\ndelay_s = 3\n", encoding="utf-8")
    said = one_line(backlinks("status", cwd=tmp_path), 2)
    assert "unknown setting 'crawler'" in said
    assert "archive, consume, crawl, data, kafka, log, metrics, plan" in said


def test_an_unknown_setting_of_the_environment_is_named(tmp_path: Path) -> None:
    ran = backlinks("status", cwd=tmp_path, environment={"BACKLINKS_CRAWL__SPEED": "9"})
    said = one_line(ran, 2)
    assert "crawl.speed" in said
    assert "environment" in said


@pytest.mark.parametrize(
    ("flags", "name"),
    [(("--delay", "-1"), "crawl.delay_s"), (("--scope", "hops:x"), "plan.scope"),
     (("--pages", "0"), "plan.pages"), (("--concurrency", "100000"), "crawl.concurrency"),
     (("--connect-to", "nowhere"), "crawl.connect_to"),
     (("--connect-to", "127.0.0.1:0:99999"), "crawl.connect_to"),
     (("--allow-private", "10.0.0.0/99"), "crawl.allow_private")],
)  # fmt: skip
def test_a_value_that_a_setting_can_not_take_is_named(
    flags: tuple[str, str], name: str, tmp_path: Path
) -> None:
    ran = backlinks("run", "example.org", *CONTACT, *flags, data=tmp_path / "data")
    said = one_line(ran, 2)
    assert f"setting '{name}' in the flags can't be" in said
    assert "docs/settings.md" in said
    assert not (tmp_path / "data").exists()


def test_trusted_seeds_that_can_not_be_read_are_named_with_their_line(tmp_path: Path) -> None:
    trusted = tmp_path / "trusted.txt"
    arguments = ("score", "--seeds", trusted)
    assert str(trusted) in one_line(backlinks(*arguments, data=tmp_path / "data"), 2)
    trusted.write_text("example.org\n\n# a comment\nno host here\n", encoding="utf-8")
    assert f"{trusted}, line 4" in one_line(backlinks(*arguments, data=tmp_path / "data"), 2)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [(("score", "--seeds"), "trusted seeds"), (("score", "--spam"), "known spam"),
     (("seeds", "suggest", "--listed"), "listed domains")],
    ids=["seeds", "spam", "listed"],
)  # fmt: skip
def test_a_list_of_domains_that_is_missing_or_no_text_is_told_in_plain_words(
    arguments: tuple[str, ...], what: str, tmp_path: Path
) -> None:
    file = tmp_path / "list.txt"
    missing = in_process(*arguments, str(file))
    assert missing == f"backlinks: can't read the {what} {file}: No such file or directory\n"
    file.write_bytes(b"example.org\n\x7fELF\xff\xfe")
    binary = in_process(*arguments, str(file))
    assert binary.startswith(f"backlinks: can't read the {what} {file}: line 2 is not UTF-8; give")


def in_process(*arguments: str) -> str:
    """What it says on stderr where it is asked for what is wrong."""
    ran = CliRunner().invoke(cli, arguments)
    assert (ran.exit_code, ran.stdout) == (2, "")
    return ran.stderr


# --- the store and the log ---


def test_without_an_index_reading_says_how_to_make_one(tmp_path: Path) -> None:
    for arguments in (("show", "example.org"), ("links", "example.org"), ("domains",),
                      ("sql", "SELECT 1"), ("status",)):  # fmt: skip
        said = one_line(backlinks(*arguments, data=tmp_path / "data"), 1)
        assert f"there is no index in {tmp_path / 'data'}" in said
        assert "backlinks run SEED" in said
    assert not (tmp_path / "data").exists()


def test_an_index_without_pages_can_not_be_scored(data: Path) -> None:
    assert "crawl some with `backlinks run SEED`" in one_line(backlinks("score", data=data), 1)


def test_a_data_directory_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for path in (tmp_path / "file", tmp_path / "file" / "data"):
        said = one_line(backlinks("run", "example.org", *CONTACT, data=path, cwd=tmp_path), 1)
        assert f"can't use the data directory {path}" in said
        assert "--data" in said


def rewrite_migration(data: Path, number: int, name: str, suffix_list: str) -> None:
    """As another version of this program would have left the store. chDB opens a directory once
    a process, so in another."""
    script = f"""
import sys
from pathlib import Path
from pipeline.store.chdb import ChdbStore
store = ChdbStore(Path(sys.argv[1]) / "store")
store.execute('''INSERT INTO migrations SELECT {number}, '{name}', checksum, '{suffix_list}',
applied + 1 FROM migrations WHERE number = 1''')
store.close()
"""
    subprocess.run([sys.executable, "-c", script, str(data)], check=True, cwd=REPOSITORY)


def test_a_store_of_a_newer_schema_is_refused_and_left_alone(data: Path) -> None:
    rewrite_migration(data, 9001, "future", "x")
    for arguments in (("status",), ("run", "example.org", *CONTACT), ("admin", "migrate")):
        said = one_line(backlinks(*arguments, data=data), 1)
        assert "9001_future, newer than this program" in said
        assert "upgrade backlink-index" in said


def test_a_store_of_another_suffix_list_is_refused_and_left_alone(data: Path) -> None:
    rewrite_migration(data, 1, "index", "0123456789ab")
    for arguments in (("status",), ("run", "example.org", *CONTACT)):
        said = one_line(backlinks(*arguments, data=data), 1)
        assert "public suffix list 0123456789ab" in said
        assert "--data" in said


def test_a_locked_directory_names_who_holds_it_and_works_when_released(data: Path) -> None:
    held = Held(data, "backlinks elsewhere")
    try:
        for arguments in (("status",), ("run", "example.org", *CONTACT), ("score",)):
            said = one_line(backlinks(*arguments, data=data), 1)
            assert f"{data} is held by process {os.getpid()} (backlinks elsewhere, since" in said
    finally:
        held.release()
    assert backlinks("status", data=data).code == 0


def test_a_holder_that_does_not_answer_is_named(data: Path) -> None:
    held = Held(data, "backlinks run")
    held.tell(str(data / "no.sock"))
    try:
        assert "is held by process" in one_line(backlinks("status", data=data), 1)
    finally:
        held.release()


@pytest.mark.parametrize("keep", [0.5, 0.01])
def test_a_truncated_log_is_named_with_what_to_do_and_the_store_is_whole(
    keep: float, data: Path
) -> None:
    log = data / "log.sqlite"
    content = log.read_bytes()
    log.write_bytes(content[: int(len(content) * keep)])
    for arguments in (("status",), ("run", "example.org", *CONTACT)):
        said = one_line(backlinks(*arguments, data=data), 1)
        assert f"the log {log} is damaged" in said
        assert "move this file away" in said
    log.rename(data / "log.damaged")
    assert backlinks("status", data=data).code == 0


def test_a_log_that_is_no_log_is_named(data: Path) -> None:
    (data / "log.sqlite").write_bytes(b"something else entirely" * 1000)
    assert "is damaged" in one_line(backlinks("status", data=data), 1)


# --- questions and answers ---


def test_a_domain_that_is_none_is_named(tmp_path: Path) -> None:
    for command in ("show", "links", "refs", "anchors", "pages"):
        said = one_line(backlinks(command, "no such domain", data=tmp_path / "data"), 2)
        assert "'no such domain' is no domain, host or URL" in said


@pytest.mark.parametrize(
    "query",
    ["INSERT INTO links SELECT * FROM links", "DROP TABLE links", "TRUNCATE TABLE links",
     "ALTER TABLE links DELETE WHERE 1", "CREATE TABLE x (a Int) ENGINE = Memory",
     "SET readonly = 0", "  -- SELECT\n DROP TABLE links", "SYSTEM SHUTDOWN",
     "OPTIMIZE TABLE links"],
)  # fmt: skip
def test_sql_refuses_what_does_not_read(query: str, data: Path) -> None:
    assert "only reads" in one_line(backlinks("sql", "--", query, data=data), 2)


@pytest.mark.parametrize(
    "query",
    ["SELECT 1; DROP TABLE links", "EXPLAIN SELECT 1; TRUNCATE TABLE links",
     "SELECT 1 SETTINGS readonly = 0", "SELECT * FROM nowhere", "SELECT 1 +"],
)  # fmt: skip
def test_sql_that_the_store_refuses_is_one_line(query: str, data: Path) -> None:
    one_line(backlinks("sql", query, data=data), 1)
    assert backlinks("sql", "SELECT count() FROM links", data=data).out == "count()\n0\n"


def test_a_query_may_begin_with_a_comment(data: Path) -> None:
    ran = backlinks("sql", "-- how many\nSELECT count() AS n FROM links", data=data)
    assert ran.out == "n\n0\n"


def test_a_file_that_can_not_be_written_is_named_and_nothing_is_left(
    data: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken.csv").mkdir()
    for file in (tmp_path / "no" / "where.csv", tmp_path / "taken.csv",
                 tmp_path / "no" / "where.parquet"):  # fmt: skip
        said = one_line(backlinks("sql", "SELECT 1", "-o", file, data=data), 1)
        assert f"can't write {file}" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "taken.csv"]


def test_an_ending_that_is_not_known_is_named_beside_those_that_are(
    data: Path, tmp_path: Path
) -> None:
    said = one_line(backlinks("sql", "SELECT 1", "-o", tmp_path / "a.xlsx", data=data), 2)
    assert "a.xlsx" in said
    assert ".parquet, .csv, .json" in said


def test_a_table_is_cut_where_nobody_would_read_on(data: Path) -> None:
    """The rest of the answer is left in the store, which must still close."""
    ran = backlinks("sql", "SELECT * FROM numbers(300000)", "--table", data=data, timeout_s=30)
    assert ran.code == 0
    assert 1_000 <= ran.out.count("\n") < 1_010


def test_a_reader_that_goes_away_is_no_error(data: Path) -> None:
    line = f"{sys.executable} -m backlinks --data {data} sql 'SELECT * FROM numbers(300000)'"
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{line} | head -n 2"],
        capture_output=True, encoding="utf-8", cwd=REPOSITORY, check=False, timeout=60,
    )  # fmt: skip
    assert ran.stdout == "number\n0\n"
    assert ran.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, as Linux has it")
@pytest.mark.parametrize("form", ["--csv", "--json", "--table"])
def test_an_answer_that_can_not_be_written_is_one_line(form: str, data: Path) -> None:
    line = f"{sys.executable} -m backlinks --data {data} sql 'SELECT 1 AS one' {form} > /dev/full"
    ran = subprocess.run(
        ["bash", "-c", line],
        capture_output=True, encoding="utf-8", cwd=REPOSITORY, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 1
    assert ran.stderr == "backlinks: can't write the answer: No space left on device\n"


def test_who_closed_the_output_wants_none(data: Path) -> None:
    line = f"{sys.executable} -m backlinks --data {data} sql 'SELECT 1 AS one' >&- <&-"
    ran = subprocess.run(
        ["bash", "-c", line],
        capture_output=True, encoding="utf-8", cwd=REPOSITORY, check=False, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")


# --- hostile text ---

HOSTILE = (
    "SELECT concat('=cmd|', char(27), ']0;x', char(7), char(27), '[31m', '\u202e', 'gnp', '\u200b',"
    " '\u2066', char(10), char(13), char(9), 'end') AS text"
)


def test_control_and_bidi_characters_never_reach_a_table(data: Path) -> None:
    shown = backlinks("sql", HOSTILE, "--table", data=data).out
    assert "gnp" in shown
    assert not set(shown) & set("\x1b\x07\r\t\u202e\u200b\u2066")
    assert shown.count("\n") <= 4


def test_a_formula_is_guarded_in_csv(data: Path) -> None:
    for start in "=+-@":
        ran = backlinks("sql", f"SELECT '{start}HYPERLINK(1)' AS text", "--csv", data=data)
        assert list(csv.reader(io.StringIO(ran.out)))[1] == [f"'{start}HYPERLINK(1)"]
    assert backlinks("sql", "SELECT -5 AS n", "--csv", data=data).out == "n\n-5\n"


# --- check ---


@pytest.fixture(scope="module")
def web() -> Iterator[LoopbackWeb]:
    def respond(asked: Asked) -> Answer:
        if asked.path == "/robots.txt":
            return Answer(200, b"User-agent: *\nDisallow: /private", [])
        if asked.path != "/":
            return Answer(404)
        body = "<title>\u202eT\x1b[31m</title><p>Rye and wheat are milled here between old stones."
        body += "<a rel=nofollow href=https://www.target.example/p>to \u202ethe target</a>"
        return Answer(200, body.encode(), [("Content-Type", "text/html; charset=utf-8")])

    with LoopbackWeb(respond) as served:
        yield served


def test_check_says_what_a_page_has_and_succeeds_where_it_is_complete(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    ran = backlinks("check", "http://a.example/", *at(web), cwd=tmp_path)
    assert ran.code == 0
    assert "http://a.example/: ok, status 200" in ran.out
    assert "complete: a link that is not on it is not there" in ran.out
    assert "a main nofollow https://www.target.example/p" in ran.out
    assert not set(ran.out) & set("\x1b\u202e")
    assert not any(tmp_path.iterdir())  # nothing is stored


def test_check_to_a_domain_succeeds_only_where_the_link_is(
    web: LoopbackWeb, tmp_path: Path
) -> None:
    arguments = ("check", "http://a.example/", *at(web))
    found = backlinks(*arguments, "--to", "https://target.example/other", cwd=tmp_path)
    missing = backlinks(*arguments, "--to", "other.example", cwd=tmp_path)
    assert (found.code, missing.code) == (0, 1)
    assert "no link to other.example" in missing.out
    assert one_line(backlinks(*arguments, "--to", "no domain", cwd=tmp_path), 2)


def test_check_of_a_page_that_is_no_evidence_fails(web: LoopbackWeb, tmp_path: Path) -> None:
    gone = backlinks("check", "http://a.example/gone", *at(web), cwd=tmp_path)
    assert gone.code == 1
    assert "gone, status 404" in gone.out
    forbidden = backlinks("check", "http://a.example/private", *at(web), cwd=tmp_path)
    assert forbidden.code == 1
    assert "forbidden by robots.txt" in forbidden.out
    assert one_line(backlinks("check", "data:text/html,x", *at(web), cwd=tmp_path), 2)


def test_check_as_json_is_the_whole_record(web: LoopbackWeb, tmp_path: Path) -> None:
    page = json.loads(backlinks("check", "http://a.example/", "--json", *at(web), cwd=tmp_path).out)
    assert page["external"]["domain"] == ["target.example"]


def test_check_refuses_a_private_address(tmp_path: Path) -> None:
    said = one_line(backlinks("check", "http://127.0.0.1:9/", *CONTACT, cwd=tmp_path), 2)
    assert "--allow-private 127.0.0.0/8" in said


# --- help ---


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


ALL = dict(commands(cli, "backlinks"))


@pytest.mark.parametrize("path", ALL)
def test_every_command_has_help_with_an_example(path: str) -> None:
    command = ALL[path]
    text = command.help or ""
    assert text.strip(), f"{path} has no help"
    if not isinstance(command, click.Group):
        examples = [line.strip() for line in text.splitlines()]
        name = path.partition(" ")[2]
        assert any(line.startswith("backlinks ") and f" {name}" in line for line in examples), (
            f"{path} has no example"
        )
    for option in command.params:
        if isinstance(option, click.Option) and "--json" not in option.opts:
            assert option.help or option.name in ("limit", "offset", "state"), f"{path} {option}"


def test_help_is_shown_and_ends_well(tmp_path: Path) -> None:
    ran = backlinks("run", "--help", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    for default in ("[default: site]", "[default: 1000]", "[default: 500]", "[default: 1]"):
        assert default in ran.out


def test_an_unknown_command_or_option_is_a_usage_error(tmp_path: Path) -> None:
    for arguments in (("crawl",), ("run", "--no-such"), ("sql", "SELECT 1", "--no-such")):
        ran = backlinks(*arguments, cwd=tmp_path)
        assert ran.code == 2
        assert "Traceback" not in ran.err


# --- what operators said while nothing ran ---


@pytest.mark.long
def test_a_purge_that_was_said_before_does_not_forget_the_seeds_of_the_next_run(
    data: Path,
) -> None:
    for said in (["block", "example.org"], ["purge", "example.org", "example.net"]):
        assert backlinks("admin", "frontier", *said, data=data).code == 0
    planned = backlinks("worker", "plan", "example.net", *CONTACT, data=data)
    assert "1 requests" in planned.err
    assert backlinks("admin", "frontier", "purge", "example.org", data=data).code == 0
    ran = backlinks("run", "example.org", *CONTACT, "--no-score", data=data)  # it is blocked
    assert ran.code == 0, ran.err
    told = backlinks("admin", "frontier", "show", "example.org", "--csv", data=data)
    assert "https://example.org/" in told.out
    backlinks("admin", "frontier", "requeue", "example.net", data=data)
    left = json.loads(backlinks("admin", "frontier", "list", "--json", data=data).out)
    assert [each["verb"] for each in left] == ["block", "requeue"], "the purges are done"
