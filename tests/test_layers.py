"""Who imports whom, who reads the environment, and where SQL stands: read from the syntax trees.

Each rule is a function from a tree of files to its breaches, so that a breach can be planted.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
MAY_IMPORT = {
    "pipeline": {"pipeline"},
    "spiders": {"spiders", "pipeline"},
    "consumers": {"consumers", "pipeline"},
    "demo": {"demo", "pipeline"},
}
ROOT = "backlinks"  # the composition root: the one module that may import all of them
OURS = {*MAY_IMPORT, ROOT, "tests"}

READS_ENVIRONMENT = {
    "backlinks.py",  # the edge
    "pipeline/report/commands.py",  # the edge of the commands that read
    "demo/tour.py",  # hands its own on to the crawls that it starts
}

_STATEMENT = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*(?:"
    r"SELECT\s|INSERT\s+(?:OR\s+\w+\s+)?INTO\s|DELETE\s+FROM\s|UPDATE\s+\w+\s+SET\s|WITH\s+\w+\s+AS\s|"
    r"(?:CREATE|ALTER|DROP|TRUNCATE|ATTACH|DETACH|RENAME|EXCHANGE|OPTIMIZE)\s+(?:OR\s+REPLACE\s+)?"
    r"(?:TABLE|TABLES|DATABASE|MATERIALIZED|VIEW|INDEX|FUNCTION)\b|"
    r"SET\s+\w+\s*=|USE\s|PRAGMA\s|BEGIN\b|COMMIT\b|ROLLBACK\b|SHOW\s|DESCRIBE\s|EXPLAIN\s|VACUUM\b)"
)

# SQL that stands in a module, by how it begins, and why. '' is any statement.
_MARKS = "bookkeeping of the job: how far it has read; what it does is in files"
_EVERY_TABLE = "of every table that names a page: table and columns can be no parameters"
SQL_IN_PYTHON = {
    ("pipeline/log/sqlite.py", ""): "SQLite's, not the store's: its statements are the file format",
    ("pipeline/store/chdb.py", "CREATE DATABASE"): "a database's name can be no parameter",
    ("pipeline/store/chdb.py", "USE "): "a database's name can be no parameter",
    ("pipeline/store/chdb.py", "SET readonly"): "the session's, not a question",
    ("pipeline/store/chdb.py", "SET log_comment"): "the session's, not a question",
    ("pipeline/store/asked.py", "EXPLAIN AST"): "of whatever statement is given",
    ("pipeline/store/chdb.py", "INSERT INTO "): "of whatever table and columns are given",
    ("pipeline/store/chdb.py", "SELECT 1 "): "asks nothing: it clears what a failed query left",
    ("pipeline/store/clickhouse.py", "CREATE DATABASE"): "a database's name can be no parameter",
    ("pipeline/store/clickhouse.py", "INSERT INTO "): "of whatever table and columns are given",
    (
        "pipeline/store/migrate.py",
        "CREATE TABLE IF NOT EXISTS migrations",
    ): "stands before any file",
    ("pipeline/store/migrate.py", "SELECT * FROM migrations"): "stands before any file",
    ("pipeline/store/shards.py", "CREATE "): "told from the schema's files",
    ("pipeline/store/shards.py", "ALTER TABLE "): "told from the schema's files",
    ("pipeline/store/shards.py", "INSERT INTO "): "found in the schema's files",
    ("pipeline/store/views.py", "CREATE OR REPLACE VIEW "): "of whatever view's file is given",
    ("pipeline/report/admin.py", "SELECT number FROM migrations"): "as in migrate.py",
    ("pipeline/index/lifecycle.py", "SELECT count() AS arrivals"): _MARKS,
    ("pipeline/frontier/plan.py", "SELECT max(snapshot)"): "one number; the plan itself is a file",
    ("pipeline/quality/score.py", "SELECT max(arrived)"): "one number; the questions are files",
    ("pipeline/quality/written.py", "ALTER TABLE "): "a partition can be no parameter",
    ("pipeline/quality/written.py", "SELECT count() AS rows FROM "): "of whatever table is given",
    ("pipeline/quality/relevant.py", "ALTER TABLE "): "a partition can be no parameter",
    ("pipeline/quality/page_scores.py", "ALTER TABLE "): "a partition can be no parameter",
    ("pipeline/index/erase.py", "ALTER TABLE "): _EVERY_TABLE,
    ("pipeline/index/snapshots.py", "ALTER TABLE "): "a partition can be no parameter",
    ("pipeline/index/erase.py", "SELECT count() AS found FROM "): _EVERY_TABLE,
    ("demo/judge.py", "SELECT DISTINCT target_domain"): "of the judge, who asks for all there is",
}


class Module(NamedTuple):
    """`package`: its top-level name."""

    file: str
    package: str
    tree: ast.Module


def modules(root: Path, packages: frozenset[str] = frozenset({*MAY_IMPORT, ROOT})) -> list[Module]:
    """Every module of ours under `root`, the tests' not."""
    found = []
    for path in sorted(root.rglob("*.py")):
        file = path.relative_to(root)
        package = file.parts[0].removesuffix(".py")
        if package in packages:
            found.append(Module(file.as_posix(), package, ast.parse(path.read_text())))
    return found


