"""Certificates are looked at: what can't be trusted is an outcome, and nothing is read from it."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from spiders.fetch import Fetched
from tests.spiders.test_download import PAGE, answering, fetching, told
from tests.support.rawserver import raw_server

DAY = datetime.timedelta(days=1)
HERE = {"good.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]}


class Authority(NamedTuple):
    name: x509.Name
    key: ec.EllipticCurvePrivateKey

    def sign(self, host: str, ends: datetime.timedelta) -> tuple[bytes, bytes]:
        """A certificate and its key, in PEM; of a host, or the authority's own."""
        key = ec.generate_private_key(ec.SECP256R1()) if host else self.key
        now = datetime.datetime.now(datetime.UTC)
        named = x509.SubjectAlternativeName([x509.DNSName(host or "authority.example")])
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(host) if host else self.name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * DAY)
            .not_valid_after(now + ends)
            .add_extension(named, critical=False)
            .add_extension(x509.BasicConstraints(ca=not host, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM), key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def authority(name: str) -> Authority:
    return Authority(_name(name), ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The one authority that this system trusts."""
    found = authority("known")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(found.sign("", 9 * DAY)[0])
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    return found


def fetched(tmp_path: Path, signed: tuple[bytes, bytes], **crawl: str) -> tuple[Fetched, int]:
    """What https://good.example comes to with such a certificate, and the requests it had."""
    path = tmp_path / "server.pem"
    path.write_bytes(b"".join(signed))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    async def main() -> tuple[Fetched, int]:
        async with raw_server(answering(PAGE), tls=context) as server:
            port = server.port
            crawl_: dict[str, Any] = {
                name: value.format(port=port) for name, value in crawl.items()
            }
            async with fetching(HERE, **crawl_) as fetcher:
                url = f"https://good.example{'' if crawl else f':{port}'}/"
                return await fetcher.fetch(url, {}), len(server.paths)

    return asyncio.run(main())


def test_a_certificate_of_a_trusted_authority_is_good(tmp_path: Path, known: Authority) -> None:
    got, asked = fetched(tmp_path, known.sign("good.example", DAY))
    assert (got.status, got.body, asked) == (200, b"hi", 1), got


def test_a_certificate_that_is_over_is_an_error_of_tls(tmp_path: Path, known: Authority) -> None:
    got, asked = fetched(tmp_path, known.sign("good.example", -DAY))
    assert (*told(got), asked) == ("error", "tls", 0)


def test_a_certificate_of_another_host_is_an_error_of_tls(tmp_path: Path, known: Authority) -> None:
    got, asked = fetched(tmp_path, known.sign("other.example", DAY))
    assert (*told(got), asked) == ("error", "tls", 0)


@pytest.mark.usefixtures("known")
def test_a_certificate_that_nobody_vouches_for_is_an_error_of_tls(tmp_path: Path) -> None:
    got, asked = fetched(tmp_path, authority("stranger").sign("good.example", DAY))
    assert (*told(got), asked) == ("error", "tls", 0)
    got, asked = fetched(tmp_path, authority("itself").sign("", DAY))
    assert (*told(got), asked) == ("error", "tls", 0)


@pytest.mark.usefixtures("known")
def test_a_web_under_test_needs_no_certificate_for_the_names_that_it_plays(tmp_path: Path) -> None:
    signed = authority("stranger").sign("loopback.example", DAY)
    got, _ = fetched(tmp_path, signed, connect_to="127.0.0.1:{port}:{port}")
    assert got.body == b"hi", got


def test_a_server_that_speaks_no_tls_is_an_error_of_tls() -> None:
    def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(PAGE)
        writer.close()

    async def main() -> Fetched:
        async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with fetching(HERE) as fetcher:
                return await fetcher.fetch(f"https://good.example:{port}/", {})

    assert told(asyncio.run(main())) == ("error", "tls")
