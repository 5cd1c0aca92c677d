"""What became of pages, and where links to them get, in plain Python, from all visits there were.

Written from docs/lifecycle.md and not from the SQL: a page is gone through visit by visit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


class Turn(NamedTuple):
    """`not_before`: the last visit before that tells otherwise; `until`: that tells it. 0: none."""

    fate: Fate
    not_before: int
    until: int


class Coming(NamedTuple):
    """A link came to a domain, or was lost, between `after` (0: unknown) and `at`."""

    at: int
    change: str
    reason: str
    after: int
    indirect: bool


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
    found = turns(pages)
    return found[-1].fate if found else Fate()


def turns(pages: Iterable[Page]) -> list[Turn]:
    """Of one URL: all that was proved of it, in order."""
    told = Fate()
    proved, said = list[Fate](), list[Fate]()
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
            said.append(says)
            if told.since and (not proved or proved[-1] != told):
                proved.append(told)
        reason = one.incomplete.removeprefix("robots.txt: ")
        if one.status > 0 or reason.startswith("status"):
            answered, silent = visit.at, []
        elif reason in AWAY:
            silent.append(visit.at)
    if len(silent) >= 3 and silent[-1] - silent[0] >= 7 * DAY:
        proved.append(Fate("unreachable", "", silent[0]))
    found = []
    for number, now in enumerate(proved):
        before = [s.since for s in said if s.since < now.since]
        if now.outcome == "unreachable":
            before = [answered]
        later = proved[number + 1].since if number + 1 < len(proved) else 0
        until = [s.since for s in said if s[:2] == now[:2] and s.since < later]
        found.append(Turn(now, max(before, default=0), max(until, default=0)))
    return found


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


def came_and_went(
    pages: Iterable[Page], under: Callable[[str], bool]
) -> dict[str, dict[tuple[str, str, str], set[Coming]]]:
    """By registered domain, of links to its pages that are `under` and of those that got there."""
    by_url: dict[str, list[Page]] = {}
    for page in pages:
        by_url.setdefault(page.url, []).append(page)
    history = {url: _leads(turns(found)) for url, found in by_url.items()}
    told: dict[str, dict[tuple[str, str, str], set[Coming]]] = {}
    for url, found in by_url.items():
        for (target, kind), life in lives(found).items():
            stood = counted_until(visits(found), (target, kind))
            for domain in {canonical(u).domain for u in (target, *_ever(target, history))}:
                key = url, target, kind
                if canonical(target).domain == domain and under(target):
                    told.setdefault(domain, {})[key] = _direct(life, stood)
                elif canonical(url).domain != domain:

                    def ends(end: str, domain: str = domain) -> bool:
                        return canonical(end).domain == domain and under(end)

                    told.setdefault(domain, {})[key] = _indirect(
                        life, stood, _open(target, history, ends)
                    )
    return told


def _leads(known: list[Turn]) -> list[Turn]:
    """Where it led: that it is gone, or there, is one; what is known first was so before."""
    found = list[Turn]()
    for turn in known:
        if found and found[-1].fate.to == turn.fate.to:
            found[-1] = found[-1]._replace(until=turn.until)
        else:
            found.append(turn)
    if found and not found[0].fate.to:
        found[0] = Turn(Fate(), 0, found[0].until)
    return found


def _ever(url: str, history: dict[str, list[Turn]]) -> set[str]:
    """All that links to it may ever have got to."""
    found, onward = set[str](), {url}
    while onward:
        onward = {t.fate.to for one in onward for t in history.get(one, []) if t.fate.to} - found
        found |= onward
    return found


def _direct(life: Life, stood: int) -> set[Coming]:
    how = "appeared" if life.not_before else "discovered"
    found = {Coming(life.first_seen, how, "", life.not_before, False)}
    if life.state == "lost":
        found.add(Coming(_gone(life), "lost", life.reason, _stood(life, stood), False))
    return found


def _gone(life: Life) -> int:
    return (life.lost_by or life.last_seen) if life.state == "lost" else 0


def _stood(life: Life, stood: int) -> int:
    """When a lost link still stood and counted."""
    never = not life.lost_by
    return stood if never or life.reason in ("noindex", "canonicalised") else life.last_seen


def _indirect(life: Life, stood: int, spans: list[tuple[int, int, int, int]]) -> set[Coming]:
    """Of a link and of the times that its way was open: both must be there."""
    found = set[Coming]()
    gone = _gone(life)
    for opened, opened_after, closed, closed_after in spans:
        is_before = closed and closed <= life.first_seen
        is_after = gone and opened > life.first_seen and opened >= gone
        if is_before or is_after:
            continue
        after = max(life.not_before, opened_after)
        why = "way opened" if opened > life.first_seen else ""
        how = "appeared" if after else "discovered"
        found.add(Coming(max(life.first_seen, opened), how, why, after, True))
        ends = [(gone, life.reason, _stood(life, stood))] if gone else []
        ends += [(closed, "way closed", closed_after)] if closed else []
        if ends:
            at, why, _ = min(ends, key=lambda end: end[0])
            found.add(Coming(at, "lost", why, min(until for _, _, until in ends), True))
    return found


def _open(
    url: str, history: dict[str, list[Turn]], ends: Callable[[str], bool]
) -> list[tuple[int, int, int, int]]:
    """When links to a URL got to such a page: by when and after when, until when by and after."""
    found: list[tuple[int, int, int, int]] = []
    times = {t.fate.since for one in {url} | _ever(url, history) for t in history.get(one, [])}
    before: list[str] = []
    was = 0
    for at in sorted(times):
        then = {one: _at(known, at) for one, known in history.items()}
        way = _way(url, {one: turn.fate for one, turn in then.items() if turn is not None})
        urls = way[0] if way and ends(way[0][-1]) else []
        if urls and not before:
            found.append(
                (at, max(turn.not_before if (turn := then.get(u)) else 0 for u in urls), 0, 0)
            )
        if before and not urls:
            changed = [
                u for u in before if history.get(u) and _at(history[u], was) != history[u][-1]
            ]
            until = [turn.until if (turn := _at(history[u], was)) else 0 for u in changed]
            found[-1] = (*found[-1][:2], at, min(until))
        before, was = urls, at
    return found


def _at(known: list[Turn], at: int) -> Turn | None:
    return next((turn for turn in reversed(known) if turn.fate.since <= at), None)


__all__ = ["Coming", "Fate", "Reached", "came_and_went", "counted_until", "fate", "reached"]
