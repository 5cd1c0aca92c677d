"""What people say of domains: it goes before what is measured, and says who said it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

Word = Literal["ok", "bad", "ours", "platform"]
WORDS: tuple[Word, ...] = get_args(Word)
TAKEN_BACK = ""
MEANINGS: dict[Word, str] = {
    "ok": "looked at and good: never flagged, never disavowed",
    "bad": "looked at and bad: flagged, to be disavowed, never proposed as a seed",
    "ours": "it is ours: never flagged, never disavowed, never proposed as a seed",
    "platform": "the sites of many owners: never flagged or disavowed as a whole, nor a seed",
}
MOST_NOTE, MOST_WHO = 500, 100  # characters


class Label(NamedTuple):
    """`label`: one of WORDS, or TAKEN_BACK. `at`: ms since 1970."""

    domain: str
    label: str
    note: str
    who: str
    at: int

    @property
    def said(self) -> str:
        """By whom, when and why, in one line. Its texts are people's: make them safe to show."""
        day = datetime.datetime.fromtimestamp(self.at / 1000, datetime.UTC).strftime("%Y-%m-%d")
        return f"{self.who} on {day}" + (f": {self.note}" if self.note else "")


def label_of(row: Mapping[str, Any]) -> Label:
    """Of a row of `labels` or `labels_now`."""
    return Label(row["domain"], row["label"], row["note"], row["who"], int(row["at"]))
