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
from pipeline.store import Store, rows, sql

Key = str | int | float
_LONGEST = 32_768  # letters: two URLs of the longest that is kept come to less
_FORM = 1  # counted up when tokens are made in another way


class Cursor(NamedTuple):
    """`question`: what `named` gives. `snapshot`: ms since 1970, 0 for none. `keys`: of the row."""

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


def snapshot_of(store: Store) -> int:
    """The newest snapshot, ms since 1970; 0 where there is none."""
    return int(rows(store.query(sql("pipeline/index/queries/snapshot")))[0]["snapshot"])


def demand_same(cursor: Cursor, snapshot: int) -> None:
    """Raises UsageError where the order of rows has changed since."""
    if cursor.snapshot != snapshot:
        raise UsageError(
            "--after belongs to a snapshot that `backlinks score` has replaced since, and with it "
            "the order of rows; begin anew without --after"
        )
