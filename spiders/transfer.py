"""One request over libcurl: what it is told, what it is let do, and what came of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import certifi
import pycurl
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)
from scrapy.http import Response

from pipeline.settings import CrawlSettings
from spiders.decode import decode
from spiders.extract import HTML_TYPES
from spiders.guard import Forbidden, Guard
from spiders.head import HEAD_BYTES, fields
from spiders.sitemap import is_read

_ENOUGH = -1  # to libcurl: end it
_E_TOO_LARGE = 100  # CURLE_TOO_LARGE, a single header without an end; pycurl doesn't name it

_OPTIONS = {
    pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
    pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
    pycurl.FOLLOWLOCATION: 0,  # a redirect is the visit's to judge
    pycurl.PROXY: "",  # the environment can't redirect us
    pycurl.NETRC: pycurl.NETRC_IGNORED,
    pycurl.DNS_CACHE_TIMEOUT: 10,  # seconds, of what `resolved` told: it has been used by then
    pycurl.PATH_AS_IS: 1,  # the URL is canonical already
    pycurl.HTTP_CONTENT_DECODING: 0,  # ours has bounds
    pycurl.NOSIGNAL: 1,
    pycurl.BUFFERSIZE: 128 << 10,
}
_FAILURES: dict[int, type[Exception]] = {
    pycurl.E_COULDNT_RESOLVE_HOST: CannotResolveHostError,
    pycurl.E_COULDNT_CONNECT: DownloadConnectionRefusedError,
    pycurl.E_OPERATION_TIMEDOUT: DownloadTimeoutError,
}


class TlsFailed(DownloadFailedError):
    """No secure connection: a certificate that is not to be trusted, or no version in common."""


class HeadTooLarge(DownloadFailedError):
    """Headers without an end."""


for _code in (
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_PEER_FAILED_VERIFICATION,
    pycurl.E_SSL_CIPHER,
    pycurl.E_SSL_CERTPROBLEM,
    pycurl.E_SSL_ISSUER_ERROR,
    pycurl.E_SSL_INVALIDCERTSTATUS,
):
    _FAILURES[_code] = TlsFailed


class Answer(Response):
    """`fields`: headers by lower-case name, the values of a repeated one joined, as HTTP allows.

    `ip`: of the server. `cut`: not all of the body is here.
    """

    __slots__ = ("cut", "fields", "ip")

    def __init__(
        self, url: str, status: int, fields: dict[str, str], body: bytes, ip: str, cut: bool
    ) -> None:
        super().__init__(url, status, body=body)
        self.fields, self.ip, self.cut = fields, ip, cut


class Transfer:
    """A handle of libcurl's, for one request after another: `ask`, perform `easy`, `answer`."""

    def __init__(self, guard: Guard, settings: CrawlSettings) -> None:
        self.guard, self.body_bytes = guard, settings.body_bytes
        self.easy = pycurl.Curl()
        for option, value in _OPTIONS.items():
            self.easy.setopt(option, value)
        if guard.fixed is None:
            self.easy.setopt(pycurl.CAINFO, trusted())
        else:  # a web under test has no certificates for the names that it plays
            self.easy.setopt(pycurl.CONNECT_TO, guard.led())
            self.easy.setopt(pycurl.SSL_VERIFYPEER, 0)
            self.easy.setopt(pycurl.SSL_VERIFYHOST, 0)
        self.easy.setopt(pycurl.OPENSOCKETFUNCTION, self._open)
        self.easy.setopt(pycurl.HEADERFUNCTION, self._on_header)
        self.easy.setopt(pycurl.WRITEFUNCTION, self._on_body)
        self._forget()

    def ask(
        self, url: str, headers: list[bytes], resolved: list[str], timeout_s: float, any_type: bool
    ) -> None:
        """`resolved`: as CURLOPT_RESOLVE has it; none where the host is an address."""
        self.any_type, self._url = any_type, url
        self.easy.setopt(pycurl.URL, url)
        self.easy.setopt(pycurl.HTTPHEADER, headers)
        self.easy.setopt(pycurl.RESOLVE, resolved)
        self.easy.setopt(pycurl.TIMEOUT_MS, max(1, int(timeout_s * 1000)))

    def answer(self, url: str, code: int) -> Answer:
        """code: libcurl's. Raises Scrapy's download errors, TlsFailed, HeadTooLarge, Forbidden,
        TooLarge."""
        try:
            if code and not (self._stopped or self._lost(code)):
                raise self._failure(url, code)
            found = self._fields if self._fields is not None else fields(self._lines[1:])
            body, whole = decode(
                bytes(self._body), found.get("content-encoding", ""), 2 * self.body_bytes
            )
            return Answer(
                url,
                self.easy.getinfo(pycurl.RESPONSE_CODE),
                found,
                body[: self.body_bytes],
                self.easy.getinfo(pycurl.PRIMARY_IP),
                cut=bool(code) or not whole or len(body) > self.body_bytes,
            )
        finally:
            self._forget()

    def _forget(self) -> None:
        self._lines: list[bytes] = []
        self._head_bytes = self._body_bytes = 0
        self._fields: dict[str, str] | None = None  # once the body begins
        self._body = bytearray()  # of whatever pieces: a list of tiny ones takes 20 times as much
        self._stopped = False  # by us, with what is wanted
        self._forbidden = ""

    def _lost(self, code: int) -> bool:
        """The connection ended in the middle of the body: what came is kept."""
        return self._fields is not None and code in (pycurl.E_PARTIAL_FILE, pycurl.E_RECV_ERROR)

    def _failure(self, url: str, code: int) -> Exception:
        if self._forbidden:
            return Forbidden(self._forbidden)
        if self._head_bytes > HEAD_BYTES or code == _E_TOO_LARGE:
            return HeadTooLarge(f"{url}: more than {HEAD_BYTES} bytes of headers")
        return _FAILURES.get(code, DownloadFailedError)(f"{url}: {self.easy.errstr()} ({code})")

    def _open(self, purpose: int, address: Any) -> Any:
        """Every connection begins here, with the address that is really connected to."""
        host = address.addr[0]
        if not self.guard.may_connect(host):
            self._forbidden = host
            return pycurl.SOCKET_BAD
        opened = socket.socket(address.family, address.socktype, address.protocol)
        asyncio.get_running_loop().call_soon(opened.close)  # libcurl makes a duplicate
        return opened

    def _on_header(self, line: bytes) -> int | None:
        self._head_bytes += len(line)
        if self._head_bytes > HEAD_BYTES:
            return _ENOUGH
        if line.startswith(b"HTTP/"):
            self._lines.clear()  # the answer before it was an interim one
        self._lines.append(line)
        return None

    def _on_body(self, chunk: bytes) -> int | None:
        if self._fields is None:
            self._fields = fields(self._lines[1:])
            kind = self._fields.get("content-type", "").partition(";")[0].strip().lower()
            if not (self.any_type or _is_wanted(kind, self._url)):
                self._stopped = True
                return _ENOUGH  # the body of what is no page stays where it is
        self._body += chunk
        self._body_bytes += len(chunk)
        if self._body_bytes > self.body_bytes:
            self._stopped = True
            return _ENOUGH
        return None


def _is_wanted(kind: str, url: str) -> bool:
    return not kind or kind in HTML_TYPES or is_read(kind, url)


def trusted() -> str:
    """The file of certificates that this system trusts, or Mozilla's."""
    return ssl.get_default_verify_paths().cafile or certifi.where()
