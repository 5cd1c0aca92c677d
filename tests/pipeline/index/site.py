"""A page of its own in the index, visited day by day."""

from __future__ import annotations

import itertools
from typing import Any

from pipeline.index.lifecycle import Lifecycle
from pipeline.index.referrers import RollUp
from pipeline.page import Page
from pipeline.store import Store, rows
from tests.support.link_life import Life, counted_until, lives, visits
from tests.support.records import DAY, START, TODAY, Link, page, write

_sites = itertools.count()
_arrivals = itertools.count(TODAY, 61_000)  # further apart than what the job looks at again


def day(number: int) -> int:
    return START + number * DAY


class Site:
    """One page of a domain of its own, that links to another of its own."""

    def __init__(self, store: Store) -> None:
        number = next(_sites)
        self.store = store
        self.source, self.target = f"source{number}.org", f"target{number}.org"
        self.url, self.link = f"https://{self.source}/page", f"https://{self.target}/"
        self.pages: list[Page] = []
        self.written = 0
        self.job = Lifecycle(store, 0, clock=lambda: next(_arrivals) / 1000)
        self.job.referrers = RollUp(store, timer=lambda: 0.0)  # however slow the machine is

    def visit(self, at: int, *links: str | Link, url: str = "", **more: Any) -> None:
        """At that day; arrives before the next look at the index."""
        self.pages.append(page(url or self.url, day(at), links, **more))

    def seen(self, *days: int, **more: Any) -> None:
        for at in days:
            self.visit(at, self.link, **more)

    def without(self, *days: int, **more: Any) -> None:
        for at in days:
            self.visit(at, f"https://{self.source}-other.org/", **more)

    def update(self) -> None:
        if self.written < len(self.pages):
            write(self.store, self.pages[self.written :], next(_arrivals))
            self.written = len(self.pages)
        self.job.run()

    def life(self) -> Life:
        """What the index says, and the model must say."""
        self.update()
        found = rows(
            self.store.query(
                "SELECT state, reason, first_seen, not_before, last_seen, lost_by, "
                "counted_until FROM link_states "
                "WHERE target_domain = {domain:String}",
                {"domain": self.target},
            )
        )
        assert len(found) == 1
        until = found[0].pop("counted_until")
        told = Life(**found[0])
        ours = [p for p in self.pages if p.url == self.url]
        assert told == lives(ours)[self.link, "a"]
        assert until == counted_until(visits(ours), (self.link, "a"))
        return told

    def backlinks(self) -> list[dict[str, Any]]:
        self.update()
        question = f"SELECT * FROM backlinks(domain = '{self.target}') ORDER BY source_url, kind"
        return rows(self.store.query(question))

    def changes(self) -> list[tuple[str, ...]]:
        """What changed, from what to what, after and by which day."""
        self.update()
        question = "SELECT * FROM link_changes(domain = {domain:String}) ORDER BY changed_by"
        return [
            (
                " ".join(row["what"]),
                *(row[f"{name}_{w}"] for name in row["what"] for w in ("before", "after")),
                *(
                    f"{(row[f'changed_{w}'].timestamp() * 1000 - START) / DAY:g}"
                    for w in ("after", "by")
                ),
            )
            for row in rows(self.store.query(question, {"domain": self.target}))
        ]
