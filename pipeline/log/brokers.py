"""Which brokers answer, and what Kafka they are: asked by hand, side by side, before any login."""

from __future__ import annotations

import ssl
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from kafka.protocol.broker_version_data import infer_broker_version_from_api_versions

from pipeline.log.kafka_client import connection
from pipeline.log.knock import asked
from pipeline.settings import KafkaSettings

_API_VERSIONS = 18


class Broker(NamedTuple):
    """`version`: of Kafka, as far as what it speaks tells; empty where that can't be told."""

    address: str
    answers: bool
    version: tuple[int, ...] = ()


def greet(settings: KafkaSettings) -> list[Broker]:
    """Those of the settings. Takes some seconds, however many are away. Raises BadSetting."""
    trust = connection(settings).get("ssl_context")
    with ThreadPoolExecutor(max(1, len(settings.brokers))) as pool:
        return list(pool.map(lambda broker: _greet(broker, trust), settings.brokers))


def _greet(broker: str, trust: ssl.SSLContext | None) -> Broker:
    try:
        return Broker(broker, True, _version(asked(broker, trust, _API_VERSIONS)))
    except (ssl.SSLError, EOFError, ValueError, struct.error):
        return Broker(broker, True)  # who connects next is told what is wrong
    except OSError:
        return Broker(broker, False)


def _version(answer: bytes) -> tuple[int, ...]:
    error, count = struct.unpack_from(">hi", answer)
    if error:
        return ()
    spoken = (struct.unpack_from(">hhh", answer, 6 + 6 * i) for i in range(count))
    found: tuple[int, ...] = infer_broker_version_from_api_versions(
        {key: (least, most) for key, least, most in spoken}
    )
    return found
