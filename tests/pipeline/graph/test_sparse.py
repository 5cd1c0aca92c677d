"""Sparse rows: the heaviest entries, and cosines as plain Python has them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.sparse import cosines, heaviest, keep, sums_by

ROWS = st.lists(
    st.dictionaries(st.integers(0, 12), st.integers(1, 9).map(float), max_size=8),
    min_size=1,
    max_size=5,
)
RARITY = np.array([2, 1, 0.5, -1] * 4, np.float32)  # of slots; that of every fourth is alone


def kept(rows: list[dict[int, float]], most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    counts = [len(row) for row in rows]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    slots = np.array([slot for row in rows for slot in row], np.uint32)
    heard = np.array([each for row in rows for each in row.values()], np.float32)
    lengths = np.zeros(len(rows), np.int64)
    room = sum(counts)
    to_slots, to_weights = np.zeros(room, np.uint32), np.zeros(room, np.float32)
    used = keep(offsets, slots, heard, RARITY, lengths, to_slots, to_weights, 0, most)
    return np.concatenate([[0], np.cumsum(lengths)]), to_slots[:used], to_weights[:used]


def by_hand(row: dict[int, float], most: int) -> dict[int, float]:
    weights = {slot: heard * float(RARITY[slot]) for slot, heard in row.items()}
    norm = math.sqrt(sum(each * each for each in weights.values()))
    ranked = sorted((-each, place, slot) for place, (slot, each) in enumerate(weights.items()))
    return {slot: -each / norm for each, _, slot in ranked[:most] if each < 0}


@given(ROWS, st.integers(1, 8))
def test_the_heaviest_are_kept_by_slot_and_what_is_alone_makes_a_row_longer(
    rows: list[dict[int, float]], most: int
) -> None:
    offsets, slots, weights = kept(rows, most)
    for number, row in enumerate(rows):
        mine = slice(offsets[number], offsets[number + 1])
        wanted = by_hand(row, most)
        assert slots[mine].tolist() == sorted(wanted)
        assert weights[mine].tolist() == pytest.approx([wanted[s] for s in sorted(wanted)])


@given(ROWS)
def test_cosines_are_those_of_dictionaries(rows: list[dict[int, float]]) -> None:
    offsets, slots, weights = kept(rows, 8)
    wanted = [by_hand(row, 8) for row in rows]
    ids = np.arange(len(rows) + 1, dtype=np.int32)
    places = np.append(np.arange(len(rows)), -1).astype(np.int32)  # of the last nothing is known
    first, second = (each.ravel() for each in np.meshgrid(ids, ids))
    found = np.empty(len(first), np.float32)
    shared = np.empty((len(first), 2), np.int32)
    cosines(places, offsets, slots, weights, first, second, found, shared)
    for a, b, cosine, terms in zip(first, second, found, shared, strict=True):
        if len(rows) in (a, b):
            assert np.isnan(cosine)
            assert terms.tolist() == [-1, -1]
            continue
        parts = {s: wanted[a][s] * wanted[b][s] for s in wanted[a].keys() & wanted[b].keys()}
        assert cosine == pytest.approx(min(1.0, sum(parts.values())), abs=1e-6)
        told = [slot for slot in terms.tolist() if slot >= 0]
        assert len(told) == min(2, len(parts))
        best = sorted(parts.values(), reverse=True)[:2]
        assert [parts[slot] for slot in told] == pytest.approx(best, abs=1e-6)


def test_places_of_the_heaviest() -> None:
    offsets, weights = np.array([0, 3, 3, 5]), np.array([1, 3, 2, 5, 5], np.float32)
    found = heaviest(offsets, weights, np.array([0, -1, 1, 2], np.int32), 2)
    assert found.tolist() == [[1, 2], [-1, -1], [-1, -1], [3, 4]]


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.floats(0, 9), st.one_of(st.just(math.nan), st.floats(0, 1)))
    )
)
def test_sums_by_what_is_pointed_to_are_those_of_a_plain_loop(
    entries: list[tuple[int, float, float]],
) -> None:
    target = np.array([t for t, _, _ in entries], np.int32)
    weight = np.array([w for _, w, _ in entries], np.float64)
    values = np.array([v for _, _, v in entries], np.float32)
    heavy, total, known, of = sums_by(target, weight, values, 5)
    is_known = ~np.isnan(values)
    assert heavy.tolist() == np.bincount(target[is_known], weight[is_known], 5).tolist()
    products = weight[is_known] * values[is_known]
    assert total.tolist() == np.bincount(target[is_known], products, 5).tolist()
    assert known.tolist() == np.bincount(target[is_known], minlength=5).tolist()
    assert of.tolist() == np.bincount(target, minlength=5).tolist()
