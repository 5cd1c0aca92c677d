"""Which lines of a robots.txt are for us: the grouping of RFC 9309, section 2.2.

Only those are given to the parser. It makes a rule of its own for each agent of a group, and half a
megabyte of ten thousand agents before ten thousand rules took all memory there was.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

MAX_WILDCARDS = 2_000  # `*` in rules of ours; each costs up to 7 us for every URL
MAX_LINE = 8_192  # characters; no URL of ours is matched by a longer rule
MAX_SITEMAP_LINES = 100

_LINE = re.compile(
    r"^[ \t]*+(user[- ]?agent|allow|dis+al+[ao]w|diasllow|crawl[- ]delay|site-?maps?)"
    r"(?:[ \t]*+:|(?=[ \t\n])|\Z)[ \t]*+([^\n#]*+)",
    re.IGNORECASE | re.MULTILINE,
)
_FIELDS = {"u": "agent", "a": "allow", "d": "disallow", "c": "delay", "s": "sitemap"}
_TOKEN = re.compile(r"[a-z_-]+|\*", re.IGNORECASE)
# They end a line for Python and not for the RFC.
_NOT_ENDS = str.maketrans(
    {"\x0b": "%0B", "\x0c": "%0C", "\x1c": "%1C", "\x1d": "%1D", "\x1e": "%1E", "\x85": "%C2%85",
     "\u2028": "%E2%80%A8", "\u2029": "%E2%80%A9"}
)  # fmt: skip


class Ours(NamedTuple):
    """`rules`: lines in their order. `delay_s`: the longest crawl-delay, 0 where there is none.

    `sitemaps`: as they stand, of the whole file.
    """

    rules: list[str]
    delay_s: float
    sitemaps: list[str]

    @property
    def wildcards(self) -> int:
        """Rules with any."""
        return sum("*" in rule for rule in self.rules)

    @property
    def stars(self) -> int:
        return sum(rule.count("*") for rule in self.rules)


class _Group:
    """All groups of one agent, which are one group."""

    def __init__(self) -> None:
        self.named = self.open = False
        self.rules: list[str] = []
        self.delay_s = 0.0


def text_of(body: bytes, *, limit: int, cut: bool = False) -> str:
    """UTF-8 with lines that end in `\\n`, of at most `limit` bytes: a line that is cut is left out.

    cut: there was more of it already.

    Bytes that are no UTF-8 become U+FFFD, as the parser makes of those in a URL.
    """
    cut = cut or len(body) > limit
    text = body[:limit].decode("utf-8-sig", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if cut:
        text = text[: text.rfind("\n") + 1]
    return text.translate(_NOT_ENDS)


def ours(text: str, name: str) -> Ours:
    """The rules of the groups that name us, else of those for `*`. Linear in the text."""
    own, everybody = _Group(), _Group()
    sitemaps: list[str] = []
    after_rule = True
    for match in _LINE.finditer(text):
        field, value = _FIELDS[match[1][0].lower()], match[2].strip()
        if field == "agent":
            if after_rule:
                own.open = everybody.open = after_rule = False
            _name(value, name, own, everybody)
        elif field == "sitemap":
            if len(sitemaps) < MAX_SITEMAP_LINES and len(value) < MAX_LINE:
                sitemaps.append(value)
        else:
            after_rule |= field != "delay"
            for group in (own, everybody):
                if group.open:
                    _add(group, field, value)
    found = own if own.named else everybody
    return Ours(found.rules, found.delay_s, sitemaps)


def _name(value: str, name: str, own: _Group, everybody: _Group) -> None:
    """A user-agent line: its product token counts, whatever its case and its version."""
    token = _TOKEN.match(value)
    if token is None:
        return
    if token[0].lower() == name:
        own.named = own.open = True
    elif token[0] == "*":
        everybody.named = everybody.open = True


def _add(group: _Group, field: str, value: str) -> None:
    if field == "delay":
        group.delay_s = max(group.delay_s, _seconds(value))
    elif value and len(value) < MAX_LINE:
        group.rules.append(f"{field}: {value}")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and value > 0 else 0.0
