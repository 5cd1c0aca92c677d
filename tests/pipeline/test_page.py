from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import page as contract
from pipeline.errors import PoisonRecord
from pipeline.page import (
    ACCEPTED,
    KINDS,
    MAX_RECORD,
    OUTCOMES,
    POSITIONS,
    SOURCES,
    VERSION,
    Hop,
    Internal,
    Links,
    Page,
    Request,
    decode,
    encode,
    json_schema,
    link_digest,
    split,
)
from pipeline.url import suffix_list_version

SCHEMA = Path(contract.__file__).with_name("page.schema.json")

# The contract of each version, frozen. Others read these records: never change a line, add one.
FROZEN = {
    1: "06beba1a36b4e40f7c478d618e532c96f0778cfdff0f829719c63e108ebce18a",
    2: "8975115cdbfe7bbfccdbffbd424031688b34353e2ac0d122a80668933d26a759",
    3: "0f193ac51082c91e893cbc696d0598bbc9a794c30f2cedb14dcea31e6626c58c",
}


def a_page(**fields: Any) -> Page:
    known: dict[str, Any] = {
        "suffix_list": suffix_list_version(),
        "url": "https://example.org/",
        "host": "example.org",
        "path": "/",
        "domain": "example.org",
        "fetched_at": 1_700_000_000_000,
        "outcome": "ok",
    }
    return Page(**(known | fields))


def as_fields(**fields: Any) -> dict[str, Any]:
    whole: dict[str, Any] = msgspec.json.decode(encode(a_page()))
    return whole | fields


def poison(data: bytes) -> str:
    with pytest.raises(PoisonRecord) as raised:
        decode(data)
    return raised.value.reason


_text = st.text(st.characters(codec="utf-8"), max_size=40)
_url = _text.map(lambda text: f"https://example.org/{text}")
_small = st.integers(0, 0xFFFF)
_large = st.integers(0, 0xFFFF_FFFF)


@st.composite
def links(draw: st.DrawFn) -> Links:
    rows = draw(
        st.lists(
            st.tuples(
                _url,
                _text,
                st.sampled_from(KINDS),
                st.integers(0, 7),
                st.sampled_from(POSITIONS),
                _text,
                _text,
                _text,
                _small,
                _small,
            ),
            max_size=5,
        )
    )
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(10)]
    return Links(**dict(zip(Links.__struct_fields__, columns, strict=True)))


@st.composite
def internal(draw: st.DrawFn) -> Internal:
    rows = draw(st.lists(st.tuples(_url, st.integers(0, 7)), max_size=5))
    return Internal(target=[target for target, _ in rows], rel=[rel for _, rel in rows])


PAGES = st.builds(
    Page,
    v=st.just(VERSION),
    suffix_list=st.just(suffix_list_version()),
    url=_url,
    host=_text,
    path=_text,
    domain=_text,
    final_url=_text,
    chain=st.lists(st.builds(Hop, url=_url, status=_small), max_size=3),
    fetched_at=st.integers(1, (1 << 43) - 1),
    outcome=st.sampled_from(OUTCOMES),
    status=_small,
    complete=st.booleans(),
    incomplete=_text,
    bytes=_large,
    title=_text,
    terms=st.lists(_text, max_size=4),
    refused=st.dictionaries(_text, st.integers(-(1 << 63), (1 << 63) - 1), max_size=3),
    part=st.just(1),
    parts=st.integers(1, 9),
    source=st.sampled_from(SOURCES),
    request=st.builds(
        Request, hops=_small, interval_s=_large, etag=_text, delay_s=st.floats(0, 1e6)
    ),
    external=links(),
    internal=internal(),
)


@given(PAGES)
def test_a_page_survives_the_wire(page: Page) -> None:
    assert decode(encode(page)) == page


@given(st.binary(max_size=200))
def test_whatever_the_bytes_decode_answers_or_says_why_not(data: bytes) -> None:
    assert poison(data) in {"empty", "encoding", "json", "type", "version"}


@given(PAGES, st.data())
def test_a_damaged_record_is_read_or_refused_with_a_reason(page: Page, data: st.DataObject) -> None:
    record = bytearray(encode(page))
    record[data.draw(st.integers(0, len(record) - 1))] = data.draw(st.integers(0, 255))
    reason = ""
    try:
        decode(bytes(record))
    except PoisonRecord as refusal:
        reason = refusal.reason
    assert reason in {"", "encoding", "json", "type", "version", "suffix_list", "arrays"}


def test_no_bytes_are_empty() -> None:
    assert poison(b"") == "empty"
    assert poison(None) == "empty"  # type: ignore[arg-type]  # a tombstone's value


def test_a_record_over_the_limit_is_huge_and_never_parsed() -> None:
    assert poison(b" " * (MAX_RECORD + 1)) == "huge"


def test_bytes_that_are_no_utf8_have_the_reason_encoding() -> None:
    record = encode(a_page(title="ab"))
    assert poison(record.replace(b'"ab"', b'"\xff\xfe"')) == "encoding"
    assert poison(b"\xff") == "encoding"


@pytest.mark.parametrize("data", [b"{", b"nonsense", b'{"v": 1,}', encode(a_page())[:-1]])
def test_what_is_no_json_has_the_reason_json(data: bytes) -> None:
    assert poison(data) == "json"


@pytest.mark.parametrize("version", [VERSION + 1, 0, -1, "1", None, 1.5, [1], {"a": 1}])
def test_another_version_is_named(version: object) -> None:
    with pytest.raises(PoisonRecord, match="version") as raised:
        decode(msgspec.json.encode(as_fields(v=version)))
    assert str(sorted(ACCEPTED)) in raised.value.detail


