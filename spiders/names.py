"""Host names and their addresses: asked of the system, and remembered for a while."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

REMEMBERED = 50_000  # some 300 bytes each
FOR_S = 300.0  # the system doesn't tell how long an answer holds
MAX_ADDRESSES = 8  # of a name that are tried

Ask = Callable[[str], list[str]]


class Names:
    """Used on one event loop.

    threads: how many are asked for at once; a silent name server holds one for 10 s and more.
    ask: called in such a thread, raises OSError.
    """

    def __init__(
        self, threads: int, *, ask: Ask | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.ask, self.clock = ask or ask_system, clock
        self._known: OrderedDict[str, tuple[float, list[str]]] = OrderedDict()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="names")

    async def addresses(self, host: str) -> list[str]:
        """In the order in which they are to be tried. Raises OSError where there are none."""
        known = self._known.get(host)
        if known is not None and known[0] > self.clock():
            return known[1]
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self.ask, host)
        self._known[host] = (self.clock() + FOR_S, found)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found

    def forget(self, host: str) -> None:
        """It is not reached where it was said to be."""
        self._known.pop(host, None)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def ask_system(host: str) -> list[str]:
    """Addresses of a name. Raises OSError."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # no name at all: a label that is empty or too long
        raise OSError(f"{host!r} is no host name") from error
    addresses = dict.fromkeys(str(address[0]) for *_, address in found)
    return list(addresses)[:MAX_ADDRESSES]
