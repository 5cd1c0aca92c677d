"""The hand-over over a real Kafka group, for minutes: what it uses of what hosts' delays allow."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from demo.serve import LoopbackWeb
from pipeline.log.kafka import KafkaLog
from tests.benchmarks.measure import Row, row
from tests.support.kafka.broker import Broker
from tests.support.kafka.fixtures import with_topics
from tests.support.spiders import DELAY_S, HOSTS, PARTITIONS, Planned, Spiders, Watched

LASTS_S = float(os.environ.get("BACKLINKS_BENCH_HANDOVER_S", "480"))
AHEAD = 4  # pages of each host that wait


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        broker = Broker(Path(directory) / "kafka").start()
        try:
            return use(broker.address, Path(directory))
        finally:
            broker.kill()


def use(brokers: str, directory: Path) -> list[Row]:
    """Two spiders at first; one joins, one leaves, one is killed, and one joins, in equal steps."""
    log = KafkaLog(with_topics(brokers, PARTITIONS))
    watched, planned = Watched(), Planned(log)
    with LoopbackWeb(watched.respond) as web:
        spiders = Spiders(log.settings, web, directory)
        try:
            spiders.join(2)
            for _ in range(AHEAD):
                planned.more()
            spiders.are(2)
            time.sleep(5 * DELAY_S)  # robots.txt of each host, and the quarantine
            began, before = time.monotonic(), watched.pages().total()
            acts: list[Callable[[], None]] = [
                spiders.join,
                lambda: spiders.processes[0].send_signal(signal.SIGTERM),
                lambda: spiders.processes[1].kill(),
                spiders.join,
            ]
            for turn in range(int(LASTS_S / DELAY_S)):
                if acts and time.monotonic() - began > LASTS_S * (5 - len(acts)) / 6:
                    acts.pop(0)()
                planned.more()
                time.sleep(max(0.0, began + (turn + 1) * DELAY_S - time.monotonic()))
            pages, lasted = watched.pages().total() - before, time.monotonic() - began
        finally:
            spiders.end()
    log.close()
    again = watched.pages().total() - len(watched.pages())
    apart = min(watched.gaps(between_spiders=True))
    used = pages / (HOSTS * lasted / DELAY_S)
    acted = f"{lasted:.0f} s, {HOSTS} hosts, a join, a leave, a kill, a join"
    return [
        row("hand-over over Kafka: pages / what hosts' delays allow", used, "x", acted),
        row("hand-over over Kafka: pages asked for again", again, "", f"of {pages:,}"),
        row("hand-over over Kafka: least time between two spiders at a host", apart, "s",
            f"delay {DELAY_S} s"),
    ]  # fmt: skip
