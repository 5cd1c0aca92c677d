"""What operators say: names, statements, and the state that any order of them comes to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.control import VERBS, Control, Controls, Rule, Said, covers, message, name_of, read
from pipeline.errors import UsageError
from pipeline.log import CONTROL, Partition, Record

NAMES = ("example.org", "www.example.org", "www.example.org:8080", "a.github.io", "192.0.2.1")
PAGES = (*NAMES, "example.org/people/", "www.example.org/people/jo", "example.org/?id=1")


def record(offset: int, key: bytes, value: bytes | None) -> Record:
    return Record(Partition(CONTROL, 0), offset, 1_000 + offset, key, value)  # type: ignore[arg-type]


def said(offset: int, verb: str, name: str, value: float = 1, note: str = "") -> Record:
    made = message(verb, name, Said(value=value, note=note, who="jo at desk"))
    return record(offset, made.key, made.value)


def after(*records: Record) -> Controls:
    controls = Controls()
    controls.take(records)
    return controls


# --- names ---


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Example.ORG", "example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("example.org.", "example.org"),
        ("example.org:80", "example.org"),
        ("example.org:443", "example.org"),
        ("https://Example.org/", "example.org"),
        ("http://user@example.org:8080/", "example.org:8080"),
        ("  example.org ", "example.org"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8::1]:8080", "[2001:db8::1]:8080"),
    ],
)
def test_a_host_is_named_as_the_index_writes_it(text: str, name: str) -> None:
    assert name_of(text) == name
    assert name_of(name) == name


@pytest.mark.parametrize("text", ["", "a b.example", "mailto:jo@example.org", "*.org", "x" * 3000])
def test_what_is_no_host_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        name_of(text)
    assert "\n" not in str(refused.value)


def test_of_a_page_the_host_is_offered_where_only_a_host_can_be_named() -> None:
    with pytest.raises(UsageError, match=r"only a host can be named here: example\.org"):
        name_of("https://example.org/people/jo")
    assert name_of("https://EXAMPLE.org/people/../jo", path=True) == "example.org/jo"
    assert name_of("example.org/", path=True) == "example.org"


@pytest.mark.parametrize("path", [False, True])
@pytest.mark.parametrize(
    "text",
    ["http://a.test/?utm_source=jo", "example.org/#/user/jo", "example.org/people/..",
     "example.org/?", "example.org?", "example.org#jo", "example.org/%2e", "example.org/;sid=1",
     "https:///example.org/#jo", "example.org\\#jo"],
)  # fmt: skip
def test_what_would_come_to_the_whole_host_though_a_page_is_given_is_refused(
    text: str, path: bool
) -> None:
    with pytest.raises(UsageError, match=r"is a page.* name host (a\.test|example\.org) if all"):
        name_of(text, path=path)


@pytest.mark.parametrize(
    "text",
    ["example.org/people/jo?utm_source=x", "example.org/people/jo#top", "example.org/people/jo?",
     "example.org/people/jo?utm_id=7&a=1", "example.org/people/jo;jsessionid=7"],
)  # fmt: skip
def test_what_would_come_to_more_pages_than_are_given_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"name example\.org/people/jo(\?a=1)? if all that begins"):
        name_of(text, path=True)
    assert name_of("example.org/people/jo?a=1&b;2", path=True) == "example.org/people/jo?a=1&b;2"


def test_names_with_a_comma_between_them_are_not_one_host() -> None:
    with pytest.raises(UsageError, match="a comma"):
        name_of("a.test,b.test")
    assert name_of("example.org/0,15", path=True) == "example.org/0,15"


def test_it_is_told_what_a_name_covers() -> None:
    assert covers("example.org") == "example.org and all hosts below it"
    assert covers("www.example.org") == "host www.example.org at any port"
    assert covers("www.example.org:81") == "host www.example.org:81"
    assert covers("github.io") == "host github.io alone, which is a public suffix"
    assert covers("example.org/a") == "pages of example.org whose path begins with /a"


# --- statements ---


def test_what_is_said_is_read_as_it_was_said() -> None:
    assert read(said(7, "delay", "example.org", 2.5, "slow")) == Control(
        "delay", "example.org", 2.5, 1_007, "slow", "jo at desk"
    )


@pytest.mark.parametrize(
    ("verb", "value"),
    [("block", 2), ("delay", -2), ("delay", float("nan")), ("delay", float("inf")), ("budget", 0.5),
     ("priority", 11), ("pause", -1), ("suppress", float("nan")), ("purge", 1)],
)  # fmt: skip
def test_a_value_that_a_verb_can_t_take_is_refused_before_it_is_said(
    verb: str, value: float
) -> None:
    with pytest.raises(UsageError, match=verb):
        message(verb, "example.org", Said(value=value))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"block example.org", b"{"),
        (b"block example.org", b'{"value": "1"}'),
        (b"block example.org", b'{"value": 7}'),
        (b"block Example.org", b'{"value": 1}'),
        (b"block example.org/a", b'{"value": 1}'),
        (b"pause example.org", b'{"value": 1}'),
        (b"explode example.org", b'{"value": 1}'),
        (b"block \xff.org", b'{"value": 1}'),
        (b"block", b'{"value": 1}'),
        (b"", b""),
        (b"block example.org", b"[" * 100_000),
    ],
)
def test_what_can_t_be_read_is_counted_and_changes_nothing(key: bytes, value: bytes) -> None:
    controls = after(said(0, "block", "example.org"), record(1, key, value))
    assert controls.unreadable == 1
    assert controls.rule("example.org", "example.org").blocked


def test_a_field_of_a_later_version_is_passed_over() -> None:
    controls = after(record(0, b"block example.org", b'{"value": 1, "until": 9}'))
    assert controls.rule("www.example.org", "example.org") == Rule(blocked=True)


def test_a_null_lifts_what_was_said() -> None:
    controls = after(said(0, "pause", ""), record(1, b"pause ", None))
    assert not controls.paused
    assert controls.unreadable == 0


# --- what is in force ---


def test_a_pause_holds_until_it_is_lifted() -> None:
    controls = after(said(0, "pause", ""))
    assert controls.paused
    controls.take([said(1, "pause", "", 0)])
    assert not controls.paused


def test_of_a_topic_made_anew_only_what_is_said_there_counts() -> None:
    controls = after(
        said(50, "pause", ""), said(51, "block", "example.org"), said(52, "suppress", "example.net")
    )
    version = controls.version
    controls.take([said(0, "block", "a.github.io")], anew=True)
    assert state(controls) == state(after(said(0, "block", "a.github.io")))
    assert controls.version > version


def test_the_strictest_of_what_is_said_of_host_and_domain_counts() -> None:
    controls = after(
        said(0, "delay", "example.org", 5),
        said(1, "delay", "www.example.org", 9),
        said(2, "block", "www.example.org:81"),
    )
    assert controls.rule("example.org", "example.org") == Rule(delay_s=5)
    assert controls.rule("www.example.org", "example.org") == Rule(delay_s=9)
    assert controls.rule("www.example.org:81", "example.org") == Rule(blocked=True, delay_s=9)
    assert controls.rule("example.net", "example.net") == Rule()
    controls.take([said(3, "delay", "www.example.org", -1), said(4, "block", "example.org")])
    assert controls.rule("www.example.org", "example.org") == Rule(blocked=True, delay_s=5)


def test_suppressed_is_blocked_and_forgotten_and_a_path_is_only_forgotten() -> None:
    controls = after(
        said(0, "suppress", "example.net"),
        said(1, "suppress", "example.org/people/"),
        said(2, "suppress", "a.example.com"),
    )
    assert controls.suppressed("www.example.net:81", "/", "example.net")
    assert controls.rule("www.example.net", "example.net").blocked
    assert controls.suppressed("example.org", "/people/jo", "example.org")
    assert controls.suppressed("example.org:81", "/people/", "example.org")
    assert not controls.suppressed("example.org", "/people", "example.org")
    assert not controls.suppressed("www.example.org", "/people/jo", "example.org")
    assert not controls.rule("example.org", "example.org").blocked
    assert controls.suppressed("a.example.com", "/", "example.com")
    assert not controls.suppressed("b.example.com", "/", "example.com")
    controls.take([said(3, "suppress", "example.net", 0)])
    assert not controls.suppressed("example.net", "/", "example.net")
    assert not controls.rule("example.net", "example.net").blocked


def test_what_is_done_once_is_told_with_its_time() -> None:
    controls = after(said(0, "purge", "example.org", 0), said(5, "purge", "example.org", 0))
    assert [(one.name, one.at) for one in controls.once("purge")] == [("example.org", 1_005)]
    assert controls.once("requeue") == []


values = st.sampled_from([-10.0, -1.0, 0.0, 1.0, 5.0, 7.0])
statements = st.tuples(st.sampled_from(VERBS), st.sampled_from(PAGES), values).map(
    lambda one: (f"{one[0]} {one[1] if one[0] != 'pause' else ''}".encode(),
                 b'{"value": %f}' % one[2])
)  # fmt: skip
garbage = st.tuples(st.binary(max_size=20), st.binary(max_size=20))


@given(st.lists(statements | garbage, max_size=25), st.data())
def test_any_order_and_any_number_of_deliveries_come_to_the_same(
    log: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    records = [record(offset, *each) for offset, each in enumerate(log)]
    twice = data.draw(st.lists(st.sampled_from(records), max_size=10)) if records else []
    again = data.draw(st.permutations(records + twice))
    cut = data.draw(st.integers(0, len(again)))
    controls = after(*records)
    other = after(*again[:cut])
    other.take(again[cut:])
    assert state(other) == state(controls)
    newest = {each.key: each for each in records if read(each) is not None}
    assert state(after(*newest.values())) == state(controls), "as compaction leaves them"


def state(controls: Controls) -> object:
    hosts = [(host, "example.org" if host.endswith("org") else host) for host in NAMES]
    return (
        controls.paused,
        controls.said(),
        [controls.rule(*each) for each in hosts],
        [controls.suppressed(host, path, domain) for host, domain in hosts
         for path in ("/", "/people/jo", "/?id=12")],
    )  # fmt: skip
