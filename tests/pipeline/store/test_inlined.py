"""The texts of views in the places of their calls."""

from __future__ import annotations

import re

import pytest

from pipeline.store import sql
from pipeline.store.inlined import inlined
from pipeline.store.views import views

QUESTIONS = "pipeline/index/queries/"


@pytest.mark.parametrize("name", ["anchors", "terms", "target_pages", "networks", "places"])
def test_no_view_is_called_any_more_that_has_a_file(name: str) -> None:
    text = re.sub(r"--.*", "", inlined(sql(QUESTIONS + name)))
    assert not [view.name for view in views() if f"{view.name}(" in text]
    assert text.count("(") == text.count(")")
    assert " links\n" in text


def test_what_a_call_gives_takes_the_place_of_the_views_parameters() -> None:
    text = inlined("SELECT * FROM anchor_uses_of(domain = lower({d:String}), under = '%') AS u")
    assert "{domain:String}" not in text
    assert "{under:String}" not in text
    assert "target_domain = lower({d:String})" in text
    assert "page NOT LIKE '%'" in text
    assert text.endswith("\n) AS u")


def test_another_statement_may_stand_for_a_view_with_parameters_of_its_own() -> None:
    text = inlined(
        "SELECT * FROM anchor_uses_of(domain = {domain:String}, under = if(1, 'a', 'c')) "
        "WHERE x IN (SELECT y FROM backlinks(domain = 'z'))",
        {"link_uses_of": "SELECT {more:UInt8} AS links, {under:String} AS anchor"},
    )
    assert "(\nSELECT {more:UInt8} AS links, if(1, 'a', 'c') AS anchor\n) AS uses" in text
    assert "FROM backlinks(domain = 'z')" in text, "which has no file"
    assert "link_uses FINAL" not in text
