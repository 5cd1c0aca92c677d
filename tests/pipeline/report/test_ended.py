"""How a run says that it ended."""

from __future__ import annotations

from pipeline.frontier.waiting import Waiting
from pipeline.report.ended import why_it_ended


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
