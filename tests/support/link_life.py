"""The rules of DESIGN section 6 in plain Python: what became of a link, from the page's visits.

Written from the rules and not from the SQL. It looks at all visits at once, in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from pipeline.page import POSITIONS, Page
from pipeline.url import canonical

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


class Look(NamedTuple):
    anchor: str
    position: str
    rel: int


class Change(NamedTuple):
    """It was seen at `after` as it was before, and at `by` as it was then."""

    before: Look
    then: Look
    after: int
    by: int


class Visit:
    """One visit of one page: the parts of it that arrived."""

    def __init__(self, parts: Sequence[Page]) -> None:
        self.one = one = parts[0]
        self.at, self.source, self.outcome, self.status = (
            one.fetched_at, one.source, one.outcome, one.status,
        )  # fmt: skip
        self.extractor = one.extractor
        read = one.source != "list"  # which tells of links and of nothing else
        self.noindex = read and one.noindex
        self.elsewhere = read and one.outcome == "ok" and is_another(one)
        self.links = {
            (target, kind)
            for part in parts
            for target, kind in zip(part.external.target, part.external.kind, strict=True)
        }
        self.looks = [
            ((target, kind), Look(anchor, position, rel))
            for part in parts
            for target, kind, anchor, position, rel in zip(
                part.external.target, part.external.kind, part.external.anchor,
                part.external.position, part.external.rel, strict=True,
            )
        ]  # fmt: skip
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

    def why_out(self, kind: str) -> str:
        """Why a link of that kind, though it stands, does not count."""
        if self.noindex:
            return "noindex"
        is_a_lead = kind in ("canonical", "redirect")
        return "canonicalised" if self.elsewhere and not is_a_lead else ""

    def is_as_good_as(self, other: Visit) -> bool:
        return THOROUGH[self.source] >= THOROUGH[other.source] and self.extractor >= other.extractor


def is_another(page: Page) -> bool:
    """Does it name as its canonical another page, and not only another spelling of its own?"""
    if not page.canonical or page.incomplete == "refresh":
        return False
    mine, its = (
        (url.host.removeprefix("www."), url.path.partition("?"))
        for url in (canonical(page.url), canonical(page.canonical))
    )
    return (mine[0], mine[1][0].rstrip("/"), mine[1][2]) != (
        its[0],
        its[1][0].rstrip("/"),
        its[1][2],
    )


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
    # What we saw ourselves goes before what a list says; and a 304 means no list.
    own = [visit for visit in sightings if visit.source != "list"]
    last = min(own or sightings, key=lambda visit: (-visit.at, THOROUGH[visit.source]))
    last_seen = confirmed_at(history, last) if own else last.at
    later = [v for v in history if v.at > last_seen]
    telling = [v for v in later if v.is_as_good_as(last) and (v.is_whole or is_away(v))]
    before = [v.at for v in history if v.at < first.at and v.is_whole and v.is_as_good_as(first)]
    times = (first.at, max(before, default=0), last_seen)
    proof = loss(telling)
    if proof:
        return Life("lost", proof, *times, telling[0].at)
    if last.why_out(link[1]):
        counted, since = counts(sightings, link[1])
        return Life("lost", last.why_out(link[1]), *times, since if counted else 0)
    failures = [v for v in later if v.is_failure]
    if len(failures) >= 2:
        reason = failures[-1].outcome
        return Life("unverified", "incomplete" if reason == "ok" else reason, *times, 0)
    if not own:
        return Life("unverified", "list", *times, 0)
    return Life("live", "", *times, 0)


def counts(sightings: Sequence[Visit], kind: str) -> tuple[int, int]:
    """When it last was seen and counted, and when it was first seen since and did not; or 0."""
    own = [visit for visit in sightings if visit.source != "list"]
    counted = max((v.at for v in own if not v.why_out(kind)), default=0)
    out = [v.at for v in sightings if v.why_out(kind) and v.at > counted]
    return counted, min(out, default=0)


def counted_until(history: Sequence[Visit], link: tuple[str, str]) -> int:
    """The last visit at which it stood and counted, 0 where there was none."""
    sightings = [visit for visit in history if link in visit.links and visit.source != "list"]
    if not sightings:
        return 0
    last = min(sightings, key=lambda visit: (-visit.at, THOROUGH[visit.source]))
    counted, since = counts(sightings, link[1])
    if not last.why_out(link[1]):
        return confirmed_at(history, last)
    return counted if since else 0


def looked(history: Sequence[Visit], link: tuple[str, str]) -> list[tuple[int, Look]]:
    """Every sighting by whoever read the page itself."""
    return [
        (visit.at, look)
        for visit in history
        if visit.source in ("crawl", "warc")
        for one, look in visit.looks
        if one == link
    ]


def changes(history: Sequence[Visit], link: tuple[str, str]) -> list[Change]:
    """What its looks say, of each of which no more is kept than when it first and last was seen."""
    seen: dict[Look, list[int]] = {}
    for at, look in looked(history, link):
        seen.setdefault(look, []).append(at)
    ends = sorted(
        {(end(times), _sorted(look)) for look, times in seen.items() for end in (min, max)}
    )
    found = []
    for (after, before), (by, then) in pairwise(ends):
        if before != then and after < by:
            found.append(Change(before[1], then[1], after, by))
    return found


def _sorted(look: Look) -> tuple[tuple[str, int, int], Look]:
    """As the store sorts it: a position by its number."""
    return (look.anchor, POSITIONS.index(look.position), look.rel), look


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
