"""Values of a statement's parameters, as the engine reads them, and as they are given by hand."""

from __future__ import annotations

import re
import shlex

from pipeline.store import Literal, Parameters, Value

_ODD = re.compile(r"[^\x20-\x7e]")


def encode_parameters(parameters: Parameters | None) -> dict[str, str]:
    """As ClickHouse reads them: TSV escapes, arrays as literals."""
    return {name: encoded(value) for name, value in (parameters or {}).items()}


def encoded(value: Value) -> str:
    """One of them."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list):
        return "[" + ",".join(_quoted(item) for item in value) + "]"
    if isinstance(value, Literal):
        return str(value)
    if isinstance(value, str):
        return _escaped(value)
    return str(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\0", "\\0")


def _quoted(item: str | float) -> str:
    if isinstance(item, int | float):
        return str(item)
    return "'" + _escaped(item).replace("'", "\\'") + "'"


def by_hand(parameters: Parameters) -> str:
    """The options of `backlinks sql` that give these, quoted for a shell, in one line."""
    return " ".join(f"-p {name} {_argument(value)}" for name, value in parameters.items())


def _argument(value: Value) -> str:
    text = str(value) if isinstance(value, str) else encoded(value)
    if text.isprintable():
        return shlex.quote(text)
    plain = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{_ODD.sub(_octal, plain)}'"


def _octal(odd: re.Match[str]) -> str:
    """As shells write any byte."""
    return "".join(f"\\{byte:03o}" for byte in odd[0].encode("utf-8", "surrogateescape"))
