"""What became of a list's links: each page was visited just now, and this says what was found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.lists.read import Listed
from pipeline.lists.sorting import batches
from pipeline.store import Store, Value, rows, sql
from pipeline.url import Refused, Url, canonical

_AT_ONCE = 500  # links of one question
_REDIRECTS = 10_000  # that are followed, of one round
_HOPS = 5  # redirects in a row, as browsers have some twenty

VERDICTS = {
    "live": "the link is there",
    "nofollow": "it is there with rel nofollow, ugc or sponsored",
    "missing": "the page is there, whole, and the link is not on it",
    "gone": "the page is gone: 404 or 410",
    "redirected": "the page leads to another site, or nowhere",
    "unclear": "what came was not the whole page, or beyond all bounds, and the link not in it",
    "blocked": "the server refuses us",
    "robots": "robots.txt was read, and forbids to look",
    "unreachable": "no answer, or an error, of the page or of robots.txt",
    "not fetched": "not visited: barred by an operator, its host fails, or the run was stopped",
}
OUT = ("noindex", "canonicalised")  # why a link that stands on its page counts for nothing
_BY_OUTCOME = {
    "gone": "gone", "redirect": "redirected", "blocked": "blocked",
    "error": "unreachable", "timeout": "unreachable", "not_modified": "unclear",
}  # fmt: skip
_TOO_LARGE = ("size", "headers")  # it was fetched, and is refused for what came
_NO_ROBOTS = "robots.txt: "  # and why it could not be had; without that it was read, and forbids
_BY_ROBOTS = {
    "too many wildcards": "robots",  # it was read, and is not followed to its end
    "status 429": "blocked",
    "private": "not fetched", "port": "not fetched", "barred": "not fetched",
}  # fmt: skip
_RELS = ("nofollow", "ugc", "sponsored")
SCHEMA = pa.schema(
    [
        ("verdict", pa.string()), ("source_url", pa.string()), ("target_url", pa.string()),
        ("status", pa.int64()), ("why", pa.string()), ("rel", pa.string()),
        ("visited", pa.timestamp("ms", "UTC")), ("via", pa.string()), ("found_url", pa.string()),
        ("anchor", pa.string()), ("listed", pa.timestamp("ms", "UTC")),
    ]
)  # fmt: skip

Page = tuple[str, str, str]  # registered domain, host, path


class Visit(NamedTuple):
    outcome: str
    status: int
    whole: bool
    incomplete: str
    final_url: str
    visited: int
    noindex: bool = False
    elsewhere: bool = False  # it names another page as its canonical


class Sighting(NamedTuple):
    """`target`: host and path."""

    target_domain: str
    target: str
    https: bool
    kind: str
    rel: int
    anchor: str


class Looked(NamedTuple):
    """What is known since the run began, of some pages."""

    visits: dict[Page, Visit]
    sightings: dict[Page, list[Sighting]]


class Redirects:
    """Pages of the same site that visited pages redirect to: asked for once, some hops far."""

    def __init__(self) -> None:
        self._asked: set[Page] = set()
        self._rounds = 0

    def __call__(self, store: Store, since_ms: int) -> Iterator[Url]:
        if self._rounds >= _HOPS:
            return
        urls = self._new(store, since_ms)
        self._rounds += len(urls) < _REDIRECTS  # else there are more of the same hop
        self._asked.update(urls)
        known = _visits(store, list(urls), since_ms) if urls else {}
        yield from (url for page, url in urls.items() if page not in known)

    def _new(self, store: Store, since_ms: int) -> dict[Page, Url]:
        """So many as one round takes of those that were not asked for before."""
        urls: dict[Page, Url] = {}
        answer = store.stream(sql("pipeline/lists/redirects"), {"since": since_ms})
        for row in chain.from_iterable(map(rows, answer)):
            url = _within(row["final_url"], row["domain"])
            if url is not None and _page(url) not in self._asked:
                urls.setdefault(_page(url), url)
            if len(urls) >= _REDIRECTS:
                break
        return urls


def _page(url: Url) -> Page:
    return url.domain, url.host, url.path


def _within(text: str, domain: str) -> Url | None:
    try:
        url = canonical(text, allow_ip=True)
    except Refused:
        return None
    return url if url.domain == domain else None


def verified(
    store: Store, links: Iterable[Listed], since_ms: int, counts: Counter[tuple[str, str]]
) -> Iterator[pa.RecordBatch]:
    """A row for each link of the list, in its order; `counts` is kept up, by verdict and by what
    of `OUT` is why, empty for none."""
    for part in batches(links, _AT_ONCE):
        looked = _look(store, part, since_ms)
        told = [judged(link, looked) for link in part]
        counts.update((row["verdict"], row["why"] if row["why"] in OUT else "") for row in told)
        yield pa.RecordBatch.from_pylist(told, SCHEMA)


def judged(link: Listed, looked: Looked) -> dict[str, Any]:
    """What was found of one link, with its evidence."""
    page, via = link.page, ""
    visit = looked.visits.get(page)
    for _ in range(_HOPS):
        url = _within(visit.final_url, page[0]) if visit and visit.outcome == "redirect" else None
        if url is None or _page(url) not in looked.visits:
            break
        page, via = _page(url), url.url
        visit = looked.visits[page]
    sighting = best(link, looked.sightings.get(page, []))
    return {
        "verdict": _verdict(visit, sighting),
        "source_url": link.url,
        "target_url": link.target,
        "found_url": _url_of(sighting),
        "rel": _rel(sighting.rel) if sighting else "",
        "anchor": sighting.anchor if sighting else "",
        "status": visit.status if visit and visit.status else None,
        "why": _why(visit, sighting),
        "via": via or (visit.final_url if visit else ""),
        "visited": visit.visited if visit else None,
        "listed": link.last_seen,
    }


def _verdict(visit: Visit | None, sighting: Sighting | None) -> str:
    if visit is None:
        return "not fetched"
    if visit.outcome == "ok":
        if sighting is not None:
            return "nofollow" if sighting.rel else "live"
        return "missing" if visit.whole else "unclear"
    if visit.outcome == "robots":
        return _by_robots(visit.incomplete)
    if visit.outcome == "refused" and visit.incomplete in _TOO_LARGE:
        return "unclear"
    return _BY_OUTCOME.get(visit.outcome, "not fetched")


def _by_robots(why: str) -> str:
    if not why.startswith(_NO_ROBOTS):
        return "robots"
    return _BY_ROBOTS.get(why.removeprefix(_NO_ROBOTS), "unreachable")


def _why(visit: Visit | None, sighting: Sighting | None) -> str:
    if visit is None:
        return ""
    if visit.outcome == "ok":
        return _out(visit, sighting) or ("" if visit.whole else visit.incomplete or "ok")
    return visit.incomplete or visit.outcome


def _out(visit: Visit, sighting: Sighting | None) -> str:
    """As lifecycle.sql has it, of a link that stands there."""
    if sighting is None:
        return ""
    if visit.noindex:
        return "noindex"
    led = visit.elsewhere and sighting.kind not in ("canonical", "redirect")
    return "canonicalised" if led else ""


def best(link: Listed, sightings: list[Sighting]) -> Sighting | None:
    """Of the same target, or of any page of the site where the list names none; followed first,
    and of the kind that the list tells."""
    wanted = link.target.partition("://")[2]
    fitting = [
        s
        for s in sightings
        if s.target_domain == link.target_domain and (s.target == wanted or not link.names_page)
    ]
    return min(fitting, key=lambda s: (s.rel != 0, s.kind != link.kind, s.target), default=None)


def _url_of(sighting: Sighting | None) -> str:
    if sighting is None:
        return ""
    return f"{'https' if sighting.https else 'http'}://{sighting.target}"


def _rel(rel: int) -> str:
    return " ".join(name for bit, name in enumerate(_RELS) if rel >> bit & 1)


def _look(store: Store, links: list[Listed], since_ms: int) -> Looked:
    """The visits of the links' pages, and of where they redirect to within their site."""
    pages = list(dict.fromkeys(link.page for link in links))
    visits: dict[Page, Visit] = {}
    for _ in range(_HOPS + 1):
        found = _visits(store, pages, since_ms)
        visits |= found
        led = {
            _page(url)
            for page, visit in found.items()
            if visit.outcome == "redirect" and (url := _within(visit.final_url, page[0]))
        }
        pages = list(led - visits.keys())
        if not pages:
            break
    targets = sorted({link.target_domain for link in links})
    return Looked(visits, sightings(store, list(visits), targets, since_ms))


