"""Web archives made by hand: WARC records, and the WAT that Common Crawl would make of them.

The WAT follows what its documentation and its software's tests say of the format, from the events
of the standard library's HTML parser, which shares no line with the extractor's.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from typing import Any

DATE = "2024-05-18T01:58:10Z"
SOFTWARE = b"Software-Info: ia-web-commons.1.1.10-SNAPSHOT-20240513074037\r\n"
MAX_TEXT = 128  # characters of an anchor


def record(
    kind: str,
    block: bytes = b"",
    *,
    url: str = "https://example.org/",
    date: str = DATE,
    content_type: str = "application/http; msgtype=response",
    length: int | str | None = None,
    **more: str,
) -> bytes:
    """One record. more: further headers, `_` for `-`."""
    headers = {
        "WARC-Type": kind,
        "WARC-Target-URI": url,
        "WARC-Date": date,
        "Content-Type": content_type,
        **{name.replace("_", "-"): value for name, value in more.items()},
        "Content-Length": str(len(block) if length is None else length),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    return f"WARC/1.0\r\n{head}\r\n".encode() + block + b"\r\n\r\n"


def http(body: bytes = b"", status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """An answer, of HTML unless its headers say otherwise."""
    lines = {"Content-Type": "text/html; charset=utf-8", **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"HTTP/1.1 {status} Some Reason\r\n{head}\r\n".encode() + body


def response(url: str, body: bytes, **more: Any) -> bytes:
    return record("response", http(body), url=url, **more)


def gzipped(records: Iterable[bytes]) -> bytes:
    """A member a record, as tools write them."""
    return b"".join(gzip.compress(each, 1, mtime=0) for each in records)


def warcinfo(software: bytes = SOFTWARE) -> bytes:
    return record("warcinfo", software, content_type="application/warc-fields", url="")


def wat(
    url: str,
    body: bytes,
    *,
    date: str = DATE,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **more: str,
) -> bytes:
    """The metadata record of a response."""
    return record(
        "metadata", _compact(envelope(url, body, date, status, headers, more)),
        url=url, date="2024-06-01T00:00:00Z", content_type="application/json",
    )  # fmt: skip


def about(url: str, kind: str) -> bytes:
    """The metadata record of a request, or of what a crawler noted: a WAT has one of each."""
    made = envelope(url, b"")
    made["Envelope"]["WARC-Header-Metadata"]["WARC-Type"] = kind
    made["Envelope"]["Payload-Metadata"] = {"Actual-Content-Type": "application/http"}
    return record("metadata", _compact(made), url=url, content_type="application/json")


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def envelope(
    url: str,
    body: bytes,
    date: str = DATE,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "Response-Message": {"Version": "HTTP/1.1", "Status": str(status), "Reason": "OK"},
        "Headers-Length": "174",
        "Headers": {"Content-Type": "text/html; charset=utf-8", **(headers or {})},
        "Entity-Length": str(len(body)),
    }
    if body:
        answer["HTML-Metadata"] = html_metadata(body.decode("utf-8", "replace"))
    return {
        "Container": {"Filename": "made.warc.gz", "Compressed": True, "Offset": "1"},
        "Envelope": {
            "Format": "WARC/1.0",
            "WARC-Header-Length": "500",
            "WARC-Header-Metadata": {
                "WARC-Type": "response",
                "WARC-Date": date,
                "WARC-Target-URI": url,
                "WARC-IP-Address": "192.0.2.1",
                "Content-Type": "application/http; msgtype=response",
                **(more or {}),
            },
            "Payload-Metadata": {
                "Actual-Content-Type": "application/http; msgtype=response",
                "HTTP-Response-Metadata": answer,
            },
        },
    }


def html_metadata(text: str) -> dict[str, Any]:
    events = _Events()
    events.feed(text)
    events.close()
    head = {name: value for name, value in events.head.items() if value}
    return {"Head": head, **({"Links": events.links} if events.links else {})}


_PLAIN = {
    "form": ("action", ("method", "target")),
    "iframe": ("src", ()),
    "frame": ("src", ()),
    "embed": ("src", ()),
    "area": ("href", ("rel",)),
    "img": ("src", ("alt", "title")),
    "input": ("src", ()),
    "video": ("src", ()),
    "source": ("src", ()),
    "blockquote": ("cite", ()),
}  # fmt: skip


class _Events(HTMLParser):
    """An A is told at its end tag, with the text in it; everything else at its start tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.head: dict[str, Any] = {
            "Title": "",
            "Base": "",
            "Link": [],
            "Metas": [],
            "Scripts": [],
        }
        self.links: list[dict[str, str]] = []
        self.open: list[tuple[dict[str, str] | None, list[str]]] = []
        self.in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Of an attribute that stands twice the first counts.
        given = {name: value or "" for name, value in reversed(attrs)}
        if tag == "a":
            self.open.append((_told("A", "href", ("target", "title", "rel"), given), []))
        elif tag == "title":
            self.in_title = not self.head["Title"]
        elif tag == "base" and "href" in given:
            self.head["Base"] = self.head["Base"] or given["href"]
        elif tag == "link" and "href" in given:
            self.head["Link"].append(_told("LINK", "href", ("rel", "type"), given))
        elif tag == "script" and "src" in given:
            self.head["Scripts"].append(_told("SCRIPT", "src", ("type",), given))
        elif tag == "meta":
            names = ("name", "rel", "content", "http-equiv", "property")
            metas = {name: given[name] for name in names if name in given}
            self.head["Metas"] += [metas] if metas else []
        elif tag == "html" and "lang" in given:
            self.head["Metas"].append({"name": "HTML@/lang", "content": given["lang"]})
        elif tag in _PLAIN:
            attribute, others = _PLAIN[tag]
            told = _told(tag.upper(), attribute, others, given)
            self.links += [told] if told else []

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self.in_title = False
        elif tag == "a" and self.open:
            link, texts = self.open.pop()
            text = " ".join("".join(texts).split())[:MAX_TEXT]
            if link is not None:
                self.links.append({**link, "text": text} if text else link)

    def handle_data(self, data: str) -> None:
        if self.in_title:
            self.head["Title"] += data
        for _, texts in self.open:
            texts.append(data)


def _told(
    tag: str, attribute: str, others: Iterable[str], given: Mapping[str, str]
) -> dict[str, str] | None:
    if attribute not in given:
        return None
    told = {"path": f"{tag}@/{attribute}", "url": given[attribute]}
    return told | {name: given[name] for name in others if name in given}
