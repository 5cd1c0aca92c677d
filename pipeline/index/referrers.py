"""Referring domains, one row a pair of domains: kept by the lifecycle job, and after an erasure."""

from __future__ import annotations

from collections.abc import Collection

from pipeline.store import Store, rows, sql


def roll_up(
    store: Store, written: int, *, since: int = 0, to: int = 0, domains: Collection[str] = ()
) -> None:
    """Referring domains anew: of pages that arrived since then and up to then, and of `domains`.

    written: ms since 1970, greater than of any row before. Where the table is empty, of all links.
    """
    found = rows(store.query(sql("pipeline/index/pairs_kept")))[0]["pairs"]
    store.execute(
        sql("pipeline/index/referrers"),
        {
            "from": since, "to": to, "domains": sorted(domains), "whole": int(found == 0),
            "written": written,
        },
    )  # fmt: skip
