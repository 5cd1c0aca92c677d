"""Where links to pages that lead on get, hop by hop: kept by the lifecycle job.

A link to a page that redirects, or names another as its canonical, is a backlink of where that way
ends. Ways are at most five hops long; one that is longer, or that comes back to where it was, ends
nowhere, and gives nobody a link.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.index.walks import HOPS, Fate, Past, Place, Span, Step, Turn, merged, past
from pipeline.store import Parameters, Store, Value, rows, sql
from pipeline.store.marks import mark_of, move

# Counted up with what a row of `leads` is made of: where rows are of before, all are made anew.
JOB = "ways 2"
MOST_LINKS = 1_000_000  # to the pages of one statement; about ten seconds
_AT_ONCE = 200  # pages of one statement
_THROUGH = 20_000  # pages whose way is found anew before the next are looked for
_PAST = 10_000  # pages that were led to once, of which is asked at once
_NEVER_LED = 1  # instead of a hash
_SCHEMA = pa.schema(
    [
        ("domain", pa.string()), ("host", pa.string()), ("path", pa.string()),
        ("https", pa.uint8()), ("end_domain", pa.string()), ("end_host", pa.string()),
        ("end_path", pa.string()), ("end_https", pa.uint8()), ("version", pa.uint64()),
        ("active", pa.uint8()), ("leads_on", pa.string()), ("hint", pa.uint8()),
        ("via", pa.list_(pa.string())), ("hops", pa.list_(pa.string())),
        *((name, pa.list_(pa.uint64())) for name in Span._fields), ("end_turns", pa.uint64()),
    ]
)  # fmt: skip


class Among(NamedTuple):
    """Pages that arrived after `since` (ms) and up to `to`, of the domains after one and up to
    another in the order of their names, where '' is no bound."""

    since: int
    to: int
    after: str = ""
    until: str = ""

    @property
    def parameters(self) -> dict[str, Value]:
        return {"from": self.since, "to": self.to, "after": self.after, "until": self.until}


class Way(NamedTuple):
    """How links to a page get to another, which `leads_on`. `via`: only where they end there.

    `opened` to `closed_after`: of each time that they ended there, as in Span. `end_turns`: 0 where
    no way ever got there.
    """

    https: int
    end_https: int
    active: int
    leads_on: str
    hint: int
    via: list[str]
    hops: list[str]
    opened: list[int]
    opened_after: list[int]
    closed: list[int]
    closed_after: list[int]
    end_turns: int

    @property
    def ends(self) -> bool:
        return bool(self.active) and not self.leads_on

    @property
    def ever_ended(self) -> bool:
        return self.ends or bool(self.opened)


Ways = dict[Place, Way]


def _none(https: int, end_https: int, hint: int = 0) -> Way:
    """Links don't get there, and as far as is known never did."""
    return Way(https, end_https, 0, "", hint, [], [], [], [], [], [], 0)


def ways(page: Place, steps: Mapping[Place, Step]) -> Ways:
    """How links to `page` get to each page after it; empty where it leads nowhere."""
    found: Ways = {}
    at, url = page, ""
    via, hops, hint = list[str](), list[str](), 0
    while at in steps and len(hops) < HOPS:
        step = steps[at]
        via.append(url or _url(page, step.https))
        hops.append(step.by)
        hint |= step.by == "canonical" and step.domain != at.domain
        at, url = step.to, step.url
        if at == page or at in found:
            break
        leads_on = steps[at].url if at in steps else ""
        way = _none(steps[page].https, int(url.startswith("https:")), int(hint))
        way = way._replace(active=1, leads_on=leads_on)
        found[at] = way if leads_on else way._replace(via=[*via], hops=[*hops])
    return found


def _url(page: Place, https: int) -> str:
    return f"http{'s' * https}://{page.host}{page.path}"


def keep_ways(store: Store, version: int, among: Among) -> int:
    """Finds the ways through those pages; how many pages were looked at. Links that they lead to
    another domain are kept for that domain.

    version: greater than of any run before, and the run whose `changed_visits` these pages' are.
    Run again it changes nothing. Raises StoreError.
    """
    span = among.parameters
    store.execute(sql("pipeline/index/fates"), {"run": version})
    _find_old(store, version)
    led = _places(store.query(sql("pipeline/index/led"), {**span, "run": version}))
    _find(store, led, version)
    looked = len(led)
    through = list[Place]()
    while True:
        before = through
        through = _places(
            store.query(sql("pipeline/index/led_through"), {**span, "most": _THROUGH})
        )
        if not through or through == before:  # found anew, they are not told again
            break
        _find(store, through, version)
        looked += len(through)
    store.execute(sql("pipeline/index/indirect_from"), {"run": version})
    return looked


def _find_old(store: Store, version: int) -> None:
    """All ways anew, once, where an older program made them."""
    if mark_of(store, JOB).version:
        return
    after = Place("", "", "")
    while pages := _places(store.query(sql("pipeline/index/led_ever"), _after(after))):
        _find(store, pages, version)
        after = pages[-1]
    move(store, JOB, version, version)


