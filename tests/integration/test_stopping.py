"""SIGTERM to every worker in every phase of its work: it ends in its budget, and nothing is lost.

Whoever is held by a broker or a store is ended by itself, with a line that says so.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

import pytest
from kafka import KafkaAdminClient

from demo.serve import Answer, Asked, LoopbackWeb
from pipeline.archive.read import open_archive, records
from pipeline.frontier.plan import Planner
from pipeline.frontier.request import Wanted, decode, encode
from pipeline.log import ARCHIVE, CONSUME, CRAWL, DEAD_PAGES, PAGES, REQUESTS, Log, Message
from pipeline.log.kafka import KafkaLog
from pipeline.log.sqlite import SqliteLog
from pipeline.log.topics import Topics, read_topics
from pipeline.page import decode as page_of
from pipeline.settings import KafkaSettings, PlanSettings
from pipeline.store.migrate import migrate
from pipeline.url import canonical
from tests.consumers.line import consume, consumer, hold_against_the_truth
from tests.support.command import at, backlinks, start
from tests.support.kafka.broker import Broker
from tests.support.kafka.fixtures import MakeTopics, with_topics
from tests.support.native_bridge import Fault, NativeBridge
from tests.support.records import START, message, page
from tests.support.stores import AnyStore, Databases
from tests.support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.long

EVER = 10**6
ENDED = "nothing is lost, what was not committed is done again"
TEXT = b"<!doctype html><title>t</title><p>Rye and wheat are milled here between stones."


def ended(worker: Popen[str], what: str) -> str:
    """What it said, after SIGTERM. By itself, or ended for want of time; never with a traceback."""
    try:
        _, err = worker.communicate(timeout=PATIENCE_S)
    finally:
        worker.kill()
    assert worker.returncode in (0, 1), f"{what}: {worker.returncode}: {err}"
    assert "Traceback" not in err, f"{what}: {err}"
    if worker.returncode:
        assert ENDED in err or "stopped before a dead letter was kept" in err, f"{what}: {err}"
    return err


def says(worker: Popen[str], what: str) -> None:
    """Reads until it does; the test's own limit ends this."""
    assert worker.stderr is not None
    assert any(what in line for line in worker.stderr), f"{what}: it ended"


def behind(log: Log, group: str) -> int:
    return sum(count for (name, _), count in log.lag().items() if name == group)


def in_group(log: KafkaLog, group: str) -> bool:
    """It has come so far as to note where it begins."""
    log.lag()
    return bool(log._offsets(log._clients()[0], group))


def over(settings: KafkaSettings, bridge: NativeBridge, store: AnyStore) -> dict[str, str]:
    return {
        "BACKLINKS_KAFKA__BROKERS": ",".join(settings.brokers),
        "BACKLINKS_KAFKA__PREFIX": settings.prefix,
        "BACKLINKS_KAFKA__SESSION_S": "6",
        "BACKLINKS_STORE__HOSTS": bridge.address,
        "BACKLINKS_STORE__DATABASE": store.database,
        "BACKLINKS_CONSUME__FLUSH_AGE_S": "0.1",
        "BACKLINKS_CONSUME__STOP_S": "2",
    }


class Line(NamedTuple):
    """A consumer of its own from log to store. The faults are its bridge's."""

    settings: KafkaSettings
    log: KafkaLog
    bridge: NativeBridge
    databases: Databases
    store: AnyStore

    def send(self, count: int, first: int = 0) -> None:
        made = [page(f"https://s{i}.org/", START + i, ["https://t.org/"]) for i in range(count)]
        self.log.append(PAGES, [message(one) for one in made[first:]]).result()

    def work(self, data: Path, environment: Mapping[str, str] | None = None) -> Popen[str]:
        given = {**over(self.settings, self.bridge, self.store), **(environment or {})}
        return start("worker", "consume", data=data, environment=given)

    def is_inserting(self) -> bool:
        return any("page_records" in query.text for query in self.bridge.queries)

    def is_done(self) -> bool:
        return not behind(self.log, CONSUME)

    def close(self) -> None:
        self.databases.drop(self.store)
        self.log.close()
        self.bridge.close()


def finish(lines: Collection[Line]) -> None:
    """Other consumers do the rest, all at once, and the tables are as they must be."""

    def rest(line: Line) -> None:
        line.bridge.faults.clear()
        consume(consumer(line.log, line.store, poll_records=200), line.log)

    with ThreadPoolExecutor() as others:
        list(others.map(rest, lines))
    for line in lines:
        hold_against_the_truth(line.log, line.store)


