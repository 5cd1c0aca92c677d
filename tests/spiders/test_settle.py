"""What may be committed when requests end in any order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.log import Committed, Partition
from pipeline.log.settled import MAX_METADATA, pack, unpack
from spiders.settle import Offsets

P0, P1 = Partition("requests", 0), Partition("requests", 1)


def started(committed: Committed | None = None) -> Offsets:
    offsets = Offsets()
    offsets.start(P0, committed)
    return offsets


def test_the_lowest_that_is_not_settled_is_committed() -> None:
    offsets = started(Committed(10))
    for offset in range(10, 15):
        assert offsets.take(P0, offset)
    offsets.settle(P0, 10)
    offsets.settle(P0, 12)
    offsets.settle(P0, 13)
    committed = offsets.commits()[P0]
    assert committed.offset == 11
    assert unpack(11, committed.metadata) == {12, 13}
    offsets.settle(P0, 11)
    assert offsets.commits()[P0].offset == 14


def test_nothing_is_committed_twice_and_nothing_that_was_not_taken() -> None:
    offsets = started(Committed(3))
    assert offsets.commits() == {}
    offsets.settle(P0, 3)
    assert offsets.commits() == {}
    offsets.take(P0, 3)
    assert offsets.commits() == {}
    offsets.settle(P0, 3)
    assert offsets.commits() == {P0: Committed(4)}
    assert offsets.commits() == {}


def test_offsets_that_the_log_left_out_hold_nothing_up() -> None:
    offsets = started(None)
    for offset in (500, 501, 507):
        offsets.take(P0, offset)
    offsets.settle(P0, 500)
    assert offsets.commits()[P0].offset == 501
    offsets.settle(P0, 507)
    offsets.settle(P0, 501)
    assert offsets.commits() == {P0: Committed(508)}


def test_a_restart_skips_what_was_settled_above_the_watermark() -> None:
    offsets = started(Committed(5, pack(5, {7, 9})))
    assert [offset for offset in range(4, 11) if offsets.take(P0, offset)] == [5, 6, 8, 10]
    for offset in (5, 6, 8):
        offsets.settle(P0, offset)
    assert offsets.commits()[P0] == Committed(10)


def test_a_revoked_partition_is_forgotten_and_settles_nothing_any_more() -> None:
    offsets = started(Committed(0))
    offsets.start(P1, Committed(0))
    for partition in (P0, P1):
        offsets.take(partition, 0)
    offsets.forget({P0})
    offsets.settle(P0, 0)
    offsets.settle(P1, 0)
    assert not offsets.knows(P0)
    assert offsets.commits() == {P1: Committed(1)}


def test_metadata_stays_within_what_kafka_takes_and_leaves_out_the_farthest() -> None:
    settled = set(range(1, 200_000))
    packed = pack(0, settled)
    assert len(packed) <= MAX_METADATA
    kept = unpack(0, packed)
    assert kept == set(range(1, max(kept) + 1))
    assert len(kept) > 20_000
    assert len(pack(0, {10**9})) == 0


def test_metadata_that_is_no_bitmap_means_nothing_is_settled() -> None:
    for metadata in ("", "\x00", "é", "ü" * 50, "not base85 \x7f"):
        assert unpack(7, metadata) == set()


@settings(max_examples=300)
@given(st.integers(0, 1 << 40), st.sets(st.integers(0, 20_000), max_size=200))
def test_a_bitmap_comes_back_as_it_went(low: int, above: set[int]) -> None:
    settled = {low + distance for distance in above}
    assert unpack(low, pack(low, settled)) == settled


@settings(max_examples=300)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=40).flatmap(
        lambda gaps: st.tuples(
            st.just(gaps), st.permutations(range(len(gaps))), st.integers(0, len(gaps))
        )
    ),
    st.booleans(),
)
def test_in_any_order_of_settling_nothing_is_lost_and_nothing_fetched_again(
    schedule: tuple[list[int], list[int], int], commit_often: bool
) -> None:
    """Some are settled, the worker dies, the next one takes from what was committed."""
    gaps, order, ended = schedule
    numbers, last = [], 99
    for gap in gaps:
        last += gap
        numbers.append(last)
    offsets = started(Committed(100))
    for offset in numbers:
        assert offsets.take(P0, offset)
    committed = Committed(100)
    done = set()
    for place in order[:ended]:
        offsets.settle(P0, numbers[place])
        done.add(numbers[place])
        if commit_often:
            committed = offsets.commits().get(P0, committed)
    committed = offsets.commits().get(P0, committed)
    following = started(committed)
    assert {offset for offset in numbers if following.take(P0, offset)} == set(numbers) - done
