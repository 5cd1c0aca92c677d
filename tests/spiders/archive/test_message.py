"""HTTP answers as tools keep them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.archive.message import message
from spiders.extract import MAX_BODY
from tests.support.warcs import http

PAGE = b"<!doctype html><p>one page, of no great length, and a link</p>" * 20


def chunked(body: bytes, size: int = 100) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def quickly(body: bytes) -> bytes:
    return bytes(brotli.compress(body, quality=1))


def deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKED = {
    "gzip": gzip.compress(PAGE),
    "x-gzip": gzip.compress(PAGE),
    "deflate": zlib.compress(PAGE),
    "br": brotli.compress(PAGE),
}


def test_status_headers_and_body_are_told_apart() -> None:
    found = message(http(PAGE, 404, {"X-Robots-Tag": "noindex", "x-robots-tag": "nofollow"}))
    assert found is not None
    assert (found.status, found.body, found.cut) == (404, PAGE, False)
    assert found.headers["x-robots-tag"] == "noindex, nofollow"


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_packed_body_is_unpacked(name: str, is_chunked: bool) -> None:
    body = chunked(PACKED[name]) if is_chunked else PACKED[name]
    headers = {"Content-Encoding": name, "Transfer-Encoding": "chunked" if is_chunked else ""}
    found = message(http(body, headers=headers))
    assert found is not None
    assert (found.body, found.cut) == (PAGE, False)


def test_a_bare_deflate_is_unpacked() -> None:
    found = message(http(deflated(PAGE), headers={"Content-Encoding": "deflate"}))
    assert found is not None
    assert found.body == PAGE


@pytest.mark.parametrize("name", [*PACKED, "zstd"])
def test_a_body_that_a_tool_has_unpacked_is_taken_as_it_is(name: str) -> None:
    headers = {"Content-Encoding": name, "Transfer-Encoding": "chunked"}
    found = message(http(PAGE, headers=headers))
    assert found is not None
    assert (found.body, found.cut) == (PAGE, False)


def test_chunks_with_extensions_and_trailers_are_joined() -> None:
    body = b"5;name=value\r\nfirst\r\n6\r\nsecond\r\n0\r\nTrailer: x\r\n\r\n"
    found = message(http(body, headers={"Transfer-Encoding": "chunked"}))
    assert found is not None
    assert (found.body, found.cut) == (b"firstsecond", False)


def test_chunks_without_an_end_are_cut() -> None:
    body = chunked(PAGE)[:-60]
    found = message(http(body, headers={"Transfer-Encoding": "chunked"}))
    assert found is not None
    assert found.cut
    assert PAGE.startswith(found.body[:500])


def test_a_body_shorter_than_was_sent_is_cut() -> None:
    found = message(http(PAGE, headers={"Content-Length": str(len(PAGE) + 1)}))
    assert found is not None
    assert found.cut


def test_a_packed_body_that_is_cut_gives_what_there_is() -> None:
    found = message(http(gzip.compress(PAGE)[:-20], headers={"Content-Encoding": "gzip"}))
    assert found is not None
    assert found.cut


@pytest.mark.parametrize(
    ("name", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", quickly)]
)
def test_a_bomb_is_bounded(name: str, pack: Callable[[bytes], bytes]) -> None:
    found = message(http(pack(b"\0" * (24 << 20)), headers={"Content-Encoding": name}))
    assert found is not None
    assert found.cut
    assert len(found.body) <= MAX_BODY


def test_a_long_body_is_cut() -> None:
    found = message(http(b"x" * (MAX_BODY + 1)))
    assert found is not None
    assert (len(found.body), found.cut) == (MAX_BODY, True)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"<html>",
        b"HTTP",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
    ],
)
def test_what_is_no_answer_is_none(block: bytes) -> None:
    assert message(block) is None


def test_headers_alone_are_an_answer() -> None:
    found = message(b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n")
    assert found is not None
    assert (found.status, found.headers, found.body) == (304, {"etag": "x"}, b"")


@given(st.binary(max_size=300), st.sampled_from(["chunked", ""]), st.sampled_from(["gzip", "br", "deflate", ""]))  # fmt: skip  # noqa: E501
def test_no_bytes_raise(body: bytes, sent: str, packed: str) -> None:
    headers = {"Transfer-Encoding": sent, "Content-Encoding": packed}
    assert message(http(body, headers=headers)) is not None
    message(body)


@given(st.binary(min_size=1, max_size=3_000), st.integers(1, 400))
def test_any_body_comes_back_from_its_chunks(body: bytes, size: int) -> None:
    found = message(http(chunked(body, size), headers={"Transfer-Encoding": "chunked"}))
    assert found is not None
    assert (found.body, found.cut) == (body, False)
