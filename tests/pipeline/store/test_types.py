"""Names of types as trees."""

from __future__ import annotations

import pytest

from pipeline.errors import StoreRefused
from pipeline.store.types import Type, parse


def test_a_plain_name_is_a_leaf() -> None:
    assert parse("String") == Type("String")


def test_arguments_are_types_and_numbers() -> None:
    assert parse("Array(Nullable(FixedString(4)))") == Type(
        "Array", (Type("Nullable", (Type("FixedString", (Type("4"),)),)),)
    )


@pytest.mark.parametrize("between", [" ", "\n    "])
def test_elements_of_a_tuple_have_labels(between: str) -> None:
    found = parse(f"Tuple({between}a UInt8,{between}`b c` String)")
    assert found == Type("Tuple", (Type("UInt8", (), "a"), Type("String", (), "b c")))


def test_an_enum_has_names_with_any_characters() -> None:
    found = parse(r"Enum8('a' = 1, 'it\'s, (b) = 2' = -2, '' = 0)")
    assert found.names == {"a": 1, "it's, (b) = 2": -2, "": 0}


def test_a_zone_is_an_argument() -> None:
    assert parse("DateTime64(3, 'Etc/UTC')").arguments == (Type("3"), Type("Etc/UTC"))


@pytest.mark.parametrize("text", ["", "Array(", "Array(String))", "a b c", "Enum8('a'", "?"])
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(StoreRefused):
        parse(text)
