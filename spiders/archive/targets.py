"""Of all pages those that link to some registered domains, and of their links those.

Such a record tells that links are there, never that one is not: it is `filtered`, no complete
visit, and carries nothing that a later visit would be compared with.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

import msgspec

from pipeline.errors import UsageError
from pipeline.index.target import site_of
from pipeline.page import Internal, Page
from pipeline.url import Refused, canonical
from spiders.extract import MAX_EXTERNAL

FILTERED = "filtered"
_LINKS = 100  # of a part: under 500 KB, whatever stands in them
_MOST = -(-MAX_EXTERNAL // _LINKS)  # parts of a page
_PARTS = 0xFFFF
_WHOLE = 1_000  # parts of a whole page, at most: those of 16 KB each of the largest record
_WORD = re.compile(rb"[a-z0-9]{3,}")


class Targets:
    """Registered domains; none of them stands for all there are."""

    def __init__(self, domains: Collection[str] = ()) -> None:
        """Raises UsageError for what is no registered domain."""
        self.domains = frozenset(_registered(name) for name in domains)
        said = hashlib.blake2b(" ".join(sorted(self.domains)).encode(), digest_size=8).digest()
        sets = (_PARTS - _WHOLE) // _MOST
        self._first_part = _WHOLE + int.from_bytes(said, "big") % sets * _MOST
        # A host may be written in capitals, and its dots as references to characters; a name that
        # is not ASCII stands in a page in many ways.
        words = [_words(name) for name in self.domains if "xn--" not in name]
        self._words = words if len(words) == len(self.domains) and all(words) else []

    def may_be_in(self, block: bytes) -> bool:
        """False where no link to any of them can stand in these bytes, packed or not."""
        if not self._words or b"\x00" in block[:1_000]:
            return True
        text = block.lower()
        return any(all(word in text for word in words) for words in self._words)

    def of(self, page: Page) -> list[Page]:
        """The page with only its links to them, in parts of some links each; none without any.

        The parts are numbered apart from those of the whole page and of other domains, which may be
        imported too: a record of the same page, time and part would take their place.
        """
        if not self.domains:
            return [page]
        links = page.external
        stay = [place for place, domain in enumerate(links.domain) if domain in self.domains]
        if not stay:
            return []
        if len(stay) == len(links) and page.outcome == "redirect":
            return [page]  # a redirect has but one link: nothing was left out
        return [
            self._part(page, number, stay[at : at + _LINKS])
            for number, at in enumerate(range(0, len(stay), _LINKS))
        ]

    def _part(self, page: Page, number: int, places: list[int]) -> Page:
        links = page.external
        kept = {
            name: [getattr(links, name)[place] for place in places]
            for name in links.__struct_fields__
        }
        return msgspec.structs.replace(
            page,
            part=self._first_part + number,
            parts=_PARTS,
            complete=False,
            incomplete=FILTERED,
            # Of a page that leads elsewhere at once it says nothing.
            canonical="" if page.incomplete == "refresh" else page.canonical,
            etag="",
            last_modified="",
            digest="",
            external=type(links)(**kept),
            internal=Internal(),
        )


def _registered(name: str) -> str:
    try:
        canonical(name if "://" in name else f"http://{name}")  # which takes no address
    except Refused as refusal:
        raise UsageError(
            f"--to {name[:200]!r} is no domain ({refusal.reason}); give one like example.org"
        ) from refusal
    return site_of(name)


def _words(domain: str) -> list[bytes]:
    """What of a domain stands in a page however it is written, save for letter by letter."""
    return sorted(_WORD.findall(domain.encode()), key=len, reverse=True)  # the rarest first
