"""Offsets as runs: what is written comes back, and what has no room is not written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.log.runs import Runs, read_runs
from pipeline.log.settled import MAX_METADATA, pack


def runs_of(offsets: list[int]) -> Runs:
    found = Runs()
    for offset in offsets:
        found.add(offset)
    return found


def offsets_of(runs: Runs) -> set[int]:
    return {offset for run in runs for offset in range(*run)}


@given(st.lists(st.integers(0, 60)))
def test_runs_are_a_set_whatever_the_order(offsets: list[int]) -> None:
    found = runs_of(offsets)
    assert offsets_of(found) == set(offsets)
    assert len(found) == len(set(offsets))
    assert {offset for offset in range(62) if offset in found} == set(offsets)
    ends = [at for run in found for at in run]
    assert ends == sorted(set(ends)), "neighbours are one run"


@given(st.sets(st.integers(0, 60)), st.integers(0, 60))
def test_what_is_settled_below_is_passed_over(offsets: set[int], low: int) -> None:
    found = runs_of([*offsets])
    after = found.pass_over(low)
    assert after == next(at for at in range(low, 62) if at not in offsets)
    assert offsets_of(found) == {offset for offset in offsets if offset > after}


@given(st.integers(0, 1 << 40), st.sets(st.integers(0, 1 << 40), max_size=100))
def test_what_is_written_comes_back(low: int, above: set[int]) -> None:
    found = runs_of([low + distance for distance in above])
    packed = found.pack(low)
    assert packed is not None
    assert len(packed) <= MAX_METADATA
    assert offsets_of(read_runs(low, packed)) == offsets_of(found)


def test_a_long_run_takes_little_room_and_little_memory() -> None:
    found = runs_of([1])
    found._ends[0] = 10**12
    packed = found.pack(0)
    assert packed is not None
    assert len(packed) < 40
    again = read_runs(0, packed)
    assert 10**12 - 1 in again
    assert 0 not in again


def test_the_bitmaps_of_spiders_and_of_before_are_read() -> None:
    assert offsets_of(read_runs(5, pack(5, {7, 9, 10}))) == {7, 9, 10}


def test_what_can_not_be_read_means_nothing_is_settled() -> None:
    for metadata in ("", "/", "/é", "/zzzz", "not base85 \x7f"):
        assert len(read_runs(7, metadata)) == 0
