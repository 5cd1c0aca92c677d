"""Names that stream by get a number each, and ids by their reversed form in the end."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph import interned
from pipeline.graph.interned import Interned
from pipeline.url import reversed_host

NAMES = st.text(st.sampled_from("ab.é"), max_size=9)


@given(st.lists(st.lists(NAMES, max_size=30), max_size=4))
def test_each_name_has_one_number_and_its_place_by_reversed_form(batches: list[list[str]]) -> None:
    met = Interned()
    codes = [met.codes(pa.array(batch, pa.string())) for batch in batches]
    names, place = met.in_order()
    distinct = sorted({n for batch in batches for n in batch}, key=reversed_host)
    assert names.to_pylist() == distinct
    assert len(met) == len(distinct)
    for batch, found in zip(batches, codes, strict=True):
        assert [distinct[i] for i in place[found]] == batch


def test_the_table_grows_with_the_names() -> None:
    met = Interned()
    many = [f"s{i}.{'long' * (i % 40)}.example" for i in range(20_000)]
    first = met.codes(pa.array(many, pa.large_string()))
    assert first.tolist() == list(range(20_000))
    assert met.codes(pa.array(many[::-1])).tolist() == first.tolist()[::-1]
    names, place = met.in_order()
    assert names.to_pylist() == sorted(many, key=reversed_host)
    assert names[int(place[7])].as_py() == many[7]


def test_names_that_fall_to_one_slot_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interned, "_intern", interned._intern.py_func)  # constants are compiled in
    monkeypatch.setattr(interned, "_hash", lambda *_: np.uint64(7))
    names = ["ab", "b", "ba", "ab", "", "bb", "b"]
    assert Interned().codes(pa.array(names)).tolist() == [0, 1, 2, 0, 3, 4, 1]


def test_one_name_longer_than_all_room_is_kept() -> None:
    met = Interned()
    long = "x" * 1_000_000
    assert met.codes(pa.array(["a", long, "a"])).tolist() == [0, 1, 0]


def test_a_slice_of_names_is_read_from_its_beginning() -> None:
    assert Interned().codes(pa.array(["a", "b", "c"])[1:]).tolist() == [0, 1]


def test_a_null_is_refused() -> None:
    with pytest.raises(ValueError, match="null"):
        Interned().codes(pa.array(["a", None]))
