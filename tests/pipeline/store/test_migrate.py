"""The schema's versions: applied once, checked always, finished when they were interrupted."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

import pipeline.store.migrate as subject
from pipeline.errors import StoreMismatch, StoreRefused
from pipeline.index.lifecycle import Lifecycle
from pipeline.store import Parameters, Store, rows
from pipeline.store.migrate import Migration, check, joined, migrate, migrations, split, tables
from pipeline.store.views import views
from pipeline.url import suffix_list_version
from tests.support.records import HOUR, START, TODAY, Link, page, write
from tests.support.stores import AnyStore, Databases

FIRST = migrations()[0]


def schema(store: Store) -> list[dict[str, object]]:
    """Every table and view with the statement that made it, the database's name left out."""
    found = rows(
        store.query(
            "SELECT name, engine, create_table_query AS made, currentDatabase() AS here "
            "FROM system.tables WHERE database = currentDatabase() ORDER BY name"
        )
    )
    for row in found:
        row["made"] = str(row["made"]).replace(f"{row.pop('here')}.", "")
    return found


def test_all_migrations_are_applied_once(empty_store: AnyStore) -> None:
    applied = migrate(empty_store)
    assert [m.number for m in applied] == sorted({m.number for m in migrations()})
    assert migrate(empty_store) == []
    assert check(empty_store) == {m.number for m in migrations()}


def test_migrated_equals_declared(empty_store: AnyStore) -> None:
    """Every table and view named in the files exists, and nothing else."""
    migrate(empty_store)
    declared = {"migrations"}
    for migration in migrations():
        for statement in migration.statements:
            found = re.search(
                r"CREATE (?:OR REPLACE )?(?:TABLE|VIEW|MATERIALIZED VIEW) (\w+)", statement
            )
            if found is not None:
                declared.add(found[1])
            else:
                assert re.match(r"(?:\s|--.*\n)*(ALTER TABLE|INSERT INTO) (\w+)", statement), (
                    statement
                )
    declared |= {view.name for view in views()}
    assert tables(views=True) == declared
    assert {str(row["name"]) for row in schema(empty_store)} == declared


def test_declared_columns_are_the_columns_there_are(empty_store: AnyStore) -> None:
    migrate(empty_store)
    text = "\n".join(statement for m in migrations() for statement in m.statements)
    for table, body in re.findall(r"CREATE TABLE (\w+)\n\(\n(.*?)\n\)", text, re.DOTALL):
        declared = re.findall(r"^    (\w+) ", body, re.MULTILINE)
        changed = rf"ALTER TABLE {table} (ADD|DROP) COLUMN IF (?:NOT )?EXISTS (\w+)"
        for how, column in re.findall(changed, text):
            (declared.append if how == "ADD" else declared.remove)(column)
        found = empty_store.query(
            "SELECT name FROM system.columns WHERE database = currentDatabase() "
            "AND table = {table:String} ORDER BY position",
            {"table": table},
        )
        assert [row["name"] for row in rows(found)] == declared, table


def test_statements_end_where_a_line_ends_with_a_semicolon() -> None:
    text = "-- a; b\nCREATE TABLE a (b String DEFAULT ';x');\n\nCREATE VIEW c;  \n-- the end\n"
    assert split(text) == ("-- a; b\nCREATE TABLE a (b String DEFAULT ';x')", "CREATE VIEW c")


class Stopping:
    """A store whose process dies after so many statements that change it."""

    def __init__(self, store: AnyStore, statements: int) -> None:
        self.store, self.left = store, statements

    def _count(self) -> None:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1

    def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        self._count()
        self.store.execute(sql, parameters)

    def insert(self, table: str, rows: pa.Table) -> None:
        self._count()
        self.store.insert(table, rows)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


