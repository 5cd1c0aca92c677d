"""A broker that lets in whom it should: TLS, logins, client certificates and rights.

Its plain listener is the super user's, so that tests can prepare topics and rights.
"""

from __future__ import annotations

import datetime
import ipaddress
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from pipeline.settings import KafkaSettings
from tests.support.kafka.broker import Broker
from tests.support.waiting import until

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
LOGIN, CERTIFICATE, ELSEWHERE, BARE = "LOGIN", "CERTIFICATE", "ELSEWHERE", "BARE"
PLAINTEXT = "PLAINTEXT"
PASSWORD = "correct-horse-battery"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


class Shown(NamedTuple):
    """Files in PEM: a certificate, its key, and both as brokers want them."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Signs certificates. `certificate`: the file of its own."""

    def __init__(self, directory: Path, name: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory, self.name = directory, _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        made = _build(self.name, self.name, self._key.public_key())
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = directory / f"{name}.pem"
        self.certificate.write_bytes(_pem(made.sign(self._key, hashes.SHA256())))

    def sign(self, name: str, address: str = "127.0.0.1") -> Shown:
        """For a broker at `address`, or for a client that is called `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        made = _build(_name(name), self.name, key.public_key()).add_extension(names, critical=False)
        certificate = _pem(made.sign(self._key, hashes.SHA256()))
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        shown = Shown(*(self.directory / f"{name}.{what}" for what in ("crt", "key", "pem")))
        for file, text in zip(shown, (certificate, secret, secret + certificate), strict=True):
            file.write_bytes(text)
        return shown


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _build(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def guarded(directory: Path, authority: Authority, passwords: dict[str, str]) -> Broker:
    """LOGIN takes these names and passwords by PLAIN and, but for the first's, by SCRAM too.

    CERTIFICATE wants a client's certificate; ELSEWHERE shows one for another address; BARE takes
    the same logins without TLS, and wants them again and again.
    """
    here, elsewhere = authority.sign("broker"), authority.sign("elsewhere", "127.0.0.99")
    users = " ".join(f'user_{name}="{password}"' for name, password in passwords.items())
    lines = [
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users=User:ANONYMOUS",
        "ssl.keystore.type=PEM",
        f"ssl.keystore.location={here.both}",
        "ssl.truststore.type=PEM",
        f"ssl.truststore.location={authority.certificate}",
        "listener.name.bare.connections.max.reauth.ms=1000",
        "connection.failed.authentication.delay.ms=0",
        f"sasl.enabled.mechanisms={','.join(MECHANISMS)}",
        "listener.name.certificate.ssl.client.auth=required",
        f"listener.name.elsewhere.ssl.keystore.location={elsewhere.both}",
        "listener.name.elsewhere.ssl.keystore.type=PEM",
    ]
    for listener in ("login", "bare"):
        lines.append(f"listener.name.{listener}.plain.sasl.jaas.config={_PLAIN} required {users};")
        for mechanism in MECHANISMS[1:]:
            name = f"listener.name.{listener}.{mechanism.lower()}.sasl.jaas.config"
            lines.append(f"{name}={_SCRAM} required;")
    return Broker(
        directory,
        extra="\n".join(lines),
        more={LOGIN: "SASL_SSL", CERTIFICATE: "SSL", ELSEWHERE: "SSL", BARE: "SASL_PLAINTEXT"},
        format_with=[
            word
            for mechanism in MECHANISMS[1:]
            for name, password in list(passwords.items())[:1]
            for word in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
        ],
    )


class Right(NamedTuple):
    """`where`: TOPIC or GROUP. `name`: without the prefix."""

    where: str
    name: str
    what: str


class Cluster(NamedTuple):
    """One broker; `topics`: settings of its super user, who made them."""

    broker: Broker
    authority: Authority
    stranger: Authority
    topics: KafkaSettings

    def settings(self, listener: str, **more: object) -> KafkaSettings:
        """As somebody who comes in there; by TLS, trusting its authority, unless told otherwise."""
        given = {
            "brokers": [self.broker.at(listener)],
            "prefix": self.topics.prefix,
            "tls": True,
            "tls_ca": str(self.authority.certificate),
            "user": "one",
            "password": PASSWORD,
            "linger_ms": 2,
            "delivery_s": 20,
        }
        return KafkaSettings.model_validate(given | more)

    def user(self, name: str) -> KafkaSettings:
        return self.settings(LOGIN, sasl="PLAIN", user=name, password=PASSWORD)

    def acl(self, user: str, right: Right) -> ACL:
        form = ACLResourcePatternType.LITERAL if right.name else ACLResourcePatternType.PREFIXED
        name = self.topics.prefix + right.name
        pattern = ResourcePattern(ResourceType[right.where], name, form)
        operation = ACLOperation[right.what]
        return ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, pattern)


def allow(broker: Broker, rights: list[ACL]) -> None:
    """Returns once the broker goes by them."""
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        admin.create_acls(rights)
        until(
            lambda: len(admin.describe_acls(_every(None))[0]) >= len(rights),
            "the broker does not take the rights over",
        )


def forbid(broker: Broker, principal: str) -> None:
    """All that was allowed to this one."""
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        admin.delete_acls([_every(principal)])
        until(
            lambda: not admin.describe_acls(_every(principal))[0],
            "the broker does not give the rights up",
        )


def set_password(broker: Broker, user: str, password: str) -> None:
    """For SCRAM-SHA-256."""
    mechanism = ScramMechanism.SCRAM_SHA_256
    given = UserScramCredentialUpsertion(user, mechanism, password, iterations=4096)
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        assert admin.alter_user_scram_credentials([given]) == {user: None}


def _every(principal: str | None) -> ACLFilter:
    pattern = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    return ACLFilter(principal, None, ACLOperation.ANY, ACLPermissionType.ANY, pattern)
