"""`backlinks run` from end to end: a process of its own over a web of four sites on loopback."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest

from demo.serve import Answer, Asked, LoopbackWeb, Respond
from tests.support.command import Ran, at, backlinks, start
from tests.support.waiting import PATIENCE_S
from tests.support.web import TreeWeb

pytestmark = pytest.mark.xdist_group("run")

TEXT = "<p>Rye and wheat are milled here between stones that were cut two hundred years ago.</p>"
HOSTILE = "=HYPERLINK(1)\u202egnp.exe\x1b[31m"
SOON = {"BACKLINKS_PLAN__INTERVAL_S": "0.3", "BACKLINKS_CONSUME__FLUSH_AGE_S": "0.1"}

TREE = {
    "www.one.example/index.html": "<nav><a href=/about.html>About</a> <a href=/more.html>More</a>"
    f"</nav><main>{TEXT}<a href=https://two.example/>Two</a> "
    "<a rel=nofollow href=http://three.example/page.html>Three</a></main>"
    "<footer><a rel=sponsored href=https://four.example/>Four</a></footer>",
    "www.one.example/about.html": f"{TEXT}<a href=http://two.example/deep.html>deep</a>",
    "www.one.example/more.html": f"{TEXT}<a href=https://two.example/>{HOSTILE}</a>",
    "two.example/index.html": f"{TEXT}<a href=/deep.html>Deep</a> "
    "<a href=http://www.one.example/>One</a>",
    "two.example/deep.html": f"{TEXT}<a href=http://www.one.example/about.html>about</a>",
    "three.example/page.html": f"{TEXT}<a href=https://two.example/>Two</a>",
}
SEEDS = ("http://www.one.example/", "https://two.example/", "http://three.example/page.html")
LINKS = {
    ("www.one.example/", "two.example/"),
    ("www.one.example/", "three.example/page.html"),
    ("www.one.example/", "four.example/"),
    ("www.one.example/about.html", "two.example/deep.html"),
    ("www.one.example/more.html", "two.example/"),
    ("two.example/", "www.one.example/"),
    ("two.example/deep.html", "www.one.example/about.html"),
    ("three.example/page.html", "two.example/"),
}


class Crawled(NamedTuple):
    data: Path
    ran: Ran
    served: list[tuple[str, str, str]]  # scheme, host, path


class Awaited:
    """Answers as `respond` does, and tells when `count` requests have come."""

    def __init__(self, respond: Respond, count: int) -> None:
        self.respond, self.left = respond, count
        self.reached = threading.Event()

    def __call__(self, asked: Asked) -> Answer:
        self.left -= 1
        if self.left <= 0:
            self.reached.set()
        return self.respond(asked)


def write_tree(root: Path) -> TreeWeb:
    for name, body in TREE.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"<!doctype html><title>{name}</title>{body}", encoding="utf-8")
    return TreeWeb(root)


def many(asked: Asked) -> Answer:
    """Six sites of 21 pages each: every page links to five more of its own and to the next site."""
    path, number = asked.path.rpartition("/")[2], int(asked.host[1])
    if path == "robots.txt":
        return Answer(404)
    page = int(path or 0)
    links = [f"<a href=/{4 * page + i}>more</a>" for i in range(1, 5) if 4 * page + i <= 20]
    there = f"<a href=http://s{(number + 1) % 6}.example/{page}>{page} of the next</a>"
    html = f"<!doctype html><title>{number} {page}</title>{TEXT}{' '.join(links)} {there}"
    return Answer(200, html.encode(), [("Content-Type", "text/html")])


MANY = [f"http://s{number}.example/" for number in range(6)]


def endless(asked: Asked) -> Answer:
    """A site that never ends: each page links to ten that nobody has seen."""
    if asked.path == "/robots.txt":
        return Answer(404)
    number = int(asked.path.strip("/") or 0)
    links = " ".join(f"<a href=/{10 * number + i}>{i}</a>" for i in range(1, 11))
    html = f"<!doctype html><title>{number}</title>{TEXT}{links}<a href=//out.example/>out</a>"
    return Answer(200, html.encode(), [("Content-Type", "text/html")])


def run(data: Path, web: LoopbackWeb, *arguments: object, **more: Any) -> Ran:
    return backlinks("run", *arguments, *at(web), "--delay", 0, data=data, environment=SOON, **more)


def ask(data: Path | None, query: str, **more: Any) -> list[dict[str, Any]]:
    ran = backlinks("sql", query, "--json", data=data, **more)
    assert ran.code == 0, ran.err
    rows: list[dict[str, Any]] = json.loads(ran.out)
    return rows


def tables(data: Path | None = None, **more: Any) -> dict[str, list[dict[str, Any]]]:
    """All that a crawl leaves but for its times."""
    queries = {
        "links": "SELECT source_url, target_url, kind, state, anchor, position, nofollow "
        "FROM link_states ORDER BY ALL",
        "context": "SELECT source_host, source_path, target_host, target_path, text_before, "
        "text_after, ordinal, count FROM link_context FINAL ORDER BY ALL",
        "pages": "SELECT host, path, argMaxMerge(visit).1 AS outcome, "
        "argMaxIfMerge(content).1 AS title FROM pages GROUP BY host, path ORDER BY ALL",
        "frontier": "SELECT host, path, min(hops) AS hops, max(fetched) > 0 AS fetched "
        "FROM frontier GROUP BY host, path ORDER BY ALL",
    }
    return {name: ask(data, query, **more) for name, query in queries.items()}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    directory = tmp_path_factory.mktemp("run")
    tree = write_tree(directory / "tree")
    with LoopbackWeb(tree.respond) as web:
        ran = run(directory / "data", web, *SEEDS, forked=False)  # as its user starts it
        served = [(line.scheme, line.host, line.path) for line in web.log]
    return Crawled(directory / "data", ran, served)


# --- what it says and stores ---


def test_run_says_what_it_fetched_and_what_to_do_next(crawled: Crawled) -> None:
    assert crawled.ran.code == 0
    first, *rest = crawled.ran.out.splitlines()
    assert first == "6 pages (6 ok), 8 links to other domains; nothing more is due in this scope."
    assert "Snapshot of" in rest[0]
    assert "4 domains, 3 edges" in rest[0]  # nofollow and sponsored links are none
    assert "links out of your seeds' sites" in crawled.ran.out
    assert "--scope hops:1 or open" in crawled.ran.out
    assert "backlinks show one.example" in rest[-1]


def test_run_prints_no_progress_where_there_is_no_terminal(crawled: Crawled) -> None:
    assert crawled.ran.err == ""


def test_pages_are_fetched_over_http_and_https_once_each_and_robots_before(
    crawled: Crawled,
) -> None:
    counts = Counter(crawled.served)
    assert set(counts.values()) == {1}
    assert ("https", "two.example", "/") in counts
    assert ("http", "www.one.example", "/about.html") in counts
    first: dict[tuple[str, str], str] = {}
    for scheme, host, path in crawled.served:
        first.setdefault((scheme, host), path)
    assert set(first.values()) == {"/robots.txt"}
    assert all(host != "four.example" for _, host, _ in crawled.served)  # out of scope


def test_every_link_between_domains_is_in_the_index_and_no_other(crawled: Crawled) -> None:
    rows = ask(crawled.data, "SELECT source_url, target_url FROM link_states")
    found = {
        (row["source_url"].partition("//")[2], row["target_url"].partition("//")[2]) for row in rows
    }
    assert found == LINKS
    assert len(rows) == len(LINKS)


# --- the reading commands ---


def test_show_tells_a_domain_on_one_screen(crawled: Crawled) -> None:
    ran = backlinks("show", "https://two.example/", data=crawled.data)
    assert ran.code == 0, ran.err
    assert len(ran.out.splitlines()) <= 24
    assert "Domains       2 live, 0 lost, 0 unverified" in ran.out
    assert "Links         4 live (0 appeared and 4 discovered in 30 days), 0 lost" in ran.out
    assert "100% followed" in ran.out
    assert "unknown without trusted seeds" in ran.out
    assert "2 of its pages crawled" in ran.out
    assert " ms)" in ran.out
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out


def test_show_as_json_is_one_object(crawled: Crawled) -> None:
    found = json.loads(backlinks("show", "two.example", "--json", data=crawled.data).out)
    assert found["counts"]["live"] == 4
    assert found["counts"]["live_domains"] == 2
    assert found["known"]["own_pages"] == 2
    assert {link["source_domain"] for link in found["strongest"]} == {
        "one.example",
        "three.example",
    }


def test_show_of_a_domain_that_nobody_links_says_so(crawled: Crawled) -> None:
    ran = backlinks("show", "nobody.example", data=crawled.data)
    assert ran.code == 0
    assert "no live backlinks known" in ran.out
    assert "0 of its pages crawled" in ran.out


def test_links_are_csv_in_a_pipe(crawled: Crawled) -> None:
    ran = backlinks("links", "two.example", "--all", data=crawled.data)
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert {row["source_url"] for row in rows} == {
        "http://www.one.example/",
        "http://www.one.example/about.html",
        "http://www.one.example/more.html",
        "http://three.example/page.html",
    }
    assert {row["state"] for row in rows} == {"live"}
    # The extractor has taken out the control character, CSV guards the formula.
    hostile = next(row for row in rows if row["source_url"].endswith("more.html"))
    assert hostile["anchor"].startswith("'=HYPERLINK")


def test_links_are_a_table_when_asked(crawled: Crawled) -> None:
    ran = backlinks("links", "two.example", "--all", "--table", data=crawled.data)
    header, rule, *rows = ran.out.splitlines()[1:]  # figures' heads may take a line more
    assert header.split()[:2] == ["source", "url"]
    assert set(rule.strip()) == {"─"}
    assert len([row for row in rows if row.strip()]) == 4
    assert "\u202e" not in ran.out
    assert "\x1b" not in ran.out


def test_links_are_a_table_on_a_terminal(crawled: Crawled) -> None:
    shown, ours = on_terminal("links", "two.example", "--all", data=crawled.data)
    assert shown == 0
    assert "source url" in ours.replace("\x1b[1m", "")
    assert "─" in ours
    assert "\u202e" not in ours
    assert "\x1b[31m" not in ours


def on_terminal(*arguments: str, data: Path) -> tuple[int, str]:
    """The exit code and what a terminal is given."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "backlinks", "--data", str(data), *arguments],
        cwd=data.parent,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "COLUMNS": "160", "TERM": "xterm"},
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            part = os.read(controller, 65_536)
        except OSError:  # the other end was closed
            break
        if not part:
            break
        shown += part
    os.close(controller)
    return process.wait(timeout=PATIENCE_S), shown.decode("utf-8", "replace")


