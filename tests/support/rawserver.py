"""A server on loopback that answers with bytes as they stand, for what no honest server does."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Script = Callable[[str, asyncio.StreamWriter], Awaitable[None]]  # the path that is asked for


class RawServer:
    """`connections`: how many were made. `paths`: what was asked, in order. `heads`: how."""

    def __init__(self, script: Script, address: str) -> None:
        self.script, self.address = script, address
        self.connections = 0
        self.paths: list[str] = []
        self.heads: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ")[1]
                self.heads.append(head)
                self.paths.append(path)
                await self.script(path, writer)
                await writer.drain()
        except (OSError, EOFError):
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()


@asynccontextmanager
async def raw_server(
    script: Script, *, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """Until the block ends; a script that waits is cancelled then."""
    server = RawServer(script, address)
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(server.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listening = await asyncio.start_server(connected, address, port, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # lets closed transports say so before the loop goes
