"""A cluster's workers over a real Kafka: what they are given, and what must be there at the end."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from subprocess import Popen

from kafka import KafkaAdminClient

from consumers.loop import Loop
from consumers.pages import PageRows
from pipeline.errors import LogBusy
from pipeline.index.lifecycle import Lifecycle
from pipeline.log import CONSUME, DEAD_PAGES, PAGES, Log, Message
from pipeline.log.deadletter import DeadLetters
from pipeline.log.kafka import KafkaLog
from pipeline.settings import ConsumeSettings, KafkaSettings, RevisitSettings
from pipeline.store import Store
from tests.consumers.truth import dead_letters, differences, expected, found, readable
from tests.consumers.world import World
from tests.support.command import start
from tests.support.faults import Clock
from tests.support.native_bridge import NativeBridge
from tests.support.stores import AnyStore
from tests.support.waiting import PATIENCE_S, until

KILLS = int(os.environ.get("BACKLINKS_TEST_KILLS", "5"))
AWAY_S = float(os.environ.get("BACKLINKS_TEST_AWAY_S", "12"))  # two sessions and more
WORKERS = 3


def records(number: int, tmp_path: Path, worlds: int) -> list[Message]:
    """Visits of some pages in any order, twice, in parts, with poison between."""
    made: list[Message] = []
    for i in range(number, number + worlds):
        world = World(i, None, tmp_path / f"{i}.sqlite", Clock(time.time()))  # type: ignore[arg-type]
        made += world.waiting
        world.log.close()
    return made


def environment(settings: KafkaSettings, store: AnyStore, bridge: NativeBridge) -> dict[str, str]:
    return {
        **kafka_environment(settings),
        "BACKLINKS_STORE__HOSTS": bridge.address,
        "BACKLINKS_STORE__DATABASE": store.database,
        "BACKLINKS_CONSUME__FLUSH_AGE_S": "0.2",
        "BACKLINKS_CONSUME__POLL_RECORDS": "5",
        "BACKLINKS_CONSUME__DEAD_LETTERS": "10000",
    }


def kafka_environment(settings: KafkaSettings) -> dict[str, str]:
    return {
        "BACKLINKS_KAFKA__BROKERS": ",".join(settings.brokers),
        "BACKLINKS_KAFKA__PREFIX": settings.prefix,
        "BACKLINKS_KAFKA__SESSION_S": "6",
        "BACKLINKS_LOG__LEVEL": "info",
    }


def members(settings: KafkaSettings, group: str) -> int:
    name = settings.prefix + group
    with closing(KafkaAdminClient(bootstrap_servers=settings.brokers)) as admin:
        return len(admin.describe_groups([name])[name]["members"])


def behind(log: Log, group: str = CONSUME) -> int:
    return sum(count for (name, _), count in log.lag().items() if name == group)


def wait(log: Log, group: str = CONSUME) -> None:
    """Until the group has settled all that is in the log."""
    until(lambda: not behind(log, group), lambda: f"still behind: {log.lag()}")


def hold_against_the_truth(log: Log, store: Store) -> None:
    pages, poison = readable(log.read_all(PAGES))
    assert {(letter[:3]) for letter in dead_letters(log)} == {letter[:3] for letter in poison}
    Lifecycle(store, 60).run()
    said = differences(expected(pages), found(store))
    assert said == [], "\n".join(said)


def none_is_missing(log: Log, acknowledged: Iterable[Message]) -> None:
    """What the log said it has, it has."""
    there = Counter((record.key, record.value) for record in log.read_all(PAGES))
    missing = Counter((message.key, message.value) for message in acknowledged) - there
    assert not missing, f"{missing.total()} records were acknowledged and are gone"


class Killed:
    """Workers of one kind as processes, that are killed at any moment and started again."""

    def __init__(
        self, *arguments: object, data: Path, environment: dict[str, str], dice: random.Random
    ) -> None:
        self.arguments, self.data, self.environment = arguments, data, environment
        self.dice = dice
        self._started = 0
        self._says: dict[int, Path] = {}  # by pid
        self.processes = [self._start() for _ in range(WORKERS)]

    def _start(self) -> Popen[str]:
        self._started += 1
        # To files: of a pipe that nobody empties, a worker that warns of each fault fills 64 KB.
        says = self.data / f"{self.arguments[1]}-{self._started}.txt"
        process = start(*self.arguments, data=self.data, environment=self.environment, says=says)
        self._says[process.pid] = says
        return process

    def strike(self) -> None:
        """One of them ends, mostly without a chance to say so, and another is started."""
        chosen = self.dice.randrange(WORKERS)
        self._end(chosen, self.dice.choice([signal.SIGKILL] * 3 + [signal.SIGTERM]))
        self.processes[chosen] = self._start()

    def _end(self, chosen: int, how: signal.Signals) -> int:
        self.processes[chosen].send_signal(how)
        return self.processes[chosen].wait(timeout=PATIENCE_S)

    def leave(self, settings: KafkaSettings, group: str) -> None:
        """All are told to end, and do so cleanly: who still starts would die of it."""
        until(self.joined, self.said)
        until(lambda: members(settings, group) == WORKERS, self.said)
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(timeout=PATIENCE_S) for process in self.processes]
        assert codes == [0] * WORKERS, self.said()

    def joined(self) -> bool:
        """Each has turned to its group. Members alone don't tell: one killed is counted among them
        until its session ends."""
        says = [self._says[process.pid] for process in self.processes]
        return all("node_id=coordinator-" in path.read_text() for path in says)

    def said(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in self.data.glob("*-*.txt"))

    def kill(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


class Consuming:
    """A consumer in a thread, that can be looked into. Give it records by `publish`."""

    def __init__(self, settings: KafkaSettings, store: Store, **more: float) -> None:
        self.log, self.store = KafkaLog(settings), store
        self._reading = KafkaLog(settings)
        self.reader = self._reading.reader(CONSUME, [PAGES])
        self.settings = ConsumeSettings.model_validate(
            {"flush_age_s": 0.2, "poll_records": 5, "retry_s": 0.2, "longest_retry_s": 2, **more}
        )
        self.loop = Loop(
            self.reader,
            store,
            PageRows(RevisitSettings()),
            DeadLetters(self._reading, DEAD_PAGES, limit=10_000),
            self.settings,
            background=ThreadPoolExecutor(1),
        )
        self.ended: list[BaseException] = []
        self.acknowledged: list[Message] = []
        self._thread = threading.Thread(target=self._consume)

    def _consume(self) -> None:
        try:
            self.loop.run()
        except BaseException as error:
            self.ended.append(error)

    def __enter__(self) -> Consuming:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.loop.stop()
        self._thread.join()
        self._reading.close()
        self.log.close()

    @property
    def lives(self) -> bool:
        return self._thread.is_alive() and not self.ended

    @property
    def membership(self) -> tuple[object, ...]:
        """Changes with each rebalance."""
        group = self.reader._consumer.group_metadata()
        return group.generation_id, group.member_id, frozenset(self.reader.assigned())

    def publish(self, messages: Sequence[Message], *, pause_s: float = 0.0) -> None:
        """As a spider does: again and again until it is acknowledged."""
        for first in range(0, len(messages), 10):
            part = messages[first : first + 10]
            while not self._taken(part):
                time.sleep(0.1)
            self.acknowledged += part
            time.sleep(pause_s)

    def _taken(self, part: Sequence[Message]) -> bool:
        try:
            self.log.append(PAGES, part).result()
        except LogBusy:
            return False
        return True

    def wait(self) -> None:
        """Until all is consumed, while it lives."""
        until(
            lambda: not self.lives or self._left() == 0,
            lambda: f"still behind by {self._left()} records",
        )
        assert self.lives, f"the consumer ended: {self.ended}"

    def _left(self) -> int | None:
        """None while the brokers don't tell."""
        try:
            return behind(self.log)
        except LogBusy:
            return None

    def hold_against_the_truth(self) -> None:
        """All that was acknowledged is in the log, and what is in the log is in the tables."""
        assert self.ended == []
        none_is_missing(self.log, self.acknowledged)
        hold_against_the_truth(self.log, self.store)
