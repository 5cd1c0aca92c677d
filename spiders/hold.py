"""No request leaves while all is paused, whatever a visit is in the middle of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from spiders.fetch import Fetched, Fetcher

_LOOK_S = 0.1


class Held(Fetcher):
    """As `fetcher`, once nothing is paused. A spider that is told to stop gives the visit up."""

    def __init__(
        self, fetcher: Fetcher, paused: Callable[[], bool], stopping: Callable[[], bool]
    ) -> None:
        self.fetcher, self.paused, self.stopping = fetcher, paused, stopping

    async def fetch(self, url: str, headers: dict[str, str], *, any_type: bool = False) -> Fetched:
        while self.paused():
            if self.stopping():
                raise asyncio.CancelledError
            await asyncio.sleep(_LOOK_S)
        return await self.fetcher.fetch(url, headers, any_type=any_type)
