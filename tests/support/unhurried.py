"""Hypothesis without a clock: the first example of a process makes tables, loads or compiles, and
the machine may be busy.

Of the profile that Hypothesis chose all else stays: where CI is set it takes the same examples each
time, and prints what fails.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def unhurried(chosen: settings) -> settings:
    slow = {*chosen.suppress_health_check, HealthCheck.too_slow}
    return settings(chosen, deadline=None, suppress_health_check=slow)


def load() -> None:
    """For tests that are imported from now on."""
    settings.register_profile("unhurried", unhurried(settings()))
    settings.load_profile("unhurried")
