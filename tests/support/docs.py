"""The parts of docs/ that are made from the code. `python -m tests.support.docs` writes them anew.

A made part stands between two comments that name it; everything else in docs/ is written by hand.
"""

from __future__ import annotations

import inspect
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import backlinks  # noqa: F401 - adds the commands that compose
from demo.web import DemoWeb
from pipeline import errors
from pipeline.errors import BacklinksError
from pipeline.quality.features import NEVER, features
from pipeline.report.commands import cli
from pipeline.settings import PREFIX, Settings
from pipeline.store import Store, rows
from pipeline.store.chdb import ChdbStore
from pipeline.store.examples import examples
from pipeline.store.migrate import migrate, migrations
from pipeline.store.shards import Cluster
from pipeline.store.views import View, views
from pipeline.url import SESSION, SESSION_PREFIXES, TRACKING, TRACKING_PREFIXES

REPOSITORY = Path(__file__).resolve().parents[2]
REGENERATE = "python -m tests.support.docs"

PUBLIC = (
    "links", "pages", "page_links", "frontier", "snapshots", "controls", "domain_edges",
    "domain_quality", "page_fates", "graph_referrers", "domain_terms", "page_quality", "labels",
)  # fmt: skip
VIEWS = (
    "link_states", "backlinks", "link_changes", "all_link_states", "graph_backlinks",
    "country_endings", "labels_now",
    *(view.name for view in views()),
)  # fmt: skip
OF_FILES = {view.name for view in views()}  # which tell their own cost
OF_A_DOMAIN = ("backlinks", "link_changes", "graph_backlinks")  # views of migrations that take one

# Options whose name is not their setting's, and those that only look like one.
OPTION_SETTINGS = {
    "trusted": "score.seeds",
    "known_spam": "score.spam",
    "archive_to": "archive.to",
    "to": "",
}

# For the commands whose help has no examples.
EXAMPLES = {
    "status": ["backlinks status --json | jq .lag"],
    "demo": ["backlinks demo", "backlinks demo --keep demo-index"],
    "worker plan": ["backlinks worker plan example.org --contact https://example.org/bot"],
    "worker crawl": ["backlinks worker crawl --contact https://example.org/bot"],
    "worker consume": ["backlinks worker consume"],
    "admin migrate": ["backlinks --data backlinks-data admin migrate"],
}

_MS, _S, _PLACE, _PACKED = "ms since 1970", "s since 1970", "place", "packed"
UNITS = {
    **dict.fromkeys(["first_seen", "at", "first_visit", "last_visit", "last_complete"], _MS),
    **dict.fromkeys(
        ["arrived", "graphed", "written", "snapshot", "mark", "version", "applied", "since"], _MS
    ),
    **dict.fromkeys(["came", "came_after", "went", "went_after"], _MS),
    **dict.fromkeys(["discovered", "wanted", "due"], _S),
    **dict.fromkeys(
        ["seen", "look", "listed", "confirmed", "doubt", "lost", "absent_before"], _PACKED
    ),
    "uncounted": _PACKED,
    **dict.fromkeys(["fetched", "failures", "delay", "leased"], _PACKED),
    **dict.fromkeys(["trusted_harmonic_rank", "trust_rank", "pagerank_rank"], _PLACE),
    **dict.fromkeys(
        ["harmonic_rank", "referring_domains_rank", "relevance_rank", "inverse_pagerank_rank"],
        _PLACE,
    ),
    **dict.fromkeys(["portfolio_worth_rank", "worth_rank"], _PLACE),
    **dict.fromkeys(["portfolio", "portfolio_low", "portfolio_high", "score"], "0 to 100"),
    "crawled_share": "0 to 1",
    **dict.fromkeys(["pagerank", "trust", "follow_share", "damping"], "0 to 1"),
    **dict.fromkeys(["trust_spread", "anti_trust", "truncated_pagerank"], "0 to 1"),
    **dict.fromkeys(["reciprocity", "in_out_overlap"], "0 to 1"),
    "spam_mass": "to 1",
    "trust_gap": "percentile points",
    "seed_distance": "links",
    **dict.fromkeys(
        [
            f"{name}_rank"
            for name in (
                "anti_trust",
                "spam_mass",
                "truncated_pagerank",
                "trust_gap",
                "supporters_2",
                "trusted_supporters_2",
                "reciprocity",
                "in_out_overlap",
                "in_degree",
                "out_degree",
            )
        ],
        _PLACE,
    ),
    **dict.fromkeys(["undivided", "shells", "ring", "traded", "strangers"], "0 to 1"),
    **dict.fromkeys(["apart", "serves_alike", "unreached"], "0 to 1"),
    **dict.fromkeys(
        [f"unlisted_{name}" for name in ("undivided", "shells", "ring", "knot")], "0 to 1"
    ),
    **dict.fromkeys(["untrusted_mass", "fellows", "same_referrers"], "0 to 1"),
    **dict.fromkeys(["linked_risk", "serves", "risk_points"], "points"),
    **dict.fromkeys(["authority", "spam_risk"], "0 to 100"),
    "bytes": "bytes",
    "latency_ms": "ms",
    "delay_ms": "ms",
    "interval_s": "s",
}

