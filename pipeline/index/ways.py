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

from pipeline.store import Parameters, Store, rows, sql

HOPS = 5
MOST_LINKS = 1_000_000  # to the pages of one statement; about ten seconds
_AT_ONCE = 200  # pages of one statement
_THROUGH = 20_000  # pages whose way is found anew before the next are looked for
_SCHEMA = pa.schema(
    [
        ("domain", pa.string()), ("host", pa.string()), ("path", pa.string()),
        ("https", pa.uint8()), ("end_domain", pa.string()), ("end_host", pa.string()),
        ("end_path", pa.string()), ("end_https", pa.uint8()), ("version", pa.uint64()),
        ("active", pa.uint8()), ("leads_on", pa.string()), ("hint", pa.uint8()),
        ("via", pa.list_(pa.string())), ("hops", pa.list_(pa.string())),
    ]
)  # fmt: skip


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


class Way(NamedTuple):
    """How links to a page get to another, which `leads_on`. `via`: only where they end there."""

    https: int
    end_https: int
    active: int
    leads_on: str
    hint: int
    via: list[str]
    hops: list[str]

    @property
    def ends(self) -> bool:
        return bool(self.active) and not self.leads_on


Ways = dict[Place, Way]


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
        way = Way(steps[page].https, int(url.startswith("https:")), 1, leads_on, int(hint), [], [])
        found[at] = way if leads_on else way._replace(via=[*via], hops=[*hops])
    return found


def _url(page: Place, https: int) -> str:
    return f"http{'s' * https}://{page.host}{page.path}"


def keep_ways(store: Store, version: int, *, since: int, to: int) -> int:
    """Finds the ways through pages that arrived since then and up to then; how many pages were
    looked at. Links that they lead to another domain are kept for that domain.

    version: greater than of any run before. Run again it changes nothing. Raises StoreError.
    """
    span = {"from": since, "to": to}
    store.execute(sql("pipeline/index/fates"), span)
    led = _places(store.query(sql("pipeline/index/led"), span))
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
    store.execute(sql("pipeline/index/indirect_from"), span)
    return looked


def _places(found: pa.Table) -> list[Place]:
    columns = (found.column(name).to_pylist() for name in Place._fields)
    return [Place(*page) for page in zip(*columns, strict=True)]


def _find(store: Store, pages: Iterable[Place], version: int) -> None:
    pages = iter(pages)
    while chunk := list(islice(pages, _AT_ONCE)):
        _find_some(store, chunk, version)


def _find_some(store: Store, pages: list[Place], version: int) -> None:
    steps, known = _steps(store, pages), _known(store, pages)
    changed: list[tuple[Place, Place, Way]] = []
    for page in pages:
        before, now = known.get(page, {}), ways(page, steps)
        changed += ((page, end, way) for end, way in now.items() if before.get(end) != way)
        changed += (
            (page, end, way._replace(active=0, leads_on="", via=[], hops=[]))
            for end, way in before.items()
            if way.active and end not in now
        )
    # The links first: who is stopped between finds the way changed again.
    _keep_links(store, [(page, end) for page, end, way in changed if way.ends])
    if changed:
        store.insert("leads", _table(changed, version))


def _keep_links(store: Store, ended: list[tuple[Place, Place]]) -> None:
    away = [(*page, end.domain) for page, end in ended if page.domain != end.domain]
    if away:
        given = _columns(("domains", "hosts", "paths", "ends"), away)
        store.execute(sql("pipeline/index/indirect_to"), {**given, "most": MOST_LINKS})


def _steps(store: Store, pages: Collection[Place]) -> dict[Place, Step]:
    """Of these pages, and of those that they lead to."""
    found: dict[Place, Step] = {}
    asked = set(pages)
    looked = set(asked)
    for _ in range(HOPS + 1):
        onward = set[Place]()
        for row in _ask(store, "next_pages", asked):
            step = Step(row["https"], row["by"], row["leads_to"], row["leads_domain"])
            found[_place(row)] = step
            onward.add(step.to)
        asked = onward - looked
        looked |= asked
    return found


def _known(store: Store, pages: Collection[Place]) -> dict[Place, Ways]:
    found: dict[Place, Ways] = {}
    for row in _ask(store, "leads_known", pages):
        end = Place(row["end_domain"], row["end_host"], row["end_path"])
        found.setdefault(_place(row), {})[end] = Way(*(row[name] for name in Way._fields))
    return found


def _ask(store: Store, question: str, pages: Collection[Place]) -> list[dict[str, Any]]:
    if not pages:
        return []
    given = _columns(("domains", "hosts", "paths"), sorted(pages))
    return rows(store.query(sql(f"pipeline/index/{question}"), given))


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
