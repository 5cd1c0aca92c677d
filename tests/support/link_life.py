"""The rules of DESIGN section 6 in plain Python: what became of a link, from the page's visits.

Written from the rules and not from the SQL. It looks at all visits at once, in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipeline.page import Page

THOROUGH = {"crawl": 3, "warc": 3, "wat": 2, "list": 1}
FAILED = ("error", "timeout", "robots", "blocked", "refused")


class Life(NamedTuple):
    """Times in ms; 0 where there is none."""

    state: str
    reason: str
    first_seen: int
    not_before: int
    last_seen: int
    lost_by: int


class Visit:
    """One visit of one page: the parts of it that arrived."""

    def __init__(self, parts: Sequence[Page]) -> None:
        one = parts[0]
        self.at, self.source, self.outcome, self.status = (
            one.fetched_at, one.source, one.outcome, one.status,
        )  # fmt: skip
        self.extractor, self.noindex = one.extractor, one.noindex
        self.links = {
            (target, kind)
            for part in parts
            for target, kind in zip(part.external.target, part.external.kind, strict=True)
        }
        # An import of only some links has parts of its own: they say that those are there.
        told = [part for part in parts if part.incomplete != "filtered"]
        all_here = bool(told) and {part.part for part in told} == set(range(1, told[0].parts + 1))
        claimed = all(part.complete for part in told)
        is_partial = one.source == "list" or not told
        self.is_whole = one.outcome == "ok" and all_here and claimed
        self.is_body = one.outcome == "ok" and not is_partial
        self.is_failure = not is_partial and (
            one.outcome in FAILED or (one.outcome == "ok" and not claimed)
        )

    def is_as_good_as(self, other: Visit) -> bool:
        return THOROUGH[self.source] >= THOROUGH[other.source] and self.extractor >= other.extractor


def visits(pages: Iterable[Page]) -> list[Visit]:
    """Of one URL, by time; the same part may come many times."""
    found: dict[tuple[int, str], dict[int, Page]] = {}
    for page in pages:
        found.setdefault((page.fetched_at, page.source), {})[page.part] = page
    return [Visit(list(parts.values())) for _, parts in sorted(found.items())]


def lives(pages: Iterable[Page]) -> dict[tuple[str, str], Life]:
    """Of every link that one URL ever had, by target and kind."""
    history = visits(pages)
    links = {link for visit in history for link in visit.links}
    return {link: life(history, link) for link in links}


def life(history: Sequence[Visit], link: tuple[str, str]) -> Life:
    sightings = [visit for visit in history if link in visit.links]
    first = min(sightings, key=lambda visit: (visit.at, THOROUGH[visit.source]))
    last = min(sightings, key=lambda visit: (-visit.at, THOROUGH[visit.source]))
    last_seen = confirmed_at(history, last)
    later = [v for v in history if v.at > last_seen]
    telling = [v for v in later if v.is_as_good_as(last) and (v.is_whole or is_away(v))]
    before = [v.at for v in history if v.at < first.at and v.is_whole and v.is_as_good_as(first)]
    times = (first.at, max(before, default=0), last_seen)
    proof = loss(telling)
    if proof:
        return Life("lost", proof, *times, telling[0].at)
    if last.noindex:
        return Life("lost", "noindex", *times, 0)
    failures = [v for v in later if v.is_failure]
    if len(failures) >= 2:
        reason = failures[-1].outcome
        return Life("unverified", "incomplete" if reason == "ok" else reason, *times, 0)
    return Life("live", "", *times, 0)


def confirmed_at(history: Sequence[Visit], last: Visit) -> int:
    """The last 304 that says that the body with the link still stands, or its sighting."""
    at = last.at
    for visit in history:
        if visit.at > last.at:
            if visit.is_body:
                break
            if visit.outcome == "not_modified":
                at = visit.at
    return at


def is_away(visit: Visit) -> bool:
    return visit.outcome in ("gone", "redirect")


def loss(telling: Sequence[Visit]) -> str:
    """The reason of the first proof: two of a kind, or one permanent redirect."""
    counts = {"removed": 0, "gone": 0, "moved for now": 0}
    for visit in telling:
        if visit.outcome == "redirect" and visit.status in (301, 308):
            return "redirected"
        kind = {"ok": "removed", "gone": "gone"}.get(visit.outcome, "moved for now")
        counts[kind] += 1
        if counts[kind] == 2:
            return "redirected" if kind == "moved for now" else kind
    return ""
