"""What registers are made of: mixed numbers, 32 bytes at a time, and estimates of sets."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.mixing import mix, mixed, start_of
from pipeline.graph.registers import (
    TOP,
    WHOLE,
    corrections,
    estimate,
    of_members,
    of_weights,
    per_estimate,
)
from pipeline.graph.wide import ask_for, copy_over, differ, keep_larger

Bytes = npt.NDArray[np.uint8]
ROWS = st.lists(st.integers(0, 255), min_size=64, max_size=64).map(
    lambda row: np.array(row, dtype=np.uint8)
)


@numba.njit  # type: ignore[untyped-decorator, unused-ignore]
def worked(row: Bytes, rows: Bytes, start: int, what: int) -> bool:
    ask_for(rows, start)
    if what == 0:
        keep_larger(row, 0, rows, start)
    elif what == 1:
        copy_over(row, 0, rows, start)
    return bool(differ(row, 0, rows, start))


def test_mixing_is_that_of_its_source() -> None:
    # The first outputs of the reference implementation from seed 0.
    assert mix(np.uint64(1), np.uint64(0)) == 0xE220A8397B1DCDAF
    assert mix(np.uint64(2), np.uint64(0)) == 0x6E789E6AA1B965F4
    numbers = mixed(np.arange(1000), salt=1)
    assert len(np.unique(np.append(numbers, mixed(np.arange(1000), salt=2)))) == 2000
    assert numbers[5] == mix(np.uint64(5), start_of(1))


@given(ROWS, ROWS, st.integers(0, 32))
def test_rows_are_compared_joined_and_copied_from_any_place(
    row: Bytes, rows: Bytes, start: int
) -> None:
    there, rest = rows[start : start + 32], row[32:].tolist()
    assert worked(row.copy(), rows, start, 2) == (row[:32].tolist() != there.tolist())
    joined = row.copy()
    worked(joined, rows, start, 0)
    assert joined.tolist() == np.maximum(row[:32], there).tolist() + rest
    assert not worked(row, rows, start, 1)
    assert row.tolist() == there.tolist() + rest


def test_one_byte_alone_is_a_difference() -> None:
    row = np.zeros(32, dtype=np.uint8)
    for place in range(32):
        other = row.copy()
        other[place] = 128
        assert worked(row, other, 0, 2)


def whole(rows: Bytes, log2m: int) -> float:
    """An estimate of the union of all rows."""
    union = rows.reshape(-1, 1 << log2m).max(axis=0)
    return float(estimate(union, np.uint64(0), log2m, corrections(log2m))) * per_estimate(log2m)


def rms(errors: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))


@pytest.mark.parametrize("log2m", [5, 8, 10])
@pytest.mark.parametrize("n", [1, 30, 300, 3000])
def test_sets_are_estimated_within_the_published_error(n: int, log2m: int) -> None:
    everyone = np.ones(n, dtype=np.bool_)
    found = [whole(of_members(n, log2m, salt, everyone), log2m) / n - 1 for salt in range(60)]
    # The error of an error from 60 is 9%; small sets are found better than large ones.
    assert rms(found) < 1.3 * 1.04 / 2 ** (log2m / 2)
    assert abs(np.mean(found)) < 3.5 * 1.04 / 2 ** (log2m / 2) / np.sqrt(60)


@pytest.mark.parametrize("weights", [[1.0], [5.0, 0, 1e-6, 3], [2.0**-k for k in range(30)]])
def test_weights_are_estimated_within_the_same_error(weights: list[float]) -> None:
    weight, m = np.array(weights), 1 << 8
    found = [whole(of_weights(weight, 8, salt), 8) / (m * WHOLE) - 1 for salt in range(60)]
    assert 0.7 * 1.04 / 16 < rms(found) < 1.3 * 1.04 / 16
    assert abs(np.mean(found)) < 3.5 * 1.04 / 16 / np.sqrt(60)


def test_a_small_part_of_the_weight_is_estimated_as_well() -> None:
    weight = np.array([1.0, 1e-5])
    parts = [of_weights(weight, 8, salt)[256:] for salt in range(60)]
    found = [whole(part, 8) / (256 * WHOLE) * weight.sum() / 1e-5 - 1 for part in parts]
    assert 0.7 * 1.04 / 16 < rms(found) < 1.3 * 1.04 / 16


def test_what_is_no_member_or_weighs_nothing_leaves_no_trace() -> None:
    member = np.array([False, True, False])
    rows = of_members(3, 5, 0, member).reshape(3, 32)
    assert np.count_nonzero(rows, axis=1).tolist() == [0, 1, 0]
    assert not of_weights(np.array([0.0, 1, 0]), 5, 0).reshape(3, 32)[[0, 2]].any()
    assert not of_weights(np.zeros(3), 5, 0).any()
    assert whole(np.zeros(32, dtype=np.uint8), 5) == 0


def test_corrections_are_ertls_series() -> None:
    found = corrections(5)
    for zeros in (0, 1, 16, 31):
        share = zeros / 32
        series = share + sum(share ** (2**k) * 2 ** (k - 1) for k in range(1, 60))
        assert found[zeros] == pytest.approx(32 * series)
    assert found[32] == np.inf


@given(st.lists(st.integers(0, TOP), min_size=32, max_size=32), st.integers(0, 31))
def test_estimates_grow_with_every_register(ranks: list[int], place: int) -> None:
    row, more = np.array(ranks, dtype=np.uint8), np.array(ranks, dtype=np.uint8)
    more[place] = min(more[place] + 1, TOP)
    assert whole(more, 5) >= whole(row, 5)
    if ranks[place] < 20:  # beyond, a step may be less than a double shows
        assert whole(more, 5) > whole(row, 5)
