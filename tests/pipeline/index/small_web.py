"""A small random web around one target, and what is true of its backlinks in plain Python."""

from __future__ import annotations

import itertools
import random
from typing import NamedTuple, get_args

import pyarrow as pa

from pipeline.index.lifecycle import Lifecycle
from pipeline.index.referrers import RollUp
from pipeline.page import Kind, Outcome, Page, Position
from pipeline.store import Store
from pipeline.url import canonical
from tests.support.link_life import lives
from tests.support.records import DAY, START, TODAY, Link, page, write

BEST = ["main", "aside", "header", "nav", "comment", "footer"]
KINDS: tuple[Kind, ...] = ("a", "a", "a", "iframe", "img-link", "canonical")
RELS = (0, 0, 0, 1, 2, 4, 5)
ENDINGS = ("example", "example", "example", "de", "co.uk", "fr")
LANGUAGES = ("en", "de", "")
ANCHORS = [
    "", " ", "click here", "Click HERE now", "https://t.example/x", "mühle", "{target}",
    "The {brand} mill", "=cmd()", "a\x1b[2Jb", "one", "two", "three", "four", "five", "six",
]  # fmt: skip
PATHS = ["/", "/blog/", "/blog/a_b", "/blog/axb", "/blog/a%25b", "/p?q=1", "/Blog/"]
_arrivals = itertools.count(TODAY, 61_000)  # further apart than what the job looks at again


class Seen(NamedTuple):
    """A link as the index must tell it. Pages are URLs without a scheme, times ms, 0 for none."""

    source_domain: str
    source_page: str
    target_page: str
    kind: str
    state: str
    anchor: str
    rel: int
    position: str
    first_seen: int
    not_before: int
    last_seen: int
    lost_by: int
    language: str
    before: str

    @property
    def order(self) -> tuple[object, ...]:
        """Of the links of one domain or page: the best first."""
        best = (self.state != "live", self.rel > 0, BEST.index(self.position))
        return (*best, self.source_page, self.target_page, self.kind)


