"""What the index says, held against what was planted."""

from __future__ import annotations

from typing import Any, NamedTuple

from demo.web import DemoWeb, Link, Phase
from pipeline.index.backlinks import Links
from pipeline.index.questions import Index
from pipeline.quality.marks import is_flagged
from pipeline.store import Store, rows
from pipeline.url import canonical

Lives = dict[Link, tuple[str, str]]  # state and reason

ALL = 1 << 40  # rows, more than there are


class Verdict(NamedTuple):
    """Each set holds what went wrong; all empty is right."""

    planted: int
    found: int
    missed: set[Link]
    invented: set[Link]
    lost: int
    lost_wrongly: set[Link]
    not_lost: set[Link]
    wrong_reason: dict[Link, tuple[str, str]]  # said, planted
    unharmed: int
    farm: int
    farm_flagged: int
    honest: int
    honest_flagged: list[str]
    forbidden: list[str]

    @property
    def is_right(self) -> bool:
        """Links are exact and robots were obeyed; flags are a matter of degree."""
        return not (
            self.missed or self.invented or self.lost_wrongly or self.not_lost
            or self.wrong_reason or self.forbidden
        )  # fmt: skip


def lives(store: Store) -> Lives:
    """Every link of the index as `backlinks links` tells it."""
    found: Lives = {}
    targets = rows(store.query("SELECT DISTINCT target_domain FROM links ORDER BY target_domain"))
    for target in targets:
        for row in Links(target["target_domain"], state="all", per="link", limit=ALL).rows(store):
            source = canonical(row["source_url"])
            link = Link(source.host, source.path, _schemeless(row["target_url"]), row["kind"])
            found[link] = (row["state"], row["reason"])
    return found


def _schemeless(url: str) -> str:
    return url.partition("://")[2]


def _planted(links: Any) -> dict[Link, Link]:
    """By identity: the scheme is an attribute of a link, not its key."""
    return {link._replace(target=_schemeless(link.target)): link for link in links}


def judge(store: Store, web: DemoWeb, phase: Phase, fetched: set[tuple[str, str]]) -> Verdict:
    """`fetched`: host and path of everything that the server was asked for."""
    truth = web.truth(phase)
    found = lives(store)
    before = web.truth(1).links if phase == 2 else set()
    every = _planted(truth.links | before)
    said_lost = {link for link, (state, _) in found.items() if state == "lost"}
    lost = {link._replace(target=_schemeless(link.target)): why for link, why in truth.lost.items()}
    quality = {row["domain"]: row for row in Index(store).quality()}
    flagged = {domain for domain, row in quality.items() if is_flagged(row)}
    return Verdict(
        planted=len(every),
        found=len(found.keys() & every.keys()),
        missed=set(every) - set(found),
        invented=set(found) - set(every),
        lost=len(lost.keys() & said_lost),
        lost_wrongly=said_lost - set(lost),
        not_lost=set(lost) - said_lost,
        wrong_reason={
            link: (found[link][1], why)
            for link, why in lost.items()
            if link in said_lost and found[link][1] != why
        },
        unharmed=len(set(_planted(truth.unharmed)) - said_lost),
        farm=len(truth.farm) + 1,
        farm_flagged=len(flagged & (truth.farm | {truth.money})),
        honest=len(truth.honest),
        honest_flagged=sorted(flagged & truth.honest),
        forbidden=sorted(
            f"{host}{path}"
            for host, path in fetched
            if path != "/robots.txt" and web.forbids(host, path)
        ),
    )