@pytest.fixture
def new_line(store_directory: Path) -> Iterator[Callable[[KafkaSettings], Line]]:
    made: list[Line] = []

    def make(settings: KafkaSettings) -> Line:
        bridge = NativeBridge(store_directory).__enter__()
        databases = Databases("native", store_directory, bridge)
        store = databases.new()
        migrate(store)
        bridge.queries.clear()
        made.append(Line(settings, KafkaLog(settings), bridge, databases, store))
        return made[-1]

    yield make
    for line in made:
        line.close()


@contextmanager
def without(settings: KafkaSettings, name: str) -> Iterator[None]:
    """Meanwhile nothing can be published to this topic, and who would tries for ever."""
    admin = KafkaAdminClient(bootstrap_servers=settings.brokers)
    admin.delete_topics([settings.prefix + name])
    admin.close()
    yield
    topics = Topics(settings)
    topics.create(read_topics(None, partitions=1, replication=1))
    topics.close()


def test_a_consumer_stops_in_every_phase_and_the_next_does_the_rest(
    kafka: MakeTopics, new_line: Callable[[KafkaSettings], Line], tmp_path: Path
) -> None:
    phases = ("waiting", "backlog", "slow insert", "held insert", "store away", "dead letter")
    lines = {phase: new_line(kafka(partitions=1)) for phase in phases}
    small = {"BACKLINKS_CONSUME__POLL_RECORDS": "20", "BACKLINKS_CONSUME__FLUSH_ROWS": "20"}
    lines["waiting"].send(3)
    lines["backlog"].send(400)
    for phase, fault in {
        "backlog": Fault("before_insert", "delay", seconds=0.3, times=EVER),
        "slow insert": Fault("before_insert", "delay", seconds=2),
        "held insert": Fault("before_insert", "delay", seconds=EVER),
        "store away": Fault("insert", "error", 252, times=EVER),
    }.items():
        lines[phase].send(3)  # or the first of them once more
        lines[phase].bridge.faults.append(fault)
    lines["dead letter"].send(3)
    lines["dead letter"].log.append(PAGES, [Message(b"k", b"{")]).result()
    lines["dead letter"].send(6, first=3)
    with ExitStack() as stack:
        stack.enter_context(without(lines["dead letter"].settings, DEAD_PAGES))
        workers = {}
        for phase, line in lines.items():
            given = small if phase == "backlog" else {"BACKLINKS_KAFKA__DELIVERY_S": "2"}
            if phase in ("waiting", "backlog", "slow insert"):
                given = given | {"BACKLINKS_CONSUME__STOP_S": "60"}  # these end by themselves
            worker = line.work(tmp_path / phase.replace(" ", "-"), given)
            workers[phase] = stack.enter_context(worker)
            stack.callback(worker.kill)
        said = {}
        for phase, line in lines.items():
            worker = workers[phase]
            if phase == "waiting":
                until(line.is_done, phase, worker)
            elif phase == "dead letter":
                says(worker, "dead-lettered: json")
            else:
                until(line.is_inserting, phase, worker)
            worker.send_signal(signal.SIGTERM)
        for phase, worker in workers.items():
            said[phase] = ended(worker, phase)
        codes = {phase: worker.returncode for phase, worker in workers.items()}
    assert said["waiting"].endswith("3 pages, 3 links\n")
    assert codes["waiting"] == codes["backlog"] == codes["slow insert"] == 0, said
    assert behind(lines["slow insert"].log, CONSUME) == 0, "what was under way was finished"
    assert behind(lines["backlog"].log, CONSUME) > 0, "and no more was begun"
    assert codes["held insert"] == 1
    assert ENDED in said["held insert"]
    assert "stopped with 3 pages not written" in said["store away"]
    assert behind(lines["dead letter"].log, CONSUME) >= 4, "nothing after it was passed over"
    finish(lines.values())


def test_a_flood_of_poison_stops_a_consumer_with_one_line_that_says_what_to_do(
    kafka: MakeTopics, new_line: Callable[[KafkaSettings], Line], tmp_path: Path
) -> None:
    line = new_line(kafka(partitions=1))
    line.send(3)
    line.log.append(PAGES, [Message(b"k", b"{%d" % i) for i in range(10)]).result()
    given = over(line.settings, line.bridge, line.store) | {"BACKLINKS_CONSUME__DEAD_LETTERS": "5"}
    ran = backlinks("worker", "consume", data=tmp_path / "data", environment=given)
    assert ran.code == 1
    (said,) = [one for one in ran.err.splitlines() if one.startswith("backlinks: ")]
    assert "5 records in a row could not be read (the last: pages[0]@7 json" in said
    assert "check that spiders and consumers are of the same version" in said
    assert "Traceback" not in ran.err
    assert line.log.count(DEAD_PAGES) == 5
    finish([line])


