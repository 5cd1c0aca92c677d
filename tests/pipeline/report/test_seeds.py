"""Seeds: what a person names is taken as named, and a wrong line of a file is named too."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.errors import UsageError
from pipeline.report.seeds import file_urls, local_settings, seed_urls
from pipeline.settings import CrawlSettings, Settings

SETTINGS = Settings.model_validate({"crawl": {"contact": "me@example.org"}})
TEXT = "# the first\nexample.org\n\n  https://example.com/a?b=1   # why\nexample.net/x#part\n"
LOCAL = Settings(crawl=CrawlSettings(contact="me@example.org", allow_private=["127.0.0.0/8"]))
URLS = ["https://example.org/", "https://example.com/a?b=1", "https://example.net/x"]


def seeds_of(file: Path | None, settings: Settings = SETTINGS) -> list[str]:
    return [url.url for url in file_urls(file, settings)]


def test_seeds_of_a_file_are_urls_and_domains_without_comments(tmp_path: Path) -> None:
    file = tmp_path / "seeds.txt"
    file.write_text(TEXT)
    assert seeds_of(file) == URLS
    assert seeds_of(None) == []


def test_a_dash_is_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO(TEXT.encode()))
    monkeypatch.setattr("pipeline.report.seeds.sys.stdin", stdin)
    assert seeds_of(Path("-")) == URLS
    assert not stdin.buffer.closed, "it is not ours"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (b"mailto:me@example.org", "mailto"), (b"http://127.0.0.1/", "--allow-private"),
        (b"\xff", "can't read the seeds"), (b"https://", "line 2"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named(tmp_path: Path, line: bytes, wrong: str) -> None:
    file = tmp_path / "seeds.txt"
    file.write_bytes(b"example.org\n" + line + b"\n")
    with pytest.raises(UsageError) as told:
        seeds_of(file)
    assert wrong in str(told.value)
    assert "seeds.txt" in str(told.value)
    assert wrong.startswith("can't") or "line 2" in str(told.value)


def test_a_long_file_is_read_as_it_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "seeds.txt"
    file.write_text("".join(f"https://example.org/{i}\n" for i in range(20_000)))
    tracemalloc.start()
    try:
        assert sum(1 for _ in file_urls(file, SETTINGS)) == 20_000
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
