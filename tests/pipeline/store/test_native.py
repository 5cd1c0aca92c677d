"""Native blocks: what chDB writes is read, what is written chDB reads, and layouts between."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StoreRefused
from pipeline.store.native import Source, column_of, laid_out
from tests.support.native_bridge import _text, _varint  # the protocol's small pieces


class Bytes:
    """A source in memory."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, count: int, /) -> bytes:
        found = self._file.read(count)
        if len(found) < count:
            raise EOFError
        return found

    def read_one(self) -> int:
        return self.read(1)[0]

    def read_strings_arrow(self, count: int, /) -> tuple[bytearray, bytearray]:
        offsets, data = [0], bytearray()
        for _ in range(count):
            length = shift = 0
            while (byte := self.read_one()) > 127:
                length |= (byte & 127) << shift
                shift += 7
            data += self.read(length | byte << shift)
            offsets.append(len(data))
        return bytearray(b"".join(offset.to_bytes(8, "little") for offset in offsets)), data

    def is_spent(self) -> bool:
        return not self._file.read(1)


def again(spec: str, values: pa.Array) -> pa.Array:
    """Written and read."""
    column = column_of(spec)
    source = Bytes(b"".join([*column.prefix(), *column.write(values)]))
    column.read_prefix(source)
    found = column.read(source, len(values))
    assert source.is_spent()
    return found


_texts = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    | st.integers(0, 40_000).map(lambda size: "é" * (size // 2))
)


@given(_texts, st.integers(0, 3))
def test_texts_of_any_length_come_back_from_any_slice(texts: list[str], first: int) -> None:
    values = pa.array(texts, pa.string())[first:]
    assert again("String", values).to_pylist() == texts[first:]
    assert again("LowCardinality(String)", values).to_pylist() == texts[first:]


@pytest.mark.parametrize("length", [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_a_length_takes_the_bytes_that_the_protocol_gives_it(length: int) -> None:
    text = "x" * length
    written = b"".join(column_of("String").write(pa.array(["a", text, "b"])))
    assert written == _text("a") + _varint(length) + text.encode() + _text("b")


_numbers = st.lists(st.integers(0, 2**32 - 1), max_size=4)


@given(st.lists(st.lists(_numbers, max_size=4)), st.integers(0, 2))
def test_nested_arrays_come_back_from_any_slice(lists: list[list[list[int]]], first: int) -> None:
    values = pa.array(lists, pa.list_(pa.list_(pa.uint32())))[first:]
    assert again("Array(Array(UInt32))", values).to_pylist() == lists[first:]


@pytest.mark.parametrize(
    ("spec", "given", "arrow", "found"),
    [
        ("Nullable(String)", ["a", None, ""], pa.string(), ["a", None, ""]),
        ("LowCardinality(Nullable(String))", ["a", None, "a"], pa.string(), ["a", None, "a"]),
        ("LowCardinality(Nullable(String))", [None], pa.string(), [None]),
        ("Array(LowCardinality(String))", [["a"], []], pa.list_(pa.string()), [["a"], []]),
        ("UInt8", [1, None], pa.uint8(), [1, 0]),
        ("String", ["a", None], pa.string(), ["a", ""]),
        ("UInt32", [1], pa.int64(), [1]),
        ("Float64", [1], pa.int64(), [1.0]),
        ("Enum8('a' = 1, 'b' = -2)", ["b", "a"], pa.string(), [-2, 1]),
        ("Enum16('a' = 1000)", [1000], pa.int16(), [1000]),
        ("UInt128", [2**64 - 1], pa.uint64(), [b"\xff" * 8 + bytes(8)]),
        ("Int256", [-1], pa.int64(), [b"\xff" * 32]),
        ("UInt256", [b"\1" * 32], pa.binary(32), [b"\1" * 32]),
        ("Bool", [True, False], pa.bool_(), [True, False]),
        ("SimpleAggregateFunction(max, UInt64)", [2**64 - 1], pa.uint64(), [2**64 - 1]),
    ],
)  # fmt: skip
def test_values_come_back_as_their_type_has_them(
    spec: str, given: list[object], arrow: pa.DataType, found: list[object]
) -> None:
    assert again(spec, pa.array(given, arrow)).to_pylist() == found


def test_coded_texts_are_written_as_texts() -> None:
    values = pa.array(["a", "b", "a"]).dictionary_encode()
    assert again("String", values).to_pylist() == ["a", "b", "a"]
    assert again("LowCardinality(String)", values).to_pylist() == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        ("UInt8", pa.array([256])),
        ("Enum8('a' = 1)", pa.array(["b"])),
        ("UInt64", pa.array([-1])),
        ("Array(String)", pa.array([None], pa.list_(pa.string()))),
        ("UInt8", pa.array(["x"])),
    ],
)
def test_values_that_do_not_fit_are_refused(spec: str, values: pa.Array) -> None:
    with pytest.raises(pa.ArrowInvalid):
        again(spec, values)


def test_an_aggregates_state_has_no_values() -> None:
    with pytest.raises(StoreRefused, match="AggregateFunction"):
        column_of("Array(AggregateFunction(max, UInt64))")


def sparse(places: list[int], count: int) -> bytes:
    """Where the values stand that are no defaults, as a server writes it."""
    out, before = b"", 0
    for place in places:
        out += _varint(place - before)
        before = place + 1
    return out + _varint(count - before | 1 << 62)


def read(spec: str, data: bytes, count: int) -> list[object]:
    """A column that is announced as laid out by hand."""
    source = Bytes(data)
    column = column_of(spec)
    reader = laid_out(column, iter(column.kinds(source)))
    column.read_prefix(source)
    found: list[object] = reader.read(source, count).to_pylist()
    assert source.is_spent()
    return found


def test_a_sparse_column_has_defaults_where_nothing_stands() -> None:
    values = sparse([0, 3, 4], 6) + b"\7\10\11"
    assert read("UInt8", b"\1" + values, 6) == [7, 0, 0, 8, 9, 0]
    assert read("String", b"\1" + sparse([1], 3) + _text("x"), 3) == ["", "x", ""]
    assert read("UInt8", b"\1" + sparse([], 3), 3) == [0, 0, 0]
    assert read("Nullable(UInt8)", b"\1" + sparse([1], 2) + b"\0\5", 2) == [None, 5]


def test_a_tuples_elements_may_be_sparse_each() -> None:
    data = b"\0\1\0" + sparse([1], 2) + b"\7" + _text("a") + _text("b")
    assert read("Tuple(UInt8, String)", data, 2) == [{"1": 0, "2": "a"}, {"1": 7, "2": "b"}]


def test_a_layout_that_is_not_known_is_refused() -> None:
    with pytest.raises(StoreRefused, match="layout 2"):
        read("UInt8", b"\2\0", 1)


def test_a_block_that_ends_too_early_is_an_end() -> None:
    source: Source = Bytes(b"\1\2")
    with pytest.raises(EOFError):
        column_of("UInt32").read(source, 1)
