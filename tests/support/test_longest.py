"""What is begun first is there: a file that was renamed would come last, and nobody would see."""

from __future__ import annotations

import pytest

from tests.support.command import REPOSITORY
from tests.support.longest import LONGEST, place


@pytest.mark.parametrize("file", LONGEST)
def test_it_is_a_file(file: str) -> None:
    assert (REPOSITORY / file).is_file()


def test_the_longest_come_first_and_others_as_they_were() -> None:
    given = ["tests/b.py::one", f"{LONGEST[1]}::b", f"{LONGEST[1]}::a", "tests/a.py::x", LONGEST[0]]
    found = sorted(given, key=place)
    assert found == [LONGEST[0], f"{LONGEST[1]}::b", f"{LONGEST[1]}::a", given[0], given[3]]
