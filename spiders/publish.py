"""Page records to the log, many at once; a page is published when the log has acknowledged it."""

from __future__ import annotations

import asyncio

from pipeline.log import PAGES, Log, Message
from pipeline.page import Page, encode

BATCH = 200
WAIT_S = 0.05  # for more to come; an append costs an fsync
IN_FLIGHT = 2_000  # nothing in the log's client bounds what is not acknowledged, so this does


class Publisher:
    """Used on one event loop. `run` must be running."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._queue: asyncio.Queue[tuple[Message, asyncio.Future[None]]] = asyncio.Queue(IN_FLIGHT)

    async def publish(self, page: Page) -> None:
        """Returns once the page is durable. Raises LogError."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._queue.put((Message(page.domain.encode(), encode(page)), done))
        await done

    async def run(self) -> None:
        """Appends what is queued, until cancelled."""
        while True:
            batch = [await self._queue.get()]
            if self._queue.empty():
                await asyncio.sleep(WAIT_S)
            while len(batch) < BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self._append(batch)

    async def _append(self, batch: list[tuple[Message, asyncio.Future[None]]]) -> None:
        messages = [message for message, _ in batch]
        try:
            await asyncio.to_thread(lambda: self.log.append(PAGES, messages).result())
        except Exception as error:  # noqa: BLE001 - every waiting page must hear of it
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
        else:
            for _, done in batch:
                if not done.done():
                    done.set_result(None)
