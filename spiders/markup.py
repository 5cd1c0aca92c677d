"""What attributes of a page's elements say, whoever has parsed it."""

from __future__ import annotations

import re
from typing import Literal

from pipeline.page import NOFOLLOW, SPONSORED, UGC, Kind

_REFRESH = re.compile(r"\s*([\d.]+)\s*[;,\s]\s*(?:url\s*=\s*)?['\"]?\s*([^'\"]*)", re.IGNORECASE)
_CRAWLED_ALTERNATE = ("", "text/html", "application/xhtml+xml")
_FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json")


def head_kind(rel: str, media_type: str) -> Kind | Literal["feed"] | None:
    """What a link element is, by its attributes rel and type; None where it leads to no page."""
    rels = rel.lower().split()
    if "canonical" in rels:
        return "canonical"
    if "next" in rels:
        return "next"
    if "prev" in rels or "previous" in rels:
        return "prev"
    if "alternate" not in rels or "stylesheet" in rels:
        return None
    kind = media_type.lower().strip()
    if kind in _CRAWLED_ALTERNATE:
        return "alternate"
    return "feed" if kind.partition(";")[0].rstrip() in _FEEDS else None


def refresh_target(content: str) -> str:
    """Where a meta refresh leads, as written; '' where it only comes back."""
    match = _REFRESH.match(content[: 2 * 2048])
    return match[2].strip() if match is not None else ""


def rel_flags(value: str) -> int:
    """nofollow 1 + ugc 2 + sponsored 4, of an attribute rel."""
    tokens = value.lower().split()
    return (
        (NOFOLLOW if "nofollow" in tokens else 0)
        | (UGC if "ugc" in tokens else 0)
        | (SPONSORED if "sponsored" in tokens else 0)
    )