def test_workers_whose_broker_is_away_stop_and_lose_nothing(
    new_line: Callable[[KafkaSettings], Line], tmp_path: Path
) -> None:
    """It holds its connections and says nothing: no call fails, and none ends."""
    broker = Broker(tmp_path / "kafka").start()
    try:
        waiting, committing = (new_line(with_topics(broker.address, 1)) for _ in range(2))
        archive = {
            "BACKLINKS_ARCHIVE__TO": str(tmp_path / "kept"),
            "BACKLINKS_ARCHIVE__STOP_S": "2",
            "BACKLINKS_ARCHIVE__PART_AGE_S": "0",
        }
        given = over(waiting.settings, waiting.bridge, waiting.store)
        crawl = {**given, "BACKLINKS_CRAWL__TIMEOUT_S": "2"}
        waiting.send(3)
        committing.send(3)
        committing.bridge.faults.append(Fault("before_insert", "delay", seconds=2))
        with ExitStack() as stack:
            workers = {
                "consume, waiting": waiting.work(tmp_path / "a"),
                "archive, waiting": start(
                    "worker", "archive", data=tmp_path / "b", environment={**given, **archive}
                ),
                "crawl, waiting": start(
                    "worker", "crawl", "--connect-to", "127.0.0.1:1:1", data=tmp_path / "c",
                    environment=crawl,
                ),
            }  # fmt: skip
            for worker in workers.values():
                stack.enter_context(worker)
                stack.callback(worker.kill)
            until(lambda: in_group(waiting.log, CRAWL), "crawl", workers["crawl, waiting"])
            until(waiting.is_done, "consume", workers["consume, waiting"])
            until(
                lambda: in_group(waiting.log, ARCHIVE) and not behind(waiting.log, ARCHIVE),
                "archive",
                workers["archive, waiting"],
            )
            workers["consume, committing"] = last = committing.work(tmp_path / "d")
            stack.enter_context(last)
            stack.callback(last.kill)
            until(committing.is_inserting, "consume, committing", last)
            broker.freeze()
            for worker in workers.values():
                worker.send_signal(signal.SIGTERM)
            for what, worker in workers.items():
                ended(worker, what)
        broker.thaw()
        broker.wait()
        finish([waiting, committing])
        kept = list(records(open_archive(str(tmp_path / "kept"))))
        assert sorted(record.offset for record in kept) == [0, 1, 2]
    finally:
        broker.thaw()
        broker.kill()


# --- spiders, the planner, the archiver, and all in one ---


class Web:
    """Notes what was asked for; its page /slow takes so long."""

    def __init__(self, slow_s: float) -> None:
        self.slow_s = slow_s
        self.asked: list[str] = []

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/robots.txt":
            return Answer(404)
        self.asked.append(asked.path)
        delay_s = self.slow_s if asked.path == "/slow" else 0
        return Answer(200, TEXT, [("Content-Type", "text/html")], delay_s)


def request(url: str) -> Message:
    deadline = int(time.time() * 1000) + 3_600_000
    return Message(canonical(url).domain.encode(), encode(Wanted(url=url, deadline=deadline)))


def test_a_spider_stops_in_every_phase_and_the_next_does_the_rest(
    kafka: MakeTopics, tmp_path: Path
) -> None:
    settings = kafka(partitions=1)
    log = KafkaLog(settings)
    slow = Web(slow_s=2)
    given = {
        "BACKLINKS_KAFKA__BROKERS": ",".join(settings.brokers),
        "BACKLINKS_KAFKA__PREFIX": settings.prefix,
        "BACKLINKS_KAFKA__SESSION_S": "6",
    }
    hasty = {**given, "BACKLINKS_CRAWL__TIMEOUT_S": "2"}

    def fetched() -> list[str]:
        return sorted(page_of(record.value).path for record in log.read_all(PAGES))

    def crawl(environment: dict[str, str]) -> Popen[str]:
        return start("worker", "crawl", *at(web), "--delay", 0, data=tmp_path / "data",
                     environment=environment)  # fmt: skip

    with LoopbackWeb(slow) as web:
        log.append(REQUESTS, [request(f"http://h{i}.example/{i}") for i in range(5)]).result()
        with without(settings, PAGES), crawl(hasty) as worker:
            until(lambda: len(slow.asked) >= 5, "publishing", worker)
            worker.send_signal(signal.SIGTERM)
            ended(worker, "publishing")
        assert behind(log, CRAWL) == 5, "no request is settled whose page is not in the log"

        with crawl(given) as worker:
            until(lambda: behind(log, CRAWL) == 0, "waiting", worker)
            worker.send_signal(signal.SIGTERM)
            assert ended(worker, "waiting").endswith("5 pages\n")
        assert len(fetched()) == 5

        log.append(REQUESTS, [request("http://slow.example/slow")]).result()
        with crawl(given) as worker:
            until(lambda: "/slow" in slow.asked, "fetching", worker)
            worker.send_signal(signal.SIGTERM)
            assert ended(worker, "fetching").endswith("1 pages\n")
        assert behind(log, CRAWL) == 0
    assert set(fetched()) == {"/slow", *(f"/{i}" for i in range(5))}
    log.close()


