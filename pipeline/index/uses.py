"""How the links of large targets are used, by pair of domains: kept beside their referring domains.

With it the anchor texts and the pages of a target with a million links are counted in a fifth of
the time. Small targets are counted from their links, which costs nothing to keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from pipeline.store import Store, Value, rows, sql

LARGE = 30_000  # live links; from there on reading them takes longer than all else about a question
PIECE = 1_000_000  # links that are counted at once: a gigabyte of memory
_MOST = 4_096  # live links of a pair whose uses lie in one row


def keep_uses(store: Store, which: Mapping[str, Value], slices: Iterable[tuple[str, str]]) -> None:
    """Of the large targets the pairs that changed; of those that have become large, all.

    which: as referrers.sql took it, which has run. slices: targets after a name up to another, of
    about as many changed links as may be counted at once. Run again it changes nothing. Raises
    StoreError.
    """
    due = rows(store.query(sql("pipeline/index/uses_due"), {**which, "least": LARGE}))
    if (
        which["domains"] or which["erased"]
    ):  # of which something was erased: none becomes large by that
        due = [row for row in due if row["is_kept"]]
    changed = [row["target_domain"] for row in due if row["is_kept"] and not which["whole"]]
    for after, until in slices:
        some = [name for name in changed if after < name and (not until or name <= until)]
        if some:
            _count(store, which, some)
    for row in due:
        if row["target_domain"] not in changed:
            _count_all(store, which, row["target_domain"], int(row["links"]))
    new = [row["target_domain"] for row in due if not row["is_kept"]]
    if new:
        since = pa.array([which["written"]] * len(new), pa.uint64())
        store.insert("large_targets", pa.table({"target_domain": new, "since": since}))


def _count_all(store: Store, which: Mapping[str, Value], target: str, links: int) -> None:
    pieces = max(1, -(-links // PIECE))
    for piece in range(pieces):
        _count(store, {**which, "whole": True}, [target], piece, pieces)


def _count(
    store: Store,
    which: Mapping[str, Value],
    targets: Sequence[str],
    piece: int = 0,
    pieces: int = 1,
) -> None:
    given: dict[str, Value] = {"targets": list(targets), "most": _MOST}
    given |= {"piece": piece, "pieces": pieces}
    store.execute(sql("pipeline/index/uses"), {**which, **given})
