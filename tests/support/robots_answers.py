"""Answers to who asks for robots.txt, from a table in place of the network."""

from __future__ import annotations

import asyncio
from typing import cast

from spiders.fetch import Fetched, Fetcher
from spiders.robots import Robots, Rules


class Answers:
    """Fetches from a table of URLs: bytes are a 200, a number a status, text a redirect's target,
    `!reason` a failure."""

    def __init__(self, table: dict[str, bytes | int | str], *, waits: bool = False) -> None:
        self.table = table
        self.asked: list[str] = []
        self.more: dict[str, str] = {}
        self.go = asyncio.Event()
        if not waits:
            self.go.set()

    async def fetch(self, url: str, headers: dict[str, str], *, any_type: bool = False) -> Fetched:
        assert any_type  # robots.txt is text/plain
        assert headers == {}
        self.asked.append(url)
        await self.go.wait()
        answer = self.table.get(url, 404)
        if isinstance(answer, bytes):
            return Fetched(200, {}, answer, "", 1)
        if isinstance(answer, int):
            return Fetched(answer, self.more, b"User-agent: *\nDisallow: /", "", 1)
        if answer.startswith("!"):
            return Fetched(0, {}, b"", "", 1, failed=answer[1:], outcome="error")
        return Fetched(301, {"location": answer}, b"", "", 1)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def robots(answers: Answers, clock: Clock | None = None) -> Robots:
    return Robots(cast(Fetcher, answers), ttl_s=3_600, clock=clock or Clock())


def rules(body: bytes | int | str, *, more: dict[str, bytes | int | str] | None = None) -> Rules:
    answers = Answers({"http://a.example/robots.txt": body, **(more or {})})
    return asyncio.run(robots(answers).rules("http", "a.example"))
