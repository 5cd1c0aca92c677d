"""ClickHouse's Native blocks from and to Arrow: columns of bytes, never a Python value a cell.

A block is columns, each a name, a type and its values. What a column reads is what chDB's Arrow
gives for the same type, so that callers meet the same columns from both stores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import StoreRefused
from pipeline.store.types import Type, parse

_LARGEST = 2**31 - 1  # bytes of text in a column of a block: Arrow's offsets have 32 bits
_END_OF_GRANULE = 1 << 62
_SPARSE = 1
_Bytes = npt.NDArray[np.uint8]


class Source(Protocol):
    """Bytes as they come; raises EOFError where they end too early."""

    def read(self, count: int, /) -> bytes: ...

    def read_one(self) -> int: ...

    def read_strings_arrow(self, count: int, /) -> tuple[bytearray, bytearray]:
        """Strings as count + 1 int64 offsets and their bytes in a row."""


class Column:
    """Values of a type. `arrow`: as callers get them. A prefix stands before all values."""

    arrow: pa.DataType
    nullable = False

    def read_prefix(self, source: Source) -> None:
        """Nothing, but for LowCardinality and what holds it."""

    def prefix(self) -> Iterator[bytes]:
        return iter(())

    def read(self, source: Source, count: int) -> pa.Array:
        raise NotImplementedError

    def write(self, values: pa.Array) -> Iterator[bytes]:
        """Raises pa.ArrowInvalid, pa.ArrowNotImplementedError where it can't hold them."""
        raise NotImplementedError

    def kinds(self, source: Source) -> list[int]:
        """How the values are laid out, for this column and those within it."""
        return [source.read_one()]


class Fixed(Column):
    """So many bytes a value, laid out as Arrow lays them out."""

    def __init__(self, arrow: pa.DataType, width: int) -> None:
        self.arrow, self.width = arrow, width

    def read(self, source: Source, count: int) -> pa.Array:
        return _of_bytes(self.arrow, count, source.read(count * self.width))

    def write(self, values: pa.Array) -> Iterator[bytes]:
        found = _without_nulls(_plain(values).cast(self.arrow))
        data = memoryview(found.buffers()[1])
        yield bytes(data[found.offset * self.width : (found.offset + len(found)) * self.width])


class Stored(Column):
    """Bytes of another width or type than Arrow's: `stored` on its way, `arrow` at its end."""

    def __init__(self, arrow: pa.DataType, stored: pa.DataType, width: int) -> None:
        self.arrow, self.stored = arrow, Fixed(stored, width)

    def read(self, source: Source, count: int) -> pa.Array:
        return self._from(self.stored.read(source, count))

    def write(self, values: pa.Array) -> Iterator[bytes]:
        return self.stored.write(self._to(_plain(values)))

    def _from(self, values: pa.Array) -> pa.Array:
        return values.cast(self.arrow)

    def _to(self, values: pa.Array) -> pa.Array:
        return values.cast(self.arrow).cast(self.stored.arrow)


class Date(Stored):
    """Days since 1970 in 16 bits."""

    def _from(self, values: pa.Array) -> pa.Array:
        return values.cast(pa.int32()).cast(self.arrow)

    def _to(self, values: pa.Array) -> pa.Array:
        return values.cast(self.arrow).cast(pa.int32()).cast(pa.uint16())


class Uuid(Stored):
    """Two halves, each with its bytes turned."""

    def _from(self, values: pa.Array) -> pa.Array:
        return pa.ExtensionArray.from_storage(self.arrow, _turned(values))

    def _to(self, values: pa.Array) -> pa.Array:
        return _turned(_without_nulls(getattr(values, "storage", values)))


class Decimal(Stored):
    """A whole number of 4 or 8 bytes, in Arrow of 16."""

    def _from(self, values: pa.Array) -> pa.Array:
        narrow = np.frombuffer(values.buffers()[1], values.type.to_pandas_dtype())
        wide = np.empty((len(narrow), 2), np.int64)
        wide[:, 0], wide[:, 1] = narrow, narrow >> np.array(narrow.itemsize * 8 - 1, narrow.dtype)
        return _of_bytes(self.arrow, len(narrow), wide.tobytes())

    def _to(self, values: pa.Array) -> pa.Array:
        whole = _without_nulls(values.cast(self.arrow))
        wide = np.frombuffer(whole.buffers()[1], np.int64)[2 * whole.offset :][: 2 * len(whole)]
        return pa.array(wide[::2]).cast(self.stored.arrow)


