"""Records of an archive file, whatever stands between them."""

from __future__ import annotations

import gzip
import io
import random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spiders.archive import records as module
from spiders.archive.records import MAX_BLOCK, Record, Records, Unreadable
from tests.support.warcs import gzipped, http, record, response

URLS = ("http://a.example/", "http://b.example/", "http://c.example/")
THREE = [response(url, b"<a href=/x>" + url.encode() * 20) for url in URLS]


class Read:
    """What was found in some bytes, and what was damaged."""

    def __init__(self, data: bytes, start: int = 0, **more: Any) -> None:
        self.damaged: list[tuple[int, str]] = []
        found = Records(
            io.BytesIO(data),
            more.get("wanted", lambda kind, headers: True),
            lambda offset, why: self.damaged.append((offset, why)),
            start=start,
        )
        self.records: list[Record] = list(found)

    @property
    def urls(self) -> list[str]:
        return [record.headers.get("WARC-Target-URI") or "" for record in self.records]


@pytest.mark.parametrize("packed", [gzipped, b"".join])
def test_every_record_comes_with_its_offset_and_block(packed: Any) -> None:
    read = Read(packed(THREE))
    assert read.urls == list(URLS)
    assert [one.offset for one in read.records] == [len(packed(THREE[:i])) for i in range(3)]
    assert [one.block for one in read.records] == [
        http(b"<a href=/x>" + url.encode() * 20) for url in URLS
    ]
    assert read.damaged == []


@pytest.mark.parametrize("packed", [gzipped, b"".join])
def test_reading_begins_at_any_record(packed: Any) -> None:
    assert Read(packed(THREE), start=len(packed(THREE[:1]))).urls == list(URLS[1:])


def test_records_in_one_gzip_member_are_all_read() -> None:
    assert Read(gzip.compress(b"".join(THREE))).urls == list(URLS)


def test_blocks_that_are_not_wanted_are_not_read() -> None:
    read = Read(gzipped(THREE), wanted=lambda kind, headers: False)
    assert [one.block for one in read.records] == [b""] * 3


