"""Dates of exports, in the forms and languages that are promised."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.lists.dates import moment_of, order_of

DAY = int(datetime.datetime(2024, 5, 17, tzinfo=datetime.UTC).timestamp() * 1000)
CLOCK = DAY + ((13 * 60 + 5) * 60 + 22) * 1000


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-17", "2024/05/17", "2024.5.17", " 2024-05-17 ", "17.05.2024", "17.5.24",
        "5/17/2024", "17 May 2024", "May 17, 2024", "17-May-2024", "17 may 2024",
        "17. Mai 2024", "17 mai 2024", "17 de mayo de 2024", "17 maggio 2024", "17 de maio de 2024",
        "17 mei 2024", "17 maja 2024", "2024年5月17日", "17th May 2024", "1715904000",
    ],
)  # fmt: skip
def test_a_day_is_read(text: str) -> None:
    assert moment_of(text) == DAY


@pytest.mark.parametrize(
    "text",
    ["2024-05-17 13:05:22", "2024-05-17T13:05:22Z", "17.05.2024 13:05:22", "5/17/2024 1:05:22 PM",
     "May 17, 2024, 1:05:22 p.m.", "1715951122", "1715951122000"],
)  # fmt: skip
def test_a_time_of_day_is_read(text: str) -> None:
    assert moment_of(text) == CLOCK


@pytest.mark.parametrize(
    "text", ["", "soon", "2024-13-01", "2024-02-30", "99/99/2024", "17 Nonsense 2024", "2024"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert moment_of(text) is None


def test_two_numbers_are_told_apart_by_the_order() -> None:
    march, april = (
        int(datetime.datetime(2024, *day, tzinfo=datetime.UTC).timestamp() * 1000)
        for day in ((3, 4), (4, 3))
    )
    assert (moment_of("3/4/2024", "mdy"), moment_of("3/4/2024", "dmy")) == (march, april)
    assert moment_of("3.4.2024", "mdy") == april, "with dots the day is first everywhere"


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (["1/2/2024", "13/2/2024"], "dmy"), (["1/2/2024", "2/13/2024"], "mdy"),
        (["1/2/2024"], None), (["13/2/2024", "2/13/2024"], None), 
        (["2024-13-01", "13.1.2024"], None),
    ],
)  # fmt: skip
def test_the_order_is_known_by_numbers_that_are_no_month(
    texts: list[str], wanted: str | None
) -> None:
    assert order_of(texts) == wanted


@given(st.dates(datetime.date(1990, 1, 1), datetime.date(2099, 12, 31)))
def test_every_day_is_read_in_every_form(day: datetime.date) -> None:
    wanted = (
        int(datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC).timestamp()) * 1000
    )
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %B %Y", "%b %d, %Y"):
        assert moment_of(day.strftime(form)) == wanted


@given(st.text(max_size=80))
def test_no_text_is_more_than_none(text: str) -> None:
    found = moment_of(text)
    assert found is None or isinstance(found, int)
