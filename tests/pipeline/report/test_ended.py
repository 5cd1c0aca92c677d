"""How a run says that it ended."""

from __future__ import annotations

import pytest

from pipeline.frontier.waiting import Waiting
from pipeline.report.ended import say_what_is_unknown, why_it_ended


def why(*, interrupted: bool = False, exhausted: bool = True, urls: int = 0) -> str:
    return why_it_ended(
        interrupted=interrupted, exhausted=exhausted, beyond_budgets=lambda: Waiting(urls, "a.org")
    )


def test_a_run_says_why_it_ended_and_what_would_have_it_go_on() -> None:
    assert why(interrupted=True, urls=9) == "stopped"
    assert why(exhausted=False, urls=9) == "its budget is spent"
    assert why() == "nothing more is due in this scope"
    spent = why(urls=1_234)
    assert "1,234 URLs wait; raise --site-pages" in spent
    assert "`backlinks admin frontier budget a.org --pages N`" in spent


def test_without_a_trusted_seed_that_is_known_it_says_what_is_unknown_and_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = "in this snapshot trust and authority are unknown."
    for seeds, known, file, why in (
        (0, 0, "", "There are no trusted seeds (--seeds FILE)"),
        (0, 0, "empty.txt", "empty.txt names no domain"),
        (2, 0, "far.txt", "No page or link of a trusted seed is known"),
    ):
        say_what_is_unknown({"seeds": seeds, "seeds_in_graph": known}, file)
        assert capsys.readouterr().out == f"{why}: {told}\n"
    say_what_is_unknown({"seeds": 2, "seeds_in_graph": 1}, "known.txt")
    assert capsys.readouterr().out == ""