# What the views that group do it by, in their examples.
_BY = {"networks_of": "net", "places_of": "country", "history_of": "month"}

# The one table that no migration makes: it holds what migrations were applied.
_BOOK = {
    "number": "of the migration",
    "name": "of its file",
    "checksum": "of its file",
    "suffix_list": "version of the public suffix list that domains are cut by",
    "applied": "when",
}
_TABLES = """SELECT name, engine, engine_full, sorting_key, partition_key FROM system.tables
WHERE database = currentDatabase() AND engine NOT LIKE '%View'"""
_COLUMNS = """SELECT table, name, type, comment FROM system.columns
WHERE database = currentDatabase() ORDER BY table, position"""


class Option(NamedTuple):
    """An option of one command. `setting`: the one that it sets, '' where none."""

    command: str
    names: tuple[str, ...]
    option: click.Option
    setting: str


# --- commands ---


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command by its full name, '' for `backlinks` itself, as they are listed."""

    def below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        yield name, command
        if isinstance(command, click.Group):
            for key in sorted(command.commands):
                yield from below(f"{name} {key}".strip(), command.commands[key])

    yield from below("", cli)


def options() -> list[Option]:
    """Every option of every command but --help and --version."""
    found = []
    for name, command in commands():
        for option in command.params:
            if isinstance(option, click.Option) and option.name != "version":
                names = (*option.opts, *option.secondary_opts)
                found.append(Option(name, names, option, _setting_of(option)))
    return found


def _setting_of(option: click.Option) -> str:
    name = str(option.name)
    if name in OPTION_SETTINGS:
        return OPTION_SETTINGS[name]
    same = [path for path, _ in settings() if path.rpartition(".")[2] == name]
    return same[0] if len(same) == 1 else ""


def _commands_part() -> str:
    lines = []
    for name, command in commands():
        if isinstance(command, click.Group) and name:
            lines += [f"## backlinks {name}", "", *_help(command), ""]
            continue
        lines += [f"## {f'backlinks {name}'.strip()}", "", "```", _usage(name, command), "```", ""]
        lines += _help(command)
        examples = EXAMPLES.get(name, [])
        if examples:
            lines += ["", "```sh", *examples, "```"]
        told = [option for option in options() if option.command == name]
        if told:
            lines += ["", "| option | value | what it does |", "|---|---|---|"]
            lines += [_option_row(option) for option in told]
        lines.append("")
    return "\n".join(lines)


def _usage(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"backlinks {name}".strip())
    return " ".join([context.command_path, *command.collect_usage_pieces(context)])


def _help(command: click.Command) -> list[str]:
    """The help's paragraphs, and its examples as code."""
    lines: list[str] = []
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if lines:
            lines.append("")
        if paragraph.startswith("\b"):
            lines += ["```sh", *map(_example, paragraph.splitlines()[1:]), "```"]
        else:
            lines += paragraph.splitlines()
    return lines


