"""What became of pages, and where links to them get, in plain Python, from all visits there were.

Written from docs/lifecycle.md and not from the SQL: a page is gone through visit by visit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pipeline.page import Page
from pipeline.url import canonical
from tests.support.link_life import Life, counted_until, is_another, lives, visits
from tests.support.records import DAY

HOPS = 5
AWAY = ("dns", "connection", "timeout")


class Fate(NamedTuple):
    """`since`: the first visit that says so."""

    outcome: str = "there"
    to: str = ""
    since: int = 0


class Reached(NamedTuple):
    """One backlink of a domain, as the view `backlinks` has it."""

    state: str
    end: str
    via: tuple[str, ...]
    hops: tuple[str, ...]
    hint: bool
    outcome: str
    broken_since: int


def fate(pages: Iterable[Page]) -> Fate:
    """Of one URL."""
    current, told = Fate(), Fate()
    waiting: Fate | None = None  # said once
    body = Fate()
    history = [v for v in visits(pages) if v.source in ("crawl", "warc")]
    answered, silent = 0, list[int]()
    for visit in history:
        one = visit.one
        says: Fate | None = None
        proves = True
        if one.outcome == "redirect" or (one.outcome == "ok" and one.incomplete == "refresh"):
            says = Fate("redirect", one.final_url, visit.at)
            proves = one.status in (301, 308)
        elif one.outcome == "gone":
            says, proves = Fate("gone", "", visit.at), False
        elif visit.is_whole:
            says = Fate("there", "", visit.at)
            if is_another(one):
                says = Fate("canonical", one.canonical, visit.at)
            body = says
        elif one.outcome == "not_modified":
            says = body._replace(since=visit.at)
        if says is not None:
            if says[:2] == told[:2] and told.since:
                pass
            elif proves or (waiting is not None and waiting[:2] == says[:2]):
                same = waiting is not None and waiting[:2] == says[:2]
                told = waiting if same and waiting is not None else says
            if says[:2] == told[:2]:
                waiting = None
            elif waiting is None or waiting[:2] != says[:2]:
                waiting = says
            current = told
        reason = one.incomplete.removeprefix("robots.txt: ")
        if one.status > 0 or reason.startswith("status"):
            answered, silent = visit.at, []
        elif reason in AWAY:
            silent.append(visit.at)
    if len(silent) >= 3 and silent[-1] - silent[0] >= 7 * DAY:
        return Fate("unreachable", "", silent[0])
    assert answered >= 0
    return current


def reached(pages: Iterable[Page]) -> dict[str, dict[tuple[str, str, str], Reached]]:
    """By registered domain, all its backlinks by source URL, named URL and kind."""
    by_url: dict[str, list[Page]] = {}
    for page in pages:
        by_url.setdefault(page.url, []).append(page)
    fates = {url: fate(found) for url, found in by_url.items()}
    told: dict[str, dict[tuple[str, str, str], Reached]] = {}
    for url, found in by_url.items():
        for (target, kind), life in lives(found).items():
            mine = canonical(target).domain
            way = _way(target, fates)
            key = url, target, kind
            if way is not None:
                end = canonical(way[0][-1]).domain
                if end == mine:
                    told.setdefault(mine, {})[key] = _told(life, *way, fates)
                    continue
                if end != canonical(url).domain:
                    told.setdefault(end, {})[key] = _told(life, *way, fates)
            told.setdefault(mine, {})[key] = _told(life, [target], [], False, fates)
    return told


def _told(
    life: Life, urls: list[str], hops: list[str], hint: bool, fates: dict[str, Fate]
) -> Reached:
    end = fates.get(urls[-1], Fate())
    broken = end.outcome in ("gone", "unreachable")
    return Reached(
        life.state, urls[-1], tuple(urls[:-1]), tuple(hops), hint, end.outcome,
        end.since if broken else 0,
    )  # fmt: skip


def _way(url: str, fates: dict[str, Fate]) -> tuple[list[str], list[str], bool] | None:
    """The URLs that a link gets to from this one on, and what leads from each to the next."""
    urls, hops, hint = [url], list[str](), False
    while to := fates.get(urls[-1], Fate()).to:
        if to in urls or len(hops) == HOPS:
            return None
        by = fates[urls[-1]].outcome
        hint |= by == "canonical" and canonical(to).domain != canonical(urls[-1]).domain
        urls.append(to)
        hops.append(by)
    return (urls, hops, hint) if hops else None


__all__ = ["Fate", "Reached", "counted_until", "fate", "reached"]
