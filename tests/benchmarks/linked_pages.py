"""Do pages tell links from what is none better than their domains do?

Links of the corpus whose page and linked page are both in it, against the same with a page of
another domain in the place of either (one that links or is linked somewhere, of the same language,
of a domain without such a link), and with another page of the linked domain, which domains can't
tell apart. Each pair of domains counts alike, since a few have most of the links; intervals are
bootstrapped over the domains that link.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from pipeline.graph.said import cosines_of_pages
from pipeline.page import Page
from pipeline.quality.page_relevance import loudness, templates_of
from pipeline.quality.scored import Scored
from pipeline.quality.topics import FEWEST, SLOTS, Topics
from pipeline.store import Store
from pipeline.url import domains
from tests.benchmarks.bootstrap import bootstrapped
from tests.benchmarks.measure import Row, row

Pair = tuple[str, str]
PagePair = tuple[int, int]
PageRivals = dict[PagePair, list[PagePair]]
_PAGES = """SELECT host, path, cityHash64(host) AS hashed, whole.2 AS language,
arrayMap(t -> toUInt32(cityHash64(t) % {slots:UInt32}), arrayDistinct(arrayFilter(
t -> t != '' AND length(t) <= 100, arraySlice(whole.3, 1, 100)))) AS terms FROM
(SELECT host, path, argMaxIfMerge(content) AS whole FROM pages GROUP BY domain, host, path
HAVING max(last_complete) > 0 ORDER BY host, path)"""


class Said(NamedTuple):
    """The pages that say enough: of each its domain, language and place; how near any two are."""

    domains: list[str]
    languages: list[str]
    places: dict[tuple[str, str], int]
    near: npt.NDArray[np.float32]


def rows_of(
    store: Store, scored: Scored, found: Topics, records: Sequence[Page], alike: dict[Pair, float]
) -> list[Row]:
    """alike: how near what any two domains say is."""
    said = _said(store, scored, found)
    links = _linked_pages(said, records)
    joined = {(said.domains[a], said.domains[b]) for a, b in links}
    told = []
    for name, rivals in (
        ("another domain's page links", _links_by_others(said, links, joined)),
        ("another domain's page is linked", _links_to_others(said, links, joined)),
        ("another page there is linked", _links_beside(said, links)),
    ):
        for by, near in (
            ("pages", lambda a, b: float(said.near[a, b])),
            ("domains", lambda a, b: alike.get((said.domains[a], said.domains[b]), 0.0)),
        ):
            wins = _page_wins(said, rivals, near)
            middle, low, high = bootstrapped(wins)
            note = f"{low:.3f} to {high:.3f} in 95% of draws; {len(rivals)} pairs of pages, "
            note += f"{len(joined)} pairs of domains, each counts alike"
            told.append(row(f"relevance of {by}: {name}", middle, "AUC", note))
    return told


def _said(store: Store, scored: Scored, found: Topics) -> Said:
    table = store.query(_PAGES, {"slots": SLOTS})
    terms = [np.array(each, np.uint32) for each in table["terms"].to_pylist()]
    kept = np.flatnonzero([len(each) >= FEWEST for each in terms])
    names = [(table["host"][int(i)].as_py(), table["path"][int(i)].as_py()) for i in kept]
    hashed = table["hashed"].to_numpy()[kept]
    known, loud, near = (
        templates_of(scored),
        loudness(),
        np.empty((len(kept), len(kept)), np.float32),
    )
    flat = np.concatenate([terms[i] for i in kept])
    lengths = np.array([len(terms[i]) for i in kept])
    ends = np.concatenate([[0], np.cumsum(lengths)])
    for i, own in enumerate(kept):
        many = np.arange(len(kept) + 1) * len(terms[own])
        cosines_of_pages(
            np.full(len(kept), hashed[i]), many, np.tile(terms[own], len(kept)),
            hashed, ends, flat, known, found.rarity, loud, FEWEST, near[i],
        )  # fmt: skip
    return Said(
        [domains(host.partition(":")[0]).registered for host, _ in names],
        [table["language"][int(i)].as_py() for i in kept],
        {name: place for place, name in enumerate(names)},
        near,
    )


def _linked_pages(said: Said, records: Sequence[Page]) -> set[PagePair]:
    """Between pages of different domains, of which enough is known."""
    found = set()
    for record in records:
        source = said.places.get((record.host, record.path))
        if source is None:
            continue
        for target in record.external.target:
            place = _place(said, target)
            if place is not None and said.domains[place] != said.domains[source]:
                found.add((source, place))
    return {(a, b) for a, b in found if not np.isnan(said.near[a, b])}


def _place(said: Said, url: str) -> int | None:
    """Of a URL's page by its name in the corpus, whose pages have those of files."""
    parts = urlsplit(url)
    bare, path = parts.netloc.removeprefix("www."), parts.path.rstrip("/")
    tried = (
        (host, name)
        for host in (bare, f"www.{bare}")
        for name in (parts.path or "/", f"{path}/index.html", f"{path}.html")
    )
    return next((said.places[each] for each in tried if each in said.places), None)


def _links_by_others(said: Said, links: set[PagePair], joined: set[Pair]) -> PageRivals:
    """By pages of one language that link somewhere, of domains that don't link there."""
    linking = sorted({a for a, _ in links})
    return {
        (a, b): [
            (c, b) for c in linking
            if said.domains[c] != said.domains[b]
            and (said.domains[c], said.domains[b]) not in joined
            and said.languages[c] == said.languages[a]
        ]
        for a, b in sorted(links)
    }  # fmt: skip


def _links_to_others(said: Said, links: set[PagePair], joined: set[Pair]) -> PageRivals:
    linked = sorted({b for _, b in links})
    return {
        (a, b): [
            (a, c) for c in linked
            if said.domains[c] != said.domains[a]
            and (said.domains[a], said.domains[c]) not in joined
            and said.languages[c] == said.languages[b]
        ]
        for a, b in sorted(links)
    }  # fmt: skip


def _links_beside(said: Said, links: set[PagePair]) -> PageRivals:
    """To pages of the same domain that the page does not link to."""
    return {
        (a, b): [
            (a, c) for c, domain in enumerate(said.domains)
            if domain == said.domains[b] and (a, c) not in links
        ]
        for a, b in sorted(links)
    }  # fmt: skip


def _page_wins(
    said: Said, rivals: PageRivals, near: Callable[[int, int], float]
) -> dict[str, list[float]]:
    """By source: of each pair of domains the mean over its links, as in `_wins`."""
    by_pair = defaultdict(list)
    for (a, b), others in rivals.items():
        theirs = np.array([near(*other) for other in others])
        theirs = theirs[~np.isnan(theirs)]
        if len(theirs):
            mine = near(a, b)
            won = float(np.mean((theirs < mine) + 0.5 * (theirs == mine)))
            by_pair[said.domains[a], said.domains[b]].append(won)
    found = defaultdict(list)
    for (source, _), wins in by_pair.items():
        found[source].append(float(np.mean(wins)))
    return found
