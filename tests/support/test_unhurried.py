"""No test that draws examples fails because the machine is slow."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.support.unhurried import unhurried


def test_no_test_has_a_deadline_unless_it_says_so() -> None:
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check


@pytest.mark.parametrize("name", ["default", "ci"])
def test_what_else_hypothesis_chose_stays(name: str) -> None:
    chosen = settings.get_profile(name)
    found = unhurried(chosen)
    assert (found.deadline, HealthCheck.too_slow in found.suppress_health_check) == (None, True)
    assert (found.derandomize, found.print_blob) == (chosen.derandomize, chosen.print_blob)
    assert (found.database, found.max_examples) == (chosen.database, chosen.max_examples)
