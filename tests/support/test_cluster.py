"""What holds a cluster's workers together in tests."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pipeline.log import CRAWL
from tests.support.cluster import WORKERS, Killed, kafka_environment, members
from tests.support.kafka.fixtures import with_topics
from tests.support.waiting import until

pytestmark = pytest.mark.long


def test_who_was_started_a_moment_ago_is_waited_for(brokers: str, tmp_path: Path) -> None:
    """While one that was killed is a member still."""
    settings = with_topics(brokers, 12)
    workers = Killed(
        "worker", "crawl", "--contact", "https://crawler.example/",
        data=tmp_path, environment=kafka_environment(settings), dice=random.Random(1),
    )  # fmt: skip
    try:
        until(workers.joined, workers.said)
        until(lambda: members(settings, CRAWL) == WORKERS, workers.said)
        workers.strike()
        workers.leave(settings, CRAWL)
    finally:
        workers.kill()
