"""The docs are whole and true: each rule here is shown to fail on what breaks it."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pipeline.report.commands import cli
from pipeline.store.chdb import ChdbStore
from pipeline.store.views import views
from pipeline.url import canonical
from tests.support import docs
from tests.support.docs import REGENERATE, REPOSITORY
from tests.test_layers import plain, undeclared

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_SHELL = ("", "sh", "bash", "console")
_HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:org|com|net|io|dev|cloud)\b")
# Hosts that docs may name: RFC 2606 keeps them for examples, and a suffix that the list has.
_EXAMPLES = re.compile(r"(?:(?:.*\.)?example\.(?:org|com|net)|(?:[ab]\.)?github\.io)\Z")
_UNIX_ROOTS = "bin|etc|home|mnt|opt|private|root|srv|tmp|usr|var|Users|Volumes"
_MACHINE_PATH = re.compile(rf"(?<![\w.:/~-])/(?:{_UNIX_ROOTS})/[\w.]|[A-Z]:\\\w")
_INDEX = re.compile(r"--(?:extra-)?index-url|--find-links|--trusted-host")


def read(file: str) -> str:
    return (REPOSITORY / file).read_text(encoding="utf-8")


def texts() -> dict[str, str]:
    """What people read, by file."""
    paths = sorted((REPOSITORY / "docs").rglob("*.md"))
    files = ["README.md", "CHANGELOG.md", *(str(p.relative_to(REPOSITORY)) for p in paths)]
    return {file: read(file) for file in files}


# --- rules, as functions from what is written to what is wrong ---


def missing(names: list[str], text: str) -> list[str]:
    """Names that no code span of the text is."""
    spans = set(_SPAN.findall(text))
    return [name for name in names if name not in spans]


def missing_headings(names: list[str], text: str) -> list[str]:
    heads = set(re.findall(r"^#+ (.+)$", text, re.MULTILINE))
    return [name for name in names if name not in heads]


def missing_columns(table: str, columns: list[str], text: str) -> list[str]:
    """Columns that the table of the section `table` has no row for."""
    match = re.search(rf"^(#+) {table}\n(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    told = set(re.findall(r"^\| `(\w+)` \|", match[2], re.MULTILINE)) if match else set()
    return [f"{table}.{name}" for name in columns if name not in told]


def dead_links(file: str, text: str, root: Path) -> list[str]:
    """Links to files that are not there, and to headings that they don't have."""
    found = []
    for target in _LINK.findall(text):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        path = (root / file).parent / name if name else root / file
        if not path.exists() or (anchor and anchor not in anchors(path.read_text())):
            found.append(f"{file}: {target}")
    return found


