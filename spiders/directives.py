"""Robots directives of a page: what its meta elements and `X-Robots-Tag` ask of everybody or of us.

Source: Google's "Robots meta tag, data-nosnippet, and X-Robots-Tag specifications"; there is no
RFC. Never raises; linear in the text.
"""

from __future__ import annotations

import re

from spiders.settings import NAME

MAX_READ = 4_096  # characters of one element or of all headers; a bot's name may be far behind
ADDRESSED = ("robots", NAME)  # names of meta elements that are for us

_FORBIDS = {"index": frozenset({"noindex", "none"}), "follow": frozenset({"nofollow", "none"})}
_ALLOWS = {"index": frozenset({"index", "all"}), "follow": frozenset({"follow", "all"})}
_NO_BOTS = frozenset().union(*_FORBIDS.values(), *_ALLOWS.values(), {"unavailable_after"})
_EVERYBODY = ("robots", "*")
_HOUR = re.compile(r"(?:^|\s|\dt)\d{1,2}$")  # before a colon: of a date, which may have commas


class Directives:
    """Those of one page. `text`: of its meta elements, as written, ours with our name before."""

    def __init__(self, header: str) -> None:
        self.text: list[str] = []
        self._general: set[str] = set()
        self._ours: set[str] = set()
        self._header(header[:MAX_READ].lower())

    def meta(self, name: str, content: str) -> None:
        """One meta element, `name` of which is among ADDRESSED."""
        content = content[:MAX_READ]
        self.text.append(content if name == "robots" else f"{name}: {content}")
        self._add(self._general if name == "robots" else self._ours, content)

    @property
    def noindex(self) -> bool:
        return self._forbid("index")

    @property
    def nofollow(self) -> bool:
        return self._forbid("follow")

    def _forbid(self, what: str) -> bool:
        """What is said to us alone decides, where it says anything of it; else what all are told.

        Of two at the same level that contradict each other, the stricter one holds.
        """
        if self._ours & _FORBIDS[what]:
            return True
        return not self._ours & _ALLOWS[what] and bool(self._general & _FORBIDS[what])

    def _header(self, text: str) -> None:
        """A bot's name binds all up to the next name.

        Several headers come joined by commas, so that what binds everybody and came after a bot's
        header counts as that bot's: RFC 9110 (5.3) makes no difference between the two.
        """
        said: set[str] | None = self._general
        for token in text.split(","):
            name, colon, rest = token.partition(":")
            if colon and _is_bot(name.strip()):
                said, token = self._said_to(name.strip()), rest
            if said is not None:
                self._add(said, token)

    def _said_to(self, bot: str) -> set[str] | None:
        if bot in _EVERYBODY:
            return self._general
        return self._ours if bot.partition("/")[0].rstrip() == NAME else None

    @staticmethod
    def _add(said: set[str], text: str) -> None:
        said.update(token.partition(":")[0].strip() for token in text.lower().split(","))


def _is_bot(name: str) -> bool:
    """Whether what stands before a colon is a name, and no directive with a value and no date."""
    return bool(name) and not (
        name in _NO_BOTS or name.startswith("max-") or _HOUR.search(name) is not None
    )
