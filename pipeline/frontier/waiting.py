"""What a run leaves: URLs that are due, of sites that have all the pages that they may have."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from pipeline.frontier.said import read_said
from pipeline.frontier.sites import spent_owners
from pipeline.frontier.slices import BUCKETS, known_urls, slices
from pipeline.settings import PlanSettings
from pipeline.store import Store, rows, sql


class Waiting(NamedTuple):
    """`domain`: the site with most of them; '' where there are none."""

    urls: int
    domain: str


def beyond_budgets(
    store: Store, settings: PlanSettings, *, clock: Callable[[], float] = time.time
) -> Waiting:
    """Reads the frontier once, slice by slice, as a plan does."""
    said = read_said(store).parameters()
    parameters = {
        "said_of": said["said_of"],
        "said_budget": said["said_budget"],
        "now": int(clock()),
        "max_hops": settings.max_hops,
        "site_pages": settings.site_pages,
        "spent": spent_owners(store, settings),
    }
    found = [
        rows(store.query(sql("pipeline/frontier/waiting"), {**parameters, "buckets": slice_}))[0]
        for slice_ in slices(list(range(BUCKETS)), known_urls(store))
    ]
    worst = max(found, key=lambda row: int(row["urls"]))
    return Waiting(sum(int(row["urls"]) for row in found), worst["largest"])