def _example(line: str) -> str:
    """An example of the help: what is told after a gap becomes a comment."""
    command, gap, told = re.fullmatch(r"(.*?)(?:(\s{2,})(.*))?", line.strip()).groups()  # type: ignore[union-attr]
    return f"{command}{gap}# {told.lstrip('# ')}" if gap else command


def _option_row(found: Option) -> str:
    option = found.option
    names = ", ".join(f"`{name}`" for name in found.names)
    told = [option.help or ""]
    if option.show_default and option.default is not None:
        told.append(f"[default: {option.default}]")
    if found.setting:
        told.append(f"Setting `{found.setting}`.")
    return f"| {names} | {_cell(_value(option))} | {_cell(' '.join(told).strip())} |"


def _value(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return ", ".join(map(str, option.type.choices))
    return option.metavar or option.type.name.upper().replace(" RANGE", "")


# --- settings ---


def settings() -> Iterator[tuple[str, FieldInfo]]:
    """Every setting as `section.name`."""
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for key, inner in kind.model_fields.items():
                yield f"{name}.{key}", inner
        else:
            yield name, field


def variable(setting: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + setting.replace(".", "__").upper()


def _settings_part() -> str:
    lines = []
    section = None
    for path, field in settings():
        head = path.rpartition(".")[0]
        if head != section:
            section = head
            kind = Settings.model_fields[head].annotation if head else None
            lines += ["", f"## {head}" if head else "## At the top", ""]
            if kind is not None:
                lines += [inspect.cleandoc(kind.__doc__ or ""), ""]
            lines += ["| setting | type | default | what it is, and why | environment | flag |"]
            lines += ["|---|---|---|---|---|---|"]
        lines.append(_setting_row(path, field))
    return "\n".join(lines).lstrip()


def _setting_row(path: str, field: FieldInfo) -> str:
    told = field.description or ""
    flags = ", ".join(
        dict.fromkeys(f"`{found.names[0]}`" for found in options() if found.setting == path)
    )
    cells = (
        f"`{path}`",
        _kind(path, field),
        f"`{_default(field)}`",
        told,
        f"`{variable(path)}`",
        flags,
    )
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | list):
        return str(value)
    return f'"{value}"'


def unit(path: str, field: FieldInfo) -> str:
    """Of a number, by its name."""
    if path.endswith("_s"):
        return "seconds"
    if path.endswith("_bytes"):
        return "bytes"
    return "share" if field.annotation is float else "count"


def _kind(path: str, field: FieldInfo) -> str:
    kind = field.annotation
    if kind in (int, float):
        bounds = ", ".join(
            f"{sign} {getattr(limit, name)}"
            for limit in field.metadata
            for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
            if getattr(limit, name, None) is not None
        )
        return f"{unit(path, field)}{', ' + bounds if bounds else ''}"
    names = {
        str: "text", bool: "true or false", Path: "path", list[str]: "list of networks",
        list[int]: "list of numbers",
    }  # fmt: skip
    if kind in names:
        return names[kind]
    return ", ".join(f"`{value}`" for value in getattr(kind, "__args__", ()))


# --- errors ---


def error_kinds() -> list[type[BacklinksError]]:
    """Every error of the tree, parents before children."""

    def below(kind: type[BacklinksError]) -> Iterator[type[BacklinksError]]:
        yield kind
        for child in kind.__subclasses__():
            if child.__module__ == errors.__name__:
                yield from below(child)

    return list(below(BacklinksError))


def _errors_part() -> str:
    lines = ["| error | is a | exit code | means |", "|---|---|---|---|"]
    for kind in error_kinds():
        parent = "" if kind is BacklinksError else f"`{kind.__bases__[0].__name__}`"
        means = " ".join(inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].split())
        lines.append(f"| `{kind.__name__}` | {parent} | {kind.exit_code} | {_cell(means)} |")
    return "\n".join(lines)


