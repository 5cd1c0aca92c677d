"""The topics as they should be, as they are, and what differs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from kafka import KafkaAdminClient
from kafka import errors as kafka_errors
from kafka.admin import ConfigResource, ConfigResourceType

from pipeline.errors import BadSetting
from pipeline.log import PAGES, REQUESTS, TOPICS
from pipeline.log.kafka_client import (
    Names,
    connection,
    kafka_says,
    let_in,
    opened,
    refused_right,
)
from pipeline.settings import KafkaSettings

_MAY_NOT_BE_SEEN = kafka_errors.TopicAuthorizationFailedError.errno
_MIN_INSYNC = "min.insync.replicas"


class Topic(NamedTuple):
    """`config`: by the broker's own names."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str]


class Finding(NamedTuple):
    """`state`: ok, missing, created, differs, altered, or unknown where we may not look."""

    topic: str
    what: str
    wanted: str
    found: str
    state: str


def read_topics(
    file: Path | None, *, partitions: int | None = None, replication: int | None = None
) -> list[Topic]:
    """What a file asks for, ours without one. Raises BadSetting that names what is wrong.

    partitions, replication: instead of the file's, for pages and requests, and for all.
    """
    name = str(file or "deploy/topics.toml")
    try:
        found = file or resources.files("deploy").joinpath("topics.toml")
        written = tomllib.loads(found.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        told = getattr(error, "strerror", None) or error
        raise BadSetting(f"can't read the topics in {name}: {told}") from error
    for topic in {*written} ^ {*TOPICS}:
        raise BadSetting(f"{name}: topic {topic!r} is one too many or missing; it has {TOPICS}")
    return [_topic(name, topic, written[topic], partitions, replication) for topic in TOPICS]


def _topic(
    file: str, name: str, found: dict[str, Any], partitions: int | None, replication: int | None
) -> Topic:
    config = {key: str(value) for key, value in found.get("config", {}).items()}
    try:
        count, copies = int(found["partitions"]), int(found["replication"])
    except (KeyError, ValueError, TypeError) as error:
        raise BadSetting(
            f"{file}: [{name}] needs partitions and replication as numbers ({error})"
        ) from error
    if partitions and name in (PAGES, REQUESTS):
        count = partitions
    topic = Topic(name, count, copies, config)
    return _with_copies(topic, replication) if replication else topic


def _with_copies(topic: Topic, copies: int) -> Topic:
    """And as many of them in step as that allows, with one of them away."""
    in_step = min(int(topic.config.get(_MIN_INSYNC, 1)), max(1, copies - 1))
    return topic._replace(replication=copies, config={**topic.config, _MIN_INSYNC: str(in_step)})


def on_brokers(topics: list[Topic], brokers: int) -> list[Topic]:
    """As they can be on so many: more copies than brokers there can't be."""
    return [_with_copies(t, brokers) if t.replication > brokers else t for t in topics]


class Topics:
    """The cluster's side. Raises LogBusy, LogRefused."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings, self.names = settings, Names(settings.prefix)
        with kafka_says("connecting", settings):
            self._admin = opened(KafkaAdminClient, **let_in(connection(settings), settings))

    def brokers(self) -> int:
        """How many the cluster has now."""
        with kafka_says("describing the cluster", self.settings, "DESCRIBE"):
            return len(self._admin.describe_cluster()["brokers"])

    def check(self, wanted: list[Topic]) -> list[Finding]:
        """Compares and changes nothing."""
        with kafka_says("describing topics", self.settings, "DESCRIBE"):
            names = [self.names.topic(topic.name) for topic in wanted]
            found = {topic["name"]: topic for topic in self._admin.describe_topics(names)}
            hidden = {n for n, t in found.items() if t["error_code"] == _MAY_NOT_BE_SEEN}
            if hidden:
                raise kafka_errors.TopicAuthorizationFailedError(hidden)
        return [
            finding
            for topic in wanted
            for finding in self._compare(topic, found.get(self.names.topic(topic.name)))
        ]

    def _compare(self, topic: Topic, found: Mapping[str, Any] | None) -> Iterator[Finding]:
        name = self.names.topic(topic.name)
        if found is None or found["error_code"]:
            yield Finding(name, "topic", "there", "missing", "missing")
            return
        yield _finding(name, "partitions", topic.partitions, len(found["partitions"]))
        copies = min((len(p["replica_nodes"]) for p in found["partitions"]), default=0)
        yield _finding(name, "replication", topic.replication, copies)
        config = self._config(name)
        for key, value in sorted(topic.config.items()):
            if config is None:
                yield Finding(
                    name, key, value, "hidden: DESCRIBE_CONFIGS is not granted", "unknown"
                )
            else:
                yield _finding(name, key, value, config.get(key, "unknown to the broker"))

    def _config(self, name: str) -> dict[str, str] | None:
        """None where we may not read it."""
        resource = ConfigResource(ConfigResourceType.TOPIC, name)
        with kafka_says(f"reading the configuration of {name}", self.settings, "DESCRIBE_CONFIGS"):
            try:
                found = self._admin.describe_configs([resource], config_filter="all")
            except kafka_errors.AuthorizationError:
                return None
        # kafka-python 3.0.12 gives an empty answer where the brokers refuse one.
        return {key: str(at["value"]) for key, at in found["topic"].get(name, {}).items()} or None

    def create(self, topics: list[Topic]) -> None:
        """Those that are there already are left as they are."""
        asked = {
            self.names.topic(topic.name): {
                "num_partitions": topic.partitions,
                "replication_factor": topic.replication,
                "configs": topic.config,
            }
            for topic in topics
        }
        for name, options in asked.items():
            with kafka_says(f"creating topic {name}", self.settings, "CREATE"):
                try:
                    self._admin.create_topics({name: options}, wait_for_metadata=True)
                except kafka_errors.TopicAlreadyExistsError:
                    continue

    def alter(self, topics: list[Topic]) -> None:
        """Their configuration, not their partitions or replicas."""
        for topic in topics:
            name = self.names.topic(topic.name)
            if self._config(name) is None:  # of which the library makes a ValueError
                raise refused_right(
                    "altering topics", self.settings, "ALTER_CONFIGS", f"topic {name}"
                )
        resources_ = [
            ConfigResource(ConfigResourceType.TOPIC, self.names.topic(topic.name), topic.config)
            for topic in topics
        ]
        with kafka_says("altering topics", self.settings, "ALTER_CONFIGS"):
            self._admin.alter_configs(resources_)

    def close(self) -> None:
        self._admin.close()


def _finding(topic: str, what: str, wanted: object, found: object) -> Finding:
    same = str(wanted) == str(found)
    return Finding(topic, what, str(wanted), str(found), "ok" if same else "differs")
