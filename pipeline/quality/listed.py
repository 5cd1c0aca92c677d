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
    lines = _text(file, what).splitlines()
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


def _text(file: str, what: str) -> str:
    try:
        return Path(file).read_bytes().decode("utf-8")
    except OSError as error:
        raise UsageError(f"can't read the {what} {file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"can't read the {what} {file}: line {number} is not UTF-8; give a text file with one "
            "domain a line"
        ) from error


class Lists(NamedTuple):
    """Registered domains that a score is told of, each in order."""

    seeds: list[str]
    spam: list[str]


def lists_of(settings: ScoreSettings) -> Lists:
    """What the files of the settings say. Raises UsageError with the line that is wrong."""
    return Lists(
        read_domains(settings.seeds, "trusted seeds"), read_domains(settings.spam, "known spam")
    )