def imported(module: Module) -> Iterator[str]:
    """Full names of all that it imports, wherever it does; relative and by importlib too."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _name(node.func) in ("import_module", "__import__"):
            yield from (str(a.value) for a in node.args[:1] if isinstance(a, ast.Constant))


def _base(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    above = module.file.removesuffix(".py").split("/")[: -node.level]
    return ".".join([*above, *([node.module] if node.module else [])])


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def layer_breaches(root: Path) -> list[str]:
    return sorted(
        {
            f"{module.file} imports {name.partition('.')[0]}"
            for module in modules(root)
            for name in imported(module)
            if module.package != ROOT
            and name.partition(".")[0] in OURS - MAY_IMPORT[module.package]
        }
    )


def composers(root: Path) -> list[str]:
    """Modules that import spiders and consumers together."""
    return [
        module.file
        for module in modules(root)
        if {"spiders", "consumers"} <= {name.partition(".")[0] for name in imported(module)}
    ]


def misnamed(root: Path) -> list[str]:
    """What a misquoted line of a shell leaves behind: once a hundred files called as grants are."""
    return [path.name for path in root.iterdir() if not re.fullmatch(r"[\w.-]+", path.name)]


def environment_readers(root: Path) -> list[str]:
    found = []
    for module in modules(root):
        reads = any(
            name in ("os.environ", "os.environb", "os.getenv") for name in imported(module)
        ) or any(
            isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv")
            for node in ast.walk(module.tree)
        )
        if reads:
            found.append(module.file)
    return found


def statements(root: Path) -> list[tuple[str, str]]:
    """Every SQL statement that stands in a module, as file and text; docstrings are none."""
    found = []
    for module in modules(root):
        described = {id(text) for text in _docstrings(module.tree)}
        inner = {
            id(value)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.JoinedStr)
            for value in node.values[1:]
        }
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Constant) or id(node) in described | inner:
                continue
            if isinstance(node.value, str) and _STATEMENT.match(node.value):
                found.append((module.file, " ".join(node.value.split()) + " "))
    return found


def _docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr):
                yield first.value


def misplaced_sql(root: Path) -> list[str]:
    return [
        f"{file}: {text[:60]}"
        for file, text in statements(root)
        if not any(file == where and text.startswith(how) for where, how in SQL_IN_PYTHON)
    ]


def undeclared(root: Path, declared: set[str]) -> list[str]:
    """Distributions that a module imports from and pyproject.toml does not name."""
    distributions = packages_distributions()
    found = set()
    for module in modules(root):
        for name in imported(module):
            top = ".".join(name.split(".")[:1])
            owners = {plain(owner) for owner in distributions.get(top, [])}
            if owners and top not in OURS and not owners & declared:
                found.add(f"{module.file} imports {top} ({', '.join(sorted(owners))})")
    return sorted(found)


def plain(distribution: str) -> str:
    """A distribution's name as registries compare it, without its version."""
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~;\[ ]", distribution)[0]).lower()


# --- the rules hold ---


def test_packages_import_only_what_their_layer_may() -> None:
    assert layer_breaches(REPOSITORY) == []


def test_only_the_composition_root_imports_spiders_and_consumers_together() -> None:
    assert composers(REPOSITORY) == ["backlinks.py"]


def test_nothing_at_the_top_is_misnamed() -> None:
    assert misnamed(REPOSITORY) == []


def test_a_misnamed_file_is_found(tmp_path: Path) -> None:
    for name in ("GRANT SELECT ON pages TO read;...", "...", "pyproject.toml", ".ci"):
        (tmp_path / name).touch()
    assert misnamed(tmp_path) == ["GRANT SELECT ON pages TO read;..."]


def test_only_the_edges_read_the_environment() -> None:
    assert set(environment_readers(REPOSITORY)) <= READS_ENVIRONMENT


def test_sql_stands_in_sql_files() -> None:
    assert misplaced_sql(REPOSITORY) == []


def test_every_exception_for_sql_is_still_needed() -> None:
    found = statements(REPOSITORY)
    unused = [
        (where, how)
        for where, how in SQL_IN_PYTHON
        if not any(file == where and text.startswith(how) for file, text in found)
    ]
    assert unused == []


