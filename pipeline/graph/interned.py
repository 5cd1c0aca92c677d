"""Names to numbers as they stream by: no Python object a name, none an edge.

A table with open addressing over the bytes of all names met so far. Who wrote the names may wish
for many to fall to one slot: where they fall depends on a number drawn by this process. No result
does, since ids follow the order of the names in the end.
"""

from __future__ import annotations

import secrets

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.graph.mixing import mix

FIRST_ROOM = 1 << 12
DOT = np.uint8(ord("."))

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


class Interned:
    """Distinct names, numbered as they are met. 36 bytes a name at most, and its letters twice."""

    def __init__(self) -> None:
        self._start = np.uint64(secrets.randbits(64))
        self._table: Codes = np.full(2 * FIRST_ROOM, -1, np.int32)
        self._hashes, self._ends = (
            np.empty(FIRST_ROOM, np.uint64),
            np.zeros(FIRST_ROOM + 1, np.int64),
        )
        self._letters = np.empty(32 * FIRST_ROOM, np.uint8)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def codes(self, strings: pa.Array) -> Codes:
        """int32[k]: the number of each; new names get the next. Raises ValueError on a null."""
        if strings.null_count:
            raise ValueError("a domain name is null: leave such edges out")
        ends, letters = buffers(strings)
        found = np.empty(len(strings), np.int32)
        done = 0
        while done < len(found):
            done, self._count = _intern(
                ends, letters, self._table, self._hashes, self._ends, self._letters,
                self._count, self._start, found, done,
            )  # fmt: skip
            if done < len(found):
                self._grow(int(ends[done + 1] - ends[done]))
        return found

    def in_order(self) -> tuple[pa.Array, Codes]:
        """The names by their reversed form, `org.example` before `org.example.www`, by code point;
        and int32[k], the place of each number among them."""
        names = _strings(self._ends[: self._count + 1], self._letters)
        reversed_ = _reversed(self._ends[: self._count + 1], self._letters)
        order = pc.sort_indices(_strings(self._ends[: self._count + 1], reversed_)).to_numpy()
        place = np.empty(self._count, np.int32)
        place[order] = np.arange(self._count, dtype=np.int32)
        return names.take(pa.array(order)), place

    def _grow(self, longest: int) -> None:
        room = 2 * len(self._hashes)
        self._hashes = np.resize(self._hashes, room)
        self._ends = np.resize(self._ends, room + 1)
        letters = np.empty(max(2 * len(self._letters), len(self._letters) + longest), np.uint8)
        used = self._ends[self._count]
        letters[:used] = self._letters[:used]
        self._letters = letters
        self._table = _placed(self._hashes[: self._count], 2 * room)


def buffers(strings: pa.Array) -> tuple[Offsets, Bytes]:
    """Where each string begins and ends, and the letters of all; no copy where they are large."""
    text = strings.cast(pa.large_string())
    if not len(text):
        return np.zeros(1, np.int64), np.empty(0, np.uint8)
    _, ends, letters = text.buffers()
    offsets = np.frombuffer(ends, np.int64)[text.offset : text.offset + len(text) + 1]
    given = np.empty(0, np.uint8) if letters is None else np.frombuffer(letters, np.uint8)
    return offsets, given


def _strings(ends: Offsets, letters: Bytes) -> pa.Array:
    kept = [None, pa.py_buffer(np.ascontiguousarray(ends)), pa.py_buffer(letters)]
    return pa.Array.from_buffers(pa.large_string(), len(ends) - 1, kept)


@numba.njit(cache=True, nogil=True)
def _hash(letters: Bytes, first: int, last: int, start: np.uint64) -> np.uint64:
    state, word, shift = start, np.uint64(last - first), np.uint64(8)
    for i in range(first, last):
        word |= np.uint64(letters[i]) << shift
        shift += np.uint64(8)
        if shift == np.uint64(64):
            state = mix(state ^ word, start)
            word, shift = np.uint64(0), np.uint64(0)
    return np.uint64(mix(state ^ word, start))


@numba.njit(cache=True, nogil=True)
def _intern(
    ends: Offsets, letters: Bytes, table: Codes, hashes: Hashes, kept_ends: Offsets, kept: Bytes,
    count: int, start: np.uint64, found: Codes, done: int,
) -> tuple[int, int]:  # fmt: skip
    """Numbers names from `done` on, until all are or there is no room: (done, count)."""
    mask = np.uint64(table.size - 1)
    for i in range(done, found.size):
        first, last = ends[i], ends[i + 1]
        value = _hash(letters, first, last, start)
        slot = value & mask
        while table[slot] >= 0:
            code = table[slot]
            if hashes[code] == value and _same(letters, first, last, kept, kept_ends, code):
                break
            slot = (slot + np.uint64(1)) & mask
        if table[slot] < 0:
            if count == hashes.size or kept_ends[count] + last - first > kept.size:
                return i, count
            for k in range(last - first):
                kept[kept_ends[count] + k] = letters[first + k]
            kept_ends[count + 1] = kept_ends[count] + last - first
            hashes[count] = value
            table[slot] = count
            count += 1
        found[i] = table[slot]
    return found.size, count


@numba.njit(cache=True, nogil=True)
def _same(letters: Bytes, first: int, last: int, kept: Bytes, ends: Offsets, code: int) -> bool:
    start = ends[code]
    if ends[code + 1] - start != last - first:
        return False
    for k in range(last - first):  # noqa: SIM110 - compiled
        if kept[start + k] != letters[first + k]:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _placed(hashes: Hashes, size: int) -> Codes:
    table, mask = np.full(size, -1, np.int32), np.uint64(size - 1)
    for code in range(hashes.size):
        slot = hashes[code] & mask
        while table[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        table[slot] = code
    return table


@numba.njit(cache=True, nogil=True)
def _reversed(ends: Offsets, letters: Bytes) -> Bytes:
    """Every name with its labels the other way round, in as many bytes."""
    turned = np.empty(ends[ends.size - 1], np.uint8)
    for i in range(ends.size - 1):
        to, last = ends[i], ends[i + 1]
        first = last
        while first > ends[i] or last > ends[i]:
            while first > ends[i] and letters[first - 1] != DOT:
                first -= 1
            for k in range(first, last):
                turned[to] = letters[k]
                to += 1
            if first == ends[i]:
                break
            turned[to] = DOT
            to += 1
            first -= 1
            last = first
    return turned
