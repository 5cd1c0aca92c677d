"""Hosting platforms: domains with the sites of many owners."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def platforms() -> dict[str, int]:
    """Requests at once by domain; from platforms.txt."""
    text = resources.files("pipeline").joinpath("platforms.txt").read_text()
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {name: int(limit) for name, limit in rows}
