"""Domains like another: by what they say, by who links to both, and why."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pipeline.errors import UsageError
from pipeline.index.profile_rows import Similar
from pipeline.index.prospects import similar
from pipeline.index.questions import Index
from pipeline.quality.score import score
from pipeline.settings import ScoreSettings
from tests.support.records import START, TODAY, page, write
from tests.support.stores import AnyStore

BREAD = "bread flour oven dough yeast crust".split()
SHIPS = "ship harbour crane quay hull anchor".split()
FEW = [f"https://few{n}.org/" for n in range(4)]  # link to me and twin
MANY = [f"https://many{n}.org/" for n in range(12)]  # link to the hub, one to me as well

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def index(shared_store: AnyStore) -> Index:
    me, twin, hub = "https://me.org/", "https://twin.de/", "https://hub.org/"
    write(
        shared_store,
        [
            page(me, START, terms=BREAD, language="en"),
            page("https://says.org/", START, [me], terms=[*BREAD[:3], *SHIPS[:3]], language="de"),
            page("https://ships.org/", START, terms=SHIPS),
            *(page(url, START, [me, twin]) for url in FEW),
            *(page(url, START, [hub] if n else [hub, me]) for n, url in enumerate(MANY)),
        ],
        TODAY,
    )
    assert score(shared_store, ScoreSettings()) is not None
    return Index(shared_store)


def told(index: Index, **options: Any) -> dict[str, Similar]:
    return {row.domain: row for row in index.similar("me.org", **options)}


def test_the_nearest_come_first_each_with_what_speaks_for_it(index: Index) -> None:
    found = index.similar("https://www.me.org/page").rows()
    assert [row.domain for row in found] == ["twin.de", "says.org"]
    twin, says = found
    assert (twin.shared_terms, twin.shared_referrers, twin.links_here) == ([], 4, 0)
    assert twin.referrers == ["few0.org", "few1.org", "few2.org"]
    assert twin.country == "DE"
    assert says.shared_terms[:1] == ["bread"]
    assert set(says.shared_terms) == set(BREAD[:3])
    assert (says.links, says.shared_referrers, says.links_here, says.language) == (0, 0, 1, "de")
    for row in found:
        assert row.score == pytest.approx(1 - (1 - row.text) * (1 - row.links), abs=1e-5)
        assert row.place == row.score


def test_whom_everybody_links_to_is_like_nobody(index: Index) -> None:
    """many0.org links to me and to the hub; chance alone would have several do so."""
    assert "hub.org" not in told(index)


def test_links_are_weighed_by_hand(index: Index) -> None:
    two, one = 1 / math.log(2 + 2), 1 / math.log(2 + 1)
    mine = 5 * two + one  # few0 to few3 and many0 link to two, says.org to one
    linking = 4 + 12 + 1
    both = 4 * two
    beyond = both - mine * 4 / linking
    at_most = math.sqrt(mine * max(both, 4 * mine / 6))
    assert told(index)["twin.de"].links == pytest.approx(beyond / at_most * 4 / 5, abs=1e-5)


def test_by_text_or_by_links_alone(index: Index) -> None:
    assert list(told(index, by="text")) == ["says.org"]
    assert list(told(index, by="links")) == ["twin.de"]


def test_of_a_language_or_a_country(index: Index) -> None:
    assert list(told(index, language="DE")) == ["says.org"]
    assert list(told(index, country="de")) == ["twin.de"]


def test_pages_of_it_come_to_the_whole(index: Index) -> None:
    whole = index.similar("me.org").rows()
    first = index.similar("me.org", limit=1)
    found = first.rows()
    while first.next:
        first = index.similar("me.org", limit=1, after=first.next)
        found += first.rows()
    assert found == whole


def test_of_whom_nothing_is_known_nothing_is_alike(index: Index) -> None:
    assert index.similar("unknown.org").rows() == []
    assert index.similar("few0.org").rows() == []


@pytest.mark.parametrize(("domain", "options"), [("", {}), ("me.org", {"country": "deu"})])
def test_what_is_no_domain_or_country_is_refused(domain: str, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        similar(domain, **options)