# --- URLs and the demo ---


def _parameters_part() -> str:
    lines = ["| dropped | names |", "|---|---|"]
    for what, names, after in (
        ("tracking, by name", TRACKING, ""), ("tracking, by beginning", TRACKING_PREFIXES, "…"),
        ("session, by name", SESSION, ""), ("session, by beginning", SESSION_PREFIXES, "…"),
    ):  # fmt: skip
        lines.append(f"| {what} | {', '.join(f'`{name}{after}`' for name in sorted(names))} |")
    return "\n".join(lines)


def _demo_part() -> str:
    web = DemoWeb()
    first, second = web.truth(1), web.truth(2)
    lost: dict[str, int] = {}
    for reason in second.lost.values():
        lost[reason] = lost.get(reason, 0) + 1
    lines = [
        ("hosts", len(web.hosts)),
        ("pages that the crawl starts from", len(web.seeds)),
        ("trusted domains", len(web.trusted)),
        ("honest domains", len(first.honest)),
        ("domains of the farm, its target among them", len(first.farm) + 1),
        ("links in the first crawl", len(first.links)),
        ("links in the second crawl", len(second.links)),
        *((f"links lost: {reason}", count) for reason, count in sorted(lost.items())),
        ("links out of sight in the second crawl, which must stay", len(second.unharmed)),
    ]
    return "\n".join(
        [
            "| planted | how many |",
            "|---|---|",
            *(f"| {what} | {count:,} |" for what, count in lines),
        ]
    )


# --- the schema ---


class Table(NamedTuple):
    """`columns`: name, type, meaning, where '' is none."""

    name: str
    engine: str
    order: str
    partition: str
    meaning: str
    columns: list[tuple[str, str, str]]


def tables(store: Store) -> dict[str, Table]:
    """What a migrated store has, in the order of the schema. A column without a comment means what
    the column of its name in a table above means."""
    book = rows(store.query(_TABLES))
    columns = rows(store.query(_COLUMNS))
    meanings = leading_comments()
    order = {name: place for place, name in enumerate(meanings)}
    found: dict[str, Table] = {}
    known: dict[str, str] = {}
    for row in sorted(book, key=lambda row: order.get(row["name"], len(order))):
        name = row["name"]
        told = []
        for column in columns:
            if column["table"] == name:
                own = column["comment"] or (_BOOK if name == "migrations" else known).get(
                    column["name"], ""
                )
                known[column["name"]] = own
                told.append((column["name"], column["type"], own))
        found[name] = Table(
            name,
            row["engine_full"].partition(" ")[0].strip("`") or row["engine"],
            row["sorting_key"],
            row["partition_key"],
            meanings.get(name, "Which migrations of the schema were applied."),
            told,
        )
    return found


def leading_comments() -> dict[str, str]:
    """What the schema's files say above each table and view."""
    found: dict[str, str] = {}
    above = ""
    for migration in migrations():
        for statement in migration.statements:
            match = re.search(
                r"^CREATE (?:OR REPLACE )?(?:TABLE|VIEW|MATERIALIZED VIEW) (\w+)", statement, re.M
            )
            if match is not None:
                comment = statement[: match.start()].strip().split("\n\n")[-1]
                own = " ".join(line.lstrip("- ") for line in comment.splitlines())
                above = own or above
                found[match[1]] = above
    return found


def empty(parameters: Mapping[str, str]) -> str:
    """A view's parameters, of which each is nothing: by name, their types."""
    none = {"UInt8": "0", "Array(String)": "[]", "UInt64": "0"}
    return ", ".join(f"{name} = {none.get(kind, repr(''))}" for name, kind in parameters.items())


