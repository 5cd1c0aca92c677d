"""A record of Common Crawl's WAT, which has of an answer its headers and links, to a page record.

A WAT gives the external links of its WARC, with less around them: no text beside a link, its
anchor cut at 128 characters, every place on the page taken for the main one. It misses an `<a>`
that is never closed. A page of it counts as complete only where nothing that a WAT leaves out could
tell otherwise: it has a fair number of links, and neither its title nor its anchors speak of a
wall. Its validators are not kept, so that a crawl asks for the whole page; internal links are not
read at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from pipeline.url import Url
from spiders.archive.warc import Capture, all_are, milliseconds, page_url, redirected
from spiders.archive.wat_page import Html, Reading
from spiders.extract import HTML_TYPES
from spiders.head import MAX_HEADER
from spiders.outcome import answered, is_redirect, outcome_of

TYPE = "application/json"
_ANSWER = b'"HTTP-Response-Metadata"'
_HTML, _OK = b'"HTML-Metadata"', b'"Status":"200"'
# Builds before that day left references to characters in attributes as they were written.
_SOFTWARE = re.compile(rb"ia-web-commons[^\r\n]{0,30}-(\d{8})\d{6}")
_DECODED = b"20190619"


class _Status(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    status: str | int = 0


class _Answer(
    msgspec.Struct,
    frozen=True,
    gc=False,
    rename={"message": "Response-Message", "headers": "Headers", "html": "HTML-Metadata",
            "length": "Entity-Length"},
):  # fmt: skip
    message: _Status = _Status()
    headers: dict[str, Any] = {}
    html: Html | None = None
    length: str | int = 0


class _Payload(msgspec.Struct, frozen=True, gc=False, rename={"answer": "HTTP-Response-Metadata"}):
    answer: _Answer | None = None


class _Warc(
    msgspec.Struct,
    frozen=True,
    gc=False,
    rename={"kind": "WARC-Type", "date": "WARC-Date", "url": "WARC-Target-URI",
            "ip": "WARC-IP-Address", "cut": "WARC-Truncated"},
):  # fmt: skip
    kind: str = ""
    date: str = ""
    url: str = ""
    ip: str = ""
    cut: str = ""


class _Envelope(
    msgspec.Struct,
    frozen=True,
    gc=False,
    rename={"payload": "Payload-Metadata", "warc": "WARC-Header-Metadata"},
):
    payload: _Payload = _Payload()
    warc: _Warc = _Warc()


class _Record(msgspec.Struct, frozen=True, gc=False, rename={"envelope": "Envelope"}):
    envelope: _Envelope


_decoder = msgspec.json.Decoder(_Record)


def has_references(software: bytes) -> bool:
    """Whether a WAT's URLs still have references such as `&amp;`. software: of its warcinfo."""
    found = _SOFTWARE.search(software)
    return found is not None and found[1] < _DECODED


def capture(
    block: bytes,
    worth: Callable[[bytes], bool] = all_are,
    *,
    references: bool = False,
    named: str = "",
) -> Capture:
    """Of a metadata record in JSON. Never raises, whatever the bytes.

    worth: whether it is to be read. Without a page where it isn't, where it tells of something
    else than an answer (other), or where it is damaged (no_date, no_json). named: its URL by the
    record's own headers, with which a page that isn't to be read is counted unread.
    """
    if _ANSWER not in block:
        return Capture("other")
    wanted = worth(block)
    if not wanted and named and _HTML in block and _OK in block:
        url = page_url(named)
        if url is not None:
            return Capture("page", None, url.host)
    try:
        envelope = _decoder.decode(block).envelope
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Capture("no_json")
    warc, answer = envelope.warc, envelope.payload.answer
    url = page_url(warc.url)
    if answer is None or url is None or warc.kind != "response":
        return Capture("other")
    at = milliseconds(warc.date)
    if at is None:
        return Capture("no_date")
    return _captured(url, at, warc, answer, wanted, references)


def _captured(
    url: Url, at: int, warc: _Warc, answer: _Answer, worth: bool, references: bool
) -> Capture:
    status, headers = _number(answer.message.status), _fields(answer.headers)
    if is_redirect(status, headers):
        return redirected(url, at, status, headers, warc.ip, "wat")
    outcome = outcome_of(status)
    page = answered(
        url, at, outcome, status=status, headers=headers, ip=warc.ip[:45],
        size=min(_number(answer.length), 0xFFFF_FFFF), source="wat",
    )  # fmt: skip
    if outcome != "ok":
        return Capture("other_status", page, url.host)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.html is None or (kind and kind not in HTML_TYPES):
        return Capture("not_html", None, url.host)
    if not worth:
        return Capture("page", None, url.host)
    reading = Reading(url, answer.html, references)
    return Capture("page", reading.page(page, headers, bool(warc.cut)), url.host)


def _number(text: str | int) -> int:
    return int(text) if isinstance(text, int) or (text.isdecimal() and len(text) < 12) else 0


def _fields(headers: dict[str, Any]) -> dict[str, str]:
    """By lower-case name; what is no text is a list of texts, or left out."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        if isinstance(value, list):
            value = ", ".join(one for one in value[:100] if isinstance(one, str))
        if isinstance(value, str):
            name, value = name.strip().lower(), value.strip()[:MAX_HEADER]
            found[name] = f"{found[name]}, {value}"[:MAX_HEADER] if name in found else value
    return found
