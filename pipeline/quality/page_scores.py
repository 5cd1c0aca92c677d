"""Every linked page's scores, brought together in the store, as large as links are.

Like a domain's portfolio its score is a sum of what links are worth, and its reasons are those
links: the shares of all links to a domain's pages sum to the domain's portfolio_worth. Beside it
stands its authority (page_authority.py).
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from pipeline.quality.page_authority import WAITING
from pipeline.quality.worth_formula import formula
from pipeline.store import Store, rows, sql
from pipeline.store.views import spelled

_UNRANKED = 0  # the snapshot that rows stand under until they are ranked


def write_pages(
    store: Store, snapshot: int, *, seeded: bool, authority: Iterable[pa.Table] = ()
) -> None:
    """Swapped in whole; domain_edges must have the snapshot. A rerun writes the same.

    authority: rows of page_quality_next under the snapshot WAITING; none where it is unknown.
    """
    rules = formula()
    places = rules.worth.position.places
    _empty(store, snapshot)  # of what a run left that died
    store.execute(
        spelled(sql("pipeline/quality/page_worth")),
        {
            "snapshot": snapshot, "places": list(places), "place_values": list(places.values()),
            "place_unknown": rules.worth.position.unknown, "followed": rules.worth.rel.followed,
            "other": rules.worth.rel.other,
        },
    )  # fmt: skip
    for some in authority:
        store.insert("page_quality_next", some)
    parameters = {"snapshot": snapshot, "seeded": int(seeded), "p50": rules.portfolio.p50}
    store.execute(sql("pipeline/quality/page_ranks"), parameters)
    if not rows(store.query(sql("pipeline/quality/page_made")))[0]["rows"]:
        store.execute(f"ALTER TABLE page_quality DROP PARTITION {snapshot:d}")
    else:
        store.execute(
            f"ALTER TABLE page_quality REPLACE PARTITION {snapshot:d} FROM page_quality_next"
        )
    _empty(store, snapshot)


def _empty(store: Store, snapshot: int) -> None:
    for partition in (_UNRANKED, WAITING, snapshot):
        store.execute(f"ALTER TABLE page_quality_next DROP PARTITION {partition:d}")


def drop_pages_before(store: Store, snapshot: int) -> None:
    """As large as links are: only the newest snapshot's are kept."""
    for row in rows(store.query(sql("pipeline/quality/page_kept"))):
        if row["snapshot"] < snapshot:
            store.execute(f"ALTER TABLE page_quality DROP PARTITION {row['snapshot']:d}")
