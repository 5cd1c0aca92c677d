"""The log that the settings name: Kafka where there are brokers, else SQLite in a file."""

from __future__ import annotations

from pipeline.log import Log
from pipeline.log.sqlite import SqliteLog
from pipeline.settings import Settings


def open_log(settings: Settings) -> Log:
    """Raises LogError, BadSetting."""
    if settings.kafka.brokers:
        from pipeline.log.kafka import KafkaLog  # a quarter of a second, not spent embedded

        return KafkaLog(settings.kafka)
    from pipeline.store.directory import LOG  # loads chDB, which a cluster's workers don't need

    return SqliteLog(settings.data / LOG)