def test_json_is_an_array_and_nl_an_object_a_line(crawled: Crawled) -> None:
    array = json.loads(backlinks("links", "one.example", "--all", "--json", data=crawled.data).out)
    lines = backlinks("links", "one.example", "--all", "--nl", data=crawled.data).out.splitlines()
    assert array == [json.loads(line) for line in lines]
    assert len(array) == 2


def test_an_answer_is_written_to_a_file_by_its_ending(crawled: Crawled, tmp_path: Path) -> None:
    for name in ("links.parquet", "links.csv", "links.jsonl"):
        ran = backlinks("links", "two.example", "--all", "-o", tmp_path / name, data=crawled.data)
        assert (ran.code, ran.out) == (0, "")
        assert ran.err == f"4 rows in {tmp_path / name}\n"
    table = pq.read_table(tmp_path / "links.parquet")
    text = (tmp_path / "links.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    lines = (tmp_path / "links.jsonl").read_text(encoding="utf-8").splitlines()
    assert table.num_rows == len(rows) == len(lines) == 4
    assert table.column("source_url").to_pylist() == [row["source_url"] for row in rows]
    assert not list(tmp_path.glob("*.part"))


def test_show_sql_prints_the_question_and_asks_nobody(tmp_path: Path) -> None:
    for arguments in (("links", "two.example"), ("domains",), ("refs", "two.example"),
                      ("show", "two.example"), ("sql", "SELECT 1")):  # fmt: skip
        ran = backlinks(*arguments, "--show-sql", data=tmp_path / "none")
        assert ran.code == 0, ran.err
        assert "SELECT" in ran.out
    assert '"domain": "two.example"' in backlinks(
        "links", "two.example", "--show-sql", data=tmp_path / "none"
    ).out  # fmt: skip
    assert not (tmp_path / "none").exists()


def test_shown_sql_can_be_asked(crawled: Crawled) -> None:
    for words in (("links", "two.example", "--all"), ("refs", "two.example"), ("domains",)):
        shown = backlinks(*words, "--show-sql", data=crawled.data).out
        text, _, line = shown.rpartition("-- ")
        parameters = [part for item in json.loads(line).items() for part in ("-p", *map(str, item))]
        asked = backlinks("sql", text, *parameters, "--json", data=crawled.data)
        answer = backlinks(*words, "--json", data=crawled.data)
        assert asked.code == 0, asked.err
        assert json.loads(asked.out) == json.loads(answer.out)


def test_refs_lists_who_links_and_domains_the_snapshot(crawled: Crawled) -> None:
    who = json.loads(backlinks("refs", "two.example", "--json", data=crawled.data).out)
    found = {row["source_domain"]: row["live"] for row in who}
    assert found == {"one.example": 3, "three.example": 1}
    every = json.loads(backlinks("domains", "--json", data=crawled.data).out)
    assert every[0]["domain"] == "two.example"
    assert {row["domain"] for row in every} >= {"one.example", "two.example", "three.example"}


def test_sql_takes_parameters_and_reads_its_query_from_a_pipe(crawled: Crawled) -> None:
    ran = backlinks(
        "sql", "-", "-p", "d", "two.example", "--csv", data=crawled.data,
        stdin="SELECT count() AS n FROM backlinks(domain = {d:String});",
    )  # fmt: skip
    assert (ran.code, ran.out) == (0, "n\n4\n")


def test_status_counts_what_is_there(crawled: Crawled) -> None:
    found = json.loads(backlinks("status", "--json", data=crawled.data).out)
    assert (found["pages"], found["domains"], found["links"]) == (6, 3, 8)
    assert (found["snapshots"], found["dead_letters"]) == (1, 0)
    assert sum(found["lag"].values()) == 0
    text = backlinks("status", data=crawled.data).out
    assert "6 of 3 domains" in text
    assert "0 records, 0 dead letters" in text


# --- stopping and going on ---


@pytest.mark.long
def test_a_run_without_external_links_is_scored_and_ends_well(tmp_path: Path) -> None:
    def lonely(asked: Asked) -> Answer:
        return Answer(200, f"<title>alone</title>{TEXT}".encode(), [("Content-Type", "text/html")])

    with LoopbackWeb(lonely) as web:
        ran = run(tmp_path / "data", web, "http://lonely.example/")
    assert (ran.code, ran.err) == (0, "")
    assert "1 domains, 0 edges" in ran.out


@pytest.mark.long
def test_a_budget_stops_the_run_and_the_next_goes_on_where_it_was(tmp_path: Path) -> None:
    data, tree = tmp_path / "data", write_tree(tmp_path / "tree")
    with LoopbackWeb(tree.respond) as web:
        first = run(data, web, *SEEDS, "--pages", 2, "--no-score")
        assert first.out.startswith("2 pages (2 ok)")
        assert "its budget is spent" in first.out
        second = run(data, web, "--no-score")
        assert second.out.startswith("4 pages (4 ok)")
        assert "nothing more is due" in second.out
        third = run(data, web, "--no-score")
        assert third.out.startswith("0 pages (none)")
        pages = Counter(line.path for line in web.log if line.path != "/robots.txt")
    assert sum(pages.values()) == 6  # no page was fetched twice
    assert len(ask(data, "SELECT * FROM link_states")) == len(LINKS)


@pytest.mark.long
def test_a_site_slower_than_the_deadline_is_fetched_whole(tmp_path: Path) -> None:
    """Planning far ahead of a host once left what missed its deadline leased and unfetched, and
    the run said that nothing more was due."""
    data = tmp_path / "data"
    with LoopbackWeb(many) as web:
        ran = backlinks(
            "run", "http://s0.example/", *at(web), "--delay", "0.4", "--no-score", data=data,
            environment={"BACKLINKS_PLAN__DEADLINE_S": "5", "BACKLINKS_PLAN__INTERVAL_S": "0.05"},
        )  # fmt: skip
    assert "nothing more is due" in ran.out
    assert ran.out.startswith("21 pages (21 ok)"), ran.out


@pytest.mark.long
def test_requests_past_their_deadline_are_planned_again_by_the_next_run(tmp_path: Path) -> None:
    """Stopped, and started again only when what it had planned is too old to be fetched."""
    data = tmp_path / "data"
    short = {**SOON, "BACKLINKS_PLAN__DEADLINE_S": "5"}
    with LoopbackWeb(many) as web:
        web.respond = seen = Awaited(many, 30)
        arguments = ["run", *MANY, *at(web), "--delay", "0.3", "--no-score"]
        with start(*arguments, data=data, environment=short) as process:
            assert seen.reached.wait(PATIENCE_S)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE_S)
        expire_requests(data)
        rest = backlinks("run", *at(web), "--delay", 0, "--no-score", data=data, environment=short)
        assert "nothing more is due" in rest.out
    fetched = ask(data, "SELECT DISTINCT host, path FROM page_links")
    assert len(fetched) == 6 * 21, rest.out


