"""A deterministic web of up to a million hosts under `.test`, served by a process of its own.

    with served(hosts=100_000, seed=1) as web:
        ... crawl with --connect-to web.address ...

What stands on a page follows from the seed, its host and its path alone. Hosts have as many pages,
and are linked as often, as a power law says; some are slow, some fail, some never end. It answers
http only, with keep-alive, and serves some thousand pages a second: no crawler waits for it.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

MASK = (1 << 64) - 1
EXTERNAL, INTERNAL = 10, 50  # links a page
SLOW_S = 2.0
_ANSWER = b"HTTP/1.1 %d %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
_WORDS = (
    "rye wheat stone mill river bread oven hand year field seed water flour baker market village "
    "summer winter crust grain dough yeast salt morning table garden road bridge school letter"
).split()


class Kind(NamedTuple):
    """Shares of a thousand hosts."""

    name: str
    share: int


KINDS = (Kind("good", 930), Kind("slow", 20), Kind("failing", 30), Kind("trap", 20))


class Dice:
    """splitmix64: small, fast, and the same everywhere. Source: Steele et al. 2014."""

    __slots__ = ("state",)

    def __init__(self, *seeds: int) -> None:
        self.state = 0
        for seed in seeds:
            self.state = (self.next() ^ seed) & MASK

    def next(self) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        return mixed ^ (mixed >> 31)

    def below(self, size: int) -> int:
        return self.next() % size

    def share(self) -> float:
        return self.next() / (MASK + 1)


class BigWeb:
    """`hosts`: numbers 0 to hosts - 1, of which the low ones are large and linked often."""

    def __init__(self, hosts: int, seed: int, body_bytes: int = 50_000) -> None:
        if not 0 < hosts <= 1_000_000:
            raise ValueError("from 1 to 1,000,000 hosts")
        self.hosts, self.seed, self.body_bytes = hosts, seed, body_bytes
        dice = Dice(seed, 7)
        self._fillers = [_filler(dice, body_bytes // 2 + dice.below(body_bytes)) for _ in range(16)]

    @staticmethod
    def name(host: int) -> str:
        return f"h{host}.test"

    def number(self, name: str) -> int | None:
        """None for a host that is not of this web."""
        label, _, rest = name.partition(".")
        known = rest == "test" and label[:1] == "h" and label[1:].isdecimal()
        return int(label[1:]) if known and int(label[1:]) < self.hosts else None

    def kind(self, host: int) -> str:
        place = Dice(self.seed, host, 1).below(1000)
        for kind in KINDS:
            place -= kind.share
            if place < 0:
                return kind.name
        return KINDS[0].name

    def pages(self, host: int) -> int:
        """How many it has: the n-th host about n ** -0.5 of what the first has."""
        return max(1, int(2_000 / (host + 1) ** 0.5 * (0.5 + Dice(self.seed, host, 2).share())))

    def links(self, host: int, page: int) -> tuple[list[int], list[int]]:
        """Pages of the same host, and hosts whose first page is linked."""
        dice = Dice(self.seed, host, page, 3)
        count = self.pages(host)
        inner = [dice.below(count) for _ in range(INTERNAL)]
        outer = [int(self.hosts * dice.share() ** 3) for _ in range(EXTERNAL)]
        return inner, [target for target in outer if target != host]

    def body(self, host: int, page: int) -> bytes:
        inner, outer = self.links(host, page)
        trap = f"<p><a href=/p{page + 1}/deeper>Next</a></p>" if self.kind(host) == "trap" else ""
        parts = [
            f"<!doctype html><html lang=en><title>Page {page} of {self.name(host)}</title><nav>",
            "".join(f"<a href=/p{number}>Page {number}</a> " for number in inner),
            f"</nav><main><h1>About {_WORDS[page % len(_WORDS)]}</h1>{trap}",
            "".join(
                f"<p>See what <a href=http://{self.name(target)}/p0>{_WORDS[target % len(_WORDS)]} "
                f"{target}</a> says of it.</p>"
                for target in outer
            ),
        ]
        filler = self._fillers[Dice(self.seed, host, page, 4).below(len(self._fillers))]
        return "".join(parts).encode() + filler + b"</main></html>"

    def answer(self, name: str, path: str) -> tuple[int, bytes, float]:
        """Status, body, and seconds until it comes."""
        if path == "/robots.txt":
            return 404, b"", 0.0
        host = self.number(name)
        if host is None:
            return 404, b"no such host", 0.0
        kind = self.kind(host)
        if kind == "failing":
            return 503, b"", 0.0
        digits = path.removeprefix("/p").partition("/")[0]
        page = int(digits) if digits.isdecimal() and len(digits) < 10 else 0 if path == "/" else -1
        if page < 0 or (page >= self.pages(host) and kind != "trap"):
            return 404, b"no such page", 0.0
        return 200, self.body(host, page), SLOW_S if kind == "slow" else 0.0


def _filler(dice: Dice, size: int) -> bytes:
    """Paragraphs of about so many bytes."""
    parts: list[str] = []
    length = 0
    while length < size:
        text = " ".join(_WORDS[dice.below(len(_WORDS))] for _ in range(60))
        parts.append(f'<div class="c{dice.below(9)}"><p>{text}.</p></div>')
        length += len(parts[-1])
    return "".join(parts).encode()


class _Connection(asyncio.Protocol):
    """HTTP/1.1 as crawlers ask: GET, one request after another."""

    def __init__(self, web: BigWeb) -> None:
        self.web = web
        self._waiting = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._waiting += data
        while b"\r\n\r\n" in self._waiting:
            head, _, self._waiting = self._waiting.partition(b"\r\n\r\n")
            status, body, delay = self.web.answer(*_asked(head))
            answer = _ANSWER % (status, b"X", len(body)) + body
            if delay:
                asyncio.get_running_loop().call_later(delay, self._transport.write, answer)
            else:
                self._transport.write(answer)
        if len(self._waiting) > 64 << 10:
            self._transport.abort()


def _asked(head: bytes) -> tuple[str, str]:
    """Host and path."""
    first, *lines = head.decode("latin-1").split("\r\n")
    path = [*first.split(" "), ""][1]
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() == "host":
            return value.strip().partition(":")[0].lower(), path
    return "", path


async def _serve(web: BigWeb) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(web), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Served(NamedTuple):
    """`address`: as --connect-to takes it."""

    web: BigWeb
    port: int
    pid: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}:{self.port}"


@contextmanager
def served(hosts: int, seed: int, body_bytes: int = 50_000) -> Iterator[Served]:
    """The web, answered by another process until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.bigweb", str(hosts), str(seed), str(body_bytes)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Served(BigWeb(hosts, seed, body_bytes), port, process.pid)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name in ("hosts", "seed", "body_bytes"):
        parser.add_argument(name, type=int)
    asked = parser.parse_args(arguments)
    asyncio.run(_serve(BigWeb(asked.hosts, asked.seed, asked.body_bytes)))


if __name__ == "__main__":
    main(sys.argv[1:])
