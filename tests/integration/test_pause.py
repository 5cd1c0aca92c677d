"""What operators say while a crawl is under way: heard within seconds, by other processes."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import backlinks  # noqa: F401 - adds the commands
from demo.serve import Answer, Asked, LoopbackWeb
from pipeline.control import Said, message
from pipeline.follow import followed
from pipeline.frontier.plan import Planner
from pipeline.log import CONTROL, CRAWL, REQUESTS, Log
from pipeline.log.kafka import KafkaLog
from pipeline.report.commands import cli
from pipeline.report.planning import Planning
from pipeline.settings import PlanSettings
from pipeline.store.chdb import ChdbStore
from pipeline.url import canonical
from tests.support.cluster import kafka_environment
from tests.support.command import at, start
from tests.support.kafka.fixtures import with_topics
from tests.support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.xdist_group("run")

WITHIN_S = 5.0
QUIET_S = 1.5  # looked at beyond that: at 20 pages a second a spider that went on would be seen
BOTH = {"a.example", "b.example"}
SOON = {"BACKLINKS_PLAN__INTERVAL_S": "0.2", "BACKLINKS_CONSUME__FLUSH_AGE_S": "0.1"}


def endless(asked: Asked) -> Answer:
    """Sites that never end, and link to each other."""
    if asked.path == "/robots.txt":
        return Answer(404)
    number = int(asked.path.strip("/") or 0)
    links = " ".join(f"<a href=/{10 * number + i}>{i}</a>" for i in range(1, 11))
    other = "b" if asked.host.startswith("a") else "a"
    there = f"<a href=http://{other}.example/{number}>there</a>"
    html = f"<!doctype html><title>{number}</title><p>{links} {there}"
    return Answer(200, html.encode(), [("Content-Type", "text/html")])


def goes_on(web: LoopbackWeb, *workers: subprocess.Popen[str], by: int = 5) -> None:
    before = web.requests
    until(lambda: web.requests >= before + by, "requests", *workers)


def asked(web: LoopbackWeb, *, since: float) -> set[str]:
    return {served.host for served in list(web.log) if served.at > since}


def last_after(web: LoopbackWeb, said: float) -> float:
    """Seconds from `said` to the last request, looked at until well after it had to be."""
    time.sleep(max(0.0, said + WITHIN_S + QUIET_S - time.monotonic()))
    return max((served.at - said for served in web.log if served.at > said), default=0.0)


def say(data: Path, *arguments: str) -> str:
    """Another process than the crawl's: this one."""
    ran = CliRunner().invoke(cli, ["--data", str(data), "admin", *arguments])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def assert_erased_beside(data: Path, domain: str) -> None:
    """By the process that holds the index, and answers questions meanwhile."""
    (whole, *domains) = json.loads(say(data, "frontier", "stats", "--json"))
    assert whole["domain"] == "(all)"
    assert whole["known"] == sum(row["known"] for row in domains) > whole["fetched"] > 0
    assert whole["blocked"] == next(r["known"] for r in domains if r["domain"] == domain) > 0
    shown = json.loads(say(data, "frontier", "show", domain, "--limit", "3", "--json"))
    assert [said["verb"] for said in shown["said"]] == ["block"]
    assert shown["said"][0]["who"]
    assert len(shown["urls"]) == 3
    told = say(data, "suppress", domain, "--yes", "--json", "--note", "asked for")
    assert {row["table"] for row in json.loads(told)} >= {"links", "pages", "frontier"}
    until(lambda: json.loads(say(data, "suppress", "--list", "--json"))[0]["erased"] is not None)
    assert json.loads(say(data, "suppress", domain, "--dry-run", "--json")) == []
    assert json.loads(say(data, "frontier", "show", domain, "--json"))["urls"] == []