def _visits(store: Store, pages: list[Page], since_ms: int) -> dict[Page, Visit]:
    where = {**page_parameters(pages), "since": since_ms}
    return {
        (row["domain"], row["host"], row["path"]): Visit(
            row["outcome"], row["status"], bool(row["whole"]), row["incomplete"],
            row["final_url"], row["visited"], bool(row["noindex"]), bool(row["elsewhere"]),
        )
        for row in rows(store.query(sql("pipeline/lists/visits"), where))
    }  # fmt: skip


def sightings(
    store: Store, pages: list[Page], targets: list[str], since_ms: int
) -> dict[Page, list[Sighting]]:
    """The links from these pages to these domains that were seen since then."""
    where = {**page_parameters(pages), "since": since_ms, "targets": targets}
    site = {page[1:]: page[0] for page in pages}
    found: dict[Page, list[Sighting]] = defaultdict(list)
    for row in rows(store.query(sql("pipeline/lists/sightings"), where)):
        found[site[row["host"], row["path"]], row["host"], row["path"]].append(
            Sighting(
                row["target_domain"],
                row["target"],
                bool(row["https"]),
                row["kind"],
                row["rel"],
                row["anchor"],
            )
        )
    return found


def page_parameters(pages: list[Page]) -> dict[str, Value]:
    """For SQL that asks for these pages."""
    domains, hosts, paths = (list(column) for column in zip(*pages, strict=True)) if pages else (
        [], [], [],
    )  # fmt: skip
    return {"domains": domains, "hosts": hosts, "paths": paths}
