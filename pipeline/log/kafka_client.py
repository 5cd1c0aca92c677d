"""How all clients reach the brokers, and what brokers and the library say, as our errors."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from kafka import TopicPartition
from kafka import errors as kafka_errors
from kafka.net.compat import KafkaNetClient

from pipeline.errors import BadSetting, LogBusy, LogError, LogRefused
from pipeline.log import Partition
from pipeline.log.knock import address, knock
from pipeline.settings import KafkaSettings

Client = TypeVar("Client")

_BOOTSTRAP_MS = 15_000
_REQUEST_MS = 30_000
_BACKOFF_MS = 2_000  # between tries to reach a broker that is gone: they come back within seconds

_GRANT = "grant it, as docs/cluster.md lists for each worker"

# Who may not, and what nobody may: the next try would fare no better.
_REFUSED = (
    kafka_errors.AuthorizationError,
    kafka_errors.SaslAuthenticationFailedError,
    kafka_errors.UnsupportedSaslMechanismError,
    kafka_errors.IllegalSaslStateError,
    kafka_errors.KafkaConfigurationError,
    kafka_errors.UnsupportedVersionError,
    kafka_errors.InvalidTopicError,
    kafka_errors.MessageSizeTooLargeError,
    kafka_errors.RecordListTooLargeError,
    kafka_errors.InvalidTimestampError,
    kafka_errors.PolicyViolationError,
)


# At debug they write down every byte that is sent, the password of PLAIN among them.
for _name in ("kafka.protocol", "kafka.net"):
    logging.getLogger(_name).setLevel(logging.INFO)


class _Secret(str):
    """The library writes its whole configuration down at debug."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Names:
    """Ours to the cluster's and back: `prefix` stands before topics and groups."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def topic(self, name: str) -> str:
        return self.prefix + name

    group = topic

    def theirs(self, partition: Partition) -> TopicPartition:
        return TopicPartition(self.prefix + partition.topic, partition.number)

    def ours(self, partition: Any) -> Partition:
        return Partition(partition.topic.removeprefix(self.prefix), partition.partition)


def connection(settings: KafkaSettings) -> dict[str, Any]:
    """What every client of the library is given. Raises BadSetting."""
    for broker in settings.brokers:
        address(broker)
    config: dict[str, Any] = {
        "bootstrap_servers": settings.brokers,
        "bootstrap_timeout_ms": _BOOTSTRAP_MS,
        "request_timeout_ms": _REQUEST_MS,
        "reconnect_backoff_max_ms": _BACKOFF_MS,
        "security_protocol": ("SASL_" if settings.sasl != "none" else "")
        + ("SSL" if settings.tls else "PLAINTEXT"),
    }
    if settings.tls:
        config["ssl_context"] = _tls(settings)
    if settings.sasl != "none":
        config.update(
            sasl_mechanism=settings.sasl,
            sasl_plain_username=settings.user,
            sasl_plain_password=_Secret(settings.secret()),
        )
    return config


def _tls(settings: KafkaSettings) -> ssl.SSLContext:
    for name, file in (("tls_ca", settings.tls_ca), ("tls_cert", settings.tls_cert)):
        if file and not Path(file).is_file():
            raise BadSetting(f"kafka.{name} names {file}, which is no file")
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca or None)
        if settings.tls_cert:
            # With no password, a key that has one would be asked for on the terminal.
            context.load_cert_chain(settings.tls_cert, settings.tls_key or None, password="")
    except (ssl.SSLError, OSError) as error:
        raise BadSetting(
            f"kafka.tls_ca, tls_cert and tls_key can't be used: {error}; they are PEM files"
        ) from error
    return context


def let_in(config: dict[str, Any], settings: KafkaSettings) -> dict[str, Any]:
    """`config`, once it is known that no broker refuses it. Raises LogRefused."""
    knock(settings, config.get("ssl_context"))
    return config


def opened(kind: Callable[..., Client], **config: Any) -> Client:
    """A client of the library. Raises as its constructor does.

    That has a thread and sockets before it has found a broker, and leaves them to nobody where it
    finds none: the thread would knock for ever, one more with each try.
    """
    made: list[KafkaNetClient] = []

    def net(**given: Any) -> KafkaNetClient:
        made.append(KafkaNetClient(**given))
        return made[-1]

    try:
        return kind(**config, kafka_client=net)
    except BaseException:
        for one in made:
            one.close()
        raise


@contextmanager
def kafka_says(
    what: str, settings: KafkaSettings, right: str = "READ", *, ask_again: bool = True
) -> Iterator[None]:
    """The library's errors as LogBusy (try again), LogRefused (stop).

    what: was being done. right: that brokers ask for it, by their name. Of a login or certificate
    that is refused since it was taken before, the library makes a connection that failed: so it is
    asked for here.
    """
    try:
        yield
    except LogError:
        raise
    except (kafka_errors.KafkaError, OSError, ValueError, AssertionError) as error:
        told = translate(error, what, settings, right)
        if isinstance(told, LogBusy) and ask_again:
            knock(settings, _tls(settings) if settings.tls else None)
        raise told from error


def translate(
    error: BaseException, what: str, settings: KafkaSettings, right: str = "READ"
) -> LogError:
    """One line: what was being done, where, what was said, and what to do."""
    brokers = ", ".join(settings.brokers)
    name, text = type(error).__name__, " ".join(str(error).split())
    said = (text if text.startswith(name) else f"{name}: {text}")[:300]
    if isinstance(error, kafka_errors.AuthorizationError):
        return refused_right(what, settings, right, _named(error))
    if isinstance(error, _REFUSED):
        return LogRefused(f"{what}: the brokers at {brokers} refuse ({said}); {_advice(error)}")
    if isinstance(error, kafka_errors.UnknownTopicOrPartitionError):
        return LogRefused(f"{what}: a topic is missing ({said}); run `backlinks admin topics`")
    if "bootstrap" in text:
        return LogBusy(
            f"{what}: no broker answers at {brokers}; are they up, and these their names?"
        )
    return LogBusy(f"{what}: {said}; the brokers at {brokers} may answer a next try")


def no_topic(name: str, settings: KafkaSettings, right: str) -> LogRefused:
    """Brokers hide from a user what it has no right to."""
    return LogRefused(
        f"topic {name} is missing, or {_who(settings)} may not {right} it; "
        f"run `backlinks admin topics`, or {_GRANT}"
    )


def refused_right(what: str, settings: KafkaSettings, right: str, of: str) -> LogRefused:
    return LogRefused(f"{what}: {_who(settings)} may not {right} {of}; {_GRANT}")


def _who(settings: KafkaSettings) -> str:
    return f"user {settings.user!r}" if settings.user else "this user"


def _named(error: kafka_errors.AuthorizationError) -> str:
    """The topics or the group, where the error knows them; it may quote whole requests too."""
    kind = type(error).__name__.partition("Authorization")[0].lower()
    given = error.args[0] if error.args else ""
    if isinstance(given, str):
        asked = re.search(r"GROUP/([\w.-]+)|\A([\w.-]+)\Z", given)
        given = [asked[1] or asked[2]] if asked else []
    return f"{kind} {', '.join(sorted(given))}" if given else "it"


def _advice(error: BaseException) -> str:
    if isinstance(error, kafka_errors.MessageSizeTooLargeError):
        return "set kafka.record_bytes below the topic's max.message.bytes"
    if isinstance(error, kafka_errors.SaslAuthenticationFailedError):
        return "check kafka.user, and the password in kafka.password_file or the environment"
    return "see docs/cluster.md"
