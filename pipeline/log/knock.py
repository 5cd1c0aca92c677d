"""Whether a broker lets us in, asked by hand before the library is: it tries a refusal again and
again, and in the end says only that it could not bootstrap.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from kafka.net.sasl import get_sasl_mechanism

from pipeline.errors import BadSetting, LogRefused
from pipeline.settings import KafkaSettings

_ANSWER_S = 3.0  # of one broker to one question; one that is slower is left to the library
_ALL_S = 10.0  # then no further broker is asked
_LONGEST = 1 << 20  # bytes of an answer; beyond, it is not Kafka's protocol
_METADATA, _SASL_HANDSHAKE, _SASL_AUTHENTICATE = 3, 17, 36
_UNKNOWN_MECHANISM, _NO_SASL_HERE, _NOT_LET_IN = 33, 34, 58
_OTHER_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH


def knock(settings: KafkaSettings, trust: ssl.SSLContext | None) -> None:
    """Returns where one broker lets us in, or none says anything.

    Raises LogRefused where those that answer won't have us, with the setting to look at.
    """
    refused: LogRefused | None = None
    until = time.monotonic() + _ALL_S
    for broker in settings.brokers:
        if time.monotonic() > until:
            break
        try:
            _ask(broker, settings, trust)
            return
        except LogRefused as error:
            refused = refused or error
        except (OSError, EOFError, ValueError, struct.error):
            continue  # away, or in the middle of a restart
    if refused is not None:
        raise refused


def asked(broker: str, trust: ssl.SSLContext | None, key: int) -> bytes:
    """Its answer to a question of Kafka's protocol, version 0 and without a body.

    Raises OSError, EOFError, struct.error, BadSetting.
    """
    with _connected(broker, trust) as line:
        return _exchange(line, key, 0, b"")


def address(broker: str) -> tuple[str, int]:
    """Raises BadSetting."""
    host, colon, port = broker.rpartition(":")
    if not (colon and host and port.isdecimal() and 0 < int(port) < 65_536):
        raise BadSetting(f"{broker!r} in kafka.brokers is no HOST:PORT; give one like kafka1:9092")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _ask(broker: str, settings: KafkaSettings, trust: ssl.SSLContext | None) -> None:
    try:
        if settings.sasl == "none":
            _come_in(broker, trust)
        else:
            with _connected(broker, trust) as line:
                _log_in(line, broker, settings)
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(broker, error) from error
    except (OSError, EOFError) as error:
        if _speaks_the_other(broker, tls=trust is None):
            raise LogRefused(
                f"the broker at {broker} speaks TLS; set kafka.tls, or name its other port"
                if trust is None
                else f"the broker at {broker} does not speak TLS; turn kafka.tls off, or name its "
                "other port"
            ) from error
        if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
            raise LogRefused(
                f"the broker at {broker} {_of_certificate(settings)} ({error.reason})"
            ) from error
        raise


def _of_certificate(settings: KafkaSettings) -> str:
    if settings.tls_cert:
        return "does not take our certificate; look at kafka.tls_cert, and whom the broker trusts"
    return "wants a certificate of ours; set kafka.tls_cert and kafka.tls_key"


def _untrusted(broker: str, error: ssl.SSLCertVerificationError) -> LogRefused:
    said = error.verify_message
    if error.verify_code in _OTHER_NAME:
        return LogRefused(
            f"the broker at {broker} shows a certificate of another name ({said}); "
            "give kafka.brokers as their certificates call them"
        )
    return LogRefused(
        f"the broker at {broker} shows a certificate that is not trusted ({said}); "
        "name the file of its authority in kafka.tls_ca"
    )


@contextmanager
def _connected(broker: str, trust: ssl.SSLContext | None) -> Iterator[socket.socket]:
    host, port = address(broker)
    with socket.create_connection((host, port), _ANSWER_S) as plain:
        if trust is None:
            yield plain
            return
        with trust.wrap_socket(plain, server_hostname=host.rstrip(".")) as line:
            yield line


def _speaks_the_other(broker: str, *, tls: bool) -> bool:
    """Told from what it answers, since one that is restarted breaks off as well."""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if tls else None
    if anybody is not None:  # nothing is said to it
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    with suppress(OSError, EOFError), _connected(broker, anybody) as line:
        if not tls:
            _handshake(line, "PLAIN")
        return True
    return False


def _come_in(broker: str, trust: ssl.SSLContext | None) -> None:
    """Without a login."""
    with _connected(broker, trust) as line:
        code, known = _handshake(line, "PLAIN")
    if code == _NO_SASL_HERE:
        return
    with suppress(OSError, EOFError), _connected(broker, trust) as line:
        _exchange(line, _METADATA, 1, b"\0\0\0\0")  # of no topic
        return  # it knows logins, and does without
    raise _wants_a_login(broker, known)


def _wants_a_login(broker: str, known: list[str]) -> LogRefused:
    return LogRefused(
        f"the broker at {broker} wants a login by {', '.join(known)}; set kafka.sasl to one"
    )


def _log_in(line: socket.socket, broker: str, settings: KafkaSettings) -> None:
    name = settings.sasl
    code, known = _handshake(line, name)
    if code == _NO_SASL_HERE:
        raise LogRefused(
            f"the broker at {broker} takes no login; set kafka.sasl to none, or name its other port"
        )
    if code == _UNKNOWN_MECHANISM:
        raise _wants_a_login(broker, known)
    mechanism = get_sasl_mechanism(name)(
        host=address(broker)[0],
        sasl_mechanism=name,
        sasl_plain_username=settings.user,
        sasl_plain_password=settings.secret(),
    )
    while not mechanism.is_done():
        answer = _exchange(line, _SASL_AUTHENTICATE, 0, _sized(">i", mechanism.auth_bytes()))
        (code,) = struct.unpack_from(">h", answer)
        if code:
            _refuse_login(broker, code, settings)
        (length,) = struct.unpack_from(">h", answer, 2)
        mechanism.receive(answer[4 + max(0, length) + 4 :])


def _refuse_login(broker: str, code: int, settings: KafkaSettings) -> None:
    if code != _NOT_LET_IN:
        raise OSError(f"{broker} answers a login with error {code}")
    raise LogRefused(
        f"the broker at {broker} does not let user {settings.user!r} in by {settings.sasl}; check "
        "kafka.user, and its password in BACKLINKS_KAFKA__PASSWORD or kafka.password_file"
    )


def _handshake(line: socket.socket, mechanism: str) -> tuple[int, list[str]]:
    """The error code, and which mechanisms there are."""
    answer = _exchange(line, _SASL_HANDSHAKE, 1, _sized(">h", mechanism.encode()))
    code, count = struct.unpack_from(">hi", answer)
    names, at = [], 6
    for _ in range(count):
        (length,) = struct.unpack_from(">h", answer, at)
        names.append(answer[at + 2 : at + 2 + length].decode())
        at += 2 + length
    return code, names


def _exchange(line: socket.socket, key: int, version: int, body: bytes) -> bytes:
    """One question of Kafka's protocol, and the answer without its head."""
    asked = struct.pack(">hhi", key, version, 0) + _sized(">h", b"backlinks") + body
    line.sendall(_sized(">i", asked))
    (size,) = struct.unpack(">i", _exactly(line, 4))
    if not 4 <= size <= _LONGEST:
        raise EOFError("no Kafka")
    return _exactly(line, size)[4:]


def _sized(form: str, data: bytes) -> bytes:
    return struct.pack(form, len(data)) + data


def _exactly(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = line.recv(size - len(data))
        if not part:
            raise EOFError("the broker broke off")
        data += part
    return data
