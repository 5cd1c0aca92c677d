"""Where an answer goes on: an opaque token of its last row's keys.

The token holds what its question was and which snapshot it was asked of: another question's, or
one of a snapshot that was replaced since, would skip rows or tell some twice, and is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from pipeline.errors import UsageError
from pipeline.index.referrers import JOB, RANKED
from pipeline.store import Store, rows, sql

Key = str | int | float
_LONGEST = 32_768  # letters: two URLs of the longest that is kept come to less
CHANGING = -1
_FORM = 1  # counted up when tokens are made in another way


class Cursor(NamedTuple):
    """`question`: what `named` gives. `snapshot`: ms since 1970, 0 for none; -1 for an order that
    was just changing. `keys`: of the row."""

    question: str
    snapshot: int
    keys: list[Key]

    def token(self) -> str:
        """Text for a command line or a URL."""
        packed = msgspec.json.encode([_FORM, *self])
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def cursor_of(token: str, question: str, kinds: Sequence[type]) -> Cursor:
    """The place that a token tells. kinds: str, int or float of each key. Raises UsageError."""
    try:
        padded = token[:_LONGEST] + "=" * (-len(token) % 4)
        packed = base64.b64decode(padded.encode(), altchars=b"-_", validate=True)
        form, asked, snapshot, keys = msgspec.json.decode(
            packed, type=tuple[int, str, int, list[Key]]
        )
    except (msgspec.DecodeError, binascii.Error, ValueError):
        raise UsageError(
            f"--after {token[:40]!r} is no place in an answer; give what the page before ended with"
        ) from None
    fits = len(keys) == len(kinds) and all(map(isinstance, keys, kinds))
    if form != _FORM or asked != question or not fits:
        raise UsageError(
            "--after belongs to another question: ask with the same target and filters as the "
            "page before, or begin anew without --after"
        )
    return Cursor(asked, snapshot, keys)


def named(question: str, parameters: Mapping[str, Any]) -> str:
    """A question with all that decides which rows it has, in a few letters."""
    told = msgspec.json.encode([question, sorted(parameters.items())])
    return hashlib.sha256(told).hexdigest()[:16]


class Stamp(NamedTuple):
    """By what answers are ordered now.

    `snapshot`: the newest, ms since 1970, 0 where there is none.
    `is_settled`: no `score` is changing the order of referring domains to that of another one.
    `is_rolled`: the rollup has all that questions want of it.
    """

    snapshot: int = 0
    is_settled: bool = True
    is_rolled: bool = True


def stamp_of(store: Store) -> Stamp:
    found = rows(
        store.query(sql("pipeline/index/queries/snapshot"), {"ranked": RANKED, "rolled": JOB})
    )
    newest = {row["job"]: row for row in sorted(found, key=lambda row: int(row["version"]))}
    snapshot = int(newest[""]["mark"]) if "" in newest else 0
    ranked, rolled = newest.get(RANKED), newest.get(JOB)
    is_settled = ranked is None or not ranked["version"] or int(ranked["mark"]) == snapshot
    return Stamp(snapshot, is_settled, rolled is not None and rolled["version"] > 0)


def demand_same(cursor: Cursor, now: Stamp) -> None:
    """Raises UsageError where the order of rows has changed since, or is changing."""
    if not now.is_settled:
        raise UsageError(
            "`backlinks score` is changing the order of rows, or was stopped while it did; let it "
            "end, or run it again, and begin anew without --after"
        )
    if cursor.snapshot != now.snapshot:
        raise UsageError(
            "--after belongs to a snapshot that `backlinks score` has replaced since, and with it "
            "the order of rows; begin anew without --after"
        )
