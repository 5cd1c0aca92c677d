"""File, then environment, then flags; unknown names and wrong values are said with their place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.errors import BadSetting
from pipeline.settings import PREFIX, Settings, load, weights_by_place

SETTINGS = Path(__file__).resolve().parents[2] / "pipeline" / "settings.py"


def every() -> Iterator[tuple[str, str, FieldInfo]]:
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for inner, inner_field in kind.model_fields.items():
                yield name, inner, inner_field
        else:
            yield "", name, field


ALL = list(every())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "backlinks.toml"
    path.write_text(
        'data = "elsewhere"\n[crawl]\ncontact = "file"\ndelay_s = 2.0\nwindow = 10\n'
        '[plan]\nscope = "hops:2"\n',
        encoding="utf-8",
    )
    return path


def test_later_places_win_setting_by_setting(file: Path) -> None:
    environment = {"BACKLINKS_CRAWL__CONTACT": "environment", "BACKLINKS_CRAWL__DELAY_S": "3"}
    flags = {"crawl": {"contact": "flag"}, "data": Path("flagged")}
    found = load(file, environment, flags)
    assert found.crawl.contact == "flag"
    assert found.crawl.delay_s == 3.0
    assert found.crawl.window == 10
    assert found.plan.scope == "hops:2"
    assert found.data == Path("flagged")
    assert load(file, environment, {}).crawl.contact == "environment"
    assert load(file, {}, {}).crawl.contact == "file"
    assert load(None, {}, {}).crawl.contact == ""


def test_what_is_given_to_load_is_left_as_it_is(file: Path) -> None:
    flags = {"crawl": {"delay_s": 9.0}}
    load(file, {"BACKLINKS_CRAWL__WINDOW": "7"}, flags)
    assert flags == {"crawl": {"delay_s": 9.0}}


def test_the_environment_of_others_and_of_tests_is_left_alone() -> None:
    environment = {
        "HOME": "/nowhere", "BACKLINKS_CORPUS": "/corpus", "BACKLINKS_TEST_X": "1",
        "BACKLINKS_CONFIG": "x.toml", "OTHER_CRAWL__DELAY_S": "9",
    }  # fmt: skip
    assert load(None, environment, {}) == Settings()


def test_a_list_in_the_environment_has_commas() -> None:
    found = load(None, {"BACKLINKS_CRAWL__ALLOW_PRIVATE": "127.0.0.0/8, ::1/128"}, {})
    assert found.crawl.allow_private == ["127.0.0.0/8", "::1/128"]
    assert load(None, {"BACKLINKS_CRAWL__PORTS": "80, 8080"}, {}).crawl.ports == [80, 8080]


@pytest.mark.parametrize(
    ("flags", "environment", "said"),
    [
        ({"crawl": {"speed": 1}}, {}, "unknown setting 'crawl.speed' in the flags"),
        ({}, {"BACKLINKS_CRAWL__SPEED": "1"}, "unknown setting 'crawl.speed' in the environment"),
        ({}, {"BACKLINKS_CRAWLER__X": "1"}, "unknown setting 'crawler' in the environment"),
        ({}, {"BACKLINKS_X": "1"}, "unknown setting 'x' in the environment"),
    ],
)
def test_an_unknown_setting_is_named_with_its_place_and_those_beside_it(
    flags: dict[str, Any], environment: dict[str, str], said: str
) -> None:
    with pytest.raises(BadSetting) as caught:
        load(None, environment, flags)
    assert str(caught.value).startswith(said)
    beside = "delay_s" if "." in said else "crawl, "
    assert beside in str(caught.value)


def test_an_unknown_setting_of_the_file_is_named_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[plan]\nhops = 3\n", encoding="utf-8")
    with pytest.raises(BadSetting, match=r"unknown setting 'plan.hops' in .*mine\.toml"):
        load(file, {}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [("crawl.delay_s", "-1"), ("crawl.delay_s", "soon"), ("crawl.timeout_s", "0"),
     ("crawl.concurrency", "0"), ("crawl.body_bytes", "10"), ("crawl.robots_ttl_s", "90000"),
     ("crawl.allow_private", "10.0.0.0/99"), ("crawl.connect_to", "here"),
     ("crawl.ports", ""), ("crawl.ports", "80,0"), ("crawl.ports", "65536"),
     ("crawl.connect_to", "127.0.0.1:80"), ("crawl.connect_to", "127.0.0.1:0:443"),
     ("crawl.connect_to", "name:80:443"), ("plan.scope", "all"), ("plan.scope", "hops:"),
     ("plan.pages", "0"), ("score.damping", "1"), ("log.level", "loud"), ("crawl", "fast")],
)  # fmt: skip
def test_a_value_out_of_range_is_named_with_its_place(name: str, value: str) -> None:
    variable = PREFIX + name.replace(".", "__").upper()
    with pytest.raises(BadSetting) as caught:
        load(None, {variable: value}, {})
    assert f"setting '{name}" in str(caught.value)
    assert "in the environment can't be" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "[kafka]\npassword = 1234567",
        "[kafka]\npassword = ['1234567']",
        "[store.password]\nmine = '1234567'",
        "[[kafka]]\npassword = '1234567'",
        "store = '1234567'",
    ],
)
def test_a_password_of_a_wrong_type_is_named_and_not_written_out(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(BadSetting, match=r"setting '(kafka|store).* can't be what it is") as caught:
        load(file, {}, {})
    assert "1234567" not in str(caught.value)
    assert "1234567" not in str(caught.value.__cause__), "a traceback has that too"


def test_a_wrong_value_beside_a_password_is_written_out() -> None:
    with pytest.raises(BadSetting, match=r"'kafka\.linger_ms' in the flags can't be 'soon'"):
        load(None, {}, {"kafka": {"linger_ms": "soon", "password": "1234567"}})


@pytest.mark.parametrize("value", ["127.0.0.1:8080:8443", "::1:80:443"])
def test_connect_to_takes_an_address_and_two_ports(value: str) -> None:
    assert load(None, {"BACKLINKS_CRAWL__CONNECT_TO": value}, {}).crawl.connect_to == value


@pytest.mark.parametrize(
    ("scope", "hops"), [("site", 0), ("hops:0", 0), ("hops:7", 7), ("open", 0xFFFE)]
)
def test_a_scope_is_so_many_links_away(scope: str, hops: int) -> None:
    assert load(None, {}, {"plan": {"scope": scope}}).plan.max_hops == hops


@given(
    st.dictionaries(
        st.sampled_from(["crawl", "plan", "data", "x", ""]),
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.integers()),
            st.dictionaries(st.sampled_from(["delay_s", "scope", "y"]), st.text(max_size=3)),
        ),
    )
)  # fmt: skip
def test_whatever_the_flags_it_is_settings_or_one_error(flags: dict[str, Any]) -> None:
    with suppress(BadSetting):
        assert isinstance(load(None, {}, flags), Settings)


def test_settings_can_not_be_changed_later() -> None:
    with pytest.raises(ValueError):
        Settings().crawl.delay_s = 0.0


@pytest.mark.parametrize(
    ("section", "name", "field"), ALL, ids=[f"{section}.{name}" for section, name, _ in ALL]
)
def test_every_setting_has_a_default_that_it_takes_and_its_reason(
    section: str, name: str, field: FieldInfo
) -> None:
    assert not field.is_required()
    assert field.description, "its line in docs/settings.md is made from this"
    value = field.get_default(call_default_factory=True)
    flags = {section: {name: value}} if section else {name: value}
    assert load(None, {}, flags) == Settings()


@pytest.mark.parametrize(
    ("section", "name"), [(section, name) for section, name, _ in ALL if section]
)
def test_a_setting_that_is_a_quantity_has_its_unit_in_its_name(section: str, name: str) -> None:
    """Seconds end in _s, bytes in _bytes, parts of a whole in _share; the rest are counts."""
    field = {(s, n): f for s, n, f in ALL}[section, name]
    if field.annotation is float:
        assert name.endswith(("_s", "_share")) or name == "damping"
    for word in ("delay", "timeout", "interval", "deadline", "retention", "ttl"):
        assert word not in name or name.endswith("_s")


def test_no_module_but_the_edge_reads_the_environment() -> None:
    root = SETTINGS.parents[1]
    edge = {root / "pipeline" / "report" / "commands.py"}
    for folder in ("pipeline", "spiders", "consumers"):
        for file in (root / folder).rglob("*.py"):
            names = {
                node.attr
                for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
                and node.value.id == "os"
            }  # fmt: skip
            assert file in edge or not names & {"environ", "getenv"}, file


def test_weights_of_links_go_by_their_place() -> None:
    told = "main 1, footer 0.25, other 0"
    assert weights_by_place(told) == {"main": 1, "footer": 0.25, "other": 0}
    made = load(None, {"BACKLINKS_SCORE__WEIGHTS": told}, {})
    assert made.score.weights == told


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ("sidebar 1, other 0", "'sidebar' is no place of a link"),
        ("main one, other 0", "'one' is no weight of main"),
        ("main -1, other 0", "the weight of main must be from 0 to 1000"),
        ("main nan, other 0", "the weight of main must be from 0 to 1000"),
        ("main 1", "the weight of other is missing"),
        ("", "'' is no place of a link"),
    ],
)
def test_weights_that_say_nothing_are_refused_with_what_is_wrong(told: str, wrong: str) -> None:
    with pytest.raises(BadSetting, match=wrong):
        load(None, {}, {"score": {"weights": told}})
