"""A deterministic web of up to a million hosts under `.test`, served by a process of its own.

    with served(hosts=100_000, seed=1) as web:
        ... crawl with --connect-to web.address ...

What stands on a page follows from the seed, its host, its path and the time alone. Hosts have as
many pages, and are linked as often, as a power law says; some are slow, some fail, some never end,
some ask for a crawl-delay, and some change where they link to as time goes by. It answers http
only, with keep-alive, and serves some thousand pages a second: no crawler waits for it.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

MASK = (1 << 64) - 1
EXTERNAL, INTERNAL = 10, 50  # links a page
KEPT = 5  # of the external ones of a page that changes
SLOW_S = 2.0
CRAWL_DELAYS_S = (1, 2, 5, 10)
PERIODS_S = (3_600, 86_400, 7 * 86_400)  # from change to change; each page has one of these
_ANSWER = b"HTTP/1.1 %d %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
_WORDS = (
    "rye wheat stone mill river bread oven hand year field seed water flour baker market village "
    "summer winter crust grain dough yeast salt morning table garden road bridge school letter"
).split()


class Kind(NamedTuple):
    """Shares of a thousand hosts."""

    name: str
    share: int


KINDS = (
    Kind("good", 830),
    Kind("changing", 80),
    Kind("polite", 20),  # its robots.txt asks for a crawl-delay
    Kind("slow", 20),
    Kind("failing", 30),
    Kind("trap", 20),
)


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
    """`hosts`: numbers 0 to hosts - 1, of which the low ones are large and linked often.

    clock: seconds since 1970, by which pages of changing hosts change.
    """

    def __init__(
        self,
        hosts: int,
        seed: int,
        body_bytes: int = 50_000,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not 0 < hosts <= 1_000_000:
            raise ValueError("from 1 to 1,000,000 hosts")
        self.hosts, self.seed, self.body_bytes, self.clock = hosts, seed, body_bytes, clock
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

    def crawl_delay_s(self, host: int) -> int:
        """0 where it asks for none."""
        if self.kind(host) != "polite":
            return 0
        return CRAWL_DELAYS_S[Dice(self.seed, host, 5).below(len(CRAWL_DELAYS_S))]

    def period_s(self, host: int, page: int) -> int:
        """From one change of the page's external links to the next; 0 where they never change."""
        if self.kind(host) != "changing":
            return 0
        return PERIODS_S[Dice(self.seed, host, page, 6).below(len(PERIODS_S))]

    def version(self, host: int, page: int, at: float) -> int:
        """How often the page had changed by then, seconds since 1970."""
        period = self.period_s(host, page)
        return (int(at) + Dice(self.seed, host, page, 7).below(period)) // period if period else 0

    def links(self, host: int, page: int, at: float = 0.0) -> tuple[list[int], list[int]]:
        """Pages of the same host, and hosts whose first page is linked."""
        dice = Dice(self.seed, host, page, 3)
        count = self.pages(host)
        inner = [dice.below(count) for _ in range(INTERNAL)]
        outer = [int(self.hosts * dice.share() ** 3) for _ in range(EXTERNAL)]
        version = self.version(host, page, at)
        if version:
            dice = Dice(self.seed, host, page, 8, version)
            outer[KEPT:] = [int(self.hosts * dice.share() ** 3) for _ in range(EXTERNAL - KEPT)]
        return inner, [target for target in outer if target != host]

    def body(self, host: int, page: int, at: float = 0.0) -> bytes:
        inner, outer = self.links(host, page, at)
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
        host = self.number(name)
        if path == "/robots.txt":
            delay = self.crawl_delay_s(host) if host is not None else 0
            return (
                (200, b"User-agent: *\nCrawl-delay: %d" % delay, 0.0) if delay else (404, b"", 0.0)
            )
        if host is None:
            return 404, b"no such host", 0.0
        kind = self.kind(host)
        if kind == "failing":
            return 503, b"", 0.0
        digits = path.removeprefix("/p").partition("/")[0]
        page = int(digits) if digits.isdecimal() and len(digits) < 10 else 0 if path == "/" else -1
        if page < 0 or (page >= self.pages(host) and kind != "trap"):
            return 404, b"no such page", 0.0
        return 200, self.body(host, page, self.clock()), SLOW_S if kind == "slow" else 0.0


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
def served(
    hosts: int, seed: int, body_bytes: int = 50_000, *, speed: float = 1.0
) -> Iterator[Served]:
    """The web, answered by another process until the block ends. `speed`: of its clock."""
    arguments = map(str, (hosts, seed, body_bytes, speed))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.bigweb", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Served(BigWeb(hosts, seed, body_bytes, clock=faster(speed)), port, process.pid)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def faster(speed: float) -> Callable[[], float]:
    """The time, running so many times as fast; the same in every process."""
    return lambda: time.time() * speed


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name in ("hosts", "seed", "body_bytes"):
        parser.add_argument(name, type=int)
    parser.add_argument("speed", type=float)
    asked = parser.parse_args(arguments)
    web = BigWeb(asked.hosts, asked.seed, asked.body_bytes, clock=faster(asked.speed))
    asyncio.run(_serve(web))


if __name__ == "__main__":
    main(sys.argv[1:])