def _after(page: Place) -> Parameters:
    return {f"after_{name}": value for name, value in page._asdict().items()} | {"most": _THROUGH}


def _places(found: pa.Table) -> list[Place]:
    columns = (found.column(name).to_pylist() for name in Place._fields)
    return [Place(*page) for page in zip(*columns, strict=True)]


def _find(store: Store, pages: Iterable[Place], version: int) -> None:
    pages = iter(pages)
    while chunk := list(islice(pages, _AT_ONCE)):
        _find_some(store, chunk, version)


def _find_some(store: Store, pages: list[Place], version: int) -> None:
    fates, known = _fates(store, pages), _known(store, pages)
    changed: list[tuple[Place, Place, Way]] = []
    for page in pages:
        before, now = known.get(page, {}), ways_ever(page, fates)
        changed += ((page, end, way) for end, way in now.items() if before.get(end) != way)
        changed += (
            (page, end, _none(way.https, way.end_https, way.hint))
            for end, way in before.items()
            if end not in now and (way.active or way.end_turns)
        )
    # The links first: who is stopped between finds the way changed again.
    _keep_links(store, [(page, end) for page, end, way in changed if way.ever_ended])
    if changed:
        store.insert("leads", _table(changed, version))


def ways_ever(page: Place, fates: Mapping[Place, Fate]) -> Ways:
    """How links to `page` get to each page after it, or ever got there, and when."""
    now = ways(page, {one: fate.step for one, fate in fates.items() if fate.step is not None})
    then = past(page, fates)
    found: Ways = {}
    for end in now.keys() | then.keys():
        https, spans = then.get(end, Past(0, []))
        way = now.get(end) or _none(fates[page].https, https)
        found[end] = way._replace(
            opened=[span.opened for span in spans],
            opened_after=[span.opened_after for span in spans],
            closed=[span.closed for span in spans],
            closed_after=[span.closed_after for span in spans],
            end_turns=fates[end].turned if end in fates else _NEVER_LED,
        )
    return found


def _keep_links(store: Store, ended: list[tuple[Place, Place]]) -> None:
    away = [(*page, end.domain) for page, end in ended if page.domain != end.domain]
    if away:
        given = _columns(("domains", "hosts", "paths", "ends"), away)
        store.execute(sql("pipeline/index/indirect_to"), {**given, "most": MOST_LINKS})


def _fates(store: Store, pages: Collection[Place]) -> dict[Place, Fate]:
    """Of these pages, and of those that they lead to or ever led to."""
    found: dict[Place, Fate] = {}
    asked = set(pages)
    looked = set(asked)
    for _ in range(HOPS + 1):
        now, then = set[Place](), set[Place]()
        for row in _ask(store, "next_pages", asked):
            found[_place(row)] = fate = _fate(row)
            now |= {fate.step.to} if fate.step is not None else set()
            then |= {turn.step.to for turn in fate.turns if turn.step is not None}
        asked = now - looked
        asked |= set(islice(sorted(then - looked - asked), _PAST))
        looked |= asked
    return found


def _fate(row: Mapping[str, Any]) -> Fate:
    steps = [
        Step(row["https"], *step) if step[1] else None
        for step in zip(row["outcomes"], row["urls"], row["url_domains"], strict=True)
    ]
    times = zip(row["since"], row["not_before"], row["until"], strict=True)
    turns = [Turn(*told, step) for told, step in zip(times, steps, strict=True)]
    now = Step(row["https"], row["by"], row["leads_to"], row["leads_domain"])
    return Fate(row["https"], now if now.url else None, merged(turns), row["turned"])


def _known(store: Store, pages: Collection[Place]) -> dict[Place, Ways]:
    found: dict[Place, Ways] = {}
    for row in _ask(store, "leads_known", pages):
        end = Place(row["end_domain"], row["end_host"], row["end_path"])
        found.setdefault(_place(row), {})[end] = Way(*(row[name] for name in Way._fields))
    return found


def _ask(store: Store, question: str, pages: Collection[Place]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    left = iter(sorted(pages))
    while some := list(islice(left, _AT_ONCE)):
        given = _columns(("domains", "hosts", "paths"), some)
        found += rows(store.query(sql(f"pipeline/index/{question}"), given))
    return found


def _columns(names: Sequence[str], found: Sequence[tuple[str, ...]]) -> Parameters:
    return dict(zip(names, map(list, zip(*found, strict=True)), strict=True))


def _place(row: dict[str, Any]) -> Place:
    return Place(row["domain"], row["host"], row["path"])


def _table(changed: list[tuple[Place, Place, Way]], version: int) -> pa.Table:
    columns = {
        **{name: [getattr(page, name) for page, _, _ in changed] for name in Place._fields},
        **{f"end_{name}": [getattr(end, name) for _, end, _ in changed] for name in Place._fields},
        **{name: [getattr(way, name) for _, _, way in changed] for name in Way._fields},
        "version": [version] * len(changed),
    }
    return pa.table(columns, _SCHEMA)