@pytest.mark.engine
@pytest.mark.parametrize("statements", [0, 1, 2, 9, 15, len(FIRST.statements), "all but the note"])
def test_an_interrupted_migration_is_finished_by_the_next_run(
    empty_store: AnyStore, databases: Databases, statements: int | str
) -> None:
    done = len(FIRST.statements) + 1 if isinstance(statements, str) else statements
    with pytest.raises(KeyboardInterrupt):
        migrate(Stopping(empty_store, done))  # type: ignore[arg-type]
    if done:
        assert check(empty_store) == set()
    assert migrate(empty_store) == migrations()
    assert migrate(empty_store) == []
    whole = databases.migrated()
    assert schema(empty_store) == schema(whole)
    databases.give_back(whole)


def test_columns_that_come_one_after_another_come_by_one_statement_a_table() -> None:
    given = [
        "-- What a is.\nALTER TABLE t ADD COLUMN IF NOT EXISTS a Int8 COMMENT 'x, ADD COLUMN'",
        "ALTER TABLE u ON CLUSTER 'c' ADD COLUMN IF NOT EXISTS a Int8",
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS b Int8",
        "ALTER TABLE t MODIFY SETTING z = 1",
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS c Int8",
        "ALTER TABLE t ON CLUSTER 'c' ADD COLUMN IF NOT EXISTS d Int8",
    ]
    assert list(joined(given)) == [
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS a Int8 COMMENT 'x, ADD COLUMN',\n"
        "ADD COLUMN IF NOT EXISTS b Int8",
        given[1],
        given[3],
        given[4],
        given[5],
    ]


@pytest.mark.long
@pytest.mark.embedded
def test_joined_they_make_what_each_alone_makes(
    empty_store: AnyStore, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty_store)
    alone = databases.new()
    monkeypatch.setattr(subject, "joined", iter)
    migrate(alone)
    assert schema(alone) == schema(empty_store)
    databases.drop(alone)


def noted(store: AnyStore, **changed: object) -> None:
    """Notes the first migration as another program would have."""
    row = rows(store.query("SELECT * FROM migrations FINAL WHERE number = 1"))[0] | changed
    table = pa.table({name: [value] for name, value in row.items()})
    for name in ("number", "applied"):
        kind = pa.uint32() if name == "number" else pa.uint64()
        table = table.set_column(table.column_names.index(name), name, table[name].cast(kind))
    store.insert("migrations", table)


def test_a_store_of_a_newer_schema_is_refused(store: AnyStore) -> None:
    noted(store, number=9_999, name="later")
    for act in (migrate, check):
        with pytest.raises(StoreMismatch, match=r"9999_later, newer .*upgrade"):
            act(store)


def test_a_store_made_from_another_file_is_refused(store: AnyStore) -> None:
    noted(store, checksum="0123456789abcdef")
    with pytest.raises(StoreMismatch, match=r"0001_\w+ was applied from another file .*--data"):
        migrate(store)


def test_a_store_of_another_suffix_list_is_refused(store: AnyStore) -> None:
    noted(store, suffix_list="another")
    with pytest.raises(StoreMismatch, match="suffix list another") as raised:
        migrate(store)
    assert suffix_list_version() in str(raised.value)


def test_a_store_that_was_never_migrated_cannot_be_checked(empty_store: AnyStore) -> None:
    with pytest.raises(StoreRefused):
        check(empty_store)