def expire_requests(data: Path) -> None:
    """As if minutes had passed: every request in the log is past its deadline."""
    connection = sqlite3.connect(data / "log.sqlite")
    rows = connection.execute(
        "SELECT id, value FROM records WHERE value LIKE '%\"deadline\":%'"
    ).fetchall()
    for number, value in rows:
        wanted = json.loads(value)
        if "deadline" in wanted:
            wanted["deadline"] = 1
            connection.execute(
                "UPDATE records SET value = ? WHERE id = ?", (json.dumps(wanted).encode(), number)
            )
    connection.commit()
    connection.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    data = tmp_path_factory.mktemp("undisturbed") / "data"
    with LoopbackWeb(many) as web:
        ran = run(data, web, *MANY, "--no-score")
    assert ran.out.startswith("126 pages (126 ok), 126 links"), ran.out
    return tables(data)


@pytest.mark.long
def test_ctrl_c_ends_the_run_cleanly_and_the_next_finishes_it(
    tmp_path: Path, undisturbed: dict[str, list[dict[str, Any]]]
) -> None:
    data = tmp_path / "data"
    with LoopbackWeb(many) as web:
        web.respond = seen = Awaited(many, 30)
        arguments = ["run", *MANY, *at(web), "--delay", "0.05", "--no-score"]
        with start(*arguments, data=data, environment=SOON) as process:
            assert seen.reached.wait(PATIENCE_S)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, err) == (0, "")
        assert "; stopped." in out
        stored = len(ask(data, "SELECT DISTINCT host, path FROM page_links"))
        assert out.startswith(f"{stored} pages ({stored} ok)")  # what was fetched is written
        assert 0 < stored < 126
        rest = run(data, web, "--no-score")
        pages = Counter((line.host, line.path) for line in web.log if line.path != "/robots.txt")
    assert rest.out.startswith(f"{126 - stored} pages")
    assert set(pages.values()) == {1}
    assert tables(data) == undisturbed


