"""What operators said that a plan reckons with: the table `controls`."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from pipeline.store import Store, Value, rows, sql


class Said(NamedTuple):
    """By host or registered domain. `delay_s`, `budget`: -1 where nothing is said."""

    is_paused: bool
    priority: dict[str, float]
    delay_s: dict[str, float]
    budget: dict[str, float]
    suppressed: list[str]  # beginnings of addresses, as host and path

    def parameters(self) -> dict[str, Value]:
        """For select.sql, whose arrays may not be empty."""
        names = sorted({*self.priority, *self.delay_s, *self.budget}) or [""]
        return {
            "said_of": names,
            "said_priority": [int(1000 * self.priority.get(name, 0)) for name in names],
            "said_delay_ms": [int(1000 * self.delay_s.get(name, -0.001)) for name in names],
            "said_budget": [int(self.budget.get(name, -1)) for name in names],
            "beginnings": self.suppressed,
            "beginning_hosts": [name.partition("/")[0] for name in self.suppressed],
        }


def read_said(store: Store) -> Said:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows(store.query(sql("pipeline/frontier/said"))):
        found[row["verb"]][row["name"]] = row["value"]
    blocked = [
        name
        for verb in ("block", "suppress")
        for name, value in found[verb].items()
        if value > 0 and "/" in name
    ]
    return Said(
        is_paused=found["pause"].get("", 0) > 0,
        priority=found["priority"],
        delay_s={name: value for name, value in found["delay"].items() if value >= 0},
        budget={name: value for name, value in found["budget"].items() if value >= 0},
        suppressed=sorted(set(blocked)),
    )
