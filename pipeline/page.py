"""The page record: one message a page with all its links, the contract between all workers.

JSON on the wire, so that people read it with kcat and ClickHouse with its own Kafka engine.
External links travel as parallel arrays, so that a consumer hands on whole columns. A reader
accepts this version and the one before; the JSON Schema beside this file is generated from here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec

from pipeline.errors import PoisonRecord
from pipeline.url import suffix_list_version

VERSION = 3  # 1 had neither `text` nor `sitemaps`, 2 no country
MAX_RECORD = 16 << 20  # bytes; a page at every limit of the extractor is under 12 MB
FUTURE_MS = 5 * 60_000  # a page can't be fetched later than the log took it, but for clocks

Outcome = Literal[
    "ok",  # 2xx with a body that was read
    "not_modified",  # 304: the last body stands
    "redirect",  # it leads to another page
    "gone",  # 404 or 410
    "error",  # any other status, or a connection that failed
    "timeout",
    "robots",  # robots.txt forbids it
    "blocked",  # 401, 403, 429, 451: the server refuses us
    "refused",  # we refuse: a private address, a scheme, a size
    "skipped",  # past its deadline before it was fetched
]
OUTCOMES: tuple[str, ...] = get_args(Outcome)
Kind = Literal[
    "a", "area", "img-link", "iframe", "form", "canonical", "redirect", "alternate", "next", "prev"
]
KINDS: tuple[str, ...] = get_args(Kind)
Position = Literal["main", "nav", "header", "footer", "aside", "comment"]
POSITIONS: tuple[str, ...] = get_args(Position)
Source = Literal["crawl", "warc", "wat", "list"]
SOURCES: tuple[str, ...] = get_args(Source)

UInt16 = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
UInt32 = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
Millis = Annotated[int, msgspec.Meta(ge=1, le=(1 << 43) - 1, description="ms since 1970, UTC")]
Text = Annotated[str, msgspec.Meta(max_length=4096)]
Address = Annotated[str, msgspec.Meta(min_length=8, max_length=2048)]
Rel = Annotated[int, msgspec.Meta(ge=0, le=7, description="nofollow 1 + ugc 2 + sponsored 4")]

NOFOLLOW, UGC, SPONSORED = 1, 2, 4


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Links(_Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """External links as parallel arrays of one length."""

    target: list[Address] = []
    domain: list[Text] = []  # the target's registered domain
    kind: list[Kind] = []
    rel: list[Rel] = []
    position: list[Position] = []
    anchor: list[Text] = []
    before: list[Text] = []
    after: list[Text] = []
    ordinal: list[UInt16] = []  # place among the page's links, from 0
    count: list[UInt16] = []  # how often this target stands on the page

    def __len__(self) -> int:
        return len(self.target)


class Internal(_Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Links within the registered domain: target and rel alone, they feed the frontier."""

    target: list[Address] = []
    rel: list[Rel] = []


class Request(_Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the request carried that is not idempotent, echoed."""

    hops: UInt16 = 0  # links between registered domains from a seed to here
    attempt: UInt16 = 0  # failures in a row before this visit
    interval_s: UInt32 = 0  # time between visits so far, 0 = none yet
    etag: Text = ""
    last_modified: Text = ""
    digest: Text = ""  # of the external links at the last visit
    # Of this host: in a request as its last visit told, in a record as this one measured.
    latency_ms: UInt32 = 0
    delay_s: float = 0.0  # between two requests


class Hop(_Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: Address
    status: UInt16


class Page(_Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One visit of one URL: what came back, and all links in it."""

    v: Literal[2, 3] = 3  # VERSION
    suffix_list: Text
    url: Address
    host: Text
    path: Annotated[str, msgspec.Meta(max_length=2048)]
    domain: Text
    final_url: Text = ""
    chain: list[Hop] = []
    fetched_at: Millis
    outcome: Outcome
    status: UInt16 = 0  # HTTP status, 0 = no answer
    complete: bool = False
    incomplete: Text = ""  # why not, one word
    content_type: Text = ""
    bytes: UInt32 = 0
    language: Text = ""
    country: Text = ""  # ISO 3166, for which the page says it is
    country_by: Text = ""  # hreflang, lang: what says so
    title: Text = ""
    terms: list[Text] = []  # most frequent first
    canonical: Text = ""
    robots_meta: Text = ""
    robots_header: Text = ""
    noindex: bool = False
    nofollow: bool = False
    ip: Text = ""
    etag: Text = ""
    last_modified: Text = ""
    digest: Text = ""
    text: Text = ""  # digest of what a reader sees, 16 hex digits; empty where that is little
    sitemaps: list[Address] = []  # that the host's robots.txt names, where it was read just now
    dropped: UInt32 = 0  # links over the cap
    refused: dict[str, int] = {}  # links that can't be targets, by reason
    part: UInt16 = 1
    parts: UInt16 = 1
    extractor: UInt16 = 0
    source: Source = "crawl"
    request: Request = Request()
    external: Links = Links()
    internal: Internal = Internal()


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Page)
_version = msgspec.json.Decoder(dict[str, msgspec.Raw])
ACCEPTED = frozenset({VERSION, VERSION - 1} - {0})


