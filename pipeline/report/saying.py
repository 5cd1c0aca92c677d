"""An operator's statements on their way to the log: names checked, who says it, acknowledged."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Literal, NamedTuple

import click

from pipeline.control import Controls, Said, covers, message
from pipeline.follow import now_in
from pipeline.log import CONTROL
from pipeline.log.opening import open_log
from pipeline.log.sqlite import FILE
from pipeline.settings import Settings
from pipeline.url import domains


class Statement(NamedTuple):
    verb: str
    name: str
    value: float


def who() -> str:
    """USER@MACHINE, as this machine calls them."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in a container
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def say_all(settings: Settings, statements: Sequence[Statement], note: str) -> Controls:
    """What was in force before. Returns once the log has all of it. Raises LogError, UsageError.

    Where nothing was ever indexed it may be the wrong directory, which is told.
    """
    said_by = who()
    messages = [
        message(verb, name, Said(value=value, note=note, who=said_by))
        for verb, name, value in statements
    ]
    with closing(open_log(settings)) as log:
        before = now_in(log)
        log.append(CONTROL, messages).result()
    if is_embedded(settings) and not _has(settings, "store"):
        click.echo(
            f"backlinks: there is no index in {settings.data} yet; "
            "this counts for what will run there",
            err=True,
        )
    return before


def is_embedded(settings: Settings) -> bool:
    return not (settings.kafka.brokers or settings.store.hosts)


def _has(settings: Settings, what: Literal["store", "log"]) -> bool:
    if what == "log":
        return (settings.data / FILE).exists()
    from pipeline.store.directory import STORE  # loads chDB, which a cluster's workers don't need

    return (settings.data / STORE).exists()


def heard(settings: Settings) -> Controls:
    """What is in force. A log that was never made has nothing, and is not made. Raises LogError."""
    if not settings.kafka.brokers and not _has(settings, "log"):
        return Controls()
    with closing(open_log(settings)) as log:
        return now_in(log)


def tell_what_is_covered(names: Sequence[str]) -> None:
    """A name may cover less than one thinks."""
    for name in names:
        host = name.partition("/")[0]
        if name == host and domains(host).is_suffix:
            click.echo(f"backlinks: {name} is a public suffix: {covers(name)}", err=True)


def note_option(command: Any) -> Any:
    return click.option("--note", default="", help="Why, for those who ask later.")(command)
