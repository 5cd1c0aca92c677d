"""Seeds: what a person names is taken as named, and a wrong line of a file is named too."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from pipeline.control import Controls, Said, message
from pipeline.errors import UsageError
from pipeline.frontier.plan import frontier_rows
from pipeline.log import Partition, Record
from pipeline.report.named import demand_ports, known_settings, local_settings, told_of_barred
from pipeline.report.seed_list import SeedList
from pipeline.report.seeds import file_urls, seed_urls
from pipeline.settings import CrawlSettings, Settings
from pipeline.url import canonical
from tests.support.stores import AnyStore

SETTINGS = Settings.model_validate({"crawl": {"contact": "me@example.org"}})
TEXT = "# the first\nexample.org\n\n  https://example.com/a?b=1   # why\nexample.net/x#part\n"
LOCAL = Settings(crawl=CrawlSettings(contact="me@example.org", allow_private=["127.0.0.0/8"]))
BARRED = (("suppress", "a.test"), ("block", "b.test"))
URLS = ["https://example.org/", "https://example.com/a?b=1", "https://example.net/x"]


def seeds_of(file: Path | None, settings: Settings = SETTINGS) -> list[str]:
    with SeedList(file) as listed:
        return [url.url for url in file_urls(listed, settings)]


def test_seeds_of_a_file_are_urls_and_domains_without_comments(tmp_path: Path) -> None:
    file = tmp_path / "seeds.txt"
    file.write_text(TEXT)
    assert seeds_of(file) == URLS
    assert seeds_of(None) == []


def test_a_dash_is_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO(TEXT.encode()))
    monkeypatch.setattr("pipeline.report.seed_list.sys.stdin", stdin)
    with SeedList(Path("-")) as listed:
        for _ in range(2):  # it is scanned, then taken; and once more where the store was busy
            assert [url.url for url in file_urls(listed, SETTINGS)] == URLS
    assert not stdin.buffer.closed, "it is not ours"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (b"mailto:me@example.org", "mailto"), (b"http://127.0.0.1/", "--allow-private"),
        (b"\xff", "no UTF-8"), (b"https://", "line 2"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named(tmp_path: Path, line: bytes, wrong: str) -> None:
    file = tmp_path / "seeds.txt"
    file.write_bytes(b"example.org\n" + line + b"\n")
    with pytest.raises(UsageError) as told:
        seeds_of(file)
    assert wrong in str(told.value)
    assert "seeds.txt" in str(told.value)
    assert "line 2" in str(told.value)


def test_a_long_file_is_read_as_it_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "seeds.txt"
    file.write_text("".join(f"https://example.org/{i}\n" for i in range(20_000)))
    tracemalloc.start()
    try:
        assert sum(1 for _ in file_urls(SeedList(file), SETTINGS)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_file_may_lead_to_strangers_who_must_be_able_to_reach_us() -> None:
    with pytest.raises(UsageError, match="--contact"):
        seed_urls((), Settings(), more=True)
    assert seed_urls((), SETTINGS, more=True) == []


@pytest.mark.parametrize(
    ("seed", "ports", "allow_ip"),
    [
        ("https://example.org/", [80, 443], False),
        ("example.org:8443/x", [80, 443, 8443], False),
        ("http://127.0.0.1:8080/", [80, 443, 8080], True),
        ("http://localhost:81/", [80, 443, 81], False),
    ],
)
def test_a_seed_opens_its_own_port_and_no_other(
    seed: str, ports: list[int], allow_ip: bool
) -> None:
    found = local_settings(LOCAL, seed_urls((seed,), LOCAL))
    assert (found.crawl.ports, found.crawl.allow_ip) == (ports, allow_ip)
    assert LOCAL.crawl.ports == [80, 443]


def test_seeds_of_a_file_open_their_ports_too(tmp_path: Path) -> None:
    file = tmp_path / "seeds.txt"
    file.write_bytes(b"\xef\xbb\xbfhttp://127.0.0.1:18500/\nlocalhost:81\n")
    found = local_settings(LOCAL, file_urls(SeedList(file), LOCAL))
    assert (found.crawl.ports, found.crawl.allow_ip) == ([80, 443, 81, 18500], True)
    with pytest.raises(UsageError, match=r"port 18500, which crawl\.ports"):
        list(demand_ports(file_urls(SeedList(file), LOCAL), LOCAL))


@pytest.mark.parametrize("text", ["", "# none yet\n\n"])
def test_a_file_without_seeds_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "empty.txt"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"no seeds in .*empty\.txt"):
        seeds_of(file)


def test_a_barred_seed_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    controls = Controls()
    said = [message(verb, name, Said(value=1)) for verb, name in BARRED]
    controls.take(
        Record(Partition("control", 0), i, 0, m.key or b"", m.value or b"")
        for i, m in enumerate(said)
    )
    urls = seed_urls(("a.test/1", "a.test/2", "b.test", "c.test"), SETTINGS)
    with click.Context(click.Command("x")):
        assert list(told_of_barred(urls, controls)) == urls
    assert capsys.readouterr().err == (
        "a.test is suppressed: nothing of it is fetched\n"
        "b.test is blocked: nothing of it is fetched\n"
    )


@pytest.mark.embedded
def test_a_run_that_goes_on_opens_the_ports_of_earlier_seeds(store: AnyStore) -> None:
    assert known_settings(LOCAL, store).crawl == LOCAL.crawl
    found = [canonical(f"http://localhost:81/{i}", allow_ip=True) for i in range(2)]
    store.insert("frontier_in", frontier_rows(found, hops=0, discovered=5, wanted=5))
    far = [canonical("http://127.0.0.1:99/", allow_ip=True)]
    store.insert("frontier_in", frontier_rows(far, hops=1, discovered=5, wanted=0))
    opened = known_settings(LOCAL, store).crawl
    assert (opened.ports, opened.allow_ip) == ([80, 443, 81], False)
    store.insert("frontier_in", frontier_rows(far, hops=0, discovered=5, wanted=5))
    opened = known_settings(LOCAL, store).crawl
    assert (opened.ports, opened.allow_ip) == ([80, 443, 81, 99], True)
