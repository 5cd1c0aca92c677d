"""Owner groups: two marks and links make one, and each of what is less makes none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pipeline.quality.owners as subject
from pipeline.graph.csr import from_edges
from pipeline.page import Page
from pipeline.quality.networks import concentration
from pipeline.quality.owned import FEWEST_COMMON
from pipeline.quality.owners import JOINED, LINKS, NAME, NETWORK, Marks, owners
from pipeline.quality.score import score
from pipeline.settings import ScoreSettings
from pipeline.store import rows
from tests.support.records import START, TODAY, Link, page, write
from tests.support.stores import AnyStore, Databases, made

pytestmark = pytest.mark.engine

Rows = dict[str, dict[str, Any]]
TEXT = f"{99:016x}"


def site(name: str, net: int, *targets: str | Link, pages: int = 1, text: str = "") -> list[Page]:
    """Pages of a site in that /24, each with these links."""
    links = [f"https://{to}/" if isinstance(to, str) else to for to in targets]
    return [
        page(f"https://{name}/{i}", START, links, ip=f"192.0.{net}.9", text=text)
        for i in range(pages)
    ]


def footer(name: str) -> Link:
    return Link(f"https://{name}/", position="footer")


SITES = [
    # One network, and the same three others.
    *(each for n in "abc" for each in site(f"farm-{n}.org", 1, "m1.org", "m2.org", "m3.org")),
    # One network alone: shared hosting.
    *(each for n in "abc" for each in site(f"hosted-{n}.org", 2, f"own-{n}.org")),
    # One network, and the credits of who made and who hosts them, at the foot of each page.
    *(
        each
        for n in "abc"
        for each in [
            *site(f"client-{n}.org", 3, footer("agency.org"), footer("hoster.org"), pages=5),
            *site(f"www.client-{n}.org", 3, f"my-{n}.org"),
        ]
    ),
    # One name in two countries and one network, and a link.
    *site("bakery.de", 4, "bakery.fr"),
    *site("bakery.fr", 4),
    # A link, and but one mark: the name, or the network.
    *site("corner.de", 5, "corner.fr"),
    *site("corner.fr", 6),
    *site("left.org", 7, "right.org"),
    *site("right.org", 7),
    # On a platform, and otherwise as the farm.
    *(each for n in "abc" for each in site(f"me{n}.github.io", 8, "p1.org", "p2.org", "p3.org")),
    # One network and the same texts, and a link; and without a link.
    *site("mirror.org", 9, "original.org", text=TEXT),
    *site("original.org", 9, text=TEXT),
    *site("copy.org", 9, text=TEXT),
    # One network and the same template, and a link.
    *site("north.org", 10, footer("x1.org"), footer("x2.org"), pages=5),
    page("https://north.org/about", START, ["https://south.org/"]),
    *site("south.org", 10, footer("x1.org"), footer("x2.org"), pages=5),
    # One network, and each links to the two others on all pages.
    *(
        each
        for n in "abc"
        for each in site(
            f"wheel-{n}.org", 14, *(f"wheel-{o}.org" for o in "abc" if o != n), pages=5
        )
    ),
    # One network, and everybody of it links to one other alone: of five that is no chance.
    *(each for n in "abcde" for each in site(f"ring-{n}.org", 11, "only.org")),
    *(each for n in "abcd" for each in site(f"few-{n}.org", 12, "lone.org")),
    # As alike as half, by links that are not all the same.
    *site("half-a.org", 13, "h1.org", "h2.org", "h3.org", "h4.org"),
    *site("half-b.org", 13, "h1.org", "h2.org", "h3.org", "h5.org"),
]


SITES += [
    # One network, and the same three others, whose widgets they bear.
    *(
        each
        for n in "abc"
        for each in site(
            f"bearer-{n}.org",
            15,
            *(Link(f"https://w{k}.org/", anchor="Powered by Teapot") for k in range(3)),
        )
    ),
    # One network of two, and the same three others, to which just as many link as may at most.
    *(
        each
        for n in range(FEWEST_COMMON)
        for each in site(f"rare-{n}.org", 16 + max(1, n), "k1.org", "k2.org", "k3.org")
    ),
    # The same, but for one domain more that links there.
    *(
        each
        for n in range(FEWEST_COMMON + 1)
        for each in site(f"common-{n}.org", 60 + max(1, n), "c1.org", "c2.org", "c3.org")
    ),
    # One network, and the same three others, which are sites on a platform.
    *(
        each
        for n in "abc"
        for each in site(f"fan-{n}.org", 100, *(f"blog{k}.github.io" for k in range(3)))
    ),
]


@pytest.fixture(scope="module")
def scored(databases: Databases) -> Iterator[AnyStore]:
    store = databases.new()
    made(store)
    write(store, SITES, TODAY)
    score(store, ScoreSettings())
    yield store
    databases.drop(store)


@pytest.fixture(scope="module")
def quality(scored: AnyStore) -> Rows:
    return {row["domain"]: row for row in rows(scored.query("SELECT * FROM domain_quality"))}


def groups(quality: Rows) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, row in quality.items():
        if row["owner_group"]:
            found.setdefault(row["owner_group"], set()).add(name)
    return found


def test_two_marks_and_links_make_an_owner_and_less_makes_none(quality: Rows) -> None:
    assert groups(quality) == {
        "farm-a.org": {"farm-a.org", "farm-b.org", "farm-c.org"},
        "bakery.de": {"bakery.de", "bakery.fr"},
        "mirror.org": {"mirror.org", "original.org"},
        "north.org": {"north.org", "south.org"},
        "wheel-a.org": {f"wheel-{n}.org" for n in "abc"},
        "ring-a.org": {f"ring-{n}.org" for n in "abcde"},
        "half-a.org": {"half-a.org", "half-b.org"},
        "rare-0.org": {"rare-0.org", "rare-1.org"},
    }


def test_the_marks_are_told(quality: Rows) -> None:
    told = {name: quality[name]["owner_marks"] for name in quality}
    assert told["farm-b.org"] == ["network 192.0.1.0/24", "links to the same domains"]
    assert told["bakery.fr"] == ["network 192.0.4.0/24", "name bakery", "links to each other"]
    assert told["mirror.org"] == [
        "network 192.0.9.0/24", "the same texts", "links to each other"
    ]  # fmt: skip
    assert told["south.org"] == [
        "network 192.0.10.0/24", "the same sitewide links", "links to each other"
    ]  # fmt: skip
    assert told["client-a.org"] == []


def test_links_within_a_group_are_of_the_same_owner(scored: AnyStore) -> None:
    found = rows(scored.query("SELECT * FROM domain_edges WHERE same_owner = 1"))
    assert {(row["source_domain"], row["target_domain"]) for row in found} == {
        ("bakery.de", "bakery.fr"), ("mirror.org", "original.org"), ("north.org", "south.org"),
        *((f"wheel-{a}.org", f"wheel-{b}.org") for a in "abc" for b in "abc" if a != b),
    }  # fmt: skip


def test_networks_and_templates_of_referring_domains_are_counted(quality: Rows) -> None:
    assert quality["m1.org"]["referrer_networks"] == quality["m1.org"]["top_network_share"] == 1
    assert quality["m1.org"]["template_share"] is None, "of one page nobody knows the template"
    assert quality["x1.org"]["template_share"] == 1.0
    assert quality["agency.org"]["template_share"] == 1.0
    assert quality["bakery.de"]["top_network_share"] is None
    assert quality["bakery.de"]["referrer_networks"] == 0


def test_concentration_is_of_the_largest_group_of_those_known() -> None:
    source, target = np.array([0, 1, 2, 3, 0], np.int32), np.array([4, 4, 4, 4, 5], np.int32)
    group = np.array([7, 7, 2, -1, -1, -1], np.int32)
    found = concentration(source, target, group, 6)
    assert found.groups.tolist() == [0, 0, 0, 0, 2, 1]
    assert found.top.tolist() == [0, 0, 0, 0, 2, 1]


def none(n: int) -> Any:
    return np.full((n, 1), -1, np.int32)


def test_what_too_many_share_is_no_mark() -> None:
    """A network of hundreds is a host's or a CDN's; with one fewer it is a mark."""
    for more, joined in ((0, True), (1, False)):
        n = subject.MOST[NETWORK] + more
        network, name = np.zeros((n, 1), np.int32), none(n)
        name[:2] = 5
        empty = np.zeros(0, np.int32)
        marks = Marks(network, none(n), name, none(n), from_edges(empty, empty, n=n))
        ends = np.array([0], np.int32), np.array([1], np.int32)
        found = owners(marks, lambda ends=ends: [ends], np.ones(n, bool))  # type: ignore[misc]
        assert (found.group[1] == 0) == joined
        assert found.marks[1] == (NETWORK | NAME | JOINED if joined else 0)


def test_alike_links_meet_though_they_are_not_the_same() -> None:
    """Nine in ten of pairs that share nine of ten links, and none of those that share one."""
    pairs, drawn = 100, np.random.default_rng(5)
    sources, targets = [], []
    for k in range(2 * pairs):
        links = drawn.choice(1_000_000, 19, replace=False) + 4 * pairs
        common = 9 if k < pairs else 1
        sources += [2 * k] * 10 + [2 * k + 1] * 10
        targets += [*links[:10], *links[:common], *links[10 : 20 - common]]
    own = from_edges(np.array(sources, np.int64), np.array(targets, np.int64))
    network = np.repeat(np.arange(own.n), 2)[: own.n, None].astype(np.int32)
    empty = np.zeros(0, np.int32)
    marks = Marks(network, none(own.n), none(own.n), none(own.n), own)
    found = owners(marks, lambda: [(empty, empty)], np.ones(own.n, bool))
    joined = found.size[: 4 * pairs : 2] == 2
    assert joined[:pairs].mean() > 0.9
    assert not joined[pairs:].any()
    assert set(found.marks[: 2 * pairs].tolist()) <= {0, NETWORK | LINKS}


@pytest.mark.parametrize(
    "ip", ["127.0.0.1", "10.1.2.3", "172.16.9.9", "192.168.0.1", "169.254.1.1", "::1", "fd00::1"]
)
def test_an_address_that_only_a_machine_or_a_house_has_is_no_network(
    store: AnyStore, ip: str
) -> None:
    seen = [page(f"https://{n}.org/", START, ["https://t.org/"], ip=ip) for n in "abc"]
    seen.append(page("https://d.org/", START, ["https://t.org/"], ip="2001:db8:1::1"))
    write(store, seen, TODAY)
    score(store, ScoreSettings())
    found = rows(store.query("SELECT * FROM domain_quality WHERE domain = 't.org'"))
    assert [(r["referrer_networks"], r["top_network_share"]) for r in found] == [(1, 1.0)]