def test_every_sql_file_says_first_what_it_is() -> None:
    files = [path for package in MAY_IMPORT for path in (REPOSITORY / package).rglob("*.sql")]
    assert files
    assert [path.name for path in files if not path.read_text().startswith("-- ")] == []


# --- and each of them can fail ---


def _plant(root: Path, file: str, text: str) -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("file", "text", "breach"),
    [
        ("spiders/a.py", "import consumers.loop", "spiders/a.py imports consumers"),
        ("consumers/a.py", "from spiders import crawl", "consumers/a.py imports spiders"),
        ("pipeline/a.py", "from spiders.crawl import Crawl", "pipeline/a.py imports spiders"),
        ("pipeline/b/c.py", "import demo.web as web", "pipeline/b/c.py imports demo"),
        ("pipeline/a.py", "import backlinks", "pipeline/a.py imports backlinks"),
        ("demo/a.py", "def f():\n    import spiders", "demo/a.py imports spiders"),
        ("spiders/a.py", "from tests.support import web", "spiders/a.py imports tests"),
        (
            "demo/a.py",
            "from importlib import import_module\nimport_module('consumers.loop')",
            "demo/a.py imports consumers",
        ),
    ],
)
def test_an_import_across_the_layers_is_found(
    tmp_path: Path, file: str, text: str, breach: str
) -> None:
    _plant(tmp_path, file, text)
    assert layer_breaches(tmp_path) == [breach]


def test_imports_within_the_layers_are_no_breach(tmp_path: Path) -> None:
    _plant(tmp_path, "spiders/a.py", "import os\nfrom pipeline.url import Url\nfrom . import b")
    _plant(tmp_path, "spiders/c/d.py", "from ..b import x\nfrom .e import y")
    _plant(tmp_path, "backlinks.py", "import spiders, consumers, pipeline, demo")
    assert layer_breaches(tmp_path) == []


def test_a_second_composition_root_is_found(tmp_path: Path) -> None:
    _plant(tmp_path, "backlinks.py", "import spiders.crawl\nfrom consumers import loop")
    _plant(tmp_path, "demo/all.py", "import spiders.crawl\nfrom consumers import loop")
    assert composers(tmp_path) == ["backlinks.py", "demo/all.py"]


@pytest.mark.parametrize(
    "text",
    [
        "import os\nx = os.environ['A']",
        "import os as o\nx = o.environ.get('A')",
        "from os import environ",
        "from os import getenv as g",
        "import os\nx = os.getenv('A')",
    ],
)
def test_reading_the_environment_is_found(tmp_path: Path, text: str) -> None:
    _plant(tmp_path, "pipeline/a.py", text)
    assert environment_readers(tmp_path) == ["pipeline/a.py"]


@pytest.mark.parametrize(
    "text",
    [
        "q = 'SELECT 1 FROM links'",
        'q = """\n  -- what it answers\n  INSERT INTO links SELECT 1"""',
        "q = f'SELECT {1} FROM links'",
        "q = f'ALTER TABLE {1} DROP PARTITION 1'",
        "q = 'WITH a AS (SELECT 1) SELECT * FROM a'",
        "q = 'CREATE MATERIALIZED VIEW a TO b AS SELECT 1'",
        "q = 'DELETE FROM links'",
        "q = 'OPTIMIZE TABLE links FINAL'",
    ],
)
def test_sql_in_a_module_is_found(tmp_path: Path, text: str) -> None:
    _plant(tmp_path, "pipeline/a.py", text)
    assert len(misplaced_sql(tmp_path)) == 1


def test_words_and_docstrings_are_no_sql(tmp_path: Path) -> None:
    _plant(
        tmp_path,
        "pipeline/a.py",
        '"""SELECT 1 FROM links"""\nx = "begin with SELECT"\n'
        'y = "Selected: from all"\ndef f():\n    "INSERT INTO links"\n',
    )
    assert misplaced_sql(tmp_path) == []


def test_an_exception_holds_for_its_own_file_and_statement_alone(tmp_path: Path) -> None:
    _plant(tmp_path, "pipeline/frontier/plan.py", "a = 'SELECT max(snapshot) FROM snapshots'")
    _plant(tmp_path, "pipeline/frontier/due.py", "a = 'SELECT max(snapshot) FROM snapshots'")
    _plant(tmp_path, "pipeline/quality/score.py", "a = 'SELECT count() FROM links'")
    assert [breach.partition(":")[0] for breach in misplaced_sql(tmp_path)] == [
        "pipeline/frontier/due.py",
        "pipeline/quality/score.py",
    ]


def test_an_undeclared_dependency_is_found(tmp_path: Path) -> None:
    _plant(
        tmp_path, "spiders/a.py", "import click\nfrom twisted.internet import reactor\nimport os"
    )
    assert undeclared(tmp_path, {"click"}) == ["spiders/a.py imports twisted (twisted)"]
