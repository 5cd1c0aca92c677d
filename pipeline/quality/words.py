"""Words of what is sold by bought links, by language: money.txt, which says where they are from."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import NamedTuple

_TOKEN = re.compile(r"\w+")


class MoneyWords(NamedTuple):
    """version: of the list; it stands in the manifest. tokens: whole words. within: looked for
    anywhere in a text, of languages that put no spaces between words."""

    version: int
    tokens: frozenset[str]
    within: tuple[str, ...]

    def found(self, text: str) -> list[str]:
        """Those that stand in a text, in order of their names."""
        lowered = text.lower()
        words = self.tokens.intersection(_TOKEN.findall(lowered))
        return sorted(words.union(part for part in self.within if part in lowered))


@cache
def money_words() -> MoneyWords:
    """Of all languages together: a link's is seldom known, and bought links cross them."""
    return read(resources.files("pipeline.quality").joinpath("money.txt").read_text("utf-8"))


def read(text: str) -> MoneyWords:
    """Raises ValueError where it says no version."""
    version = re.match(r"# Version: (\d+)\n", text)
    if version is None:
        raise ValueError("a list of words begins with `# Version: 1`")
    tokens: set[str] = set()
    within: list[str] = []
    for line in text.splitlines():
        language, *words = line.split() or ["#"]
        if language == "within":
            within += words
        elif not language.startswith("#"):
            tokens.update(words)
    return MoneyWords(int(version[1]), frozenset(tokens), tuple(within))
