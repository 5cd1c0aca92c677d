"""Dates as exports write them: ISO, numbers in either order, names of months in eight languages."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import Literal

Order = Literal["dmy", "mdy"]
ORDERS: tuple[Order, ...] = ("dmy", "mdy")

_TIME = r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap]\.?m\.?)?.*)?\Z"
_ISO = re.compile(r"(\d{4})[-/.年년]\s*(\d{1,2})[-/.月월]\s*(\d{1,2})[日일]?" + _TIME, re.I)
_NUMBERS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})" + _TIME, re.I)
_DAY_FIRST = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|er|\.)?[\s-]+(?:de\s+)?([^\W\d_]{3,})\.?,?[\s-]+(?:de\s+)?(\d{4})"
    + _TIME,
    re.I,
)
_MONTH_FIRST = re.compile(
    r"([^\W\d_]{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})" + _TIME, re.I
)
_STAMP = re.compile(r"\d{10}(?:\d{3})?\Z")

# By how they begin, in English, German, French, Spanish, Italian, Portuguese, Dutch and Polish;
# the longer beginnings first, where one is another's.
_MONTHS = {
    1: "jan ene gen janv sty", 2: "feb fév fev lut", 3: "mar mär mrz maa mrt",
    4: "apr avr abr kwi", 5: "may mai mag mei maj maio mayo", 6: "jun juin giu cze",
    7: "jul juil lug lip", 8: "aug aoû aou ago sie", 9: "sep set wrz", 10: "oct okt ott out paź",
    11: "nov lis", 12: "dec dez déc dic gru",
}  # fmt: skip
_BY_NAME = sorted(
    ((name, month) for month, names in _MONTHS.items() for name in names.split()),
    key=lambda pair: -len(pair[0]),
)


def moment_of(text: str, order: Order = "mdy") -> int | None:
    """ms since 1970, UTC; None for what is no date. `order`: of day and month in 3/4/2024."""
    text = text.strip()[:64]
    if _STAMP.match(text):
        return int(text) * (1000 if len(text) == 10 else 1)
    if match := _ISO.match(text):
        year, month, day, *clock = match.groups()
        return _ms(year, month, day, clock)
    if match := _NUMBERS.match(text):
        first, mark, second, year, *clock = match.groups()
        day, month = (first, second) if mark == "." or order == "dmy" else (second, first)
        return _ms(year if len(year) == 4 else f"20{year}", month, day, clock)
    if match := _DAY_FIRST.match(text):
        day, name, year, *clock = match.groups()
        return _ms(year, _month(name), day, clock)
    if match := _MONTH_FIRST.match(text):
        name, day, year, *clock = match.groups()
        return _ms(year, _month(name), day, clock)
    return None


def order_of(texts: Iterable[str]) -> Order | None:
    """What the numbers of a list's dates say: None where they say nothing, or both."""
    found = set[Order]()
    for text in texts:
        match = _NUMBERS.match(text.strip()[:64])
        if match and match[2] != ".":
            if int(match[1]) > 12:
                found.add("dmy")
            elif int(match[3]) > 12:
                found.add("mdy")
    return found.pop() if len(found) == 1 else None


def _month(name: str) -> int:
    low = name.casefold()
    return next((month for start, month in _BY_NAME if low.startswith(start)), 0)


def _ms(year: str, month: str | int, day: str, clock: list[str | None]) -> int | None:
    hour, minute, second, half = clock
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half[0] in "pP" else 0)
    try:
        at = datetime.datetime(
            int(year), int(month), int(day), hours, int(minute or 0), int(second or 0),
            tzinfo=datetime.UTC,
        )  # fmt: skip
    except ValueError:
        return None
    return int(at.timestamp() * 1000)
