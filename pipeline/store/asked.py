"""A statement that somebody wrote: whether it only reads, and whether the store alone.

The engine's own parser says what it is, and its `readonly` refuses whatever changes a table. Two
things `readonly` lets through, which a query copied from anywhere must not do unasked: it reads
files and reaches other servers (`file`, `url`, `s3`, ...), and it writes files (`INTO OUTFILE`,
`INSERT INTO FUNCTION file(...)`). The user owns the machine, the query's author may not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pipeline.errors import UsageError
from pipeline.store import Literal, Parameters, Store, rows, sql

# Table functions that make rows of nothing, or read what the session could read anyway.
INSIDE = frozenset(
    {
        "format", "generaterandom", "generateseries", "generate_series", "loop", "merge", "null",
        "numbers", "numbers_mt", "primes", "sqlstandardvalues", "values", "view", "viewexplain",
        "viewifpermitted", "zeros", "zeros_mt",
    }
)  # fmt: skip
_READS = re.compile(r"Select|Explain|Describe|Show|Exists|CheckGrant")
_INTO, _FORMAT = re.compile(r"^INTO OUTFILE ", re.M), re.compile(r"^FORMAT ", re.M)
_TEXT = r"'(?:[^'\\]|\\.)*'"
# A parameter, or what is no place for one.
_PARAMETER = re.compile(
    rf"{_TEXT}|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\"|\{{(\w+):((?:[^{{}}'`\"]|{_TEXT})+)\}}",
    re.DOTALL,
)
_NODE = re.compile(r"( *)(\w+)(?: (\S+))?")
_LITERALS = re.compile(r"(?:Array|Tuple|Map|Nested|Variant|Point|Ring|Polygon|MultiPolygon)\b")


class _Function(NamedTuple):
    name: str
    is_table: bool


def parsed(store: Store, text: str) -> str:
    """One statement as the engine's parser understood it. Raises StoreRefused with the place."""
    answer = rows(store.query(sql("pipeline/store/parsed"), {"statement": text}))
    return str(answer[0]["statement"])


def only_reads(
    store: Store, statement: str, parameters: Parameters, *, outside: bool = False
) -> None:
    """statement: as `parsed` gave it. outside: it may read files and reach other servers.

    Raises UsageError with what else it does.
    """
    if _INTO.search(statement):
        raise UsageError("INTO OUTFILE writes a file; leave it out and name one with -o FILE")
    if _FORMAT.search(statement):
        raise UsageError("FORMAT is not for here; leave it out and say --csv, --json, --nl or -o")
    explained = rows(store.query(f"EXPLAIN AST {statement}", parameters))
    tree = [str(row["explain"]) for row in explained]
    if not _READS.match(tree[0]):
        raise UsageError(
            "backlinks sql only reads; to change what the store has, add --write, which "
            "also lets it read and write files"
        )
    if not outside:
        _stay_inside(store, "\n".join(tree))


def _stay_inside(store: Store, tree: str) -> None:
    known = rows(store.query(sql("pipeline/store/inside")))[0]
    functions = set(known["functions"])
    for name, is_table in _functions(tree):
        bare = name.rpartition(".")[2]
        low = bare.lower()
        if low in known["outward"]:
            reaches = True
        elif is_table:
            reaches = low not in INSIDE and bare not in known["views"]
        else:  # `x IN url(...)`
            reaches = low in known["table_functions"] and low not in INSIDE | functions
        if reaches:
            raise UsageError(
                f"{name[:80]}() reaches beyond the index, to files or other servers; if you "
                "know what it does there, add --outside"
            )


def _functions(tree: str) -> Iterable[_Function]:
    """Every function that the tree names. Text in it can add a line, and never take one away."""
    above: dict[int, str] = {}
    for line in tree.splitlines():
        node = _NODE.match(line)
        if node is None:
            continue
        depth = len(node[1])
        above[depth] = node[2]
        if node[2] == "Function" and node[3]:
            yield _Function(node[3], above.get(depth - 1) == "TableExpression")


def declared(statement: str) -> dict[str, str]:
    """The types of a statement's parameters, by name."""
    found = (match for match in _PARAMETER.finditer(statement) if match[1])
    return {match[1]: " ".join(match[2].split()) for match in found}


def bound(statement: str, given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Values for the parameters of a statement, of any type. Raises UsageError.

    A text stands as it is; arrays, tuples and maps are written as in SQL; `NULL` or `\\N` is none
    where the type is Nullable.
    """
    types, found = declared(statement), {}
    for name, value in given:
        if name not in types:
            raise UsageError(f"the query has no {{{name}:...}}; {_named(types)}")
        if name in found:
            raise UsageError(f"-p {name} is given twice; give it once")
        found[name] = _value(types[name], value)
    lacking = [name for name in types if name not in found]
    if lacking:
        one = lacking[0]
        raise UsageError(f"the query asks for {one}, a {types[one]}; give it with -p {one} VALUE")
    return found


def _value(kind: str, text: str) -> str:
    if kind.startswith(("Nullable(", "LowCardinality(Nullable(")) and text in ("NULL", r"\N"):
        return Literal(r"\N")
    return Literal(text) if _LITERALS.match(kind) else text


def _named(types: Mapping[str, str]) -> str:
    return f"it has {', '.join(types)}" if types else "it takes no parameters"
