"""A record as a line: the same record comes back, and a person's tools can read it."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.archive.envelope import line_of, record_of
from pipeline.log import PAGES, Partition, Record
from pipeline.page import encode
from tests.support.records import START, page

TRICKY = (
    None, b"", b"{}", b"null", b'"text"', b"{", b"\xff\xfe", b'{"a":"\xff"}', b'{"a":1}\n',
    b'{"a":\n1}', b' {"a":1}', b'{"a":1} ', b'{"a":NaN}', b'{"title":"\\ud800"}', b'{"a":1}}',
    b'{"value":{"value":1},"value":2}', b',"value":', b'x,"value":y', b'{",\\"value\\":":1}',
    b'{"a":' * 900 + b"1" + b"}" * 900, b"{" * 50_000 + b"}" * 50_000, b'{"a":"\x00"}', b"\x00",
    "{\"a\":\"\u2028\x85\ufeff\"}".encode(), b'{"a":1,"a":2}', b"\xef\xbb\xbf{}",
    b"{" + b" " * (20 << 20) + b"}",
)  # fmt: skip

anything = st.binary(max_size=60) | st.text(max_size=30).map(str.encode)
objects = st.dictionaries(
    st.text(max_size=9), st.none() | st.integers() | st.text(max_size=20) | st.lists(st.text())
).map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
values = st.none() | st.sampled_from(TRICKY[:-1]) | anything | objects
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
headers = st.lists(st.tuples(names, st.none() | anything), max_size=4).map(tuple)


def record(value: bytes | None, key: bytes | None = b"s.org", **more: object) -> Record:
    place = {"partition": Partition(PAGES, 3), "offset": 12, "timestamp_ms": START, **more}
    return Record(key=key, value=value, **place)  # type: ignore[arg-type]


@given(
    st.integers(0, 9_999), st.integers(0, 1 << 40), st.integers(-(1 << 62), 1 << 62),
    st.none() | anything, values, headers,
)  # fmt: skip
@example(0, 0, 0, b',"value":', b'{"a":1}', ((',"value":', b',"value":'), ("a", b"\xff")))
def test_any_record_comes_back_as_it_was(
    number: int,
    offset: int,
    at: int,
    key: bytes | None,
    value: bytes | None,
    found: tuple[tuple[str, bytes], ...],
) -> None:
    whole = record(
        value, key, partition=Partition(PAGES, number), offset=offset, timestamp_ms=at,
        headers=found,
    )  # fmt: skip
    line = line_of(whole)
    assert b"\n" not in line
    assert record_of(line, PAGES) == whole
    json.loads(line)  # for whoever reads it with jq


@pytest.mark.parametrize("value", TRICKY, ids=range(len(TRICKY)))
def test_what_is_tricky_comes_back_as_it_was(value: bytes | None) -> None:
    whole = record(value)
    line = line_of(whole)
    assert record_of(line, PAGES) == whole
    assert b"\n" not in line
    json.loads(line)


def test_a_page_stands_in_its_line_as_json() -> None:
    sent = encode(page("https://s.org/a", START, ["https://t.org/"]))
    read = json.loads(line_of(record(sent, headers=(("from", b"test"), ("raw", b"\xff")))))
    assert read["value"]["external"]["target"] == ["https://t.org/"]
    assert (read["partition"], read["offset"], read["timestamp_ms"]) == (3, 12, START)
    assert read["key"] == "s.org"
    assert read["headers"] == [["from", "test"], ["raw", {"base64": "/w=="}]]


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b'{"value":{}}', b"\xff", b'{"offset":1}'])
def test_a_line_that_is_no_record_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):
        record_of(line, PAGES)
