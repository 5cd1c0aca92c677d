"""The disavow file: what Google takes, what is never in it, and each reason in a comment."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.export import disavow
from pipeline.export.disavow import candidate, disavow_file, never
from pipeline.labels import Label

AT = 1_790_000_000_000
HONEST: dict[str, Any] = {
    "domain": "a.example", "spam_risk": 49.0, "risk_reasons": [], "authority": 50.0,
    "links_here": 3, "follow_links_here": 2, "pages_here": 1, "label": "", "label_note": "",
    "label_who": "", "label_at": 0, "is_platform": 0,
}  # fmt: skip
FARM = HONEST | {
    "spam_risk": 60.0, "risk_reasons": [{"measure": "shells", "value": 1.0, "points": 20}],
}  # fmt: skip


def labelled(row: dict[str, Any], label: str) -> dict[str, Any]:
    return row | {"label": label, "label_who": "jo@desk", "label_at": AT, "label_note": "why"}


def test_what_nothing_speaks_against_is_no_candidate() -> None:
    assert candidate(HONEST, "t.example") is None
    assert candidate(HONEST | {"spam_risk": None}, "t.example") is None
    assert candidate(labelled(HONEST, "ok"), "t.example") is None


def test_what_is_flagged_risky_or_labelled_bad_is_one_with_its_reasons() -> None:
    flagged = candidate(FARM, "t.example")
    assert flagged is not None
    assert flagged.reasons == (
        "spam risk 60 of 100",
        "100% of its referring domains are shells: hardly anyone else links to them (risk +20)",
    )
    risky = candidate(FARM | {"spam_risk": 91.4}, "t.example")
    assert risky is not None
    bad = candidate(labelled(HONEST, "bad"), "t.example")
    assert bad is not None
    assert bad.reasons == ("labelled bad by jo@desk on 2026-09-21: why",)
    assert bad.kept == flagged.kept == risky.kept == ""
    assert bad.weight > risky.weight > flagged.weight, "what a person says is surest"


@pytest.mark.parametrize("label", ["ok", "ours", "platform"])
def test_what_people_vouch_for_is_kept_however_bad_its_figures(label: str) -> None:
    found = candidate(labelled(FARM, label), "t.example")
    assert found is not None
    assert found.kept == f"labelled {label} by jo@desk on 2026-09-21: why"


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        ("github.io", "a public suffix"), ("co.uk", "a public suffix"), ("com", "a public suffix"),
        ("wordpress.com", "a platform"), ("t.example", "the target itself"),
        ("spam.github.io", ""), ("spam.co.uk", ""), ("spam.example", ""),
    ],
)  # fmt: skip
def test_what_has_many_owners_is_never_disavowed(domain: str, why: str) -> None:
    told = never(domain, "t.example", Label(domain, "bad", "", "jo", AT))
    assert told.startswith(why)
    assert bool(told) == bool(why)
    assert never("spam.example", "t.example", None, True).startswith("a platform")


def test_the_file_is_these_lines() -> None:
    found = disavow_file(
        ["Links to t.example"], [("b.example", "spam\nrisk 90"), ("a.example", "")]
    )
    assert (
        found.text == "# Links to t.example\n# spam risk 90\ndomain:b.example\ndomain:a.example\n"
    )
    assert (found.domains, found.left_out) == (2, 0)


def test_long_reasons_end_behind_a_word_with_a_mark_and_short_ones_as_they_are() -> None:
    room = disavow.MOST_REASON
    for long, kept in (
        ("word " * 100, " ".join(["word"] * 60) + "…"),
        ("first reason; " + "x" * room, "first reason…"),
        ("x" * (room + 1), "x" * (room - 1) + "…"),
        ("x" * room, "x" * room),
    ):
        assert len(kept) <= room
        assert disavow_file([], [("b.example", long)]).text == f"# {kept}\ndomain:b.example\n"


def many(count: int, reasons: str) -> list[tuple[str, str]]:
    return [(f"d{number}.example", reasons) for number in range(count)]


def test_reasons_give_way_before_domains_do() -> None:
    found = disavow_file(["x"], many(60_000, "r"))
    lines = found.text.splitlines()
    assert (found.domains, found.left_out, len(lines)) == (60_000, 0, 60_001)
    assert found.text.count("#") == 1


def test_beyond_the_limits_the_surest_stay_and_the_rest_is_counted() -> None:
    found = disavow_file(["x"], many(120_000, ""))
    assert found.text.count("\n") <= disavow.MOST_LINES
    assert len(found.text.encode()) <= disavow.MOST_BYTES
    assert found.text.splitlines()[1] == "domain:d0.example"
    assert found.domains + found.left_out == 120_000


@given(
    head=st.lists(st.text(max_size=20), max_size=3),
    chosen=st.lists(st.tuples(st.sampled_from(["a.example", "b.example", "c.example"]),
                              st.text(max_size=400))),
    lines=st.integers(4, 12), size=st.integers(400, 1_500),
)  # fmt: skip
def test_no_text_breaks_out_of_its_comment_and_no_limit_is_passed(
    head: list[str], chosen: list[tuple[str, str]], lines: int, size: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disavow, "MOST_LINES", lines)
        patch.setattr(disavow, "MOST_BYTES", size)
        found = disavow_file(head, chosen)
    told = found.text.split("\n")[:-1]
    assert all(line.startswith(("# ", "domain:")) for line in told)
    assert sum(line.startswith("domain:") for line in told) == found.domains
    assert found.domains + found.left_out == len(dict(chosen))
    assert len(told) <= lines or not found.domains
    assert len(found.text.encode()) <= size or not found.domains
