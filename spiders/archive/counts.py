"""What one archive file had, and what became of it."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import msgspec

from pipeline.page import Page

MAX_HOSTS = 100_000  # of one file that are told apart; beyond it there are at least so many
MAX_TOLD = 100  # places of one file that are named

# What a capture comes to, by its one word.
DAMAGED = frozenset({"no_date", "no_json", "no_answer"})
_WHY = {
    "no_date": "it has no date",
    "no_json": "its JSON can't be read",
    "no_answer": "it holds no HTTP answer",
}


class Damage(NamedTuple):
    offset: int
    why: str


class Counts(msgspec.Struct):
    """`records`: by WARC type. `captures`: by what each came to, spiders/archive/warc.py tells.

    `links`: external, by kind, of the pages that were published. `left`: links that operators
    suppress. `damages`: the first MAX_TOLD of the `damaged`.
    """

    records: dict[str, int] = {}
    captures: dict[str, int] = {}
    links: dict[str, int] = {}
    published: int = 0
    suppressed: int = 0
    left: int = 0
    future: int = 0  # captured later than now: their clock was wrong
    damaged: int = 0
    damages: list[Damage] = []
    hosts: set[int] = set()  # hashes

    def damage(self, offset: int, why: str) -> None:
        self.damaged += 1
        if len(self.damages) < MAX_TOLD:
            self.damages.append(Damage(offset, why))

    def record(self, kind: str) -> None:
        self.records[kind] = self.records.get(kind, 0) + 1

    def capture(self, what: str, host: str, offset: int) -> None:
        self.captures[what] = self.captures.get(what, 0) + 1
        if what in DAMAGED:
            self.damage(offset, _WHY[what])
        if host and len(self.hosts) < MAX_HOSTS:
            self.hosts.add(_number(host))

    def publish(self, page: Page) -> None:
        self.published += 1
        for kind in page.external.kind:
            self.links[kind] = self.links.get(kind, 0) + 1

    @property
    def all(self) -> int:
        return sum(self.records.values())

    @property
    def responses(self) -> int:
        """Answers: in a WARC its responses, in a WAT what tells of one."""
        told = ("page", "not_html", "redirect", "same_page", "other_status")
        return sum(self.captures.get(what, 0) for what in told)


def _number(host: str) -> int:
    """The same in every process, unlike `hash`; 64 bits."""
    return int.from_bytes(hashlib.blake2b(host.encode(), digest_size=8).digest(), "big")