def test_a_planner_that_is_stopped_before_it_has_leased_publishes_again(
    kafka: MakeTopics, new_line: Callable[[KafkaSettings], Line], tmp_path: Path
) -> None:
    """It has nothing to leave: it ends at once, and what it published twice is fetched once."""
    line = new_line(kafka(partitions=1))
    # Its first insert is the seeds', its second the mark of budgets, its third the lease.
    for seconds in (0, 0, EVER):
        line.bridge.faults.append(Fault("before_insert", "delay", seconds=seconds))
    given = over(line.settings, line.bridge, line.store)
    seeds = ["one.example", "two.example", "three.example"]
    more = ("--connect-to", "127.0.0.1:1:1")
    with start("worker", "plan", *seeds, *more, data=tmp_path / "p", environment=given) as worker:
        until(lambda: line.log.count(REQUESTS) >= 3, "planning", worker)
        worker.send_signal(signal.SIGTERM)
        _, err = worker.communicate(timeout=PATIENCE_S)
    assert (worker.returncode, err) == (-signal.SIGTERM, "")
    line.bridge.faults.clear()
    assert Planner(line.store, line.log, PlanSettings(), 1.0).plan(100) == 3
    wanted = [decode(record.value).url for record in line.log.read_all(REQUESTS)]
    assert sorted(wanted) == sorted(2 * [f"https://{seed}/" for seed in seeds])


def test_an_archiver_stops_with_its_open_parts_written(tmp_path: Path) -> None:
    data = tmp_path / "data"
    log = SqliteLog(data / "log.sqlite")
    log.append(PAGES, [Message(b"%d" % i, b'{"n":%d}' % i) for i in range(50)]).result()
    with start("worker", "archive", "--to", tmp_path / "kept", data=data) as worker:
        until(lambda: ARCHIVE in {group for group, _ in log.lag()}, "archiving", worker)
        worker.send_signal(signal.SIGTERM)
        _, err = worker.communicate(timeout=PATIENCE_S)
    assert worker.returncode == 0, err
    assert "Traceback" not in err
    kept = {record.value for record in records(open_archive(str(tmp_path / "kept")))}
    left = behind(log, ARCHIVE)
    assert len(kept) == 50 - left, "what is committed is kept, and nothing else"
    log.close()


def test_a_run_that_is_stopped_while_a_page_hangs_goes_on_later(tmp_path: Path) -> None:
    hanging = Web(slow_s=60)
    with LoopbackWeb(hanging) as web:
        arguments = ["run", "http://a.example/slow", "http://b.example/", *at(web), "--no-score",
                     "--delay", 0]  # fmt: skip
        hasty = {"BACKLINKS_CRAWL__TIMEOUT_S": "2", "BACKLINKS_PLAN__INTERVAL_S": "0.3"}
        with start(*arguments, data=tmp_path / "data", environment=hasty) as worker:
            until(lambda: {"/slow", "/"} <= set(hanging.asked), "fetching", worker)
            worker.send_signal(signal.SIGTERM)
            out, err = worker.communicate(timeout=PATIENCE_S)
        assert (worker.returncode, err) == (0, "")
        assert "; stopped." in out
        hanging.slow_s = 0
        rest = backlinks("run", *at(web), "--no-score", "--again", "--delay", 0,
                         data=tmp_path / "data", environment=hasty)  # fmt: skip
    assert "nothing more is due" in rest.out, rest.out + rest.err
    query = "SELECT DISTINCT path FROM page_links WHERE outcome = 'ok' ORDER BY path"
    assert backlinks("sql", query, "--csv", data=tmp_path / "data").out.split()[1:] == [
        "/",
        "/slow",
    ]
