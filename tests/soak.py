"""`make soak`: publishing and consuming under random faults for 20 minutes, held against the truth.

make soak ARGS="--seconds 300 --seed 7"

Three consumers as processes over a real broker and a store over the native protocol. All the while
records are published, and now and then a consumer is killed, the broker is killed or stands still,
the store refuses, delays or cuts a connection in the middle of an insert. At the end the faults
stop: lag comes back to zero, the tables equal the truth, and no consumer's memory has grown.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from pipeline.errors import LogBusy
from pipeline.log import CONSUME, PAGES, Message
from pipeline.log.kafka import KafkaLog
from pipeline.store.migrate import migrate
from tests.support.cluster import (
    Killed,
    environment,
    hold_against_the_truth,
    none_is_missing,
    records,
    wait,
)
from tests.support.kafka.broker import Broker
from tests.support.kafka.fixtures import with_topics
from tests.support.native_bridge import Fault, NativeBridge
from tests.support.stores import Databases

GROWTH = 1.3  # of the median memory, from the first third to the last
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


class Publishing(threading.Thread):
    """Worlds of records until stopped; what no broker takes is sent again."""

    def __init__(self, log: KafkaLog, directory: Path, seed: int) -> None:
        super().__init__(name="publish")
        self.log, self.directory, self.number = log, directory, 100_000 * (seed + 1)
        self.acknowledged: list[Message] = []
        self.again = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            batch = records(self.number, self.directory, worlds=2)
            self.number += 2
            while True:
                try:
                    self.log.append(PAGES, batch).result()
                    break
                except LogBusy:
                    self.again += 1
                    time.sleep(0.5)
            self.acknowledged += batch
            self.stopping.wait(0.5)


class Faults:
    """What happens to a cluster, one at a time, and how often it did."""

    def __init__(
        self, broker: Broker, bridge: NativeBridge, workers: Killed, dice: random.Random
    ) -> None:
        self.broker, self.bridge, self.workers, self.dice = broker, bridge, workers, dice
        self.counts: dict[str, int] = {}

    def strike(self) -> None:
        kinds = {
            "consumer killed": 6, "broker killed": 1, "broker frozen": 1, "store refuses": 3,
            "store delays": 3, "connection cut": 3, "half an insert": 3,
        }  # fmt: skip
        kind = self.dice.choices(list(kinds), list(kinds.values()))[0]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        seconds = self.dice.uniform(1, 15)
        if kind == "consumer killed":
            self.workers.strike()
        elif kind == "broker killed":
            self.broker.kill()
            time.sleep(seconds)
            self.broker.start()
        elif kind == "broker frozen":
            self.broker.freeze()
            time.sleep(seconds)
            self.broker.thaw()
        elif kind == "store refuses":  # memory limit, too many parts, read only
            code = self.dice.choice([241, 252, 242])
            self.bridge.faults.append(Fault("query", "error", code=code, times=5))
        elif kind == "store delays":
            self.bridge.faults.append(Fault("after_insert", "delay", seconds=seconds))
        elif kind == "connection cut":
            self.bridge.cut()
        else:
            self.bridge.faults.append(Fault("half_insert"))


class Memory:
    """Resident memory of each consumer, at an age at which it has imported what it needs."""

    def __init__(self, workers: Killed) -> None:
        self.workers = workers
        self.seen: list[float] = []
        self._since: dict[int, float] = {}

    def look(self) -> None:
        for process in self.workers.processes:
            age = time.monotonic() - self._since.setdefault(process.pid, time.monotonic())
            statm = Path(f"/proc/{process.pid}/statm")
            if age > 10 and process.poll() is None and statm.exists():
                self.seen.append(int(statm.read_text().split()[1]) * _PAGE_MB)


def soak(directory: Path, seconds: float, seed: int) -> list[str]:
    """Sentences on how it went. Raises AssertionError where anything was lost or grew."""
    dice = random.Random(seed)
    broker = Broker(directory / "kafka").start()
    settings = with_topics(broker.address, 12)
    log = KafkaLog(settings)
    with NativeBridge(directory / "store") as bridge:
        databases = Databases("native", directory / "store", bridge)
        store = databases.new()
        migrate(store)
        given = environment(settings, store, bridge) | {"BACKLINKS_CONSUME__POLL_RECORDS": "100"}
        workers = Killed("worker", "consume", data=directory, environment=given, dice=dice)
        faults, memory = Faults(broker, bridge, workers, dice), Memory(workers)
        publishing = Publishing(log, directory, seed)
        publishing.start()
        started = time.monotonic()
        try:
            while (spent := time.monotonic() - started) < seconds:
                faults.strike()
                for _ in range(dice.randrange(2, 20)):
                    memory.look()
                    time.sleep(1)
                tell(spent, seconds, publishing, faults)
            bridge.faults.clear()
            publishing.stopping.set()
            publishing.join()
            wait(log)
            workers.leave(settings, CONSUME)
        finally:
            publishing.stopping.set()
            workers.kill()
        none_is_missing(log, publishing.acknowledged)
        hold_against_the_truth(log, store)
        log.close()
        store.close()
    broker.kill()
    return [
        f"{len(publishing.acknowledged):,} records published, {publishing.again} times again",
        ", ".join(f"{kind}: {times}" for kind, times in sorted(faults.counts.items())),
        "lag came back to zero; the tables equal the truth",
        flat(memory.seen),
    ]


def flat(seen: list[float]) -> str:
    third = len(seen) // 3
    assert third, "too short to see any memory"
    first, last = statistics.median(seen[:third]), statistics.median(seen[-third:])
    told = (
        f"memory of a consumer: {first:.0f} MB at first, {last:.0f} MB at last, "
        f"{max(seen):.0f} MB at most"
    )
    assert last < GROWTH * first, told
    return told


def tell(spent: float, seconds: float, publishing: Publishing, faults: Faults) -> None:
    done, times = len(publishing.acknowledged), sum(faults.counts.values())
    print(f"{spent:5.0f} of {seconds:.0f} s: {done:,} records, {times} faults", flush=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 10_000)
    asked = parser.parse_args(arguments)
    print(f"seed {asked.seed}")
    with tempfile.TemporaryDirectory() as directory:
        for line in soak(Path(directory), asked.seconds, asked.seed):
            print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
