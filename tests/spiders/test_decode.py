"""Compressed bodies: whole, cut, broken, and bombs."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spiders.decode import MAX_LAYERS, MAX_MEMBERS, TooLarge, decode

LIMIT = 1 << 20
Pack = Callable[[bytes], bytes]


def bare_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(body) + stream.flush()


PACKED: dict[str, tuple[str, Pack]] = {
    "gzip": ("gzip", gzip.compress),
    "members": ("x-gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
    "deflate": ("deflate", zlib.compress),
    "bare deflate": ("Deflate", bare_deflate),
    "brotli": ("br", lambda body: bytes(brotli.compress(body, quality=3))),
    "two": ("gzip, br", lambda body: bytes(brotli.compress(gzip.compress(body), quality=1))),
    "none": ("identity", lambda body: body),
    "nonsense": ("utf-8", lambda body: body),
}


@pytest.mark.parametrize("how", PACKED)
@settings(max_examples=30)
@given(body=st.binary(max_size=5_000) | st.binary(max_size=20).map(lambda part: part * 20_000))
def test_what_was_packed_comes_back_whole(how: str, body: bytes) -> None:
    name, pack = PACKED[how]
    assert decode(pack(body), name, LIMIT) == (body, True)


@pytest.mark.parametrize("how", ["gzip", "members", "deflate", "bare deflate", "brotli", "two"])
@settings(max_examples=30)
@given(body=st.binary(min_size=200, max_size=2_000), share=st.floats(0.1, 0.9))
def test_what_is_cut_is_a_beginning_and_says_so(how: str, body: bytes, share: float) -> None:
    name, pack = PACKED[how]
    packed = pack(body)
    found, whole = decode(packed[: max(1, int(len(packed) * share))], name, LIMIT)
    assert body.startswith(found)
    assert not whole or (how == "members" and found == body[:9])


@given(st.sampled_from(["gzip", "deflate", "br", "br, gzip"]), st.binary(max_size=300))
def test_any_bytes_at_all_are_no_exception(name: str, body: bytes) -> None:
    decode(body, name, LIMIT)


@pytest.mark.parametrize("how", ["gzip", "deflate", "bare deflate", "brotli"])
def test_a_bomb_is_too_large_and_is_never_held(how: str) -> None:
    name, pack = PACKED[how]
    bomb = pack(bytes(64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            decode(bomb, name, LIMIT)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * LIMIT


def test_a_bomb_within_a_bomb_is_too_large() -> None:
    bomb = gzip.compress(gzip.compress(bytes(64 << 20)))
    with pytest.raises(TooLarge):
        decode(bomb, "gzip, gzip", LIMIT)


def test_just_the_limit_is_whole_and_one_byte_more_is_too_large() -> None:
    for name, pack in PACKED.values():
        if pack(b"") != b"":
            assert decode(pack(bytes(5_000)), name, 5_000) == (bytes(5_000), True)
            with pytest.raises(TooLarge):
                decode(pack(bytes(5_001)), name, 5_000)


def test_members_without_an_end_are_cut() -> None:
    """Each costs a copy of what is left: a million would be work for minutes."""
    found, whole = decode(gzip.compress(b"x") * 100_000, "gzip", LIMIT)
    assert (found, whole) == (b"x" * MAX_MEMBERS, False)


def test_layers_without_an_end_and_codes_that_are_not_known_are_no_evidence() -> None:
    assert decode(b"abc", ", ".join(["identity"] * (MAX_LAYERS + 1)), LIMIT) == (b"abc", False)
    assert decode(b"(\xb5/\xfd", "zstd", LIMIT) == (b"", False)


def test_an_error_in_the_middle_leaves_what_came_before_it() -> None:
    body = b"".join(b"%d," % number for number in range(100_000))
    packed = bytearray(gzip.compress(body, 1))
    packed[-8:] = bytes(8)  # its checksum
    found, whole = decode(bytes(packed), "gzip", LIMIT)
    assert body.startswith(found)
    assert (len(found) > 100_000, whole) == (True, False)


def test_a_cut_outside_of_what_is_whole_is_a_cut() -> None:
    packed = gzip.compress(gzip.compress(b"page"))
    assert decode(packed[:-4], "gzip, gzip", LIMIT) == (b"page", False)


def test_what_stands_behind_the_end_is_passed_over() -> None:
    assert decode(gzip.compress(b"page") + bytes(9), "gzip", LIMIT) == (b"page", True)
    assert decode(gzip.compress(b"page") + b"<!-- cached -->", "gzip", LIMIT) == (b"page", True)
