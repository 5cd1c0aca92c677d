"""The log that the settings name: Kafka where there are brokers, else SQLite in a file."""

from __future__ import annotations

from pipeline.log import Log
from pipeline.log.sqlite import FILE, SqliteLog
from pipeline.settings import Settings


def open_log(settings: Settings) -> Log:
    """Raises LogError, BadSetting."""
    if settings.kafka.brokers:
        from pipeline.log.kafka import KafkaLog  # a quarter of a second, not spent embedded

        return KafkaLog(settings.kafka)
    return SqliteLog(settings.data / FILE)
