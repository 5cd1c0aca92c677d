"""What share of a list the index knows: of its links, pages and referring domains, by band.

Known is what was seen here: a link that only lists speak of is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pyarrow as pa

from pipeline.lists.read import Listed
from pipeline.lists.sorting import batches
from pipeline.lists.verify import Page, Sighting, best, page_parameters, sightings
from pipeline.store import Store, rows, sql

SCHEMA = pa.schema(
    [
        ("of", pa.string()), ("by", pa.string()), ("band", pa.string()),
        ("listed", pa.int64()), ("known", pa.int64()), ("share", pa.float64()),
    ]
)  # fmt: skip
_AT_ONCE = 1_000  # links of one question
_DAY_MS = 86_400_000
_AGES = ((30, "under 30 days"), (90, "30 to 90 days"), (365, "90 days to a year"))
_OLDER = "over a year"
_BANDS = ((60.0, "60 and more"), (40.0, "40 to 60"), (20.0, "20 to 40"), (0.0, "under 20"))
_UNKNOWN = "unknown"
_ORDER = ["", *(name for _, name in _BANDS), _UNKNOWN, *(name for _, name in _AGES), _OLDER]
_OF = ("links", "pages", "referring domains")


class Known(NamedTuple):
    """One link of a list: whether it, its page and its domain as a referring one are known."""

    link: Listed
    is_seen: bool
    is_visited: bool
    is_referring: bool
    authority: float | None


def known(store: Store, links: Iterable[Listed]) -> Iterator[Known]:
    """The same links, in their order."""
    for part in batches(links, _AT_ONCE):
        pages = list(dict.fromkeys(link.page for link in part))
        targets = sorted({link.target_domain for link in part})
        domains = sorted({link.domain for link in part})
        seen = sightings(store, pages, targets, since_ms=1)
        visited = _visited(store, pages)
        referring = _referring(store, domains, targets)
        authority = _authority(store, domains)
        for link in part:
            yield Known(
                link,
                _is_seen(link, seen),
                link.page in visited,
                (link.domain, link.target_domain) in referring,
                authority.get(link.domain),
            )


def _is_seen(link: Listed, seen: dict[Page, list[Sighting]]) -> bool:
    return best(link, seen.get(link.page, [])) is not None


class Coverage:
    """Counts what is known: each link, page and pair of domains once, as links come sorted."""

    def __init__(self, now_ms: int) -> None:
        self._now = now_ms
        self._counts: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        self._page: Page | None = None
        self._links: set[tuple[str, str]] = set()  # of that page: what they lead to, and how
        self._domain, self._targets = "", set[str]()

    def add(self, one: Known) -> None:
        link = one.link
        authority, age = band_of(one.authority), age_of(link, self._now)
        if link.page != self._page:
            self._page, self._links = link.page, set()
            self._count("pages", one.is_visited, authority)
        name = link.target.partition("://")[2], link.kind
        if name not in self._links:  # else the list has it again, with another scheme or time
            self._links.add(name)
            self._count("links", one.is_seen, authority, age)
        if link.domain != self._domain:
            self._domain, self._targets = link.domain, set()
        if link.target_domain not in self._targets:
            self._targets.add(link.target_domain)
            self._count("referring domains", one.is_referring, authority)

    def _count(self, of: str, is_known: bool, authority: str, age: str = "") -> None:
        places = [("all", ""), ("authority", authority), *([("age", age)] if age else [])]
        for by, band in places:
            counts = self._counts[of, by, band]
            counts[0] += 1
            counts[1] += is_known

    def table(self) -> pa.Table:
        def place(key: tuple[str, str, str]) -> tuple[int, int, int]:
            of, by, band = key
            return ["all", "authority", "age"].index(by), _OF.index(of), _ORDER.index(band)

        found = []
        for key in sorted(self._counts, key=place):
            listed, count = self._counts[key]
            names = dict(zip(("of", "by", "band"), key, strict=True))
            found.append({**names, "listed": listed, "known": count, "share": count / listed})
        return pa.Table.from_pylist(found, SCHEMA)


def band_of(authority: float | None) -> str:
    if authority is None:
        return _UNKNOWN
    return next((name for least, name in _BANDS if authority >= least), _BANDS[-1][1])


def age_of(link: Listed, now_ms: int) -> str:
    """By when the list first saw it, or last where it does not say when first."""
    days = (now_ms - (link.first_seen or link.last_seen)) / _DAY_MS
    return next((name for below, name in _AGES if days < below), _OLDER)


def _visited(store: Store, pages: list[Page]) -> set[Page]:
    found = store.query(sql("pipeline/lists/visited"), page_parameters(pages))
    return {(row["domain"], row["host"], row["path"]) for row in rows(found)}


def _referring(store: Store, domains: list[str], targets: list[str]) -> set[tuple[str, str]]:
    where = {"domains": domains, "targets": targets}
    found = store.query(sql("pipeline/lists/referring"), where)
    return {(row["source_domain"], row["target_domain"]) for row in rows(found)}


def _authority(store: Store, domains: list[str]) -> dict[str, float]:
    found = store.query(sql("pipeline/lists/authority"), {"domains": domains})
    return {row["domain"]: row["authority"] for row in rows(found)}
