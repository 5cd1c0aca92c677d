"""The block of a response record: an HTTP answer as it came over the wire, or as a tool kept it.

Tools differ: some keep the body as it was sent, some without its chunks, some decompressed, all of
them with the headers as they were.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from spiders.decode import TooLarge, decode
from spiders.extract import MAX_BODY
from spiders.head import HEAD_BYTES, fields

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})\b|HTTP/\d(?:\.\d)?[ \t]*\r?\n")
_END = re.compile(rb"\r?\n\r?\n")
_CHUNK = re.compile(rb"[ \t]*([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]{0,1000})?\r?\n")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|!--|html|head|\?xml)", re.IGNORECASE)
MAX_CHUNKS = 200_000


class Message(NamedTuple):
    """`headers` by lower-case name, as spiders/extract.py wants them. `cut`: it is not whole."""

    status: int
    headers: dict[str, str]
    body: bytes
    cut: bool


def message(block: bytes, *, cut: bool = False) -> Message | None:
    """None where it is no HTTP answer. Never raises, and is linear in the bytes.

    cut: there was more of it. The body is at most MAX_BODY bytes; more is cut.
    """
    first = _STATUS.match(block)
    end = _END.search(block, 0, HEAD_BYTES)
    if first is None:
        return None
    if end is None:  # headers alone, as a revisit may have them, or without an end
        if len(block) > HEAD_BYTES:
            return None
        head, body = block, b""
    else:
        head, body = block[: end.start()], block[end.end() :]
    headers = fields(head.split(b"\n")[1:])
    body, whole = _body(body, headers)
    return Message(int(first[1] or 0), headers, body[:MAX_BODY], cut or not whole)


def _body(body: bytes, headers: dict[str, str]) -> tuple[bytes, bool]:
    """As it was before it was sent, and whether all of it is here."""
    whole = True
    sent = headers.get("content-length", "")
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body, whole = _joined(body)
    elif sent.isdecimal() and len(sent) < 16 and len(body) < int(sent):
        whole = False
    encodings = headers.get("content-encoding", "")
    if not encodings or _MARKUP.match(body):  # a tool decompressed it and left the header
        return body, whole and len(body) <= MAX_BODY
    try:
        decoded, ended = decode(body, encodings, 2 * MAX_BODY)
    except TooLarge:
        return b"", False
    return decoded, whole and ended and len(decoded) <= MAX_BODY


def _joined(body: bytes) -> tuple[bytes, bool]:
    """Without its chunks' sizes; itself where it has none."""
    parts: list[bytes] = []
    at = 0
    for _ in range(MAX_CHUNKS):
        size = _CHUNK.match(body, at)
        if size is None:
            break
        at, left = size.end(), int(size[1], 16)
        if not left:
            return b"".join(parts), True
        parts.append(body[at : at + left])
        at += left
        if at > len(body):
            break
        at += 2 if body.startswith(b"\r\n", at) else body.startswith(b"\n", at)
    return (b"".join(parts), False) if parts else (body, True)