def test_a_record_of_the_version_before_is_read() -> None:
    fields = as_fields(v=VERSION - 1)
    del fields["text"], fields["sitemaps"]
    page = decode(msgspec.json.encode(fields))
    assert (page.text, page.sitemaps, page.url) == ("", [], fields["url"])


def test_a_newer_record_with_fields_of_its_own_is_a_matter_of_version() -> None:
    assert poison(msgspec.json.encode(as_fields(v=VERSION + 1, invented=[1]))) == "version"


@pytest.mark.parametrize(
    "fields",
    [
        {"invented": 1},
        {"url": None},
        {"url": "short"},
        {"url": "https://example.org/" + "a" * 2048},
        {"fetched_at": 0},
        {"fetched_at": 1 << 43},
        {"outcome": "fine"},
        {"status": 70_000},
        {"status": "200"},
        {"title": "t" * 4097},
        {"external": []},
        {"internal": {"target": ["https://example.org/"], "rel": [8]}},
        {"external": {"kind": ["script"]}},
        {"refused": {"ip": "many"}},
    ],
)
def test_a_field_of_the_wrong_type_or_size_has_the_reason_type(fields: dict[str, Any]) -> None:
    assert poison(msgspec.json.encode(as_fields(**fields))) == "type"


@pytest.mark.parametrize("data", [b"[]", b"1", b"null", b'"page"', b'{"v": 2}'])
def test_json_that_is_no_page_has_the_reason_type(data: bytes) -> None:
    assert poison(data) == "type"


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 1_000_000,
        b'{"v":' * 1_000_000,
        b'{"v": 1, "title": ' + b"[" * 1_000_000,
        b'{"v": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"v": 1, "x": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    ],
)
def test_deep_nesting_is_refused_and_harms_nobody(data: bytes) -> None:
    assert poison(data) in {"json", "type"}


def test_a_record_of_another_suffix_list_is_refused_with_both_versions() -> None:
    with pytest.raises(PoisonRecord) as raised:
        decode(encode(a_page(suffix_list="0" * 12)))
    assert raised.value.reason == "suffix_list"
    assert suffix_list_version() in raised.value.detail


@pytest.mark.parametrize("name", Links.__struct_fields__)
def test_columns_of_different_lengths_are_refused(name: str) -> None:
    one: dict[str, Any] = {key: [0] for key in Links.__struct_fields__} | {
        "target": ["https://other.example/"],
        "domain": ["other.example"],
        "kind": ["a"],
        "position": ["main"],
        **{key: [""] for key in ("anchor", "before", "after")},
    }
    assert len(decode(encode(a_page(external=Links(**one)))).external) == 1
    assert poison(encode(a_page(external=Links(**(one | {name: []}))))) == "arrays"


def test_internal_links_of_different_lengths_are_refused() -> None:
    alone = Internal(target=["https://example.org/a"], rel=[])
    assert poison(encode(a_page(internal=alone))) == "arrays"


@pytest.mark.parametrize(("part", "parts"), [(0, 1), (2, 1), (1, 0)])
def test_a_part_outside_of_its_parts_is_refused(part: int, parts: int) -> None:
    assert poison(encode(a_page(part=part, parts=parts))) == "arrays"


def test_the_digest_is_of_the_set_of_targets_and_kinds_alone() -> None:
    one = link_digest(["https://a.example/", "https://b.example/"], ["a", "area"])
    assert one == link_digest(["https://b.example/", "https://a.example/"], ["area", "a"])
    assert one != link_digest(["https://a.example/", "https://b.example/"], ["a", "a"])
    assert len(one) == 16


def test_the_schema_in_the_repository_is_the_one_generated() -> None:
    assert msgspec.json.decode(SCHEMA.read_bytes()) == json_schema(), (
        "the page record has changed: write pipeline/page.schema.json with "
        "`python -m pipeline.page`, and see the next test"
    )


def test_the_contract_changes_only_with_its_version() -> None:
    ordered = msgspec.json.encode(json_schema(), order="deterministic")
    found = hashlib.sha256(ordered).hexdigest()
    assert VERSION in FROZEN, f"freeze version {VERSION} in FROZEN: {found!r}"
    assert found == FROZEN[VERSION], (
        f"the page record is no longer what version {VERSION} promised its readers: raise VERSION "
        f"and the Literal of Page.v in pipeline/page.py, teach decode the version before, and add "
        f"{{{VERSION + 1}: {found!r}}} to FROZEN"
    )


@given(page=PAGES, limit=st.integers(1500, 40_000))
def test_a_page_split_by_its_links_is_whole_again_in_parts_below_the_limit(
    page: Page, limit: int
) -> None:
    try:
        records = split(page, limit)
    except ValueError:
        assert len(encode(page)) > limit
        return
    assert max(map(len, records)) <= limit
    if len(encode(page)) <= limit:
        assert records == [encode(page)]
        return
    parts = [decode(record) for record in records]
    assert [(part.part, part.parts) for part in parts] == [
        (i + 1, len(parts)) for i in range(len(parts))
    ]
    for name in Links.__struct_fields__:
        together = [value for part in parts for value in getattr(part.external, name)]
        assert together == getattr(page.external, name)
    assert [t for part in parts for t in part.internal.target] == page.internal.target
    assert {part.title for part in parts} == {page.title}


def test_a_page_of_ten_thousand_links_is_split_into_few_parts() -> None:
    targets = [f"https://t{i}.example/{'x' * 80}" for i in range(10_000)]
    page = a_page(internal=Internal(target=targets, rel=[0] * 10_000))
    records = split(page, 100_000)
    assert max(map(len, records)) <= 100_000
    assert len(records) <= 2 * len(encode(page)) // 100_000 + 1