class SmallWeb:
    """One in the store, under domains of its own. `authorities`, `risks`: None where unknown."""

    def __init__(self, store: Store, seed: int, *, sources: int = 14) -> None:
        self.store, self.dice = store, random.Random(seed)
        self.target = f"target{seed}.example"
        hosts = [self.target, f"www.{self.target}", f"{self.target}:8080"]
        self.targets = [f"https://{host}{path}" for host in hosts for path in PATHS]
        self.domains = [
            f"s{number}-{seed}.{self.dice.choice(ENDINGS)}" for number in range(sources)
        ]
        self.authorities: dict[str, float | None] = {}
        self.risks: dict[str, float | None] = {}
        self.visits: dict[str, list[Page]] = {}
        self.anchors = [text.format(target=self.target, brand=f"Target{seed}") for text in ANCHORS]
        self.job = Lifecycle(store, 0, clock=lambda: next(_arrivals) / 1000)
        self.job.referrers = RollUp(store, timer=lambda: 0.0)  # however slow the machine is
        self.snapshot()
        self.crawl()

    def snapshot(self) -> None:
        """Authority of some domains; two have the same. Spam risk of others."""
        for number, domain in enumerate(self.domains):
            self.authorities[domain] = None if number % 4 == 0 else float(number // 2 * 7)
            self.risks[domain] = None if number % 3 == 0 else number * 7.5 % 100
        of = {"authority": self.authorities, "spam_risk": self.risks}
        known = [
            name for name in self.domains if any(each[name] is not None for each in of.values())
        ]
        columns = {name: [each[domain] for domain in known] for name, each in of.items()}
        self.store.insert(
            "domain_quality",
            pa.table(
                {
                    "snapshot": pa.array([START] * len(known), pa.uint64()),
                    "domain": known,
                    **{name: pa.array(each, pa.float64()) for name, each in columns.items()},
                }
            ),
        )
        one = pa.array([START], pa.uint64())
        self.store.insert("snapshots", pa.table({"snapshot": one, "written": one}))

    def crawl(self) -> None:
        """Every page one to six times."""
        for domain in self.domains:
            for path in self.dice.sample(["/", "/a", "/b?c", "/tag/x", "/tag/y"], 3):
                host = self.dice.choice([domain, f"www.{domain}"])
                self.visit(f"https://{host}{path}", self.dice.randrange(1, 7))
        own = [
            page(self.targets[0], START, ip="192.0.2.1"),
            page(self.targets[1], START, outcome="gone"),
            page(self.targets[1], START - DAY),
            page(self.targets[2], START, outcome="redirect", final_url=self.targets[0]),
            page(self.targets[3], START, outcome="timeout"),
        ]
        write(self.store, [*itertools.chain(*self.visits.values()), *own], next(_arrivals))
        self.job.run()

    def visit(self, url: str, times: int, first: int = 0) -> list[Page]:
        """Visits of a page, two days apart; each of its links goes some day, and some pages do."""
        dice, found = self.dice, []
        chosen = dice.sample(self.targets, dice.randrange(6))
        ends = {(target, dice.choice(KINDS)): dice.randrange(times + 2) for target in chosen}
        language, fails = dice.choice(LANGUAGES), dice.randrange(1, times + 5)
        for number in range(times):
            links = [
                self.link(*one)
                for one, end in ends.items()
                if number <= end and dice.random() < 0.9
            ]
            outcome: Outcome = "ok" if number < fails else "error"
            at = START + (first + number) * 2 * DAY
            found.append(
                page(url, at, links if outcome == "ok" else [], outcome=outcome, language=language)
            )
        self.visits.setdefault(url, []).extend(found)
        return found

    def link(self, target: str, kind: Kind) -> Link:
        dice = self.dice
        return Link(
            target, kind, dice.choice(self.anchors), dice.choice(RELS),
            dice.choice(get_args(Position)), before=f"before {dice.randrange(99)}",
        )  # fmt: skip

    def more(self) -> None:
        """New pages of new and of known domains."""
        new = f"new{len(self.visits)}-{self.target}"
        for domain in (new, self.dice.choice(self.domains)):
            url = f"https://{domain}/new{len(self.visits)}"
            write(self.store, self.visit(url, 1), next(_arrivals))
        self.authorities.setdefault(new, None)
        self.risks.setdefault(new, None)
        self.job.run()

    def add(self, *pages: Page) -> None:
        """Of which `links` does not tell."""
        write(self.store, pages, next(_arrivals))
        self.job.run()

    def links(self) -> list[Seen]:
        """All backlinks of the target's domain."""
        found = []
        for url, pages in self.visits.items():
            latest: dict[tuple[str, str], tuple[Page, int]] = {}
            for one in pages:
                for place, name in enumerate(zip(one.external.target, one.external.kind)):  # noqa: B905
                    latest[name] = (one, place)
            language = next((p.language for p in reversed(pages) if p.complete), "")
            for (target, kind), life in lives(pages).items():
                one, place = latest[target, kind]
                found.append(
                    Seen(
                        canonical(url).domain, bare(url), bare(target), kind, life.state,
                        one.external.anchor[place], one.external.rel[place],
                        one.external.position[place], life.first_seen, life.not_before,
                        life.last_seen, life.lost_by, language, one.external.before[place],
                    )
                )  # fmt: skip
        return found

    def end(self, page: str) -> str:
        """Where a page of the target leads: one redirects to its home page."""
        return bare(self.targets[0]) if page == bare(self.targets[2]) else page

    def place(self, domain: str) -> tuple[float, str]:
        """Where a domain stands among those that link."""
        authority = self.authorities[domain]
        return (1.0 if authority is None else -authority, domain)


def bare(url: str) -> str:
    """Without the scheme."""
    return url.partition("://")[2]
