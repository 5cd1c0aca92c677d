"""What an answer comes to in a page record: the same for a visit now and a capture long ago."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pipeline.page import Hop, Internal, Links, Outcome, Page, Request, Source, link_digest
from pipeline.url import Refused, Url, canonical, suffix_list_version
from spiders import sitemap
from spiders.extract import EXTRACTOR, MAX_BODY, Extracted, clean, extract

LONGEST_LOCATION = 2_000  # characters; of a header no more is looked at, so it may be cut
_BLOCKED = frozenset({401, 403, 407, 429, 451})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def answered(
    url: Url,
    fetched_at: int,
    outcome: Outcome,
    *,
    status: int = 0,
    headers: Mapping[str, str] | None = None,
    size: int = 0,
    ip: str = "",
    why: str = "",
    chain: list[Hop] | None = None,
    request: Request | None = None,
    source: Source = "crawl",
) -> Page:
    """The record without what a body says. fetched_at: ms since 1970. size: bytes of the body.

    why: it is no evidence.
    """
    headers = headers or {}
    return Page(
        suffix_list=suffix_list_version(),
        url=url.url,
        host=url.host,
        path=url.path,
        domain=url.domain,
        chain=chain or [],
        fetched_at=fetched_at,
        outcome=outcome,
        status=status if 0 <= status < 1000 else 0,
        incomplete=why[:100],
        content_type=clean(headers.get("content-type", ""), 100),
        bytes=size,
        ip=ip,
        etag=clean(headers.get("etag", ""), 200),
        last_modified=clean(headers.get("last-modified", ""), 100),
        extractor=EXTRACTOR,
        source=source,
        request=request or Request(),
    )


def outcome_of(status: int) -> Outcome:
    """Of an answer that leads nowhere else."""
    if 200 <= status < 300:
        return "ok"
    if status == 304:
        return "not_modified"
    if status in (404, 410):
        return "gone"
    return "blocked" if status in _BLOCKED else "error"


def is_redirect(status: int, headers: Mapping[str, str]) -> bool:
    return status in _REDIRECTS and bool(headers.get("location"))


def location(value: str, at: Url, allow_ip: bool) -> tuple[Url | None, dict[str, int]]:
    """Where a redirect leads; None, and why, where that can't be a target."""
    if len(value) >= LONGEST_LOCATION:
        return None, {"too_long": 1}
    try:
        # Header bytes are UTF-8 in practice where they are not ASCII.
        text = value.encode("latin-1", "replace").decode("utf-8", "replace")
        return canonical(text, at.url, allow_ip=allow_ip), {}
    except Refused as refusal:
        return None, {refusal.reason: 1}


def led_to(page: Page, target: Url | None, refused: dict[str, int]) -> Page:
    """The record of a redirect, with the link that it is."""
    external, internal = Links(), Internal()
    if target is not None and target.domain != page.domain:
        external = Links(
            target=[target.url], domain=[target.domain], kind=["redirect"], rel=[0],
            position=["main"], anchor=[""], before=[""], after=[""], ordinal=[0], count=[1],
        )  # fmt: skip
    elif target is not None:
        internal = Internal(target=[target.url], rel=[0])
    return msgspec.structs.replace(
        page,
        final_url=target.url if target is not None else "",
        external=external,
        internal=internal,
        refused=refused,
        digest=link_digest(external.target, external.kind),
    )


def read_body(
    at: Url,
    body: bytes,
    headers: Mapping[str, str],
    *,
    cut: bool = False,
    named: bool = False,
    limit: int = MAX_BODY,
) -> Extracted:
    """What a 2xx says, whether a page, a sitemap or a feed. named: by the host's robots.txt."""
    found = sitemap.read(at, body, headers, named=named, limit=limit)
    return extract(at, body, headers, cut=cut) if found is None else found


def with_extracted(page: Page, found: Extracted, final_url: str) -> Page:
    """The record with what the page says."""
    return msgspec.structs.replace(
        page,
        final_url=final_url,
        complete=not found.incomplete,
        incomplete=found.incomplete,
        language=found.language,
        country=found.country,
        country_by=found.country_by,
        title=found.title,
        terms=found.terms,
        canonical=found.canonical,
        robots_meta=found.robots_meta,
        robots_header=found.robots_header,
        noindex=found.noindex,
        nofollow=found.nofollow,
        digest=found.digest,
        text=found.text,
        dropped=found.dropped,
        refused=found.refused,
        external=found.external,
        internal=found.internal,
    )
