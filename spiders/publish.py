"""Page records to the log, many at once; a page is published when the log has acknowledged it."""

from __future__ import annotations

import asyncio
import logging
import random

from pipeline.errors import LogBusy, LogRefused
from pipeline.log import PAGES, Log, Message
from pipeline.page import Page, split

logger = logging.getLogger(__name__)

BATCH = 200
WAIT_S = 0.05  # for more to come; an append costs an fsync
IN_FLIGHT = 2_000  # pages waiting here; who has one more waits with it
RETRY_S = (1.0, 30.0)  # the first wait where no broker answers, and the longest

_Waiting = tuple[list[Message], asyncio.Future[None]]


class Publisher:
    """Used on one event loop. `run` must be running."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.retries = 0
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(IN_FLIGHT)

    async def publish(self, page: Page) -> None:
        """Returns once the page is durable, all its parts. Raises LogError, but for LogBusy."""
        key = page.domain.encode()
        try:
            messages = [Message(key, part) for part in split(page, self.log.record_bytes)]
        except ValueError as error:
            raise LogRefused(f"{error}; raise kafka.record_bytes") from error
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._queue.put((messages, done))
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

    async def _append(self, batch: list[_Waiting]) -> None:
        messages = [message for messages, _ in batch for message in messages]
        try:
            await self._until_taken(messages)
        except Exception as error:  # noqa: BLE001 - every waiting page must hear of it
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
        else:
            for _, done in batch:
                if not done.done():
                    done.set_result(None)

    async def _until_taken(self, messages: list[Message]) -> None:
        """Again and again where the log is away: twice in the log is once in the index."""
        pause, longest = RETRY_S
        while True:
            try:
                sent = await asyncio.to_thread(self.log.append, PAGES, messages)
                await asyncio.wrap_future(sent)
                return
            except LogBusy as error:
                self.retries += 1
                logger.warning("the log is busy, trying again in %.0f s: %s", pause, error)
                await asyncio.sleep(pause * random.uniform(0.7, 1.3))
                pause = min(2 * pause, longest)
