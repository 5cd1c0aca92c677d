"""A small web made by chance, and what is known of it as plain rows: truth for answers."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, get_args

from pipeline.index.lifecycle import Lifecycle
from pipeline.page import Outcome, Page, Position
from pipeline.store import Store, rows
from pipeline.url import canonical, domains
from tests.support.records import DAY, TODAY, Link, page, write

TARGET = "t.org"
TARGETS = (
    "https://t.org/", "https://t.org/blog/a", "https://t.org/blog/b_c", "https://www.t.org/",
    "https://www.t.org/100%25", "http://t.org:8080/x",
)  # fmt: skip
SHORT = "https://w.net/go"  # leads to a page of the target
OTHERS = ("https://u.org/", "https://u.org/blog/a", "https://v.co.uk/", SHORT)
SOURCES = (
    "a.de", "b.co.uk", "jo.github.io", "mo.github.io", "c.io", "d.com", "e.fr", "u.org",
    "xn--e1afmkfd.xn--p1ai",
)  # fmt: skip
OUTCOMES: list[Outcome] = [*["ok"] * 8, "gone", "error"]  # type: ignore[list-item]
ADDRESSES = ("192.0.2.7", "192.0.2.7", "192.0.2.99", "198.51.100.1", "2001:db8:1:2::9",
             "2001:db8:1:ff::1", "")  # fmt: skip
LANGUAGES = ("en", "de", "")
HOSTILE = "\u202eevil\x1b[2J"
FIRST = TODAY - 60 * DAY
UNDERS = ("%", "t.org/%", "t.org/blog/%", "www.t.org/%", r"t.org/blog/b\_c", "t.org:8080/%")


class World(NamedTuple):
    """`pages`: every visit, as it was written. `links`: the backlinks of TARGET and of the others,
    as the view `backlinks` tells them, with the domain that is linked and what is compared."""

    store: Store
    pages: list[Page]
    links: list[dict[str, Any]]

    def to(self, domain: str = TARGET, under: str = "%") -> list[dict[str, Any]]:
        """Links that name its pages."""
        return [
            x for x in self.named() if x["target_domain"] == domain and like(x["target"], under)
        ]

    def named(self) -> list[dict[str, Any]]:
        """Every link once: where it is told to the domain that it names."""
        return [x for x in self.links if canonical(x["target_url"]).domain == x["target_domain"]]


def like(text: str, pattern: str) -> bool:
    """The three forms of `under`."""
    plain = pattern.replace("\\_", "_").replace("\\%", "\x00")
    if plain.endswith("%"):
        return text.startswith(plain[:-1].replace("\x00", "%"))
    return text == plain.replace("\x00", "%")


def made(store: Store, seed: int, visits: int = 200) -> World:
    """Visits in random order, each written twice, and the job run over them."""
    chance = random.Random(seed)
    pages = [*_linking(chance, visits), *_elsewhere(chance), *_own(chance)]
    for part in (pages[::2], pages[1::2], pages[: len(pages) // 3]):
        write(store, chance.sample(part, len(part)), TODAY)
    Lifecycle(store, 0).run()
    return World(store, pages, list(_links(store)))


def _linking(chance: random.Random, visits: int) -> Iterator[Page]:
    for _ in range(visits):
        domain = chance.choice(SOURCES)
        links = chance.sample((*TARGETS, *OTHERS), chance.randrange(1, 6))
        yield page(
            f"https://{chance.choice(['', '', 'www.'])}{domain}/{chance.choice('pq')}",
            FIRST + chance.randrange(60) * DAY + chance.randrange(DAY // 1000) * 1000,
            [_link(chance, x) for x in links if canonical(x).domain != domain],
            outcome=chance.choice(OUTCOMES),
            ip=chance.choice(ADDRESSES),
            language=chance.choice(LANGUAGES),
            noindex=chance.random() < 0.05,
        )


def _elsewhere(chance: random.Random) -> Iterator[Page]:
    """Domains that link to others alone."""
    for number in range(6):
        links = chance.sample(OTHERS, chance.randrange(1, 3))
        yield page(
            f"https://g{number}.com/", FIRST + number * DAY, [_link(chance, x) for x in links]
        )


def _link(chance: random.Random, target: str) -> Link:
    return Link(
        target,
        anchor=chance.choice(["one", "two", "", "t.org", "=cmd()", HOSTILE]),
        rel=chance.choice([0, 0, 0, 1, 6]),
        position=chance.choice(get_args(Position)),
    )


def _own(chance: random.Random) -> Iterator[Page]:
    """Our visits of what is linked: some of it is gone, and one page leads to another that is."""
    gone = chance.sample(TARGETS[2:], 2)
    for target in TARGETS:
        for number in range(2):
            outcome: Outcome = "gone" if target in gone else chance.choice(OUTCOMES)
            links = chance.sample(OTHERS, 2)
            yield page(target, FIRST + (50 + number) * DAY, links, outcome=outcome)
    for number in (1, 2):
        yield page(SHORT, FIRST + number * DAY, outcome="redirect", final_url="https://t.org/")
    yield page(TARGETS[1], FIRST + 59 * DAY, outcome="redirect", final_url=gone[0])


def _links(store: Store) -> Iterator[dict[str, Any]]:
    for domain in (TARGET, "u.org", "v.co.uk", "w.net"):
        for row in rows(store.query(f"SELECT * FROM backlinks(domain = '{domain}')")):
            yield {
                **row,
                "target_domain": domain,
                "target": row["target_url"].partition("://")[2],
                "source": row["source_url"].partition("://")[2],
                "followed": row["nofollow"] + row["ugc"] + row["sponsored"] == 0,
            }


def grouped(links: Iterable[dict[str, Any]], by: str) -> dict[Any, list[dict[str, Any]]]:
    found: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for link in links:
        found[link[by]].append(link)
    return dict(found)


def owner(domain: str) -> str:
    return domains(domain).icann
