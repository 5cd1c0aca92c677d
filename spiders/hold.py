"""No request leaves while all is paused, whatever a visit is in the middle of."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.errors import BacklinksError
from spiders.fetch import Fetched, Fetcher


class HeldUp(BacklinksError):
    """All is paused: what was about to be asked is asked later, from the start.

    A visit that slept through a pause would know nothing of what was said meanwhile, nor of its
    deadline, nor whether its host is another's by now.
    """


class Held(Fetcher):
    """As `fetcher`. Raises HeldUp while `paused`, and nothing leaves."""

    def __init__(self, fetcher: Fetcher, paused: Callable[[], bool]) -> None:
        self.fetcher, self.paused = fetcher, paused

    async def fetch(self, url: str, headers: dict[str, str], *, any_type: bool = False) -> Fetched:
        if self.paused():
            raise HeldUp("all is paused")
        return await self.fetcher.fetch(url, headers, any_type=any_type)
