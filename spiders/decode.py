"""What a body was before it was compressed, within bounds."""

from __future__ import annotations

import zlib

import brotli

OFFERED = "gzip, deflate, br"
MAX_LAYERS = 3
MAX_MEMBERS = 50  # of one gzip body; each costs a copy of what is left of it
_PIECE = 64 << 10
_MAGIC = b"\x1f\x8b"
_GZIP = frozenset({"gzip", "x-gzip"})
_UNKNOWN = frozenset({"zstd", "compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip"})


class TooLarge(Exception):
    """It becomes more than it may."""


def decode(body: bytes, encodings: str, limit: int) -> tuple[bytes, bool]:
    """`encodings`: the header Content-Encoding. Returns the body, and whether it is whole.

    Never holds more than `limit` bytes beside the body. Raises TooLarge.
    """
    names = [name.strip().lower() for name in encodings.split(",")]
    whole = True
    for name in reversed(names[:MAX_LAYERS]):
        if not body:
            break
        if name in _GZIP:
            body, ended = _inflate(body, 16 + zlib.MAX_WBITS, limit)
        elif name == "deflate":
            body, ended = _deflated(body, limit)
        elif name == "br":
            body, ended = _brotli(body, limit)
        elif name in _UNKNOWN:
            body, ended = b"", False
        else:
            continue  # a name that says nothing, such as identity or utf-8: browsers pass it over
        whole = whole and ended
    return body, whole and len(names) <= MAX_LAYERS


def _inflate(body: bytes, window: int, limit: int) -> tuple[bytes, bool]:
    """What came before an error is kept, and what stands behind the end passed over."""
    parts: list[bytes] = []
    left, ended = limit + 1, False
    for _ in range(MAX_MEMBERS):
        stream = zlib.decompressobj(window)
        at = 0
        try:
            while at < len(body) and not stream.eof:
                parts.append(stream.decompress(body[at : at + _PIECE], left))
                at += _PIECE
                left -= len(parts[-1])
                if left <= 0:
                    raise TooLarge
        except zlib.error:
            break
        ended = stream.eof
        body = stream.unused_data + body[at:]
        if not (ended and window > zlib.MAX_WBITS and body.startswith(_MAGIC)):
            break  # of gzip there may be more than one member
    else:
        ended = False
    return b"".join(parts), ended


def _deflated(body: bytes, limit: int) -> tuple[bytes, bool]:
    """With zlib's wrapping, as the specification says, or bare, as some servers send it."""
    wrapped = body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return _inflate(body, zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS, limit)


def _brotli(body: bytes, limit: int) -> tuple[bytes, bool]:
    stream = brotli.Decompressor()
    parts: list[bytes] = []
    left = limit + 1
    try:
        while left > 0:
            parts.append(stream.process(body, output_buffer_limit=left))
            body = b""
            left -= len(parts[-1])
            if stream.is_finished() or stream.can_accept_more_data():
                break
    except brotli.error:
        return b"".join(parts), False
    if left <= 0:
        raise TooLarge
    return b"".join(parts), bool(stream.is_finished())