def view_columns(store: Store, view: str) -> list[tuple[str, str]]:
    """Name and type of each column of a view that people ask."""
    given = {found.name: found.parameters for found in views()} | {
        name: {"domain": "String"} for name in OF_A_DOMAIN
    }
    named = empty(given.get(view, {}))
    asked = f"{view}({named})" if named else view
    found = rows(store.query(f"DESCRIBE TABLE (SELECT * FROM {asked})"))
    # A tuple's type is told over several lines.
    return [(row["name"], re.sub(r"\(\s+", "(", " ".join(row["type"].split()))) for row in found]


def materialized_views() -> list[tuple[str, str, str]]:
    """Name, table read, table written."""
    found = []
    for migration in migrations():
        for statement in migration.statements:
            match = re.search(r"^CREATE MATERIALIZED VIEW (\w+) TO (\w+)", statement, re.M)
            source = re.search(r"\bFROM (\w+)", statement)
            if match is not None and source is not None:
                found.append((match[1], source[1], match[2]))
    return found


def _table_part(table: Table) -> str:
    engine = f"Engine `{table.engine}`"
    if table.order:
        engine += f", key `({table.order})`"
    if table.partition:
        engine += f", one partition for each `{table.partition}`"
    lines = [table.meaning, "", f"{engine}.", ""]
    if table.name.endswith("_next"):
        return "\n".join(
            [*lines, f"Its columns are those of `{table.name.removesuffix('_next')}`."]
        )
    lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
    for name, kind, meaning in table.columns:
        short, values = shortened(kind)
        told = f"{meaning}: {values}" if values else meaning
        unit = "" if kind == "UInt8" else UNITS.get(name, "")  # a small number is nothing packed
        lines.append(f"| `{name}` | `{short}` | {unit} | {_cell(told)} |")
    return "\n".join([*lines, "", example_part(table.name)]).rstrip()


def example_part(table: str) -> str:
    """What a question to it costs, and one; nothing where there is none to ask."""
    found = examples().get(table)
    return f"{found.cost}\n\n{found.asks}\n\n```sql\n{found.sql}\n```" if found else ""


def shortened(kind: str) -> tuple[str, str]:
    """The type without an enumeration's members, and its members."""
    match = re.search(r"Enum8\(([^)]*)\)", kind)
    if match is None:
        return kind, ""
    return kind.replace(match[0], "Enum8"), ", ".join(re.findall(r"'([^']*)'", match[1]))


def _views_part(store: Store) -> str:
    """Every view that takes parameters. The columns of `backlinks` are not told again."""
    lines = []
    shared = set(view_columns(store, "backlinks"))
    for view in views():
        columns = view_columns(store, view.name)
        own = [column for column in columns if column not in shared]
        lines += [
            f"### {view.name}",
            "",
            f"`{view.name}`: {view.meaning}",
            "",
            f"Cost: {view.cost}",
            "",
        ]
        lines += ["```sql", "SELECT *", f"FROM {view.name}({given(view)})", "LIMIT 10", "```", ""]
        if len(columns) - len(own) > len(shared) / 2:
            lines += ["The columns of [backlinks](#backlinks), and:", ""]
        else:
            own = columns
        told = view_meanings(view)
        lines += ["| column | type | meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | `{kind}` | {_cell(told.get(name, ''))} |" for name, kind in own]
        lines.append("")
    return "\n".join(lines)


def given(view: View) -> str:
    """An example of the parameters of a view."""
    example = {
        "domain": "'example.org'", "under": "'%'", "other": "'example.com'", "other_under": "'%'",
        "named": "1", "old": "1700000000000", "new": "1700086400000", "seeded": "1",
        "others": "['example.com', 'example.net']", "by": f"'{_BY.get(view.name, '')}'",
        "after": "''", "until": "''", "as_of": "18446744073709551615",
    }  # fmt: skip
    return ", ".join(f"{name} = {example[name]}" for name in view.parameters)