def anchors(text: str) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def command_lines(text: str) -> Iterator[str]:
    """What stands in code and calls `backlinks`, without what is before and after it."""
    blocks = [body for language, body in _FENCE.findall(text) if language in _SHELL]
    rest = _FENCE.sub("", text)
    blocks += re.findall(r"^    (.+)$", rest, re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    for line in [*lines, *_SPAN.findall(rest)]:
        match = re.match(r"(?:\S*/|python -m )?backlinks(?: (.*))?\Z", line.strip())
        if match is not None and match[1]:
            yield match[1]


def wrong_command(line: str) -> str:
    """What is wrong with `backlinks` followed by this; '' where nothing is."""
    words = _words(line)
    command: click.Command = cli
    name = "backlinks"
    while words:
        word = words.pop(0)
        if word.startswith("-") and word != "-":
            option, _, value = word.partition("=")
            takes = _arguments_of(command, option)
            if takes is None:
                return f"{name} has no option {option}"
            del words[: 0 if value else takes]
        elif isinstance(command, click.Group):
            below = command.commands.get(word)
            if below is None:
                return f"{name} has no command {word}"
            command, name = below, f"{name} {word}"
    return ""


def _words(line: str) -> list[str]:
    """Up to a comment, a pipe or the next command; usage lines' brackets are left out."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    for word in lexer:
        if re.fullmatch(r"[|&;<>]+", word):
            break
        if not re.fullmatch(r"\[.*|.*\]|\.\.\.|…|[A-Z]+", word):
            words.append(word)
    return words


def _arguments_of(command: click.Command, option: str) -> int | None:
    """How many words follow the option; None where the command has no such."""
    if option in ("-h", "--help") or (command is cli and option == "--version"):
        return 0
    for known in command.params:
        if isinstance(known, click.Option) and option in (*known.opts, *known.secondary_opts):
            return 0 if known.is_flag else known.nargs
    return None


def unknown_options(text: str) -> list[str]:
    """Options named alone in a code span that no command has."""
    known = {name for option in docs.options() for name in option.names} | {"--help", "--version"}
    spans = (span.split()[0] for span in _SPAN.findall(_FENCE.sub("", text)) if span.split())
    return [span for span in spans if re.fullmatch(r"--?[a-z][\w-]*", span) and span not in known]


def unknown_targets(text: str, makefile: str) -> list[str]:
    """Targets of `make` that the Makefile doesn't have."""
    known = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    code = [*_SPAN.findall(_FENCE.sub("", text)), *re.findall(r"^    (.+)$", text, re.MULTILINE)]
    used = [match[1] for line in code if (match := re.match(r"make ([a-z][\w-]*)", line))]
    return [target for target in used if target not in known]


def hosts_and_paths(text: str, machine: list[str]) -> list[str]:
    """Hosts that are no examples, options that name a registry, paths of one machine."""
    found = [host for host in _HOST.findall(text.lower()) if not _EXAMPLES.match(host)]
    found += _INDEX.findall(text)
    found += [match[0] for match in _MACHINE_PATH.finditer(text)]
    return found + [path for path in machine if path in text]


def wrong_lock(text: str) -> list[str]:
    """Requirements without a hash, and addresses."""
    found = [line for line in text.splitlines() if "://" in line or _INDEX.search(line)]
    requirement, hashes = "", 0
    for line in [*text.splitlines(), "end==0"]:
        if re.match(r"[A-Za-z0-9][\w.-]*==", line):
            if requirement and not hashes:
                found.append(requirement)
            requirement, hashes = line, 0
        elif re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?", line):
            hashes += 1
        elif not re.match(r"\s*(?:#.*)?\Z", line):
            found.append(line)
    return found


def locked(text: str) -> set[str]:
    return {plain(name) for name in re.findall(r"^([A-Za-z0-9][\w.-]*)==", text, re.MULTILINE)}


def metrics(source: str) -> list[str]:
    """Names in pipeline/metrics.py: its text constants that look like one."""
    return [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z][a-z0-9]*(?:[._][a-z0-9]+)+", node.value)
    ]


def default_in_help(text: str) -> str | None:
    match = re.search(r"\[default: ([^\]]+)\]", text)
    return match[1] if match else None


def declared(*, extra: str = "") -> set[str]:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    named = list(project["dependencies"])
    if extra:
        named += project["optional-dependencies"][extra]
    return {plain(requirement) for requirement in named}


def sql_blocks() -> list[tuple[str, str]]:
    return [
        (file, body)
        for file, text in texts().items()
        for language, body in _FENCE.findall(text)
        if language == "sql"
    ]


# --- everything is documented ---


def test_every_command_is_documented() -> None:
    names = [f"backlinks {name}".strip() for name, _ in docs.commands()]
    assert missing_headings(names, read("docs/commands.md")) == []


def test_every_option_is_documented_and_says_what_it_does() -> None:
    names = [name for option in docs.options() for name in option.names]
    assert missing(names, read("docs/commands.md")) == []
    silent = [
        f"{option.command} {option.names[0]}" for option in docs.options() if not option.option.help
    ]
    assert silent == [], "give these a help text"


