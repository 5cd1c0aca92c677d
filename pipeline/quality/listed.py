"""Files of domains: trusted seeds, and known spam."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pipeline.errors import UsageError
from pipeline.settings import ScoreSettings
from pipeline.url import Refused, canonical


def read_domains(file: str, what: str) -> list[str]:
    """Registered domains, one a line; '#' begins a comment. None where no file is named.

    Raises UsageError with the line.
    """
    if not file:
        return []
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read the {what} {file}: {error}") from error
    found = set()
    for number, line in enumerate(lines, 1):
        name = line.partition("#")[0].strip()
        if name:
            try:
                url = canonical(name if "://" in name else f"http://{name}/")
            except Refused as refusal:
                raise UsageError(
                    f"{file}, line {number}: {name[:100]!r} is no domain ({refusal.reason})"
                ) from None
            found.add(url.domain)
    return sorted(found)


class Lists(NamedTuple):
    """Registered domains that a score is told of, each in order."""

    seeds: list[str]
    spam: list[str]


def lists_of(settings: ScoreSettings) -> Lists:
    """What the files of the settings say. Raises UsageError with the line that is wrong."""
    return Lists(
        read_domains(settings.seeds, "trusted seeds"), read_domains(settings.spam, "known spam")
    )
