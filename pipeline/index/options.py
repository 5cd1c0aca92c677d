"""Options of questions as Python gives them: a wrong one is an error, and never another answer."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

import msgspec

from pipeline.errors import UsageError

Asked = ParamSpec("Asked")
Question = TypeVar("Question")


def checked(ask: Callable[Asked, Question]) -> Callable[Asked, Question]:
    """Its arguments are held against its annotations first. Raises UsageError."""
    signature = inspect.signature(ask)

    @functools.wraps(ask)
    def asked(*args: Asked.args, **kwargs: Asked.kwargs) -> Question:
        demand(ask, signature.bind(*args, **kwargs).arguments)
        return ask(*args, **kwargs)

    return asked


def demand(what: Any, given: Mapping[str, Any]) -> None:
    """Holds options against the annotations of a function or a class. Raises UsageError."""
    hints = _hints(what)
    for name, value in given.items():
        if name not in hints:
            continue  # `self`, or what Python itself refuses
        try:
            msgspec.convert(value, hints[name])
        except msgspec.ValidationError as error:
            raise UsageError(
                f"{name} can't be {str(value)[:40]!r}: {error}{_choices(hints[name])}"
            ) from None
        if name == "limit" and value < 0:
            raise UsageError(f"limit can't be {value}; give 0 or more")


@functools.cache
def _hints(what: Any) -> dict[str, Any]:
    return typing.get_type_hints(what)


def _choices(hint: Any) -> str:
    """Where there are only some: they are named."""
    each = [hint, *typing.get_args(hint)]
    found = [typing.get_args(one) for one in each if typing.get_origin(one) is typing.Literal]
    return f"; give one of {', '.join(repr(one) for one in found[0])}" if found else ""
