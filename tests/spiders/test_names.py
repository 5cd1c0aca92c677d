"""Names and their addresses: remembered for a while, in bounded memory."""

from __future__ import annotations

import asyncio

import pytest

from spiders import names as module
from spiders.names import FOR_S, Names, ask_system


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Asked:
    def __init__(self) -> None:
        self.hosts: list[str] = []

    def __call__(self, host: str) -> list[str]:
        self.hosts.append(host)
        return [f"192.0.2.{len(self.hosts)}"]


def test_a_name_is_asked_for_again_only_when_its_answer_is_old() -> None:
    asked, clock = Asked(), Clock()
    names = Names(2, ask=asked, clock=clock)

    async def main() -> None:
        assert await names.addresses("a.example") == ["192.0.2.1"]
        clock.now += FOR_S - 1
        assert await names.addresses("a.example") == ["192.0.2.1"]
        clock.now += 2
        assert await names.addresses("a.example") == ["192.0.2.2"]
        names.forget("a.example")
        names.forget("never.example")
        assert await names.addresses("a.example") == ["192.0.2.3"]

    asyncio.run(main())
    names.close()


def test_as_many_names_as_there_is_room_for_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 3)
    asked = Asked()
    names = Names(2, ask=asked, clock=Clock())

    async def main() -> None:
        for host in "abcd":
            await names.addresses(host)
        for host in "dcb":
            await names.addresses(host)
        assert asked.hosts == list("abcd")
        await names.addresses("a")

    asyncio.run(main())
    assert asked.hosts == list("abcda")
    names.close()


def test_what_can_be_no_name_is_an_error_and_no_exception_of_another_kind() -> None:
    for host in ("a" * 64 + ".example", ".", "a..b", "\x00", ""):
        with pytest.raises(OSError):
            ask_system(host)
    assert "127.0.0.1" in ask_system("localhost")
