"""Labels in the store: the newest counts, whatever clocks say, and nothing said is lost."""

from __future__ import annotations

import pytest

from pipeline.labels import TAKEN_BACK, Label
from pipeline.labels.kept import newest, now, write
from pipeline.quality.verdict import told, verdict
from pipeline.store import rows
from tests.support.stores import AnyStore

NOW = 1_795_000_000_000


def said(domain: str, label: str, note: str = "", at: int = 0) -> Label:
    return Label(domain, label, note, "jo@desk", at)


def history(store: AnyStore, domain: str) -> list[str]:
    found = store.query(
        "SELECT toString(label) AS label FROM labels FINAL WHERE domain = {d:String} ORDER BY at",
        {"d": domain},
    )
    return [row["label"] for row in rows(found)]


def test_the_newest_of_a_domain_counts_and_all_is_kept(shared_store: AnyStore) -> None:
    write(shared_store, [said("a1.example", "bad", "spam"), said("a1.example", "ok")], NOW)
    assert now(shared_store, ["a1.example"])["a1.example"].label == "ok"
    assert history(shared_store, "a1.example") == ["bad", "ok"]


def test_what_was_taken_back_counts_no_more_and_stays_in_the_history(
    shared_store: AnyStore,
) -> None:
    write(shared_store, [said("a2.example", "ours")], NOW)
    write(shared_store, [said("a2.example", TAKEN_BACK, "sold")], NOW + 1)
    assert now(shared_store, ["a2.example"]) == {}
    assert newest(shared_store, ["a2.example"])["a2.example"].note == "sold"
    assert history(shared_store, "a2.example") == ["ours", TAKEN_BACK]


def test_a_clock_that_was_moved_back_does_not_make_an_older_label_count(
    shared_store: AnyStore,
) -> None:
    write(shared_store, [said("a3.example", "bad")], NOW)
    write(shared_store, [said("a3.example", "ok")], NOW - 5_000)
    assert now(shared_store, ["a3.example"])["a3.example"][1:] == ("ok", "", "jo@desk", NOW + 1)


def test_an_older_label_that_is_imported_later_does_not_count(shared_store: AnyStore) -> None:
    write(shared_store, [said("a4.example", "ok", at=NOW)], NOW)
    write(shared_store, [said("a4.example", "bad", at=NOW - 1)], NOW)
    assert now(shared_store, ["a4.example"])["a4.example"].label == "ok"


@pytest.mark.parametrize("at", [0, NOW - 7])
def test_the_same_said_twice_is_said_once(shared_store: AnyStore, at: int) -> None:
    same = [said(f"a5-{at}.example", "bad", "spam", at)]
    assert write(shared_store, same, NOW) == (1, 0)
    assert write(shared_store, same, NOW + 9) == (0, 1)
    assert history(shared_store, f"a5-{at}.example") == ["bad"]


def test_many_are_written_some_at_a_time(
    shared_store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.labels.kept.AT_ONCE", 10)
    many = [said(f"m{i}.example", "platform") for i in range(25)]
    assert write(shared_store, many, NOW) == (25, 0)
    assert len(now(shared_store, [label.domain for label in many])) == 25


# A row whose figures say that it is flagged.
FARM = {"spam_risk": 50.0, "risk_reasons": [{"measure": "shells", "value": 1.0, "points": 20}]}
HONEST = FARM | {"spam_risk": 49.0}


@pytest.mark.parametrize(
    ("label", "flagged"), [("ok", False), ("ours", False), ("platform", False), ("bad", True)]
)
def test_a_label_goes_before_the_figures_which_stay(label: str, flagged: bool) -> None:
    for row, measured in ((FARM, True), (HONEST, False), (None, False)):
        found = verdict(row, said("x.example", label, "why", NOW))
        assert (found.flagged, found.measured) == (flagged, measured)
        text = told(found)
        assert f"{label}, says jo@desk on 2026-11-18: why" in text
        assert ("by its figures it would" in text) == (flagged != measured)
        assert ("would not be flagged" in text) == (flagged and not measured)


def test_without_a_label_the_figures_decide() -> None:
    assert verdict(FARM, None) == (True, True, None)
    assert verdict(HONEST, None) == (False, False, None)
    assert told(verdict(FARM, None)) == ""