def test_every_command_has_an_example() -> None:
    without = [
        name
        for name, command in docs.commands()
        if not isinstance(command, click.Group)
        and "\b" not in (command.help or "")
        and name not in docs.EXAMPLES
    ]
    assert without == []


def test_defaults_in_help_are_those_of_the_settings() -> None:
    known = {path: str(field.default) for path, field in docs.settings()}
    for option in docs.options():
        told = default_in_help(option.option.help or "")
        if option.setting and told is not None:
            default = known[option.setting]
            same = told == default or (_is_number(told) and float(told) == float(default))
            assert same, f"{option.command} {option.names[0]}: {told}, but {default}"


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[\d.]+", text) is not None


def test_every_setting_is_documented_with_its_variable() -> None:
    names = [path for path, _ in docs.settings()]
    text = read("docs/settings.md")
    assert missing(names, text) == []
    assert missing([docs.variable(name) for name in names], text) == []


def test_every_setting_says_why_it_is_so() -> None:
    assert [path for path, field in docs.settings() if not field.description] == []


def test_every_error_is_documented_with_what_to_do() -> None:
    names = [kind.__name__ for kind in docs.error_kinds()]
    assert missing(names, read("docs/errors.md")) == []
    assert missing_headings(names, read("docs/errors.md")) == []


def test_every_metric_is_documented() -> None:
    file = REPOSITORY / "pipeline/metrics.py"
    if file.exists():
        assert missing(metrics(file.read_text()), texts().get("docs/metrics.md", "")) == []


def test_every_table_and_column_is_documented(shared_store: ChdbStore) -> None:
    text = read("docs/schema.md")
    found = docs.tables(shared_store)
    for table in found.values():
        if not table.name.endswith("_next"):
            columns = [name for name, _, _ in table.columns]
            assert missing_columns(table.name, columns, text) == []
            silent = [name for name, _, meaning in table.columns if not meaning]
            assert silent == [], f"give these columns of {table.name} a COMMENT"
        assert table.meaning
    assert missing_headings(list(found), text) == []


def test_every_view_and_its_columns_are_documented(shared_store: ChdbStore) -> None:
    text = read("docs/schema.md")
    names = {
        row["name"]
        for row in shared_store.query(
            "SELECT name FROM system.tables "
            "WHERE database = currentDatabase() AND engine LIKE '%View'"
        ).to_pylist()
    }
    assert names == {*docs.VIEWS, *(name for name, _, _ in docs.materialized_views())}
    assert missing(sorted(names), text) == []
    for view in docs.VIEWS:
        for name, kind in docs.view_columns(shared_store, view):
            assert f"| `{name}` | `{docs.shortened(kind)[0]}` |" in text, f"{view}.{name} {kind}"


def test_every_column_of_a_view_with_parameters_has_a_meaning(shared_store: ChdbStore) -> None:
    known = {name for name, _ in docs.view_columns(shared_store, "backlinks")}
    for view in views():
        columns = {name for name, _ in docs.view_columns(shared_store, view.name)}
        silent = sorted(columns - known - docs.view_meanings(view).keys())
        assert silent == [], f"{view.name}: say what these mean, as `AS {silent} -- meaning`"


def test_the_first_table_of_the_schema_names_every_public_table_once() -> None:
    first = read("docs/schema.md").partition("## Before you ask")[0]
    rows = [line.split("|")[2] for line in first.splitlines() if line.startswith("| ")][1:]
    named = [re.findall(r"\]\(#(\w+)\)", row)[0] for row in rows]
    assert len(named) == len(set(named)), named
    assert set(docs.PUBLIC) - {name for row in rows for name in re.findall(r"#(\w+)", row)} == set()
    assert first.count("public contract") == 1


def test_public_tables_are_those_that_the_docs_promise(shared_store: ChdbStore) -> None:
    contract, _, plumbing = read("docs/schema.md").partition("## Plumbing")
    for name in docs.tables(shared_store):
        assert missing_headings([name], contract if name in docs.PUBLIC else plumbing) == []