def test_a_later_migration_is_applied_to_what_is_there(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = migrations()[-1].number + 1
    later = Migration(number, "more", ("CREATE TABLE more (a UInt8) ENGINE = Memory",), "0" * 16)
    known = [*migrations(), later]
    monkeypatch.setattr(subject, "migrations", lambda: known)
    assert migrate(store) == [later]
    assert migrate(store) == []
    monkeypatch.undo()
    with pytest.raises(StoreMismatch, match=f"{number:04d}_more"):
        migrate(store)


def test_a_statement_that_fails_is_not_noted(
    empty_store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Migration(1, "wrong", ("CREATE TABLE a (b NoSuchType) ENGINE = Memory",), "0" * 16)
    monkeypatch.setattr(subject, "migrations", lambda: [wrong])
    with pytest.raises(StoreRefused):
        migrate(empty_store)
    assert check(empty_store) == set()


def test_addresses_and_languages_of_pages_from_before_are_known(store: AnyStore) -> None:
    made = [
        page("https://a.org/", START, language="de", ip="192.0.2.1"),
        page("https://a.org/x", START + 5, outcome="error", ip="192.0.2.2"),
        page("https://a.org/", START + 9, language="de", ip="192.0.2.9"),
        page("https://b.org/", START),
    ]
    write(store, made, START)
    question = (
        "SELECT domain, max(address) AS address, max(tongue) AS tongue FROM whereabouts "
        "GROUP BY domain"
    )
    written = rows(store.query(question))
    assert [row["address"][-9:] for row in written] == ["192.0.2.9"]
    store.execute("TRUNCATE TABLE whereabouts")
    (speed,) = (m for m in migrations() if m.name == "speed")
    (fill,) = (s for s in speed.statements if "INSERT INTO whereabouts" in s)
    for _ in range(2):  # a migration that was stopped begins anew
        store.execute(fill)
        assert rows(store.query(question)) == written


@pytest.fixture
def before_narrow(empty_store: AnyStore, monkeypatch: pytest.MonkeyPatch) -> AnyStore:
    """A store of before 0024 with links and visits of all kinds."""
    store, known = empty_store, migrations()
    with monkeypatch.context() as patched:
        patched.setattr(subject, "make_views", lambda *_: None)
        for last in (5, 23):
            patched.setattr(
                subject, "migrations", lambda n=last: [m for m in known if m.number <= n]
            )
            migrate(store)
            if last == 5:
                store.execute(OLD_REDIRECTS)
                for source, anchor in ((1, "A"), (1, "B"), (3, "C")):
                    store.execute(OLD_LINKS, {"source": source, "anchor": anchor})
    (looks,) = (s for m in known for s in m.statements if "INSERT INTO link_looks" in s)
    store.execute(looks)  # as a migration that was stopped does it again
    links = ["https://t.org/x", "http://www.t.org:8080/", "https://sub.co.uk/", "http://co.uk/a"]
    made = [
        page(url, START + at, [Link(link, anchor=f"{at}") for link in links], source=source)
        for at, source in [(0, "crawl"), (5, "warc"), (3, "list")]
        for url in ("https://a.org/", "http://www.a.org/p", "http://a.org:81/", "http://co.uk/")
    ]
    made.append(
        page("https://only.org/", START, [Link("https://t.org/", anchor="l")], source="list")
    )
    write(store, made, START)
    for column in ("confirmed", "lost"):  # as the job writes them
        store.execute(
            f"INSERT INTO links ({KEY}, {column}) SELECT {KEY}, "
            f"bitShiftLeft(toUInt256(max(seen)), 20) FROM links GROUP BY {KEY}"
        )
    store.execute(
        "INSERT INTO indirect_links (target_domain, source_domain, source_host, source_path, "
        "named_domain, named_host, named_path, kind, first_seen, seen, listed, anchor) SELECT "
        "'end.org', source_domain, source_host, source_path, target_domain, target_host, "
        "target_path, kind, first_seen, seen, listed, anchor FROM links"
    )
    return store


KEY = "target_domain, source_domain, source_host, source_path, target_host, target_path, kind"
OLD_REDIRECTS = (
    "INSERT INTO page_links (domain, host, path, at, source, part, parts, outcome, status, "
    "final_url, targets, target_domains, kinds) VALUES "
    "('o.org', 'o.org', '/out', 1, 1, 1, 1, 'redirect', 301, 'http://t.org/', ['http://t.org/'], "
    "['t.org'], ['redirect']), ('o.org', 'o.org', '/in', 1, 1, 1, 1, 'redirect', 301, "
    "'http://o.org/', [], [], [])"
)
OLD_LINKS = (
    f"INSERT INTO links ({KEY}, first_seen, seen, anchor) SELECT 't.org', 'o.org', 'www.o.org', "
    "concat('/', toString({source:UInt8})), 't.org', '/', 'a', 1, bitOr(bitShiftLeft("
    "(1700000000000 + ascii({anchor:String}))::UInt64, 16), bitOr(bitShiftLeft(toUInt64("
    "{source:UInt8}), 8), toUInt64(4 * 16 + 1))) AS at, "
    "initializeAggregation('argMaxState', {anchor:String}, at)"
)
TOLD = (
    "SELECT * FROM link_states ORDER BY ALL",
    "SELECT * FROM all_link_states ORDER BY ALL",
    "SELECT domain, host, path, at, source, targets, target_domains, kinds, leads_to, "
    "leads_domain, leads_by FROM page_links FINAL ORDER BY ALL",
)


def test_what_was_kept_more_widely_is_told_the_same(before_narrow: AnyStore) -> None:
    """Stopped after each of its statements, and run again: nothing is lost, and nothing doubled."""
    store = before_narrow
    before = [rows(store.query(question)) for question in TOLD]
    assert {row["leads_domain"] for row in before[2] if row["domain"] == "o.org"} == {
        "t.org", "o.org",
    }  # fmt: skip
    assert {row["anchor"] for row in before[0]} == {"5", "l", "B", "C"}
    looks = (
        "SELECT anchor, toString(position) AS p, rel FROM link_looks FINAL "
        "WHERE source_domain = 'o.org'"
    )
    assert rows(store.query(looks)) == [{"anchor": "B", "p": "aside", "rel": 1}], "not of a WAT"
    for statements in range(100):
        try:
            migrate(Stopping(store, statements))  # type: ignore[arg-type]
        except KeyboardInterrupt:
            continue
        break
    assert check(store) == {m.number for m in migrations()}
    for _ in range(2):
        assert [rows(store.query(question)) for question in TOLD] == before
        hosts = rows(store.query("SELECT DISTINCT source_host FROM links"))
        assert {row["source_host"] for row in hosts} == {"", "www.", "a.org:81"}
        store.execute("OPTIMIZE TABLE links FINAL")
    assert_old_ones_go_on(store)


def assert_old_ones_go_on(store: AnyStore) -> None:
    """Redirects that were visited before it was kept where to lead on, to another domain and within
    theirs, and how a link looked before looks were kept is what it changed from."""
    later = Link("https://t.org/", anchor="D", rel=1, position="aside")
    made = [
        page("https://s.org/", START, ["http://o.org/out", "http://o.org/in"]),
        page("https://www.o.org/1", START + HOUR, [later]),
    ]
    write(store, made, TODAY)
    old = {"domain": ["o.org"] * 2, "host": ["o.org"] * 2, "path": ["/out", "/in"]}
    store.insert("arrivals", pa.table({**old, "arrived": pa.array([TODAY] * 2, pa.uint64())}))
    Lifecycle(store, 0).run()
    ends = (
        "SELECT target_url, end_url FROM backlinks(domain = {domain:String}) "
        "WHERE source_domain = 's.org' AND end_url != '' ORDER BY ALL"
    )
    for domain, url, end in (
        ("t.org", "http://o.org/out", "http://t.org/"),
        ("o.org", "http://o.org/in", "http://o.org/"),
    ):
        found = rows(store.query(ends, {"domain": domain}))
        assert {"target_url": url, "end_url": end} in found
    changes = (
        "SELECT what, anchor_before, anchor_after FROM link_changes(domain = 't.org') "
        "WHERE source_domain = 'o.org'"
    )
    expected = {"what": ["anchor"], "anchor_before": "B", "anchor_after": "D"}
    assert rows(store.query(changes)) == [expected]