class Wide(Fixed):
    """Whole numbers of 16 and 32 bytes, the least byte first; written from narrower ones too."""

    def write(self, values: pa.Array) -> Iterator[bytes]:
        values = _plain(values)
        if not pa.types.is_integer(values.type):
            yield from super().write(values)
            return
        numbers = _without_nulls(values).to_numpy(zero_copy_only=False)
        words = np.zeros((len(numbers), self.width // 8), np.uint64)
        words[:] = np.where(numbers < 0, np.uint64(2**64 - 1), np.uint64(0))[:, None]
        words[:, 0] = numbers.astype(np.uint64)
        yield words.tobytes()


class Enum(Fixed):
    """Read as its number, as chDB's Arrow has it; written from its number or its name."""

    def __init__(self, arrow: pa.DataType, width: int, names: dict[str, int]) -> None:
        super().__init__(arrow, width)
        self._names = pa.array(names.keys(), pa.string())
        self._numbers = pa.array(names.values(), arrow)

    def write(self, values: pa.Array) -> Iterator[bytes]:
        values = _plain(values)
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            places = pc.index_in(values.cast(pa.string()), value_set=self._names)
            if places.null_count:
                unknown = values.filter(places.is_null())[0].as_py()
                raise pa.ArrowInvalid(f"{unknown!r} is none of its names")
            values = self._numbers.take(places)
        return super().write(values)


class String(Column):
    """Each with its length before it."""

    arrow = pa.string()

    def read(self, source: Source, count: int) -> pa.Array:
        offsets, data = source.read_strings_arrow(count)
        if len(data) > _LARGEST:
            raise StoreRefused("more than 2 GiB of text in a block; lower max_block_size")
        narrow = np.frombuffer(offsets, np.int64).astype(np.int32)
        return pa.Array.from_buffers(
            self.arrow, count, [None, pa.py_buffer(narrow), pa.py_buffer(data)]
        )

    def write(self, values: pa.Array) -> Iterator[bytes]:
        found = _plain(values)
        if not (pa.types.is_string(found.type) or pa.types.is_binary(found.type)):
            found = found.cast(pa.string())
        found = _without_nulls(found)
        _, ends, data = found.buffers()
        offsets = np.frombuffer(ends, np.int32)[found.offset : found.offset + len(found) + 1]
        text = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
        yield _with_lengths(offsets, text)


class Nothing(Column):
    """The type of NULL and of an empty array's values: a byte each that says nothing."""

    arrow, nullable = pa.null(), True  # Arrow has no other null

    def read(self, source: Source, count: int) -> pa.Array:
        source.read(count)
        return pa.nulls(count)


class Nullable(Column):
    """A byte a value that is 1 where there is none, then the values."""

    nullable = True

    def __init__(self, inner: Column) -> None:
        self.inner, self.arrow = inner, inner.arrow

    def read(self, source: Source, count: int) -> pa.Array:
        missing = pa.array(np.frombuffer(source.read(count), np.uint8) != 0)
        values = self.inner.read(source, count)
        if pa.types.is_null(self.arrow):
            return values
        return pc.if_else(missing, pa.scalar(None, self.arrow), values)

    def write(self, values: pa.Array) -> Iterator[bytes]:
        yield np.asarray(values.is_null()).astype(np.uint8).tobytes()
        yield from self.inner.write(values)


class LowCardinality(Column):
    """The different values, then the place of each among them. Plain values to the caller."""

    _EXTRA_KEYS, _NEW_KEYS = 1 << 9, 1 << 10
    _WIDTHS = (np.uint8, np.uint16, np.uint32, np.uint64)

    def __init__(self, inner: Column) -> None:
        self.nullable = inner.nullable
        self.inner = inner.inner if isinstance(inner, Nullable) else inner
        self.arrow = inner.arrow

    def read_prefix(self, source: Source) -> None:
        source.read(8)  # the version: 1

    def prefix(self) -> Iterator[bytes]:
        yield _numbers(1)

    def read(self, source: Source, count: int) -> pa.Array:
        if not count:
            return pa.array([], self.arrow)
        flags, many = np.frombuffer(source.read(16), np.uint64)
        keys = self.inner.read(source, int(many))
        source.read(8)  # count again
        width = np.dtype(self._WIDTHS[int(flags) & 15])
        places = np.frombuffer(source.read(count * width.itemsize), width)
        missing = places == 0 if self.nullable else None
        return keys.take(pa.array(places, mask=missing))

    def write(self, values: pa.Array) -> Iterator[bytes]:
        if not len(values):
            return
        coded = _plain(values).dictionary_encode()
        places = coded.indices.fill_null(-1) if self.nullable else _without_nulls(coded.indices)
        keys, first = coded.dictionary, int(self.nullable)
        if self.nullable:  # the first key stands for NULL
            keys = pa.concat_arrays([keys.take(pa.array([0])) if len(keys) else _empty(keys), keys])
        yield _numbers(self._EXTRA_KEYS | self._NEW_KEYS | 2, len(keys))
        yield from self.inner.write(keys)
        yield _numbers(len(values))
        yield (places.to_numpy(zero_copy_only=False) + first).astype(np.uint32).tobytes()


class Array(Column):
    """Where each ends, then all their values in a row."""

    def __init__(self, inner: Column) -> None:
        self.inner = inner
        self.arrow = pa.list_(pa.field("item", inner.arrow, nullable=inner.nullable))

    def read_prefix(self, source: Source) -> None:
        self.inner.read_prefix(source)

    def prefix(self) -> Iterator[bytes]:
        return self.inner.prefix()

    def read(self, source: Source, count: int) -> pa.Array:
        offsets = _ends(source, count)
        values = self.inner.read(source, int(offsets[-1]))
        return pa.ListArray.from_arrays(pa.array(offsets), values, type=self.arrow)

    def write(self, values: pa.Array) -> Iterator[bytes]:
        if values.null_count:
            raise pa.ArrowInvalid("an array can't be NULL")
        if pa.types.is_null(values.type):
            return
        offsets = values.offsets.to_numpy()
        yield (offsets[1:] - offsets[:1]).astype(np.uint64).tobytes()
        yield from self.inner.write(values.values[int(offsets[0]) : int(offsets[-1])])


class Tuple(Column):
    """Its elements as columns one after another; without names they are numbered from 1."""

    def __init__(self, elements: Sequence[Column], names: Sequence[str]) -> None:
        self.elements = elements
        self.arrow = pa.struct(
            [
                pa.field(name or str(place), element.arrow, nullable=element.nullable)
                for place, (name, element) in enumerate(zip(names, elements, strict=True), 1)
            ]
        )

    def read_prefix(self, source: Source) -> None:
        for element in self.elements:
            element.read_prefix(source)

    def prefix(self) -> Iterator[bytes]:
        for element in self.elements:
            yield from element.prefix()

    def kinds(self, source: Source) -> list[int]:
        found = super().kinds(source)
        for element in self.elements:
            found += element.kinds(source)
        return found

    def read(self, source: Source, count: int) -> pa.Array:
        if not self.elements:
            source.read(count)
            return pa.array([{}] * count, self.arrow)
        arrays = [element.read(source, count) for element in self.elements]
        return pa.StructArray.from_arrays(arrays, fields=list(self.arrow))

    def write(self, values: pa.Array) -> Iterator[bytes]:
        for element, found in zip(self.elements, values.flatten(), strict=True):
            yield from element.write(found)


class Map(Array):
    """An array of pairs."""

    def __init__(self, key: Column, value: Column) -> None:
        self.inner = self.pair = Tuple([key, value], ["key", "value"])
        self.arrow = pa.map_(key.arrow, pa.field("value", value.arrow, nullable=value.nullable))

    def read(self, source: Source, count: int) -> pa.Array:
        offsets = _ends(source, count)
        keys, values = (e.read(source, int(offsets[-1])) for e in self.pair.elements)
        return pa.MapArray.from_arrays(pa.array(offsets), keys, values).cast(self.arrow)


class Sparse:
    """Only the values that are not the type's default, with how many defaults stand before each."""

    def __init__(self, column: Column) -> None:
        self.column = column

    def read(self, source: Source, count: int) -> pa.Array:
        places, at = [], 0
        while True:
            group = _varint(source)
            if group & _END_OF_GRANULE:
                break
            at += group
            places.append(at)
            at += 1
        found = self.column.read(source, len(places))
        indices = np.zeros(count, np.int64)
        indices[places] = np.arange(1, len(places) + 1)
        return pa.concat_arrays([_default(self.column), found]).take(pa.array(indices))


class _Parts(Tuple):
    """A tuple of which some elements are sparse."""

    def __init__(self, whole: Tuple, kinds: Iterator[int]) -> None:
        self.arrow = whole.arrow
        self.elements = [laid_out(element, kinds) for element in whole.elements]  # type: ignore[misc]


def laid_out(column: Column, kinds: Iterator[int]) -> Column | Sparse:
    """What reads `column` where it comes in the layouts that were announced."""
    kind = next(kinds)
    if kind == _SPARSE:
        return Sparse(column)
    if kind:
        raise StoreRefused(f"a column came in layout {kind}, which is not known here")
    return _Parts(column, kinds) if isinstance(column, Tuple) and column.elements else column


def column_of(spec: str, zone: str = "UTC") -> Column:
    """`zone`: of times whose type names none.

    Raises StoreRefused for a type that has no plain values, such as an aggregate's state.
    """
    return _column(parse(spec), zone)


_FIXED = {
    **{f"UInt{bits}": (getattr(pa, f"uint{bits}")(), bits // 8) for bits in (8, 16, 32, 64)},
    **{f"Int{bits}": (getattr(pa, f"int{bits}")(), bits // 8) for bits in (8, 16, 32, 64)},
    "Float32": (pa.float32(), 4),
    "Float64": (pa.float64(), 8),
    "DateTime": (pa.uint32(), 4),  # as chDB's Arrow has it
    "Date32": (pa.date32(), 4),
    "IPv4": (pa.uint32(), 4),
    "IPv6": (pa.binary(16), 16),
}
_WIDE = {"UInt128": 16, "Int128": 16, "UInt256": 32, "Int256": 32}
_UNITS = {0: "s", 3: "ms", 6: "us", 9: "ns"}


def _column(kind: Type, zone: str) -> Column:
    name, inner = kind.name, kind.arguments
    if name in _FIXED:
        return Fixed(*_FIXED[name])
    if name == "String":
        return String()
    if name in _WIDE:
        return Wide(pa.binary(_WIDE[name]), _WIDE[name])
    made = _one_of_its_own(kind, zone)
    if made is not None:
        return made
    if name == "SimpleAggregateFunction":
        return _column(inner[-1], zone)
    if name in ("Array", "Nullable", "LowCardinality") and inner:
        return {"Array": Array, "Nullable": Nullable, "LowCardinality": LowCardinality}[name](
            _column(inner[0], zone)
        )
    if name == "Map":
        return Map(_column(inner[0], zone), _column(inner[1], zone))
    if name == "Tuple":
        return Tuple([_column(element, zone) for element in inner], [e.label for e in inner])
    raise StoreRefused(f"a column of type {name} has no plain values; convert it in the statement")


def _one_of_its_own(kind: Type, zone: str) -> Column | None:
    name, inner = kind.name, kind.arguments
    if name == "Nothing":
        return Nothing()
    if name == "Bool":
        return Stored(pa.bool_(), pa.uint8(), 1)
    if name == "Date":
        return Date(pa.date32(), pa.uint16(), 2)
    if name == "UUID":
        return Uuid(pa.uuid(), pa.binary(16), 16)
    if name == "FixedString":
        return Fixed(pa.binary(int(inner[0].name)), int(inner[0].name))
    if name.startswith("Interval"):
        return Fixed(pa.int64(), 8)
    if name in ("Enum8", "Enum16"):
        bits = int(name[4:])
        return Enum(pa.int8() if bits == 8 else pa.int16(), bits // 8, kind.names)
    if name == "DateTime64" and int(inner[0].name) in _UNITS:
        named = inner[1].name if len(inner) > 1 else zone
        return Fixed(pa.timestamp(_UNITS[int(inner[0].name)], named), 8)
    if name == "Decimal":
        return _decimal(int(inner[0].name), int(inner[1].name))
    return None


def _decimal(precision: int, scale: int) -> Column:
    if precision > 38:
        return Fixed(pa.decimal256(precision, scale), 32)
    wide = pa.decimal128(precision, scale)
    if precision > 18:
        return Fixed(wide, 16)
    return Decimal(wide, pa.int32(), 4) if precision <= 9 else Decimal(wide, pa.int64(), 8)


def _of_bytes(arrow: pa.DataType, count: int, data: bytes) -> pa.Array:
    return pa.Array.from_buffers(arrow, count, [None, pa.py_buffer(data)])


def _numbers(*numbers: int) -> bytes:
    return np.array(numbers, np.uint64).tobytes()


def _plain(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _without_nulls(values: pa.Array) -> pa.Array:
    """The type's default where there is no value, as ClickHouse puts it."""
    if not values.null_count:
        return values
    if pa.types.is_fixed_size_binary(values.type):
        return values.fill_null(bytes(values.type.byte_width))
    if pa.types.is_temporal(values.type):
        return pc.fill_null(values, pa.scalar(0, pa.int64()).cast(values.type))
    blank = "" if pa.types.is_string(values.type) else b"" if pa.types.is_binary(values.type) else 0
    return values.fill_null(pa.scalar(blank, values.type))


def _empty(keys: pa.Array) -> pa.Array:
    return _without_nulls(pa.nulls(1, keys.type))


def _default(column: Column) -> pa.Array:
    """One value: the type's default."""
    if column.nullable:
        return pa.nulls(1, column.arrow)
    zeros = _Zeros()
    return column.read(zeros, 1)


class _Zeros:
    """Endless zeros, which every type reads as its default."""

    def read(self, count: int, /) -> bytes:
        return bytes(count)

    def read_one(self) -> int:
        return 0

    def read_strings_arrow(self, count: int, /) -> tuple[bytearray, bytearray]:
        return bytearray(8 * (count + 1)), bytearray()


def _turned(values: pa.Array) -> pa.Array:
    halves = np.frombuffer(values.buffers()[1], np.uint8)[16 * values.offset :][: 16 * len(values)]
    turned = halves.reshape(-1, 8)[:, ::-1]
    return _of_bytes(pa.binary(16), len(values), turned.tobytes())


def _ends(source: Source, count: int) -> npt.NDArray[np.int32]:
    """count + 1 offsets, the first of them 0."""
    ends = np.frombuffer(source.read(8 * count), np.uint64)
    if count and ends[-1] > _LARGEST:
        raise StoreRefused("more than 2 billion values in a block; lower max_block_size")
    return np.concatenate([np.zeros(1, np.int32), ends.astype(np.int32)])


def _varint(source: Source) -> int:
    number = shift = 0
    while True:
        byte = source.read_one()
        number |= (byte & 127) << shift
        if byte < 128:
            return number
        shift += 7


def _with_lengths(offsets: npt.NDArray[np.int32], text: _Bytes) -> bytes:
    """Strings in a row, each with its length as a varint before it."""
    lengths = np.diff(offsets)
    if not len(lengths):
        return b""
    widths = np.ones(len(lengths), np.int64)
    for bits in (7, 14, 21, 28):
        if int(lengths.max()) >> bits == 0:
            break
        widths += lengths >= 1 << bits
    starts = offsets[:-1] - np.int64(offsets[0]) + np.cumsum(widths) - widths
    text = text[offsets[0] : offsets[-1]]
    out = np.empty(len(text) + int(widths.sum()), np.uint8)
    is_text = np.ones(len(out), bool)
    for place in range(int(widths.max())):
        chosen = widths > place
        more = np.where(widths[chosen] > place + 1, 128, 0)
        out[starts[chosen] + place] = lengths[chosen] >> 7 * place & 127 | more
        is_text[starts[chosen] + place] = False
    out[is_text] = text
    return out.tobytes()