def encode(page: Page) -> bytes:
    """The page as JSON, UTF-8. The extractor has replaced lone surrogates."""
    return _encoder.encode(page)


def decode(data: bytes) -> Page:
    """A record from the wire.

    Raises PoisonRecord with a reason: empty (a tombstone too), huge, encoding, json, version,
    type, suffix_list, arrays.
    """
    if not data:
        raise PoisonRecord("empty")
    if len(data) > MAX_RECORD:
        raise PoisonRecord("huge", f"{len(data)} bytes")
    try:
        page = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _poison(data, error) from error
    if page.suffix_list != suffix_list_version():
        raise PoisonRecord("suffix_list", f"{page.suffix_list}, here {suffix_list_version()}")
    sizes = {len(column) for column in _columns(page.external)}
    if len(sizes) != 1 or len(page.internal.target) != len(page.internal.rel):
        raise PoisonRecord("arrays", f"of different lengths on {page.url}")
    if not 1 <= page.part <= page.parts:
        raise PoisonRecord("arrays", f"part {page.part} of {page.parts}")
    return page


def split(page: Page, limit: int) -> list[bytes]:
    """The page as records of at most `limit` bytes: one, or parts with some of its links each.

    Raises ValueError where a part with a single link is still over the limit.
    """
    whole = encode(page)
    if len(whole) <= limit:
        return [whole]
    links = len(page.external) + len(page.internal.target)
    parts = 2 * len(whole) // limit + 1
    while True:
        records = [encode(_part(page, part, parts)) for part in range(parts)]
        if max(map(len, records)) <= limit:
            return records
        if parts > links or 2 * parts > 0xFFFF:
            raise ValueError(f"{page.url}: a part of it is over {limit} bytes")
        parts *= 2


def _part(page: Page, part: int, parts: int) -> Page:
    """Part `part` of `parts`, from 0."""
    return msgspec.structs.replace(
        page,
        part=part + 1,
        parts=parts,
        external=_slice(page.external, part, parts),
        internal=_slice(page.internal, part, parts),
    )


Columns = TypeVar("Columns", Links, Internal)


def _slice(links: Columns, part: int, parts: int) -> Columns:
    total = len(links.target)
    kept = slice(total * part // parts, total * (part + 1) // parts)
    return type(links)(**{name: getattr(links, name)[kept] for name in links.__struct_fields__})


def _columns(links: Links) -> list[list[Any]]:
    return [getattr(links, name) for name in links.__struct_fields__]


def _poison(data: bytes, error: Exception) -> PoisonRecord:
    detail = str(error)[:200]
    try:
        data.decode()
    except UnicodeDecodeError:
        return PoisonRecord("encoding", detail)
    try:
        version = msgspec.json.decode(_version.decode(data).get("v", msgspec.Raw(b"null")))
    except (msgspec.ValidationError, RecursionError):
        return PoisonRecord("type", detail)
    except msgspec.DecodeError:
        return PoisonRecord("json", detail)
    if not isinstance(version, int) or version not in ACCEPTED:
        return PoisonRecord("version", f"{version!r}; this reads {sorted(ACCEPTED)}")
    return PoisonRecord("type", detail)


def link_digest(targets: Sequence[str], kinds: Sequence[str]) -> str:
    """Sixteen hex digits for a set of external links: order and anchors don't matter."""
    lines = sorted(f"{kind} {target}" for target, kind in zip(targets, kinds, strict=True))
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()


def json_schema() -> dict[str, Any]:
    """The contract for others; `python -m pipeline.page` writes it beside this file."""
    return msgspec.json.schema(Page)


if __name__ == "__main__":
    from pathlib import Path

    text = msgspec.json.format(msgspec.json.encode(json_schema()), indent=2)
    Path(__file__).with_name("page.schema.json").write_bytes(text + b"\n")