# --- and it is true ---


def test_made_parts_are_what_the_code_says(shared_store: ChdbStore) -> None:
    assert docs.stale(REPOSITORY, shared_store) == [], f"run `{REGENERATE}`"


@pytest.mark.parametrize(("file", "body"), sql_blocks())
def test_queries_in_docs_run(shared_store: ChdbStore, file: str, body: str) -> None:
    shared_store.query(body)


def test_every_public_table_and_view_has_a_query_in_the_docs() -> None:
    asked = " ".join(body for file, body in sql_blocks() if file == "docs/schema.md")
    tables = [*docs.PUBLIC, *docs.VIEWS]
    assert [name for name in tables if not re.search(rf"FROM {name}\b", asked)] == []


def test_links_between_docs_lead_somewhere() -> None:
    found = [link for file, text in texts().items() for link in dead_links(file, text, REPOSITORY)]
    assert found == []


def test_commands_in_docs_exist() -> None:
    found = [
        f"{file}: backlinks {line}: {wrong}"
        for file, text in texts().items()
        for line in command_lines(text)
        if (wrong := wrong_command(line))
    ]
    found += [f"{file}: {name}" for file, text in texts().items() for name in unknown_options(text)]
    assert found == []


def test_make_targets_in_docs_exist() -> None:
    makefile = read("Makefile")
    found = {file: unknown_targets(text, makefile) for file, text in texts().items()}
    assert not any(found.values()), found


def test_examples_of_canonical_urls_are_right() -> None:
    rows = re.findall(r"^\| `(\S+)` \| `(https?://\S+)` \|$", read("docs/urls.md"), re.MULTILINE)
    assert len(rows) > 5
    assert {url: canonical(url).url for url, _ in rows} == dict(rows)


def test_docs_name_no_registry_and_no_machine() -> None:
    machine = [str(REPOSITORY), str(Path.home()), str(REPOSITORY.parent) + "/"]
    machine = [path for path in machine if len(path.strip("/")) > 1]
    found = {file: hosts_and_paths(text, machine) for file, text in texts().items()}
    assert not any(found.values()), found


@pytest.mark.parametrize("file", sorted(p.name for p in REPOSITORY.glob("requirements*.lock")))
def test_locks_have_hashes_and_no_addresses(file: str) -> None:
    assert wrong_lock(read(file)) == []


def test_locks_hold_every_declared_dependency() -> None:
    assert declared() <= locked(read("requirements.lock"))
    every = set().union(*(locked(p.read_text()) for p in REPOSITORY.glob("requirements*.lock")))
    assert declared(extra="dev") <= every


def test_every_import_is_declared() -> None:
    assert undeclared(REPOSITORY, declared() | declared(extra="geoip")) == [], (
        "declare them in pyproject.toml"
    )


# --- and each rule can fail ---


def test_what_is_undocumented_is_found() -> None:
    text = "## backlinks run\n\nUse `--pages` or `plan.pages`.\n"
    assert missing(["--pages", "--page", "plan.pages", "plan.page"], text) == [
        "--page",
        "plan.page",
    ]
    assert missing_headings(["backlinks run", "backlinks"], text) == ["backlinks"]


def test_an_undocumented_column_is_found() -> None:
    text = "## links\n\n| `seen` | x |\n\n## pages\n\n| `host` | x |\n"
    assert missing_columns("links", ["seen", "host"], text) == ["links.host"]
    assert missing_columns("marks", ["job"], text) == ["marks.job"]


def test_an_undocumented_metric_is_found() -> None:
    source = 'PAGES = "pages_total"  # pages\nWORD = "word"\n'
    assert missing(metrics(source), "`pages`") == ["pages_total"]


def test_a_stale_made_part_is_found() -> None:
    text = "a\n<!-- made: x -->\nold\n<!-- /made -->\nb"
    new = docs.filled(text, {"x": "new"}, "a.md")
    assert new != text
    assert docs.filled(new, {"x": "new"}, "a.md") == new
    with pytest.raises(ValueError, match=r"a\.md needs one place for the made part 'y'"):
        docs.filled(text, {"y": "new"}, "a.md")