SCORES_FOR_EVER = """
import os, signal, time
from pipeline.quality import score
def wait(*_, **__):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(600)
score.score = wait
"""


def test_a_signal_while_it_scores_ends_it_at_once_with_all_that_was_crawled(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with LoopbackWeb(many) as web:
        arguments = ["run", MANY[0], *at(web), "--delay", 0, "--pages", 2]
        ran = backlinks(*arguments, data=data, environment=SOON, before=SCORES_FOR_EVER)
    assert ran.code == 0, ran
    assert ran.out.startswith("2 pages (2 ok)"), ran.out
    assert "its budget is spent" in ran.out
    assert ran.err.splitlines()[-1].startswith("scoring was interrupted")
    assert len(ask(data, "SELECT DISTINCT host, path FROM page_links")) == 2


@pytest.mark.long
@pytest.mark.parametrize("killed_at", [9, 70])
def test_a_run_killed_in_the_middle_and_run_again_leaves_the_same_tables(
    killed_at: int, tmp_path: Path, undisturbed: dict[str, list[dict[str, Any]]]
) -> None:
    data = tmp_path / "data"
    with LoopbackWeb(many) as web:
        web.respond = seen = Awaited(many, killed_at)
        arguments = ["run", *MANY, *at(web), "--delay", "0.02", "--no-score"]
        with start(*arguments, data=data, environment=SOON) as process:
            assert seen.reached.wait(PATIENCE_S)
            process.kill()
            process.communicate(timeout=PATIENCE_S)
        assert process.returncode == -signal.SIGKILL
        rest = run(data, web, *MANY, "--no-score")
    assert rest.code == 0, rest.err
    assert "nothing more is due" in rest.out
    assert tables(data) == undisturbed


# --- while it runs ---


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A run that never ends by itself and has written some pages."""
    data = tmp_path / "data"
    with LoopbackWeb(endless) as web:
        web.respond = seen = Awaited(endless, 40)
        arguments = ["run", "http://endless.example/", *at(web), "--delay", "0.05",
                     "--pages", 1_000_000, "--site-pages", 1_000_000, "--no-score"]  # fmt: skip
        with start(*arguments, data=data, environment=SOON) as process:
            try:
                assert seen.reached.wait(PATIENCE_S)
                yield data, process
            finally:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


def test_reading_commands_are_answered_while_a_run_holds_the_store(
    running: tuple[Path, subprocess.Popen[str]],
) -> None:
    data, process = running
    counts = [ask(data, "SELECT count() AS n FROM link_states")[0]["n"] for _ in range(2)]
    assert counts[1] >= counts[0] > 0
    shown = json.loads(backlinks("show", "out.example", "--json", data=data).out)
    assert shown["counts"]["live"] >= counts[1]
    assert backlinks("links", "out.example", "--limit", 1, data=data).code == 0
    status = backlinks("status", data=data)
    assert status.code == 0, status.err
    refused = backlinks("sql", "SELECT * FROM no_such_table", data=data)
    assert refused.code == 1
    assert refused.err.count("\n") == 1
    assert process.poll() is None


def test_a_second_run_is_refused_in_one_line_that_names_the_holder(
    running: tuple[Path, subprocess.Popen[str]],
) -> None:
    data, process = running
    ran = backlinks("run", "http://other.example/", "--connect-to", "127.0.0.1:1:1", data=data)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"backlinks: {data} is held by process {process.pid} (backlinks run")
    assert ran.err.count("\n") == 1
    assert backlinks("score", data=data).code == 1
    assert process.poll() is None


# --- again ---


@pytest.mark.long
def test_again_finds_the_link_that_was_removed_and_the_one_that_came(tmp_path: Path) -> None:
    data, tree = tmp_path / "data", write_tree(tmp_path / "tree")
    more = tmp_path / "tree" / "www.one.example" / "more.html"
    with LoopbackWeb(tree.respond) as web:
        run(data, web, *SEEDS, "--no-score")
        more.write_text(
            f"<!doctype html><title>changed</title>{TEXT}<a href=https://five.example/>Five</a>",
            encoding="utf-8",
        )
        ran = run(data, web, "--again", "--confirm", 0)
    assert ran.code == 0, ran.err
    lost = json.loads(backlinks("links", "two.example", "--state", "lost", "--json", data=data).out)
    assert [(row["source_url"], row["reason"]) for row in lost] == [
        ("http://www.one.example/more.html", "removed")
    ]
    assert lost[0]["lost_by"] > lost[0]["last_seen"]
    came = json.loads(backlinks("links", "five.example", "--json", data=data).out)
    assert [row["not_before"] is not None for row in came] == [True]  # it appeared
    live = json.loads(backlinks("links", "two.example", "--all", "--json", data=data).out)
    assert len(live) == 3
    shown = backlinks("show", "two.example", data=data).out
    assert "1 lost (1 removed)" in shown