def test_a_damaged_member_is_told_with_its_offset_and_passed_over() -> None:
    first, second, third = (gzipped([one]) for one in THREE)
    at = len(first)
    broken = bytearray(second)
    broken[len(second) // 2] ^= 0xFF
    read = Read(first + bytes(broken) + third)
    assert read.urls == [URLS[0], URLS[2]]
    assert [offset for offset, _ in read.damaged] == [at]


@pytest.mark.parametrize(
    "junk",
    [b"junk" * 30, gzip.compress(b"no record"), b"\x1f\x8b\x08\x00 no member"],
    ids=["text", "member", "no member"],
)
def test_junk_between_members_is_passed_over(junk: bytes) -> None:
    first, _, third = (gzipped([one]) for one in THREE)
    read = Read(first + junk + third)
    assert read.urls == [URLS[0], URLS[2]]
    assert len(read.damaged) == 1
    assert len(first) <= read.damaged[0][0] <= len(first + junk)


@pytest.mark.parametrize("junk", [b"junk\r\n", b"WARC/1.0\r\njunk\r\n\r\n", b"\x00" * 100])
def test_junk_between_plain_records_is_passed_over(junk: bytes) -> None:
    read = Read(THREE[0] + junk + b"\r\n" + THREE[2])
    assert read.urls[0] == URLS[0]
    assert read.urls[-1] == URLS[2]
    assert len(read.damaged) == 1


@pytest.mark.parametrize("length", ["", "abc", "-5", "9" * 30, "99999999999"])
def test_a_record_without_a_true_length_is_damaged(length: str) -> None:
    wrong = record("response", http(b"x"), length=length)
    for packed in (gzipped, b"".join):
        read = Read(packed([THREE[0], wrong, THREE[2]]))
        assert read.urls == [URLS[0], URLS[2]]
        assert [offset for offset, _ in read.damaged] == [len(packed(THREE[:1]))]


def test_a_length_that_takes_the_next_record_in_gives_that_back() -> None:
    wrong = record("response", http(b"x"), length=5_000)
    for packed in (gzipped, b"".join):
        read = Read(packed([THREE[0], wrong, THREE[2]]))
        assert read.urls == [URLS[0], URLS[2]]
        assert read.damaged[0][0] == len(packed(THREE[:1]))


def test_what_looks_like_a_record_within_a_record_is_none() -> None:
    inner = response("http://forged.example/", b"forged")
    outer = record("response", http(b"\n" + inner))
    for packed in (gzipped, b"".join):
        read = Read(packed([THREE[0], outer]) + b"junk, after which it is looked for")
        assert read.urls == [URLS[0], "https://example.org/"]


@pytest.mark.parametrize("packed", [gzipped, b"".join])
def test_a_file_that_ends_too_early_has_what_came_before(packed: Any) -> None:
    data = packed(THREE)
    read = Read(data[:-40])
    assert read.urls == list(URLS[:2])
    assert [offset for offset, _ in read.damaged] == [len(packed(THREE[:2]))]


def test_what_is_no_archive_has_no_records() -> None:
    for data in (b"<html>" * 1000, gzip.compress(b"<html>" * 1000), b"\x00" * 10):
        read = Read(data)
        assert (read.records, len(read.damaged)) == ([], 1)
    assert Read(b"").records == []


def test_headers_without_an_end_are_damaged() -> None:
    endless = b"WARC/1.0\r\n" + b"X: y\r\n" * 20_000
    read = Read(gzipped([THREE[0], endless, THREE[2]]))
    assert read.urls == [URLS[0], URLS[2]]
    assert len(read.damaged) == 1


def test_a_block_is_read_up_to_its_bound_and_is_cut() -> None:
    large = response(URLS[1], b"x" * (MAX_BLOCK + 1000))
    read = Read(gzipped([THREE[0], large, THREE[2]]))
    assert read.urls == list(URLS)
    assert [(len(one.block) <= MAX_BLOCK, one.cut) for one in read.records] == [
        (True, False), (True, True), (True, False),
    ]  # fmt: skip


def test_a_bomb_ends_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RATIO", -1_000_000)  # as after the first gigabyte
    read = Read(gzipped(THREE * 100))
    assert read.records
    assert len(read.records) < 300
    assert "too much" in read.damaged[-1][1]


def test_false_beginnings_are_looked_at_in_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FALSE", 50)
    read = Read(gzipped(THREE[:1]) + b"\x1f\x8b\x08\x00" * 1_000 + gzipped(THREE[2:]))
    assert read.urls == [URLS[0]]
    assert "no archive" in read.damaged[-1][1]


class Lost(Exception):
    """As the client of some store raises it."""


@pytest.mark.parametrize("kind", [ConnectionError, TimeoutError, OSError, Lost])
def test_an_error_of_the_storage_is_no_damage(kind: type[Exception]) -> None:
    class Away(io.BytesIO):
        fails = True

        def read(self, size: int | None = -1, /) -> bytes:
            if self.fails and self.tell() > 2_000:
                self.fails = False  # it is back at once: what is read next is what stands there
                raise kind("reset by peer")
            return super().read(min(size, 1_000) if size and size > 0 else size)

    found = Records(Away(b"".join(THREE * 20)), lambda kind, headers: True, _none)
    with pytest.raises(Unreadable, match="reset by peer"):
        list(found)


def _none(offset: int, why: str) -> None:
    raise AssertionError(f"{offset}: {why}")


@example(True, [(883, 4)], [])  # within it FastWARC ends without a word
@given(
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 255)), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5_000), st.binary(max_size=40)), max_size=3),
)
def test_any_damage_leaves_a_record_that_stands_before_and_after(
    is_packed: bool, changes: list[tuple[int, int]], inserted: list[tuple[int, bytes]]
) -> None:
    pack = gzipped if is_packed else b"".join
    before, after = pack(THREE[:1]), pack(THREE[2:])
    middle = bytearray(pack([THREE[1]]))
    for at, value in changes:
        middle[at % len(middle)] = value
    for at, more in inserted:
        middle[at % len(middle) : at % len(middle)] = more
    read = Read(before + bytes(middle) + b"\r\n" + after)
    assert read.urls[0] == URLS[0]
    assert read.urls[-1] == URLS[2] or not is_packed
    assert len(read.records) <= 4


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3_000)), min_size=1, max_size=5),
    st.integers(0, 200) | st.integers(0, 20_000),
    st.booleans(),
)
@example([(2, 0)], 1, True)
@example([(1, 0), (3, 0)], 30, True)
def test_of_records_in_any_members_what_is_cut_off_is_told(
    members: list[tuple[int, int]], cut: int, is_packed: bool
) -> None:
    """So many records in each gzip member, each of so many bytes; and the end of it is missing."""
    data, ends, urls = b"", [0], []
    for number, (records, size) in enumerate(members):
        names = [f"http://{number}.example/{i}" for i in range(records)]
        body = random.Random(size).randbytes(size)
        plain = b"".join(response(name, body) for name in names)
        data += gzip.compress(plain, 1) if is_packed else plain
        urls += names
        ends.append(len(data))
    end = max(0, len(data) - cut)
    read = Read(data[:end])
    assert read.urls == urls[: len(read.urls)], "each once, in order"
    assert all(offset <= end for offset, _ in read.damaged)
    if end == len(data):
        assert (read.urls, read.damaged) == (urls, [])
    elif is_packed and end not in ends:
        (damage,) = read.damaged
        assert max(at for at in ends if at < end) <= damage[0] <= end