def test_a_stale_file_is_named(tmp_path: Path, shared_store: ChdbStore) -> None:
    (tmp_path / "docs").mkdir()
    for file in docs.made(shared_store):
        (tmp_path / file).write_text(read(file))
    settings = tmp_path / "docs/settings.md"
    settings.write_text(settings.read_text().replace("| `crawl.delay_s` |", "| `crawl.pause_s` |"))
    assert "docs/settings.md" in docs.stale(tmp_path, shared_store)


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# What is there\n")
    text = "[a](there.md) [b](there.md#what-is-there) [c](not.md) [d](there.md#no) [e](#nor)"
    (tmp_path / "a.md").write_text(text)
    dead = ["a.md: not.md", "a.md: there.md#no", "a.md: #nor"]
    assert dead_links("a.md", text, tmp_path) == dead


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("crawl example.org", "backlinks has no command crawl"),
        ("run example.org --depth 3", "backlinks run has no option --depth"),
        ("worker fetch", "backlinks worker has no command fetch"),
        ("links example.org --data x", "backlinks links has no option --data"),
        ("--verbose run", "backlinks has no option --verbose"),
        ("--data x run example.org --pages 5 | less --raw", ""),
        ("sql \"SELECT '--x'\" -p a --b --csv   # --y", ""),
        ("run [OPTIONS] [SEED...]", ""),
        ("check https://example.org/ --to example.com && echo --there", ""),
        ("--data=x status --json", ""),
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str, wrong: str) -> None:
    assert wrong_command(line) == wrong


def test_commands_are_found_wherever_they_stand() -> None:
    text = (
        "Use `backlinks one` and `backlinks`.\n\n    .venv/bin/backlinks two --x\n\n"
        "```sh\npython -m backlinks three\n```\n```sql\nbacklinks four\n```\nbacklinks five\n"
    )
    assert sorted(command_lines(text)) == ["one", "three", "two --x"]


def test_an_unknown_option_and_an_unknown_target_are_found() -> None:
    assert unknown_options("`--csv`, `--tsv` and `-o FILE`") == ["--tsv"]
    assert unknown_targets("`make demo`\n\n    make tset\n", "demo: x\ntest: x\n") == ["tset"]


@pytest.mark.parametrize(
    "text",
    [
        "from https://index.made-up.org/simple", "see packages.made-up.io", "--index-url x",
        "in /home/somebody/backlinks", "in /tmp/x", "in C:\\Users", "in /made/up/checkout",
    ],
)  # fmt: skip
def test_a_host_or_path_that_docs_must_not_name_is_found(text: str) -> None:
    assert hosts_and_paths(text, ["/made/up"])


def test_example_hosts_and_url_paths_are_no_breach() -> None:
    text = "https://example.org/tmp/x, www.example.com, other-site.example, docs/urls.md, /page"
    assert hosts_and_paths(text, ["/made/up"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "a==1\n", "a==1 \\\n    --hash=sha256:12\n", "a>=1\n",
        "--index-url x\n", "a @ https://example.org/a.whl\n",
    ],
)  # fmt: skip
def test_a_lock_without_hashes_or_with_an_address_is_found(text: str) -> None:
    good = f"b==1 \\\n    --hash=sha256:{'0' * 64}\n    # via a\n"
    assert wrong_lock(good) == []
    assert wrong_lock(good + text)


def test_tables_of_the_docs_hold_no_bare_pipe() -> None:
    """A pipe in a cell would shift its row's columns."""
    for file, text in texts().items():
        for block in re.findall(r"(?:^\|.*\n)+", _FENCE.sub("", text), re.MULTILINE):
            sizes = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(sizes) == 1, f"{file}: {block.splitlines()[0]}"
