"""One real broker for all tests of a process; topics of its own for each that asks."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping

import pytest

from pipeline.log.topics import Topics, read_topics
from pipeline.settings import KafkaSettings
from tests.support.kafka.broker import Broker

_numbers = itertools.count()
MakeTopics = Callable[..., KafkaSettings]


@pytest.fixture(scope="session")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """HOST:PORT of BACKLINKS_TEST_KAFKA, or of one that is started here."""
    named = os.environ.get("BACKLINKS_TEST_KAFKA")
    if named:
        yield named
        return
    broker = Broker(tmp_path_factory.mktemp("kafka"))
    try:
        yield broker.start().address
    finally:
        broker.kill()


@pytest.fixture
def kafka(brokers: str) -> MakeTopics:
    """Settings with topics of their own: `kafka(partitions=4, linger_ms=5, ...)`."""

    def make(partitions: int = 4, **settings: object) -> KafkaSettings:
        return with_topics(brokers, partitions, more=settings)

    return make


def with_topics(
    brokers: str, partitions: int, replication: int = 1, *, more: Mapping[str, object] | None = None
) -> KafkaSettings:
    settings = KafkaSettings.model_validate(
        {
            "brokers": brokers.split(","),
            "prefix": f"t{os.getpid()}-{next(_numbers)}.",
            "session_s": 20,
            "linger_ms": 2,
            **(more or {}),
        }
    )
    topics = Topics(settings)
    topics.create(read_topics(None, partitions=partitions, replication=replication))
    topics.close()
    return settings