@contextmanager
def ended(*workers: subprocess.Popen[str], says: Path) -> Iterator[None]:
    """says: the directory of the files that hold what they say, for when one ends otherwise."""
    try:
        yield
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        for worker in workers:
            assert worker.wait(timeout=PATIENCE_S) == 0, [f.read_text() for f in says.glob("says*")]
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def test_a_run_is_paused_within_five_seconds_and_goes_on_when_it_is_resumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    says = tmp_path / "says"
    say(tmp_path / "data", "pause")
    with LoopbackWeb(endless) as web:
        worker = start(
            "run", "http://a.example/", "http://b.example/", *at(web), "--delay", 0.05,
            "--pages", 100_000, "--site-pages", 50_000,
            data=tmp_path / "data", environment=SOON, says=says,
        )  # fmt: skip
        with ended(worker, says=tmp_path):
            until(lambda: "paused by an operator" in says.read_text(), says.read_text, worker)
            time.sleep(1.0)
            assert web.requests == 0, "what was paused before starts paused"
            say(tmp_path / "data", "resume")
            goes_on(web, worker)
            assert say(tmp_path / "data", "pause", "--note", "a test") == "paused\n"
            took = last_after(web, time.monotonic())
            assert took < WITHIN_S
            assert worker.poll() is None, "nothing to do is not nothing due"
            assert say(tmp_path / "data", "resume") == "resumed\n"
            resumed = time.monotonic()
            goes_on(web, worker, by=1)
            back = time.monotonic() - resumed
            goes_on(web, worker)
            until(lambda: asked(web, since=resumed) == BOTH, says.read_text, worker)
            say(tmp_path / "data", "frontier", "block", "a.example")
            blocked = time.monotonic()
            until(lambda: {s.host for s in list(web.log)[-60:]} == {"b.example"}, "b", worker)
            assert_erased_beside(tmp_path / "data", "a.example")
            goes_on(web, worker)
    late = [s.at - blocked for s in web.log if s.host == "a.example" and s.at > blocked]
    assert max(late, default=0.0) < WITHIN_S
    told = says.read_text()
    assert "paused by an operator" in told
    assert "resumed by an operator" in told
    with capsys.disabled():
        print(f" [quiet {took:.2f} s after it was paused, back {back:.2f} s after it was resumed]")


@pytest.mark.long
def test_spiders_and_a_planner_over_kafka_are_paused_within_five_seconds(
    brokers: str, store: ChdbStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = with_topics(brokers, 4)
    hosts = [f"http://h{number}.example/" for number in range(12)]
    with closing(KafkaLog(settings)) as log, followed(log) as controls, LoopbackWeb(endless) as web:
        planner = Planner(store, log, PlanSettings(deadline_s=600), 0.1)
        planning = Planning(planner, log, 4_000, 0.2, controls)
        planner.seed(canonical(f"{url}{path}") for url in hosts for path in range(400))
        planning.plan()
        workers = [
            start("worker", "crawl", *at(web), "--delay", 0.5, data=tmp_path / f"s{number}",
                  environment=kafka_environment(settings), says=tmp_path / f"says{number}")
            for number in range(2)
        ]  # fmt: skip
        with ended(*workers, says=tmp_path):
            goes_on(web, *workers, by=40)
            tell(log, 1)
            said = time.monotonic()
            until(lambda: controls.paused)
            before = log.count(REQUESTS)
            took = last_after(web, said)
            assert took < WITHIN_S
            assert planning.plan() is not None, "it looks again soon"
            assert log.count(REQUESTS) == before
            assert sum(log.lag(CRAWL).values()) > 0
            tell(log, 0)
            resumed = time.monotonic()
            goes_on(web, *workers, by=1)
            back = time.monotonic() - resumed
    with capsys.disabled():
        print(f" [quiet {took:.2f} s after it was paused, back {back:.2f} s after it was resumed]")


def tell(log: Log, paused: float) -> None:
    log.append(CONTROL, [message("pause", "", Said(value=paused))]).result()