def view_meanings(view: View) -> dict[str, str]:
    """What the comments behind a view's columns say."""
    return dict(re.findall(r"^ {4}(?:.*\W)?(\w+),? -- (.+)$", view.text, re.MULTILINE))


def _features_part(table: Table) -> str:
    """Every column with its unit, what it means and what NULL says of it."""
    lines = ["| feature | type | unit | meaning | NULL says |", "|---|---|---|---|---|"]
    for name, kind, unit, meaning, unknown in features(table.name, table.columns):
        told = "" if unknown == NEVER else unknown
        lines.append(f"| `{name}` | `{kind}` | {unit} | {_cell(meaning)} | {_cell(told)} |")
    return "\n".join(lines)


def _plumbing_part(found: Mapping[str, Table]) -> str:
    lines = []
    for table in found.values():
        if table.name not in PUBLIC:
            lines += [f"### {table.name}", "", _table_part(table), ""]
    lines += ["### Materialized views", "", "| view | reads | writes |", "|---|---|---|"]
    lines += [f"| `{name}` | `{source}` | `{to}` |" for name, source, to in materialized_views()]
    return "\n".join(lines)


def _shards_part() -> str:
    lines = ["| table | lies on the shard of | kept |", "|---|---|---|"]
    for table in Cluster("main", "backlinks").tables.values():
        where = table.key.removeprefix("cityHash64(").removesuffix(")")
        kept = "on every server, whole" if not table.key else f"in `{table.stored}`"
        told = f"its `{where}`" if where else ""
        if not table.kept:
            told, kept = "", "nowhere: its views write the others"
        lines.append(f"| `{table.name}` | {told} | {kept} |")
    return "\n".join(lines)


def made(store: Store) -> dict[str, dict[str, str]]:
    """Every made part, by file and name. `store`: migrated."""
    found = tables(store)
    schema = {f"table {name}": _table_part(found[name]) for name in PUBLIC}
    schema |= {f"view {name}": example_part(name) for name in VIEWS if name not in OF_FILES}
    schema["views"] = _views_part(store)
    schema["plumbing"] = _plumbing_part(found)
    return {
        "docs/commands.md": {"commands": _commands_part()},
        "docs/settings.md": {"settings": _settings_part()},
        "docs/errors.md": {"errors": _errors_part()},
        "docs/urls.md": {"parameters": _parameters_part()},
        "docs/demo.md": {"planted": _demo_part()},
        "docs/schema.md": schema,
        "docs/cluster.md": {"shards": _shards_part()},
        "docs/features.md": {
            "domains": _features_part(found["domain_quality"]),
            "edges": _features_part(found["domain_edges"]),
            "pages": _features_part(found["page_quality"]),
        },
    }


def filled(text: str, parts: Mapping[str, str], file: str) -> str:
    """The file's text with its parts made anew. Raises ValueError where one has no place."""
    for name, part in parts.items():
        place = re.compile(rf"<!-- made: {re.escape(name)} -->\n.*?<!-- /made -->", re.DOTALL)
        around = place.split(text)
        if len(around) != 2:
            raise ValueError(f"{file} needs one place for the made part {name!r}")
        text = f"<!-- made: {name} -->\n\n{part.strip()}\n\n<!-- /made -->".join(around)
    return text


def stale(root: Path, store: Store) -> list[str]:
    """The files whose made parts are not what the code says."""
    return [
        file
        for file, parts in made(store).items()
        if filled(text := (root / file).read_text(), parts, file) != text
    ]


def _cell(text: Any) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = ChdbStore(Path(directory))
        migrate(store)
        for file, parts in made(store).items():
            path = REPOSITORY / file
            path.write_text(filled(path.read_text(), parts, file))
        store.close()


if __name__ == "__main__":
    main()
