"""Where links to a page got, at every time that is known of: pure functions of where pages led."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

HOPS = 5
_PAST = 200  # pages that are looked at for what one page led to
_TIMES = 8  # of one end that are kept


class Place(NamedTuple):
    """A page by its registered domain, host and path."""

    domain: str
    host: str
    path: str


class Step(NamedTuple):
    """Where one page leads. `url`: as it names it."""

    https: int
    by: str
    url: str
    domain: str

    @property
    def to(self) -> Place:
        host, _, path = self.url.partition("://")[2].partition("/")
        return Place(self.domain, host, "/" + path)


class Turn(NamedTuple):
    """What was so of a page from `since` on. Times are ms; see page_fates."""

    since: int
    not_before: int
    until: int
    step: Step | None  # None: it leads nowhere


class Fate(NamedTuple):
    """What is known of a page: `turns` in order, and where it leads now. `turned`: their hash."""

    https: int
    step: Step | None
    turns: list[Turn]
    turned: int


Fates = Mapping[Place, Fate]


def merged(turns: Sequence[Turn]) -> list[Turn]:
    """Without those that lead where the one before did: to one page, or nowhere, as it did at
    first before anything is known of it.
    """
    found: list[Turn] = []
    for turn in turns:
        if found and _url(found[-1]) == _url(turn):
            found[-1] = found[-1]._replace(until=turn.until)
        else:
            found.append(turn)
    if found and found[0].step is None:
        found[0] = found[0]._replace(since=0, not_before=0)
    return found


def _url(turn: Turn) -> str:
    return "" if turn.step is None else turn.step.url


class Span(NamedTuple):
    """Links got there after `opened_after` and by `opened`; no more after ... by `closed`. 0: not
    known, and of `closed`: they still do."""

    opened: int
    opened_after: int
    closed: int
    closed_after: int


class Past(NamedTuple):
    """When links got to a page and no further; of one that only led on, never."""

    https: int
    spans: list[Span]


class _Walk(NamedTuple):
    """The pages that links get to from some time on, the first one first."""

    at: int
    pages: list[Place]
    https: int  # of the last one
    ends: bool

    @property
    def end(self) -> Place | None:
        return self.pages[-1] if self.ends else None


def past(page: Place, fates: Fates) -> dict[Place, Past]:
    """When links to `page` ended at each page that they ever got to, the latest times."""
    reached = _reached(page, fates)
    times = {turn.since for one in reached if one in fates for turn in fates[one].turns}
    walks = [_walk(page, fates, at) for at in sorted(times)]
    found: dict[Place, Past] = {}
    for walk in walks:
        for one in walk.pages[1:]:
            found.setdefault(one, Past(0, []))
    # Before the first and after the last time nothing is known to change.
    for before, walk in pairwise([_Walk(0, [page], 0, False), *walks]):
        if before.end is not None and walk.end != before.end:
            _close(found[before.end].spans, before, walk.at, fates)
        if walk.end is not None and walk.end != before.end:
            span = Span(walk.at, _opened_after(walk, fates), 0, 0)
            kept = [*found[walk.end].spans, span][-_TIMES:]
            found[walk.end] = Past(walk.https, kept)
    return found


def _close(spans: list[Span], walk: _Walk, at: int, fates: Fates) -> None:
    spans[-1] = spans[-1]._replace(closed=at, closed_after=_closed_after(walk, fates))


def _reached(page: Place, fates: Fates) -> list[Place]:
    """All that it ever led to, the nearest first."""
    found, onward = [page], [page]
    for _ in range(HOPS):
        onward = [to for one in onward for to in _onward(one, fates) if to not in found]
        onward = list(dict.fromkeys(onward))[: _PAST - len(found)]
        found += onward
    return found


def _onward(page: Place, fates: Fates) -> Iterator[Place]:
    if page in fates:
        yield from (turn.step.to for turn in fates[page].turns if turn.step is not None)


def _walk(page: Place, fates: Fates, at: int) -> _Walk:
    pages, https = [page], 0
    while len(pages) <= HOPS:
        turn = _turn(fates, pages[-1], at)
        if turn is None or turn.step is None:
            return _Walk(at, pages, https, len(pages) > 1)
        if turn.step.to in pages:
            return _Walk(at, pages, https, False)
        https = int(turn.step.url.startswith("https:"))
        pages.append(turn.step.to)
    turn = _turn(fates, pages[-1], at)
    return _Walk(at, pages, https, turn is None or turn.step is None)


def _turn(fates: Fates, page: Place, at: int) -> Turn | None:
    """What was so of it then."""
    turns = fates[page].turns if page in fates else []
    return next((turn for turn in reversed(turns) if turn.since <= at), None)


def _opened_after(walk: _Walk, fates: Fates) -> int:
    """The latest visit of a page on the way that says otherwise: then it was not open yet."""
    turns = (_turn(fates, page, walk.at) for page in walk.pages)
    return max((turn.not_before for turn in turns if turn is not None), default=0)


def _closed_after(walk: _Walk, fates: Fates) -> int:
    """Until when all of it was known to be so, of what was otherwise later."""
    known = []
    for page in walk.pages:
        turn = _turn(fates, page, walk.at)
        if page in fates and (turn is None or turn is not fates[page].turns[-1]):
            known.append(0 if turn is None else turn.until)
    return min(known, default=0)
